//! Troubles of trust and permission: who may assume a role, and what its sessions may do.

use crate::{
    client::{Sim, credentials, refusal},
    world::{AGENCY, EXTERNAL_ID, MEMBER_ROLE, PAYER, PAYER_ROLE, role_arn},
};
use aws_credential_types::Credentials;
use aws_sdk_sts::{error::SdkError, operation::assume_role::AssumeRoleError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::app_name::AppName;
use bailiwick::sim::server::OTHER_EXTERNAL_ID;
use rstest::rstest;

/// An ExternalId of the form that ours have, and one of another.
const DECOY: &str = "bw-0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM: &str = "f5a1c0de-1111-2222-3333-444455556666";

type Assumed = Result<Credentials, SdkError<AssumeRoleError, HttpResponse>>;

async fn assume(sim: &Sim, account: u64, role: &str, external_id: Option<&str>) -> Assumed {
    let request = sim.sts().assume_role().role_arn(role_arn(account, role)).role_session_name("bailiwick-test");
    let answer = request.set_external_id(external_id.map(str::to_owned)).send().await?;
    Ok(credentials(&answer.credentials.unwrap()))
}

#[rstest]
#[case("role-missing")]
#[case("principal-not-trusted")]
#[case("external-id-wrong")]
#[case("account-suspended")]
#[tokio::test]
async fn every_failure_of_trust_says_the_same_and_ends_when_it_is_cleared(#[case] trouble: &str) {
    let sim = Sim::start();
    let ordinary = refusal(assume(&sim, PAYER, PAYER_ROLE, Some(RANDOM)).await);
    assert_eq!((ordinary.0, ordinary.1.as_str()), (403, "AccessDenied"));
    for at in [trouble.to_owned(), format!("{trouble}@{PAYER}")] {
        sim.troubles(&[&at]);
        assert_eq!(refusal(assume(&sim, PAYER, PAYER_ROLE, Some(EXTERNAL_ID)).await), ordinary, "{at}");
    }
    assume(&sim, PAYER + 1, MEMBER_ROLE, Some(EXTERNAL_ID)).await.expect("the trouble was named for another account");
    sim.troubles(&[]);
    assume(&sim, PAYER, PAYER_ROLE, Some(EXTERNAL_ID)).await.unwrap();
}

#[rstest]
#[case::sound(&[], [true, false, false, false, false])]
#[case::ignored(&["external-id-ignored"], [true, true, true, true, true])]
#[case::loose(&["external-id-loose"], [true, false, false, true, true])]
#[case::wrong(&["external-id-wrong"], [false, false, false, false, true])]
#[case::ignored_by_a_stranger(&["external-id-ignored", "principal-not-trusted"], [false; 5])]
#[tokio::test]
async fn the_external_id_is_heeded_as_the_trust_policy_says(#[case] troubles: &[&str], #[case] opens: [bool; 5]) {
    let sim = Sim::start();
    sim.troubles(troubles);
    let ids = [Some(EXTERNAL_ID), None, Some(RANDOM), Some(DECOY), Some(OTHER_EXTERNAL_ID)];
    for (id, open) in ids.into_iter().zip(opens) {
        assert_eq!(assume(&sim, PAYER, PAYER_ROLE, id).await.is_ok(), open, "{id:?}");
    }
}

#[tokio::test]
async fn our_own_missing_permission_is_said_as_such() {
    let sim = Sim::start();
    sim.troubles(&[&format!("own-permission-missing@{PAYER}")]);
    let (status, code, message) = refusal(assume(&sim, PAYER, PAYER_ROLE, Some(EXTERNAL_ID)).await);
    let arn = role_arn(PAYER, PAYER_ROLE);
    let words = format!(
        "User: arn:aws:iam::{AGENCY}:user/bailiwick-sre is not authorized to perform: sts:AssumeRole on resource: {arn} \
         because no identity-based policy allows the sts:AssumeRole action"
    );
    assert_eq!((status, code.as_str(), message), (403, "AccessDenied", words));
    assume(&sim, PAYER + 1, MEMBER_ROLE, Some(EXTERNAL_ID)).await.unwrap();
}

#[tokio::test]
async fn an_administrator_may_do_what_the_session_policy_allows_and_no_more() {
    let sim = Sim::start();
    sim.troubles(&[&format!("any-account-admin@{}", PAYER + 1)]);
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"organizations:*","Resource":"*"}}"#;
    let list = async |session| {
        let client = aws_sdk_organizations::Client::new(&sim.config(session, "us-east-1"));
        refusal(client.list_accounts().send().await).2
    };
    let look =
        async |session| aws_sdk_cloudtrail::Client::new(&sim.config(session, "us-east-1")).lookup_events().send().await;
    // Past its policies, a member is still no management account.
    let whole = sim.session(PAYER + 1, MEMBER_ROLE, None).await;
    assert_eq!(list(whole.clone()).await, "You don't have permissions to access this resource.");
    look(whole).await.unwrap();
    let narrow = sim.session(PAYER + 1, MEMBER_ROLE, Some(policy)).await;
    assert_eq!(list(narrow.clone()).await, "You don't have permissions to access this resource.");
    assert!(
        refusal(look(narrow).await).2.ends_with("because no session policy allows the cloudtrail:LookupEvents action")
    );
    let other = sim.session(PAYER + 3, MEMBER_ROLE, None).await;
    assert!(
        list(other).await.ends_with("because no identity-based policy allows the organizations:ListAccounts action")
    );
}

#[rstest]
#[case(
    "action-missing:cloudtrail:LookupEvents",
    "because no identity-based policy allows the cloudtrail:LookupEvents action"
)]
#[case("denied-by-organization:cloudtrail:LookupEvents", "with an explicit deny in a service control policy")]
#[tokio::test]
async fn a_missing_or_denied_action_is_named_with_its_reason(#[case] trouble: &str, #[case] why: &str) {
    let sim = Sim::start();
    let member = sim.cloudtrail(PAYER + 1, MEMBER_ROLE, "eu-west-1").await;
    let payer = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    sim.troubles(&[trouble]);
    let words = |account: u64, role: &str| {
        let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/bailiwick-test");
        let message = format!("User: {arn} is not authorized to perform: cloudtrail:LookupEvents {why}");
        (400, "AccessDeniedException".to_owned(), message)
    };
    assert_eq!(refusal(member.lookup_events().send().await), words(PAYER + 1, "bailiwick-member"));
    // A service control policy binds no management account, unless somebody insists.
    assert_eq!(payer.lookup_events().send().await.is_ok(), trouble.starts_with("denied"));
    sim.troubles(&[&format!("{trouble}@{PAYER}")]);
    assert_eq!(refusal(payer.lookup_events().send().await), words(PAYER, "bailiwick-payer"));
    member.lookup_events().send().await.unwrap();
    sim.organizations(PAYER, PAYER_ROLE).await.list_accounts().send().await.expect("another action is not concerned");
}

#[tokio::test]
async fn what_was_asked_of_assume_role_can_be_read_back() {
    let sim = Sim::start();
    let app = AppName::new("bailiwick-0a1b2c3d").unwrap();
    let config = sim.config(crate::client::agency(), "us-east-1").into_builder().app_name(app).build();
    let sts = aws_sdk_sts::Client::new(&config);
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ce:*","Resource":"*"}}"#;
    let arn = role_arn(PAYER, PAYER_ROLE);
    let request = || sts.assume_role().role_arn(&arn).role_session_name("bailiwick-1-2-me");
    request().external_id(EXTERNAL_ID).policy(policy).send().await.unwrap();
    refusal(request().send().await);
    // Not well-formed: nothing was asked.
    refusal(request().role_session_name("x").send().await);
    let assumed = sim.server.assumed();
    let [granted, refused] = assumed.as_slice() else { panic!("{assumed:?}") };
    assert_eq!((granted.role.as_str(), granted.session_name.as_str()), (arn.as_str(), "bailiwick-1-2-me"));
    assert_eq!((granted.policy.as_deref(), granted.external_id_given, granted.granted), (Some(policy), true, true));
    assert!(granted.user_agent.contains("app/bailiwick-0a1b2c3d"), "{}", granted.user_agent);
    assert_eq!((refused.policy.as_deref(), refused.external_id_given, refused.granted), (None, false, false));
}
