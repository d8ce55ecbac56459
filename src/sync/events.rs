//! The events job: all regions of an account over one frozen range, then parse, check and commit as one slice.

use super::{
    costs::store_failure,
    engine::{ClientRun, Context},
    lease::{CallError, Lease},
    regions::{RegionPlan, SESSION_CALLS, region_plans, windows},
    slice::{Slice, SliceOutcome},
};
use crate::{
    aws::{Api, Assume, Job, LookupFilter, LookupQuery, RawEvent, Trail},
    domain::{AccountId, Connection, Failure, FailureKind, JobId, JobState, Region, RoleArn, Source, Timestamp},
};
use futures::future::{join, join_all};
use std::collections::BTreeSet;

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

    /// All pages of one lookup. A token that CloudTrail no longer takes starts the lookup again, once.
    async fn lookup(
        &self,
        lease: &Lease<'_, C>,
        plan: &RegionPlan,
        filter: LookupFilter,
        job: JobId,
    ) -> Result<Vec<RawEvent>, Failure> {
        let query = LookupQuery { region: plan.region.clone(), range: plan.range, filter };
        match self.pages(lease, &query, job).await {
            Err(LookupFailure::Token) => match self.pages(lease, &query, job).await {
                Err(LookupFailure::Token) => Err(Failure {
                    kind: FailureKind::Invalid,
                    what: format!("CloudTrail in {} does not continue its own pages", plan.region),
                    next_step: "sync again later; this range will be read again".into(),
                }),
                Err(LookupFailure::Other(failure)) => Err(failure),
                Ok(events) => Ok(events),
            },
            Err(LookupFailure::Other(failure)) => Err(failure),
            Ok(events) => Ok(events),
        }
    }

    async fn pages(
        &self,
        lease: &Lease<'_, C>,
        query: &LookupQuery,
        job: JobId,
    ) -> Result<Vec<RawEvent>, LookupFailure> {
        let mut events = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let ask = async |s: &C::Session| s.lookup_page(query, next.as_deref()).await;
            let page = lease.call(job, Api::LookupEvents, Some(&query.region), ask).await?;
            events.extend(page.events);
            if page.next.is_some() && page.next == next {
                return Err(LookupFailure::Token);
            }
            next = page.next;
            if next.is_none() {
                return Ok(events);
            }
        }
    }
}

enum LookupFailure {
    /// The next-page token was refused or does not move on.
    Token,
    Other(Failure),
}

impl From<CallError> for LookupFailure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Request(error) if error.code.contains("InvalidNextToken") => Self::Token,
            other => Self::Other(other.into()),
        }
    }
}

fn at_region(region: &Region, failure: &Failure) -> Failure {
    Failure { what: format!("{region}: {}", failure.what), ..failure.clone() }
}
