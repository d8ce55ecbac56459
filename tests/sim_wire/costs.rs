//! `GetCostAndUsage`.

use crate::{
    client::{Sim, agency, refusal},
    world::{ADMIN_ROLE, EC2, MEMBER_ROLE, NO_CE, PAYER, PAYER_ROLE, S3, STANDALONE},
};
use aws_sdk_costexplorer::{
    Client,
    operation::get_cost_and_usage::builders::GetCostAndUsageFluentBuilder,
    types::{
        DateInterval, Dimension, DimensionValues, Expression, Granularity, GroupDefinition, GroupDefinitionType,
        MatchOption, ResultByTime,
    },
};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

fn ask(client: &Client, start: &str, end: &str, granularity: Granularity) -> GetCostAndUsageFluentBuilder {
    let period = DateInterval::builder().start(start).end(end).build().unwrap();
    client.get_cost_and_usage().time_period(period).granularity(granularity)
}

/// This month, in UnblendedCost.
fn november(client: &Client, granularity: Granularity) -> GetCostAndUsageFluentBuilder {
    ask(client, "2026-11-01", "2026-11-23", granularity).metrics("UnblendedCost")
}

fn by(kind: GroupDefinitionType, key: &str) -> GroupDefinition {
    GroupDefinition::builder().r#type(kind).key(key).build()
}

fn dimension(key: &str) -> GroupDefinition {
    by(GroupDefinitionType::Dimension, key)
}

fn values(key: Dimension, values: &[&str]) -> Expression {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    Expression::builder().dimensions(DimensionValues::builder().key(key).set_values(Some(values)).build()).build()
}

fn total<'a>(result: &'a ResultByTime, metric: &str) -> &'a str {
    result.total().unwrap()[metric].amount().unwrap()
}

/// (keys, UnblendedCost) of all groups of a period.
fn groups(result: &ResultByTime) -> Vec<(Vec<String>, Decimal)> {
    assert!(result.total().is_none_or(|total| total.is_empty()));
    let rows = result.groups().iter().map(|group| {
        let amount = group.metrics().unwrap()["UnblendedCost"].amount().unwrap();
        (group.keys().to_vec(), amount.parse().unwrap())
    });
    rows.collect()
}

fn sum<'a>(results: impl IntoIterator<Item = &'a ResultByTime>) -> Decimal {
    results.into_iter().flat_map(groups).map(|(_, amount)| amount).sum()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_ungrouped_total_holds_everything_and_tax_only_monthly() {
    let sim = Sim::start();
    let client = sim.costs(PAYER, PAYER_ROLE).await;
    let answer = november(&client, Granularity::Monthly).send().await.unwrap();
    let [month] = answer.results_by_time() else { panic!("{answer:?}") };
    // 22 days × 1035 × 1.0000000001 + 45 × 1.5 + support 100 + tax 19 − credit 0.25
    assert_eq!(total(month, "UnblendedCost"), "22956.2500022770");
    assert_eq!(month.total().unwrap()["UnblendedCost"].unit(), Some("USD"));
    assert!(month.groups().is_empty() && month.estimated() && answer.next_page_token().is_none());
    let period = month.time_period().unwrap();
    assert_eq!((period.start(), period.end()), ("2026-11-01", "2026-11-23"));

    let answer = november(&client, Granularity::Daily).send().await.unwrap();
    let days = answer.results_by_time();
    assert_eq!(days.len(), 22);
    assert_eq!(total(&days[0], "UnblendedCost"), "1134.7500001035");
    assert_eq!(total(&days[10], "UnblendedCost"), "1057.5000001035");

    let whole =
        ask(&client, "2025-10-01", "2026-12-01", Granularity::Monthly).metrics("UsageQuantity").send().await.unwrap();
    let months = whole.results_by_time();
    assert_eq!(months.len(), 14);
    assert_eq!(months.iter().map(|month| month.estimated()).filter(|&estimated| estimated).count(), 1);
    assert_eq!(months[0].total().unwrap()["UsageQuantity"].unit(), Some("N/A"));
}

#[tokio::test]
async fn several_metrics_cost_one_request() {
    let sim = Sim::start();
    let client = sim.costs(STANDALONE, PAYER_ROLE).await;
    let request = ask(&client, "2026-11-10", "2026-11-11", Granularity::Daily);
    let all = [
        "AmortizedCost",
        "BlendedCost",
        "NetAmortizedCost",
        "NetUnblendedCost",
        "NormalizedUsageAmount",
        "UnblendedCost",
    ];
    let answer = all.into_iter().fold(request, |request, metric| request.metrics(metric)).send().await.unwrap();
    let day = &answer.results_by_time()[0];
    let amounts: Vec<&str> = all.into_iter().map(|metric| total(day, metric)).collect();
    let unblended = "101.5000000101";
    assert_eq!(amounts, ["203.0000000202", unblended, "202.8000000202", "101.3000000101", "0.0000000000", unblended]);
    assert_eq!(sim.server.counts().ce, 1);
}

#[tokio::test]
async fn groups_leave_out_support_and_name_their_accounts() {
    let sim = Sim::start();
    let client = sim.costs(PAYER, PAYER_ROLE).await;
    let answer = november(&client, Granularity::Monthly).group_by(dimension("LINKED_ACCOUNT")).send().await.unwrap();
    assert_eq!(answer.group_definitions()[0].key(), Some("LINKED_ACCOUNT"));
    assert_eq!(sum(answer.results_by_time()), decimal("22856.250002277"));
    let rows = groups(&answer.results_by_time()[0]);
    assert_eq!(rows.len(), 45);
    assert_eq!(rows[1], (vec![(PAYER + 1).to_string()], decimal("45.2500000044")));
    let names = answer.dimension_value_attributes();
    assert_eq!(names.len(), 45);
    assert_eq!(names[3].value(), Some((PAYER + 3).to_string().as_str()));
    assert_eq!(names[3].attributes().unwrap()["description"], "Account 03 \u{202e}\"é\"");

    let answer = november(&client, Granularity::Monthly).group_by(dimension("RECORD_TYPE")).send().await.unwrap();
    let rows = groups(&answer.results_by_time()[0]);
    let expected = [("Credit", "-0.25"), ("Tax", "19"), ("Usage", "22837.500002277")];
    assert_eq!(rows, expected.map(|(key, amount)| (vec![key.to_owned()], decimal(amount))));
    assert!(answer.dimension_value_attributes().is_empty());

    let answer = november(&client, Granularity::Daily)
        .group_by(dimension("REGION"))
        .group_by(dimension("SERVICE"))
        .send()
        .await
        .unwrap();
    let keys =
        |day: usize| groups(&answer.results_by_time()[day]).into_iter().map(|(keys, _)| keys).collect::<Vec<_>>();
    // A group without any cost in a period is absent from it.
    assert_eq!(keys(0), [["eu-west-1", EC2]]);
    assert_eq!(keys(9), [["eu-west-1", EC2], ["us-east-1", S3]]);
}

#[tokio::test]
async fn long_answers_come_in_pages_bound_to_their_request() {
    let sim = Sim::start();
    let client = sim.costs(PAYER, PAYER_ROLE).await;
    let request =
        || november(&client, Granularity::Daily).group_by(dimension("LINKED_ACCOUNT")).group_by(dimension("SERVICE"));
    let first = request().send().await.unwrap();
    let token = first.next_page_token().unwrap();
    let second = request().next_page_token(token).send().await.unwrap();
    assert!(second.next_page_token().is_none());
    let rows = |answer: &[ResultByTime]| answer.iter().map(|result| result.groups().len()).sum::<usize>();
    assert_eq!((rows(first.results_by_time()), rows(second.results_by_time())), (1_000, 125));
    let pages = || first.results_by_time().iter().chain(second.results_by_time());
    // 22 daily totals without support: 22 × 1035 × 1.0000000001 + 67.5 − 0.25
    assert_eq!(sum(pages()), decimal("22837.250002277"));
    let unique: BTreeSet<_> = pages()
        .flat_map(|day| groups(day).into_iter().map(|(keys, _)| (day.time_period().unwrap().start().to_owned(), keys)))
        .collect();
    assert_eq!(unique.len(), 1_125);

    let changed = request().metrics("AmortizedCost").next_page_token(token).send().await;
    assert_eq!(refusal(changed).1, "RequestChangedException");
    let garbage = request().next_page_token("no-token-of-ours").send().await;
    assert_eq!(refusal(garbage).1, "InvalidNextTokenException");
}

#[tokio::test]
async fn filters_choose_lines() {
    let sim = Sim::start();
    let client = sim.costs(PAYER, PAYER_ROLE).await;
    let no_credit = Expression::builder().not(values(Dimension::RecordType, &["Credit", "Tax"])).build();
    let one = values(Dimension::LinkedAccount, &[&(PAYER + 1).to_string()]);
    let both = Expression::builder().and(no_credit).and(one.clone()).build();
    let either = Expression::builder()
        .or(values(Dimension::Service, &[S3]))
        .or(values(Dimension::Region, &["us-east-1"]))
        .build();
    let unknown = values(Dimension::Service, &["No Such Service"]);
    for (filter, expected) in
        [(one, "45.2500000044"), (both, "45.5000000044"), (either, "67.5000000000"), (unknown, "0.0000000000")]
    {
        let answer = november(&client, Granularity::Monthly).filter(filter).send().await.unwrap();
        assert_eq!(total(&answer.results_by_time()[0], "UnblendedCost"), expected);
    }
    let alone = Expression::builder().and(values(Dimension::Service, &[S3])).build();
    let (_, code, message) = refusal(november(&client, Granularity::Monthly).filter(alone).send().await);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("ValidationException", "And expression must have at least 2 operands")
    );
    let starts =
        DimensionValues::builder().key(Dimension::Service).values("A").match_options(MatchOption::StartsWith).build();
    let starts = Expression::builder().dimensions(starts).build();
    assert_eq!(refusal(november(&client, Granularity::Monthly).filter(starts).send().await).1, "ValidationException");
}

#[tokio::test]
async fn bad_requests_are_refused_in_the_words_of_aws() {
    let sim = Sim::start();
    let client = sim.costs(PAYER, PAYER_ROLE).await;
    let period = |start, end, granularity| ask(&client, start, end, granularity).metrics("UnblendedCost");
    let month = || november(&client, Granularity::Monthly);
    for (request, words) in [
        (
            period("2026-11-01", "2026-11-01", Granularity::Daily),
            "Start date (and hour) should be before end date (and hour)",
        ),
        (period("2026-11-23", "2026-11-24", Granularity::Daily), "start date must not be after today"),
        (period("2026-11-01", "2026-12-02", Granularity::Daily), "end date past the beginning of next month"),
        (
            period("2025-08-15", "2026-12-01", Granularity::Monthly),
            "your start date needs to be the first day of the month",
        ),
        (period("2025-09-01", "2025-10-01", Granularity::Daily), "only available at MONTHLY"),
        (period("2026-11-01", "2026-11-02", Granularity::Hourly), "Hourly granularity is not enabled"),
        (ask(&client, "2026-11-01", "2026-11-02", Granularity::Daily), "at least one metric"),
        (month().metrics("Unblendedcost"), "Metric Unblendedcost is not supported"),
        (month().group_by(dimension("AZ")), "dimension AZ is not supported"),
        (month().group_by(by(GroupDefinitionType::Tag, "team")), "type must be DIMENSION"),
        (month().group_by(dimension("SERVICE")).group_by(dimension("SERVICE")), "must not repeat"),
        (
            month().group_by(dimension("SERVICE")).group_by(dimension("REGION")).group_by(dimension("USAGE_TYPE")),
            "less than or equal to 2",
        ),
    ] {
        let (status, code, message) = refusal(request.send().await);
        assert_eq!((status, code.as_str()), (400, "ValidationException"), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn who_sees_what() {
    let sim = Sim::start();
    let grouped = |client: &Client| november(client, Granularity::Monthly).group_by(dimension("LINKED_ACCOUNT"));
    for account in [STANDALONE, PAYER + 4] {
        let role = if account == STANDALONE { PAYER_ROLE } else { ADMIN_ROLE };
        let answer = grouped(&sim.costs(account, role).await).send().await.unwrap();
        let seen: Vec<_> = groups(&answer.results_by_time()[0]).into_iter().map(|(keys, _)| keys).collect();
        assert_eq!(seen, [[account.to_string()]]);
    }
    let (status, code, message) = refusal(grouped(&sim.costs(NO_CE, PAYER_ROLE).await).send().await);
    assert_eq!((status, code.as_str()), (400, "AccessDeniedException"));
    assert_eq!(message, "User not enabled for cost explorer access");

    let member = PAYER + 4;
    let (_, code, message) = refusal(grouped(&sim.costs(member, MEMBER_ROLE).await).send().await);
    assert_eq!(code, "AccessDeniedException");
    let on = format!(
        "perform: ce:GetCostAndUsage on resource: arn:aws:ce:us-east-1:{member}:/GetCostAndUsage because no identity-based"
    );
    assert!(message.contains(&on), "{message}");

    let user = Client::new(&sim.config(agency(), "us-east-1"));
    assert_eq!(refusal(grouped(&user).send().await).1, "AccessDeniedException");
    let elsewhere = Client::new(&sim.config(sim.session(PAYER, PAYER_ROLE, None).await, "eu-west-1"));
    assert_eq!(refusal(grouped(&elsewhere).send().await).1, "InvalidSignatureException");
}

#[tokio::test]
async fn nothing_is_billed_after_the_clocks_today() {
    let sim = Sim::start();
    sim.clock.advance(-10 * 86_400);
    let client = sim.costs(STANDALONE, PAYER_ROLE).await;
    let answer = november(&client, Granularity::Daily).send().await.unwrap();
    assert_eq!(total(&answer.results_by_time()[11], "UnblendedCost"), "101.5000000101");
    assert_eq!(total(&answer.results_by_time()[12], "UnblendedCost"), "0.0000000000");
}
