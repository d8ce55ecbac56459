//! STS: `AssumeRole` and `GetCallerIdentity`, in the query protocol.

use super::{
    answer::Format,
    auth::{Caller, Signed},
    cloud::{Cloud, is_enabled},
    fault::{Fault, xml_text},
    form::Form,
    policy::Policy,
    sessions::{Session, unique_id},
};
use crate::{
    domain::{Partition, RoleArn},
    sim::world::{SimAccount, SimRole},
};
use hyper::HeaderMap;
use sha2::{Digest, Sha256};

const VERSION: &str = "2011-06-15";
/// Seconds; the shortest session, the longest, the default, and the longest when one session opens another.
const SHORTEST: i64 = 900;
const LONGEST: i64 = 43_200;
const DEFAULT: i64 = 3_600;
const CHAINED: i64 = 3_600;
/// Characters of a session policy.
const POLICY_LIMIT: usize = 2_048;

/// Answers a request: the action's name and the XML inside its `…Result` element.
pub(super) fn answer(cloud: &Cloud, headers: &HeaderMap, body: &[u8]) -> Result<(&'static str, String), Fault> {
    let signed = cloud.authenticate(headers, "sts").map_err(|error| error.fault(Format::Xml))?;
    if !is_enabled(&signed.region) {
        let account = cloud.account_of(&signed.caller);
        let message = format!(
            "STS is not activated in this region for account:{account}. Your account administrator can activate STS in \
             this region using the IAM Console."
        );
        return Err(Fault::new(403, "RegionDisabledException", message));
    }
    let form = Form::parse(body);
    let action = form.get("Action").unwrap_or_default();
    match (action, form.get("Version")) {
        ("AssumeRole", Some(VERSION)) => Ok(("AssumeRole", assume_role(cloud, &signed, &form)?)),
        ("GetCallerIdentity", Some(VERSION)) => Ok(("GetCallerIdentity", caller_identity(cloud, &signed.caller))),
        ("", _) => Err(Fault::new(400, "MissingAction", "The request must contain the parameter Action.")),
        (_, version) => {
            let version = version.unwrap_or("NO_VERSION_SPECIFIED");
            Err(Fault::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}")))
        }
    }
}

/// Needs no permission and works even under an explicit deny.
fn caller_identity(cloud: &Cloud, caller: &Caller) -> String {
    let arn = cloud.arn_of(caller);
    let id = match caller {
        Caller::User => format!("AIDA{}", unique_id(&Sha256::digest(arn))),
        Caller::Session(session) => session.id.clone(),
    };
    format!(
        "    <Arn>{}</Arn>\n    <UserId>{}</UserId>\n    <Account>{}</Account>\n",
        xml_text(arn),
        xml_text(&id),
        cloud.account_of(caller)
    )
}

/// A checked `AssumeRole` request.
struct AssumeRole<'a> {
    role_arn: &'a str,
    session_name: &'a str,
    external_id: Option<&'a str>,
    duration: Option<i64>,
    policy: Option<&'a str>,
}

fn assume_role(cloud: &Cloud, signed: &Signed, form: &Form) -> Result<String, Fault> {
    let request = AssumeRole::read(form)?;
    let policy = request.policy.map(Policy::parse).transpose();
    let policy = policy.map_err(|message| Fault::new(400, "MalformedPolicyDocument", message))?;
    let denied = |action: &str| {
        let (caller, role) = (cloud.arn_of(&signed.caller), request.role_arn);
        let message = format!("User: {caller} is not authorized to perform: {action} on resource: {role}");
        Fault::new(403, "AccessDenied", message)
    };
    // AWS does not tell whether the role is missing or does not trust the caller.
    let (account_index, role_index) = cloud.role(request.role_arn).ok_or_else(|| denied("sts:AssumeRole"))?;
    let account = cloud.world.accounts.get(account_index).ok_or_else(|| denied("sts:AssumeRole"))?;
    let role = account.roles.get(role_index).ok_or_else(|| denied("sts:AssumeRole"))?;
    if let Caller::Session(session) = &signed.caller
        && cloud.why_not(session, "sts:AssumeRole", request.role_arn, &signed.region).is_some()
    {
        return Err(denied("sts:AssumeRole"));
    }
    let external_id_fits = role.external_id.is_none() || role.external_id.as_deref() == request.external_id;
    if !external_id_fits || !cloud.is_trusted(role, &signed.caller) {
        return Err(denied("sts:AssumeRole"));
    }
    // The simulated trust policies allow neither session tags nor a source identity.
    if form.has_list("Tags") {
        return Err(denied("sts:TagSession"));
    }
    if form.get("SourceIdentity").is_some() {
        return Err(denied("sts:SetSourceIdentity"));
    }
    let duration = request.duration_for(role, &signed.caller)?;
    let session = open_session(cloud, (account, account_index), (role, role_index), &request, policy, duration);
    Ok(session_xml(&session, request.policy))
}

fn open_session(
    cloud: &Cloud,
    (account, account_index): (&SimAccount, usize),
    (role, role_index): (&SimRole, usize),
    request: &AssumeRole<'_>,
    policy: Option<Policy>,
    duration: i64,
) -> std::sync::Arc<Session> {
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
        if !role_arn.parse::<RoleArn>().is_ok_and(|arn| arn.partition() == Partition::Aws) {
            return Err(validation("Request ARN is invalid"));
        }
        if form.has_list("PolicyArns") {
            return Err(validation("Managed session policies (PolicyArns) are not simulated: send an inline Policy."));
        }
        let duration = duration.and_then(|(_, seconds)| seconds.ok());
        Ok(Self { role_arn, session_name: session_name.unwrap_or_default(), external_id, duration, policy })
    }

    /// How long the session lasts, in seconds.
    fn duration_for(&self, role: &SimRole, caller: &Caller) -> Result<i64, Fault> {
        let longest = i64::from(role.max_session);
        let duration = self.duration.unwrap_or(DEFAULT.min(longest));
        if matches!(caller, Caller::Session(_)) && duration > CHAINED {
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

impl Cloud {
    /// Whether a role's trust policy names the caller: by account, by the account's root, or by its own or its role's ARN.
    fn is_trusted(&self, role: &SimRole, caller: &Caller) -> bool {
        let account = self.account_of(caller);
        let root = format!("arn:aws:iam::{account}:root");
        let own_role = match caller {
            Caller::User => None,
            Caller::Session(session) => self.world.accounts.get(session.account).and_then(|account| {
                account
                    .roles
                    .get(session.role)
                    .map(|role| format!("arn:aws:iam::{}:role/{}", account.id, role.resource))
            }),
        };
        let names =
            [Some("*"), Some(account.as_str()), Some(root.as_str()), Some(self.arn_of(caller)), own_role.as_deref()];
        role.trusted.iter().any(|principal| names.contains(&Some(principal.as_str())))
    }

    /// The 12 digits of the caller's account.
    fn account_of(&self, caller: &Caller) -> String {
        let id = match caller {
            Caller::User => Some(self.world.agency.account),
            Caller::Session(session) => self.world.accounts.get(session.account).map(|account| account.id),
        };
        id.map(|id| id.to_string()).unwrap_or_default()
    }
}
