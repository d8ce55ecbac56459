//! Fourteen days of ordinary CloudTrail events per account, within a budget per account and Region.

use super::calls::{self, Site};
use super::cast::{Act, Cast, OUR_SESSION, SAML_PROVIDER, VENDORS, vendor_external_id};
use super::rhythm::{Hours, Rhythm};
use super::rng::Rng;
use super::roster::{Plan, Purpose, window_start};
use super::{Agency, SimClient, WorldConfig};
use crate::domain::{Region, Timestamp};
use crate::sim::events::{Call, Caller, EventKind, Identity, SimEvent};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// Read-only events beyond the essential ones, as a share of them.
const READS: f64 = 0.08;

/// Writes events: gives each its id and the access key of its caller's session.
#[derive(Debug)]
pub(crate) struct Scribe {
    rng: Rng,
    /// By the caller's address in memory, which stays valid because the caller is held here.
    sessions: HashMap<usize, Session>,
}

/// The latest session of a caller.
#[derive(Debug)]
struct Session {
    /// Held so that no other caller can take its address.
    _caller: Arc<Caller>,
    opened: Timestamp,
    key: Option<Arc<str>>,
}

impl Scribe {
    /// With its own stream of ids.
    pub(crate) fn new(seed: u64, owner: u64, purpose: &str) -> Self {
        Self { rng: Rng::stream(seed, owner, purpose), sessions: HashMap::new() }
    }

    /// One event.
    pub(crate) fn event(
        &mut self,
        time: Timestamp,
        region: &Region,
        caller: &Arc<Caller>,
        call: &Arc<Call>,
    ) -> SimEvent {
        let opened = caller.session_start(time);
        let slot = self.sessions.entry(Arc::as_ptr(caller) as usize);
        let first = || Session { _caller: caller.clone(), opened, key: caller.access_key(time) };
        let session = slot.or_insert_with(first);
        if session.opened != opened {
            (session.opened, session.key) = (opened, caller.access_key(time));
        }
        // A person signing in has no key yet.
        let signing_in = call.kind == EventKind::SignIn && !matches!(caller.identity, Identity::Role { .. });
        let key = session.key.clone().filter(|_| !signing_in);
        SimEvent::new(self.rng.uuid(), time, region.clone(), caller.clone(), call.clone(), key)
    }
}

/// A group of callers doing the same sort of thing in one Region.
struct Routine {
    acts: Vec<Act>,
    rhythm: Rhythm,
    weight: f64,
}

/// Essential events for each account and Region, in the order of the plans and of their Regions.
pub(crate) fn budgets(config: &WorldConfig, plans: &[Plan]) -> Vec<Vec<usize>> {
    let weights: Vec<Vec<f64>> = plans.iter().map(|p| cell_weights(config, p)).collect();
    let total: f64 = weights.iter().flatten().sum();
    let cells = weights.iter().flatten().filter(|w| **w > 0.0).count();
    let cap = cell_cap(config) as f64 * 0.96;
    // Above the cap the excess goes to the others, a few times over.
    let mut scale = config.events as f64 / total.max(1.0);
    for _ in 0..12 {
        let used: f64 = weights.iter().flatten().map(|w| (w * scale).min(cap)).sum();
        scale *= config.events as f64 / used.max(1.0);
    }
    let floor = if config.events >= cells * 40 { 12.0 } else { 0.0 };
    let share = |w: &f64| if *w > 0.0 { (w * scale).clamp(floor, cap.max(floor)) as usize } else { 0 };
    weights.iter().map(|cell| cell.iter().map(share).collect()).collect()
}

/// No account holds more essential events than this in one Region, stories included: `LookupEvents` gives fifty at a
/// time, twice a second. 900 in the default world, more only where more events per account are asked for.
pub(crate) fn cell_cap(config: &WorldConfig) -> usize {
    let per_account = config.events / config.accounts.max(1);
    900 * per_account.max(625) / 625
}

fn cell_weights(config: &WorldConfig, plan: &Plan) -> Vec<f64> {
    let mut rng = Rng::stream(config.seed, plan.account.id.number(), "volume");
    let size = match plan.purpose {
        Purpose::Prod => 1.7,
        Purpose::Standalone | Purpose::Shared => 1.2,
        Purpose::Staging | Purpose::Dev => 1.0,
        Purpose::Security => 0.9,
        Purpose::Management => 0.7,
        Purpose::Sandbox => 0.35,
    };
    let size = if plan.alive() { size * rng.within(0.75, 1.25) } else { 0.0 };
    let others = plan.account.regions.len().saturating_sub(2).max(1) as f64;
    plan.account
        .regions
        .iter()
        .enumerate()
        .map(|(n, region)| {
            let share = match (n, region.as_str()) {
                (0, "us-east-1") => 0.6,
                (0, _) => 0.42,
                (_, "us-east-1") => 0.28,
                _ => 0.3 / others,
            };
            size * share
        })
        .collect()
}

/// The ordinary events of one account, in no particular order.
pub(crate) fn events(
    config: &WorldConfig,
    agency: &Agency,
    client: &SimClient,
    plan: &Plan,
    budget: &[usize],
) -> Vec<SimEvent> {
    let start = window_start(config.now);
    let hours = Hours::new(start, config.now, plan.spec().utc);
    let cast = Cast::new(plan);
    let number = plan.account.id.number();
    let mut scribe = Scribe::new(config.seed, number, "event ids");
    // Roles are global: services open the same sessions in every Region.
    let service = |(host, call): (&'static str, Call)| Act::new(Caller::service(host, plan.account.id), [call]);
    let services: Vec<Act> = calls::assumed_by_services(plan.account.id).into_iter().map(service).collect();
    let mut out = Vec::with_capacity(budget.iter().sum::<usize>() * 11 / 10 + 8);
    for ((n, region), essential) in plan.account.regions.iter().enumerate().zip(budget) {
        if *essential == 0 {
            continue;
        }
        let mut rng = Rng::stream(config.seed, number, region.as_str());
        let work = plan.workload.replace(' ', "-");
        let (tag, env) = (plan.spec().tag, plan.purpose.word());
        let site = Site { account: plan.account.id, region: region.as_str(), tag, env, work: &work };
        let mut routines = routines(&cast, plan, site, n == 0, &services);
        if region.as_str() == "us-east-1" {
            routines.extend(global_routines(&cast, plan, site, (agency, client)));
        }
        for (routine, count) in shared_out(&routines, *essential, &hours) {
            perform(routine, count, region, &hours, (&mut rng, &mut scribe), &mut out);
        }
        let reads = Routine {
            acts: vec![
                Act::new(cast.monitoring(), calls::monitoring_reads(site)),
                Act::new(
                    cast.our_session(),
                    [Call::read("cloudtrail", "LookupEvents").asks(json!({"maxResults": 50}))],
                ),
            ],
            rhythm: Rhythm::Always,
            weight: 0.0,
        };
        perform(&reads, (*essential as f64 * READS) as usize, region, &hours, (&mut rng, &mut scribe), &mut out);
    }
    out
}

/// Gives each routine its number of events: first what is fixed by an interval, then the rest by weight. What would
/// happen fewer than four times is left out, as it could not be told from something new.
fn shared_out<'a>(routines: &'a [Routine], essential: usize, hours: &Hours) -> Vec<(&'a Routine, usize)> {
    let mut out = Vec::new();
    let mut left = essential;
    for routine in routines {
        if let Some(count) = hours.fixed_count(routine.rhythm).filter(|n| *n <= left) {
            left -= count;
            out.push((routine, count));
        }
    }
    let weighted = || routines.iter().filter(|r| r.weight > 0.0);
    let weight: f64 = weighted().map(|r| r.weight).sum();
    let count = |r: &Routine| (left as f64 * r.weight / weight) as usize;
    let rest: Vec<(&Routine, usize)> = weighted().map(|r| (r, count(r))).filter(|(_, n)| *n >= 4).collect();
    let given: usize = rest.iter().map(|(_, n)| n).sum();
    for (n, (routine, count)) in rest.into_iter().enumerate() {
        out.push((routine, if n == 0 { count + left - given } else { count }));
    }
    out
}

fn perform(
    routine: &Routine,
    count: usize,
    region: &Region,
    hours: &Hours,
    (rng, scribe): (&mut Rng, &mut Scribe),
    out: &mut Vec<SimEvent>,
) {
    // So few callers that each comes back at least four times.
    let callers = (count / 4).clamp(1, routine.acts.len().max(1));
    let times = hours.instants(routine.rhythm, count, rng);
    for (time, act) in times.into_iter().zip(routine.acts.iter().take(callers).cycle()) {
        if let Some(call) = rng.pick(&act.calls) {
            out.push(scribe.event(time, region, &act.caller, call));
        }
    }
}

/// What happens in every Region, more of it in the main one.
fn routines(cast: &Cast<'_>, plan: &Plan, site: Site<'_>, main: bool, services: &[Act]) -> Vec<Routine> {
    let home = site.account;
    let mut all = vec![Routine { acts: services.to_vec(), rhythm: Rhythm::Always, weight: 34.0 }];
    let mut add = |weight: f64, rhythm: Rhythm, acts: Vec<Act>| all.push(Routine { acts, rhythm, weight });
    let runs_things = !matches!(plan.purpose, Purpose::Management | Purpose::Security | Purpose::Sandbox);
    let own =
        |(host, call): (&'static str, Call)| Act::new(Caller::new(Identity::Nobody(host), home, host, host), [call]);
    add(1.0, Rhythm::Always, calls::own_events(site).into_iter().map(own).collect());
    if runs_things {
        add(16.0, Rhythm::Always, vec![Act::new(cast.function(site.region), calls::functions(site))]);
    }
    if matches!(plan.purpose, Purpose::Prod | Purpose::Staging | Purpose::Standalone) && main {
        let host = "autoscaling.amazonaws.com";
        let role = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
        add(
            14.0,
            Rhythm::Always,
            vec![Act::new(cast.service_role(host, role, "AutoScaling"), calls::scaling(site, "m6i.large"))],
        );
    }
    if main {
        let people = cast.people();
        let both = |email: &String| [cast.person(email, true), cast.person(email, false)];
        add(
            if runs_things { 7.0 } else { 4.0 },
            Rhythm::Office,
            Act::sharing(people.iter().flat_map(both), calls::console_work(site)),
        );
        add(
            0.9,
            Rhythm::Office,
            people.iter().take(2).map(|p| Act::new(cast.person(p, false), refused(cast, site, p))).collect(),
        );
        let role = "service-role/AWSBackupDefaultServiceRole";
        let backup = cast.service_role("backup.amazonaws.com", role, "AWSBackup-AWSBackupDefaultServiceRole");
        add(5.0, Rhythm::Night, vec![Act::new(backup, calls::backups(site))]);
    }
    if runs_things && (main || site.region != "us-east-1") {
        // Beyond the main Region only the stateless parts are rolled out.
        let (weight, parts) = if main { (16.0, usize::MAX) } else { (8.0, 6) };
        add(weight, Rhythm::Office, vec![Act::new(cast.pipeline(), calls::pipeline(site).into_iter().take(parts))]);
    }
    all
}

/// What is recorded in us-east-1: identities, sign-ins, third parties and this tool.
fn global_routines(
    cast: &Cast<'_>,
    plan: &Plan,
    site: Site<'_>,
    (agency, client): (&Agency, &SimClient),
) -> Vec<Routine> {
    let home = site.account;
    let people = cast.people();
    let mut all = Vec::new();
    let mut add = |weight: f64, rhythm: Rhythm, acts: Vec<Act>| all.push(Routine { acts, rhythm, weight });
    let role = cast.sso_role("PlatformEngineer");
    let saml = |email: &String| Act::new(cast.saml(email), [calls::saml_session(site, SAML_PROVIDER, &role, email)]);
    add(5.0, Rhythm::Office, people.iter().map(saml).collect());
    // The identity provider asked for the second factor; CloudTrail still says MFAUsed "No" for a federated sign-in.
    let login = |email: &String| Act::new(cast.person(email, true), [Call::console_login(site.region, false, true)]);
    add(3.0, Rhythm::Office, people.iter().map(login).collect());
    if !matches!(plan.purpose, Purpose::Management | Purpose::Security | Purpose::Sandbox) {
        add(3.0, Rhythm::Office, vec![Act::new(cast.pipeline(), calls::pipeline_iam(site))]);
        if !cast.pipeline_has_key() {
            let call = calls::oidc_session(site, &cast.deploy_role(), &cast.deploy_session(), &cast.repository());
            add(6.0, Rhythm::Office, vec![Act::new(cast.web_identity(), [call])]);
        }
        for vendor in &VENDORS {
            let external_id = vendor_external_id(client, vendor);
            let call = Call::assume_role(home, vendor.role, vendor.session, Some(&external_id));
            add(0.0, Rhythm::Every(vendor.every), vec![Act::new(vendor.caller(home), [call])]);
        }
    }
    if let Some(role) = plan.account.roles.first() {
        let call = Call::assume_role(home, &role.resource, OUR_SESSION, role.external_id.as_deref());
        add(0.0, Rhythm::Every(86_400), vec![Act::new(cast.ours(agency), [call])]);
    }
    all
}

/// The background of refused calls: people trying what they may not do.
fn refused(cast: &Cast<'_>, site: Site<'_>, email: &str) -> Vec<Call> {
    let role = cast.sso_role("PlatformEngineer");
    let name = role.rsplit('/').next().unwrap_or(&role);
    let who = format!("arn:aws:sts::{}:assumed-role/{name}/{email}", site.account);
    let denied = |action: &str, on: &str| {
        format!(
            "User: {who} is not authorized to perform: {action} on resource: {on} because no identity-based policy allows the {action} action"
        )
    };
    let table = format!("{}-{}", site.work, site.env);
    vec![
        Call::write("dynamodb", "DeleteTable")
            .asks(json!({"tableName": table}))
            .fails("AccessDenied", &denied("dynamodb:DeleteTable", &site.arn("dynamodb", &format!("table/{table}")))),
        Call::write("ec2", "CreateNatGateway")
            .asks(json!({"CreateNatGatewayRequest": {"SubnetId": site.id("subnet", "a")}}))
            .fails(
                "Client.UnauthorizedOperation",
                &format!(
                    "You are not authorized to perform this operation. {} Encoded authorization failure message: ~h64",
                    denied("ec2:CreateNatGateway", &site.arn("ec2", "natgateway/*"))
                ),
            ),
        Call::write("rds", "CreateDBInstance").fails("DBInstanceAlreadyExists", "DB instance already exists"),
    ]
}
