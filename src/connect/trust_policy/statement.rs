//! One statement of a trust policy, and what it says of us.

use crate::domain::{ExternalId, TrustedPrincipal, Untrusted, fits};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// ExternalIds that are nobody's, of our form and of another.
const OTHER_IDS: [&str; 2] = ["bw-7q7q7q7q7q7q7q7q7q7q7q7q7q7q7q7q", "Q7Q7Q7Q7Q7Q7Q7Q7Q7Q7Q7Q7Q7Q7Q7Q7"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statement {
    pub(super) effect: String,
    action: Option<OneOrMany>,
    principal: Option<Value>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMany>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
    /// Numbers and booleans, which no condition that is understood here has.
    Other(serde::de::IgnoredAny),
}

impl OneOrMany {
    fn texts(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
            Self::Other(_) => &[],
        }
    }
}

/// What one statement says of us.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) names_us: bool,
    /// It asks for another ExternalId than ours.
    pub(super) other_id: bool,
    /// It keeps out who has another ExternalId, or none.
    pub(super) asks_for_id: bool,
    /// A condition that keeps us out.
    pub(super) other_mismatch: Option<String>,
    /// Conditions that only AWS can judge.
    pub(super) unknown: Vec<String>,
}

impl Reading {
    /// Whether it is about us, as far as it is understood.
    pub(super) fn fits(&self) -> bool {
        self.names_us && !self.other_id && self.other_mismatch.is_none()
    }
}

impl Statement {
    /// Whether it is about opening the role.
    pub(super) fn assumes(&self) -> bool {
        let named = |action: &String| ["sts:assumerole", "sts:*", "*"].contains(&action.to_ascii_lowercase().as_str());
        self.action.as_ref().is_some_and(|actions| actions.texts().iter().any(named))
    }

    /// Reads it for `us`, an ARN as `GetCallerIdentity` gives it.
    pub(super) fn read(&self, external_id: &ExternalId, us: &str) -> Reading {
        let mut reading = Reading { names_us: self.names(us), ..Reading::default() };
        for (operator, keys) in &self.condition {
            for (key, values) in keys {
                let values = values.texts();
                match (operator.as_str(), key.to_ascii_lowercase().as_str()) {
                    ("StringEquals" | "StringEqualsIgnoreCase" | "StringLike", "sts:externalid") => {
                        let lets_in = |id: &str| {
                            values.iter().any(|v| match operator.as_str() {
                                "StringLike" => fits(v, id),
                                "StringEquals" => v == id,
                                _ => v.eq_ignore_ascii_case(id),
                            })
                        };
                        reading.other_id |= !lets_in(external_id.reveal());
                        // As the gate tries it.
                        reading.asks_for_id |= !OTHER_IDS.into_iter().any(lets_in);
                    }
                    ("StringEquals" | "StringLike", "sts:rolesessionname") => {
                        // Ours begins with this; what follows differs each time, so that nothing is equal to it.
                        let like = operator == "StringLike";
                        if !like || !values.iter().any(|v| fits(v, "bailiwick-00000000-00000000-x")) {
                            reading.other_mismatch = Some(key.clone());
                        }
                    }
                    ("StringEquals", "aws:principalarn") => {
                        if !values.iter().any(|v| !is_pattern(v) && is_named(v, us)) {
                            reading.other_mismatch = Some(key.clone());
                        }
                    }
                    ("ArnLike" | "ArnEquals" | "StringLike", "aws:principalarn") => {
                        if values.iter().any(|v| is_named(v, us)) {
                            continue;
                        }
                        match values.iter().any(|v| may_cover(v, us)) {
                            true => reading.unknown.push(named(operator, key)),
                            false => reading.other_mismatch = Some(key.clone()),
                        }
                    }
                    ("StringEquals", "aws:principalaccount") => {
                        if !values.iter().any(|v| account_of(us) == Some(v)) {
                            reading.other_mismatch = Some(key.clone());
                        }
                    }
                    _ => reading.unknown.push(named(operator, key)),
                }
            }
        }
        reading
    }

    fn names(&self, us: &str) -> bool {
        let principals: Vec<String> = match &self.principal {
            Some(Value::String(all)) => vec![all.clone()],
            Some(Value::Object(kinds)) => match kinds.get("AWS") {
                Some(Value::String(one)) => vec![one.clone()],
                Some(Value::Array(many)) => many.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        principals.iter().any(|p| p == "*" || account_of(us) == Some(p) || covers(p, us))
    }
}

fn named(operator: &str, key: &str) -> String {
    Untrusted::new(format!("{operator} {key}")).for_tui(80)
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a pattern that is none of ours may be about us: the path of our role, which it may speak of, is not in our ARN.
fn may_cover(pattern: &str, us: &str) -> bool {
    let accounts = account_of(pattern).zip(account_of(us));
    is_pattern(pattern)
        && pattern.parse::<TrustedPrincipal>().is_err()
        && accounts.is_none_or(|(theirs, ours)| fits(theirs, ours))
}

/// Whether a value of `aws:PrincipalArn` names us: of a session that is its role and not the session, and an account's
/// root is nobody else.
fn is_named(value: &str, us: &str) -> bool {
    let resource = |arn: &str| arn.split(':').nth(5).map(str::to_owned);
    let of_session = us.contains(":assumed-role/") && value == us;
    let other_root = resource(value).as_deref() == Some("root") && resource(us).as_deref() != Some("root");
    !of_session && !other_root && covers(value, us)
}

/// Whether a principal or a pattern of one covers us.
fn covers(pattern: &str, us: &str) -> bool {
    if pattern == us || pattern.ends_with(":*") && account_of(pattern) == account_of(us) {
        return true;
    }
    pattern.parse::<TrustedPrincipal>().is_ok_and(|principal| principal.covers(us))
}
