//! How deep and in what pieces events are read: full depth of one account, and a busy account in slices that are each
//! durable before the next.

mod support;

use bailiwick::{
    app::fleet::role_of,
    desk::AccessScope,
    domain::{AccountId, Depth, Source, SyncEvent, Timestamp},
    sim::{
        events::{Call, Caller, Identity, SimEvent},
        world::{World, WorldConfig},
    },
    sync::{ClientStore, SyncOptions, connection_id},
};
use std::{collections::BTreeSet, sync::Arc};
use support::{NOW, Rig, is_footprint, options};

const CLIENT: &str = "kestrel-freight";

fn only() -> SyncOptions {
    SyncOptions { only: Some(CLIENT.parse().unwrap()), ..options() }
}

/// The ids of an account's events in the store, and in the world as far as they are of this depth.
fn ids(rig: &Rig, account: AccountId, depth: Depth) -> (BTreeSet<String>, BTreeSet<String>) {
    let store = ClientStore::new(rig.vault.clone(), CLIENT.parse().unwrap());
    let mut stored = BTreeSet::new();
    for day in store.event_days(account).unwrap() {
        stored.extend(store.events(account, day).unwrap().unwrap().iter().map(|row| row.id.to_string()));
    }
    let world = rig.world.accounts.iter().find(|a| a.id == account).unwrap();
    let wanted = world.events.iter().filter(|e| depth == Depth::Full || e.essential() || is_footprint(e));
    (stored, wanted.map(|e| e.id.clone()).collect())
}

#[test]
fn full_depth_reads_everything_of_that_account_and_judges_nothing_twice() {
    let rig = Rig::new(24, 3_000);
    rig.sync_with(rig.server.url(), only());
    let client = rig.world.clients.iter().find(|c| c.id == CLIENT).unwrap();
    let (deep, plain) = (client.accounts[1], client.accounts[0]);
    let (stored, wanted) = ids(&rig, deep, Depth::Essential);
    assert_eq!(stored, wanted);
    let findings = |rig: &Rig| {
        let store = ClientStore::new(rig.vault.clone(), CLIENT.parse().unwrap());
        let of = |f: &bailiwick::domain::Finding| (f.key.check.clone(), f.key.id(), f.count, f.evidence.len());
        store.all_findings().unwrap().iter().map(of).collect::<BTreeSet<_>>()
    };
    let before = findings(&rig);

    let id = connection_id(deep).unwrap();
    rig.desk.edit_connection(&CLIENT.parse().unwrap(), &id, None, Some(Depth::Full)).unwrap();
    let plan = rig.desk.sync_plan(&only()).unwrap();
    assert!(plan.jobs.iter().all(|j| (j.source, j.account) == (Source::Events, deep)), "{plan:?}");
    rig.sync_with(rig.server.url(), only());
    let (stored, wanted) = ids(&rig, deep, Depth::Full);
    assert_eq!(stored, wanted);
    assert!(wanted.len() > ids(&rig, deep, Depth::Essential).1.len(), "the world has reads too");
    assert_eq!(ids(&rig, plain, Depth::Full).0, ids(&rig, plain, Depth::Essential).1);
    // What was judged before is not judged again: no finding of before counts more than it did, but for those of which
    // reads are a part.
    let after = findings(&rig);
    let changed: Vec<_> = before.difference(&after).filter(|f| !f.0.starts_with("CT-RECON")).collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(rig.desk.sync_plan(&only()).unwrap().jobs, []);
}

#[test]
fn a_busy_account_is_read_in_slices_and_nothing_is_missing() {
    let rig = Rig::new(24, 20_000);
    let busiest = rig.world.accounts.iter().max_by_key(|a| a.events.iter().filter(|e| e.essential()).count()).unwrap();
    let client = &rig.world.clients[busiest.client];
    let only = SyncOptions { only: Some(client.id.parse().unwrap()), slice_pages: 4, ..options() };
    let (summary, heard) = rig.sync_with(rig.server.url(), only);
    let commits = heard.iter().filter(|e| matches!(e, SyncEvent::Committed { source: Source::Events, .. })).count();
    let busy = |e: &&SyncEvent| matches!(e, SyncEvent::Job { job } if job.account == busiest.id && job.source == Source::Events);
    let Some(SyncEvent::Job { job }) = heard.iter().rfind(busy) else { panic!("{summary:?}") };
    assert!(job.done == job.total && job.done > 17, "more steps than regions: {job:?}");
    assert!(commits > 0);
    let stored: u64 = rig.desk.access(&AccessScope::default()).unwrap().principals.iter().map(|p| p.actions).sum();
    let wanted: usize = rig
        .world
        .accounts
        .iter()
        .filter(|a| a.client == busiest.client)
        .flat_map(|a| {
            a.events.iter().filter(|e| (e.essential() || is_footprint(e)) && !a.denied_regions.contains(&e.region))
        })
        .count();
    assert_eq!(stored as usize, wanted);
}

#[test]
fn our_own_calls_are_read_in_parts_where_they_are_more_than_a_slice_holds() {
    let now: Timestamp = NOW.parse().unwrap();
    let mut world = World::generate(WorldConfig { seed: 1, now, accounts: 24, events: 1_000 });
    let payer = world.clients.iter().find(|c| c.id == CLIENT).unwrap().accounts[0];
    let account = world.accounts.iter_mut().find(|a| a.id == payer).unwrap();
    let role = role_of(account).unwrap().to_owned();
    let ours = Identity::Role { role, session: "bailiwick-7a52b3f8-ines".into(), invoked_by: None };
    let caller = Arc::new(Caller::new(ours, payer, "198.51.100.7", "bailiwick"));
    let call = Arc::new(Call::read("cloudtrail", "LookupEvents"));
    // A poll every ten minutes for two weeks.
    account.events.extend((0..2_000).map(|n| {
        let (id, time) = (format!("00000000-0000-4000-9000-{n:012}"), now.plus(-600 * (n + 1)));
        let key = caller.access_key(time);
        SimEvent::new(id, time, "us-east-1".parse().unwrap(), caller.clone(), call.clone(), key)
    }));
    account.events.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    let rig = Rig::of(world);
    let (summary, heard) = rig.sync_with(rig.server.url(), SyncOptions { slice_pages: 8, ..only() });
    assert_eq!(summary.failures, []);
    let of_payer =
        |e: &&SyncEvent| matches!(e, SyncEvent::Job { job } if (job.account, job.source) == (payer, Source::Footprint));
    let Some(SyncEvent::Job { job }) = heard.iter().rfind(of_payer) else { panic!("{summary:?}") };
    assert!(job.done == job.total && job.done > 4, "{job:?}");
    let (stored, wanted) = ids(&rig, payer, Depth::Essential);
    assert!(wanted.len() > 2_000 && stored == wanted, "{} of {}", stored.len(), wanted.len());
    let store = ClientStore::new(rig.vault.clone(), CLIENT.parse().unwrap());
    assert_eq!(store.footprint_at(&connection_id(payer).unwrap()).unwrap(), Some(now));
}
