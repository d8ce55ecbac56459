//! Faults of single requests, as the SDK sees them.

use crate::{
    client::{Sim, refusal},
    world::{EVENTS, PAYER, PAYER_ROLE, event_id, now},
};
use aws_sdk_cloudtrail::{
    Client,
    error::SdkError,
    operation::lookup_events::{LookupEventsError, LookupEventsOutput},
};
use aws_sdk_costexplorer::types::{DateInterval, Granularity, GroupDefinition, GroupDefinitionType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rstest::rstest;
use std::{collections::BTreeSet, time::Duration};

type Page = Result<LookupEventsOutput, SdkError<LookupEventsError, HttpResponse>>;

impl Sim {
    fn faults(&self, plan: &str) {
        self.server.set_faults(plan.parse().unwrap());
    }
}

async fn page(client: &Client, token: Option<&str>) -> Page {
    client.lookup_events().set_next_token(token.map(str::to_owned)).send().await
}

fn ids(page: &LookupEventsOutput) -> Vec<&str> {
    page.events().iter().map(|event| event.event_id().unwrap()).collect()
}

#[rstest]
#[case("throttle", "ThrottlingException", "LimitExceededException", "TooManyRequestsException")]
#[case("expired", "ExpiredTokenException", "ExpiredTokenException", "ExpiredTokenException")]
#[case("skew", "InvalidSignatureException", "InvalidSignatureException", "InvalidSignatureException")]
#[case("denied", "AccessDeniedException", "AccessDeniedException", "AccessDeniedException")]
#[tokio::test]
async fn each_service_says_it_in_its_own_words(
    #[case] fault: &str,
    #[case] events: &str,
    #[case] costs: &str,
    #[case] accounts: &str,
) {
    let sim = Sim::start();
    let trail = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let explorer = sim.costs(PAYER, PAYER_ROLE).await;
    let organizations = sim.organizations(PAYER, PAYER_ROLE).await;
    sim.faults(fault);
    let month = DateInterval::builder().start("2026-11-01").end("2026-11-23").build().unwrap();
    let ask = explorer.get_cost_and_usage().time_period(month).granularity(Granularity::Monthly);
    let ask = ask.metrics("UnblendedCost");
    let code = |refused: (u16, String, String)| (refused.0, refused.1);
    assert_eq!(code(refusal(page(&trail, None).await)), (400, events.to_owned()));
    assert_eq!(code(refusal(ask.clone().send().await)), (400, costs.to_owned()));
    assert_eq!(code(refusal(organizations.list_accounts().send().await)), (400, accounts.to_owned()));
    let counts = sim.server.counts();
    assert_eq!((counts.cloudtrail, counts.ce, counts.organizations), (1, 1, 1));
    sim.server.clear_faults();
    page(&trail, None).await.unwrap();
    ask.send().await.unwrap();
}

#[tokio::test]
async fn a_session_that_was_ended_stays_so_and_another_is_good() {
    let sim = Sim::start();
    let trail = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    sim.faults("expired=#2@cloudtrail");
    let first = page(&trail, None).await.unwrap();
    for _ in 0..2 {
        assert_eq!(refusal(page(&trail, first.next_token()).await).1, "ExpiredTokenException");
    }
    let another = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let second = page(&another, first.next_token()).await.unwrap();
    assert_eq!(ids(&second)[0], event_id(50), "it goes on where the first stopped");
}

#[tokio::test]
async fn a_server_error_has_a_body_and_a_proxy_has_a_page() {
    let sim = Sim::start();
    let trail = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    sim.faults("unavailable");
    let (status, code, _) = refusal(page(&trail, None).await);
    assert!([(500, "InternalFailure"), (503, "ServiceUnavailable")].contains(&(status, code.as_str())), "{status}");
    sim.faults("html");
    let error = page(&trail, None).await.unwrap_err();
    let answer = error.raw_response().unwrap();
    assert!([500, 502].contains(&answer.status().as_u16()));
    assert_eq!(answer.headers().get("content-type"), Some("text/html"));
}

/// Whatever the byte, the SDK gets no answer it could take for whole.
#[tokio::test]
async fn cut_connections_are_errors_wherever_they_are_cut() {
    let sim = Sim::start();
    let trail = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let organizations = sim.organizations(PAYER, PAYER_ROLE).await;
    let (mut headless, mut broken_off) = (0, 0);
    for seed in 0..40 {
        sim.faults(&format!("seed={seed},reset"));
        match page(&trail, None).await.unwrap_err() {
            SdkError::DispatchFailure(_) => headless += 1,
            SdkError::ResponseError(_) => broken_off += 1,
            error => panic!("{error:?}"),
        }
        sim.faults(&format!("seed={seed},half"));
        let error = page(&trail, None).await.unwrap_err();
        assert!(matches!(error, SdkError::ResponseError(_)), "{error:?}");
    }
    assert!(broken_off > headless, "most of an answer is its body: {headless} {broken_off}");
    // The head alone is cut where there is next to no body.
    for seed in 0..40 {
        sim.faults(&format!("seed={seed},reset,small-pages:1"));
        if let Err(SdkError::DispatchFailure(_)) = organizations.list_accounts().send().await {
            headless += 1;
        }
    }
    assert!(headless > 0);
    sim.server.clear_faults();
    page(&trail, None).await.unwrap();
}

#[tokio::test]
async fn a_slow_answer_is_left_to_the_patience_of_the_caller() {
    let sim = Sim::start();
    let trail = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    sim.faults("slow:3600=first1");
    let patience = Duration::from_millis(50);
    assert!(tokio::time::timeout(patience, page(&trail, None)).await.is_err());
    page(&trail, None).await.unwrap();
}

#[tokio::test]
async fn tokens_are_refused_or_lead_in_a_circle() {
    let sim = Sim::start();
    let trail = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    sim.faults("token-refused");
    let first = page(&trail, None).await.unwrap();
    assert_eq!(refusal(page(&trail, first.next_token()).await).1, "InvalidNextTokenException");
    sim.faults("token-loop");
    let looping = page(&trail, first.next_token()).await.unwrap();
    assert_eq!((looping.next_token(), ids(&looping)[0]), (first.next_token(), event_id(50).as_str()));
    sim.faults("token-cycle");
    let first = page(&trail, None).await.unwrap();
    let second = page(&trail, first.next_token()).await.unwrap();
    assert_ne!(second.next_token(), first.next_token());
    let third = page(&trail, second.next_token()).await.unwrap();
    assert_eq!((third.next_token(), third.events().len()), (first.next_token(), 30));
}

#[tokio::test]
async fn pages_are_empty_small_huge_or_come_twice_and_hold_the_same_events_in_all() {
    let sim = Sim::start();
    let trail = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let everything: BTreeSet<String> = (0..EVENTS).map(event_id).collect();
    for (plan, pages, rows) in [
        ("empty-page=first2", 5, EVENTS),
        ("small-pages:20", 7, EVENTS),
        ("duplicates", 3, EVENTS + 6),
        ("huge-page:2=#1", 3, EVENTS),
    ] {
        sim.faults(plan);
        let (mut sizes, mut held, mut bytes) = (Vec::new(), BTreeSet::new(), 0);
        let mut token = None;
        loop {
            let page = page(&trail, token.as_deref()).await.unwrap();
            sizes.push(page.events().len());
            held.extend(ids(&page).into_iter().map(str::to_owned));
            bytes += page.events().iter().map(|e| e.cloud_trail_event().unwrap().len()).sum::<usize>();
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        assert_eq!((sizes.len(), sizes.iter().sum::<usize>()), (pages, rows), "{plan}: {sizes:?}");
        assert_eq!(held, everything, "{plan}");
        assert_eq!(bytes > 1_900_000, plan.starts_with("huge"), "{plan}: {bytes}");
    }
}

#[tokio::test]
async fn a_late_event_is_seen_when_its_time_has_come() {
    let sim = Sim::start();
    let trail = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    sim.faults("seed=5,late:45");
    let first = page(&trail, None).await.unwrap();
    assert_eq!(ids(&first)[0], event_id(45), "one event a minute back from {}", now());
    sim.clock.advance(45 * 60);
    assert_eq!(ids(&page(&trail, None).await.unwrap())[0], event_id(0));
    sim.faults("seed=5,late:45=0.5");
    sim.clock.advance(-45 * 60);
    let some = page(&trail, None).await.unwrap();
    let young = some.events().iter().filter(|e| e.event_time().unwrap().secs() > now().second() - 45 * 60).count();
    assert!((10..35).contains(&young), "{young}");
}

#[tokio::test]
async fn a_restated_month_costs_so_much_more_in_every_answer() {
    let sim = Sim::start();
    let explorer = sim.costs(PAYER, PAYER_ROLE).await;
    let total = async |grouped: bool| -> f64 {
        let months = DateInterval::builder().start("2026-09-01").end("2026-11-01").build().unwrap();
        let by = GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key("SERVICE").build();
        let ask = explorer.get_cost_and_usage().time_period(months).granularity(Granularity::Monthly);
        let answer = ask.metrics("UnblendedCost").set_group_by(grouped.then(|| vec![by])).send().await.unwrap();
        let amount = |m: &aws_sdk_costexplorer::types::MetricValue| m.amount().unwrap().parse::<f64>().unwrap();
        let october = &answer.results_by_time()[1];
        let groups = october.groups().iter().map(|g| amount(&g.metrics().unwrap()["UnblendedCost"])).sum::<f64>();
        if grouped { groups } else { amount(&october.total().unwrap()["UnblendedCost"]) }
    };
    let before = (total(false).await, total(true).await);
    sim.faults("restated:2026-10:-41.20");
    let after = (total(false).await, total(true).await);
    assert!(
        (after.0 - before.0 + 41.2).abs() < 1e-6 && (after.1 - before.1 + 41.2).abs() < 1e-6,
        "{before:?} {after:?}"
    );
    sim.faults("restated:2026-09:-41.20");
    assert_eq!(total(false).await, before.0, "another month");
}
