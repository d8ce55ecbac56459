//! What we ourselves did in a client's accounts: the other side of what its CloudTrail says of our sessions. A session of
//! our role that is not in here was somebody else's.

use super::store::{ClientStore, Draft};
use crate::{
    aws::Api,
    domain::{AccountId, Region, Timestamp},
    vault::VaultError,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days for which the ledger is kept: longer than CloudTrail remembers.
const DAYS_KEPT: i64 = 100;

/// What one run did of one kind in one account and region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// `RoleSessionName` of the run.
    pub session: String,
    /// The account.
    pub account: AccountId,
    /// The action, `cloudtrail:LookupEvents`; empty for the beginning of a run, which is noted before anything is sent.
    pub action: String,
    /// The region, for a regional service.
    pub region: Option<Region>,
    /// Requests.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

/// What one run did in one client's accounts so far.
#[derive(Debug, Default)]
pub(super) struct RunLedger(BTreeMap<Kind, Done>);

/// Account, action and region.
type Kind = (AccountId, &'static str, Option<Region>);
/// How often, first and last.
type Done = (u64, Timestamp, Timestamp);

impl RunLedger {
    /// Notes requests that were sent.
    pub(super) fn note(&mut self, account: AccountId, api: Api, region: Option<&Region>, count: u64, now: Timestamp) {
        if count > 0 {
            let entry = self.0.entry((account, api.action(), region.cloned())).or_insert((0, now, now));
            (entry.0, entry.2) = (entry.0 + count, now);
        }
    }

    /// What was noted, as entries of one session; nothing is noted any more.
    pub(super) fn take(&mut self, session: &str) -> Vec<LedgerEntry> {
        let entry = |((account, action, region), (count, first, last))| LedgerEntry {
            session: session.to_owned(),
            account,
            action: String::from(action),
            region,
            count,
            first,
            last,
        };
        std::mem::take(&mut self.0).into_iter().map(entry).collect()
    }
}

/// The beginning of a run in one account.
pub(super) fn beginning(session: &str, account: AccountId, now: Timestamp) -> LedgerEntry {
    let (session, action) = (session.to_owned(), String::new());
    LedgerEntry { session, account, action, region: None, count: 0, first: now, last: now }
}

/// Adds entries to the ledger of the day, and lets go of days that CloudTrail has forgotten.
pub(super) fn keep(
    store: &ClientStore,
    draft: &mut Draft<'_>,
    entries: Vec<LedgerEntry>,
    now: Timestamp,
) -> Result<(), VaultError> {
    let day = now.day();
    let mut all = store.ledger(day)?;
    all.extend(entries);
    draft.ledger(day, &all)?;
    for old in store.ledger_days()?.into_iter().filter(|old| day.days_since(*old) > DAYS_KEPT) {
        draft.remove_ledger(old)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::fixtures;

    #[test]
    fn requests_are_summed_by_action_and_region_and_old_days_go() {
        let dir = tempfile::tempdir().unwrap();
        let store = fixtures::store(dir.path());
        let (account, now) = (fixtures::account(), fixtures::now());
        let region: Region = "eu-west-1".parse().unwrap();
        let mut ledger = RunLedger::default();
        ledger.note(account, Api::LookupEvents, Some(&region), 2, now);
        ledger.note(account, Api::LookupEvents, Some(&region), 1, now.plus(9));
        ledger.note(account, Api::ListAccounts, None, 0, now);
        let entries = ledger.take("bailiwick-1");
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].count, entries[0].first, entries[0].last), (3, now, now.plus(9)));
        assert_eq!(ledger.take("bailiwick-1"), []);
        let commit = |entries, at| {
            let mut draft = store.draft();
            keep(&store, &mut draft, entries, at).unwrap();
            draft.commit().unwrap();
        };
        commit(vec![beginning("bailiwick-1", account, now)], now);
        commit(entries.clone(), now);
        assert_eq!(store.ledger(now.day()).unwrap().len(), 2);
        let later = now.plus((DAYS_KEPT + 1) * 86_400);
        commit(entries, later);
        assert_eq!(store.ledger_days().unwrap(), [later.day()]);
    }
}
