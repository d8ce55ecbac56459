//! What is known of the run that goes on, or of the last one.

use crate::domain::{
    ClientId, Failure, JobKey, JobProgress, JobState, Meter, RequestCounts, SyncEvent, SyncSummary, Timestamp,
};
use rust_decimal::Decimal;
use std::collections::HashMap;

/// A run's jobs and its end. Jobs that are tried again after it take their old places.
#[derive(Debug, Clone, Default)]
pub struct SyncBoard {
    jobs: Vec<JobProgress>,
    places: HashMap<JobKey, usize>,
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
                *self = Self { running: true, jobs: before.jobs, places: before.places, ..Self::default() };
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
        let key = job.key();
        self.asked += job.requests.total();
        match self.places.get(&key).and_then(|place| self.jobs.get_mut(*place)) {
            Some(old) => {
                self.asked -= old.requests.total().min(self.asked);
                *old = job;
            }
            None => {
                self.places.insert(key, self.jobs.len());
                self.jobs.push(job);
            }
        }
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

    /// Cost Explorer pages of one client.
    pub fn pages_of(&self, client: &ClientId) -> u64 {
        self.jobs.iter().filter(|job| job.client == *client).map(|job| job.requests.ce).sum()
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

    /// Requests sent so far.
    pub fn requests(&self) -> RequestCounts {
        let mut sum = RequestCounts::default();
        self.jobs.iter().for_each(|job| sum += job.requests);
        sum
    }

    /// What the run's Cost Explorer pages cost in US dollars: as the engine summed it up, or so far.
    pub fn spend(&self) -> Decimal {
        self.summary.as_ref().map_or_else(|| ce_price(self.requests().ce), |s| s.ce_spend_usd)
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
        job.requests.ce += 7;
        let before = board.spend();
        board.apply(SyncEvent::Job { job }, fixtures::now());
        assert_eq!((board.jobs().len(), board.ended(), board.requests().total()), (planned, ended + 1, requests + 7));
        assert_eq!(board.spend() - before, Decimal::new(7, 2));
        board.apply(SyncEvent::Planned { jobs: Vec::new(), again: false }, fixtures::now());
        assert_eq!((board.jobs().len(), board.running()), (0, true));
    }
}
