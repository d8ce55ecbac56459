//! The drill by usage type: what it shows, what it asks, and that it asks nothing without a yes to its price.

use crate::{
    desk::Query,
    domain::{Metric, Source, SyncEvent},
    tui::{
        Effect, Msg,
        connect::{Done, Errand},
        driver::Driver,
        fixtures,
    },
};
use rust_decimal::Decimal;

fn drills(driver: &Driver) -> usize {
    driver.effects.iter().filter(|e| matches!(e, Effect::Errand { errand: Errand::Drill(_), .. })).count()
}

/// The usage types of the first service of the first account, of the open month, which were not read.
fn opened() -> Driver {
    let mut driver = Driver::new(120, 40);
    driver
        .press("<enter> <enter> u")
        .expect("▸ usage types")
        .expect("· November 2026 · unblended · not read yet")
        .expect("US$0.01 a page and one as a rule, which northwind");
    driver
}

#[test]
fn nothing_is_asked_of_cost_explorer_until_its_price_is_confirmed() {
    let mut driver = opened();
    driver.press("u").expect("sure?").expect("US$0.01 a page").press("n").expect_not("sure?");
    assert_eq!(drills(&driver), 0);
    driver.press("u y").expect("asking Cost Explorer").press("u").expect_toast("being asked already");
    assert_eq!(drills(&driver), 1);
    let Errand::Drill(scope) = driver.errand().1 else { panic!("{:?}", driver.errand()) };
    assert_eq!((scope.client.as_str(), scope.month.long_name().as_str()), ("northwind", "November 2026"));
    let asked = driver.desk.asked.len();
    driver
        .end_errand(Ok(Done::Drilled { requests: 1, ce_spend_usd: Decimal::new(1, 2) }))
        .expect_toast("1 asked of Cost Explorer, $0.01 paid by northwind")
        .expect_not("asking Cost Explorer …");
    let newer = &driver.desk.asked[asked..];
    assert!(newer.iter().any(|query| matches!(query, Query::Usage(..))), "what came is not looked up: {newer:?}");
}

#[test]
fn what_the_operator_asked_for_is_shown_at_once_also_while_a_sync_runs() {
    let mut driver = opened();
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }));
    driver.send(Msg::Progress(vec![SyncEvent::Committed {
        client: "northwind".parse().unwrap(),
        source: Source::Costs,
    }]));
    assert!(driver.model.refresh.is_some(), "answers stand for a while");
    driver.press("u y");
    let asked = driver.desk.asked.len();
    driver.end_errand(Ok(Done::Drilled { requests: 1, ce_spend_usd: Decimal::new(1, 2) }));
    assert!(driver.desk.asked[asked..].iter().any(|query| matches!(query, Query::Usage(..))));
}

#[test]
fn a_question_that_failed_says_why_and_can_be_asked_again() {
    let mut driver = opened();
    driver.press("u y").end_errand(Err("northwind has paid for 3 requests today, which is the cap".into()));
    driver.expect_toast("which is the cap").expect("Not read yet").press("u y");
    assert_eq!(drills(&driver), 2);
}

#[test]
fn a_month_that_was_read_is_shown_and_a_settled_one_is_never_asked_again() {
    let mut driver = opened();
    driver.press("[").expect("October 2026").expect("EUW1-NatGateway-Bytes").expect("estimated");
    driver.press("u").expect("sure?").press("n");
    driver.press("[").expect("September 2026").expect("settled").press("u").expect_toast("this month is settled");
    assert_eq!(drills(&driver), 0);
    driver.press("]").expect("October 2026").press("] ]").expect_toast("this is the newest month");
    let asked: Vec<_> = driver.desk.asked.iter().filter(|q| matches!(q, Query::Usage(..))).collect();
    assert_eq!(asked.len(), 5, "every month is looked up, and nothing twice: {asked:?}");
}

#[test]
fn a_look_up_that_failed_says_why_nothing_can_be_asked() {
    let mut driver = Driver::new(120, 40);
    driver.press("<enter> <enter>");
    driver.desk.broken = true;
    driver.press("u").press("u").expect_toast("locked by another bailiwick");
    assert_eq!(drills(&driver), 0);
}

#[test]
fn a_service_without_days_is_not_called_free() {
    let mut driver = Driver::new(120, 40);
    driver.press("<enter> <enter> j u [").expect("Amazon Simple Storage Service · October 2026 · unblended · no days");
    driver.expect("all of it is booked by month").expect_not("0.00");
}

#[test]
fn the_metric_changes_and_enter_goes_no_further() {
    let mut driver = opened();
    driver.press("[ m").expect_toast("metric: net unblended").press("<enter>").expect_toast("the last level");
    let metrics: Vec<Metric> = driver
        .desk
        .asked
        .iter()
        .filter_map(|query| if let Query::Usage(_, metric) = query { Some(*metric) } else { None })
        .collect();
    assert_eq!(metrics, [Metric::Unblended, Metric::Unblended, Metric::NetUnblended]);
}

#[test]
fn days_lead_to_the_usage_types_of_the_month_that_is_shown_and_a_client_leads_nowhere() {
    let mut driver = Driver::new(120, 40);
    driver.press("3 u").expect_toast("open an account and select one of its services first").press("1");
    driver.press("<enter> <enter> <enter> [ u").expect("EC2 - Other · October 2026 ·").press("<esc>").expect("DAY");
    assert_eq!(drills(&driver), 0);
}

#[test]
fn an_end_that_nobody_waits_for_any_more_says_nothing() {
    let mut driver = opened();
    driver.press("u y");
    let (request, _) = driver.errand();
    driver.model.drilling = None;
    let done = Ok(Done::Drilled { requests: 1, ce_spend_usd: Decimal::new(1, 2) });
    driver.send(Msg::ErrandEnded { request, result: done });
    assert!(driver.model.toast.is_none(), "an end that nobody waits for says nothing: {:?}", driver.model.toast);
}
