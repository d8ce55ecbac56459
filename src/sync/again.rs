//! What is wanted of a run while it goes on: jobs are held or cancelled, and others are tried again.

use super::{
    costs::store_failure,
    engine::{ClientRun, Context, Jobs},
    store::ClientStore,
};
use crate::{
    aws::{Assume, Flow},
    connect::Gate,
    domain::{Failure, FailureKind, JobKey, JobState, Source},
    vault::VaultError,
};
use std::rc::Rc;

impl<C: Assume> Context<C> {
    /// Waits while the whole run is held.
    pub(super) async fn hold_back(&self) {
        self.board.hold(self.control.is_paused());
        // A run is never stopped as a whole: it is dropped.
        let _ = self.control.run_valve().pass().await;
    }

    /// Tells what was turned, and gives back what is to be tried again.
    pub(super) fn obey(&self) -> Vec<JobKey> {
        let (turned, retries) = self.control.take();
        for job in turned {
            if matches!(self.board.state(job), Some(JobState::Waiting | JobState::Running)) {
                let flow = self.control.flow(job);
                // One that is stopped ends when its turn comes or the request under way is answered, and not before: it
                // may be tried again only when nothing of it runs any more.
                self.board.update(job, |j| {
                    j.paused = flow == Flow::Held;
                    if flow == Flow::Stopped {
                        j.last_error = Some("cancelled: it ends at its next step".into());
                    }
                });
            }
        }
        self.board.hold(self.control.is_paused());
        retries
    }

    /// Plans a job anew from what is stored, and runs it, after its gate where that is due. One that still runs is left
    /// to itself.
    pub(super) async fn again(&self, key: JobKey) {
        let job = match self.board.find(&key) {
            // Cancelled before its turn, which is still to come: it is as if it had not been.
            Some(job) if self.board.state(job) == Some(JobState::Waiting) => {
                self.control.reopen(job);
                self.board.update(job, |j| j.last_error = None);
                return;
            }
            Some(job) if self.board.state(job).is_some_and(|state| !state.may_be_retried()) => return,
            Some(job) => job,
            None => self.board.add(key.clone(), 0),
        };
        self.control.reopen(job);
        self.board.renew(job);
        let planned = match self.run_of(&key) {
            Ok(Some(run)) => self.replan(&run, &key).await.map(|jobs| (run, jobs)),
            Ok(None) => Err(gone(&key)),
            Err(error) => Err(store_failure(error)),
        };
        match planned {
            Ok((run, jobs)) => self.client(run, jobs).await,
            Err(failure) => self.board.finish(job, vec![failure], false),
        }
    }

    /// The client of a job, as this run knows it or from the vault.
    fn run_of(&self, key: &JobKey) -> Result<Option<Rc<ClientRun>>, VaultError> {
        let known = self.clients.borrow().iter().find(|run| *run.store.client() == key.client).cloned();
        if known.is_some() || !self.vault.clients().contains(&key.client) {
            return Ok(known);
        }
        let store = ClientStore::new(self.vault.clone(), key.client.clone());
        Ok(store.profile()?.map(|profile| self.enter(ClientRun::new(store, profile), &[])))
    }

    /// All connections of the client, with that one job, and with its gate where that did not pass or is due.
    async fn replan(&self, run: &ClientRun, key: &JobKey) -> Result<Vec<Jobs>, Failure> {
        // Nothing is read beside a test of its own gate.
        drop(run.testing.lock().await);
        let store = run.store.clone();
        let (source, account) = (key.source, key.account);
        let connections = self
            .blocking(run, move || {
                let connections = store.connections()?;
                if let (Source::Costs, Some(one)) = (source, connections.iter().find(|c| c.account() == account)) {
                    // What was put off is asked now.
                    let mut state = store.cost_state(&one.id)?;
                    if state.complete_at.take().is_some() {
                        let mut draft = store.draft();
                        draft.cost_state(&one.id, &state)?;
                        draft.commit()?;
                    }
                }
                Ok(connections)
            })
            .await?;
        let mut all: Vec<Jobs> = connections.into_iter().map(Jobs::none).collect();
        let jobs = all.iter_mut().find(|j| j.connection.account() == account).ok_or_else(|| gone(key))?;
        if source == Source::Gate || Gate::<C>::is_due(&jobs.connection.gate, self.now()) {
            let gate = JobKey { source: Source::Gate, ..key.clone() };
            let job = self.board.find(&gate).unwrap_or_else(|| self.board.add(gate, 0));
            self.control.reopen(job);
            if source != Source::Gate {
                self.board.renew(job);
            }
            jobs.gate = Some(job);
        }
        if let Some(job) = self.board.find(key) {
            jobs.set(source, job);
        }
        Ok(all)
    }
}

fn gone(key: &JobKey) -> Failure {
    let what = format!("account {} of {} is not connected any more", key.account, key.client);
    Failure::new(FailureKind::Invalid, what, "nothing to do: it is not read any more")
}
