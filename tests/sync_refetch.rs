//! What was lost is read again, exactly and once; what is too old is removed, and not read again.

mod support;

use bailiwick::{
    desk::AccessScope,
    domain::{AccessEvent, AccountId, ClientId, Clock, CostMonth, Day, EventId, Finding, Timestamp},
    sync::{ClientStore, Forgotten, SyncOptions, forget_damaged, kept_from},
    vault::{Batch, Damage, DamageKind, Name, Scope},
};
use std::collections::{BTreeMap, BTreeSet};
use support::{Rig, options};

/// Everything that AWS told, as it is stored.
#[derive(Debug)]
struct Stored {
    events: BTreeMap<(AccountId, Day), Vec<AccessEvent>>,
    costs: BTreeMap<AccountId, Vec<CostMonth>>,
    findings: Vec<Finding>,
}

impl Rig {
    fn stores(&self) -> Vec<ClientStore> {
        self.vault.clients().into_iter().map(|client| ClientStore::new(self.vault.clone(), client)).collect()
    }

    fn stored(&self) -> Stored {
        let mut stored = Stored { events: BTreeMap::new(), costs: BTreeMap::new(), findings: Vec::new() };
        for store in self.stores() {
            for connection in store.connections().unwrap() {
                let account = connection.account();
                let mut ids: BTreeSet<EventId> = BTreeSet::new();
                for day in store.event_days(account).unwrap() {
                    let chunk = store.events(account, day).unwrap().unwrap();
                    let events: Vec<_> = chunk.iter().map(|row| row.to_event()).collect();
                    assert!(events.iter().all(|e| ids.insert(e.id)), "an event of {account} is stored twice");
                    stored.events.insert((account, day), events);
                }
                stored.costs.insert(account, store.cost_months(&connection.id).unwrap());
            }
            stored.findings.extend(store.all_findings().unwrap());
        }
        stored
    }

    /// Takes records out of the directory, as a repair does with damaged ones, and says it in the same way.
    fn drop_records(&self, store: &ClientStore, names: &[String]) -> Vec<Damage> {
        let mut batch = Batch::new();
        let damage = names.iter().map(|name| {
            let whose = scope(store, name);
            assert!(store.vault().get(&whose, &Name::new(name).unwrap()).unwrap().is_some(), "{name} is there");
            batch.remove(&whose, &Name::new(name).unwrap());
            Damage { whose, name: name.clone(), kind: DamageKind::Missing }
        });
        let damage = damage.collect();
        self.vault.commit(batch).unwrap();
        damage
    }

    fn forget(&self, store: &ClientStore, lost: &[Damage]) -> Forgotten {
        forget_damaged(store, lost, self.clock.now()).unwrap()
    }
}

/// Equal, and if not, where: the whole of it fills pages.
#[track_caller]
fn same(now: &Stored, first: &Stored) {
    for (place, events) in &first.events {
        assert_eq!(now.events.get(place), Some(events), "{place:?}");
    }
    assert_eq!(now.events.len(), first.events.len());
    same_findings(now, first);
    for (account, months) in &first.costs {
        assert!(now.costs.get(account) == Some(months), "costs of {account}");
    }
}

#[track_caller]
fn same_findings(now: &Stored, first: &Stored) {
    for finding in &first.findings {
        let held = now.findings.iter().find(|f| f.key == finding.key);
        assert_eq!(held, Some(finding));
    }
    let more = now.findings.iter().find(|f| first.findings.iter().all(|held| held.key != f.key));
    assert_eq!(more, None);
}

/// Whose key a record of a client is sealed with: of the connection that its name speaks of, if there is one.
fn scope(store: &ClientStore, name: &str) -> Scope {
    let of =
        name.split('/').nth(1).and_then(|id| store.connections().unwrap().into_iter().find(|c| c.id.as_str() == id));
    match of {
        Some(connection) => Scope::Connection(store.client().clone(), connection.id),
        None => Scope::Client(store.client().clone()),
    }
}

/// The names of the event records of an account, by day.
fn event_records(store: &ClientStore, account: AccountId) -> Vec<String> {
    let days = store.event_days(account).unwrap();
    days.iter().map(|day| format!("events/{account}/{day}")).collect()
}

#[test]
fn what_was_lost_is_read_again_and_nothing_is_stored_twice() {
    let rig = Rig::new(24, 6_000);
    rig.sync();
    // The second tells what only a second can: that a refused region is refused again.
    rig.sync();
    let first = rig.stored();

    let regions = |events: &Vec<AccessEvent>| events.iter().map(|e| e.region.clone()).collect::<BTreeSet<_>>().len();
    assert!(first.events.values().any(|day| regions(day) > 2), "a day is one record with all its regions");

    days_are_read_again(&rig, &first);
    coverage_and_days_are_read_again(&rig, &first);
    costs_are_asked_again(&rig, &first);
    findings_and_checks_come_back(&rig, &first);
    everything_of_a_connection_comes_back(&rig, &first);
}

/// The client with the most events, and its accounts, the busiest first.
fn busiest(rig: &Rig) -> (ClientStore, Vec<AccountId>) {
    let mut best: Option<(usize, ClientStore, Vec<AccountId>)> = None;
    for store in rig.stores() {
        let mut accounts: Vec<_> = store.connections().unwrap().iter().map(|c| c.account()).collect();
        let events = |account: &AccountId| -> usize {
            let days = store.event_days(*account).unwrap().into_iter();
            days.map(|day| store.events(*account, day).unwrap().unwrap().len()).sum()
        };
        accounts.sort_by_cached_key(|account| std::cmp::Reverse(events(account)));
        let all = accounts.iter().map(events).sum();
        if best.as_ref().is_none_or(|(most, ..)| all > *most) {
            best = Some((all, store, accounts));
        }
    }
    let (_, store, accounts) = best.unwrap();
    assert!(accounts.len() >= 3, "{accounts:?}");
    (store, accounts)
}

fn days_are_read_again(rig: &Rig, first: &Stored) {
    let (store, accounts) = busiest(rig);
    let mut names = Vec::new();
    for account in &accounts[..2] {
        let records = event_records(&store, *account);
        assert!(records.len() >= 10, "{records:?}");
        // The oldest, the newest and some between, of every region.
        names.extend(records.iter().step_by(3).chain(records.first()).chain(records.last()).cloned());
    }
    names.sort();
    names.dedup();
    let lost = rig.drop_records(&store, &names);
    assert_ne!(rig.stored().events, first.events);
    let said = rig.forget(&store, &lost);
    assert!(said.lost.is_empty() && said.again.iter().all(|s| s.ends_with("read again by the next sync")), "{said:?}");
    let missing = || -> Vec<String> {
        let view = rig.desk.access(&AccessScope::default()).unwrap();
        view.not_evaluated
            .into_iter()
            .filter(|s| s.contains("no longer complete; the next sync reads it again"))
            .collect()
    };
    assert!(missing().len() > 10, "what is missing is said: {:?}", missing());
    let (summary, _) = rig.sync();
    assert_eq!(missing(), Vec::<String>::new());
    same(&rig.stored(), first);
    let gone: usize = first.events.iter().filter(|(k, _)| names.contains(&name_of(k))).map(|(_, e)| e.len()).sum();
    assert_eq!(summary.events as usize, gone);
    // A run later nothing of it is asked again.
    assert_eq!(rig.sync().0.events, 0);
}

fn name_of((account, day): &(AccountId, Day)) -> String {
    format!("events/{account}/{day}")
}

fn coverage_and_days_are_read_again(rig: &Rig, first: &Stored) {
    let (store, accounts) = busiest(rig);
    let mut names = vec![format!("coverage/{}", accounts[0]), format!("coverage/{}", accounts[1]), "accounts".into()];
    names.extend(event_records(&store, accounts[0]).into_iter().skip(1).step_by(4));
    let lost = rig.drop_records(&store, &names);
    let said = rig.forget(&store, &lost);
    assert!(said.again.iter().any(|s| s.starts_with(&format!("the events of {}", accounts[1]))), "{said:?}");
    let total = |stored: &Stored| stored.events.values().map(Vec::len).sum::<usize>();
    let left = total(&rig.stored());
    let (summary, _) = rig.sync();
    let now = rig.stored();
    assert_eq!(left + summary.events as usize, total(&now), "what is stored already is not counted as new");
    assert_eq!(now.costs, first.costs);
    same_findings(&now, first);
    // A day that was lost together with the coverage is read whole, also before the first read began.
    let began = rig.clock.now().plus(-14 * 86_400);
    for (place, events) in &now.events {
        let since: Vec<_> = events.iter().filter(|e| e.time >= began).cloned().collect();
        assert_eq!(Some(&since), first.events.get(place), "{place:?}");
    }
    assert_eq!(now.events.len(), first.events.len());
    assert!(store.accounts().unwrap().is_some());
}

fn costs_are_asked_again(rig: &Rig, first: &Stored) {
    let mut clients = rig.stores().into_iter().filter_map(|store| {
        let connections = store.connections().unwrap();
        let payer = connections.iter().find(|c| first.costs[&c.account()].len() == 14)?.clone();
        Some((store, payer))
    });
    let (one, two) = (clients.next().unwrap(), clients.next().unwrap());
    let months =
        |account: AccountId| first.costs[&account].iter().map(|m: &CostMonth| m.month.first()).collect::<Vec<_>>();
    let of_one = months(one.1.account());
    let names = [2, 7, 13].map(|n| format!("costs/{}/month/{}", one.1.id, of_one[n]));
    let lost = rig.drop_records(&one.0, &names);
    assert_eq!(rig.forget(&one.0, &lost).again.len(), 3);
    let of_two = months(two.1.account());
    let names = [format!("costs/{}/state", two.1.id), format!("costs/{}/month/{}", two.1.id, of_two[3])];
    let lost = rig.drop_records(&two.0, &names);
    rig.forget(&two.0, &lost);
    assert_ne!(rig.stored().costs, first.costs);
    rig.sync();
    assert_eq!(rig.stored().costs, first.costs);
    assert_eq!(rig.sync().0.requests.ce, 0, "asked once");
}

/// Findings on events and what the checks know of them.
fn findings_and_checks_come_back(rig: &Rig, first: &Stored) {
    let with_events = |f: &&Finding| f.evidence.iter().any(|e| e.event.is_some());
    let accounts: BTreeMap<AccountId, ClientId> =
        first.findings.iter().filter(with_events).map(|f| (f.key.account, f.key.client.clone())).collect();
    assert!(accounts.len() >= 6, "{accounts:?}");
    for (n, (account, client)) in accounts.iter().enumerate() {
        let store = ClientStore::new(rig.vault.clone(), client.clone());
        let names = match n % 3 {
            0 => vec![format!("findings/{account}")],
            1 => vec![format!("checks/{account}")],
            _ => vec![format!("findings/{account}"), format!("checks/{account}")],
        };
        let lost = rig.drop_records(&store, &names);
        rig.forget(&store, &lost);
        // Those on costs come back when costs are next read.
        for connection in store.connections().unwrap() {
            let mut draft = store.draft();
            let mut state = store.cost_state(&connection.id).unwrap();
            state.complete_at = None;
            draft.cost_state(&connection.id, &state).unwrap();
            draft.commit().unwrap();
        }
    }
    rig.sync();
    rig.sync();
    same(&rig.stored(), first);
}

fn everything_of_a_connection_comes_back(rig: &Rig, first: &Stored) {
    let (store, accounts) = busiest(rig);
    let account = accounts[0];
    let mut names = event_records(&store, account);
    names.retain(|name| !name.ends_with('5'));
    names.extend([format!("coverage/{account}"), format!("sources/{account}"), format!("checks/{account}")]);
    names.push(format!("findings/{account}"));
    let whose = rig.drop_records(&store, &names)[0].whose.clone();
    let said = rig.forget(&store, &[Damage { whose, name: "unknown".into(), kind: DamageKind::PageMissing }]);
    assert!(said.lost[0].starts_with("which records of connection"), "{said:?}");
    rig.sync();
    let now = rig.stored();
    let of = |stored: &Stored| -> BTreeSet<EventId> {
        let events = stored.events.iter().filter(|((a, _), _)| *a == account).flat_map(|(_, events)| events);
        events.map(|e| e.id).collect()
    };
    assert_eq!(of(&now), of(first));
    assert_eq!(now.costs, first.costs);
}

#[test]
fn what_is_too_old_is_removed_and_not_read_again() {
    const KEPT: u32 = 30;
    const DAY: i64 = 86_400;
    let rig = Rig::new(24, 6_000);
    let short = || SyncOptions { event_days: 90, event_retention_days: KEPT, ..options() };
    let sync = || rig.sync_with(rig.server.url(), short()).0;
    let held_since = || -> Vec<Timestamp> {
        let all = rig.stores().into_iter().flat_map(|store| {
            let accounts = store.connections().unwrap();
            accounts.iter().map(|c| store.coverage(c.account()).unwrap()).collect::<Vec<_>>()
        });
        all.flat_map(|c| c.regions().filter_map(|(_, region)| region.since()).collect::<Vec<_>>()).collect()
    };

    let summary = sync();
    assert!(summary.purged.is_empty(), "{:?}", summary.purged);
    let began = rig.clock.now().plus(-i64::from(KEPT) * DAY);
    assert!(held_since().iter().all(|since| *since == began), "no further back than is kept");
    let first = rig.stored();
    // The simulated events are of the last fourteen days: the older half of them goes.
    rig.clock.advance(23 * DAY);
    let summary = sync();
    let second = rig.stored();
    let cut = kept_from(rig.clock.now(), KEPT);
    let gone = first.events.keys().filter(|(_, day)| *day < cut).count();
    assert!(gone > 100, "{gone}");
    assert_eq!(summary.purged.iter().map(|p| p.days).sum::<u64>() as usize, gone);
    assert!(summary.purged.iter().map(|p| p.evidence).sum::<u64>() > 0);
    assert!(summary.purged.iter().all(|p| p.kept_from == cut && p.failure.is_none()));
    // Everything else is as it was, and findings stay without their evidence.
    let kept: BTreeMap<_, _> = first.events.iter().filter(|((_, day), _)| *day >= cut).collect();
    assert!(!kept.is_empty());
    assert_eq!(second.events.iter().collect::<BTreeMap<_, _>>(), kept);
    let findings = |stored: &Stored, of: &dyn Fn(&Finding) -> bool| stored.findings.iter().filter(|f| of(f)).count();
    assert!(findings(&second, &|_| true) >= findings(&first, &|_| true));
    let too_old = |f: &Finding| f.evidence.iter().any(|e| e.event.is_some() && e.time < cut.start());
    assert!(findings(&first, &too_old) > 0);
    assert_eq!(findings(&second, &too_old), 0);
    let bare = second.findings.iter().find(|f| f.evidence.is_empty()).expect("all evidence of some is old");
    let shown = rig.desk.finding(bare.key.id()).unwrap();
    assert!(shown.evidence_note.unwrap().starts_with("it was purged"));
    // Nothing that was removed is asked for again, and a sync that reads nothing removes as well.
    assert_eq!(sync().events, 0);
    rig.clock.advance(DAY);
    let summary = rig.sync_with("http://127.0.0.1:9".into(), short()).0;
    assert!(!summary.purged.is_empty() && summary.purged.iter().all(|p| p.kept_from == cut.plus(1)));
    assert!(held_since().iter().all(|since| *since >= cut.plus(1).start()));
}
