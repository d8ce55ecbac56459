//! Access keys beside the agency's: IAM users and roots of clients, temporary credentials of a profile.

use crate::{
    client::{Sim, refusal},
    world::{AGENCY, EXTERNAL_ID, PAYER, PAYER_ROLE, STANDALONE, id, role_arn},
};
use aws_credential_types::Credentials;
use bailiwick::{
    domain::AccountId,
    sim::server::{ServeOptions, SimKey, SimKeyKind},
};

const USER_KEY: &str = "AKIACLIENTUSER000001";
const ROOT_KEY: &str = "AKIACLIENTROOT000001";
const SSO_KEY: &str = "ASIAAGENCYSSO0000001";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE==";

fn key(access_key: &str, account: AccountId, kind: SimKeyKind, allowed: &[&str]) -> SimKey {
    let allowed = allowed.iter().map(|&action| action.to_owned()).collect();
    SimKey { access_key: access_key.to_owned(), token: None, account, kind, allowed }
}

fn start() -> Sim {
    let user = SimKeyKind::User { name: "auditor".to_owned() };
    let sso = SimKeyKind::Session { role: "AWSReservedSSO_Ops_0123456789abcdef".to_owned(), name: "me".to_owned() };
    let sso = key(SSO_KEY, AGENCY.parse().unwrap(), sso, &["sts:AssumeRole"]);
    Sim::with(ServeOptions {
        keys: vec![
            key(USER_KEY, id(PAYER), user, &["ce:Get*", "organizations:ListAccounts"]),
            key(ROOT_KEY, id(STANDALONE), SimKeyKind::Root, &["*"]),
            SimKey { token: Some(TOKEN.to_owned()), ..sso },
        ],
        ..ServeOptions::default()
    })
}

fn credentials(access_key: &str, token: Option<&str>) -> Credentials {
    Credentials::new(access_key, "any secret goes", token.map(str::to_owned), None, "test")
}

fn sts(sim: &Sim, access_key: &str, token: Option<&str>) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(&sim.config(credentials(access_key, token), "us-east-1"))
}

/// Account, ARN and user id.
async fn identity(sim: &Sim, access_key: &str, token: Option<&str>) -> (String, String, String) {
    let answer = sts(sim, access_key, token).get_caller_identity().send().await.unwrap();
    let [account, arn, user] = [answer.account(), answer.arn(), answer.user_id()].map(|text| text.unwrap().to_owned());
    (account, arn, user)
}

#[tokio::test]
async fn every_key_knows_whose_it_is() {
    let sim = start();
    let (account, arn, user) = identity(&sim, USER_KEY, None).await;
    assert_eq!((account, arn), (PAYER.to_string(), format!("arn:aws:iam::{PAYER}:user/auditor")));
    assert!(user.starts_with("AIDA") && user.len() == 20, "{user}");
    let root = (STANDALONE.to_string(), format!("arn:aws:iam::{STANDALONE}:root"), STANDALONE.to_string());
    assert_eq!(identity(&sim, ROOT_KEY, None).await, root);
    let (account, arn, user) = identity(&sim, SSO_KEY, Some(TOKEN)).await;
    let role = "AWSReservedSSO_Ops_0123456789abcdef";
    assert_eq!((account.as_str(), arn), (AGENCY, format!("arn:aws:sts::{AGENCY}:assumed-role/{role}/me")));
    assert!(user.starts_with("AROA") && user.ends_with(":me"), "{user}");
    for (key, token) in [(USER_KEY, Some(TOKEN)), (SSO_KEY, None), (SSO_KEY, Some("another"))] {
        let (status, code, _) = refusal(sts(&sim, key, token).get_caller_identity().send().await);
        assert_eq!((status, code.as_str()), (403, "InvalidClientTokenId"), "{key} {token:?}");
    }
}

#[tokio::test]
async fn a_user_may_do_what_its_policy_allows() {
    let sim = start();
    let config = sim.config(credentials(USER_KEY, None), "us-east-1");
    let accounts = aws_sdk_organizations::Client::new(&config).list_accounts().send().await.unwrap();
    assert_eq!(accounts.accounts().len(), 20);
    let events = aws_sdk_cloudtrail::Client::new(&config);
    let words = format!(
        "User: arn:aws:iam::{PAYER}:user/auditor is not authorized to perform: cloudtrail:LookupEvents because no \
         identity-based policy allows the cloudtrail:LookupEvents action"
    );
    assert_eq!(refusal(events.lookup_events().send().await), (400, "AccessDeniedException".into(), words));
    let root = sim.config(credentials(ROOT_KEY, None), "eu-west-1");
    let root = aws_sdk_cloudtrail::Client::new(&root);
    root.lookup_events().send().await.unwrap();
    // A root has no policy that could lack an action.
    sim.troubles(&["action-missing:cloudtrail:LookupEvents", "action-missing:organizations:ListAccounts"]);
    root.lookup_events().send().await.unwrap();
    let lacking = aws_sdk_organizations::Client::new(&config).list_accounts().send().await;
    assert_eq!(refusal(lacking).1, "AccessDeniedException");
}

#[tokio::test]
async fn who_may_assume_roles_with_a_key() {
    let sim = start();
    let assume = async |key: &str, token: Option<&str>, seconds: i32| {
        let sts = sts(&sim, key, token);
        let request = sts.assume_role().role_arn(role_arn(PAYER, "admin")).role_session_name("bailiwick-test");
        request.external_id(EXTERNAL_ID).duration_seconds(seconds).send().await
    };
    assume(SSO_KEY, Some(TOKEN), 3_600).await.unwrap();
    let (_, _, message) = refusal(assume(SSO_KEY, Some(TOKEN), 3_601).await);
    assert!(message.contains("role chaining"), "a signed-in role chains: {message}");
    let root = "Roles may not be assumed by root accounts.".to_owned();
    assert_eq!(refusal(assume(ROOT_KEY, None, 3_600).await), (403, "AccessDenied".into(), root));
    let (status, code, message) = refusal(assume(USER_KEY, None, 3_600).await);
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    assert!(message.ends_with("because no identity-based policy allows the sts:AssumeRole action"), "{message}");
}

#[tokio::test]
async fn troubles_of_credentials_are_the_accounts_of_the_key() {
    let sim = start();
    sim.troubles(&[&format!("credentials-refused@{PAYER}"), &format!("credentials-expired@{STANDALONE}")]);
    let refused = async |key| refusal(sts(&sim, key, None).get_caller_identity().send().await).1;
    assert_eq!(
        (refused(USER_KEY).await, refused(ROOT_KEY).await),
        ("InvalidClientTokenId".into(), "ExpiredToken".into())
    );
    sim.session(PAYER, PAYER_ROLE, None).await;
    sim.troubles(&[&format!("wrong-account@{PAYER}"), &format!("wrong-partition@{STANDALONE}")]);
    let (account, arn, _) = identity(&sim, USER_KEY, None).await;
    assert_eq!((account.as_str(), arn.as_str()), ("123456789012", "arn:aws:iam::123456789012:user/auditor"));
    assert_eq!(identity(&sim, ROOT_KEY, None).await.1, format!("arn:aws-cn:iam::{STANDALONE}:root"));
}
