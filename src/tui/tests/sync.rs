//! The Sync pane: what can be done to a run and its jobs, and what is asked for it.

use crate::{
    desk::Query,
    domain::{JobId, JobProgress, JobState, Source, SyncEvent, SyncOrder},
    tui::{Effect, Msg, driver::Driver, fixtures, model::Deadline, panes::PaneId},
};

/// The pane while a run goes on: failed, partial, running, waiting, done.
fn running() -> Driver {
    let mut driver = Driver::new(120, 40);
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false })).press("7");
    driver
}

fn orders(driver: &Driver) -> Vec<&SyncOrder> {
    let order = |effect: &'_ Effect| matches!(effect, Effect::Sync(_));
    driver
        .effects
        .iter()
        .filter(|e| order(e))
        .filter_map(|e| if let Effect::Sync(o) = e { Some(o) } else { None })
        .collect()
}

#[test]
fn the_whole_run_is_paused_and_goes_on_and_says_so_everywhere() {
    let mut driver = running();
    driver.press("p").send(Msg::Sync(SyncEvent::Paused)).expect("paused 3/5 jobs");
    driver.press("1").expect("paused 3/5");
    driver.press("7 p").send(Msg::Sync(SyncEvent::Resumed)).expect("running 3/5 jobs");
    assert_eq!(orders(&driver), [&SyncOrder::Pause, &SyncOrder::Resume]);
}

#[test]
fn a_running_job_is_cancelled_after_a_question_and_a_waiting_one_without() {
    let mut driver = running();
    driver.press("j j c").expect("Cancel events of northwind 447120069921?").expect("82 requests");
    driver.press("x n").expect_not("sure?");
    assert!(orders(&driver).is_empty());
    driver.press("c y").expect_not("sure?");
    let cancel = SyncOrder::CancelJob(JobId(1));
    assert_eq!(orders(&driver), [&cancel]);
    let mut waiting = fixtures::jobs().remove(4);
    waiting.requests = Default::default();
    driver.send(Msg::Sync(SyncEvent::Job { job: waiting })).press("j c").expect_not("sure?");
    assert_eq!(orders(&driver), [&cancel, &SyncOrder::CancelJob(JobId(4))]);
    let mut cancelled = fixtures::jobs().remove(1);
    cancelled.state = JobState::Cancelled;
    driver.send(Msg::Sync(SyncEvent::Job { job: cancelled })).expect("cancelled");
}

#[test]
fn a_question_about_a_job_does_not_outlive_its_run() {
    let failure = crate::domain::Failure::new(crate::domain::FailureKind::Offline, "gone", "again");
    for end in [SyncEvent::Aborted { failure }, SyncEvent::Planned { jobs: fixtures::jobs(), again: false }] {
        let mut driver = running();
        driver.press("j j c").expect("sure?").send(Msg::Sync(end)).expect_not("sure?").press("y");
        assert!(orders(&driver).is_empty());
    }
}

#[test]
fn one_job_is_held_and_a_failed_one_tried_again_and_not_the_other_way_round() {
    let mut driver = running();
    driver.press("o").expect("the job is over");
    driver.press("r");
    let failed = fixtures::jobs().remove(2).key();
    assert_eq!(orders(&driver), [&SyncOrder::Retry(failed)]);
    driver.press("j j r").expect("the job is not over yet");
    driver.press("o");
    let mut held = fixtures::jobs().remove(1);
    held.paused = true;
    driver.send(Msg::Sync(SyncEvent::Job { job: held })).expect("paused");
    driver.press("o");
    assert_eq!(orders(&driver)[1..], [&SyncOrder::PauseJob(JobId(1)), &SyncOrder::ResumeJob(JobId(1))]);
}

#[test]
fn a_job_tried_again_after_the_run_takes_its_old_place_and_the_others_stay() {
    let mut driver = running();
    let mut again = fixtures::jobs().remove(2);
    (again.id, again.state) = (JobId(0), JobState::Running);
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: vec![again.clone()], again: true }));
    assert_eq!(driver.model.sync.jobs().len(), 5);
    let job = driver.model.sync.jobs().iter().find(|job| job.key() == again.key()).unwrap();
    assert_eq!((job.id, &job.state, job.source), (JobId(0), &JobState::Running, Source::Costs));
}

#[test]
fn before_a_run_it_shows_what_is_due_and_during_one_the_plan_is_not_asked_for_again() {
    let mut driver = Driver::new(120, 40);
    driver.press("7").expect("3 jobs due").expect("17 held back by caps").expect("4 questions by month, 13 by day");
    driver.press("p").expect("no sync is running: R begins one");
    let asked = |driver: &Driver| driver.desk.asked.iter().filter(|query| **query == Query::SyncPlan).count();
    assert_eq!(asked(&driver), 1);
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }));
    for _ in 0..3 {
        let client = fixtures::jobs()[0].client.clone();
        driver.send(Msg::Sync(SyncEvent::Committed { client, source: Source::Costs }));
    }
    assert_eq!(asked(&driver), 1);
    driver.press("$").expect("Cost Explorer requests paid by the clients").expect("300/300").expect("2026-09");
    assert_eq!(driver.model.stack(PaneId::Sync).depth(), 1);
    driver.press("<esc>").expect("orrery-labs");
}

#[test]
fn pages_that_the_ledger_may_hold_already_are_not_added_to_it() {
    // Read in the midst of a run, the ledger's 4 of today may be the 4 of this run.
    let mut driver = running();
    driver.press("G").expect("4 in this run").expect("when last read: today 4 of 60").expect("this month 62 of 300");
    driver.press("$ j").expect("4 in this run").expect("when last read: today 4 of 60");
}

#[test]
fn jobs_are_shown_while_the_plan_is_not_there_yet() {
    let mut driver = Driver::waiting(120, 40);
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }));
    driver.press("7 j").expect("orrery-labs").expect_not("reading the vault");
}

/// Lets the time pass for which answers stand.
fn come_due(driver: &mut Driver) {
    let refresh = driver.model.deadlines().into_iter().find(|(d, _)| matches!(d, Deadline::Refresh(_)));
    driver.send(Msg::Due(refresh.expect("nothing stands").0));
}

#[test]
fn progress_that_comes_together_is_taken_in_together_and_asks_once() {
    let mut driver = running();
    come_due(&mut driver);
    driver.holding = true;
    let asked = |driver: &Driver| driver.effects.iter().filter(|effect| matches!(effect, Effect::Ask { .. })).count();
    let before = asked(&driver);
    let client = fixtures::jobs()[0].client.clone();
    let done =
        fixtures::jobs().into_iter().map(|job| SyncEvent::Job { job: JobProgress { state: JobState::Done, ..job } });
    let committed = (0..50).map(|_| SyncEvent::Committed { client: client.clone(), source: Source::Costs });
    driver.send(Msg::Progress(done.chain(committed).collect())).expect("5/5 jobs");
    assert_eq!(asked(&driver) - before, 1, "the overview");
}

#[test]
fn while_a_sync_runs_an_answer_stands_also_where_it_came_before_the_next_commit() {
    let mut driver = running();
    come_due(&mut driver);
    let asked = |driver: &Driver| driver.effects.iter().filter(|effect| matches!(effect, Effect::Ask { .. })).count();
    let client = fixtures::jobs()[0].client.clone();
    let before = asked(&driver);
    // Each is answered before the next comes.
    for _ in 0..10 {
        let committed = SyncEvent::Committed { client: client.clone(), source: Source::Costs };
        driver.send(Msg::Progress(vec![committed]));
    }
    assert_eq!(asked(&driver) - before, 1);
    come_due(&mut driver);
    assert_eq!(asked(&driver) - before, 2);
}

#[test]
fn an_answer_stands_longer_while_a_sync_brings_newer_data_all_the_time() {
    let mut driver = Driver::new(120, 40);
    driver.model.refresh = Some(1);
    let stands = |driver: &Driver| {
        let deadlines = driver.model.deadlines();
        deadlines.into_iter().find(|(deadline, _)| matches!(deadline, Deadline::Refresh(1))).unwrap().1
    };
    let at_rest = stands(&driver);
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }));
    assert!(stands(&driver) > at_rest);
}
