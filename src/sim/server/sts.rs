//! STS: `AssumeRole` and `GetCallerIdentity`, in the query protocol.

use super::{
    AssumedRole,
    answer::Format,
    auth::Signed,
    caller::Caller,
    cloud::{Cloud, is_enabled},
    fault::{Fault, xml_text},
    form::Form,
    policy::Policy,
    sessions::{Session, unique_id},
    trouble::{Service, Trouble},
    trust::OwnRefusal,
};
use crate::{
    domain::{AccountId, Partition, RoleArn},
    sim::world::{SimAccount, SimRole},
};
use hyper::HeaderMap;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const VERSION: &str = "2011-06-15";
/// Seconds; the shortest session, the longest, the default, and the longest when one session opens another.
const SHORTEST: i64 = 900;
const LONGEST: i64 = 43_200;
const DEFAULT: i64 = 3_600;
const CHAINED: i64 = 3_600;
/// Characters of a session policy.
const POLICY_LIMIT: usize = 2_048;
/// The account that answers under [`Trouble::WrongAccount`].
const ANOTHER: u64 = 123_456_789_012;

/// Answers a request: the action's name and the XML inside its `…Result` element.
pub(super) fn answer(cloud: &Cloud, headers: &HeaderMap, body: &[u8]) -> Result<(&'static str, String), Fault> {
    let signed = cloud.authenticate(headers, "sts").map_err(|error| error.fault(Format::Xml))?;
    if !is_enabled(&signed.region) {
        return Err(region_disabled(cloud.account_of(&signed.caller)));
    }
    let form = Form::parse(body);
    if cloud.is_throttled(Service::Sts, cloud.subject(&signed.caller, &form)) {
        return Err(Fault::new(400, "Throttling", "Rate exceeded"));
    }
    let action = form.get("Action").unwrap_or_default();
    match (action, form.get("Version")) {
        ("AssumeRole", Some(VERSION)) => Ok(("AssumeRole", assume_role(cloud, &signed, headers, &form)?)),
        ("GetCallerIdentity", Some(VERSION)) => Ok(("GetCallerIdentity", caller_identity(cloud, &signed.caller))),
        ("", _) => Err(Fault::new(400, "MissingAction", "The request must contain the parameter Action.")),
        (_, version) => {
            let version = version.unwrap_or("NO_VERSION_SPECIFIED");
            Err(Fault::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}")))
        }
    }
}

/// Needs no permission and works even under an explicit deny, and where STS was deactivated for other requests.
fn caller_identity(cloud: &Cloud, caller: &Caller) -> String {
    let (mut arn, mut account) = (cloud.arn_of(caller), cloud.account_of(caller));
    let id = match caller {
        Caller::User => format!("AIDA{}", unique_id(&Sha256::digest(&arn))),
        Caller::Key(key) => key.user_id(),
        Caller::Session(session) => session.id.clone(),
    };
    if !matches!(caller, Caller::User) && cloud.troubles.on(&Trouble::WrongAccount, account) {
        let other = AccountId::from_number(ANOTHER).unwrap_or(account);
        arn = arn.replacen(&account.to_string(), &other.to_string(), 1);
        account = other;
    }
    format!(
        "    <Arn>{}</Arn>\n    <UserId>{}</UserId>\n    <Account>{account}</Account>\n",
        xml_text(&arn),
        xml_text(&id)
    )
}

/// What STS says of the account "that is being asked to generate credentials" where it is not active.
fn region_disabled(account: AccountId) -> Fault {
    let message = format!(
        "STS is not activated in this region for account:{account}. Your account administrator can activate STS in \
         this region using the IAM Console."
    );
    Fault::new(403, "RegionDisabledException", message)
}

/// A checked `AssumeRole` request.
struct AssumeRole<'a> {
    arn: RoleArn,
    role_arn: &'a str,
    session_name: &'a str,
    external_id: Option<&'a str>,
    duration: Option<i64>,
    policy: Option<&'a str>,
}

fn assume_role(cloud: &Cloud, signed: &Signed, headers: &HeaderMap, form: &Form) -> Result<String, Fault> {
    let request = AssumeRole::read(form)?;
    let policy = request.policy.map(Policy::parse).transpose();
    let policy = policy.map_err(|message| Fault::new(400, "MalformedPolicyDocument", message))?;
    let outcome = grant(cloud, signed, form, &request, policy);
    let agent = headers.get("x-amz-user-agent").or_else(|| headers.get("user-agent"));
    cloud.assumed.note(AssumedRole {
        role: request.role_arn.to_owned(),
        session_name: request.session_name.to_owned(),
        policy: request.policy.map(str::to_owned),
        external_id_given: request.external_id.is_some(),
        user_agent: agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()).unwrap_or_default(),
        granted: outcome.is_ok(),
    });
    Ok(session_xml(&*outcome?, request.policy))
}

/// Opens a session, if the caller's own policies and the role's trust let it.
fn grant(
    cloud: &Cloud,
    signed: &Signed,
    form: &Form,
    request: &AssumeRole<'_>,
    policy: Option<Policy>,
) -> Result<Arc<Session>, Fault> {
    let denied = |action: &str, why: &str| {
        let (caller, role) = (cloud.arn_of(&signed.caller), request.role_arn);
        let message = format!("User: {caller} is not authorized to perform: {action} on resource: {role}{why}");
        Fault::new(403, "AccessDenied", message)
    };
    let untrusted = || denied("sts:AssumeRole", "");
    cloud.may_assume(signed, &request.arn, request.role_arn).map_err(|refusal| match refusal {
        OwnRefusal::Root => Fault::new(403, "AccessDenied", "Roles may not be assumed by root accounts."),
        OwnRefusal::Policy(why) => denied("sts:AssumeRole", &format!(" {why}")),
        OwnRefusal::Partition => untrusted(),
    })?;
    if cloud.has_no_sts(request.arn.account(), &signed.region) {
        return Err(region_disabled(request.arn.account()));
    }
    // AWS does not tell whether the role is missing or does not trust the caller.
    let (account_index, role_index) = cloud.role(request.role_arn).ok_or_else(untrusted)?;
    let account = cloud.world.accounts.get(account_index).ok_or_else(untrusted)?;
    let role = account.roles.get(role_index).ok_or_else(untrusted)?;
    if !cloud.trusts(account, role, &signed.caller, request.external_id) {
        return Err(untrusted());
    }
    // The simulated trust policies allow neither session tags nor a source identity.
    if form.has_list("Tags") {
        return Err(denied("sts:TagSession", ""));
    }
    if form.get("SourceIdentity").is_some() {
        return Err(denied("sts:SetSourceIdentity", ""));
    }
    let duration = request.duration_for(role, &signed.caller)?;
    Ok(open_session(cloud, (account, account_index), (role, role_index), request, policy, duration))
}

fn open_session(
    cloud: &Cloud,
    (account, account_index): (&SimAccount, usize),
    (role, role_index): (&SimRole, usize),
    request: &AssumeRole<'_>,
    policy: Option<Policy>,
    duration: i64,
) -> Arc<Session> {
    let name = request.session_name;
    let role_name = role.resource.rsplit('/').next().unwrap_or_default();
    cloud.sessions.open(|credentials| Session {
        account: account_index,
        role: role_index,
        arn: format!("arn:aws:sts::{}:assumed-role/{role_name}/{name}", account.id),
        id: format!("AROA{}:{name}", unique_id(&Sha256::digest(request.role_arn))),
        policy,
        expires: cloud.clock.now().plus(duration),
        access_key: credentials.access_key,
        secret_key: credentials.secret_key,
        token: credentials.token,
    })
}

fn session_xml(session: &Session, policy: Option<&str>) -> String {
    // AWS packs the policy in an undisclosed way; its share of the plain-text limit stands in for that.
    let packed = policy.map_or(String::new(), |policy| {
        let percent = (policy.chars().count() * 100).div_ceil(POLICY_LIMIT);
        format!("    <PackedPolicySize>{percent}</PackedPolicySize>\n")
    });
    format!(
        "    <AssumedRoleUser>\n      <AssumedRoleId>{}</AssumedRoleId>\n      <Arn>{}</Arn>\n    </AssumedRoleUser>\n    \
         <Credentials>\n      <AccessKeyId>{}</AccessKeyId>\n      <SecretAccessKey>{}</SecretAccessKey>\n      \
         <SessionToken>{}</SessionToken>\n      <Expiration>{}</Expiration>\n    </Credentials>\n{packed}",
        xml_text(&session.id),
        xml_text(&session.arn),
        session.access_key,
        session.secret_key,
        session.token,
        session.expires
    )
}

impl<'a> AssumeRole<'a> {
    /// Checks the parameters as the service model and AWS's answers have it.
    fn read(form: &'a Form) -> Result<Self, Fault> {
        let mut broken = Vec::new();
        let role_arn = form.get("RoleArn");
        let session_name = form.get("RoleSessionName");
        let external_id = form.get("ExternalId");
        let policy = form.get("Policy");
        check(&mut broken, "roleArn", role_arn, (20, 2_048), |_| true, "");
        check(
            &mut broken,
            "roleSessionName",
            session_name,
            (2, 64),
            |c| word(c) || "+=,.@-".contains(c),
            r"[\w+=,.@-]*",
        );
        check(
            &mut broken,
            "externalId",
            external_id.or(Some("--")),
            (2, 1_224),
            |c| word(c) || "+=,.@:/-".contains(c),
            r"[\w+=,.@:\/-]*",
        );
        check(
            &mut broken,
            "policy",
            policy.or(Some("{}")),
            (1, POLICY_LIMIT),
            |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'),
            r"[\u0009\u000A\u000D\u0020-\u00FF]+",
        );
        let duration = form.get("DurationSeconds").map(|text| (text, text.parse::<i64>()));
        match &duration {
            Some((text, Ok(seconds))) if *seconds < SHORTEST => broken.push(format!(
                "Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to {SHORTEST}"
            )),
            Some((text, Ok(seconds))) if *seconds > LONGEST => broken.push(format!(
                "Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to {LONGEST}"
            )),
            Some((_, Err(_))) => return Err(Fault::new(400, "MalformedInput", "DurationSeconds is not a number.")),
            _ => (),
        }
        if !broken.is_empty() {
            let (count, plural) = (broken.len(), if broken.len() == 1 { "" } else { "s" });
            return Err(validation(format!("{count} validation error{plural} detected: {}", broken.join("; "))));
        }
        let role_arn = role_arn.unwrap_or_default();
        let arn = role_arn.parse::<RoleArn>().ok().filter(|arn| arn.partition() == Partition::Aws);
        let arn = arn.ok_or_else(|| validation("Request ARN is invalid"))?;
        if form.has_list("PolicyArns") {
            return Err(validation("Managed session policies (PolicyArns) are not simulated: send an inline Policy."));
        }
        let duration = duration.and_then(|(_, seconds)| seconds.ok());
        Ok(Self { arn, role_arn, session_name: session_name.unwrap_or_default(), external_id, duration, policy })
    }

    /// How long the session lasts, in seconds.
    fn duration_for(&self, role: &SimRole, caller: &Caller) -> Result<i64, Fault> {
        let longest = i64::from(role.max_session);
        let duration = self.duration.unwrap_or(DEFAULT.min(longest));
        if caller.is_session() && duration > CHAINED {
            let message =
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
            return Err(validation(message));
        }
        if duration > longest {
            return Err(validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
        }
        Ok(duration)
    }
}

fn validation(message: impl Into<String>) -> Fault {
    Fault::new(400, "ValidationError", message)
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Adds what is wrong with one text parameter to `broken`, in the words of AWS's request validation.
fn check(
    broken: &mut Vec<String>,
    name: &str,
    value: Option<&str>,
    (least, most): (usize, usize),
    allowed: impl Fn(char) -> bool,
    pattern: &str,
) {
    let Some(value) = value else {
        broken.push(format!("Value null at '{name}' failed to satisfy constraint: Member must not be null"));
        return;
    };
    let mut failed = |constraint: String| {
        let shown: String = value.chars().take(POLICY_LIMIT + 1).collect();
        broken.push(format!("Value '{shown}' at '{name}' failed to satisfy constraint: {constraint}"));
    };
    let length = value.chars().count();
    if length > most {
        failed(format!("Member must have length less than or equal to {most}"));
    }
    if length < least {
        failed(format!("Member must have length greater than or equal to {least}"));
    }
    if !value.chars().all(allowed) {
        failed(format!("Member must satisfy regular expression pattern: {pattern}"));
    }
}
