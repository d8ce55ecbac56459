//! A run that is held, of which jobs are cancelled and tried again: the outcome is that of one left alone, and no request
//! is sent while it may not be.

mod support;

use bailiwick::{
    aws::{BaseCredentials, Pace, SdkCloud},
    domain::{
        FindingState, GateState, JobKey, JobProgress, JobState, RequestCounts, Source, SourceState, SyncEvent,
        SyncOrder, SyncSummary, Timestamp,
    },
    sim::server::{Trouble, TroubleAt},
    sync::{self, ClientStore, Control, SyncOptions, Wanted},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use support::{NOW, Rig, options};

/// A client with a payer and a member.
const CLIENT: &str = "kestrel-freight";
/// Within this whatever was under way has been answered.
const A_WHILE: Duration = Duration::from_millis(400);

fn one_client() -> SyncOptions {
    SyncOptions { only: Some(CLIENT.parse().unwrap()), ..options() }
}

/// A run of which `meanwhile` hears every event and may want something of it. Whenever nothing comes of it for a while,
/// because it is held, `stuck` is asked, which has to let it go on.
fn sync(
    rig: &Rig,
    options: SyncOptions,
    control: &Control,
    meanwhile: impl Fn(&SyncEvent) + 'static,
    stuck: impl Fn(),
) -> (SyncSummary, Vec<SyncEvent>) {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let ear = heard.clone();
    let listener = Box::new(move |event: SyncEvent| {
        meanwhile(&event);
        ear.borrow_mut().push(event);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let summary = runtime.block_on(async {
        let cloud = SdkCloud::connect(BaseCredentials::Simulator { url: rig.server.url() }, rig.clock.clone()).await;
        let (vault, checks, clock) = (rig.vault.clone(), rig.checks.clone(), rig.clock.clone());
        let mut run = Box::pin(sync::run_under(control.clone(), cloud, vault, checks, clock, options, listener));
        for _ in 0..100 {
            let before = heard.borrow().len();
            match tokio::time::timeout(A_WHILE, &mut run).await {
                Ok(summary) => return summary.unwrap(),
                Err(_) if heard.borrow().len() == before => stuck(),
                Err(_) => {}
            }
        }
        panic!("the run does not come to its end: {:?}", heard.borrow().last());
    });
    (summary, heard.take())
}

/// The same without interference.
fn alone(rig: &Rig, options: SyncOptions) -> SyncSummary {
    sync(rig, options, &Control::default(), |_| {}, || {}).0
}

fn store(rig: &Rig) -> ClientStore {
    ClientStore::new(rig.vault.clone(), CLIENT.parse().unwrap())
}

/// What was read of the client, for comparison.
fn outcome(rig: &Rig) -> Vec<String> {
    let store = store(rig);
    let mut said = Vec::new();
    for connection in store.connections().unwrap() {
        let account = connection.account();
        said.push(format!("{:?}", store.coverage(account).unwrap()));
        said.push(format!("{:?}", store.sources(&connection.id).unwrap()));
        said.push(format!("{:?}", store.cost_months(&connection.id).unwrap()));
        // A failure that was overcome leaves a finding that is resolved.
        let findings = store.findings(account).unwrap().into_values();
        said.push(format!("{:?}", findings.filter(|f| f.state == FindingState::Open).collect::<Vec<_>>()));
    }
    said.push(format!("{:?}", store.accounts().unwrap()));
    said.push(format!("{:?}", store.spend().unwrap()));
    said
}

fn job(event: &SyncEvent, source: Source) -> Option<&JobProgress> {
    match event {
        SyncEvent::Job { job } if job.source == source => Some(job),
        _ => None,
    }
}

fn last(events: &[SyncEvent], source: Source) -> JobProgress {
    events.iter().rev().find_map(|event| job(event, source)).unwrap().clone()
}

fn planned(events: &[SyncEvent]) -> (Vec<Source>, bool) {
    let Some(SyncEvent::Planned { jobs, again }) = events.first() else { panic!("{events:?}") };
    (jobs.iter().map(|job| job.source).collect(), *again)
}

/// The payer's job of a source.
fn key(rig: &Rig, source: Source) -> JobKey {
    let connections = store(rig).connections().unwrap();
    let payer = connections.iter().find(|c| c.kind.has_costs()).unwrap();
    JobKey { client: CLIENT.parse().unwrap(), account: payer.account(), source }
}

#[test]
fn a_held_run_sends_nothing_and_ends_like_one_left_alone() {
    let (other, rig, control) = (Rig::new(24, 1_000), Rig::new(24, 1_000), Control::default());
    let expected = alone(&other, one_client());
    let (hold, paused) = (control.clone(), Rc::new(RefCell::new(Vec::new())));
    // Held before the first request, and at the third page of costs.
    let hear = move |event: &SyncEvent| {
        let third = job(event, Source::Costs).is_some_and(|job| job.requests.ce == 3);
        if third || matches!(event, SyncEvent::Planned { .. }) {
            assert!(hold.obey(SyncOrder::Pause) && hold.is_paused());
        }
    };
    let stuck = || {
        if !control.is_paused() {
            return;
        }
        paused.borrow_mut().push(rig.server.counts());
        // What was under way is answered by the second time; nothing must come until the third.
        if paused.borrow().len().is_multiple_of(3) {
            assert!(control.obey(SyncOrder::Resume));
        }
    };
    let (summary, events) = sync(&rig, one_client(), &control, hear, stuck);
    let paused = paused.take();
    assert!(paused.len() >= 6, "{paused:?}");
    assert!(paused.chunks(3).all(|looks| looks[1] == looks[2]), "{paused:?}");
    assert_eq!(paused[0], Default::default(), "not even who we are is asked");
    assert!(paused[3].ce > 0 && paused[3].ce < 17);
    let pauses = events.iter().filter(|event| **event == SyncEvent::Paused).count();
    assert_eq!(pauses, events.iter().filter(|event| **event == SyncEvent::Resumed).count());
    assert_eq!((summary.requests, summary.jobs_done), (expected.requests, expected.jobs_done));
    assert_eq!(rig.server.counts(), other.server.counts());
    assert_eq!(outcome(&rig), outcome(&other));
}

#[test]
fn one_job_is_held_while_the_others_go_on() {
    let (rig, control) = (Rig::new(24, 1_000), Control::default());
    let (hold, once) = (control.clone(), Cell::new(false));
    let hear = move |event: &SyncEvent| {
        let begun = job(event, Source::Costs).filter(|job| job.state == JobState::Running);
        if let Some(job) = begun.filter(|_| !once.replace(true)) {
            hold.obey(SyncOrder::PauseJob(job.id));
        }
    };
    let held = RefCell::new(None);
    let payer = key(&rig, Source::Costs);
    let stuck = || {
        let sources = store(&rig).sources(&rig_connection(&rig, &payer)).unwrap();
        // The others are read to their end first.
        if !matches!(sources.events, SourceState::Fresh { .. }) || held.replace(Some(rig.server.counts().ce)).is_some()
        {
            return;
        }
        assert_eq!((rig.server.counts().ce, &sources.costs), (0, &SourceState::Never));
        // Numbered in the order of the plan.
        (0..20).map(bailiwick::domain::JobId).for_each(|job| assert!(control.obey(SyncOrder::ResumeJob(job))));
    };
    let (summary, events) = sync(&rig, one_client(), &control, hear, stuck);
    assert!(held.take().is_some());
    assert!(events.iter().any(|event| job(event, Source::Costs).is_some_and(|job| job.paused)));
    assert!(!last(&events, Source::Costs).paused);
    assert_eq!((summary.jobs_failed, summary.requests.ce), (0, 17));
}

fn rig_connection(rig: &Rig, key: &JobKey) -> bailiwick::domain::ConnectionId {
    store(rig).connections().unwrap().into_iter().find(|c| c.account() == key.account).unwrap().id
}

#[test]
fn a_cancelled_job_keeps_what_it_stored_and_says_nothing_of_its_source_and_is_read_by_the_next_run() {
    let (other, rig, control) = (Rig::new(24, 1_000), Rig::new(24, 1_000), Control::default());
    alone(&other, one_client());
    let cancel = control.clone();
    let hear = move |event: &SyncEvent| {
        let running = |job: &&JobProgress| job.state == JobState::Running;
        let costs = job(event, Source::Costs).filter(running).filter(|job| job.done == 5);
        let events = job(event, Source::Events).filter(running).filter(|job| job.requests.cloudtrail > 3);
        for job in costs.into_iter().chain(events) {
            cancel.obey(SyncOrder::CancelJob(job.id));
        }
    };
    let (summary, events) = sync(&rig, one_client(), &control, hear, || {});
    assert_eq!((summary.jobs_cancelled, summary.jobs_failed, summary.jobs_partial), (3, 0, 0));
    assert_eq!(summary.failures, []);
    let costs = last(&events, Source::Costs);
    assert_eq!((&costs.state, costs.done), (&JobState::Cancelled, 5));
    assert_eq!(rig.server.counts().ce, costs.requests.ce, "no page after it was cancelled");
    let (store, payer) = (store(&rig), rig_connection(&rig, &key(&rig, Source::Costs)));
    assert_eq!(store.cost_months(&payer).unwrap().len(), 14, "what was stored stays");
    let sources = store.sources(&payer).unwrap();
    assert_eq!((&sources.costs, &sources.events), (&SourceState::Never, &SourceState::Never));
    assert!(sources.failures.is_empty() && sources.regions_failed.is_empty());
    assert_eq!(store.coverage(key(&rig, Source::Events).account).unwrap().regions().count(), 0);
    assert_eq!(store.spend().unwrap().in_month_of(bailiwick::domain::Clock::now(&*rig.clock).day()), costs.requests.ce);

    let rest = alone(&rig, one_client());
    // At most the page that was under way is asked for again.
    assert!((12..=13).contains(&rest.requests.ce), "{rest:?}");
    let spent = |lines: Vec<String>| lines[..lines.len() - 1].to_vec();
    assert_eq!(spent(outcome(&rig)), spent(outcome(&other)));
}

#[test]
fn a_job_that_is_cancelled_before_its_turn_and_wanted_again_is_done_once() {
    let (rig, control) = (Rig::new(24, 1_000), Control::default());
    let (hold, costs) = (control.clone(), key(&rig, Source::Costs));
    let hear = move |event: &SyncEvent| {
        if let SyncEvent::Planned { jobs, .. } = event {
            let job = jobs.iter().find(|job| job.key() == costs).unwrap();
            assert!(hold.obey(SyncOrder::Pause) && hold.obey(SyncOrder::CancelJob(job.id)));
        }
        // Nothing of it runs yet when it is wanted again.
        let told = job(event, Source::Costs).filter(|job| job.last_error.is_some());
        if let Some(job) = told.filter(|job| job.state == JobState::Waiting) {
            assert!(hold.obey(SyncOrder::Retry(job.key())));
        }
    };
    let stuck = || assert!(control.obey(SyncOrder::Resume));
    let (summary, events) = sync(&rig, one_client(), &control, hear, stuck);
    assert_eq!((summary.jobs_cancelled, summary.jobs_failed), (0, 0), "{:?}", summary.failures);
    assert_eq!(last(&events, Source::Costs).state, JobState::Done);
    assert_eq!((rig.server.counts().ce, summary.requests.ce), (17, 17));
}

#[test]
fn what_an_operator_decides_while_a_role_is_tested_stays() {
    let (rig, control) = (Rig::new(24, 1_000), Control::default());
    let (store, account) = (store(&rig), key(&rig, Source::Gate).account);
    let set = move |gate: GateState| {
        let mut connections = store.connections().unwrap();
        connections.iter_mut().find(|c| c.account() == account).unwrap().gate = gate;
        let mut draft = store.draft();
        draft.connections(&connections).unwrap();
        draft.commit().unwrap();
    };
    let now: Timestamp = NOW.parse().unwrap();
    set(GateState::Quarantined { at: now.plus(-2 * 86_400) });
    let overridden = GateState::Overridden { at: now, reason: "agreed with the client".into() };
    let (wanted, heard) = (overridden.clone(), RefCell::new(false));
    let hear = move |event: &SyncEvent| {
        let tested = job(event, Source::Gate).is_some_and(|job| job.state == JobState::Running);
        if tested && !heard.replace(true) {
            set(wanted.clone());
        }
    };
    let (summary, _) = sync(&rig, one_client(), &control, hear, || {});
    assert_eq!(summary.jobs_failed, 0, "it passed: {:?}", summary.failures);
    let kept = self::store(&rig).connections().unwrap().into_iter().find(|c| c.account() == account).unwrap();
    assert_eq!(kept.gate, overridden);
}

#[test]
fn jobs_that_were_cancelled_or_failed_are_tried_again_within_the_run() {
    let (other, rig, control) = (Rig::new(24, 1_000), Rig::new(24, 1_000), Control::default());
    let expected = alone(&other, one_client());
    let payer = key(&rig, Source::Costs);
    rig.server
        .set_troubles(vec![TroubleAt { trouble: Trouble::CostExplorerNeverEnabled, account: Some(payer.account) }]);
    let (again, events_of, costs_of) = (control.clone(), key(&rig, Source::Events), payer.clone());
    let tried = RefCell::new(RequestCounts::default());
    let hear = move |event: &SyncEvent| {
        let mut tried = tried.borrow_mut();
        if let Some(job) = job(event, Source::Events).filter(|job| job.key() == events_of) {
            match job.state {
                JobState::Running if job.requests.cloudtrail > 3 && tried.cloudtrail == 0 => {
                    tried.cloudtrail = 1;
                    again.obey(SyncOrder::CancelJob(job.id));
                }
                JobState::Cancelled => assert!(again.obey(SyncOrder::Retry(job.key()))),
                _ => {}
            }
        }
        let failed = job(event, Source::Costs).is_some_and(|job| matches!(job.state, JobState::Failed { .. }));
        if failed && tried.ce == 0 {
            tried.ce = 1;
            assert!(again.obey(SyncOrder::Pause) && again.obey(SyncOrder::Retry(costs_of.clone())));
        }
    };
    let stuck = || {
        if control.is_paused() {
            rig.server.set_troubles(Vec::new());
            assert!(control.obey(SyncOrder::Resume));
        }
    };
    let (summary, events) = sync(&rig, one_client(), &control, hear, stuck);
    let ended = (summary.jobs_done, summary.jobs_failed, summary.jobs_cancelled);
    assert_eq!(ended, (expected.jobs_done, 0, 0), "{:?}", summary.failures);
    assert_eq!(planned(&events).0.len() as u32, expected.jobs_done, "no job is added for it");
    let seen = |key: &JobKey, state: fn(&JobState) -> bool| {
        events.iter().filter_map(|event| job(event, key.source)).any(|job| job.key() == *key && state(&job.state))
    };
    assert!(seen(&key(&rig, Source::Events), |state| *state == JobState::Cancelled), "nothing was cancelled");
    assert!(seen(&payer, |state| matches!(state, JobState::Failed { .. })), "nothing failed");
    let spent = |lines: Vec<String>| lines[..lines.len() - 1].to_vec();
    assert_eq!(spent(outcome(&rig)), spent(outcome(&other)));
    assert!(!control.obey(SyncOrder::Retry(payer)), "the run is over");
}

#[test]
fn a_job_is_tried_again_in_a_run_of_its_own_and_nothing_else_is_asked() {
    let rig = Rig::new(24, 1_000);
    alone(&rig, one_client());
    let payer = key(&rig, Source::Costs);
    let asked = rig.server.counts();
    // It was read a moment ago; who tries it again wants it all the same.
    let again = SyncOptions { wanted: Wanted::Job(payer.clone()), only: None, ..options() };
    let (summary, events) = sync(&rig, again, &Control::default(), |_| {}, || {});
    assert_eq!(planned(&events), (vec![Source::Costs], true));
    let now = rig.server.counts();
    assert_eq!((summary.jobs_done, now.ce - asked.ce, now.cloudtrail - asked.cloudtrail), (1, 2, 0));
    let gate = SyncOptions { wanted: Wanted::Job(JobKey { source: Source::Gate, ..payer }), ..options() };
    let (summary, events) = sync(&rig, gate, &Control::default(), |_| {}, || {});
    assert_eq!((planned(&events), summary.jobs_done, summary.requests.ce), ((vec![Source::Gate], true), 1, 0));
}

#[test]
fn a_cancelled_gate_lets_nothing_be_read_through_its_connection() {
    let (rig, control) = (Rig::new(24, 1_000), Control::default());
    let cancel = control.clone();
    let hear = move |event: &SyncEvent| {
        if let Some(job) = job(event, Source::Gate).filter(|job| job.state == JobState::Running) {
            cancel.obey(SyncOrder::CancelJob(job.id));
        }
    };
    // The gates of a fleet that was just onboarded passed; after a month they are due.
    rig.clock.advance(31 * 24 * 3_600);
    let before = store(&rig).connections().unwrap();
    let (summary, events) = sync(&rig, one_client(), &control, hear, || {});
    assert_eq!(summary.jobs_cancelled as usize, planned(&events).0.len());
    assert_eq!((rig.server.counts().ce, rig.server.counts().cloudtrail), (0, 0));
    assert_eq!(store(&rig).connections().unwrap(), before);
}

#[test]
fn a_run_for_some_sources_reads_only_them() {
    let rig = Rig::new(24, 1_000);
    let wanted = Wanted::Sources([Source::Events].into());
    let pace = Pace { concurrency: 8, ..options().pace };
    let summary = alone(&rig, SyncOptions { wanted, pace, ..one_client() });
    assert_eq!((summary.requests.ce, summary.requests.organizations, summary.jobs_failed), (0, 0, 0));
    assert!(summary.requests.cloudtrail > 0);
    let summary = alone(&rig, SyncOptions { wanted: Wanted::Sources([Source::Costs].into()), ..one_client() });
    assert_eq!((summary.requests.ce, summary.requests.cloudtrail), (17, 0));
}
