//! The gates of a run: which connections may be used, and why one may not.

use super::{
    Sources,
    engine::{ClientRun, Context, Jobs},
};
use crate::{
    aws::{Api, Assume, home_region},
    connect::{Evidence, Gate, Subject},
    domain::{
        Account, Connection, Failure, FailureKind, GateState, JobState, Probe, ProbeOutcome, Source, SourceState,
        TrustedPrincipal,
    },
};
use futures::future::join_all;
use std::collections::BTreeMap;

impl<C: Assume> Context<C> {
    /// Tries the gates that are due and keeps their outcome. A job of a connection whose gate did not pass fails here.
    pub(super) async fn gates(&self, run: &ClientRun, jobs: &mut [Jobs]) {
        let due: Vec<_> = jobs.iter().enumerate().filter_map(|(place, j)| j.gate.map(|job| (place, job))).collect();
        if due.is_empty() {
            return;
        }
        let _testing = run.testing.lock().await;
        let known: Vec<Connection> = jobs.iter().map(|j| j.connection.clone()).collect();
        let listed = run.store.accounts().ok().flatten().map(|l| l.accounts).unwrap_or_default();
        let (known, listed) = (&known, &listed);
        let verdicts = join_all(due.into_iter().map(async |(place, job)| {
            let connection = known.get(place)?;
            self.board.update(job, |j| {
                j.state = JobState::Running;
                j.total = 1;
            });
            let key = run.store.key_pair(connection).ok().flatten();
            let evidence = evidence(connection, known, listed, self.options.trusted.clone());
            let subject = Subject::of(connection, &run.profile.external_id, key.as_ref(), evidence);
            let gate = Gate {
                cloud: &self.cloud,
                pacer: &self.pacer_of(job),
                session_name: &self.session_name,
                now: self.now(),
                caller: &self.caller,
            };
            let verdict = match subject.kind {
                Some(_) => gate.test_trust(&subject).await,
                // It may come out of quarantine, and nothing was ever asked through it.
                None => match self.reserve(run).await {
                    Ok(reserved_at) => {
                        let verdict = gate.test(&subject, &|_| {}).await;
                        if let Err(failure) = self.settle(run, job, verdict.paid, reserved_at).await {
                            tracing::error!(kind = failure.kind.code(), "the ledger may not say what was paid");
                        }
                        verdict
                    }
                    Err(failure) => {
                        self.board.finish(job, vec![failure], false);
                        return None;
                    }
                },
            };
            let home = home_region(connection.partition());
            let did = [
                (Api::AssumeRole, None, verdict.requests.sts),
                (Api::ListAccounts, None, verdict.requests.organizations),
                (Api::GetCostAndUsage, None, verdict.requests.ce),
                (Api::LookupEvents, Some(&home), verdict.requests.cloudtrail),
            ];
            for (api, region, count) in did {
                run.ledger.borrow_mut().note(connection.account(), api, region, count, self.now());
            }
            self.board.update(job, |j| {
                j.requests += verdict.requests;
                j.done = 1;
            });
            Some((place, job, verdict))
        }))
        .await;
        let (mut tested, mut verdicts_of) = (Vec::new(), BTreeMap::new());
        for (place, job, verdict) in verdicts.into_iter().flatten() {
            let Some(jobs) = jobs.get_mut(place) else { continue };
            if self.control.is_cancelled(job) {
                // Half a test proves nothing, and nothing is read through a connection whose test is not wanted.
                jobs.all().for_each(|job| self.board.cancelled(job));
                *jobs = Jobs::none(jobs.connection.clone());
                continue;
            }
            let before = (jobs.connection.access.clone(), jobs.connection.gate.clone());
            verdict.clone().apply(&mut jobs.connection);
            tested.push(job);
            verdicts_of.insert(jobs.connection.id.clone(), (before, verdict));
            self.board.finish(job, gate_failure(&jobs.connection).into_iter().collect(), false);
        }
        let store = run.store.clone();
        let kept = self
            .blocking(run, move || {
                // A connection that was changed meanwhile, by an override or another way in, is not what was tested.
                let mut connections = store.connections()?;
                for connection in &mut connections {
                    let Some(((access, gate), verdict)) = verdicts_of.remove(&connection.id) else { continue };
                    if (&connection.access, &connection.gate) == (&access, &gate) {
                        verdict.apply(connection);
                    }
                }
                let mut draft = store.draft();
                draft.connections(&connections)?;
                draft.commit()
            })
            .await;
        match kept {
            Ok(()) => self.board.committed(run.store.client(), Source::Gate),
            Err(failure) => tested.into_iter().for_each(|job| self.board.finish(job, vec![failure.clone()], false)),
        }
    }
}

/// What the client's other records tell of a role that does not open.
pub fn evidence(
    connection: &Connection,
    known: &[Connection],
    listed: &[Account],
    trusted: Option<TrustedPrincipal>,
) -> Evidence {
    let passed = |c: &&Connection| {
        c.id != connection.id && c.access.role().is_some() && matches!(c.gate, GateState::Passed { .. })
    };
    let opened = connection.results.iter().find_map(|result| match (&result.probe, &result.outcome) {
        (Probe::Opens, ProbeOutcome::Passed { .. }) => Some(result.at),
        _ => None,
    });
    Evidence {
        trusted,
        sibling: known.iter().find(passed).map(Connection::account),
        opened,
        state: listed.iter().find(|a| a.id == connection.account()).map(|a| a.state),
    }
}

/// Why a connection may not be used, if so.
pub fn gate_failure(connection: &Connection) -> Option<Failure> {
    match &connection.gate {
        GateState::Passed { .. } | GateState::Untested | GateState::Overridden { .. } => None,
        GateState::Quarantined { .. } => Some(Failure {
            kind: FailureKind::Quarantined,
            what: format!("the role {} can be assumed without its ExternalId, so it is not used", connection.access),
            next_step:
                "ask the client to add the sts:ExternalId condition to its trust policy; it is tried again every day, or \
                 at once with `bailiwick connection test`; `bailiwick connection override` uses it all the same"
                    .into(),
        }),
        GateState::Failed { failure, .. } => Some(failure.clone()),
    }
}

impl Sources {
    /// Shows that the gate did not pass: nothing can be read, and what is stored grows stale.
    pub fn unusable(&mut self, failure: &Failure) {
        let reason = format!("{}; {}", failure.what, failure.next_step);
        for state in [&mut self.accounts, &mut self.costs, &mut self.events] {
            *state = match state {
                SourceState::Fresh { at } | SourceState::Stale { at, .. } => {
                    SourceState::Stale { at: *at, reason: reason.clone() }
                }
                _ => SourceState::Unavailable { reason: reason.clone() },
            };
        }
    }
}
