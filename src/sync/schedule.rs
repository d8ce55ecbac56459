//! When a source is read again by itself: a pure function of the settings, what was read, and the present.

use super::store::ClientStore;
use crate::{
    domain::{Source, SourceState, Timestamp},
    vault::{Vault, VaultError},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Turns that are so near to each other are one, in seconds.
const TOGETHER: i64 = 60;

/// Seconds between two readings of a source; what is not there is read by hand only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule(BTreeMap<Source, i64>);

/// What is to be read, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// When; may be in the past.
    pub at: Timestamp,
    /// What.
    pub sources: BTreeSet<Source>,
}

impl Schedule {
    /// Every source by its own seconds; 0 is only by hand.
    pub fn of(events: i64, costs: i64, accounts: i64) -> Self {
        let all = [(Source::Events, events), (Source::Costs, costs), (Source::Accounts, accounts)];
        Self(all.into_iter().filter(|(_, seconds)| *seconds > 0).collect())
    }

    /// Everything at once, every so many seconds.
    pub fn every(seconds: i64) -> Self {
        Self::of(seconds, seconds, seconds)
    }

    /// Whether everything is read by hand only.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A schedule at work: when each source was last read or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timetable {
    schedule: Schedule,
    last: BTreeMap<Source, Timestamp>,
}

impl Timetable {
    /// Goes on from when the sources were last read.
    pub fn new(schedule: Schedule, last: BTreeMap<Source, Timestamp>) -> Self {
        Self { schedule, last }
    }

    /// The next turn; `None` if everything is read by hand only. One that was never read is due now.
    pub fn next(&self, now: Timestamp) -> Option<Turn> {
        let due = |(source, seconds): (&Source, &i64)| {
            let at = self.last.get(source).map_or(now, |last| last.plus(*seconds));
            (*source, at)
        };
        let due: Vec<(Source, Timestamp)> = self.schedule.0.iter().map(due).collect();
        let at = due.iter().map(|(_, at)| *at).min()?;
        let together = at.max(now).plus(TOGETHER);
        Some(Turn {
            at,
            sources: due.into_iter().filter(|(_, at)| *at <= together).map(|(source, _)| source).collect(),
        })
    }

    /// A source was read, or it was tried: the next try comes in its own time.
    pub fn tried(&mut self, sources: &BTreeSet<Source>, now: Timestamp) {
        self.last.extend(sources.iter().map(|source| (*source, now)));
    }

    /// The same of all sources.
    pub fn tried_all(&mut self, now: Timestamp) {
        self.tried(&[Source::Events, Source::Costs, Source::Accounts].into(), now);
    }
}

/// When each source was last read of every connection that has it: the oldest of them; a source that was never read of
/// one of them is left out. `None` while nothing is connected.
///
/// # Errors
/// When the vault cannot be read.
pub fn last_read(vault: &Arc<Vault>) -> Result<Option<BTreeMap<Source, Timestamp>>, VaultError> {
    let (mut oldest, mut never) = (BTreeMap::new(), BTreeSet::new());
    let mut anything = false;
    for client in vault.clients() {
        let store = ClientStore::new(vault.clone(), client);
        for connection in store.connections()? {
            anything = true;
            let sources = store.sources(&connection.id)?;
            let costs = connection.kind.has_costs();
            let all = [
                (Source::Events, &sources.events, true),
                (Source::Costs, &sources.costs, costs),
                (Source::Accounts, &sources.accounts, costs),
            ];
            for (source, state, _) in all.into_iter().filter(|(.., has)| *has) {
                match state {
                    SourceState::Fresh { at } | SourceState::Stale { at, .. } => {
                        let entry = oldest.entry(source).or_insert(*at);
                        *entry = (*entry).min(*at);
                    }
                    _ => drop(never.insert(source)),
                }
            }
        }
    }
    oldest.retain(|source, _| !never.contains(source));
    Ok(anything.then_some(oldest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second)
    }

    const HOUR: i64 = 3_600;

    #[test]
    fn each_source_comes_in_its_own_time_and_what_is_near_comes_together() {
        let last = [(Source::Events, at(0)), (Source::Costs, at(0))].into();
        let mut table = Timetable::new(Schedule::of(900, 24 * HOUR, 24 * HOUR), last);
        let now = at(10);
        // The list of accounts was never read.
        assert_eq!(table.next(now), Some(Turn { at: now, sources: [Source::Accounts].into() }));
        table.tried(&[Source::Accounts].into(), now);
        assert_eq!(table.next(now), Some(Turn { at: at(900), sources: [Source::Events].into() }));
        table.tried(&[Source::Events].into(), at(24 * HOUR - 20));
        let turn = table.next(at(24 * HOUR)).unwrap();
        assert_eq!(turn, Turn { at: at(24 * HOUR), sources: [Source::Costs, Source::Accounts].into() });
        table.tried_all(at(30 * HOUR));
        assert_eq!(table.next(at(30 * HOUR)).unwrap().at, at(30 * HOUR + 900));
    }

    #[test]
    fn by_hand_only_is_no_turn_and_a_day_asleep_is_one_turn() {
        assert_eq!(Timetable::new(Schedule::of(0, 0, 0), BTreeMap::new()).next(at(0)), None);
        assert!(Schedule::of(0, 0, 0).is_empty());
        let mut table = Timetable::new(Schedule::every(60), BTreeMap::new());
        table.tried_all(at(0));
        let turn = table.next(at(24 * HOUR)).unwrap();
        assert_eq!((turn.at, turn.sources.len()), (at(60), 3));
        table.tried(&turn.sources, at(24 * HOUR));
        assert_eq!(table.next(at(24 * HOUR)).unwrap().at, at(24 * HOUR + 60));
    }
}
