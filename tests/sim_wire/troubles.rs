//! Troubles of credentials, clocks, regions, services and the network.

use crate::{
    client::{Sim, agency, refusal},
    world::{AGENCY, EXTERNAL_ID, MEMBER_ROLE, PAYER, PAYER_ROLE, STANDALONE, now, role_arn},
};
use aws_credential_types::Credentials;
use aws_sdk_costexplorer::{
    error::SdkError,
    operation::get_cost_and_usage::{GetCostAndUsageError, GetCostAndUsageOutput},
    types::{DateInterval, Granularity},
};
use aws_sdk_organizations::types::AccountState;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rstest::rstest;

type Costs = Result<GetCostAndUsageOutput, SdkError<GetCostAndUsageError, HttpResponse>>;

/// This month's costs.
async fn costs(client: &aws_sdk_costexplorer::Client) -> Costs {
    let month = DateInterval::builder().start("2026-11-01").end("2026-11-23").build().unwrap();
    client
        .get_cost_and_usage()
        .time_period(month)
        .granularity(Granularity::Monthly)
        .metrics("UnblendedCost")
        .send()
        .await
}

/// The status and code with which assuming the payer's role is refused.
async fn assuming(sim: &Sim, region: &str) -> (u16, String, String) {
    let sts = aws_sdk_sts::Client::new(&sim.config(agency(), region));
    let request = sts.assume_role().role_arn(role_arn(PAYER, PAYER_ROLE)).role_session_name("bailiwick-test");
    refusal(request.external_id(EXTERNAL_ID).send().await)
}

async fn identity(sim: &Sim, credentials: Credentials) -> (String, String) {
    let sts = aws_sdk_sts::Client::new(&sim.config(credentials, "us-east-1"));
    let answer = sts.get_caller_identity().send().await.unwrap();
    (answer.account().unwrap().to_owned(), answer.arn().unwrap().to_owned())
}

#[rstest]
#[case("cost-explorer-never-enabled", "AccessDeniedException", "User not enabled for cost explorer access")]
#[case("cost-explorer-no-data", "DataUnavailableException", "Data is not available. ")]
#[case("throttled", "LimitExceededException", "Rate limit exceeded")]
#[case("throttled:ce", "LimitExceededException", "Rate limit exceeded")]
#[tokio::test]
async fn the_states_of_cost_explorer(#[case] trouble: &str, #[case] code: &str, #[case] words: &str) {
    let sim = Sim::start();
    let (payer, other) = (sim.costs(PAYER, PAYER_ROLE).await, sim.costs(STANDALONE, PAYER_ROLE).await);
    sim.troubles(&[&format!("{trouble}@{PAYER}")]);
    let (status, given, message) = refusal(costs(&payer).await);
    assert_eq!((status, given.as_str()), (400, code));
    assert!(message.starts_with(words), "{message}");
    costs(&other).await.unwrap();
    sim.troubles(&[]);
    costs(&payer).await.unwrap();
}

#[tokio::test]
async fn a_payer_keeps_its_members_out_of_cost_explorer_and_itself_in() {
    let sim = Sim::start();
    let (payer, member) = (sim.costs(PAYER, PAYER_ROLE).await, sim.costs(PAYER + 1, "admin").await);
    sim.troubles(&["cost-explorer-blocked-by-payer"]);
    costs(&payer).await.unwrap();
    let words = "Linked account doesn't have access to cost explorer.";
    assert_eq!(refusal(costs(&member).await), (400, "AccessDeniedException".into(), words.into()));
}

#[rstest]
#[case("not-management-account", "AccessDeniedException", "You don't have permissions to access this resource.")]
#[case("not-in-organization", "AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")]
#[case(
    "throttled:organizations",
    "TooManyRequestsException",
    "You have sent too many requests in too short a period of time. The quota helps protect against denial-of-service attacks. Try again later."
)]
#[tokio::test]
async fn the_states_of_an_organization(#[case] trouble: &str, #[case] code: &str, #[case] words: &str) {
    let sim = Sim::start();
    let payer = sim.organizations(PAYER, PAYER_ROLE).await;
    sim.troubles(&[trouble]);
    assert_eq!(refusal(payer.list_accounts().send().await), (400, code.into(), words.into()));
    sim.troubles(&[]);
    payer.list_accounts().send().await.unwrap();
}

#[tokio::test]
async fn accounts_leave_their_organization_or_are_suspended_in_it() {
    let sim = Sim::start();
    let payer = sim.organizations(PAYER, PAYER_ROLE).await;
    let list = async || {
        let pages = payer.list_accounts().into_paginator().send().collect::<Result<Vec<_>, _>>().await.unwrap();
        let accounts = pages.iter().flat_map(|page| page.accounts());
        accounts.map(|a| (a.id().unwrap().to_owned(), a.state().cloned().unwrap())).collect::<Vec<_>>()
    };
    let gone = (PAYER + 2).to_string();
    let before = list().await;
    assert!(before.len() == 45 && before.contains(&(gone.clone(), AccountState::Active)));
    sim.troubles(&[&format!("left-organization@{gone}"), &format!("account-suspended@{}", PAYER + 4)]);
    let after = list().await;
    assert!(after.len() == 44 && after.iter().all(|(id, _)| *id != gone));
    assert_eq!(after[3], ((PAYER + 4).to_string(), AccountState::Suspended));
    let alone = sim.organizations(PAYER + 2, "admin").await;
    assert_eq!(refusal(alone.list_accounts().send().await).1, "AWSOrganizationsNotInUseException");
    sim.troubles(&["left-organization"]);
    assert_eq!(list().await, [(PAYER.to_string(), AccountState::Active)], "the management account cannot leave");
}

#[tokio::test]
async fn a_disabled_region_gives_no_sessions_and_knows_none() {
    let sim = Sim::start();
    let here = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let there = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-2").await;
    sim.troubles(&[&format!("region-disabled:eu-west-1@{PAYER}")]);
    let words = format!(
        "STS is not activated in this region for account:{PAYER}. Your account administrator can activate STS in this \
         region using the IAM Console."
    );
    assert_eq!(assuming(&sim, "eu-west-1").await, (403, "RegionDisabledException".into(), words));
    let (status, code, _) = refusal(here.lookup_events().send().await);
    assert_eq!((status, code.as_str()), (400, "UnrecognizedClientException"));
    there.lookup_events().send().await.unwrap();
}

#[rstest]
#[case("credentials-expired", "ExpiredToken", "The security token included in the request is expired")]
#[case("credentials-refused", "InvalidClientTokenId", "The security token included in the request is invalid.")]
#[tokio::test]
async fn base_credentials_end_and_the_sessions_they_opened_do_not(
    #[case] trouble: &str,
    #[case] code: &str,
    #[case] words: &str,
) {
    let sim = Sim::start();
    let session = sim.session(PAYER, PAYER_ROLE, None).await;
    sim.troubles(&[trouble]);
    let expected = (403, code.to_owned(), words.to_owned());
    assert_eq!(refusal(sim.sts().get_caller_identity().send().await), expected);
    assert_eq!(assuming(&sim, "us-east-1").await, expected);
    assert_eq!(identity(&sim, session).await.0, PAYER.to_string());
}

#[tokio::test]
async fn a_slow_clock_is_told_both_times() {
    let sim = Sim::start();
    let events = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    sim.troubles(&["clock-skew"]);
    let (status, code, message) = refusal(sim.sts().get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
    let times: Vec<_> =
        message.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.ends_with('Z')).collect();
    let [signed, oldest, server] = times.as_slice() else { panic!("{message}") };
    assert_eq!(message, format!("Signature expired: {signed} is now earlier than {oldest} ({server} - 15 min.)"));
    let seconds = |text: &str| text.parse::<bailiwick::domain::Timestamp>().unwrap().second();
    assert_eq!((seconds(server) - seconds(signed), seconds(server) - seconds(oldest)), (3_600, 900));
    let (status, code, message) = refusal(events.lookup_events().send().await);
    assert_eq!((status, code.as_str()), (400, "InvalidSignatureException"));
    assert!(message.starts_with("Signature expired: "), "{message}");
    sim.troubles(&[]);
    events.lookup_events().send().await.unwrap();
}

#[tokio::test]
async fn credentials_of_another_partition_open_nothing() {
    let sim = Sim::start();
    sim.troubles(&["wrong-partition"]);
    let user = format!("arn:aws-cn:iam::{AGENCY}:user/bailiwick-sre");
    assert_eq!(identity(&sim, agency()).await, (AGENCY.to_owned(), user.clone()));
    let role = role_arn(PAYER, PAYER_ROLE);
    let words = format!("User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}");
    assert_eq!(assuming(&sim, "us-east-1").await, (403, "AccessDenied".into(), words));
    let events = aws_sdk_cloudtrail::Client::new(&sim.config(agency(), "us-east-1"));
    assert_eq!(refusal(events.lookup_events().send().await).1, "UnrecognizedClientException");
}

#[tokio::test]
async fn a_session_may_turn_out_to_be_of_another_account() {
    let sim = Sim::start();
    sim.troubles(&[&format!("wrong-account@{PAYER}")]);
    let arn = "arn:aws:sts::123456789012:assumed-role/bailiwick-payer/bailiwick-test".to_owned();
    let session = sim.session(PAYER, PAYER_ROLE, None).await;
    assert_eq!(identity(&sim, session).await, ("123456789012".to_owned(), arn));
    let other = sim.session(PAYER + 1, MEMBER_ROLE, None).await;
    assert_eq!(identity(&sim, other).await.0, (PAYER + 1).to_string());
    sim.troubles(&["wrong-account"]);
    assert_eq!(identity(&sim, agency()).await.0, AGENCY, "our own identity is what it was");
}

#[rstest]
#[case("throttled", "ThrottlingException")]
#[case("throttled:cloudtrail", "ThrottlingException")]
#[tokio::test]
async fn every_lookup_is_one_too_many(#[case] trouble: &str, #[case] code: &str) {
    let sim = Sim::start();
    let events = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    sim.troubles(&[trouble]);
    for _ in 0..3 {
        let expected = (400, code.to_owned(), "Rate exceeded".to_owned());
        assert_eq!(refusal(events.lookup_events().send().await), expected);
    }
    assert_eq!(sim.server.counts().throttled, 3);
    if trouble == "throttled" {
        assert_eq!(assuming(&sim, "us-east-1").await, (400, "Throttling".into(), "Rate exceeded".into()));
        assert_eq!(sim.server.counts().throttled, 4);
    } else {
        sim.session(PAYER, PAYER_ROLE, None).await;
    }
}

#[tokio::test]
async fn a_network_that_is_down_answers_nothing_and_comes_back() {
    let sim = Sim::start();
    let events = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let other = sim.cloudtrail(STANDALONE, PAYER_ROLE, "eu-west-1").await;
    let role = role_arn(PAYER, PAYER_ROLE);
    let assume = async || {
        let request = sim.sts().assume_role().role_arn(&role).role_session_name("bailiwick-test");
        request.external_id(EXTERNAL_ID).send().await
    };
    let before = sim.server.counts();
    sim.troubles(&[&format!("offline@{PAYER}")]);
    let error = events.lookup_events().send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    assert!(matches!(assume().await.unwrap_err(), SdkError::DispatchFailure(_)));
    other.lookup_events().send().await.unwrap();
    assert_eq!(identity(&sim, agency()).await.0, AGENCY);
    sim.troubles(&["offline"]);
    assert!(matches!(other.lookup_events().send().await.unwrap_err(), SdkError::DispatchFailure(_)));
    assert!(matches!(sim.sts().get_caller_identity().send().await.unwrap_err(), SdkError::DispatchFailure(_)));
    assert_eq!((sim.server.counts().sts, sim.server.counts().cloudtrail), (before.sts + 1, before.cloudtrail + 1));
    sim.troubles(&[]);
    events.lookup_events().send().await.unwrap();
    assert_eq!(assume().await.unwrap().credentials().unwrap().expiration().secs(), now().second() + 3_600);
}
