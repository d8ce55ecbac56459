//! Every fault that the simulator knows, end to end: a sync that meets it takes a bounded number of requests and claims
//! nothing that it did not read, and one more after it cleared makes the vault equal the world.
//!
//! One seed of each runs always; all ten with `cargo test --test sync_faults -- --ignored`.

mod support;
#[path = "sync_faults/check.rs"]
mod check;
#[path = "sync_faults/world.rs"]
mod world;

use bailiwick::{
    aws::RetryPolicy,
    domain::{RequestCounts, Timestamp},
    sync::SyncOptions,
};
use check::{claims_are_honest, equals_the_truth};
use std::{collections::BTreeMap, sync::OnceLock, time::Duration};
use support::{Rig, options};
use world::world;

/// Attempts of one request.
const ATTEMPTS: u32 = 4;
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
        equals_the_truth(&rig);
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

/// A fault, and how many times the requests of an undisturbed sync it may take at most.
struct Case {
    faults: &'static str,
    options: fn() -> SyncOptions,
    /// No request is sent more often than this.
    times: u64,
    /// Whether every run meets it so hard that something fails.
    fails: bool,
}

const MILD: Case = Case { faults: "", options: patient, times: ATTEMPTS as u64, fails: false };

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
        assert!(sent <= case.times * calm, "{what}: {sent} requests where {calm} would do, seed {seed}");
    }
    assert!(sent != calm.requests || !summary.failures.is_empty() || case.times == 1, "no fault was met, seed {seed}");
    assert!(!case.fails || !summary.failures.is_empty(), "nothing failed, seed {seed}");
    claims_are_honest(&rig, &summary, &|_, _| true);
    recovers(&rig);
}

/// One more sync without faults.
#[track_caller]
fn recovers(rig: &Rig) {
    rig.server.set_faults(SMALL_PAGES.parse().unwrap());
    let (summary, _) = rig.sync_with(rig.server.url(), patient());
    assert!(summary.failures.is_empty(), "{:?}", summary.failures);
    equals_the_truth(rig);
    assert_eq!(rig.findings(), calm().findings);
}

/// A test for each case: with one seed, and with all ten.
macro_rules! cases {
    ($($name:ident: $case:expr;)*) => {
        mod one_seed {
            use super::*;
            $(#[test] fn $name() { disturbed(&$case, 1); })*
        }
        mod ten_seeds {
            use super::*;
            $(#[test] #[ignore = "ten times the work"] fn $name() { (1..=10).for_each(|seed| disturbed(&$case, seed)); })*
        }
    };
}

cases! {
    throttled_now_and_then: Case { faults: "throttle=0.25", ..MILD };
    a_storm_of_throttling: Case { faults: "throttle", fails: true, ..MILD };
    server_errors: Case { faults: "unavailable=0.25", ..MILD };
    pages_of_a_proxy: Case { faults: "html=0.25", ..MILD };
    answers_that_never_come: Case { faults: "slow:600=0.02", options: hurried, ..MILD };
    half_answers: Case { faults: "half=0.25", ..MILD };
    connections_that_end_anywhere: Case { faults: "reset=0.25", ..MILD };
    sessions_that_end_early: Case { faults: "expired=0.1", times: 16, ..MILD };
    sessions_that_end_at_once: Case { faults: "expired", times: 16, fails: true, ..MILD };
    tokens_that_are_refused: Case { faults: "token-refused=0.3", ..MILD };
    tokens_that_are_always_refused: Case { faults: "token-refused", fails: true, ..MILD };
    the_same_token_again: Case { faults: "token-loop=0.3", ..MILD };
    the_same_token_for_ever: Case { faults: "token-loop", fails: true, ..MILD };
    tokens_in_a_circle: Case { faults: "token-cycle=0.3", ..MILD };
    tokens_in_a_circle_for_ever: Case { faults: "token-cycle", fails: true, ..MILD };
    empty_pages: Case { faults: "empty-page=0.4", ..MILD };
    empty_pages_for_ever: Case {
        faults: "empty-page@organizations,empty-page@ce,empty-page@cloudtrail/ap-south-1", times: 40, fails: true, ..MILD
    };
    rows_that_come_twice: Case { faults: "duplicates", times: 1, ..MILD };
    huge_pages: Case { faults: "huge-page:3=0.05", times: 1, ..MILD };
    clocks_that_differ: Case { faults: "skew=0.1", ..MILD };
    refusals_now_and_then: Case { faults: "denied=0.1", ..MILD };
    a_source_that_is_denied: Case { faults: "denied@ce,denied@organizations", fails: true, ..MILD };
    a_region_that_is_not_enabled: Case { faults: "region-disabled@eu-west-1", fails: true, ..MILD };
    everything_at_once: Case {
        faults: "throttle=0.05,unavailable=0.05,html=0.03,half=0.05,reset=0.05,expired=0.02,token-refused=0.03,\
                 token-loop=0.02,token-cycle=0.02,empty-page=0.1,duplicates=0.1,huge-page:1=0.01,skew=0.005,denied=0.005",
        times: 16,
        ..MILD
    };
}
