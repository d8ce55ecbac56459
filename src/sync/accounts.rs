//! The accounts job: Organizations' list, page by page.

use super::{
    engine::{ClientRun, Context},
    lease::Lease,
    store::AccountList,
};
use crate::{
    aws::{Api, Assume, Job, Organization},
    domain::{Account, Connection, Failure, FailureKind, JobId, JobState, Source},
};

impl<C: Assume> Context<C> {
    /// Lists the accounts behind a payer connection; a standalone account is its own list.
    pub(super) async fn accounts(&self, run: &ClientRun, connection: &Connection, job: JobId) {
        self.board.update(job, |j| {
            j.state = JobState::Running;
            j.total = 1;
        });
        let listed = match self.list(run, connection, job).await {
            // Not in an organization is an ordinary state: the account stands for itself.
            Err(f) if f.kind == FailureKind::NotEnabled => Ok(vec![Account::bare(connection.account())]),
            other => other,
        };
        let count = listed.as_ref().map_or(0, Vec::len) as u64;
        let (store, id, now) = (run.store.clone(), connection.id.clone(), self.now());
        let (accounts, failure) = match listed {
            Ok(accounts) => (Some(accounts), None),
            Err(failure) => (None, Some(failure)),
        };
        let noted = failure.clone();
        let kept = self
            .blocking(run, move || {
                let mut draft = store.draft();
                if let Some(accounts) = accounts {
                    draft.accounts(&AccountList { accounts, read_at: now })?;
                }
                let mut sources = store.sources(&id)?;
                sources.record(Source::Accounts, now, noted);
                draft.sources(&id, &sources)?;
                draft.commit()
            })
            .await;
        self.board.update(job, |j| {
            j.rows = count;
            j.done = 1;
        });
        self.board.finish(job, [failure, kept.err()].into_iter().flatten().collect(), false);
        self.board.committed(run.store.client(), Source::Accounts);
    }

    async fn list(&self, run: &ClientRun, connection: &Connection, job: JobId) -> Result<Vec<Account>, Failure> {
        let lease = Lease::new(self, connection, &run.profile.external_id, Job::Accounts, &[]);
        let mut accounts: Vec<Account> = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let session = lease.session().await;
            let sts = lease.take_spent();
            self.board.update(job, |j| j.requests += sts);
            let session = session?;
            let api = Api::ListAccounts;
            let (page, attempts) =
                self.pacer.call(api, connection.account(), None, || session.accounts_page(next.as_deref())).await;
            self.board.update(job, |j| {
                j.requests += attempts.counts(api);
                j.retries += attempts.retries;
            });
            let page = page.map_err(|e| e.failure())?;
            accounts.extend(page.accounts);
            if page.next.is_some() && page.next == next {
                return Err(Failure {
                    kind: FailureKind::Invalid,
                    what: "Organizations keeps giving the same page".into(),
                    next_step: "sync again later".into(),
                });
            }
            // A page may be empty and still not be the last: only a missing token ends the list.
            next = page.next;
            if next.is_none() {
                accounts.sort_by_key(|a| a.id);
                accounts.dedup_by_key(|a| a.id);
                return Ok(accounts);
            }
        }
    }
}
