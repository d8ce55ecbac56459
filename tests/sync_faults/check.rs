//! What a vault holds, against the world: what it claims to have read, and all there is.

use crate::{
    support::Rig,
    world::{Costs, connected, costs_of, events_of, events_where, splits_of},
};
use bailiwick::{
    domain::{
        AccountId, AccountState, Amounts, Clock, Connection, Day, Finding, FindingState, JobState, Month, Source,
        SourceState, SyncSummary, Timestamp,
    },
    sim::{events::SimEvent, world::World},
    sync::ClientStore,
};
use std::collections::{BTreeMap, BTreeSet};

/// Days of events that a first sync reads.
const DAYS: i64 = 14;

/// Which events are looked at: late ones are not there before they can be seen.
pub type Seen<'a> = &'a dyn Fn(&SimEvent) -> bool;

impl Rig {
    /// Of every client of the world; none is missing, so that a loop over them leaves none out.
    #[track_caller]
    pub fn stores(&self) -> Vec<ClientStore> {
        let clients = self.vault.clients();
        assert!(clients.iter().map(|c| c.as_str()).eq(self.world.clients.iter().map(|c| &*c.id)), "{clients:?}");
        clients.into_iter().map(|client| ClientStore::new(self.vault.clone(), client)).collect()
    }

    /// Of every account that is connected; here too none is missing.
    #[track_caller]
    pub fn connections(&self) -> Vec<(ClientStore, Connection)> {
        let of = |store: ClientStore| store.connections().unwrap().into_iter().map(move |c| (store.clone(), c));
        let all: Vec<_> = self.stores().into_iter().flat_map(of).collect();
        let mut accounts: Vec<_> = all.iter().map(|(_, connection)| connection.account()).collect();
        accounts.sort();
        assert_eq!(accounts, connected());
        all
    }

    /// The ids of the stored events of an account; each is stored once.
    pub fn event_ids(&self, store: &ClientStore, account: AccountId) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for day in store.event_days(account).unwrap() {
            for row in store.events(account, day).unwrap().unwrap().iter() {
                let event = row.to_event();
                assert_eq!(event.time.day(), day);
                assert!(ids.insert(event.id.to_string()), "an event of {account} is stored twice");
            }
        }
        ids
    }

    /// The open findings that events and costs gave rise to.
    pub fn findings(&self) -> BTreeMap<String, (u32, Timestamp, Timestamp)> {
        let all = self.stores().into_iter().flat_map(|store| store.all_findings().unwrap());
        // How reading went is judged too, and that differs.
        let of_what_was_read = |f: &Finding| f.state == FindingState::Open && !f.key.check.starts_with("CONN");
        let told = all.filter(of_what_was_read);
        told.map(|f| (format!("{:?}", f.key), (f.count, f.first_seen, f.last_seen))).collect()
    }
}

fn amounts_by_month(store: &ClientStore, connection: &Connection) -> (Costs<Month>, Costs<Day>) {
    let (mut months, mut days) = (Costs::new(), Costs::new());
    let put = |costs: &mut Costs<Month>, key, amounts: Amounts| {
        assert!(costs.insert(key, amounts).is_none(), "a cell is stored twice");
    };
    for month in store.cost_months(&connection.id).unwrap() {
        for cell in &month.monthly {
            put(
                &mut months,
                (month.month, Some((cell.account, cell.service.raw_for_matching().to_owned()))),
                cell.amounts,
            );
        }
        // Cost Explorer gives a total of nothing for a month without costs.
        if let Some(total) = month.total.filter(|total| *total != Amounts::default()) {
            put(&mut months, (month.month, None), total);
        }
        for day in &month.daily {
            for cell in &day.cells {
                let key = (day.day, Some((cell.account, cell.service.raw_for_matching().to_owned())));
                assert!(days.insert(key, cell.amounts).is_none(), "a cell is stored twice");
            }
        }
    }
    (months, days)
}

/// By record type (0) or by region (1).
fn split_by_month(store: &ClientStore, connection: &Connection, split: usize) -> Costs<Month> {
    let mut held = Costs::new();
    for month in store.cost_months(&connection.id).unwrap() {
        let Some(both) = store.cost_split(&connection.id, month.month.first()).unwrap() else { continue };
        let cells = if split == 0 { both.by_record_type } else { both.by_region };
        for cell in cells.into_iter().flatten() {
            let key = (month.month, Some((cell.account, cell.key.raw_for_matching().to_owned())));
            assert!(held.insert(key, cell.amounts).is_none(), "a cell is stored twice");
        }
    }
    held
}

/// Nothing is held that was not so, and nothing called read that is not held.
#[track_caller]
pub fn claims_are_honest(rig: &Rig, world: &World, summary: &SyncSummary, seen: Seen<'_>) {
    let now = rig.clock.now();
    for (store, connection) in rig.connections() {
        let account = connection.account();
        let held = rig.event_ids(&store, account);
        let all = events_of(world, account, None, now.plus(-DAYS * 86_400), now);
        assert_eq!(held.difference(&all).next(), None, "{account} holds an event that never was");
        for (region, covered) in store.coverage(account).unwrap().regions() {
            for range in covered.ranges() {
                let there = events_where(world, account, Some(region), range.start, range.end, seen);
                let missing = there.difference(&held).next();
                assert_eq!(missing, None, "{account} {region} claims {range:?}");
            }
        }
        if connection.kind.has_costs() {
            claimed_costs_are_true(rig, world, &store, &connection);
        }
        let sources = store.sources(&connection.id).unwrap();
        for job in summary.failures.iter().filter(|job| job.account == account) {
            let state = match job.source {
                Source::Accounts => &sources.accounts,
                Source::Costs => &sources.costs,
                Source::Events => &sources.events,
                _ => continue,
            };
            let whole = matches!(&job.state, JobState::Failed { .. });
            let fresh = matches!(state, SourceState::Fresh { at } if *at == now);
            assert!(!(whole && fresh), "{account} {:?} failed and is called fresh", job.source);
        }
    }
}

fn claimed_costs_are_true(rig: &Rig, world: &World, store: &ClientStore, connection: &Connection) {
    let (months, days) = costs_of(world, connection.account(), rig.clock.now().day());
    let (held_months, held_days) = amounts_by_month(store, connection);
    let state = store.cost_state(&connection.id).unwrap();
    for grouped in [true, false] {
        let of = |costs: &Costs<Month>| -> Costs<Month> {
            costs.iter().filter(|((_, cell), _)| cell.is_some() == grouped).map(|(k, v)| (k.clone(), *v)).collect()
        };
        let (held, truth) = (of(&held_months), of(&months));
        let read = if grouped { state.monthly_at } else { state.total_at };
        assert_eq!(held, if read.is_some() { truth } else { Costs::new() }, "{} grouped {grouped}", connection.id);
    }
    for (split, truth) in splits_of(world, connection.account(), rig.clock.now().day()).into_iter().enumerate() {
        let read = [state.record_type_at, state.region_at][split];
        let held = split_by_month(store, connection, split);
        assert_eq!(held, if read.is_some() { truth } else { Costs::new() }, "{} split {split}", connection.id);
    }
    let read = |day: &Day| state.daily_at.contains_key(&day.month().first());
    let claimed: Costs<Day> = days.into_iter().filter(|((day, _), _)| read(day)).collect();
    assert_eq!(held_days, claimed, "{} by day", connection.id);
}

/// The costs of every month, whatever is held of its days.
#[track_caller]
pub fn months_equal(rig: &Rig, world: &World) {
    for (store, connection) in rig.connections().into_iter().filter(|(_, c)| c.kind.has_costs()) {
        let (truth, _) = costs_of(world, connection.account(), rig.clock.now().day());
        assert_eq!(amounts_by_month(&store, &connection).0, truth, "{}", connection.id);
    }
}

/// Every event, cost and account of the world, exactly, and coverage without a gap.
#[track_caller]
pub fn equals_the_truth(rig: &Rig, world: &World) {
    let now = rig.clock.now();
    let since = crate::world::now().plus(-DAYS * 86_400);
    for (store, connection) in rig.connections() {
        let account = connection.account();
        let (held, all) = (rig.event_ids(&store, account), events_of(world, account, None, since, now));
        let (missing, more) = (all.difference(&held).next(), held.difference(&all).next());
        assert_eq!((missing, more), (None, None), "{account} at {now}");
        let coverage = store.coverage(account).unwrap();
        assert_eq!(coverage.regions().count(), 17);
        for (region, covered) in coverage.regions() {
            assert_eq!(covered.ranges().len(), 1, "{account} {region}");
            assert_eq!(covered.since(), Some(since), "{account} {region}");
        }
        if connection.kind.has_costs() {
            let state = store.cost_state(&connection.id).unwrap();
            assert!(state.monthly_at.is_some() && state.total_at.is_some() && state.daily_at.len() == 13, "{state:?}");
            assert!(state.record_type_at.is_some() && state.region_at.is_some(), "{state:?}");
            claimed_costs_are_true(rig, world, &store, &connection);
        }
        let sources = store.sources(&connection.id).unwrap();
        assert!(sources.regions_failed.is_empty() && sources.failures.is_empty(), "{sources:?}");
    }
    for (store, client) in rig.stores().iter().zip(&world.clients) {
        assert_eq!(store.client().as_str(), client.id);
        let listed = store.accounts().unwrap().unwrap().accounts;
        let listed: Vec<_> = listed.iter().filter(|a| a.state != AccountState::Left).map(|a| a.id).collect();
        assert_eq!(listed, client.accounts);
    }
}
