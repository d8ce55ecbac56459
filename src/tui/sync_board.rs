//! What is known of the run that goes on, or of the last one.

use crate::domain::{
    ClientId, Failure, JobKey, JobProgress, JobState, Meter, RequestCounts, SyncEvent, SyncSummary, Timestamp,
};
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};

/// A run's jobs and its end. Jobs that are tried again after it take their old places.
#[derive(Debug, Clone, Default)]
pub struct SyncBoard {
    jobs: Vec<JobProgress>,
    places: HashMap<JobKey, usize>,
    /// The places of the jobs of the run that goes on or was the last; the others are those of the runs before.
    told: HashSet<usize>,
    /// What the runs before sent.
    earlier: RequestCounts,
    /// Cost Explorer pages of the runs before that each client paid for.
    paid_earlier: HashMap<ClientId, u64>,
    running: bool,
    paused: bool,
    summary: Option<SyncSummary>,
    aborted: Option<Failure>,
    asked: u64,
    meter: Meter,
}

impl SyncBoard {
    /// Takes in what the engine tells.
    pub fn apply(&mut self, event: SyncEvent, now: Timestamp) {
        match event {
            SyncEvent::Planned { jobs, again } => {
                let before = if again { std::mem::take(self) } else { Self::default() };
                let (earlier, mut paid_earlier) = (before.requests(), before.paid_earlier.clone());
                before.of_run().for_each(|job| *paid_earlier.entry(job.client.clone()).or_default() += job.paid_pages);
                let (jobs_before, places) = (before.jobs, before.places);
                *self = Self { running: true, jobs: jobs_before, places, earlier, paid_earlier, ..Self::default() };
                self.meter.go(now);
                jobs.into_iter().for_each(|job| self.put(job));
            }
            SyncEvent::Job { job } => {
                self.running = true;
                self.put(job);
                self.meter.tell(now, self.asked);
            }
            SyncEvent::Committed { .. } => {}
            SyncEvent::Paused => {
                self.paused = true;
                self.meter.hold(now);
            }
            SyncEvent::Resumed => {
                self.paused = false;
                self.meter.go(now);
            }
            SyncEvent::Finished { summary } => {
                (self.running, self.paused) = (false, false);
                self.summary = Some(summary);
            }
            SyncEvent::Aborted { failure } => {
                (self.running, self.paused) = (false, false);
                self.aborted = Some(failure);
            }
        }
    }

    fn put(&mut self, job: JobProgress) {
        let place = *self.places.entry(job.key()).or_insert(self.jobs.len());
        let first = self.told.insert(place);
        self.asked += job.requests.total();
        match self.jobs.get_mut(place) {
            Some(old) => {
                // What a run before asked for is not in the sum of this one.
                self.asked -= if first { 0 } else { old.requests.total().min(self.asked) };
                *old = job;
            }
            None => self.jobs.push(job),
        }
    }

    fn of_run(&self) -> impl Iterator<Item = &JobProgress> {
        self.told.iter().filter_map(|place| self.jobs.get(*place))
    }

    /// All jobs in the order of the plan.
    pub fn jobs(&self) -> &[JobProgress] {
        &self.jobs
    }

    /// Whether a run goes on.
    pub fn running(&self) -> bool {
        self.running
    }

    /// Whether that run is held.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// How the last run ended, if it did.
    pub fn summary(&self) -> Option<&SyncSummary> {
        self.summary.as_ref()
    }

    /// Why the last run could not go on.
    pub fn aborted(&self) -> Option<&Failure> {
        self.aborted.as_ref()
    }

    /// Jobs ended, whatever their end.
    pub fn ended(&self) -> usize {
        self.jobs.iter().filter(|j| j.state.is_ended()).count()
    }

    /// Requests a minute of all jobs, over the last while.
    pub fn per_minute(&self) -> Option<u32> {
        self.meter.per_minute()
    }

    /// About how many seconds are left of the run that goes on, each job weighed by the requests planned of it.
    pub fn remaining(&self, now: Timestamp) -> Option<u64> {
        let weight = |job: &JobProgress| job.planned.max(1) * 1_000;
        let part = |job: &JobProgress| match u64::from(job.total) {
            _ if job.state.is_ended() => weight(job),
            0 => 0,
            total => weight(job) * u64::from(job.done).min(total) / total,
        };
        let (done, all) = (self.jobs.iter().map(part).sum(), self.jobs.iter().map(weight).sum());
        self.meter.remaining(now, done, all).filter(|_| self.running)
    }

    /// Cost Explorer pages that one client paid for, those of jobs that are tried again among them.
    pub fn pages_of(&self, client: &ClientId) -> u64 {
        let earlier = self.paid_earlier.get(client).copied().unwrap_or_default();
        earlier + self.of_run().filter(|job| job.client == *client).map(|job| job.paid_pages).sum::<u64>()
    }

    /// Cost Explorer pages that all of them paid for.
    pub fn pages(&self) -> u64 {
        self.paid_earlier.values().sum::<u64>() + self.of_run().map(|job| job.paid_pages).sum::<u64>()
    }

    /// Every failure with its job.
    pub fn failures(&self) -> impl Iterator<Item = (&JobProgress, &Failure)> {
        self.jobs.iter().flat_map(|job| {
            let failures = match &job.state {
                JobState::Failed { failure } => std::slice::from_ref(failure),
                JobState::Partial { failures } => failures.as_slice(),
                _ => &[],
            };
            failures.iter().map(move |failure| (job, failure))
        })
    }

    /// Requests sent so far, those of jobs that are tried again among them.
    pub fn requests(&self) -> RequestCounts {
        let mut sum = self.earlier;
        self.of_run().for_each(|job| sum += job.requests);
        sum
    }

    /// What these pages cost in US dollars.
    pub fn spend(&self) -> Decimal {
        ce_price(self.pages())
    }
}

/// US$0.01 a page: <https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/>.
pub fn ce_price(pages: u64) -> Decimal {
    Decimal::new(i64::try_from(pages).unwrap_or(i64::MAX), 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixtures;

    #[test]
    fn a_newer_job_replaces_the_older_and_a_new_plan_begins_anew() {
        let mut board = SyncBoard::default();
        board.apply(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }, fixtures::now());
        let planned = board.jobs().len();
        let (ended, requests) = (board.ended(), board.requests().total());
        let mut job = board.jobs().iter().find(|j| j.state == JobState::Waiting).unwrap().clone();
        job.state = JobState::Done;
        (job.requests.ce, job.paid_pages) = (job.requests.ce + 7, job.paid_pages + 7);
        let before = board.spend();
        board.apply(SyncEvent::Job { job }, fixtures::now());
        assert_eq!((board.jobs().len(), board.ended(), board.requests().total()), (planned, ended + 1, requests + 7));
        assert_eq!(board.spend() - before, Decimal::new(7, 2));
        board.apply(SyncEvent::Planned { jobs: Vec::new(), again: false }, fixtures::now());
        assert_eq!((board.jobs().len(), board.running()), (0, true));
    }

    /// A job of those of a run, with so many Cost Explorer pages asked and paid for, at its end.
    fn asked(place: usize, ce: u64, paid_pages: u64) -> JobProgress {
        let requests = RequestCounts { sts: 1, ce, ..RequestCounts::default() };
        JobProgress { state: JobState::Done, requests, paid_pages, ..fixtures::jobs().remove(place) }
    }

    #[test]
    fn what_was_paid_before_a_retry_stays_counted_once() {
        // One page was refused, so it was not paid for.
        let (first, other, now) = (asked(0, 17, 16), asked(2, 5, 5), fixtures::now());
        let mut board = SyncBoard::default();
        let sums = |board: &SyncBoard| (board.requests().ce, board.spend().to_string(), board.pages_of(&first.client));
        board.apply(SyncEvent::Planned { jobs: vec![first.clone(), other], again: false }, now);
        assert_eq!(sums(&board), (22, "0.21".into(), 16));
        // Tried again: planned with nothing, then with what it asks for, then at its end.
        board.apply(SyncEvent::Planned { jobs: vec![asked(0, 0, 0)], again: true }, now);
        assert_eq!(sums(&board), (22, "0.21".into(), 16));
        board.apply(SyncEvent::Job { job: asked(0, 2, 2) }, now);
        board.apply(SyncEvent::Job { job: asked(0, 3, 3) }, now);
        assert_eq!((sums(&board), board.requests().sts), ((25, "0.24".into(), 19), 3));
        // And once more, with a job of an earlier run that this one's plan did not name.
        board.apply(SyncEvent::Planned { jobs: Vec::new(), again: true }, now);
        board.apply(SyncEvent::Job { job: asked(2, 1, 1) }, now);
        assert_eq!((sums(&board), board.jobs().len()), ((26, "0.25".into(), 19), 2));
    }
}
