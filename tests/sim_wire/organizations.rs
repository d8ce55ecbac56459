//! `ListAccounts`.

use crate::{
    client::{Sim, agency, refusal},
    world::{ADMIN_ROLE, MEMBERS, PAYER, PAYER_ROLE, STANDALONE},
};
use aws_sdk_organizations::types::{AccountJoinedMethod, AccountState};
use rstest::rstest;

#[tokio::test]
async fn the_payer_lists_its_organization_twenty_at_a_time() {
    let sim = Sim::start();
    let client = sim.organizations(PAYER, PAYER_ROLE).await;
    let pages = client.list_accounts().into_paginator().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.accounts().len()).collect::<Vec<_>>(), [20, 20, 5]);
    let accounts: Vec<_> = pages.iter().flat_map(|page| page.accounts()).collect();
    let ids: Vec<_> = accounts.iter().map(|account| account.id().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..MEMBERS).map(|n| (PAYER + n).to_string()).collect::<Vec<_>>());

    let [payer, first, _, third, ..] = accounts.as_slice() else { panic!("too few accounts") };
    assert_eq!(
        first.arn(),
        Some(format!("arn:aws:organizations::{PAYER}:account/o-acme123456/{}", PAYER + 1).as_str())
    );
    assert_eq!((first.name(), first.email()), (Some("Account 01 \u{202e}\"é\""), Some("aws+1@example.com")));
    assert_eq!(payer.joined_method(), Some(&AccountJoinedMethod::Invited));
    assert_eq!(first.joined_timestamp().unwrap().secs(), 1_600_000_001);
    assert_eq!(
        (payer.state(), first.state(), third.state()),
        (Some(&AccountState::Active), Some(&AccountState::Suspended), Some(&AccountState::PendingClosure))
    );
    assert_eq!(first.paths(), [format!("o-acme123456/r-ab12/ou-ab12-11111111/{}/", PAYER + 1)]);
    assert_eq!(sim.server.counts().organizations, 3);
}

#[tokio::test]
async fn a_smaller_page_and_a_token_of_ones_own() {
    let sim = Sim::start();
    let client = sim.organizations(PAYER, PAYER_ROLE).await;
    let page = client.list_accounts().max_results(3).send().await.unwrap();
    assert_eq!(page.accounts().len(), 3);
    let token = page.next_token().unwrap();
    // A renewed session of the same account may go on with it.
    let renewed = sim.organizations(PAYER, ADMIN_ROLE).await;
    let next = renewed.list_accounts().max_results(3).next_token(token).send().await.unwrap();
    assert_eq!(next.accounts()[0].id(), Some((PAYER + 3).to_string().as_str()));
    let (_, code, message) = refusal(client.list_accounts().next_token("garbage").send().await);
    assert_eq!(code, "InvalidInputException");
    assert!(message.contains("NextToken"), "{message}");
}

#[rstest]
#[case(0)]
#[case(21)]
#[tokio::test]
async fn page_sizes_outside_1_to_20_are_refused(#[case] size: i32) {
    let sim = Sim::start();
    let client = sim.organizations(PAYER, PAYER_ROLE).await;
    let error = client.list_accounts().max_results(size).send().await.unwrap_err().into_service_error();
    let aws_sdk_organizations::operation::list_accounts::ListAccountsError::InvalidInputException(invalid) = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(invalid.reason().unwrap().as_str(), if size == 0 { "MIN_VALUE_EXCEEDED" } else { "MAX_VALUE_EXCEEDED" });
}

#[tokio::test]
async fn only_the_management_account_may() {
    let sim = Sim::start();
    let member = sim.organizations(PAYER + 1, ADMIN_ROLE).await;
    let (status, code, message) = refusal(member.list_accounts().send().await);
    assert_eq!((status, code.as_str()), (400, "AccessDeniedException"));
    assert_eq!(message, "You don't have permissions to access this resource.");

    let standalone = sim.organizations(STANDALONE, PAYER_ROLE).await;
    let (status, code, _) = refusal(standalone.list_accounts().send().await);
    assert_eq!((status, code.as_str()), (400, "AWSOrganizationsNotInUseException"));

    let user = aws_sdk_organizations::Client::new(&sim.config(agency(), "us-east-1"));
    let (_, code, message) = refusal(user.list_accounts().send().await);
    assert_eq!(code, "AccessDeniedException");
    assert!(
        message.contains("perform: organizations:ListAccounts on resource: * because no identity-based policy allows"),
        "{message}"
    );

    let elsewhere = sim.config(sim.session(PAYER, PAYER_ROLE, None).await, "eu-west-1");
    let (_, code, _) = refusal(aws_sdk_organizations::Client::new(&elsewhere).list_accounts().send().await);
    assert_eq!(code, "InvalidSignatureException");
    assert_eq!(sim.server.counts().denied, 2);
}
