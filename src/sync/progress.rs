//! The board of a run: every job's standing, told to whoever listens.

use crate::domain::{
    AccountId, ClientId, Failure, JobId, JobProgress, JobState, Purged, RequestCounts, Source, SyncEvent, SyncSummary,
    Timestamp,
};
use rust_decimal::Decimal;
use std::cell::{Cell, RefCell};

/// What listens to a run.
pub type Listener = Box<dyn Fn(SyncEvent)>;

/// All jobs of one run.
pub(super) struct Board {
    jobs: RefCell<Vec<JobProgress>>,
    listener: Listener,
    paid_pages: Cell<u64>,
    findings: Cell<u64>,
    purged: RefCell<Vec<Purged>>,
}

impl Board {
    pub(super) fn new(listener: Listener) -> Self {
        Self {
            jobs: RefCell::default(),
            listener,
            paid_pages: Cell::new(0),
            findings: Cell::new(0),
            purged: RefCell::default(),
        }
    }

    /// Adds a job and gives its number.
    pub(super) fn add(&self, client: &ClientId, account: AccountId, source: Source) -> JobId {
        let mut jobs = self.jobs.borrow_mut();
        let id = JobId(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        jobs.push(JobProgress {
            id,
            client: client.clone(),
            account,
            source,
            region: None,
            state: JobState::Waiting,
            done: 0,
            total: 0,
            rows: 0,
            requests: RequestCounts::default(),
            retries: 0,
        });
        id
    }

    /// Tells the plan.
    pub(super) fn announce(&self) {
        let jobs = self.jobs.borrow().clone();
        (self.listener)(SyncEvent::Planned { jobs });
    }

    /// Changes a job and tells it.
    pub(super) fn update(&self, id: JobId, change: impl FnOnce(&mut JobProgress)) {
        let changed = self.jobs.borrow_mut().get_mut(id.0 as usize).map(|job| {
            change(job);
            job.clone()
        });
        if let Some(job) = changed {
            (self.listener)(SyncEvent::Job { job });
        }
    }

    /// Steps that a job has finished.
    pub(super) fn done(&self, id: JobId) -> u32 {
        self.jobs.borrow().get(id.0 as usize).map_or(0, |job| job.done)
    }

    /// Ends a job: done, partial or failed, by the failures of its parts and whether anything was read.
    pub(super) fn finish(&self, id: JobId, failures: Vec<Failure>, read_anything: bool) {
        self.update(id, |job| {
            job.region = None;
            job.state = match failures.first() {
                None => JobState::Done,
                Some(failure) if !read_anything => JobState::Failed { failure: failure.clone() },
                Some(_) => JobState::Partial { failures },
            };
        });
    }

    /// Something became durable.
    pub(super) fn committed(&self, client: &ClientId, source: Source) {
        (self.listener)(SyncEvent::Committed { client: client.clone(), source });
    }

    /// A Cost Explorer page that AWS charges for.
    pub(super) fn paid(&self) {
        self.paid_pages.set(self.paid_pages.get() + 1);
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
            |is: fn(&JobState) -> bool| u32::try_from(jobs.iter().filter(|j| is(&j.state)).count()).unwrap_or(0);
        let rows = |source: Source| jobs.iter().filter(|j| j.source == source).map(|j| j.rows).sum::<u64>();
        let summary = SyncSummary {
            started,
            ended,
            jobs_done: count(|s| matches!(s, JobState::Done)),
            jobs_partial: count(|s| matches!(s, JobState::Partial { .. })),
            jobs_failed: count(|s| matches!(s, JobState::Failed { .. })),
            events: rows(Source::Events) + rows(Source::Footprint),
            cost_cells: rows(Source::Costs),
            accounts: rows(Source::Accounts),
            findings: self.findings.get(),
            requests,
            ce_spend_usd: price(self.paid_pages.get()),
            purged: self.purged.take(),
            failures: jobs
                .iter()
                .filter(|j| matches!(j.state, JobState::Partial { .. } | JobState::Failed { .. }))
                .cloned()
                .collect(),
        };
        (self.listener)(SyncEvent::Finished { summary: summary.clone() });
        summary
    }
}

/// US$0.01 for each successful page (AWS Cost Explorer pricing).
pub fn price(pages: u64) -> Decimal {
    Decimal::new(i64::try_from(pages).unwrap_or(i64::MAX), 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FailureKind;
    use std::rc::Rc;

    #[test]
    fn a_job_with_a_failed_part_is_partial_and_one_with_nothing_is_failed() {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let ear = heard.clone();
        let board = Board::new(Box::new(move |e| ear.borrow_mut().push(e)));
        let client: ClientId = "acme".parse().unwrap();
        let account: AccountId = "123456789012".parse().unwrap();
        let ids: Vec<JobId> = (0..3).map(|_| board.add(&client, account, Source::Events)).collect();
        board.announce();
        let failure = Failure { kind: FailureKind::Denied, what: "w".into(), next_step: "n".into() };
        board.finish(ids[0], vec![], true);
        board.finish(ids[1], vec![failure.clone()], true);
        board.finish(ids[2], vec![failure], false);
        board.paid();
        let at = Timestamp::from_second(0);
        let summary = board.conclude(at, at, RequestCounts::default());
        assert_eq!((summary.jobs_done, summary.jobs_partial, summary.jobs_failed), (1, 1, 1));
        assert_eq!((summary.failures.len(), summary.ce_spend_usd.to_string().as_str()), (2, "0.01"));
        assert_eq!(heard.borrow().len(), 5);
    }
}
