//! What a policy document in a request grants. Grammar: AWS, "IAM JSON policy elements".

use crate::{
    domain::AccountId,
    trail::{Json, Kind, Part},
};
use std::collections::BTreeSet;

/// What all documents of one request grant together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grants {
    /// Anybody may use it: `Allow` to `*` with no condition that names who or from where.
    pub public: bool,
    /// Everything on everything.
    pub admin: bool,
    /// Accounts named as principals, without those from which AWS delivers logs.
    pub accounts: BTreeSet<AccountId>,
}

/// Condition keys that narrow "everybody" to somebody. Keys such as `aws:SecureTransport` do not.
const NARROWING: [&str; 27] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principaltag",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "aws:username",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    "kms:calleraccount",
    "kms:viaservice",
    "lambda:functionurlauthtype",
    "s3:dataaccesspointaccount",
    "sts:externalid",
];

/// AWS's own accounts that deliver load balancer logs, one a region; a bucket for such logs names one. Source: AWS, Elastic
/// Load Balancing, "Enable access logs".
const LOG_DELIVERY: [&str; 22] = [
    "127311923021",
    "033677994240",
    "027434742980",
    "797873946194",
    "098369216593",
    "754344448648",
    "589379963580",
    "718504428378",
    "383597477331",
    "600734575887",
    "114774131450",
    "783225319266",
    "582318560864",
    "985666609251",
    "054676820928",
    "156460612806",
    "652711504416",
    "635631232127",
    "009996457667",
    "897822967062",
    "076674570225",
    "507241528517",
];

/// Fields of `requestParameters` that hold a policy, as an object or as text.
const FIELDS: [&str; 10] = [
    "/policyDocument",
    "/assumeRolePolicyDocument",
    "/bucketPolicy",
    "/policy",
    "/policyText",
    "/resourcePolicy",
    "/accessPolicies",
    "/attributes/Policy",
    "/attributes/policy",
    "/attributeValue",
];

/// The grants of a record's policies, or nothing if it carries none that can be read.
pub(super) fn grants(json: Part<'_>) -> Option<Grants> {
    let asked = json.get("requestParameters")?;
    let mut found: Option<Grants> = None;
    for document in FIELDS.into_iter().filter_map(|field| document(asked.at(field)?)) {
        let grants = found.get_or_insert_default();
        for statement in listed(document.root().get("Statement")) {
            if statement.get("Effect").and_then(Part::as_str) == Some("Allow") {
                allow(statement, grants);
            }
        }
    }
    found
}

/// A policy as an object, from text that is JSON or URL-encoded JSON.
fn document(value: Part<'_>) -> Option<Json> {
    let document = match value.kind() {
        Kind::Object(_) => Json::from(&value.to_value()),
        Kind::Text(text) => text.parse().or_else(|_| url_decoded(text).parse()).ok()?,
        _ => return None,
    };
    document.root().get("Statement").is_some().then_some(document)
}

fn url_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let hex = |b: Option<u8>| char::from(b?).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                rest = ahead;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn allow(statement: Part<'_>, grants: &mut Grants) {
    let principals: Vec<&str> = match statement.get("Principal").map(Part::kind) {
        Some(Kind::Text(all)) => vec![all],
        Some(Kind::Object(kinds)) => listed(kinds.get("AWS")).filter_map(Part::as_str).collect(),
        _ => Vec::new(),
    };
    let everybody = statement.get("NotPrincipal").is_some() || principals.contains(&"*");
    grants.public |= everybody && !narrowed(statement.get("Condition"));
    grants.accounts.extend(principals.iter().filter_map(|p| {
        let id = if p.starts_with("arn:") { p.split(':').nth(4)? } else { p };
        if LOG_DELIVERY.contains(&id) { None } else { id.parse::<AccountId>().ok() }
    }));
    let names = |field, wanted: &[&str]| {
        listed(statement.get(field)).filter_map(Part::as_str).any(|text| wanted.contains(&text))
    };
    grants.admin |= names("Action", &["*", "*:*"]) && names("Resource", &["*"]);
}

/// Whether a condition names who or from where. `StringNotEquals` and its kin exclude somebody but let in all others, and
/// `...IfExists` lets in whoever has no such key, as an anonymous caller has none; only the address is nearly always there.
fn narrowed(condition: Option<Part<'_>>) -> bool {
    let mut operators = condition.and_then(Part::fields).into_iter().flatten();
    operators.by_ref().filter(|(operator, _)| !operator.to_ascii_lowercase().contains("not")).any(|(operator, keys)| {
        let lenient = operator.to_ascii_lowercase().ends_with("ifexists");
        keys.fields().into_iter().flatten().any(|(key, values)| {
            let key = key.to_ascii_lowercase();
            let key = key.split('/').next().unwrap_or(&key);
            let open = listed(Some(values)).filter_map(Part::as_str).any(|v| matches!(v, "*" | "0.0.0.0/0" | "::/0"));
            NARROWING.contains(&key) && !open && (!lenient || key == "aws:sourceip")
        })
    })
}

/// The members of a list, or the one value that stands without a list.
fn listed(value: Option<Part<'_>>) -> impl Iterator<Item = Part<'_>> {
    let many = value.and_then(Part::members);
    let one = value.filter(|_| many.is_none());
    many.into_iter().flatten().chain(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn granted(record: &Value) -> Option<Grants> {
        grants(Json::from(record).root())
    }

    fn read(policy: Value) -> Grants {
        granted(&json!({"requestParameters": {"policy": policy.to_string()}})).unwrap()
    }

    #[rstest]
    #[case(json!({"Principal": "*"}), true)]
    #[case(json!({"Principal": {"AWS": "*"}}), true)]
    #[case(json!({"Principal": {"AWS": ["111122223333", "*"]}}), true)]
    #[case(json!({"NotPrincipal": {"AWS": "111122223333"}}), true)]
    #[case(json!({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}), true)]
    #[case(json!({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}), true)]
    #[case(json!({"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}), true)]
    #[case(json!({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}), false)]
    #[case(json!({"Principal": "*", "Condition": {"StringEquals": {"AWS:SourceVpce": ["vpce-1"]}}}), false)]
    #[case(json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}), false)]
    #[case(json!({"Principal": {"Service": "sns.amazonaws.com"}}), false)]
    #[case(json!({"Principal": "*", "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}), true)]
    #[case(json!({"Principal": "*", "Condition": {"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}}), false)]
    #[case(json!({"Effect": "Deny", "Principal": "*"}), false)]
    fn public_means_anybody(#[case] fields: Value, #[case] public: bool) {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        statement.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(read(json!({"Statement": statement})).public, public);
        assert_eq!(read(json!({"Statement": [statement]})).public, public);
    }

    #[test]
    fn of_a_condition_that_is_there_twice_the_last_one_counts() {
        let narrow = r#""StringEquals": {"aws:PrincipalOrgID": "o-1"}"#;
        for (condition, public) in [
            (format!(r#"{narrow}, "StringEquals": {{"aws:RequestedRegion": "y"}}"#), true),
            (format!(r#""StringEquals": {{"aws:RequestedRegion": "y"}}, {narrow}"#), false),
        ] {
            let policy =
                format!(r#"{{"Statement": {{"Effect": "Allow", "Principal": "*", "Condition": {{{condition}}}}}}}"#);
            let record = json!({"requestParameters": {"policy": policy}});
            assert_eq!(granted(&record).unwrap().public, public, "{policy}");
        }
    }

    #[test]
    fn documents_are_read_from_text_url_encoding_and_objects() {
        let policy = json!({"Statement": {"Effect": "Allow", "Action": ["iam:Get*", "*"], "Resource": "*"}});
        let encoded: String = policy.to_string().bytes().map(|b| format!("%{b:02X}")).collect();
        for value in [policy.clone(), policy.to_string().into(), encoded.into()] {
            let json = json!({"requestParameters": {"policyDocument": value}});
            assert!(granted(&json).unwrap().admin, "{json}");
        }
        assert_eq!(granted(&json!({"requestParameters": {"policyDocument": "%7Bbroken%", "policy": ""}})), None);
        assert_eq!(granted(&json!({"requestParameters": null})), None);
    }

    #[test]
    fn named_accounts_are_collected() {
        let found = read(json!({"Statement": [{"Effect": "Allow", "Principal":
            {"AWS": ["111122223333", "arn:aws:iam::444455556666:role/x", "AROAEXAMPLE", "arn:aws:iam::156460612806:root"]}}]}));
        let ids: Vec<String> = found.accounts.iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["111122223333", "444455556666"]);
    }
}
