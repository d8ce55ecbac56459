//! IAM policy documents as session policies: parsing and evaluation.
//!
//! Conditions are understood for `aws:RequestedRegion` with `StringEquals`, `StringNotEquals` and `StringLike`. Any other
//! condition errs on the refusing side: an `Allow` with it never applies, a `Deny` with it always does.

use crate::domain::fits;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A parsed policy document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Policy {
    version: Option<Version>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<Statement>,
}

/// What a policy says about one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Allowed, and not denied.
    Allow,
    /// Nothing allows it.
    ImplicitDeny,
    /// A statement denies it.
    ExplicitDeny,
}

#[derive(Debug, Deserialize)]
enum Version {
    #[serde(rename = "2012-10-17")]
    Current,
    #[serde(rename = "2008-10-17")]
    Old,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(many) => many,
            Self::One(one) => std::slice::from_ref(one),
        }
    }
}

type Conditions = BTreeMap<String, BTreeMap<String, OneOrMany<Value>>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    condition: Option<Conditions>,
}

impl Policy {
    /// Reads a document; the error is STS's message.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let json: Value = serde_json::from_str(text).map_err(|_| "This policy contains invalid Json")?;
        let policy: Self = serde_json::from_value(json).map_err(|_| "Syntax errors in policy.")?;
        let sound = policy.version.is_some()
            && !policy.statement.as_slice().is_empty()
            && policy.statement.as_slice().iter().all(Statement::is_sound);
        if sound { Ok(policy) } else { Err("Syntax errors in policy.") }
    }

    /// What it says about `action` (`service:Name`) on `resource` in `region`. An explicit deny wins.
    pub fn evaluate(&self, action: &str, resource: &str, region: &str) -> Verdict {
        let mut verdict = Verdict::ImplicitDeny;
        for statement in self.statement.as_slice().iter().filter(|s| s.applies(action, resource, region)) {
            match statement.effect {
                Effect::Deny => return Verdict::ExplicitDeny,
                Effect::Allow => verdict = Verdict::Allow,
            }
        }
        verdict
    }
}

impl Statement {
    fn is_sound(&self) -> bool {
        let actions = self.action.iter().chain(&self.not_action).flat_map(OneOrMany::as_slice);
        let well_named = |action: &String| {
            action == "*" || action.split_once(':').is_some_and(|(s, n)| !s.is_empty() && !n.is_empty())
        };
        self.action.is_some() != self.not_action.is_some()
            && self.resource.is_some() != self.not_resource.is_some()
            && actions.into_iter().all(well_named)
    }

    fn applies(&self, action: &str, resource: &str, region: &str) -> bool {
        let any = |patterns: &OneOrMany<String>, text: &str| patterns.as_slice().iter().any(|p| glob(p, text));
        let action_fits = self.action.as_ref().is_some_and(|p| any(p, action))
            || self.not_action.as_ref().is_some_and(|p| !any(p, action));
        let resource_fits = self.resource.as_ref().is_some_and(|p| any(p, resource))
            || self.not_resource.as_ref().is_some_and(|p| !any(p, resource));
        let unknown = self.effect == Effect::Deny;
        let condition_holds = self.condition.iter().flatten().all(|(operator, keys)| {
            keys.iter().all(|(key, values)| holds(operator, key, values.as_slice(), region).unwrap_or(unknown))
        });
        action_fits && resource_fits && condition_holds
    }
}

/// Whether one condition holds; `None` if it is not one of those understood here.
fn holds(operator: &str, key: &str, values: &[Value], region: &str) -> Option<bool> {
    if !key.eq_ignore_ascii_case("aws:RequestedRegion") {
        return None;
    }
    let mut texts = values.iter().filter_map(Value::as_str);
    match operator {
        "StringEquals" => Some(texts.any(|text| text == region)),
        "StringNotEquals" => Some(!texts.any(|text| text == region)),
        "StringLike" => Some(texts.any(|text| glob(text, region))),
        _ => None,
    }
}

/// Whether `text` fits `pattern`; letters of either case are the same, as in IAM action names.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    fits(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("*", "anything", true)]
    #[case("cloudtrail:Lookup*", "cloudtrail:LookupEvents", true)]
    #[case("CLOUDTRAIL:lookupevents", "cloudtrail:LookupEvents", true)]
    #[case("ce:Get?ostAndUsage", "ce:GetCostAndUsage", true)]
    #[case("ce:*Usage", "ce:GetCostAndUsage", true)]
    #[case("ce:*Usage", "ce:GetCostAndUsageWithResources", false)]
    #[case("a*b*c", "aXbXbXc", true)]
    #[case("", "", true)]
    #[case("", "x", false)]
    #[case("x?", "x", false)]
    fn patterns(#[case] pattern: &str, #[case] text: &str, #[case] fits: bool) {
        assert_eq!(glob(pattern, text), fits);
    }

    fn verdict(statements: &str, action: &str, region: &str) -> Verdict {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
        Policy::parse(&text).unwrap().evaluate(action, "*", region)
    }

    #[rstest]
    #[case(r#"{"Effect":"Allow","Action":"ce:GetCostAndUsage","Resource":"*"}"#, Verdict::Allow)]
    #[case(r#"[{"Effect":"Allow","Action":["sts:*","ce:*"],"Resource":["*"]}]"#, Verdict::Allow)]
    #[case(r#"[{"Effect":"Allow","Action":"organizations:*","Resource":"*"}]"#, Verdict::ImplicitDeny)]
    #[case(
        r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ce:*","Resource":"*"}]"#,
        Verdict::ExplicitDeny
    )]
    #[case(r#"[{"Effect":"Allow","NotAction":"ce:*","Resource":"*"}]"#, Verdict::ImplicitDeny)]
    #[case(r#"[{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::x"}]"#, Verdict::Allow)]
    #[case(r#"[{"Effect":"Allow","Action":"ce:*","Resource":"arn:aws:ce:us-east-1:1:/x"}]"#, Verdict::ImplicitDeny)]
    #[case(r#"[{"Effect":"Allow","Action":"ce:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]"#, Verdict::ImplicitDeny)]
    #[case(r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}]"#, Verdict::ExplicitDeny)]
    fn evaluation(#[case] statements: &str, #[case] expected: Verdict) {
        assert_eq!(verdict(statements, "ce:GetCostAndUsage", "us-east-1"), expected);
    }

    #[rstest]
    #[case("StringEquals", r#"["us-east-1","eu-west-1"]"#, "eu-west-1", Verdict::Allow)]
    #[case("StringEquals", r#""us-east-1""#, "eu-west-1", Verdict::ImplicitDeny)]
    #[case("StringNotEquals", r#""us-east-1""#, "eu-west-1", Verdict::Allow)]
    #[case("StringLike", r#""eu-*""#, "eu-west-1", Verdict::Allow)]
    fn the_requested_region(
        #[case] operator: &str,
        #[case] value: &str,
        #[case] region: &str,
        #[case] expected: Verdict,
    ) {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"cloudtrail:LookupEvents","Resource":"*","Condition":{{"{operator}":{{"aws:RequestedRegion":{value}}}}}}}"#
        );
        assert_eq!(verdict(&statement, "cloudtrail:LookupEvents", region), expected);
    }

    #[rstest]
    #[case("{", "This policy contains invalid Json")]
    #[case("", "This policy contains invalid Json")]
    #[case("[]", "Syntax errors in policy.")]
    #[case(r#"{"Version":"2012-10-17","Statement":[]}"#, "Syntax errors in policy.")]
    #[case(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#, "Syntax errors in policy.")]
    #[case(
        r#"{"Version":"2020-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
        "Syntax errors in policy."
    )]
    #[case(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}"#,
        "Syntax errors in policy."
    )]
    #[case(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*"}}"#, "Syntax errors in policy.")]
    #[case(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"LookupEvents","Resource":"*"}}"#,
        "Syntax errors in policy."
    )]
    #[case(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#,
        "Syntax errors in policy."
    )]
    fn malformed_documents(#[case] text: &str, #[case] message: &str) {
        assert_eq!(Policy::parse(text).unwrap_err(), message);
    }

    proptest! {
        #[test]
        fn a_text_fits_itself_and_stars_around_it(text in "[a-zA-Z:*?]{0,20}", before in ".{0,5}", after in ".{0,5}") {
            prop_assert!(glob(&text, &text));
            let (wide, long) = (format!("*{text}*"), format!("{before}{text}{after}"));
            prop_assert!(glob(&wide, &long));
        }
    }
}
