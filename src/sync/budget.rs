//! What Cost Explorer's answers cost the clients: a ledger by client, and hard caps on it.

use super::store::ClientStore;
use crate::{
    domain::{ClientId, Day, Failure, FailureKind, Timestamp},
    vault::VaultError,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Days of which the ledger keeps each one; months are kept for ever.
const DAYS_KEPT: i64 = 62;

/// Most Cost Explorer requests that one client pays for; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// In a UTC day.
    pub day: u64,
    /// In a UTC month.
    pub month: u64,
}

/// Cost Explorer pages a client paid for, or is about to: a page is entered before it is asked for, so that a program
/// that is killed over and over again still cannot ask for more than the caps allow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendLedger {
    /// Pages by month (its first day).
    pub pages: BTreeMap<Day, u64>,
    /// Pages by day, of the last two months.
    pub days: BTreeMap<Day, u64>,
}

impl SpendLedger {
    /// Pages of a day.
    pub fn on(&self, day: Day) -> u64 {
        self.days.get(&day).copied().unwrap_or_default()
    }

    /// Pages of the month that a day is in.
    pub fn in_month_of(&self, day: Day) -> u64 {
        self.pages.get(&day.month().first()).copied().unwrap_or_default()
    }

    /// Pages that may still be asked for; `None` without a limit.
    pub fn room(&self, caps: Caps, day: Day) -> Option<u64> {
        let left = |cap: u64, used: u64| (cap > 0).then(|| cap.saturating_sub(used));
        let (today, month) = (left(caps.day, self.on(day)), left(caps.month, self.in_month_of(day)));
        today.into_iter().chain(month).min()
    }

    /// Enters pages that are about to be asked for.
    pub fn enter(&mut self, pages: u64, at: Timestamp) {
        let day = at.day();
        *self.pages.entry(day.month().first()).or_default() += pages;
        *self.days.entry(day).or_default() += pages;
        self.days.retain(|kept, _| day.days_since(*kept) <= DAYS_KEPT);
    }

    /// Takes back a page that was entered then and that AWS refused, which costs nothing.
    pub fn take_back(&mut self, entered_at: Timestamp) {
        let day = entered_at.day();
        for count in [self.pages.get_mut(&day.month().first()), self.days.get_mut(&day)].into_iter().flatten() {
            *count = count.saturating_sub(1);
        }
    }

    /// Whether one more page may be asked for.
    ///
    /// # Errors
    /// The cap that is reached, in words.
    pub fn check(&self, client: &ClientId, caps: Caps, at: Timestamp) -> Result<(), Failure> {
        let day = at.day();
        let reached = |cap: u64, used: u64| cap > 0 && used >= cap;
        let (today, month) = (self.on(day), self.in_month_of(day));
        let (what, next) = if reached(caps.month, month) {
            let what = format!("{client} has paid for {month} Cost Explorer requests this month, which is the cap");
            (what, "it goes on next month; `ce_requests_per_month` in config.toml raises the cap")
        } else if reached(caps.day, today) {
            let what = format!("{client} has paid for {today} Cost Explorer requests today, which is the cap");
            (what, "it goes on tomorrow (UTC); `ce_requests_per_day` in config.toml raises the cap")
        } else {
            return Ok(());
        };
        Err(Failure::new(FailureKind::BudgetReached, what, next))
    }
}

/// A ledger is read, changed and written by one at a time: the console drills and tests beside a sync.
static WRITING: Mutex<()> = Mutex::new(());

/// The right to change ledgers until it is dropped; so several may be committed together.
#[derive(Debug)]
pub struct LedgerTurn {
    _held: MutexGuard<'static, ()>,
}

impl LedgerTurn {
    /// Waits for whoever changes a ledger now. To be held by nobody who changes one in another way.
    pub fn wait() -> Self {
        Self { _held: WRITING.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl ClientStore {
    /// Enters one page that is about to be asked for, durably; or says which cap is reached.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub fn reserve_page(&self, caps: Caps, at: Timestamp) -> Result<Result<(), Failure>, VaultError> {
        self.change_spend(|spend| {
            spend.check(self.client(), caps, at)?;
            spend.enter(1, at);
            Ok(())
        })
    }

    /// Takes back a page that was reserved then and cost nothing.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub fn take_back_page(&self, reserved_at: Timestamp) -> Result<(), VaultError> {
        self.change_spend(|spend| {
            spend.take_back(reserved_at);
            Ok::<_, Infallible>(())
        })
        .map(|_| ())
    }

    fn change_spend<E>(
        &self,
        change: impl FnOnce(&mut SpendLedger) -> Result<(), E>,
    ) -> Result<Result<(), E>, VaultError> {
        let _turn = LedgerTurn::wait();
        let mut spend = self.spend()?;
        let changed = change(&mut spend);
        if changed.is_ok() {
            let mut draft = self.draft();
            draft.spend(&spend)?;
            draft.commit()?;
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::fixtures;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_caps_hold_by_day_and_by_month_and_no_cap_is_none() {
        let (client, caps) = ("acme".parse().unwrap(), Caps { day: 2, month: 3 });
        let mut ledger = SpendLedger::default();
        let monday = at("2026-11-23T23:59:59Z");
        for _ in 0..2 {
            ledger.check(&client, caps, monday).unwrap();
            ledger.enter(1, monday);
        }
        let failure = ledger.check(&client, caps, monday).unwrap_err();
        assert_eq!(failure.kind, FailureKind::BudgetReached);
        assert!(failure.what.contains("2 Cost Explorer requests today"), "{failure:?}");
        let tuesday = at("2026-11-24T00:00:00Z");
        assert_eq!(ledger.room(caps, tuesday.day()), Some(1));
        ledger.check(&client, caps, tuesday).unwrap();
        ledger.enter(1, tuesday);
        let failure = ledger.check(&client, caps, tuesday).unwrap_err();
        assert!(failure.what.contains("3 Cost Explorer requests this month"), "{failure:?}");
        ledger.check(&client, caps, at("2026-12-01T00:00:00Z")).unwrap();
        ledger.check(&client, Caps::default(), tuesday).unwrap();
        assert_eq!(ledger.room(Caps::default(), tuesday.day()), None);
    }

    #[test]
    fn ledgers_are_changed_one_after_the_other_whoever_asks() {
        let dir = tempfile::tempdir().unwrap();
        let (store, now) = (fixtures::store(dir.path()), fixtures::now());
        let refused = std::thread::scope(|threads| {
            let ask =
                || (0..10).filter(|_| store.reserve_page(Caps { day: 35, month: 0 }, now).unwrap().is_err()).count();
            let asking: Vec<_> = (0..4).map(|_| threads.spawn(ask)).collect();
            asking.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!((store.spend().unwrap().on(now.day()), refused), (35, 5));
        store.take_back_page(now).unwrap();
        assert_eq!(store.spend().unwrap().on(now.day()), 34);
    }

    #[test]
    fn what_was_not_answered_is_taken_back_and_old_days_go_while_months_stay() {
        let mut ledger = SpendLedger::default();
        ledger.enter(3, at("2026-08-05T10:00:00Z"));
        ledger.enter(1, at("2026-11-23T10:00:00Z"));
        ledger.take_back(at("2026-11-23T10:00:01Z"));
        ledger.take_back(at("2026-11-23T10:00:02Z"));
        assert_eq!(ledger.on("2026-11-23".parse().unwrap()), 0);
        assert_eq!(ledger.days.len(), 1, "only the present day is left: {ledger:?}");
        assert_eq!(ledger.in_month_of("2026-08-31".parse().unwrap()), 3);
    }
}
