//! Which troubles are on at the moment.

use super::{Trouble, TroubleAt};
use crate::domain::AccountId;
use std::sync::{PoisonError, RwLock};

/// The troubles of one server; they may change between two requests.
#[derive(Debug)]
pub(in crate::sim::server) struct Switches(RwLock<Vec<TroubleAt>>);

/// How far a trouble that is on reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::server) enum Reach {
    /// It was asked for everywhere.
    Everywhere,
    /// It was asked for in this very account.
    Named,
}

impl Switches {
    /// These and no others.
    pub fn new(troubles: Vec<TroubleAt>) -> Self {
        Self(RwLock::new(troubles))
    }

    /// From now on these and no others.
    pub fn set(&self, troubles: Vec<TroubleAt>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = troubles;
    }

    /// Whether `trouble` is on for `account`.
    pub fn on(&self, trouble: &Trouble, account: AccountId) -> bool {
        self.reach(trouble, account).is_some()
    }

    /// Whether `trouble` is on for `account`, and whether it was named for it.
    pub fn reach(&self, trouble: &Trouble, account: AccountId) -> Option<Reach> {
        let troubles = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut on = troubles.iter().filter(|at| at.trouble == *trouble).map(|at| at.account);
        let everywhere = on.clone().any(|at| at.is_none());
        if on.any(|at| at == Some(account)) { Some(Reach::Named) } else { everywhere.then_some(Reach::Everywhere) }
    }

    /// Whether `trouble` is on for any account at all, and whether for all of them.
    pub fn anywhere(&self, trouble: &Trouble) -> Option<Reach> {
        let troubles = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut on = troubles.iter().filter(|at| at.trouble == *trouble).map(|at| at.account);
        let first = on.next()?;
        let all = first.is_none() || on.any(|at| at.is_none());
        Some(if all { Reach::Everywhere } else { Reach::Named })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u64) -> AccountId {
        AccountId::from_number(number).unwrap()
    }

    #[test]
    fn a_trouble_is_on_where_it_was_asked_for_until_it_is_cleared() {
        let switches = Switches::new(vec![
            Trouble::Offline.at(account(1)),
            Trouble::ClockSkew.everywhere(),
            Trouble::ClockSkew.at(account(2)),
        ]);
        assert!(switches.on(&Trouble::Offline, account(1)));
        assert!(!switches.on(&Trouble::Offline, account(2)) && !switches.on(&Trouble::RoleMissing, account(1)));
        assert_eq!(switches.reach(&Trouble::ClockSkew, account(1)), Some(Reach::Everywhere));
        assert_eq!(switches.reach(&Trouble::ClockSkew, account(2)), Some(Reach::Named));
        assert_eq!(switches.anywhere(&Trouble::Offline), Some(Reach::Named));
        assert_eq!(switches.anywhere(&Trouble::ClockSkew), Some(Reach::Everywhere));
        assert_eq!(switches.anywhere(&Trouble::RoleMissing), None);
        switches.set(Vec::new());
        assert!(!switches.on(&Trouble::Offline, account(1)) && !switches.on(&Trouble::ClockSkew, account(2)));
    }
}
