//! The `bw.*` fields: what a rule cannot compute from the record itself. A truth is either `true` or absent, unless
//! marked *always*.
//!
//! | field | meaning |
//! |---|---|
//! | `bw.api` | the event name without its API date, *always* |
//! | `bw.actor` | the stable principal, *always* |
//! | `bw.region` | the region, *always* |
//! | `bw.ok` | whether the call succeeded, *always* |
//! | `bw.denied` | it was refused for lack of permission |
//! | `bw.human`, `bw.iac` | a person, or a provisioning tool, is likely to have acted |
//! | `bw.client.own_account` | the caller belongs to the client, to us, or is a service, *always* |
//! | `bw.first_seen.principal`, `.region`, `.ip`, `.agent` | first sight, after seven days of history |
//! | `bw.self` | `requestParameters.userName` is the caller, or nobody |
//! | `bw.policy.public`, `.admin` | what a policy in the request grants; absent without one |
//! | `bw.policy.external_accounts` | foreign accounts a policy in the request lets in |
//! | `bw.cidr.world`, `bw.ports.admin`, `.data`, `.all`, `.other`, `bw.group` | what a security-group request opens to the world |
//! | `bw.nacl.open` | a network ACL entry lets the world in on all or on administration ports |
//! | `bw.acl.public`, `bw.public_block.off` | an S3 request grants to everybody, or leaves a part of the public access block off |
//! | `bw.instances`, `.type`, `.count`, `.large` | a successful start of large instances |
//! | `bw.region.new_hours` | with it: hours since the first write in a region new to the account |
//! | `bw.role`, `bw.role.silent_days` | a role assumed from outside, and the days nobody had used it |
//! | `bw.trail` | the trail a successful CloudTrail call is about |
//! | `bw.trail.management_lost` | a trail's new selectors no longer take all management events |
//! | `bw.trail.gap`, `.gap_minutes` | of a start: how long the trail had stood still |
//! | `bw.trail.restarted_minutes` | of a stop: minutes until it was started again |

use super::{
    engine::AccountContext,
    network::{nacl_open, opened},
    policy::grants,
    selectors::management_is_lost,
    state::{CheckState, LargeStart, Names, evidence},
    storage::{acl_is_public, public_block_is_off},
};
use crate::{
    domain::{AccessEvent, Evidence, Outcome, PrincipalKind, Untrusted},
    trail::{self, Json, Kind, Part, Record},
};
use serde_json::json;
use std::borrow::Cow;

const DAY: i64 = 86_400;

/// Derived fields by name. A record cannot bring its own: names that begin with `bw.` are only ever looked up here.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields<'a>(Vec<(&'static str, Value<'a>)>);

/// One of them.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Truth(bool),
    Whole(i64),
    Number(f64),
    Texts(Vec<String>),
}

impl<'a> Fields<'a> {
    /// Adds a field.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value<'a>>) {
        self.0.push((name, value.into()));
    }

    fn set_if(&mut self, name: &'static str, truth: bool) {
        if truth {
            self.set(name, true);
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<i64> for Value<'_> {
    fn from(whole: i64) -> Self {
        Self::Whole(whole)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<String>> for Value<'_> {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

/// The role an AssumeRole call names.
pub(super) fn assumed_role(record: &Record) -> Option<&str> {
    let asks = record.event.service == "sts" && record.event.name == "AssumeRole";
    asks.then(|| record.json.root().at("/requestParameters/roleArn")?.as_str())?
}

/// The name of the trail a CloudTrail call is about: the last part of its ARN, or the name as given.
pub(super) fn trail_name(record: &Record) -> Option<&str> {
    if record.event.service != "cloudtrail" {
        return None;
    }
    let asked = record.json.root().get("requestParameters")?;
    let name = asked.get("name").or_else(|| asked.get("trailName"))?.as_str()?;
    name.rsplit('/').next()
}

/// Whether this is one of the tool's own calls: a session of ours in a role of ours, or the call that opened it, and
/// nothing but the calls the tool makes. Anything else done with our role is evaluated like everybody's.
pub(super) fn is_own_session(ctx: &AccountContext<'_>, record: &Record) -> bool {
    let event = &record.event;
    let ours = |role: &str| ctx.own_roles.iter().any(|own| own.to_string() == role);
    let prefixed = |session: &str| session.starts_with(ctx.session_prefix);
    if event.service == "sts" && event.name == "AssumeRole" {
        let by_agency = ctx.agency_account.is_some() && event.principal.account == ctx.agency_account;
        let session = record.json.root().at("/requestParameters/roleSessionName").and_then(Part::as_str);
        let into_ours = session.is_some_and(prefixed) && assumed_role(record).is_some_and(ours);
        // A refused call is recorded without its parameters; our own trust tests are refused on purpose. Somebody else
        // with the agency's key is told apart by the tool's name in the user agent.
        let agent = record.json.root().get("userAgent").and_then(Part::as_str).unwrap_or_default();
        let refused_test = by_agency && event.outcome != Outcome::Ok && agent.contains("app/bailiwick");
        return (into_ours && (by_agency || ctx.agency_account.is_none())) || refused_test;
    }
    let known = matches!(
        (event.service.raw_for_matching(), event.name.raw_for_matching()),
        ("sts", "GetCallerIdentity")
            | ("cloudtrail", "LookupEvents")
            | ("ce", "GetCostAndUsage")
            | ("organizations", "ListAccounts")
    );
    let session = event.principal.session.as_ref().map_or("", Untrusted::raw_for_matching);
    known && prefixed(session) && ours(event.principal.actor.raw_for_matching())
}

/// All derived fields of one record, and the earlier events its rules rest on.
pub(super) fn derive<'a>(
    ctx: &AccountContext<'_>,
    state: &CheckState,
    record: &'a Record,
    names: Names,
) -> (Fields<'a>, Vec<Evidence>) {
    let (event, json) = (&record.event, record.json.root());
    let mut fields = Fields::default();
    let name = event.name.raw_for_matching();
    fields.set("bw.api", trail::api(name));
    fields.set("bw.actor", event.principal.actor.raw_for_matching());
    fields.set("bw.region", event.region.as_str());
    fields.set("bw.ok", event.outcome == Outcome::Ok);
    fields.set_if("bw.denied", matches!(event.outcome, Outcome::Denied(_)));
    fields.set_if("bw.human", is_human(event, json));
    fields.set_if("bw.iac", is_iac(event));
    let own = match event.principal.account {
        Some(account) => ctx.own_accounts.contains(&account) || ctx.agency_account == Some(account),
        None => event.principal.kind == PrincipalKind::Service,
    };
    fields.set("bw.client.own_account", own);
    for (field, new) in state.first_seen(event, names) {
        fields.set_if(field, new);
    }
    let user = json.at("/userIdentity/userName").and_then(Part::as_str);
    let target = json.at("/requestParameters/userName").and_then(Part::as_str);
    // IAM compares user names without regard to case.
    let same = target.zip(user).is_some_and(|(target, user)| target.eq_ignore_ascii_case(user));
    fields.set_if("bw.self", target.is_none() || same);

    if let Some(grants) = grants(json) {
        fields.set("bw.policy.public", grants.public);
        fields.set("bw.policy.admin", grants.admin);
        let foreign: Vec<String> = grants
            .accounts
            .iter()
            .filter(|account| !ctx.own_accounts.contains(account) && ctx.agency_account != Some(**account))
            .map(ToString::to_string)
            .collect();
        if !foreign.is_empty() {
            fields.set("bw.policy.external_accounts", foreign);
        }
    }
    if event.service == "ec2" {
        let opened = opened(json);
        fields.set_if("bw.cidr.world", opened.world);
        fields.set_if("bw.ports.admin", opened.admin);
        fields.set_if("bw.ports.data", opened.data);
        fields.set_if("bw.ports.all", opened.all);
        fields.set_if("bw.ports.other", opened.other);
        fields.set_if("bw.nacl.open", nacl_open(json));
        let group = ["/requestParameters/groupId", "/requestParameters/groupName"];
        if let Some(group) = group.into_iter().find_map(|path| json.at(path)?.as_str()) {
            fields.set("bw.group", group);
        }
    }
    if let Some(start) = large_start(record) {
        large(&mut fields, &start, state.new_region_hours(&event.region, event.time));
    }
    fields.set_if("bw.trail.management_lost", event.service == "cloudtrail" && management_is_lost(json));
    if event.service == "s3" {
        fields.set_if("bw.acl.public", acl_is_public(json));
        fields.set_if("bw.public_block.off", public_block_is_off(json));
    }
    if let (Some(role), PrincipalKind::Account, false) = (assumed_role(record), event.principal.kind, own) {
        fields.set("bw.role", role);
        if let Some(silence) = state.silence_of(role, event.time) {
            fields.set("bw.role.silent_days", silence / DAY);
        }
    }
    let mut before = Vec::new();
    if let (Some(trail), true) = (trail_name(record), event.outcome == Outcome::Ok) {
        fields.set("bw.trail", trail);
        if name == "StartLogging" {
            before = state.stops_before(trail, event);
            if let Some(stop) = before.first() {
                gap(&mut fields, event.time.since(stop.time));
            }
        } else if let Some(seconds) = state.restarted_after(trail, event) {
            fields.set("bw.trail.restarted_minutes", seconds / 60);
        }
    }
    (fields, before)
}

/// What is known of a remembered start of large instances, with the record as far as its rules need it.
pub(super) fn derive_start<'a>(state: &CheckState, start: &'a LargeStart) -> (Json, Fields<'a>) {
    let mut fields = Fields::default();
    let actor = start.evidence.actor.as_ref().map_or("", Untrusted::raw_for_matching);
    fields.set("bw.actor", actor);
    fields.set("bw.ok", true);
    let hours = start.evidence.region.as_ref().and_then(|region| {
        fields.set("bw.region", region.as_str());
        state.new_region_hours(region, start.evidence.time)
    });
    large(&mut fields, start, hours);
    ((&json!({"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"})).into(), fields)
}

/// A successful start of large instances, as it is remembered.
pub(super) fn large_start(record: &Record) -> Option<LargeStart> {
    let event = &record.event;
    if event.service != "ec2" || event.name != "RunInstances" || event.outcome != Outcome::Ok {
        return None;
    }
    let kind = trail::instance_type(record.json.root()).filter(|kind| trail::is_large(kind))?;
    let count = trail::instance_count(record.json.root()).unwrap_or(1);
    Some(LargeStart {
        evidence: evidence(event),
        instance_type: kind.into(),
        count,
        summary: format!("{count} × {kind}").into(),
    })
}

fn large(fields: &mut Fields<'_>, start: &LargeStart, new_region_hours: Option<i64>) {
    fields.set("bw.instances.large", true);
    fields.set("bw.instances.type", start.instance_type.raw_for_matching().to_owned());
    fields.set("bw.instances.count", i64::try_from(start.count).unwrap_or(i64::MAX));
    fields.set("bw.instances", start.summary.raw_for_matching().to_owned());
    if let Some(hours) = new_region_hours {
        fields.set("bw.region.new_hours", hours);
    }
}

fn gap(fields: &mut Fields<'_>, seconds: i64) {
    fields.set("bw.trail.gap_minutes", seconds / 60);
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60);
    let words = match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    };
    fields.set("bw.trail.gap", words);
}

/// Whether a person is likely to have acted: root, a sign-in, a console session, an Identity Center role, a browser.
fn is_human(event: &AccessEvent, json: Part<'_>) -> bool {
    let agent = event.agent.raw_for_matching();
    let console = json
        .get("sessionCredentialFromConsole")
        .is_some_and(|v| matches!(v.kind(), Kind::Text("true") | Kind::Bool(true)));
    event.principal.kind == PrincipalKind::Root
        || event.service == "signin"
        || console
        || event.principal.actor.raw_for_matching().contains("/AWSReservedSSO_")
        || agent.starts_with("Mozilla/")
        || agent.contains("console.amazonaws.com")
        || agent.contains("signin.amazonaws.com")
}

/// Whether a provisioning tool acted.
fn is_iac(event: &AccessEvent) -> bool {
    let agent = event.agent.raw_for_matching().to_ascii_lowercase();
    ["terraform", "opentofu", "pulumi", "cloudformation", "crossplane", "ansible"]
        .into_iter()
        .any(|tool| agent.contains(tool))
        || event.source == "cloudformation.amazonaws.com"
}
