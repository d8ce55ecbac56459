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
    domain::{AccountId, Connection, Failure, FailureKind, JobId, JobState, Region, RoleArn, Source, Timestamp},
};
use futures::future::{join, join_all};
use std::collections::{BTreeSet, HashSet};

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
        // Fresh is what was asked for, not when the last page came.
        let began = self.now();
        let (failures, read) = match self.read_events(run, connection, own, roles, job, began).await {
            Ok(outcome) => outcome,
            Err(failure) => (vec![failure], false),
        };
        let (store, id) = (run.store.clone(), connection.id.clone());
        // One denied region is that region's trouble; the source as a whole has failed only if nothing was read.
        let whole = failures.first().filter(|_| !read).cloned();
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
        let plans = region_plans(&coverage, connection.partition(), self.options.reach(), self.now());
        let slices = windows(&plans);
        let steps = slices.iter().flat_map(|slice| plans.iter().filter_map(|p| p.within(*slice))).count();
        self.board.update(job, |j| {
            j.state = JobState::Running;
            j.total = u32::try_from(steps).unwrap_or(u32::MAX);
        });
        let mut regions: Vec<Region> = plans.iter().map(|p| p.region.clone()).collect();
        regions.dedup();
        let lease = Lease::new(self, run, connection, Job::Events, &regions);
        lease.open_now(job).await?;
        let (mut failures, mut read, mut unreadable_records) = (Vec::new(), false, 0);
        let mut failed: BTreeSet<Region> = BTreeSet::new();
        let last = slices.len().saturating_sub(1);
        for (number, window) in slices.into_iter().enumerate() {
            // A later slice of a region that failed would hide the gap before it.
            let due = plans.iter().filter(|p| !failed.contains(&p.region)).filter_map(|p| p.within(window));
            let reads = join_all(due.map(|p| self.region(&lease, p, job))).await;
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
                complete: Some(began).filter(|_| number == last && read),
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

    /// One region: all changes, and the calls that hand out sessions. A region that shows neither a change nor an
    /// assumed role is not in use, and the rarer of those calls are not asked for.
    async fn region(&self, lease: &Lease<'_, C>, plan: RegionPlan, job: JobId) -> RegionRead {
        let [assume_role, rarer @ ..] = SESSION_CALLS;
        let lookup = |filter| self.lookup(lease, &plan, filter, job);
        let events = async {
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
        let events = events.await;
        self.board.update(job, |j| {
            j.done += 1;
            j.region = Some(plan.region.clone());
        });
        RegionRead { plan, events }
    }

    /// All pages of one lookup. Pages that CloudTrail does not continue are begun again, as often as any request.
    async fn lookup(
        &self,
        lease: &Lease<'_, C>,
        plan: &RegionPlan,
        filter: LookupFilter,
        job: JobId,
    ) -> Result<Vec<RawEvent>, Failure> {
        let query = LookupQuery { region: plan.region.clone(), range: plan.range, filter };
        let mut attempts = self.options.retry.attempts.max(1);
        loop {
            attempts -= 1;
            match self.pages(lease, &query, job).await {
                Err(LookupFailure::Token) if attempts > 0 => (),
                Err(failure) => return Err(failure.in_words(&plan.region)),
                Ok(events) => return Ok(events),
            }
        }
    }

    async fn pages(
        &self,
        lease: &Lease<'_, C>,
        query: &LookupQuery,
        job: JobId,
    ) -> Result<Vec<RawEvent>, LookupFailure> {
        let (mut events, mut ids) = (Vec::new(), HashSet::new());
        let mut pages = Pages::new(PATIENCE);
        loop {
            let ask = async |s: &C::Session| s.lookup_page(query, pages.token()).await;
            let page = lease.call(job, Api::LookupEvents, Some(&query.region), ask).await?;
            let before = events.len();
            // A page may repeat what the one before it held.
            events.extend(page.events.into_iter().filter(|e| e.id.is_empty() || ids.insert(e.id.clone())));
            if !pages.turn(page.next, events.len() > before)? {
                return Ok(events);
            }
        }
    }
}

enum LookupFailure {
    /// The next-page token was refused or leads in a circle: another beginning may help.
    Token,
    /// Page after page holds nothing.
    Empty,
    Other(Failure),
}

impl LookupFailure {
    fn in_words(self, region: &Region) -> Failure {
        let what = match self {
            Self::Other(failure) => return failure,
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
