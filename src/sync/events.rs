//! The events job: all regions of an account over one frozen range, then parse, check and commit as one slice.

use super::{
    costs::store_failure,
    engine::{ClientRun, Context},
    lease::Lease,
    plan::{RegionPlan, SESSION_CALLS, region_plans},
    slice::{Slice, SliceOutcome},
};
use crate::{
    aws::{Api, Assume, AwsError, Job, LookupFilter, LookupQuery, RawEvent, Trail},
    domain::{AccountId, Connection, Failure, FailureKind, JobId, JobState, Region, RoleArn, Source},
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
        let (failures, read) = match self.read_events(run, connection, own, roles, job).await {
            Ok(outcome) => outcome,
            Err(failure) => (vec![failure], false),
        };
        let (store, id, now) = (run.store.clone(), connection.id.clone(), self.now());
        // One denied region is that region's trouble; the source as a whole has failed only if nothing was read.
        let whole = failures.first().filter(|_| !read).cloned();
        let kept = self
            .blocking(run, move || {
                let mut sources = store.sources(&id)?;
                sources.record(Source::Events, now, whole);
                let mut draft = store.draft();
                draft.sources(&id, &sources)?;
                draft.commit()
            })
            .await;
        self.board.finish(job, failures.into_iter().chain(kept.err()).collect(), read);
        self.board.committed(run.store.client(), Source::Events);
    }

    /// The failures of regions, and whether any region was read.
    async fn read_events(
        &self,
        run: &ClientRun,
        connection: &Connection,
        own: &BTreeSet<AccountId>,
        roles: &[RoleArn],
        job: JobId,
    ) -> Result<(Vec<Failure>, bool), Failure> {
        let account = connection.account();
        let coverage = run.store.coverage(account).map_err(store_failure)?;
        let plans = region_plans(
            &coverage,
            connection.role.partition(),
            &self.options.always_regions,
            self.now(),
            self.options.event_days,
            self.options.event_minutes,
        );
        self.board.update(job, |j| {
            j.state = JobState::Running;
            j.total = u32::try_from(plans.len()).unwrap_or(u32::MAX);
        });
        let regions: Vec<Region> = plans.iter().map(|p| p.region.clone()).collect();
        let lease = Lease::new(self, connection, &run.profile.external_id, Job::Events, &regions);
        // Opened before the regions start, so that a role that cannot be assumed fails once and not once per region.
        let opened = lease.session().await;
        let sts = lease.take_spent();
        self.board.update(job, |j| j.requests += sts);
        opened?;
        let reads = join_all(plans.into_iter().map(|plan| self.region(&lease, account, plan, job))).await;
        let mut failures: Vec<Failure> =
            reads.iter().filter_map(|r| r.events.as_ref().err().map(|f| at_region(&r.plan.region, f))).collect();
        let read = reads.iter().any(|r| r.events.is_ok());
        let slice = Slice {
            store: run.store.clone(),
            checks: self.checks.clone(),
            connection: connection.id.clone(),
            account,
            own: own.clone(),
            roles: roles.to_vec(),
            agency: self.agency,
            reads,
        };
        let SliceOutcome { stored, found, unreadable } = self.blocking(run, move || slice.commit()).await?;
        self.board.found(found);
        self.board.update(job, |j| j.rows += stored);
        if unreadable > 0 {
            failures.push(Failure {
                kind: FailureKind::Invalid,
                what: format!("{unreadable} records of account {account} are not CloudTrail records and were left out"),
                next_step: "please report this; all other records were kept".into(),
            });
        }
        Ok((failures, read))
    }

    /// One region: all changes, and the calls that hand out sessions. A region that shows neither a change nor an
    /// assumed role is not in use, and the rarer of those calls are not asked for.
    async fn region(&self, lease: &Lease<'_, C>, account: AccountId, plan: RegionPlan, job: JobId) -> RegionRead {
        let [assume_role, rarer @ ..] = SESSION_CALLS;
        let lookup = |filter| self.lookup(lease, account, &plan, filter, job);
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
        account: AccountId,
        plan: &RegionPlan,
        filter: LookupFilter,
        job: JobId,
    ) -> Result<Vec<RawEvent>, Failure> {
        let query = LookupQuery { region: plan.region.clone(), range: plan.range, filter };
        match self.pages(lease, account, &query, job).await {
            Err(LookupFailure::Token) => match self.pages(lease, account, &query, job).await {
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
        account: AccountId,
        query: &LookupQuery,
        job: JobId,
    ) -> Result<Vec<RawEvent>, LookupFailure> {
        let mut events = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let session = lease.session().await.map_err(LookupFailure::Other)?;
            let sts = lease.take_spent();
            let api = Api::LookupEvents;
            let (page, attempts) = self
                .pacer
                .call(api, account, Some(&query.region), || session.lookup_page(query, next.as_deref()))
                .await;
            self.board.update(job, |j| {
                j.requests += sts;
                j.requests += attempts.counts(api);
                j.retries += attempts.retries;
            });
            let page = page.map_err(LookupFailure::from)?;
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

impl From<AwsError> for LookupFailure {
    fn from(error: AwsError) -> Self {
        if error.code.contains("InvalidNextToken") { Self::Token } else { Self::Other(error.failure()) }
    }
}

fn at_region(region: &Region, failure: &Failure) -> Failure {
    Failure { what: format!("{region}: {}", failure.what), ..failure.clone() }
}
