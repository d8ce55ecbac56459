//! The events job: all regions of an account over one frozen range, then parse, check and commit as one slice.

use super::{
    costs::store_failure,
    engine::{ClientRun, Context},
    lease::{CallError, Lease},
    pages::{Astray, Pages},
    regions::{RegionPlan, SESSION_CALLS, region_plans, windows},
    slice::{Slice, SliceOutcome},
};
use crate::{
    aws::{Api, Assume, Job, LookupFilter, LookupQuery, RawEvent, Trail},
    domain::{
        AccountId, Connection, Depth, EventIds, Failure, FailureKind, JobId, JobState, Region, RoleArn, Source,
        TimeRange, Timestamp,
    },
};
use futures::future::{join, join_all};
use std::collections::{BTreeSet, VecDeque};

/// Pages in a row that may bring nothing new. CloudTrail filters after it has read, so some do; at one a second this is
/// well over a minute.
const PATIENCE: u32 = 100;

/// What came of one region.
pub(super) struct RegionRead {
    pub(super) plan: RegionPlan,
    pub(super) events: Result<Vec<RawEvent>, Failure>,
}

impl<C: Assume> Context<C> {
    /// Reads what is due of an account's events.
    pub(super) async fn events(
        &self,
        run: &ClientRun,
        connection: &Connection,
        own: &BTreeSet<AccountId>,
        roles: &[RoleArn],
        job: JobId,
    ) {
        let _under_way = self.pacer.begin(connection.account()).await;
        // Fresh is what was asked for, not when the last page came.
        let began = self.now();
        let (failures, read) = match self.read_events(run, connection, own, roles, job, began).await {
            Ok(outcome) => outcome,
            Err(failure) => (vec![failure], false),
        };
        let (store, id) = (run.store.clone(), connection.id.clone());
        // One denied region is that region's trouble; the source as a whole has failed only if nothing was read.
        // A cancelled job says nothing of the source.
        let whole = failures.first().filter(|failure| !read && failure.kind != FailureKind::Cancelled).cloned();
        // What was read says so in its own commit: a run cut off here must not leave fresh events called old.
        let kept = match whole {
            None => Ok(()),
            whole => {
                self.blocking(run, move || {
                    let mut sources = store.sources(&id)?;
                    sources.record(Source::Events, began, whole);
                    let mut draft = store.draft();
                    draft.sources(&id, &sources)?;
                    draft.commit()
                })
                .await
            }
        };
        let durable = kept.is_ok();
        self.board.finish(job, failures.into_iter().chain(kept.err()).collect(), read);
        if durable {
            self.board.committed(run.store.client(), Source::Events);
        }
    }

    /// The failures of regions, and whether any region was read.
    async fn read_events(
        &self,
        run: &ClientRun,
        connection: &Connection,
        own: &BTreeSet<AccountId>,
        roles: &[RoleArn],
        job: JobId,
        began: Timestamp,
    ) -> Result<(Vec<Failure>, bool), Failure> {
        let account = connection.account();
        let coverage = run.store.coverage(account).map_err(store_failure)?;
        let plans = region_plans(&coverage, connection.partition(), self.options.reach(connection.depth), self.now());
        let mut slices: VecDeque<TimeRange> = windows(&plans).into();
        let steps = |slices: &VecDeque<TimeRange>| {
            let parts = slices.iter().flat_map(|slice| plans.iter().filter_map(|p| p.within(*slice)));
            u32::try_from(parts.count()).unwrap_or(u32::MAX)
        };
        self.board.update(job, |j| {
            j.state = JobState::Running;
            j.total = steps(&slices);
        });
        let mut regions: Vec<Region> = plans.iter().map(|p| p.region.clone()).collect();
        regions.dedup();
        let lease = Lease::new(self, run, connection, Job::Events, &regions);
        lease.open_now(job).await?;
        let (mut failures, mut read, mut unreadable_records) = (Vec::new(), false, 0);
        let mut failed: BTreeSet<Region> = BTreeSet::new();
        while let Some(window) = slices.pop_front() {
            // A later slice of a region that failed would hide the gap before it.
            let due = plans.iter().filter(|p| !failed.contains(&p.region)).filter_map(|p| p.within(window));
            let done = self.board.done(job);
            let mut reads = Vec::new();
            let mut dense = 0;
            for outcome in join_all(due.map(|p| self.region(&lease, p, job))).await {
                match outcome {
                    Ok(read) => reads.push(read),
                    Err(Dense { pages }) => dense = dense.max(pages),
                }
            }
            if dense > 0 {
                // Too much for one slice: it is read in smaller ones, each of which is durable before the next begins.
                split(window, dense, self.options.slice_pages)
                    .into_iter()
                    .rev()
                    .for_each(|part| slices.push_front(part));
                self.board.update(job, |j| {
                    j.done = done;
                    j.total = done.saturating_add(steps(&slices));
                });
                continue;
            }
            let mut unread = reads.iter().filter_map(|read| read.events.as_ref().err());
            if let Some(cancelled) = unread.find(|failure| failure.kind == FailureKind::Cancelled) {
                return Err(cancelled.clone());
            }
            for outcome in &reads {
                match &outcome.events {
                    Ok(_) => read = true,
                    Err(failure) => {
                        if failed.insert(outcome.plan.region.clone()) {
                            failures.push(at_region(&outcome.plan.region, failure));
                        }
                    }
                }
            }
            let slice = Slice {
                store: run.store.clone(),
                checks: self.checks.clone(),
                connection: connection.id.clone(),
                account,
                own: own.clone(),
                roles: roles.to_vec(),
                agency: self.agency,
                reads,
                complete: Some(began).filter(|_| slices.is_empty() && read),
                claims: true,
            };
            let SliceOutcome { stored, found, unreadable } = self.blocking(run, move || slice.commit()).await?;
            self.board.found(found);
            self.board.update(job, |j| j.rows += stored);
            unreadable_records += unreadable;
        }
        if unreadable_records > 0 {
            failures.push(Failure {
                kind: FailureKind::Invalid,
                what: format!(
                    "{unreadable_records} records of account {account} are not CloudTrail records and were left out"
                ),
                next_step: "please report this; all other records were kept".into(),
            });
        }
        Ok((failures, read))
    }

    /// One region: everything at full depth; at essential depth all changes, and the calls that hand out sessions. A
    /// region that shows neither a change nor an assumed role is not in use, and the rarer of those calls are not asked
    /// for.
    async fn region(&self, lease: &Lease<'_, C>, plan: RegionPlan, job: JobId) -> Result<RegionRead, Dense> {
        let [assume_role, rarer @ ..] = SESSION_CALLS;
        let lookup = |filter| self.lookup(lease, &plan, filter, job);
        let events = async {
            if plan.depth == Depth::Full {
                return lookup(LookupFilter::All).await;
            }
            let (writes, roles) = join(lookup(LookupFilter::Writes), lookup(assume_role)).await;
            let mut events = writes?;
            events.extend(roles?);
            if plan.sessions_always || !events.is_empty() {
                for more in join_all(rarer.map(lookup)).await {
                    events.extend(more?);
                }
            }
            Ok(events)
        };
        let events = match events.await {
            Ok(events) => Ok(events),
            Err(LookupFailure::Dense(dense)) => return Err(dense),
            Err(failure) => Err(failure.in_words(&plan.region)),
        };
        self.board.update(job, |j| {
            j.done += 1;
            j.region = Some(plan.region.clone());
        });
        Ok(RegionRead { plan, events })
    }

    /// All pages of one lookup. Pages that CloudTrail does not continue are begun again, as often as any request.
    pub(super) async fn lookup(
        &self,
        lease: &Lease<'_, C>,
        plan: &RegionPlan,
        filter: LookupFilter,
        job: JobId,
    ) -> Result<Vec<RawEvent>, LookupFailure> {
        let query = LookupQuery { region: plan.region.clone(), range: plan.range, filter };
        let mut attempts = self.options.retry.attempts.max(1);
        loop {
            attempts -= 1;
            match self.pages(lease, &query, job).await {
                Err(LookupFailure::Token) if attempts > 0 => (),
                outcome => return outcome,
            }
        }
    }

    async fn pages(
        &self,
        lease: &Lease<'_, C>,
        query: &LookupQuery,
        job: JobId,
    ) -> Result<Vec<RawEvent>, LookupFailure> {
        let (mut events, mut ids) = (Vec::new(), EventIds::default());
        let mut pages = Pages::new(PATIENCE);
        loop {
            let ask = async |s: &C::Session| s.lookup_page(query, pages.token()).await;
            let page = lease.call(job, Api::LookupEvents, Some(&query.region), ask).await?;
            let before = events.len();
            // A page may repeat what the one before it held.
            events.extend(page.events.into_iter().filter(|e| e.id.is_none_or(|id| ids.insert(id))));
            let more = page.next.is_some();
            if !pages.turn(page.next, events.len() > before)? {
                return Ok(events);
            }
            if more && let Some(dense) = Dense::of(query.range, &events, self.options.slice_pages) {
                return Err(LookupFailure::Dense(dense));
            }
        }
    }
}

/// Events on a full page (API reference, `MaxResults`).
const PAGE: usize = 50;
/// A slice is not made shorter than this, however much happens in it, in seconds.
const SHORTEST_SLICE: i64 = 600;

/// A range that holds more than a slice may.
pub(super) struct Dense {
    /// About so many pages.
    pub(super) pages: u32,
}

impl Dense {
    /// From the first pages of a lookup, newest first: if events go on as densely as they began, or it is already more
    /// than a slice may hold.
    fn of(range: TimeRange, events: &[RawEvent], most: u32) -> Option<Self> {
        let turned = u32::try_from(events.len().div_ceil(PAGE)).unwrap_or(u32::MAX);
        let oldest = events.iter().map(|event| event.time).min()?;
        if range.seconds() <= SHORTEST_SLICE {
            return None;
        }
        let covered = range.end.since(oldest).max(1);
        let pages =
            u64::try_from(range.seconds()).unwrap_or(0) * u64::from(turned) / u64::try_from(covered).unwrap_or(1);
        let pages = u32::try_from(pages).unwrap_or(u32::MAX).max(turned);
        // The first page alone may be a burst; a few of them are a rate.
        let known = turned >= 3 || pages > 20 * most;
        (pages > most && known).then_some(Self { pages })
    }
}

/// Shorter slices of a range that would take so many pages, oldest first; at least two.
pub(super) fn split(range: TimeRange, pages: u32, most_pages: u32) -> Vec<TimeRange> {
    let most = (range.seconds() / SHORTEST_SLICE).max(2);
    // Events come in bursts, so slices are planned half full.
    let parts = i64::from(pages.div_ceil((most_pages / 2).max(1))).clamp(2, most);
    let length = (range.seconds() / parts).max(1);
    let edge = |n: i64| if n == parts { range.end } else { range.start.plus(n * length) };
    (0..parts).map(|n| TimeRange::new(edge(n), edge(n + 1))).collect()
}

pub(super) enum LookupFailure {
    /// The next-page token was refused or leads in a circle: another beginning may help.
    Token,
    /// Page after page holds nothing.
    Empty,
    /// There is too much for one slice.
    Dense(Dense),
    Other(Failure),
}

impl LookupFailure {
    pub(super) fn in_words(self, region: &Region) -> Failure {
        let what = match self {
            Self::Other(failure) => return failure,
            // Handled where slices are made; here only so that nothing is taken for read.
            Self::Dense(_) => format!("CloudTrail in {region} holds too much for one slice"),
            Self::Token => format!("CloudTrail in {region} does not continue its own pages"),
            Self::Empty => format!("CloudTrail in {region} sends page after page without an event"),
        };
        let next_step = "sync again later; this range will be read again".into();
        Failure { kind: FailureKind::Invalid, what, next_step }
    }
}

impl From<CallError> for LookupFailure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Request(error) if error.code.contains("InvalidNextToken") => Self::Token,
            other => Self::Other(other.into()),
        }
    }
}

impl From<Astray> for LookupFailure {
    fn from(astray: Astray) -> Self {
        match astray {
            Astray::Circle => Self::Token,
            Astray::Empty => Self::Empty,
        }
    }
}

fn at_region(region: &Region, failure: &Failure) -> Failure {
    Failure { what: format!("{region}: {}", failure.what), ..failure.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second)
    }

    fn event(second: i64) -> RawEvent {
        RawEvent { id: Some(crate::domain::EventId::of(&second.to_string())), time: at(second), record: String::new() }
    }

    #[test]
    fn a_busy_range_is_noticed_after_few_pages_and_a_burst_is_not_one() {
        let day = TimeRange::new(at(0), at(86_400));
        // Three pages cover an hour: 72 for the day.
        let busy: Vec<RawEvent> = (0..150).map(|n| event(86_400 - n * 24)).collect();
        assert_eq!(Dense::of(day, &busy, 60).map(|d| d.pages), Some(72));
        assert!(Dense::of(day, &busy[..50], 60).is_none(), "one page is a guess");
        // Three pages cover half of it.
        let calm: Vec<RawEvent> = (0..150).map(|n| event(86_400 - n * 288)).collect();
        assert!(Dense::of(day, &calm, 60).is_none());
        // A storm is told by one page; a range that is short already is read whatever it holds.
        let storm: Vec<RawEvent> = (0..50).map(|_| event(86_390)).collect();
        assert!(Dense::of(day, &storm, 60).is_some());
        assert!(Dense::of(TimeRange::new(at(85_800), at(86_400)), &storm, 60).is_none());
    }

    proptest! {
        #[test]
        fn parts_are_the_range_without_a_gap(start in 0i64..1_000_000, length in 601i64..8_000_000, pages in 61u32..100_000) {
            let range = TimeRange::new(at(start), at(start + length));
            let parts = split(range, pages, 60);
            prop_assert!(parts.len() >= 2);
            prop_assert_eq!((parts[0].start, parts[parts.len() - 1].end), (range.start, range.end));
            prop_assert!(parts.windows(2).all(|p| p[0].end == p[1].start));
            prop_assert!(parts.iter().all(|p| !p.is_empty()));
        }
    }
}
