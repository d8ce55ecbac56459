//! `LookupEvents`, and what a session may do.

use crate::{
    client::{Sim, agency, refusal},
    world::{ADMIN_ROLE, EVENTS, MEMBER_ROLE, PAYER, PAYER_ROLE, event_id, id, now, world},
};
use aws_sdk_cloudtrail::{
    Client,
    operation::lookup_events::LookupEventsOutput,
    primitives::DateTime,
    types::{Event, EventCategory, LookupAttribute, LookupAttributeKey},
};
use rstest::rstest;

fn attribute(key: &str, value: &str) -> LookupAttribute {
    LookupAttribute::builder().attribute_key(LookupAttributeKey::from(key)).attribute_value(value).build().unwrap()
}

async fn all(client: &Client, attributes: Vec<LookupAttribute>) -> Vec<LookupEventsOutput> {
    let request = client.lookup_events().set_lookup_attributes(Some(attributes));
    request.into_paginator().send().collect::<Result<Vec<_>, _>>().await.unwrap()
}

fn ids(pages: &[LookupEventsOutput]) -> Vec<&str> {
    pages.iter().flat_map(|page| page.events()).map(|event| event.event_id().unwrap()).collect()
}

#[tokio::test]
async fn the_last_90_days_come_newest_first_fifty_a_page() {
    let sim = Sim::start();
    let client = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let pages = all(&client, Vec::new()).await;
    assert_eq!(pages.iter().map(|page| page.events().len()).collect::<Vec<_>>(), [50, 50, 30]);
    // Neither the event of 91 days ago nor the one a minute ahead, nor that of another region.
    assert_eq!(ids(&pages), (0..EVENTS).map(event_id).collect::<Vec<_>>());
    assert_eq!(sim.server.counts().cloudtrail, 3);
    sim.clock.advance(60);
    assert_eq!(ids(&all(&client, Vec::new()).await)[0], event_id(901));
    let elsewhere = sim.cloudtrail(PAYER, PAYER_ROLE, "us-east-1").await;
    assert_eq!(ids(&all(&elsewhere, Vec::new()).await), [event_id(902)]);
    let quiet = sim.cloudtrail(PAYER, PAYER_ROLE, "sa-east-1").await;
    assert!(ids(&all(&quiet, Vec::new()).await).is_empty());
}

#[tokio::test]
async fn an_event_has_every_field() {
    let sim = Sim::start();
    let client = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let pages = all(&client, vec![attribute("EventId", &event_id(130 - 26))]).await;
    let [event]: &[Event] = pages[0].events() else { panic!("{pages:?}") };
    let world = world();
    let made = world.accounts[0].events.iter().find(|made| made.id == event_id(104)).unwrap();
    assert_eq!(event.event_name(), Some("PutBucketPolicy"));
    assert_eq!(event.read_only(), Some("false"));
    assert_eq!(event.event_time().unwrap().secs(), now().second() - 60 * 104);
    assert_eq!(event.event_source(), Some("s3.amazonaws.com"));
    assert_eq!((event.username(), event.access_key_id()), (Some("user-0"), None));
    let [resource] = event.resources() else { panic!("{event:?}") };
    assert_eq!((resource.resource_type(), resource.resource_name()), (Some("AWS::S3::Bucket"), Some("bucket-104")));
    assert_eq!(event.cloud_trail_event(), Some(made.record(id(PAYER)).as_str()));
}

#[rstest]
#[case("EventName", "AssumeRole", 13)]
#[case("ReadOnly", "true", 13)]
#[case("ReadOnly", "false", 117)]
#[case("EventSource", "sts.amazonaws.com", 13)]
#[case("Username", "user-2", 32)]
#[case("AccessKeyId", "AKIA0000000000000001", 26)]
#[case("ResourceType", "AWS::S3::Bucket", 10)]
#[case("ResourceName", "bucket-13", 1)]
#[case("EventName", "assumerole", 0)]
#[tokio::test]
async fn one_lookup_attribute_filters(#[case] key: &str, #[case] value: &str, #[case] expected: usize) {
    let sim = Sim::start();
    let client = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let pages = all(&client, vec![attribute(key, value)]).await;
    let found = ids(&pages);
    assert_eq!(found.len(), expected);
    assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "newest first");
    // The last page is never empty: a token is only given where something follows.
    assert!(expected == 0 || pages.iter().all(|page| !page.events().is_empty()));
    assert_eq!(pages.len(), expected.div_ceil(50).max(1));
}

#[tokio::test]
async fn a_time_range_includes_both_ends() {
    let sim = Sim::start();
    let client = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let at = |n: i64| DateTime::from_secs(now().second() - 60 * n);
    let found = client.lookup_events().start_time(at(7)).end_time(at(5)).send().await.unwrap();
    assert_eq!(ids(&[found]), [event_id(5), event_id(6), event_id(7)]);
}

#[tokio::test]
async fn a_token_goes_with_the_same_parameters_only() {
    let sim = Sim::start();
    let client = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let at = |n: i64| DateTime::from_secs(now().second() - 60 * n);
    let request = || client.lookup_events().end_time(at(2)).max_results(4);
    let token = request().send().await.unwrap().next_token.unwrap();
    let invalid = async |request: aws_sdk_cloudtrail::operation::lookup_events::builders::LookupEventsFluentBuilder| {
        refusal(request.send().await).1 == "InvalidNextTokenException"
    };
    assert!(invalid(client.lookup_events().end_time(at(1)).max_results(4).next_token(&token)).await);
    assert!(invalid(client.lookup_events().end_time(at(2)).max_results(5).next_token(&token)).await);
    assert!(invalid(request().lookup_attributes(attribute("ReadOnly", "true")).next_token(&token)).await);
    assert!(invalid(request().next_token("AAAA")).await);
    let elsewhere = sim.cloudtrail(PAYER, PAYER_ROLE, "us-east-1").await;
    assert!(invalid(elsewhere.lookup_events().end_time(at(2)).max_results(4).next_token(&token)).await);
    // Another session of the same account may go on with it.
    let renewed = sim.cloudtrail(PAYER, ADMIN_ROLE, "eu-west-1").await;
    let next = renewed.lookup_events().end_time(at(2)).max_results(4).next_token(&token).send().await.unwrap();
    assert_eq!(ids(&[next]), [6, 7, 8, 9].map(event_id));
}

#[tokio::test]
async fn bad_requests_have_aws_codes() {
    let sim = Sim::start();
    let client = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    let at = |seconds: i64| DateTime::from_secs(now().second() + seconds);
    let lookup = || client.lookup_events();
    for (request, expected) in [
        (lookup().max_results(0), "InvalidMaxResultsException"),
        (lookup().max_results(51), "InvalidMaxResultsException"),
        (lookup().start_time(at(-1)).end_time(at(-2)), "InvalidTimeRangeException"),
        (lookup().end_time(at(-91 * 86_400)), "InvalidTimeRangeException"),
        (
            lookup().lookup_attributes(attribute("ReadOnly", "true")).lookup_attributes(attribute("EventName", "x")),
            "InvalidLookupAttributesException",
        ),
        (lookup().lookup_attributes(attribute("ReadOnly", "yes")), "InvalidLookupAttributesException"),
        (lookup().lookup_attributes(attribute("SourceIp", "10.0.0.1")), "InvalidLookupAttributesException"),
        (lookup().event_category(EventCategory::from("data")), "InvalidEventCategoryException"),
    ] {
        let (status, code, message) = refusal(request.send().await);
        assert_eq!((status, code.as_str()), (400, expected), "{message}");
    }
    let insights = lookup().event_category(EventCategory::Insight).send().await.unwrap();
    assert!(insights.events().is_empty());
}

#[tokio::test]
async fn a_region_that_is_not_enabled_does_not_know_the_credentials() {
    let sim = Sim::start();
    for region in ["me-south-1", "af-south-1", "no-such-region-1", "nonsense"] {
        let client = sim.cloudtrail(PAYER, PAYER_ROLE, region).await;
        let (status, code, message) = refusal(client.lookup_events().send().await);
        assert_eq!((status, code.as_str()), (400, "UnrecognizedClientException"), "{region}");
        assert_eq!(message, "The security token included in the request is invalid.");
    }
}

#[tokio::test]
async fn a_session_may_do_what_role_and_session_policy_both_allow() {
    let sim = Sim::start();
    let policy = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let only_here = policy(
        r#"{"Effect":"Allow","Action":"cloudtrail:Lookup*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":["us-east-1"]}}}"#,
    );
    let deny = policy(
        r#"{"Effect":"Allow","Action":["cloudtrail:*"],"Resource":"*"},{"Effect":"Deny","Action":"cloudtrail:LookupEvents","Resource":"*"}"#,
    );
    let wide = policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let arn = |account: u64, role: &str| {
        format!("User: arn:aws:sts::{account}:assumed-role/{role}/bailiwick-test is not authorized to perform: ")
    };
    let no = |kind: &str, action: &str| format!("because no {kind} policy allows the {action} action");
    let look = "cloudtrail:LookupEvents";
    for (account, role, session_policy, region, refused) in [
        (PAYER, PAYER_ROLE, &only_here, "us-east-1", None),
        (PAYER, PAYER_ROLE, &only_here, "eu-west-1", Some(no("session", look))),
        (PAYER, PAYER_ROLE, &deny, "us-east-1", Some("with an explicit deny in a session policy".to_owned())),
        (PAYER + 2, MEMBER_ROLE, &wide, "eu-west-1", None),
        (
            PAYER + 2,
            MEMBER_ROLE,
            &wide,
            "eu-west-3",
            Some("with an explicit deny in a service control policy".to_owned()),
        ),
    ] {
        let session = sim.session(account, role, Some(session_policy)).await;
        let client = Client::new(&sim.config(session, region));
        let result = client.lookup_events().send().await;
        match refused {
            None => assert!(result.is_ok(), "{role} {region}"),
            Some(why) => {
                let name = role.rsplit('/').next().unwrap();
                let expected = format!("{}{look} {why}", arn(account, name));
                assert_eq!(refusal(result), (400, "AccessDeniedException".to_owned(), expected));
            }
        }
    }
    // A session policy cannot add what the role lacks.
    let session = sim.session(PAYER + 2, MEMBER_ROLE, Some(&wide)).await;
    let organizations = aws_sdk_organizations::Client::new(&sim.config(session, "us-east-1"));
    let (_, code, message) = refusal(organizations.list_accounts().send().await);
    assert_eq!(code, "AccessDeniedException");
    assert!(message.ends_with(&no("identity-based", "organizations:ListAccounts")), "{message}");
    // The agency's own user may assume roles and nothing else.
    let user = Client::new(&sim.config(agency(), "eu-west-1"));
    assert_eq!(refusal(user.lookup_events().send().await).1, "AccessDeniedException");
    assert_eq!(sim.server.counts().denied, 5);
}

#[tokio::test]
async fn a_burst_is_throttled_only_where_it_happens() {
    let sim = Sim::with_throttle(true);
    let client = sim.cloudtrail(PAYER, PAYER_ROLE, "eu-west-1").await;
    // Forty at once would take 19 seconds to be let through.
    let burst = futures::future::join_all((0..40).map(|_| client.lookup_events().max_results(1).send())).await;
    let (granted, refused): (Vec<_>, Vec<_>) = burst.into_iter().partition(Result::is_ok);
    assert!(granted.len() >= 2 && !refused.is_empty(), "{} granted", granted.len());
    assert_eq!(sim.server.counts().throttled, refused.len() as u64);
    for result in refused {
        let (status, code, message) = refusal(result);
        assert_eq!((status, code.as_str(), message.as_str()), (400, "ThrottlingException", "Rate exceeded"));
    }
    let elsewhere = sim.cloudtrail(PAYER, PAYER_ROLE, "us-east-1").await;
    elsewhere.lookup_events().send().await.unwrap();
}
