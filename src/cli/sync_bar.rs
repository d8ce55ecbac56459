//! One line of progress while a sync runs, for who looks at a terminal.

use super::{print::progress_is_seen, progress};
use crate::domain::{Clock, JobId, JobState, Meter, SyncEvent, Timestamp};
use std::{collections::HashMap, sync::Arc};

const BAR: u64 = 16;

/// A progress line on standard error, if that is a terminal. It is written when something was told and the line reads
/// otherwise than before, and never by a timer.
pub struct SyncBar {
    clock: Arc<dyn Clock>,
    jobs: HashMap<JobId, Job>,
    meter: Meter,
    paused: bool,
    shown: String,
    seen: bool,
}

impl std::fmt::Debug for SyncBar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SyncBar")
    }
}

/// What of a job counts.
#[derive(Default)]
struct Job {
    ended: bool,
    /// Thousandths of it that are done.
    done: u64,
    planned: u64,
    requests: u64,
    pages: u64,
    retries: u64,
}

impl SyncBar {
    /// A line of a run that has told nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            jobs: HashMap::new(),
            meter: Meter::default(),
            paused: false,
            shown: String::new(),
            seen: progress_is_seen(),
        }
    }

    /// Counts what a run tells, and shows it.
    pub fn hear(&mut self, event: &SyncEvent) {
        if !self.seen {
            return;
        }
        let line = self.line(event, self.clock.now());
        if line != self.shown {
            progress(&line);
            self.shown = line;
        }
    }

    /// The line after an event; empty at the end.
    fn line(&mut self, event: &SyncEvent, now: Timestamp) -> String {
        match event {
            SyncEvent::Planned { jobs, .. } => {
                self.meter.go(now);
                self.jobs = jobs.iter().map(|job| (job.id, Job::of(job))).collect();
            }
            SyncEvent::Job { job } => drop(self.jobs.insert(job.id, Job::of(job))),
            SyncEvent::Paused => self.meter.hold(now),
            SyncEvent::Resumed => self.meter.go(now),
            SyncEvent::Committed { .. } => {}
            SyncEvent::Finished { .. } | SyncEvent::Aborted { .. } => return String::new(),
        }
        self.paused = match event {
            SyncEvent::Paused => true,
            SyncEvent::Resumed => false,
            _ => self.paused,
        };
        let sum = |of: fn(&Job) -> u64| self.jobs.values().map(of).sum::<u64>();
        self.meter.tell(now, sum(|job| job.requests));
        let all = self.jobs.len() as u64;
        let (done, total) = (sum(|job| job.done * job.planned), sum(|job| 1_000 * job.planned));
        let filled = usize::try_from((done * BAR).checked_div(total).unwrap_or(0).min(BAR)).unwrap_or(0);
        let mut line = format!("[{:-<16}] {}/{all} jobs", "#".repeat(filled), sum(|job| job.ended.into()));
        if self.paused {
            line += ", paused";
        } else if let Some(rate) = self.meter.per_minute() {
            line += &format!(", {}.{}/s", rate / 60, rate % 60 / 6);
        }
        if let Some(left) = self.meter.remaining(now, done, total).filter(|left| *left > 0) {
            line += &format!(", {} left", super::plan::duration(left));
        }
        let retries = sum(|job| job.retries);
        if retries > 0 {
            line += &format!(", {retries} repeated");
        }
        let pages = sum(|job| job.pages);
        if pages > 0 {
            line += &format!(", ${}", crate::sync::price(pages));
        }
        line
    }
}

impl Job {
    fn of(job: &crate::domain::JobProgress) -> Self {
        let ended = job.state.is_ended();
        let done = (u64::from(job.done) * 1_000).checked_div(job.total.into()).unwrap_or(0);
        Self {
            ended,
            done: match job.state {
                JobState::Waiting => 0,
                _ if ended => 1_000,
                _ => done.min(1_000),
            },
            planned: job.planned.max(1),
            requests: job.requests.total(),
            pages: job.paid_pages,
            retries: job.retries.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Failure, FailureKind, FixedClock, JobKey, JobProgress, RequestCounts, Source};

    fn job(id: u32, state: JobState, done: u32, requests: RequestCounts) -> JobProgress {
        let key = JobKey {
            client: "acme".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
            source: Source::Events,
        };
        // One was refused.
        let paid_pages = requests.ce.saturating_sub(1);
        let waiting = JobProgress::waiting(JobId(id), key, 40);
        JobProgress { state, done, total: 16, requests, paid_pages, retries: id * 2, ..waiting }
    }

    #[test]
    fn the_line_tells_how_far_how_fast_how_long_and_what_it_costs_and_fits() {
        let start = Timestamp::from_second(1_795_000_000);
        let mut bar = SyncBar::new(Arc::new(FixedClock(start)));
        let asked = |cloudtrail, ce| RequestCounts { cloudtrail, ce, ..RequestCounts::default() };
        let jobs = vec![job(0, JobState::Done, 16, asked(10, 0)), job(1, JobState::Running, 4, asked(10, 4))];
        assert_eq!(
            bar.line(&SyncEvent::Planned { jobs, again: false }, start),
            "[##########------] 1/2 jobs, 2 repeated, $0.03"
        );
        let moved = SyncEvent::Job { job: job(1, JobState::Running, 8, asked(39, 5)) };
        assert_eq!(bar.line(&moved, start.plus(20)), "[############----] 1/2 jobs, 1.5/s, 7 s left, 2 repeated, $0.04");
        let paused = bar.line(&SyncEvent::Paused, start.plus(20));
        assert_eq!(paused, "[############----] 1/2 jobs, paused, 7 s left, 2 repeated, $0.04");
        assert!(paused.len() < 79);
        let failure = Failure::new(FailureKind::Bug, "w", "n");
        assert_eq!(bar.line(&SyncEvent::Aborted { failure }, start), "");
    }
}
