//! Why a role does not open, from what its owner sees of it: the output of `aws iam get-role`. This decides what AWS's
//! answer to us leaves open.

mod statement;

use crate::domain::{ExternalId, Failure, FailureKind, RoleArn, Untrusted};
use serde_json::Value;
use statement::{Reading, Statement};

/// Largest document that is read; a trust policy has at most 4,096 characters (IAM quotas).
const LIMIT: usize = 256 << 10;

/// What the document shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnosis {
    /// The trust policy lets us in, as far as it can be understood; the conditions that cannot are named.
    Fits {
        /// Condition keys that only AWS can judge.
        unknown: Vec<String>,
    },
    /// It does not, or lets in too much.
    Cause(Failure),
}

/// Why a document cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document is not what `aws iam get-role --role-name NAME` prints: {0}")]
pub struct DocumentError(String);

/// Judges the document of a role: does it let in `us` (an ARN as `GetCallerIdentity` gives it) with this ExternalId?
///
/// # Errors
/// When it is not the document of a role.
pub fn diagnose(
    document: &str,
    role: &RoleArn,
    external_id: &ExternalId,
    us: &str,
) -> Result<Diagnosis, DocumentError> {
    let bad = |why: String| DocumentError(why);
    if document.len() > LIMIT {
        return Err(bad(format!("it has {} bytes", document.len())));
    }
    if document.contains("NoSuchEntity") {
        return Ok(Diagnosis::Cause(Failure::new(
            FailureKind::RoleMissing,
            format!("IAM says that there is no role {} in account {}", role.name(), role.account()),
            "have the stack or stack set deployed in this account, or connect the role by its right name",
        )));
    }
    let json: Value = serde_json::from_str(document.trim()).map_err(|e| bad(format!("no JSON: {e}")))?;
    let found = json.get("Role").unwrap_or(&json);
    if let Some(arn) = found.get("Arn").and_then(Value::as_str)
        && arn != role.to_string()
    {
        return Ok(Diagnosis::Cause(Failure::new(
            FailureKind::RoleMissing,
            format!("the document is of {}, not of {role}", Untrusted::new(arn).for_tui(120)),
            "connect the role by the ARN in the document, path included",
        )));
    }
    let policy = found.get("AssumeRolePolicyDocument").unwrap_or(found);
    let statements = match policy.get("Statement") {
        Some(Value::Array(many)) => many.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => return Err(bad("it has no trust policy (AssumeRolePolicyDocument)".into())),
    };
    let statements: Vec<Statement> = statements
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(|e| bad(format!("its trust policy cannot be read: {e}")))?;
    Ok(judge(&statements, role, external_id, us))
}

fn judge(statements: &[Statement], role: &RoleArn, external_id: &ExternalId, us: &str) -> Diagnosis {
    let about: Vec<(&Statement, Reading)> =
        statements.iter().filter(|s| s.assumes()).map(|s| (s, s.read(external_id, us))).collect();
    let denying: Vec<&Reading> = about.iter().filter(|(s, r)| s.effect == "Deny" && r.fits()).map(|(_, r)| r).collect();
    let denied = denying.iter().any(|r| r.unknown.is_empty());
    let allowed: Vec<&Reading> = about.iter().filter(|(s, _)| s.effect == "Allow").map(|(_, r)| r).collect();
    let us = Untrusted::new(us).for_tui(160);
    let ours: Vec<&&Reading> = allowed.iter().filter(|r| r.names_us).collect();
    let cause = |kind, what: String, next: &str| Diagnosis::Cause(Failure::new(kind, what, next));
    if denied {
        return cause(
            FailureKind::PrincipalNotTrusted,
            format!("the trust policy of {role} denies us ({us}) by a statement of its own"),
            "ask the client to take the Deny statement out, or to except us from it",
        );
    }
    if ours.is_empty() {
        return cause(
            FailureKind::PrincipalNotTrusted,
            format!("the trust policy of {role} does not name us: we act as {us}"),
            "have the role updated from `bailiwick role render`, or use the credentials that it names",
        );
    }
    // A Deny of all ExternalIds but some may ask for the one that an Allow does not; a Deny of none lets in any.
    let of_others = |condition: &String| {
        let condition = condition.to_ascii_lowercase();
        condition.starts_with("stringnot") && condition.contains("sts:externalid")
    };
    let asked_elsewhere = denying.iter().any(|r| r.unknown.iter().any(of_others));
    // One statement is enough to let us in. The first that leaves it open who else is let in decides, then one that is
    // understood as a whole.
    let open = |r: &Reading| !asked_elsewhere && !r.asks_for_id && r.unknown.is_empty();
    match ours.iter().filter(|r| r.fits()).min_by_key(|r| (!open(r), !r.unknown.is_empty())) {
        Some(reading) if open(reading) => cause(
            FailureKind::Quarantined,
            format!(
                "the trust policy of {role} lets us in and asks for no ExternalId, or takes others than this client's too"
            ),
            "have the condition StringEquals sts:ExternalId put into it, as the template has it",
        ),
        Some(reading) => {
            let denying = denying.iter().flat_map(|r| &r.unknown).map(|key| format!("not {key}, of a Deny"));
            Diagnosis::Fits { unknown: reading.unknown.iter().cloned().chain(denying).collect() }
        }
        None => match ours.iter().find_map(|r| r.other_mismatch.clone().filter(|_| !r.other_id)) {
            Some(condition) => cause(
                FailureKind::PrincipalNotTrusted,
                format!(
                    "the trust policy of {role} names our account, and its condition {condition} keeps us ({us}) out"
                ),
                "have the role updated from `bailiwick role render`, or use the credentials that it names",
            ),
            None => cause(
                FailureKind::ExternalIdWrong,
                format!("the trust policy of {role} names us and asks for another ExternalId than this client's"),
                "have the role updated from `bailiwick role render`; for a role that was made for another tool, connect it with --external-id",
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const US: &str = "arn:aws:sts::111122223333:assumed-role/ops/ines";
    const ID: &str = "bw-abcdefghijklmnopqrstuvwxyz234567";

    fn found(document: &str) -> Diagnosis {
        let role = "arn:aws:iam::444455556666:role/bailiwick/bailiwick-payer".parse().unwrap();
        diagnose(document, &role, &ID.parse().unwrap(), US).unwrap()
    }

    fn document(principal: &str, condition: &str) -> String {
        format!(
            r#"{{"Role":{{"RoleName":"bailiwick-payer","Arn":"arn:aws:iam::444455556666:role/bailiwick/bailiwick-payer",
            "AssumeRolePolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":{principal}}},
            "Action":"sts:AssumeRole","Condition":{condition}}}]}}}}}}"#
        )
    }

    const RIGHT: &str = r#"{"StringEquals":{"sts:ExternalId":"bw-abcdefghijklmnopqrstuvwxyz234567"},"StringLike":{"sts:RoleSessionName":"bailiwick-*"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*ops"}}"#;

    #[rstest]
    #[case(r#""arn:aws:iam::111122223333:root""#, RIGHT, None)]
    #[case(r#"["999900001111","111122223333"]"#, RIGHT, None)]
    #[case(
        r#""arn:aws:iam::111122223333:role/team/ops""#,
        r#"{"StringLike":{"sts:ExternalId":"bw-abcdefghijklmnopqrstuvwxyz23*"}}"#,
        None
    )]
    #[case(
        r#""111122223333""#,
        r#"{"StringEqualsIgnoreCase":{"sts:ExternalId":"BW-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"}}"#,
        None
    )]
    // The gate quarantines these: other ExternalIds are let in.
    #[case(
        r#""arn:aws:iam::111122223333:role/team/ops""#,
        r#"{"StringLike":{"sts:ExternalId":"bw-*"}}"#,
        Some(FailureKind::Quarantined)
    )]
    #[case(r#""111122223333""#, r#"{"StringLike":{"sts:ExternalId":"*"}}"#, Some(FailureKind::Quarantined))]
    #[case(r#""arn:aws:iam::999900001111:root""#, RIGHT, Some(FailureKind::PrincipalNotTrusted))]
    #[case(r#""arn:aws:iam::111122223333:role/other""#, RIGHT, Some(FailureKind::PrincipalNotTrusted))]
    #[case(
        r#""111122223333""#,
        r#"{"StringEquals":{"sts:ExternalId":"bw-another"}}"#,
        Some(FailureKind::ExternalIdWrong)
    )]
    #[case(r#""111122223333""#, "{}", Some(FailureKind::Quarantined))]
    #[case(r#""111122223333""#, r#"{"StringEquals":{"sts:ExternalId":"bw-abcdefghijklmnopqrstuvwxyz234567"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*dev"}}"#, Some(FailureKind::PrincipalNotTrusted))]
    fn the_trust_policy_decides(#[case] principal: &str, #[case] condition: &str, #[case] kind: Option<FailureKind>) {
        match (found(&document(principal, condition)), kind) {
            (Diagnosis::Fits { unknown }, None) => assert_eq!(unknown, [""; 0]),
            (Diagnosis::Cause(failure), Some(kind)) => {
                assert_eq!(failure.kind, kind, "{failure:?}");
                assert!(!format!("{failure:?}").contains(ID), "an ExternalId is not repeated");
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn a_missing_role_and_one_of_another_path_are_told() {
        let missing = "An error occurred (NoSuchEntity) when calling the GetRole operation: The role with name x cannot be found.";
        let Diagnosis::Cause(failure) = found(missing) else { panic!() };
        assert_eq!(failure.kind, FailureKind::RoleMissing);
        let other = document(r#""111122223333""#, RIGHT).replace("role/bailiwick/", "role/");
        let Diagnosis::Cause(failure) = found(&other) else { panic!() };
        assert_eq!(failure.kind, FailureKind::RoleMissing);
        assert!(failure.what.contains("arn:aws:iam::444455556666:role/bailiwick-payer"), "{failure:?}");
    }

    #[test]
    fn what_only_aws_can_judge_is_named() {
        let condition = r#"{"StringEquals":{"sts:ExternalId":"bw-abcdefghijklmnopqrstuvwxyz234567"},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#;
        let Diagnosis::Fits { unknown } = found(&document(r#""111122223333""#, condition)) else { panic!() };
        assert_eq!(unknown, ["IpAddress aws:SourceIp"]);
    }

    /// The document of a role with several statements, each of which names us.
    fn of_statements(statements: &[(&str, &str)]) -> Diagnosis {
        let statement = |(effect, condition): &(&str, &str)| {
            format!(
                r#"{{"Effect":"{effect}","Principal":{{"AWS":"111122223333"}},"Action":"sts:AssumeRole","Condition":{condition}}}"#
            )
        };
        let statements: Vec<String> = statements.iter().map(statement).collect();
        found(&format!(r#"{{"Statement":[{}]}}"#, statements.join(",")))
    }

    #[rstest]
    #[case("{}", Err(FailureKind::PrincipalNotTrusted))]
    #[case(r#"{"StringLike":{"sts:RoleSessionName":"bailiwick-*"}}"#, Err(FailureKind::PrincipalNotTrusted))]
    #[case(r#"{"StringLike":{"sts:RoleSessionName":"mallory-*"}}"#, Ok(""))]
    #[case(r#"{"StringEquals":{"sts:ExternalId":"bw-another"},"Bool":{"aws:SecureTransport":"false"}}"#, Ok(""))]
    #[case(r#"{"Bool":{"aws:SecureTransport":"false"}}"#, Ok("not Bool aws:SecureTransport, of a Deny"))]
    #[case(
        r#"{"StringNotEquals":{"sts:ExternalId":"bw-abcdefghijklmnopqrstuvwxyz234567"}}"#,
        Ok("not StringNotEquals sts:ExternalId, of a Deny")
    )]
    fn a_deny_keeps_us_out_only_if_all_its_conditions_are_understood(
        #[case] condition: &str,
        #[case] expected: Result<&str, FailureKind>,
    ) {
        let said = match of_statements(&[("Allow", RIGHT), ("Deny", condition)]) {
            Diagnosis::Fits { unknown } => Ok(unknown.join("; ")),
            Diagnosis::Cause(failure) => Err(failure.kind),
        };
        assert_eq!(said, expected.map(str::to_owned));
    }

    #[test]
    fn a_deny_may_ask_for_the_external_id_that_an_allow_does_not() {
        let deny = format!(r#"{{"StringNotEquals":{{"sts:ExternalId":"{ID}"}}}}"#);
        let Diagnosis::Fits { unknown } = of_statements(&[("Allow", "{}"), ("Deny", &deny)]) else { panic!() };
        assert_eq!(unknown, ["not StringNotEquals sts:ExternalId, of a Deny"]);
        // One about something else, or that asks for any id at all, leaves it open.
        for deny in [r#"{"Bool":{"aws:SecureTransport":"false"}}"#, r#"{"Null":{"sts:ExternalId":"true"}}"#] {
            let Diagnosis::Cause(failure) = of_statements(&[("Allow", "{}"), ("Deny", deny)]) else { panic!("{deny}") };
            assert_eq!(failure.kind, FailureKind::Quarantined);
        }
    }

    #[rstest]
    // The path of our role is not in our ARN, so that only AWS can say whether these are about us.
    #[case(
        "ArnLike",
        "aws:PrincipalArn",
        "arn:aws:iam::111122223333:role/*/sso.amazonaws.com/*/ops_*",
        Ok("ArnLike aws:PrincipalArn")
    )]
    #[case(
        "StringLike",
        "aws:PrincipalArn",
        "arn:aws:iam::111122223333:role/team-?",
        Ok("StringLike aws:PrincipalArn")
    )]
    #[case("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ops", Ok("StringLike aws:PrincipalArn"))]
    #[case("StringLike", "aws:PrincipalArn", "*", Ok("StringLike aws:PrincipalArn"))]
    #[case("ArnLike", "aws:PrincipalArn", "arn:aws:iam::99990000111?:role/ops", Err("aws:PrincipalArn"))]
    #[case("StringLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/other", Err("aws:PrincipalArn"))]
    #[case("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:root", Err("aws:PrincipalArn"))]
    #[case("StringEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:root", Err("aws:PrincipalArn"))]
    #[case("StringEquals", "aws:PrincipalArn", US, Err("aws:PrincipalArn"))]
    // Compared letter by letter.
    #[case("StringEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*ops", Err("aws:PrincipalArn"))]
    #[case("StringEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/ops", Ok(""))]
    #[case("StringEquals", "sts:RoleSessionName", "bailiwick-*", Err("sts:RoleSessionName"))]
    fn a_condition_is_compared_as_its_operator_does(
        #[case] operator: &str,
        #[case] key: &str,
        #[case] value: &str,
        #[case] expected: Result<&str, &str>,
    ) {
        let condition = format!(r#"{{"StringEquals":{{"sts:ExternalId":"{ID}"}},"{operator}":{{"{key}":"{value}"}}}}"#);
        let condition = match operator {
            "StringEquals" => format!(r#"{{"StringEquals":{{"sts:ExternalId":"{ID}","{key}":"{value}"}}}}"#),
            _ => condition,
        };
        match (found(&document(r#""111122223333""#, &condition)), expected) {
            (Diagnosis::Fits { unknown }, Ok(expected)) => assert_eq!(unknown.join("; "), expected),
            (Diagnosis::Cause(failure), Err(key)) => {
                assert_eq!(failure.kind, FailureKind::PrincipalNotTrusted);
                assert!(failure.what.contains(&format!("its condition {key} keeps us")), "{}", failure.what);
            }
            (other, _) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pattern_of_the_client_takes_no_time() {
        let condition = format!(r#"{{"StringLike":{{"sts:ExternalId":"{}Z"}}}}"#, "*".repeat(40));
        let Diagnosis::Cause(failure) = found(&document(r#""111122223333""#, &condition)) else { panic!() };
        assert_eq!(failure.kind, FailureKind::ExternalIdWrong);
    }

    #[test]
    fn an_open_statement_counts_wherever_it_stands() {
        for statements in [[("Allow", RIGHT), ("Allow", "{}")], [("Allow", "{}"), ("Allow", RIGHT)]] {
            let Diagnosis::Cause(failure) = of_statements(&statements) else { panic!() };
            assert_eq!(failure.kind, FailureKind::Quarantined);
        }
    }

    #[test]
    fn where_a_condition_is_not_understood_nothing_is_said_of_the_external_id() {
        let condition = r#"{"StringEqualsIfExists":{"sts:ExternalId":"bw-abcdefghijklmnopqrstuvwxyz234567"}}"#;
        let Diagnosis::Fits { unknown } = found(&document(r#""111122223333""#, condition)) else { panic!() };
        assert_eq!(unknown, ["StringEqualsIfExists sts:ExternalId"]);
    }

    #[test]
    fn what_is_no_document_is_an_error() {
        let role = "arn:aws:iam::444455556666:role/x".parse().unwrap();
        for bad in ["", "{}", "[]", "{\"Role\":{}}", "{\"Statement\":[7]}", &"x".repeat(LIMIT + 1), "\u{1b}[2J"] {
            let error = diagnose(bad, &role, &ID.parse().unwrap(), US).unwrap_err().to_string();
            assert!(error.contains("aws iam get-role") && !error.contains('\u{1b}') && error.len() < 400, "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_is_a_panic(text in ".{0,400}") {
            let role = "arn:aws:iam::444455556666:role/x".parse().unwrap();
            let _ = diagnose(&text, &role, &ID.parse().unwrap(), US);
        }
    }
}
