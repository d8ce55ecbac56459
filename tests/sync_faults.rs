//! Every fault that the simulator knows, end to end: a sync that meets it takes a bounded number of requests and claims
//! nothing that it did not read, and one more after it cleared makes the vault equal the world.
//!
//! One seed of each runs always; all ten with `cargo test --test sync_faults -- --ignored`.
//!
//! Then what is no fault of a request: events that are seen late, and costs that are restated.

mod support;
#[path = "sync_faults/check.rs"]
mod check;
#[path = "sync_faults/world.rs"]
mod world;

use bailiwick::{
    aws::RetryPolicy,
    domain::{Clock, RequestCounts, Timestamp},
    sim::costs::{CostLine, SimAmounts},
    sync::SyncOptions,
};
use check::{claims_are_honest, equals_the_truth, months_equal};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, sync::OnceLock, time::Duration};
use support::{Rig, options};
use world::{ALONE, PAYER, connected, events_of, id, world};

/// Attempts of one request.
const ATTEMPTS: u32 = 6;
/// So that every answer has several pages.
const SMALL_PAGES: &str = "small-pages:10@organizations,small-pages:15@cloudtrail,small-pages:12@ce";

/// What a sync that nothing disturbs takes and finds.
struct Calm {
    requests: RequestCounts,
    findings: BTreeMap<String, (u32, Timestamp, Timestamp)>,
}

fn calm() -> &'static Calm {
    static CALM: OnceLock<Calm> = OnceLock::new();
    CALM.get_or_init(|| {
        let rig = Rig::of(world());
        rig.server.set_faults(SMALL_PAGES.parse().unwrap());
        let (summary, _) = rig.sync_with(rig.server.url(), patient());
        assert!(summary.failures.is_empty(), "{:?}", summary.failures);
        equals_the_truth(&rig, &rig.world);
        let findings = rig.findings();
        assert!(findings.len() >= 6, "{findings:?}");
        Calm { requests: summary.requests, findings }
    })
}

fn patient() -> SyncOptions {
    let retry = RetryPolicy { attempts: ATTEMPTS, ..options().retry };
    SyncOptions { retry, ..options() }
}

/// So short that an answer which never comes is soon given up.
fn hurried() -> SyncOptions {
    let retry = RetryPolicy { per_attempt: Duration::from_millis(300), ..patient().retry };
    SyncOptions { retry, ..patient() }
}

/// A fault, and what a sync under it comes to.
struct Case {
    faults: &'static str,
    options: fn() -> SyncOptions,
    /// The most requests of a service, in hundredths of what an undisturbed sync sends.
    at_most: u64,
    outcome: Outcome,
}

#[derive(PartialEq)]
enum Outcome {
    /// Whatever was met, everything is read.
    GetsThrough,
    /// Something may fail.
    Either,
    /// Something fails.
    Fails,
}
use Outcome::{Either, Fails, GetsThrough};

/// What is met now and then and repeated.
const MILD: Case = Case { faults: "", options: patient, at_most: 150, outcome: GetsThrough };
/// What ends a question.
const HARD: Case = Case { outcome: Fails, at_most: 100, ..MILD };

fn disturbed(case: &Case, seed: u64) {
    let rig = Rig::of(world());
    rig.server.set_faults(format!("seed={seed},{SMALL_PAGES},{}", case.faults).parse().unwrap());
    let (summary, _) = rig.sync_with(rig.server.url(), (case.options)());
    let (sent, calm) = (summary.requests, calm());
    for (what, sent, calm) in [
        ("sts", sent.sts, calm.requests.sts),
        ("organizations", sent.organizations, calm.requests.organizations),
        ("cloudtrail", sent.cloudtrail, calm.requests.cloudtrail),
        ("ce", sent.ce, calm.requests.ce),
    ] {
        assert!(sent * 100 <= case.at_most * calm, "{what}: {sent} requests where {calm} would do, seed {seed}");
    }
    // What changes only the rows or the size of an answer takes no request more.
    assert!(case.outcome == Fails || case.at_most == 100 || sent != calm.requests, "no fault was met, seed {seed}");
    match case.outcome {
        GetsThrough => assert!(summary.failures.is_empty(), "seed {seed}: {:?}", summary.failures),
        Fails => assert!(!summary.failures.is_empty(), "nothing failed, seed {seed}"),
        Either => {}
    }
    claims_are_honest(&rig, &rig.world, &summary, &|_| true);
    recovers(&rig);
}

/// One more sync without faults.
#[track_caller]
fn recovers(rig: &Rig) {
    rig.server.set_faults(SMALL_PAGES.parse().unwrap());
    let (summary, _) = rig.sync_with(rig.server.url(), patient());
    assert!(summary.failures.is_empty(), "{:?}", summary.failures);
    equals_the_truth(rig, &rig.world);
    assert_eq!(rig.findings(), calm().findings);
}

/// An event may be seen so late that a sync an hour later does not look back far enough. The first of the next day does.
fn late(seed: u64) {
    const LATE: i64 = 45 * 60;
    let rig = Rig::of(world());
    rig.server.set_faults(format!("seed={seed},{SMALL_PAGES},late:45=0.3").parse().unwrap());
    let since = world::now().plus(-14 * 86_400);
    let held = || rig.connections().iter().map(|(store, c)| rig.event_ids(store, c.account()).len()).sum::<usize>();
    let due = |until| connected().map(|id| events_of(&rig.world, id, None, since, until).len()).iter().sum::<usize>();
    for hour in 0..3 {
        rig.clock.advance(3_600 * i64::from(hour > 0));
        let (summary, _) = rig.sync_with(rig.server.url(), patient());
        assert!(summary.failures.is_empty(), "{:?}", summary.failures);
        // What could be seen at the first read was read, and more than that nobody can ask for before the next day.
        claims_are_honest(&rig, &rig.world, &summary, &|event| event.time.plus(LATE) <= world::now());
        assert!(held() < due(rig.clock.now()), "nothing was late, seed {seed}");
    }
    rig.clock.advance(22 * 3_600);
    rig.sync_with(rig.server.url(), patient());
    equals_the_truth(&rig, &rig.world);
}

/// A month that was read before costs less: the next read has it, in its cells and in its total.
fn restated(seed: u64) {
    let rig = Rig::of(world());
    rig.server.set_faults(SMALL_PAGES.parse().unwrap());
    rig.sync_with(rig.server.url(), patient());
    equals_the_truth(&rig, &rig.world);
    rig.clock.advance(9 * 3_600);
    let amount = Decimal::new(-4_120 - i64::try_from(seed).unwrap(), 2);
    rig.server.set_faults(format!("seed={seed},{SMALL_PAGES},restated:2026-10:{amount},half=0.1@ce").parse().unwrap());
    let (summary, _) = rig.sync_with(rig.server.url(), patient());
    assert!(summary.failures.is_empty(), "{:?}", summary.failures);
    let mut truth = world();
    for account in truth.accounts.iter_mut().filter(|a| [id(PAYER), id(ALONE)].contains(&a.id)) {
        let like = account.costs.lines[0].clone();
        let amounts = SimAmounts {
            unblended: amount,
            net_unblended: amount,
            amortized: amount,
            net_amortized: amount,
            ..SimAmounts::default()
        };
        let first = "2026-10-01".parse().unwrap();
        account.costs.lines.push(CostLine { record_type: "Credit", first, amounts: vec![amounts], ..like });
    }
    months_equal(&rig, &truth);
}

/// A test for each case: with one seed, and with all ten.
macro_rules! cases {
    ($($name:ident: $case:expr;)*) => {
        mod one_seed {
            use super::*;
            $(#[test] fn $name() { disturbed(&$case, 1); })*
            #[test] fn events_that_are_seen_late() { late(1); }
            #[test] fn costs_that_are_restated() { restated(1); }
        }
        mod ten_seeds {
            use super::*;
            $(#[test] #[ignore = "ten times the work"] fn $name() { (1..=10).for_each(|seed| disturbed(&$case, seed)); })*
            #[test] #[ignore = "ten times the work"] fn events_that_are_seen_late() { (1..=10).for_each(late); }
            #[test] #[ignore = "ten times the work"] fn costs_that_are_restated() { (1..=10).for_each(restated); }
        }
    };
}

cases! {
    throttled_now_and_then: Case { faults: "throttle=0.15", ..MILD };
    a_storm_of_throttling: Case { faults: "throttle", ..HARD };
    server_errors: Case { faults: "unavailable=0.15", ..MILD };
    pages_of_a_proxy: Case { faults: "html=0.15", ..MILD };
    answers_that_never_come: Case { faults: "slow:600=0.02", options: hurried, ..MILD };
    half_answers: Case { faults: "half=0.15", ..MILD };
    connections_that_end_anywhere: Case { faults: "reset=0.15", ..MILD };
    sessions_that_end_early: Case { faults: "expired=0.06@cloudtrail,expired=0.1@ce,expired=0.2@organizations", at_most: 400, ..MILD };
    sessions_that_end_at_once: Case { faults: "expired", ..HARD };
    tokens_that_are_refused: Case { faults: "token-refused=0.2", outcome: Either, ..MILD };
    tokens_that_are_always_refused: Case { faults: "token-refused", at_most: 150, ..HARD };
    the_same_token_again: Case { faults: "token-loop=0.2", outcome: Either, ..MILD };
    the_same_token_for_ever: Case { faults: "token-loop", at_most: 150, ..HARD };
    tokens_in_a_circle: Case { faults: "token-cycle=0.2", outcome: Either, ..MILD };
    tokens_in_a_circle_for_ever: Case { faults: "token-cycle", at_most: 150, ..HARD };
    empty_pages: Case { faults: "empty-page=0.3", at_most: 200, ..MILD };
    empty_pages_for_ever: Case {
        faults: "empty-page@organizations,empty-page@ce,empty-page@cloudtrail/ap-south-1", at_most: 2_600, ..HARD
    };
    rows_that_come_twice: Case { faults: "duplicates", at_most: 100, ..MILD };
    huge_pages: Case { faults: "huge-page:3=0.05", at_most: 100, ..MILD };
    clocks_that_differ: Case { faults: "skew=0.1", ..HARD };
    refusals_now_and_then: Case { faults: "denied=0.1", ..HARD };
    a_source_that_is_denied: Case { faults: "denied@ce,denied@organizations", ..HARD };
    a_region_that_is_not_enabled: Case { faults: "region-disabled@eu-west-1", ..HARD };
    everything_at_once: Case {
        faults: "throttle=0.05,unavailable=0.03,html=0.03,half=0.03,reset=0.03,expired=0.02,token-refused=0.02,\
                 token-loop=0.01,token-cycle=0.01,empty-page=0.1,duplicates=0.1,huge-page:1=0.01,skew=0.002,denied=0.002",
        at_most: 300,
        outcome: Either,
        ..MILD
    };
}
