//! The parser of one record. Fields and their traps: AWS, "CloudTrail record contents" and observed records.

use super::{
    Json, detail,
    json::{Kind, Part},
    principal,
};
use crate::domain::{AccessEvent, AccountId, EventId, KeyHint, Outcome, Region, Timestamp, Untrusted};
use serde_json::Value;

/// Where a record was found, for what the record itself does not say.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// The account whose history was read.
    pub account: Option<AccountId>,
    /// The region whose history was read.
    pub region: Option<Region>,
}

/// A record in both forms: what is kept, and the payload the checks look at once and then drop.
#[derive(Debug, Clone)]
pub struct Record {
    /// What is kept.
    pub event: AccessEvent,
    /// CloudTrail's JSON object.
    pub json: Json,
}

/// Why a JSON value is not a usable record; each message is a plain sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not a JSON object.
    #[error("this is not a CloudTrail record: expected a JSON object")]
    NotAnObject,
    /// A field without which nothing can be said is missing or has another type.
    #[error("this is not a CloudTrail record: field {0} is missing")]
    Missing(&'static str),
    /// `eventTime` is no time.
    #[error("eventTime \"{0}\" is not a time: expected 2026-01-31T23:59:59Z")]
    Time(String),
    /// Neither the record nor its place says whose it is.
    #[error(
        "the record names no account: recipientAccountId and userIdentity.accountId are both missing or not 12 digits"
    )]
    Account,
    /// The `CloudTrailEvent` text of a LookupEvents answer is no JSON.
    #[error("the CloudTrailEvent text is not JSON: {0}")]
    Inner(String),
}

/// A region code for records whose `awsRegion` is absent or no region.
const UNKNOWN_REGION: &str = "unknown-region-0";
/// Sign-in events whose answer tells `Success` or `Failure` under the event's own name.
const SIGN_IN_STEPS: [&str; 8] = [
    "ConsoleLogin",
    "CheckMfa",
    "SwitchRole",
    "ExitRole",
    "PasswordRecoveryRequested",
    "PasswordRecoveryCompleted",
    "PasswordUpdated",
    "EmailUpdated",
];
/// Longest user agent that is kept, in characters.
const AGENT_LIMIT: usize = 160;

/// Takes a record as CloudTrail delivers it, or an element of a LookupEvents answer, whose `CloudTrailEvent` is the
/// record as text.
pub fn record(value: &Value, home: &Home) -> Result<Record, RecordError> {
    let json = match value.get("CloudTrailEvent") {
        Some(Value::String(text)) => inner(text)?,
        _ => Json::from(value),
    };
    Ok(Record { event: parse(json.root(), home)?, json })
}

/// The same from a text.
pub fn read(text: &str, home: &Home) -> Result<Record, RecordError> {
    let mut json = inner(text)?;
    if let Some(text) = json.root().get("CloudTrailEvent").and_then(Part::as_str) {
        json = inner(text)?;
    }
    Ok(Record { event: parse(json.root(), home)?, json })
}

fn inner(text: &str) -> Result<Json, RecordError> {
    text.parse().map_err(|e: serde_json::Error| RecordError::Inner(Untrusted::new(e.to_string()).for_tui(120)))
}

/// The event a record tells of. Only a time, a source, a name and an account are required.
pub fn parse(json: Part<'_>, home: &Home) -> Result<AccessEvent, RecordError> {
    if json.fields().is_none() {
        return Err(RecordError::NotAnObject);
    }
    let name = text(json, "/eventName").ok_or(RecordError::Missing("eventName"))?;
    let source = text(json, "/eventSource").ok_or(RecordError::Missing("eventSource"))?;
    let time = time(json)?;
    // The caller's account comes last: a caller from elsewhere is not the account whose history this is.
    let id_at = |path| text(json, path).and_then(|id| id.parse().ok());
    let account = id_at("/recipientAccountId")
        .or(home.account)
        .or_else(|| id_at("/userIdentity/accountId"))
        .ok_or(RecordError::Account)?;
    let at_home = |said: &str| home.region.as_ref().filter(|home| home.as_str() == said).cloned();
    let region = text(json, "/awsRegion")
        .and_then(|said| at_home(said).or_else(|| said.parse().ok()))
        .or_else(|| home.region.clone())
        .or_else(|| UNKNOWN_REGION.parse().ok())
        .ok_or(RecordError::Missing("awsRegion"))?;
    let id = match text(json, "/eventID").or_else(|| text(json, "/eventId")) {
        Some(id) => EventId::of(id),
        None => EventId::of(&json.to_value().to_string()),
    };
    Ok(AccessEvent {
        id,
        time,
        account,
        region,
        service: service(source).into(),
        name: bounded(name, 128),
        read_only: flag(json.get("readOnly")).unwrap_or_else(|| reads(name)),
        principal: principal(json),
        outcome: outcome(json),
        source: bounded(text(json, "/sourceIPAddress").unwrap_or(""), 128),
        agent: bounded(text(json, "/userAgent").unwrap_or(""), AGENT_LIMIT),
        key: key(json),
        mfa: mfa(json),
        detail: detail(json),
    })
}

/// The event name without the date or version that some services append: `CreateFunction20150331v2` and
/// `CreateDistribution2020_05_31` are `CreateFunction` and `CreateDistribution`.
pub fn api(name: &str) -> &str {
    let unversioned = match name.rsplit_once('v') {
        Some((head, version)) if is_number(version) && head.ends_with(|c: char| c.is_ascii_digit()) => head,
        _ => name,
    };
    for width in [8, 10] {
        let Some((head, date)) = unversioned.len().checked_sub(width).and_then(|at| unversioned.split_at_checked(at))
        else {
            continue;
        };
        let digits: String = date.chars().filter(|c| *c != '_').collect();
        let dated = digits.len() == 8 && is_number(&digits) && (digits.starts_with("19") || digits.starts_with("20"));
        if dated && !head.is_empty() {
            return head;
        }
    }
    name
}

/// What the name of a call says where the record does not: older records have no `readOnly`.
fn reads(name: &str) -> bool {
    ["Describe", "Get", "List", "Lookup", "Head", "BatchGet", "Search"].into_iter().any(|verb| name.starts_with(verb))
}

fn is_number(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn text<'a>(json: Part<'a>, path: &str) -> Option<&'a str> {
    json.at(path)?.as_str().filter(|s| !s.is_empty())
}

/// `true`, `"true"`, `"True"`: LookupEvents and some services write booleans as text.
pub(crate) fn flag(value: Option<Part<'_>>) -> Option<bool> {
    match value?.kind() {
        Kind::Bool(truth) => Some(truth),
        Kind::Text(s) if s.eq_ignore_ascii_case("true") => Some(true),
        Kind::Text(s) if s.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

pub(super) fn bounded(text: &str, limit: usize) -> Untrusted {
    // No text has more characters than bytes.
    if text.len() <= limit {
        return Untrusted::new(text);
    }
    match text.char_indices().nth(limit) {
        Some((at, _)) => Untrusted::new(text.get(..at).unwrap_or("")),
        None => Untrusted::new(text),
    }
}

fn service(source: &str) -> &str {
    source.strip_suffix(".amazonaws.com").unwrap_or(source)
}

fn time(json: Part<'_>) -> Result<Timestamp, RecordError> {
    match json.get("eventTime").map(Part::kind) {
        Some(Kind::Text(s)) => s.parse().map_err(|_| RecordError::Time(Untrusted::new(s).for_tui(40))),
        Some(Kind::Number(n)) => n
            .as_f64()
            .map(|s| Timestamp::from_second(s as i64))
            .ok_or_else(|| RecordError::Time(Untrusted::new(n.to_string()).for_tui(40))),
        _ => Err(RecordError::Missing("eventTime")),
    }
}

fn outcome(json: Part<'_>) -> Outcome {
    if let Some(code) = text(json, "/errorCode") {
        let denied = ["AccessDenied", "Unauthorized", "NotAuthorized", "AuthorizationError", "Forbidden"]
            .into_iter()
            .any(|word| code.contains(word));
        let code = bounded(code, 128);
        return if denied { Outcome::Denied(code) } else { Outcome::Failed(code) };
    }
    // Sign-in events carry no errorCode: the answer says how it ended.
    let answer = json.get("responseElements").and_then(Part::fields);
    let refused = answer.clone().is_some_and(|mut fields| {
        fields.any(|(step, ended)| ended.as_str() == Some("Failure") && SIGN_IN_STEPS.contains(&step))
    });
    match text(json, "/errorMessage") {
        Some(message) if refused || answer.is_none() => Outcome::Failed(bounded(message, 128)),
        _ if refused => Outcome::Failed("Failure".into()),
        _ => Outcome::Ok,
    }
}

fn key(json: Part<'_>) -> Option<KeyHint> {
    let key = text(json, "/userIdentity/accessKeyId")?;
    let (prefix, rest) = key.split_at_checked(4)?;
    let (_, last4) = rest.split_at_checked(rest.len().checked_sub(4)?)?;
    Some(KeyHint { prefix: prefix.into(), last4: last4.into() })
}

fn mfa(json: Part<'_>) -> Option<bool> {
    match text(json, "/additionalEventData/MFAUsed") {
        Some(used) => Some(used == "Yes"),
        None => flag(json.at("/userIdentity/sessionContext/attributes/mfaAuthenticated")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PrincipalKind;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    fn parsed(value: &Value, home: &Home) -> Result<AccessEvent, RecordError> {
        parse(Json::from(value).root(), home)
    }

    fn minimal() -> Value {
        json!({"eventTime": "2026-11-01T10:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "ListUsers",
               "recipientAccountId": "111122223333"})
    }

    #[rstest]
    #[case("CreateFunction20150331", "CreateFunction")]
    #[case("CreateFunction20150331v2", "CreateFunction")]
    #[case("CreateDistribution2020_05_31", "CreateDistribution")]
    #[case("RunInstances", "RunInstances")]
    #[case("GetObjectv2", "GetObjectv2")]
    #[case("20150331", "20150331")]
    #[case("é0150331", "é0150331")]
    fn an_api_name_loses_its_date(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(api(name), expected);
    }

    #[test]
    fn four_fields_are_enough() {
        let event = parsed(&minimal(), &Home::default()).unwrap();
        assert_eq!(event.principal.kind, PrincipalKind::Service);
        assert_eq!(event.principal.actor, "service:iam.amazonaws.com");
        assert_eq!(
            (event.region.as_str(), event.outcome.clone(), event.read_only),
            (UNKNOWN_REGION, Outcome::Ok, true)
        );
        assert_eq!(event.id, parsed(&minimal(), &Home::default()).unwrap().id);
    }

    #[rstest]
    #[case("eventName", RecordError::Missing("eventName"))]
    #[case("eventTime", RecordError::Missing("eventTime"))]
    #[case("recipientAccountId", RecordError::Account)]
    fn what_is_missing_is_named(#[case] field: &str, #[case] error: RecordError) {
        let mut json = minimal();
        json.as_object_mut().unwrap().remove(field);
        assert_eq!(parsed(&json, &Home::default()).unwrap_err(), error);
    }

    #[test]
    fn the_place_fills_in_what_the_record_lacks() {
        let mut json = minimal();
        json.as_object_mut().unwrap().remove("recipientAccountId");
        let home = Home { account: "444455556666".parse().ok(), region: "eu-west-1".parse().ok() };
        let event = parsed(&json, &home).unwrap();
        assert_eq!((event.account.to_string().as_str(), event.region.as_str()), ("444455556666", "eu-west-1"));
    }

    #[rstest]
    #[case(json!({"errorCode": "AccessDenied"}), "denied")]
    #[case(json!({"errorCode": "AccessDeniedException"}), "denied")]
    #[case(json!({"errorCode": "Client.UnauthorizedOperation"}), "denied")]
    #[case(json!({"errorCode": "NoSuchBucket"}), "failed")]
    #[case(json!({"responseElements": {"ConsoleLogin": "Failure"}, "errorMessage": "Failed authentication"}), "failed")]
    #[case(json!({"responseElements": {"ConsoleLogin": "Failure"}}), "failed")]
    #[case(json!({"responseElements": {"ConsoleLogin": "Success"}}), "ok")]
    #[case(json!({"responseElements": {"PasswordRecoveryRequested": "Failure"}}), "failed")]
    #[case(json!({"responseElements": null, "errorCode": null}), "ok")]
    fn the_outcome_is_read_from_where_it_stands(#[case] fields: Value, #[case] expected: &str) {
        let mut json = minimal();
        json.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let found = match parsed(&json, &Home::default()).unwrap().outcome {
            Outcome::Ok => "ok",
            Outcome::Denied(_) => "denied",
            Outcome::Failed(_) => "failed",
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_lookup_element_is_unwrapped() {
        let inner = json!({"eventTime": "2026-11-01T10:00:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
            "readOnly": "false", "recipientAccountId": "111122223333", "userIdentity": {"type": "IAMUser", "userName": "amy",
            "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}});
        let element = json!({"EventId": "x", "ReadOnly": "false", "CloudTrailEvent": inner.to_string()});
        let found = record(&element, &Home::default()).unwrap();
        assert_eq!(read(&element.to_string(), &Home::default()).unwrap().event, found.event);
        assert_eq!(read(&inner.to_string(), &Home::default()).unwrap().event, found.event);
        assert_eq!(found.event.principal.actor, "arn:aws:iam::111122223333:user/amy");
        assert_eq!(found.event.key.unwrap().last4, "MPLE");
        assert!(!found.event.read_only);
    }

    proptest! {
        #[test]
        fn hostile_fields_never_panic(name in any::<String>(), agent in any::<String>(), key in any::<String>(), arn in any::<String>()) {
            let mut json = minimal();
            json["eventName"] = name.into();
            json["userAgent"] = agent.into();
            json["userIdentity"] = json!({"type": "AssumedRole", "arn": arn, "accessKeyId": key});
            if let Ok(event) = parsed(&json, &Home::default()) {
                prop_assert!(event.agent.raw_for_matching().chars().count() <= AGENT_LIMIT);
                prop_assert!(event.detail.raw_for_matching().chars().count() <= 200);
            }
        }
    }
}
