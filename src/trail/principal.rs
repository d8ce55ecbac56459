//! Who acted, under a name that stays the same over sessions. Shapes: AWS, "CloudTrail userIdentity element".

use super::{
    json::Part,
    parse::{bounded, text},
};
use crate::domain::{AccountId, Principal, PrincipalKind, Untrusted};

/// Longest name that is kept, in characters; an ARN has at most 2,048, a name within IAM at most 600.
const NAME_LIMIT: usize = 600;

/// The principal of a record. `userIdentity` is absent from many service events: then the service itself acted.
pub fn principal(json: Part<'_>) -> Principal {
    let event_source = text(json, "/eventSource").unwrap_or("unknown");
    let Some(identity) = json.get("userIdentity").filter(|v| v.fields().is_some()) else {
        return named(PrincipalKind::Service, format!("service:{event_source}"), None, None);
    };
    let account: Option<AccountId> = text(identity, "/accountId").and_then(|a| a.parse().ok());
    let arn = text(identity, "/arn");
    let user = text(identity, "/userName");
    let id = text(identity, "/principalId");
    let owner = account.map(|a| a.to_string()).unwrap_or_default();
    let partition = arn.and_then(|a| a.split(':').nth(1)).filter(|p| p.starts_with("aws")).unwrap_or("aws");
    match text(identity, "/type").unwrap_or("") {
        "Root" => named(PrincipalKind::Root, format!("arn:{partition}:iam::{owner}:root"), None, account),
        "IAMUser" => {
            let actor = match (arn, user) {
                (Some(arn), _) => arn.to_owned(),
                (None, Some(user)) => format!("arn:{partition}:iam::{owner}:user/{user}"),
                (None, None) => format!("user:{}", id.unwrap_or("unknown")),
            };
            named(PrincipalKind::User, actor, None, account)
        }
        "AssumedRole" | "Role" => role(identity, arn, partition, account),
        "AWSAccount" => {
            let account = account.or_else(|| text(json, "/userIdentity/principalId")?.split(':').next()?.parse().ok());
            let actor = match account {
                Some(account) => format!("account:{account}"),
                None => format!("account:{}", id.unwrap_or("unknown")),
            };
            named(PrincipalKind::Account, actor, session_of_id(id), account)
        }
        "AWSService" => {
            let host = text(identity, "/invokedBy").unwrap_or(event_source);
            named(PrincipalKind::Service, format!("service:{host}"), None, account)
        }
        "FederatedUser" => {
            let actor = arn.or(user).or(id).unwrap_or("federated-user");
            named(PrincipalKind::Federated, actor.to_owned(), None, account)
        }
        "SAMLUser" => federated("saml", identity, user.or(id), account),
        "WebIdentityUser" => federated("web", identity, user.or(id), account),
        "IdentityCenterUser" => {
            let user = text(identity, "/onBehalfOf/userId").or(user).or(id);
            federated("identity-center", identity, user, account)
        }
        "Directory" => federated("directory", identity, user.or(id), account),
        _ => match (arn, text(identity, "/invokedBy")) {
            (Some(arn), _) => named(PrincipalKind::Unknown, arn.to_owned(), None, account),
            (None, Some(host)) => named(PrincipalKind::Service, format!("service:{host}"), None, account),
            (None, None) => {
                let who = user.or(id).unwrap_or("unknown");
                named(PrincipalKind::Unknown, format!("unknown:{who}"), None, account)
            }
        },
    }
}

fn role(identity: Part<'_>, arn: Option<&str>, partition: &str, account: Option<AccountId>) -> Principal {
    let session = arn.and_then(|a| a.split_once(":assumed-role/")).and_then(|(_, r)| r.split_once('/')).map(|(_, s)| s);
    let id = text(identity, "/principalId");
    let session = session.map(|s| bounded(s, NAME_LIMIT)).or_else(|| session_of_id(id));
    let issuer = text(identity, "/sessionContext/sessionIssuer/arn").filter(|a| a.contains(":role/"));
    let rebuilt = || {
        let (_, resource) = arn?.split_once(":assumed-role/")?;
        let owner = arn?.split(':').nth(4)?;
        Some(format!("arn:{partition}:iam::{owner}:role/{}", resource.split('/').next()?))
    };
    let actor = issuer
        .map(str::to_owned)
        .or_else(rebuilt)
        .or_else(|| arn.map(str::to_owned))
        .unwrap_or_else(|| format!("role:{}", id.and_then(|i| i.split(':').next()).unwrap_or("unknown")));
    named(PrincipalKind::Role, actor, session, account)
}

fn federated(scheme: &str, identity: Part<'_>, user: Option<&str>, account: Option<AccountId>) -> Principal {
    let user = user.unwrap_or("unknown");
    let actor = match text(identity, "/identityProvider") {
        Some(provider) => format!("{scheme}:{provider}:{user}"),
        None => format!("{scheme}:{user}"),
    };
    named(PrincipalKind::Federated, actor, None, account)
}

/// The part after the colon of `AROAEXAMPLE:session`.
fn session_of_id(id: Option<&str>) -> Option<Untrusted> {
    id?.split_once(':').map(|(_, session)| bounded(session, NAME_LIMIT))
}

fn named(kind: PrincipalKind, actor: String, session: Option<Untrusted>, account: Option<AccountId>) -> Principal {
    Principal { kind, actor: bounded(&actor, NAME_LIMIT), session, account }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Json;
    use rstest::rstest;
    use serde_json::{Value, json};

    const A: &str = "111122223333";

    #[rstest]
    #[case(json!({"type": "Root", "accountId": A, "arn": "arn:aws-us-gov:iam::111122223333:root"}), "arn:aws-us-gov:iam::111122223333:root", None)]
    #[case(json!({"type": "Root", "accountId": A}), "arn:aws:iam::111122223333:root", None)]
    #[case(json!({"type": "IAMUser", "accountId": A, "arn": "arn:aws:iam::111122223333:user/ops/amy", "userName": "amy"}), "arn:aws:iam::111122223333:user/ops/amy", None)]
    #[case(json!({"type": "IAMUser", "accountId": A, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}), "arn:aws:iam::111122223333:user/HIDDEN_DUE_TO_SECURITY_REASONS", None)]
    #[case(json!({"type": "AssumedRole", "accountId": A, "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/run-7",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/ci/Deploy"}}}), "arn:aws:iam::111122223333:role/ci/Deploy", Some("run-7"))]
    #[case(json!({"type": "AssumedRole", "accountId": A, "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/run-7"}), "arn:aws:iam::111122223333:role/Deploy", Some("run-7"))]
    #[case(json!({"type": "AssumedRole", "principalId": "AROAEXAMPLE:i-0abc"}), "role:AROAEXAMPLE", Some("i-0abc"))]
    #[case(json!({"type": "AWSAccount", "accountId": "999988887777", "principalId": "AROAEXAMPLE:vendor"}), "account:999988887777", Some("vendor"))]
    #[case(json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}), "service:ec2.amazonaws.com", None)]
    #[case(json!({"type": "SAMLUser", "principalId": "x:amy", "userName": "amy", "identityProvider": "idp"}), "saml:idp:amy", None)]
    #[case(json!({"type": "WebIdentityUser", "userName": "repo:o/r:ref", "identityProvider": "oidc"}), "web:oidc:repo:o/r:ref", None)]
    #[case(json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1", "identityStoreArn": "s"}}), "identity-center:u-1", None)]
    #[case(json!({"type": "Directory", "userName": "amy"}), "directory:amy", None)]
    #[case(json!({"invokedBy": "autoscaling.amazonaws.com"}), "service:autoscaling.amazonaws.com", None)]
    #[case(json!({"type": "Unknown"}), "unknown:unknown", None)]
    #[case(json!(null), "service:sts.amazonaws.com", None)]
    fn every_identity_has_a_stable_name(#[case] identity: Value, #[case] actor: &str, #[case] session: Option<&str>) {
        let found =
            principal(Json::from(&json!({"eventSource": "sts.amazonaws.com", "userIdentity": identity})).root());
        assert_eq!(found.actor, actor);
        assert_eq!(found.session, session.map(Untrusted::from));
    }
}
