//! What is asked is what was planned, and never more than the caps allow.

mod support;

use bailiwick::{
    aws::{BaseCredentials, Pacer, SdkCloud},
    desk::{CostScope, Line, UsageScope, view::CostKey},
    domain::{
        Cell, ClientId, Clock, Day, FailureKind, JobState, Metric, RequestCounts, Source, SyncEvent, SyncPlan,
        SyncSummary,
    },
    sim::server::{FaultKind, FaultPlan},
    sync::{Caps, ClientStore, SyncOptions},
};
use support::{Rig, options};

/// A client with an organization and one that stands alone.
const CLIENT: &str = "kestrel-freight";

fn only(client: &str, caps: Caps) -> SyncOptions {
    SyncOptions { only: Some(client.parse().unwrap()), caps, ..options() }
}

fn planned_and_done(rig: &Rig, options: &SyncOptions) -> (SyncPlan, SyncSummary) {
    let plan = rig.desk.sync_plan(options).unwrap();
    let (summary, _) = rig.sync_with(rig.server.url(), options.clone());
    (plan, summary)
}

#[test]
fn requests_equal_the_plan_first_daily_and_idle() {
    let rig = Rig::new(24, 1_000);
    let options = only(CLIENT, Caps::default());
    let (plan, first) = planned_and_done(&rig, &options);
    // 14 months: groups, total, record types, regions, and 13 months by day.
    assert_eq!((plan.requests.ce, first.requests.ce), (17, 17));
    assert_eq!(plan.ce_price_usd, first.ce_spend_usd);
    assert_eq!(plan.requests.sts, first.requests.sts, "{plan:?}");
    assert_eq!(plan.requests.organizations, first.requests.organizations);
    assert!(plan.requests.cloudtrail <= first.requests.cloudtrail, "events are planned at one page each");
    let jobs = first.jobs_done + first.jobs_partial + first.jobs_failed;
    assert_eq!(plan.jobs.len(), jobs as usize);
    assert!(plan.seconds > 0);

    let (plan, idle) = planned_and_done(&rig, &options);
    assert_eq!(
        (plan.jobs.len(), plan.requests, idle.requests),
        (0, RequestCounts::default(), RequestCounts::default())
    );

    rig.clock.advance(24 * 3_600);
    let (plan, daily) = planned_and_done(&rig, &options);
    assert_eq!((plan.requests.ce, daily.requests.ce), (2, 2));
    assert_eq!(plan.spend[0].month, 17, "what was paid is in the ledger");
    rig.clock.advance(6 * 24 * 3_600);
    let (plan, weekly) = planned_and_done(&rig, &options);
    assert_eq!((plan.requests.ce, weekly.requests.ce), (5, 5));

    // A month after the last test the gate is tried again.
    rig.clock.advance(25 * 24 * 3_600);
    let plan = rig.desk.sync_plan(&options).unwrap();
    assert_eq!(plan.jobs.iter().filter(|j| j.source == Source::Gate).count(), 2);
}

#[test]
fn a_cap_stops_before_the_request_and_the_next_day_goes_on() {
    let rig = Rig::new(24, 1_000);
    let options = only(CLIENT, Caps { day: 10, month: 15 });
    let store = ClientStore::new(rig.vault.clone(), CLIENT.parse().unwrap());
    let mut asked = rig.server.counts().ce;
    let mut day = |expected: u64, words: &str| {
        let plan = rig.desk.sync_plan(&options).unwrap();
        assert_eq!(plan.spend[0].due - plan.spend[0].held_back, expected, "{:?}", plan.spend);
        let (summary, _) = rig.sync_with(rig.server.url(), options.clone());
        let now = rig.server.counts().ce;
        assert_eq!((now - asked, summary.requests.ce), (expected, expected));
        asked = now;
        let costs = summary.failures.iter().find(|j| j.source == Source::Costs);
        match (words, costs.map(|job| &job.state)) {
            ("", None) => {}
            (words, Some(JobState::Partial { failures })) => {
                assert_eq!(failures[0].kind, FailureKind::BudgetReached);
                assert!(failures[0].what.contains(words), "{failures:?}");
            }
            (words, Some(JobState::Failed { failure })) => {
                assert_eq!(failure.kind, FailureKind::BudgetReached);
                assert!(failure.what.contains(words), "{failure:?}");
            }
            (words, other) => panic!("{words}: {other:?}"),
        }
        rig.clock.advance(24 * 3_600);
    };
    day(10, "10 Cost Explorer requests today, which is the cap");
    day(5, "15 Cost Explorer requests this month, which is the cap");
    day(0, "15 Cost Explorer requests this month, which is the cap");
    // What could not be asked is not shown as read.
    let connection = store.connections().unwrap().into_iter().find(|c| c.kind.has_costs()).unwrap();
    assert_eq!(store.cost_state(&connection.id).unwrap().complete_at, None);
    // Nine days later it is December, and there is room again.
    rig.clock.advance(7 * 24 * 3_600);
    let (summary, _) =
        rig.sync_with(rig.server.url(), SyncOptions { caps: Caps { day: 30, month: 30 }, ..options.clone() });
    assert!(summary.failures.iter().all(|j| j.source != Source::Costs), "{:?}", summary.failures);
    assert!(store.cost_state(&connection.id).unwrap().complete_at.is_some());
    let splits = store.cost_split(&connection.id, "2026-11-01".parse().unwrap()).unwrap().unwrap();
    assert!(splits.by_record_type.is_some_and(|s| !s.is_empty()) && splits.by_region.is_some_and(|s| !s.is_empty()));
}

#[test]
fn an_answer_that_broke_off_is_paid_for_too_and_the_cap_counts_it() {
    // In the midst of its body, or anywhere, also before it has begun.
    for fault in ["half=#1@ce", "seed=1,reset=#1@ce", "seed=2,reset=#1@ce"] {
        counted_though_it_broke_off(fault);
    }
}

fn counted_though_it_broke_off(fault: &str) {
    let rig = Rig::new(24, 1_000);
    let store = ClientStore::new(rig.vault.clone(), CLIENT.parse().unwrap());
    rig.server.set_faults(fault.parse().unwrap());
    let options = only(CLIENT, Caps { day: 5, month: 0 });
    let told = |events: &[SyncEvent]| {
        let of_costs = events.iter().rev().find_map(|event| match event {
            SyncEvent::Job { job } if job.source == Source::Costs => Some((job.requests.ce, job.paid_pages)),
            _ => None,
        });
        of_costs.unwrap()
    };
    let (summary, events) = rig.sync_with(rig.server.url(), options.clone());
    assert_eq!(told(&events), (5, 5));
    // Each question takes two answers, and the one to the third is not repeated: the cap is hard.
    let costs = summary.failures.iter().find(|job| job.source == Source::Costs).unwrap();
    assert!(format!("{:?}", costs.state).contains("BudgetReached"), "{costs:?}");
    let (asked, day) = (rig.server.counts().ce, rig.clock.now().day());
    assert_eq!((asked, summary.requests.ce, store.spend().unwrap().on(day)), (5, 5, 5));
    assert_eq!(summary.ce_spend_usd.to_string(), "0.05");
    // What was refused costs nothing.
    rig.server.set_faults("denied@ce".parse().unwrap());
    let (_, events) = rig.sync_with(rig.server.url(), SyncOptions { caps: Caps::default(), ..options });
    let refused = rig.server.counts().ce - asked;
    assert!(refused > 0);
    assert_eq!(told(&events), (refused, 0));
    assert_eq!(store.spend().unwrap().on(day), 5);
}

#[test]
fn a_month_that_a_client_has_not_is_not_called_empty() {
    let rig = Rig::new(24, 1_000);
    rig.sync_with(rig.server.url(), options());
    // In December only one client is read.
    rig.clock.advance(10 * 24 * 3_600);
    rig.sync_with(rig.server.url(), only(CLIENT, Caps::default()));
    let view = rig.desk.costs(&CostScope::default()).unwrap();
    let december: Day = "2026-12-01".parse().unwrap();
    assert_eq!(view.months.last(), Some(&december.month()));
    let (one, others): (Vec<_>, Vec<_>) =
        view.rows.iter().partition(|row| row.label.raw_for_matching() == name(&rig, CLIENT));
    assert!(matches!(one[0].months.last(), Some(Cell::Estimated { .. })), "{one:?}");
    let with_costs = others.iter().filter(|row| row.months.iter().any(|cell| cell.value().is_some()));
    let mut looked_at = 0;
    for row in with_costs {
        let Some(Cell::Unavailable { reason }) = row.months.last() else { panic!("{row:?}") };
        assert!(reason.starts_with("December 2026 was not read: "), "{reason}");
        looked_at += 1;
    }
    assert!(looked_at > 0, "{others:?}");
}

fn name(rig: &Rig, client: &str) -> String {
    rig.desk.client(&client.parse().unwrap()).unwrap().name.raw_for_matching().to_owned()
}

#[test]
fn a_month_that_was_final_and_changes_is_restated() {
    let rig = Rig::new(24, 1_000);
    let options = only(CLIENT, Caps::default());
    rig.sync_with(rig.server.url(), options.clone());
    let costs =
        |rig: &Rig| rig.desk.costs(&CostScope { client: Some(CLIENT.parse().unwrap()), ..CostScope::default() });
    assert_eq!(costs(&rig).unwrap().restatements, []);
    let payer = rig.world.clients.iter().find(|c| c.id == CLIENT).unwrap().accounts[0];
    let (month, credit) = ("2026-09-01".parse::<Day>().unwrap().month(), rust_decimal::Decimal::new(-4_120, 2));
    let fault = FaultKind::Restated(month, credit);
    rig.server.set_faults(FaultPlan { seed: 1, rules: vec![fault.always()] });
    rig.clock.advance(24 * 3_600);
    let days_of_september = || -> rust_decimal::Decimal {
        let daily = costs(&rig).unwrap().daily;
        daily.iter().filter(|d| d.day.month() == month).filter_map(|d| Some(d.amount.value()?.amount)).sum()
    };
    let before = days_of_september();
    assert_eq!(rig.sync_with(rig.server.url(), options.clone()).0.requests.ce, 2);
    let seen = costs(&rig).unwrap().restatements;
    assert_eq!((seen.len(), seen[0].change.display_signed()), (1, "−41.20".into()), "{seen:?}");
    let words = &seen[0].words;
    assert!(words.starts_with("AWS restated September 2026 by −41.20 USD on 2026-11-23"), "{words}");
    assert!(words.contains(&payer.to_string()), "{words}");
    // The next sync asks its days once more, and finds that it has not changed again.
    rig.clock.advance(24 * 3_600);
    for requests in [3, 2] {
        let (planned, done) = planned_and_done(&rig, &options);
        assert_eq!((planned.requests.ce, done.requests.ce), (requests, requests));
        assert_eq!(costs(&rig).unwrap().restatements, seen);
        assert_eq!(days_of_september(), before + credit);
        rig.clock.advance(24 * 3_600);
    }
}

#[test]
fn a_drill_is_one_request_and_a_settled_month_is_kept_for_ever() {
    let rig = Rig::new(24, 1_000);
    let options = only(CLIENT, Caps::default());
    rig.sync_with(rig.server.url(), options);
    let payer = rig.world.clients.iter().find(|c| c.id == CLIENT).unwrap().accounts[0];
    let client: ClientId = CLIENT.parse().unwrap();
    let account = CostScope { client: Some(client.clone()), account: Some(payer), ..CostScope::default() };
    let services = rig.desk.costs(&account).unwrap();
    let row = &services.rows[0];
    let CostKey::Service(service) = row.key.clone() else { panic!("{row:?}") };
    let month = |text: &str| text.parse::<Day>().unwrap().month();
    let scope = |month| UsageScope { client: client.clone(), account: payer, service: service.clone(), month };
    let drill = |scope: &UsageScope, caps| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let cloud =
                SdkCloud::connect(BaseCredentials::Simulator { url: rig.server.url() }, rig.clock.clone()).await;
            let options = SyncOptions { caps, ..support::options() };
            let pacer = Pacer::new(options.pace, options.retry, 1);
            let line = Line::open(&cloud, &pacer, &options).await;
            rig.desk.drill_usage(&line, scope).await
        })
    };
    let before = rig.server.counts().ce;
    let shown = |text| rig.desk.usage_shown(&scope(month(text)), Metric::Unblended).unwrap();
    assert!(shown("2026-09-01").usage.is_none() && shown("2026-09-01").due);
    assert_eq!(rig.server.counts().ce, before, "looking asks nothing");
    let first = drill(&scope(month("2026-09-01")), Caps::default()).unwrap();
    assert_eq!((first.requests, rig.server.counts().ce - before), (1, 1));
    assert!(first.usage.settled && !first.usage.cells.is_empty(), "{first:?}");
    // By usage type it sums up to what the month's table says of the service.
    let column = services.months.iter().position(|m| *m == month("2026-09-01")).unwrap();
    let sum: rust_decimal::Decimal = first.usage.cells.iter().map(|c| c.amounts.unblended).sum();
    assert_eq!(Some(sum.normalize()), row.months[column].value().map(|m| m.amount.normalize()));
    let kept = shown("2026-09-01");
    let rows: rust_decimal::Decimal = kept.rows.iter().flat_map(|row| row.days.iter().flatten()).sum();
    assert_eq!((kept.usage.as_ref(), kept.due, rows), (Some(&first.usage), false, sum));
    rig.clock.advance(400 * 86_400);
    assert_eq!(drill(&scope(month("2026-09-01")), Caps::default()).unwrap().requests, 0);
    assert_eq!(rig.server.counts().ce - before, 1);
    rig.clock.advance(-400 * 86_400);
    // What comes again on the next page is not counted again.
    let rules = vec![FaultKind::SmallPages(5).always(), FaultKind::Duplicates.always()];
    rig.server.set_faults(FaultPlan { seed: 1, rules });
    let repeated = drill(&scope(month("2026-09-01").plus(-1)), Caps::default()).unwrap();
    assert!(repeated.requests > 1, "{repeated:?}");
    let sum: rust_decimal::Decimal = repeated.usage.cells.iter().map(|c| c.amounts.unblended).sum();
    assert_eq!(Some(sum.normalize()), row.months[column - 1].value().map(|m| m.amount.normalize()));
    rig.server.set_faults(FaultPlan::default());
    let before = before + repeated.requests;
    // The open month is asked again when it is old, and within the caps.
    assert_eq!(drill(&scope(month("2026-11-01")), Caps::default()).unwrap().requests, 1);
    assert_eq!(drill(&scope(month("2026-11-01")), Caps::default()).unwrap().requests, 0);
    rig.clock.advance(9 * 3_600);
    assert!(
        shown("2026-11-01").due && shown("2026-11-01").usage.is_some(),
        "an old answer is shown, and may be renewed"
    );
    let capped = drill(&scope(month("2026-11-01")), Caps { day: 1, month: 0 }).unwrap_err().to_string();
    assert!(capped.contains("which is the cap") && rig.server.counts().ce - before == 2, "{capped}");
}
