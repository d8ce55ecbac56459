//! Our own footprint: what the client's CloudTrail says of our sessions, read once a day so that it can be held against the
//! ledger of what we did. Our calls only read, so the events job does not see them.

use super::{
    costs::store_failure,
    engine::{ClientRun, Context},
    events::{Dense, LookupFailure, RegionRead, split},
    lease::Lease,
    regions::{HISTORY_SECONDS, OVERLAP_SECONDS, RegionPlan},
    slice::Slice,
};
use crate::{
    aws::{Assume, Job, LookupFilter, home_region},
    domain::{AccountId, Connection, Depth, Failure, JobId, JobState, RoleArn, Source, TimeRange, Timestamp},
};
use futures::future::join_all;
use std::collections::{BTreeSet, VecDeque};

/// The three actions of our roles, as CloudTrail names them.
pub(super) const FOOTPRINT_CALLS: [LookupFilter; 3] = [
    LookupFilter::EventName("LookupEvents"),
    LookupFilter::EventName("GetCostAndUsage"),
    LookupFilter::EventName("ListAccounts"),
];

/// Seconds between two readings.
const EVERY: i64 = 86_400;

/// Whether it has to be read. A time that is the very beginning of a day marks what was lost since then.
pub(super) fn footprint_due(read_at: Option<Timestamp>, now: Timestamp) -> bool {
    read_at.is_none_or(|at| now.since(at) >= EVERY || at == at.day().start())
}

impl<C: Assume> Context<C> {
    /// Reads what CloudTrail recorded of our three actions in an account's home region since the last time.
    pub(super) async fn footprint(
        &self,
        run: &ClientRun,
        connection: &Connection,
        own: &BTreeSet<AccountId>,
        roles: &[RoleArn],
        job: JobId,
    ) {
        self.board.update(job, |j| {
            j.state = JobState::Running;
            j.total = 1;
        });
        let failure = self.read_footprint(run, connection, own, roles, job).await.err();
        self.board.finish(job, failure.into_iter().collect(), false);
    }

    async fn read_footprint(
        &self,
        run: &ClientRun,
        connection: &Connection,
        own: &BTreeSet<AccountId>,
        roles: &[RoleArn],
        job: JobId,
    ) -> Result<(), Failure> {
        let now = self.now();
        let region = home_region(connection.partition());
        let read_at = run.store.footprint_at(&connection.id).map_err(store_failure)?;
        // The first time as far back as events are read.
        let days = self.options.event_days.min(self.options.event_retention_days);
        let since = read_at.map_or_else(|| now.plus(-i64::from(days) * 86_400), |at| at.plus(-OVERLAP_SECONDS));
        let since = since.max(now.plus(-HISTORY_SECONDS));
        let lease = Lease::new(self, run, connection, Job::Events, std::slice::from_ref(&region));
        lease.open_now(job).await?;
        // Others call the same three actions, which is no business of this job.
        let arns: Vec<String> = roles.iter().map(ToString::to_string).collect();
        let mut parts = VecDeque::from([TimeRange::new(since, now)]);
        while let Some(range) = parts.pop_front() {
            let plan = RegionPlan { region: region.clone(), range, depth: Depth::Essential, sessions_always: false };
            let (mut events, mut dense) = (Vec::new(), 0);
            for read in join_all(FOOTPRINT_CALLS.map(|filter| self.lookup(&lease, &plan, filter, job))).await {
                match read {
                    Ok(more) => events.extend(more),
                    Err(LookupFailure::Dense(Dense { pages })) => dense = dense.max(pages),
                    Err(failure) => return Err(failure.in_words(&region)),
                }
            }
            if dense > 0 {
                // As with all other events: in smaller parts, each of which is durable before the next begins.
                split(range, dense, self.options.slice_pages).into_iter().rev().for_each(|part| parts.push_front(part));
                self.board.update(job, |j| j.total = j.done + u32::try_from(parts.len()).unwrap_or(u32::MAX));
                continue;
            }
            events.retain(|event| arns.iter().any(|arn| event.record.contains(arn.as_str())));
            let slice = Slice {
                store: run.store.clone(),
                checks: self.checks.clone(),
                connection: connection.id.clone(),
                account: connection.account(),
                own: own.clone(),
                roles: roles.to_vec(),
                agency: self.agency,
                reads: vec![RegionRead { plan, events: Ok(events) }],
                complete: None,
                claims: false,
            };
            let (store, id) = (run.store.clone(), connection.id.clone());
            let outcome = self
                .blocking(run, move || {
                    let outcome = slice.commit()?;
                    let mut draft = store.draft();
                    draft.footprint_at(&id, range.end)?;
                    draft.commit()?;
                    Ok(outcome)
                })
                .await?;
            self.board.found(outcome.found);
            self.board.update(job, |j| {
                j.rows += outcome.stored;
                j.done += 1;
            });
            self.board.committed(run.store.client(), Source::Footprint);
        }
        Ok(())
    }
}
