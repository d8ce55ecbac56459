//! The board of a run: every job's standing, told to whoever listens.

use crate::domain::{
    ClientId, Clock, Failure, FailureKind, JobId, JobKey, JobProgress, JobState, Meter, Purged, RequestCounts, Source,
    SyncEvent, SyncSummary, Timestamp,
};
use rust_decimal::Decimal;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::Arc,
};

/// What listens to a run.
pub type Listener = Box<dyn Fn(SyncEvent)>;

/// All jobs of one run.
pub(super) struct Board {
    jobs: RefCell<Vec<(JobProgress, Meter)>>,
    places: RefCell<HashMap<JobKey, JobId>>,
    listener: Listener,
    clock: Arc<dyn Clock>,
    /// Whether the whole run is held.
    held: Cell<bool>,
    findings: Cell<u64>,
    purged: RefCell<Vec<Purged>>,
}

impl Board {
    pub(super) fn new(listener: Listener, clock: Arc<dyn Clock>) -> Self {
        Self {
            jobs: RefCell::default(),
            places: RefCell::default(),
            listener,
            clock,
            held: Cell::new(false),
            findings: Cell::new(0),
            purged: RefCell::default(),
        }
    }

    /// Adds a job of which so many requests are planned, and gives its number.
    pub(super) fn add(&self, key: JobKey, planned: u64) -> JobId {
        let mut jobs = self.jobs.borrow_mut();
        let id = JobId(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        self.places.borrow_mut().insert(key.clone(), id);
        jobs.push((JobProgress::waiting(id, key, planned), Meter::default()));
        id
    }

    /// The number of a job, if this run has it.
    pub(super) fn find(&self, key: &JobKey) -> Option<JobId> {
        self.places.borrow().get(key).copied()
    }

    /// Where a job stands.
    pub(super) fn state(&self, id: JobId) -> Option<JobState> {
        self.jobs.borrow().get(id.0 as usize).map(|(job, _)| job.state.clone())
    }

    /// Makes a job ready to run again. What it asked for before stays counted: it was paid for.
    pub(super) fn renew(&self, id: JobId) {
        if let Some((_, meter)) = self.jobs.borrow_mut().get_mut(id.0 as usize) {
            *meter = Meter::default();
        }
        self.update(id, |job| {
            job.state = JobState::Waiting;
            (job.done, job.total, job.last_error, job.paused) = (0, 0, None, false);
        });
    }

    /// Tells the plan; `again` if these are jobs that are tried again.
    pub(super) fn announce(&self, again: bool) {
        let jobs = self.jobs.borrow().iter().map(|(job, _)| job.clone()).collect();
        (self.listener)(SyncEvent::Planned { jobs, again });
    }

    /// The whole run is held, or goes on.
    pub(super) fn hold(&self, held: bool) {
        if self.held.replace(held) == held {
            return;
        }
        let now = self.clock.now();
        for (job, meter) in self.jobs.borrow_mut().iter_mut() {
            turn(job, meter, held, now);
        }
        (self.listener)(if held { SyncEvent::Paused } else { SyncEvent::Resumed });
    }

    /// Changes a job and tells it.
    pub(super) fn update(&self, id: JobId, change: impl FnOnce(&mut JobProgress)) {
        let (now, held) = (self.clock.now(), self.held.get());
        let changed = self.jobs.borrow_mut().get_mut(id.0 as usize).map(|(job, meter)| {
            change(job);
            turn(job, meter, held, now);
            meter.tell(now, job.requests.total());
            let running = job.state == JobState::Running;
            job.requests_per_minute = meter.per_minute();
            job.remaining_seconds = meter.remaining(now, job.done.into(), job.total.into()).filter(|_| running);
            job.clone()
        });
        if let Some(job) = changed {
            (self.listener)(SyncEvent::Job { job });
        }
    }

    /// Steps that a job has finished.
    pub(super) fn done(&self, id: JobId) -> u32 {
        self.jobs.borrow().get(id.0 as usize).map_or(0, |(job, _)| job.done)
    }

    /// Ends a job: done, partial or failed, by the failures of its parts and whether anything was read; cancelled where
    /// that is why a part was not read.
    pub(super) fn finish(&self, id: JobId, failures: Vec<Failure>, read_anything: bool) {
        self.update(id, |job| {
            job.region = None;
            job.paused = false;
            if failures.iter().any(|failure| failure.kind == FailureKind::Cancelled) {
                job.state = JobState::Cancelled;
                return;
            }
            job.last_error = failures.last().map(|failure| failure.what.clone()).or(job.last_error.take());
            job.state = match failures.first() {
                None => JobState::Done,
                Some(failure) if !read_anything => JobState::Failed { failure: failure.clone() },
                Some(_) => JobState::Partial { failures },
            };
        });
    }

    /// Ends a job that somebody cancelled.
    pub(super) fn cancelled(&self, id: JobId) {
        self.update(id, |job| (job.state, job.region, job.paused) = (JobState::Cancelled, None, false));
    }

    /// Something became durable.
    pub(super) fn committed(&self, client: &ClientId, source: Source) {
        (self.listener)(SyncEvent::Committed { client: client.clone(), source });
    }

    /// Cost Explorer pages that AWS charges for.
    pub(super) fn paid(&self, id: JobId) {
        self.update(id, |job| job.paid_pages += 1);
    }

    /// Findings that this run saw.
    pub(super) fn found(&self, findings: u64) {
        self.findings.set(self.findings.get() + findings);
    }

    /// What was removed of a client for its age, or could not be.
    pub(super) fn purged(&self, purged: Purged) {
        if purged.days + purged.evidence > 0 || purged.failure.is_some() {
            self.purged.borrow_mut().push(purged);
        }
    }

    /// Sums up and tells the end.
    pub(super) fn conclude(&self, started: Timestamp, ended: Timestamp, requests: RequestCounts) -> SyncSummary {
        let jobs = self.jobs.borrow();
        let count =
            |is: fn(&JobState) -> bool| u32::try_from(jobs.iter().filter(|(j, _)| is(&j.state)).count()).unwrap_or(0);
        let rows = |source: Source| jobs.iter().filter(|(j, _)| j.source == source).map(|(j, _)| j.rows).sum::<u64>();
        let summary = SyncSummary {
            started,
            ended,
            jobs_done: count(|s| matches!(s, JobState::Done)),
            jobs_partial: count(|s| matches!(s, JobState::Partial { .. })),
            jobs_failed: count(|s| matches!(s, JobState::Failed { .. })),
            jobs_cancelled: count(|s| matches!(s, JobState::Cancelled)),
            events: rows(Source::Events) + rows(Source::Footprint),
            cost_cells: rows(Source::Costs),
            accounts: rows(Source::Accounts),
            findings: self.findings.get(),
            requests,
            ce_spend_usd: price(jobs.iter().map(|(job, _)| job.paid_pages).sum()),
            purged: self.purged.take(),
            failures: jobs
                .iter()
                .filter(|(j, _)| matches!(j.state, JobState::Partial { .. } | JobState::Failed { .. }))
                .map(|(job, _)| job.clone())
                .collect(),
        };
        (self.listener)(SyncEvent::Finished { summary: summary.clone() });
        summary
    }
}

/// Lets a job's time run or stand still.
fn turn(job: &JobProgress, meter: &mut Meter, held: bool, now: Timestamp) {
    match (&job.state, held || job.paused) {
        (JobState::Running, false) => meter.go(now),
        (JobState::Running, true) => meter.hold(now),
        _ => {}
    }
}

/// US$0.01 for each successful page (AWS Cost Explorer pricing).
pub fn price(pages: u64) -> Decimal {
    Decimal::new(i64::try_from(pages).unwrap_or(i64::MAX), 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    fn board() -> (Board, Rc<RefCell<Vec<SyncEvent>>>, Arc<StepClock>) {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let (ear, clock) = (heard.clone(), Arc::new(StepClock::default()));
        (Board::new(Box::new(move |e| ear.borrow_mut().push(e)), clock.clone()), heard, clock)
    }

    /// A clock that a test moves on.
    #[derive(Debug, Default)]
    struct StepClock(std::sync::atomic::AtomicI64);

    impl StepClock {
        fn advance(&self, seconds: i64) {
            self.0.fetch_add(seconds, std::sync::atomic::Ordering::SeqCst);
        }
    }

    impl Clock for StepClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.load(std::sync::atomic::Ordering::SeqCst))
        }
    }

    fn key(source: Source) -> JobKey {
        JobKey { client: "acme".parse().unwrap(), account: "123456789012".parse().unwrap(), source }
    }

    #[test]
    fn a_job_with_a_failed_part_is_partial_and_one_with_nothing_is_failed() {
        let (board, heard, _) = board();
        let sources = [Source::Events, Source::Costs, Source::Accounts, Source::Gate];
        let ids: Vec<JobId> = sources.into_iter().map(|source| board.add(key(source), 1)).collect();
        board.announce(false);
        let failure = Failure { kind: FailureKind::Denied, what: "w".into(), next_step: "n".into() };
        let cancelled = Failure { kind: FailureKind::Cancelled, ..failure.clone() };
        board.finish(ids[0], vec![], true);
        board.finish(ids[1], vec![failure.clone()], true);
        board.finish(ids[2], vec![failure.clone()], false);
        board.finish(ids[3], vec![failure, cancelled], true);
        board.paid(ids[1]);
        let at = Timestamp::from_second(0);
        let summary = board.conclude(at, at, RequestCounts::default());
        let counts = (summary.jobs_done, summary.jobs_partial, summary.jobs_failed, summary.jobs_cancelled);
        assert_eq!(counts, (1, 1, 1, 1));
        assert_eq!((summary.failures.len(), summary.ce_spend_usd.to_string().as_str()), (2, "0.01"));
        assert_eq!(heard.borrow().len(), 7);
    }

    #[test]
    fn a_job_tells_its_speed_and_what_is_left_and_a_pause_stops_the_time() {
        let (board, heard, clock) = board();
        let job = board.add(key(Source::Costs), 17);
        board.update(job, |j| (j.state, j.total) = (JobState::Running, 17));
        for _ in 0..4 {
            clock.advance(2);
            board.update(job, |j| {
                j.requests.ce += 1;
                j.done += 1;
            });
        }
        let last = || match heard.borrow().last() {
            Some(SyncEvent::Job { job }) => job.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!((last().requests_per_minute, last().remaining_seconds), (Some(30), Some(26)));
        board.hold(true);
        assert_eq!(heard.borrow().last(), Some(&SyncEvent::Paused));
        clock.advance(3_600);
        board.hold(false);
        board.update(job, |j| j.retries += 1);
        assert_eq!(last().remaining_seconds, Some(26));
        board.finish(job, vec![], true);
        assert_eq!(last().remaining_seconds, None);
        board.renew(job);
        assert_eq!((last().state, last().done, last().requests.ce), (JobState::Waiting, 0, 4));
    }
}
