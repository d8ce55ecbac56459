//! The accounts job: Organizations' list, page by page.

use super::{
    engine::{ClientRun, Context},
    lease::Lease,
    store::AccountList,
};
use crate::{
    aws::{Api, Assume, Job, Organization},
    domain::{Account, AccountId, AccountState, Connection, Failure, FailureKind, JobId, JobState, Source, Timestamp},
};
use std::collections::{BTreeMap, BTreeSet};

impl<C: Assume> Context<C> {
    /// Lists the accounts behind a payer connection; a standalone account is its own list.
    pub(super) async fn accounts(&self, run: &ClientRun, connection: &Connection, job: JobId) {
        self.board.update(job, |j| {
            j.state = JobState::Running;
            j.total = 1;
        });
        let listed = match self.list(run, connection, job).await {
            // Not in an organization is an ordinary state: the account stands for itself.
            Err(f) if f.kind == FailureKind::NotInOrganization => Ok(vec![Account::bare(connection.account())]),
            // Cancelled: that says nothing of the source.
            Err(f) if f.kind == FailureKind::Cancelled => return self.board.finish(job, vec![f], false),
            other => other,
        };
        let count = listed.as_ref().map_or(0, Vec::len) as u64;
        let (store, id, now) = (run.store.clone(), connection.id.clone(), self.now());
        let payer = connection.account();
        let (accounts, failure) = match listed {
            Ok(accounts) => (Some(accounts), None),
            Err(failure) => (None, Some(failure)),
        };
        let noted = failure.clone();
        let kept = self
            .blocking(run, move || {
                let mut draft = store.draft();
                if let Some(accounts) = accounts {
                    let known = store.accounts()?.map(|l| l.accounts).unwrap_or_default();
                    draft.accounts(&AccountList { accounts: merged(known, accounts, payer, now), read_at: now })?;
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
        let durable = kept.is_ok();
        self.board.finish(job, [failure, kept.err()].into_iter().flatten().collect(), false);
        if durable {
            self.board.committed(run.store.client(), Source::Accounts);
        }
    }

    async fn list(&self, run: &ClientRun, connection: &Connection, job: JobId) -> Result<Vec<Account>, Failure> {
        let lease = Lease::new(self, run, connection, Job::Accounts, &[]);
        let mut accounts: Vec<Account> = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page =
                lease.call(job, Api::ListAccounts, None, async |s| s.accounts_page(next.as_deref()).await).await?;
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

/// The list with one connection's answer worked in. A client may have several organizations and standalone accounts:
/// only what this payer listed before can leave, and a name that was known stays where the answer has none. An account
/// that left stays in the list and says so: what was read of it is kept.
fn merged(known: Vec<Account>, listed: Vec<Account>, payer: AccountId, now: Timestamp) -> Vec<Account> {
    let mut all: BTreeMap<AccountId, Account> = known.iter().map(|a| (a.id, a.clone())).collect();
    let still: BTreeSet<AccountId> = listed.iter().map(|a| a.id).collect();
    for account in all.values_mut().filter(|a| a.management == Some(payer) && !still.contains(&a.id)) {
        if account.state != AccountState::Left {
            account.state = AccountState::Left;
            account.left_at = Some(now);
        }
    }
    for mut account in listed {
        let before = known.iter().find(|a| a.id == account.id);
        account.name = account.name.or_else(|| before.and_then(|a| a.name.clone()));
        all.insert(account.id, account);
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: u64, name: Option<&str>, management: Option<u64>) -> Account {
        let id_of = |n| AccountId::from_number(n).unwrap();
        Account { name: name.map(Into::into), management: management.map(id_of), ..Account::bare(id_of(id)) }
    }

    #[test]
    fn one_organization_does_not_push_out_another_and_a_name_stays() {
        let (payer, now) = (AccountId::from_number(1).unwrap(), Timestamp::from_second(1_000));
        let known = vec![
            account(1, Some("payer"), Some(1)),
            account(2, Some("left"), Some(1)),
            account(7, Some("other organization"), Some(8)),
            account(9, Some("standalone"), None),
        ];
        let answer = vec![account(1, Some("payer"), Some(1)), account(3, None, Some(1))];
        let all = merged(known.clone(), answer.clone(), payer, now);
        assert_eq!(all.iter().map(|a| a.id.number()).collect::<Vec<_>>(), [1, 2, 3, 7, 9]);
        assert_eq!((all[1].state, all[1].left_at, &all[1].name), (AccountState::Left, Some(now), &Some("left".into())));
        // It stays on the day it left, and is back when it is listed again.
        let later = merged(all.clone(), answer, payer, now.plus(86_400));
        assert_eq!(later, all);
        let back = merged(all, vec![account(2, None, Some(1))], payer, now.plus(86_400));
        assert_eq!(
            (back[1].state, back[1].left_at, &back[1].name),
            (AccountState::Unknown, None, &Some("left".into()))
        );
        let alone = merged(known, vec![account(9, None, None)], AccountId::from_number(9).unwrap(), now);
        assert_eq!(alone.iter().find(|a| a.id.number() == 9).unwrap().name, Some("standalone".into()));
    }
}
