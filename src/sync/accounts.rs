//! The accounts job: Organizations' list, page by page.

use super::{
    engine::{ClientRun, Context},
    lease::Lease,
    pages::{Astray, Pages},
    store::{AccountList, ClientStore},
};
use crate::{
    aws::{AccountsPage, Api, Assume, Job, Organization},
    domain::{Account, AccountId, AccountState, Connection, Failure, FailureKind, JobId, JobState, Source, Timestamp},
    vault::VaultError,
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
        let failure = listed.as_ref().err().cloned();
        let (store, known, now) = (run.store.clone(), connection.clone(), self.now());
        let kept = self.blocking(run, move || keep_listed(&store, &known, listed, now).map(|_| ())).await;
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
        all_pages(async |next| {
            let page = lease.call(job, Api::ListAccounts, None, async |s| s.accounts_page(next.as_deref()).await).await;
            Ok(page?)
        })
        .await
    }
}

/// The whole list of Organizations, by id.
///
/// # Errors
/// What a page failed with, or that the pages do not end.
pub async fn all_pages(
    mut page: impl AsyncFnMut(Option<String>) -> Result<AccountsPage, Failure>,
) -> Result<Vec<Account>, Failure> {
    let mut accounts: BTreeMap<AccountId, Account> = BTreeMap::new();
    let mut pages = Pages::new(PATIENCE);
    loop {
        let page = page(pages.token().map(str::to_owned)).await?;
        let before = accounts.len();
        accounts.extend(page.accounts.into_iter().map(|a| (a.id, a)));
        // A page may be empty and still not be the last: only a missing token ends the list.
        if !pages.turn(page.next, accounts.len() > before).map_err(nowhere)? {
            return Ok(accounts.into_values().collect());
        }
    }
}

/// Keeps what a connection's organization answered, and how that went. Says the client's accounts as they are known now.
///
/// # Errors
/// When the vault cannot be read or written.
pub fn keep_listed(
    store: &ClientStore,
    connection: &Connection,
    listed: Result<Vec<Account>, Failure>,
    now: Timestamp,
) -> Result<Vec<Account>, VaultError> {
    let mut draft = store.draft();
    let mut accounts = store.accounts()?.map(|l| l.accounts).unwrap_or_default();
    let mut sources = store.sources(&connection.id)?;
    sources.record(Source::Accounts, now, listed.as_ref().err().cloned());
    if let Ok(listed) = listed {
        accounts = with_listed(accounts, listed, connection.account(), now);
        draft.accounts(&AccountList { accounts: accounts.clone(), read_at: now })?;
    }
    draft.sources(&connection.id, &sources)?;
    draft.commit()?;
    Ok(accounts)
}

/// Pages in a row that may bring no account.
const PATIENCE: u32 = 100;

fn nowhere(astray: Astray) -> Failure {
    let what = match astray {
        Astray::Circle => "Organizations keeps giving the same pages",
        Astray::Empty => "Organizations sends page after page without an account",
    };
    Failure { kind: FailureKind::Invalid, what: what.into(), next_step: "sync again later".into() }
}

/// The list with one connection's answer worked in. A client may have several organizations and standalone accounts:
/// only what this payer listed before can leave, and a name that was known stays where the answer has none. An account
/// that left stays in the list and says so: what was read of it is kept.
pub fn with_listed(known: Vec<Account>, listed: Vec<Account>, payer: AccountId, now: Timestamp) -> Vec<Account> {
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
        let all = with_listed(known.clone(), answer.clone(), payer, now);
        assert_eq!(all.iter().map(|a| a.id.number()).collect::<Vec<_>>(), [1, 2, 3, 7, 9]);
        assert_eq!((all[1].state, all[1].left_at, &all[1].name), (AccountState::Left, Some(now), &Some("left".into())));
        // It stays on the day it left, and is back when it is listed again.
        let later = with_listed(all.clone(), answer, payer, now.plus(86_400));
        assert_eq!(later, all);
        let back = with_listed(all, vec![account(2, None, Some(1))], payer, now.plus(86_400));
        assert_eq!(
            (back[1].state, back[1].left_at, &back[1].name),
            (AccountState::Unknown, None, &Some("left".into()))
        );
        let alone = with_listed(known, vec![account(9, None, None)], AccountId::from_number(9).unwrap(), now);
        assert_eq!(alone.iter().find(|a| a.id.number() == 9).unwrap().name, Some("standalone".into()));
    }
}
