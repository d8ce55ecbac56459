//! What is called: name, parameters, answer or refusal. Values that differ from event to event stand in the texts as
//! placeholders and are filled in when the record is rendered.

use crate::domain::{AccountId, Timestamp};
use crate::sim::world::rng::{Rng, fnv, mix};
use serde_json::{Value, json};
use std::sync::Arc;

/// `eventType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// `AwsApiCall`.
    ApiCall,
    /// `AwsServiceEvent`.
    ServiceEvent,
    /// `AwsConsoleSignIn`.
    SignIn,
}

/// One call with fixed parameters; shared by all events that make it.
///
/// Texts may hold placeholders `~xNN`: `x` is any lower-case letter but `d`, and is replaced by NN hexadecimal digits
/// that are the same for the same letter within one event; `~dNN` gives decimal digits, `~T00` the event's time,
/// `~Y00` its day as `2026/11/22`, `~E00` the time an hour later as STS writes it, `~M00` the time in milliseconds,
/// `~RNN` NN characters of a unique id and `~AIA` a temporary access key.
#[derive(Debug, Clone)]
pub struct Call {
    /// `eventSource`.
    pub source: Arc<str>,
    /// `eventName`.
    pub name: Arc<str>,
    /// `readOnly`.
    pub read_only: bool,
    /// `eventType`.
    pub kind: EventKind,
    /// Whether the event is delivered to another account too (`sharedEventID`).
    pub shared: bool,
    /// `requestParameters` as JSON text.
    pub request: Option<Box<str>>,
    /// `responseElements` as JSON text.
    pub response: Option<Box<str>>,
    /// `additionalEventData` as JSON text.
    pub additional: Option<Box<str>>,
    /// `serviceEventDetails` as JSON text.
    pub details: Option<Box<str>>,
    /// `errorCode` (empty where the record has none) and `errorMessage`.
    pub error: Option<(&'static str, Box<str>)>,
    /// `resources` of the record: ARN and type, in the account of the history.
    pub resources: Vec<(String, &'static str)>,
    /// `Resources` of the lookup answer: type and name.
    pub touched: Vec<(Arc<str>, Arc<str>)>,
}

impl Call {
    /// A call that changes something; `service` without `.amazonaws.com`.
    pub fn write(service: &str, name: &str) -> Self {
        Self {
            source: format!("{service}.amazonaws.com").into(),
            name: name.into(),
            read_only: false,
            kind: EventKind::ApiCall,
            shared: false,
            request: None,
            response: None,
            additional: None,
            details: None,
            error: None,
            resources: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// A call that CloudTrail marks as read-only.
    pub fn read(service: &str, name: &str) -> Self {
        Self { read_only: true, ..Self::write(service, name) }
    }

    /// With `requestParameters`.
    pub fn asks(mut self, request: Value) -> Self {
        self.request = Some(request.to_string().into());
        self
    }

    /// With `responseElements`.
    pub fn answers(mut self, response: Value) -> Self {
        self.response = Some(response.to_string().into());
        self
    }

    /// With `additionalEventData`.
    pub fn adds(mut self, additional: Value) -> Self {
        self.additional = Some(additional.to_string().into());
        self
    }

    /// Refused or failed: there is no answer then.
    pub fn fails(mut self, code: &'static str, message: &str) -> Self {
        self.response = None;
        self.error = Some((code, message.into()));
        self
    }

    /// A sign-in that failed: unlike a refused call it keeps its answer and carries a message without a code.
    pub fn fails_sign_in(mut self) -> Self {
        self.error = Some(("", "Failed authentication".into()));
        self
    }

    /// Touching a resource that the lookup answer names.
    pub fn on(mut self, kind: &str, name: &str) -> Self {
        self.touched.push((kind.into(), name.into()));
        self
    }

    /// An event that AWS records by itself.
    pub fn service_event(service: &str, name: &str, details: Value) -> Self {
        let details = Some(details.to_string().into());
        Self { kind: EventKind::ServiceEvent, details, ..Self::write(service, name) }
    }

    /// `AssumeRole` of `role` (path and name) in `account` under a session name; `external_id` as third parties send it.
    pub fn assume_role(account: AccountId, role: &str, session: &str, external_id: Option<&str>) -> Self {
        let arn = format!("arn:aws:iam::{account}:role/{role}");
        let mut request = json!({"roleArn": arn, "roleSessionName": session, "durationSeconds": 3600});
        if let (Some(id), Value::Object(fields)) = (external_id, &mut request) {
            fields.insert("externalId".to_owned(), id.into());
        }
        let mut call = Self::read("sts", "AssumeRole").asks(request).answers(session_opened(account, role, session));
        call.resources.push((arn.clone(), "AWS::IAM::Role"));
        call.shared = true;
        let call = call.on("AWS::IAM::Role", &arn);
        // A session whose name differs from event to event is not named in the lookup answer.
        if session.contains('~') { call } else { call.on("AWS::STS::AssumedRole", session) }
    }

    /// A console sign-in of a user, root or session. `mfa` is what `additionalEventData.MFAUsed` says.
    pub fn console_login(region: &str, mfa: bool, success: bool) -> Self {
        let result = if success { "Success" } else { "Failure" };
        let call = Self::write("signin", "ConsoleLogin").answers(json!({"ConsoleLogin": result})).adds(json!({
            "LoginTo": format!("https://console.aws.amazon.com/console/home?region={region}&state=hashArgs%23&isauthcode=true"),
            "MobileVersion": "No",
            "MFAUsed": if mfa { "Yes" } else { "No" },
        }));
        Self { kind: EventKind::SignIn, ..call }
    }
}

/// What STS answers to the three `AssumeRole…` calls.
pub(crate) fn session_opened(account: AccountId, role: &str, session: &str) -> Value {
    let name = role.rsplit('/').next().unwrap_or(role);
    json!({
        "credentials": {"accessKeyId": "~AIA", "sessionToken": "<sensitiveDataRemoved>", "expiration": "~E00"},
        "assumedRoleUser": {
            "assumedRoleId": format!("{}:{session}", super::identity::unique("AROA", account, role)),
            "arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
        },
    })
}

/// Fills the placeholders of a text for the event with this id and time.
pub(super) fn filled(text: &str, id: &str, time: Timestamp) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('~') {
        out.push_str(before);
        let (mark, tail) = after.split_at_checked(3).unwrap_or((after, ""));
        let (letter, count) = mark.split_at_checked(1).unwrap_or((mark, ""));
        let mut rng = Rng::stream(mix(fnv(id.as_bytes())), 0, letter);
        let count = count.parse().unwrap_or(16);
        match letter {
            "T" => out.push_str(&time.to_string()),
            "E" => out.push_str(&sts_time(time.plus(3_600))),
            "M" => out.push_str(&format!("{}", time.second() * 1_000)),
            "A" => out.push_str(&format!("ASIA{}", rng.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))),
            "Y" => out.push_str(&time.day().to_string().replace('-', "/")),
            "R" => out.push_str(&rng.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", count)),
            "d" => out.push_str(&rng.text("123456789", count)),
            _ => out.push_str(&rng.hex(count)),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// `Nov 22, 2026, 3:14:55 AM`, as STS answers read in CloudTrail.
fn sts_time(time: Timestamp) -> String {
    let day = time.day();
    let month = day.month().long_name();
    let (year, clock) = (month.split(' ').nth(1).unwrap_or(""), time.clock_time());
    let hour = match time.hour() % 12 {
        0 => 12,
        h => h,
    };
    let (minutes, half) = (clock.get(3..).unwrap_or("00:00"), if time.hour() < 12 { "AM" } else { "PM" });
    format!("{} {}, {year}, {hour}:{minutes} {half}", month.get(..3).unwrap_or(""), day.of_month())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_steady_within_an_event_and_differ_between_events() {
        let time: Timestamp = "2026-11-22T15:04:05Z".parse().unwrap();
        let a = filled("i-~i17 i-~i17 ~k08 ~d05 ~T00 ~E00 ~AIA ~M00 end", "one", time);
        let words: Vec<&str> = a.split(' ').collect();
        assert_eq!(words[0], words[1]);
        assert_eq!((words[0].len(), words[2].len(), words[3].len()), (19, 8, 5));
        assert!(a.contains("2026-11-22T15:04:05Z Nov 22, 2026, 4:04:05 PM ASIA"), "{a}");
        assert!(a.ends_with("1795359845000 end"), "{a}");
        assert_ne!(a, filled("i-~i17 i-~i17 ~k08 ~d05 ~T00 ~E00 ~AIA ~M00 end", "two", time));
    }
}
