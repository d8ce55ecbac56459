//! What is planned after each kind of loss, and what is said of it.

use super::*;
use crate::{
    domain::{AccessEvent, Depth, EventId, Evidence, Finding, FindingKey, FindingState, Partition, Severity},
    sync::{
        fixtures::{account, now, store},
        plan::{cost_queries, costs_due},
        regions::{Reach, RegionPlan, region_plans},
    },
    vault::{
        Batch, DamageKind, Name,
        chunk::{self, encode_events},
    },
};

const DAY: i64 = 86_400;

fn connection() -> ConnectionId {
    account().to_string().parse().unwrap()
}

fn region() -> Region {
    "eu-west-1".parse().unwrap()
}

fn day(back: i64) -> Day {
    now().day().plus(-back)
}

fn of_connection() -> Scope {
    Scope::Connection("acme".parse().unwrap(), connection())
}

fn record(name: String) -> Damage {
    Damage { whose: of_connection(), name, kind: DamageKind::Missing }
}

fn own(name: &str) -> Damage {
    Damage { whose: Scope::Client("acme".parse().unwrap()), name: name.into(), kind: DamageKind::Altered }
}

fn page(whose: Scope) -> Damage {
    Damage { whose, name: "unknown".into(), kind: DamageKind::PageMissing }
}

fn plans(store: &ClientStore) -> Vec<RegionPlan> {
    let reach = Reach { always: &[], days: 14, retention_days: 400, fresh_minutes: 5, depth: Depth::Essential };
    region_plans(&store.coverage(account()).unwrap(), Partition::Aws, reach, now())
}

/// The first event of a day in a region.
fn event(region: &Region, day: Day) -> AccessEvent {
    let any = chunk::tests::day(day.start().second().unsigned_abs(), 1).remove(0);
    AccessEvent { account: account(), region: region.clone(), time: day.start(), ..any }
}

/// All that is planned of the region with events.
fn planned(store: &ClientStore) -> Vec<TimeRange> {
    plans(store).into_iter().filter(|p| p.region == region()).map(|p| p.range).collect()
}

/// Everything read for 120 days: events in one region, a quiet one, costs.
fn read(store: &ClientStore) {
    let mut coverage = Coverage::default();
    let range = TimeRange::new(now().plus(-120 * DAY), now());
    for plan in region_plans(
        &coverage,
        Partition::Aws,
        Reach { always: &[], days: 14, retention_days: 400, fresh_minutes: 5, depth: Depth::Essential },
        now(),
    ) {
        coverage.add(&plan.region, range, plan.region == region());
    }
    let mut state = CostState {
        complete_at: Some(now()),
        monthly_at: Some(now()),
        total_at: Some(now()),
        record_type_at: Some(now()),
        region_at: Some(now()),
        ..CostState::default()
    };
    for back in 0..13 {
        state.daily_at.insert(now().day().month().plus(-back).first(), now());
    }
    let mut draft = store.draft();
    draft.coverage(account(), &coverage).unwrap().cost_state(&connection(), &state).unwrap();
    for back in 0..=120 {
        draft.events(account(), day(back), encode_events(&[event(&region(), day(back))]).unwrap()).unwrap();
    }
    draft.commit().unwrap();
}

fn asked(store: &ClientStore) -> usize {
    cost_queries(&store.cost_state(&connection()).unwrap(), now(), 8).len()
}

#[test]
fn a_lost_day_is_planned_again_if_cloudtrail_still_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    read(&store);
    assert_eq!((plans(&store), asked(&store)), (vec![], 0));
    let days = [3, 100, 60].map(|back| record(format!("events/{}/{}", account(), day(back))));
    let said = forget_damaged(&store, &days, now()).unwrap();
    assert_eq!(planned(&store), [range_of(day(60)), range_of(day(3))]);
    assert_eq!(plans(&store).len(), 2, "no other region");
    assert_eq!(asked(&store), 0, "costs were not hurt");
    assert_eq!(
        said.again,
        ["events of 111122223333: 2 days from 2026-09-23 to 2026-11-19 are read again by the next sync"]
    );
    assert_eq!(
        said.lost,
        ["events of 111122223333: 2026-08-14 is lost, CloudTrail keeps 90 days: a backup may hold it: \
          `bailiwick backup list`"]
    );
}

#[test]
fn without_its_coverage_an_account_is_read_as_far_back_as_its_days_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    read(&store);
    // What repair leaves: no coverage record, and 70 of the days.
    let mut draft = store.draft();
    draft.coverage(account(), &Coverage::default()).unwrap();
    (50..=120).for_each(|back| {
        draft.remove_events(account(), day(back)).unwrap();
    });
    draft.commit().unwrap();
    let lost = [record(format!("coverage/{}", account()))];
    let said = forget_damaged(&store, &lost, now()).unwrap();
    assert_eq!(planned(&store), [TimeRange::new(day(49).start(), now())]);
    assert_eq!(plans(&store).len(), 17, "what else was read is not known: a first read");
    assert!(said.again[0].starts_with("the events of 111122223333 that CloudTrail still has are read again"));
    // A day that is known to be lost counts as well, in every region: which had events in it is not known.
    let mut draft = store.draft();
    draft.coverage(account(), &Coverage::default()).unwrap();
    draft.commit().unwrap();
    let both = [lost[0].clone(), record(format!("events/{}/{}", account(), day(80)))];
    forget_damaged(&store, &both, now()).unwrap();
    assert_eq!(planned(&store), [TimeRange::new(day(80).start(), now())]);
    let plans = plans(&store);
    assert_eq!(plans.len(), 17);
    assert!(plans.iter().all(|p| p.range == TimeRange::new(day(80).start(), now())), "{plans:?}");
    // Only what was seen in the days that are left is known to be in use.
    let coverage = store.coverage(account()).unwrap();
    let used: Vec<_> = coverage.regions().filter(|(_, r)| r.in_use).map(|(region, _)| region.clone()).collect();
    assert_eq!(used, [region()]);
}

#[test]
fn a_lost_day_is_lost_in_every_region_that_was_read_then() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    read(&store);
    let [early, late]: [Region; 2] = ["us-east-1", "us-west-2"].map(|r| r.parse().unwrap());
    let mut coverage = store.coverage(account()).unwrap();
    coverage.add(&early, TimeRange::new(day(40).start(), now()), true);
    let mut draft = store.draft();
    let mut known = Coverage::default();
    for (region, read) in coverage.regions().filter(|(region, _)| **region != late) {
        read.ranges().iter().for_each(|range| known.add(region, *range, read.in_use));
    }
    // Read only since a few days: nothing of it can be lost before.
    known.add(&late, TimeRange::new(day(5).start(), now()), true);
    draft.coverage(account(), &known).unwrap();
    draft.commit().unwrap();
    assert_eq!(plans(&store), []);
    let both = [3, 30].map(|back| record(format!("events/{}/{}", account(), day(back))));
    let said = forget_damaged(&store, &both, now()).unwrap();
    assert_eq!(said.again.len(), 1, "{said:?}");
    let of = |region: &Region| -> Vec<TimeRange> {
        plans(&store).into_iter().filter(|p| p.region == *region).map(|p| p.range).collect()
    };
    let twice = [range_of(day(30)), range_of(day(3))];
    assert_eq!((of(&region()), of(&early)), (twice.to_vec(), twice.to_vec()));
    assert_eq!(of(&late), [range_of(day(3))]);
    assert_eq!(plans(&store).len(), 5, "the quiet regions had nothing to lose");
}

#[test]
fn lost_costs_are_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    for (name, questions, again) in [
        ("month/2026-10-01", 3, "the costs of 111122223333 in 2026-10 are asked again by the next sync"),
        ("month/2025-10-01", 2, "the costs of 111122223333 in 2025-10 are asked again by the next sync"),
        ("split/2026-10-01", 2, "the costs of 111122223333 by record type and region are asked again by the next sync"),
        ("state", 17, "all costs of 111122223333 that Cost Explorer still has are asked again by the next sync"),
    ] {
        read(&store);
        let lost = [record(format!("costs/{}/{name}", connection()))];
        let cleared = name == "state";
        if cleared {
            let mut draft = store.draft();
            draft.cost_state(&connection(), &CostState::default()).unwrap();
            draft.commit().unwrap();
        }
        let said = forget_damaged(&store, &lost, now()).unwrap();
        assert_eq!(asked(&store), questions, "{name}");
        assert_eq!(said.again, [again]);
        assert_eq!(said.lost.len(), usize::from(name == "month/2025-10-01"), "its days are out of reach");
        let queries = cost_queries(&store.cost_state(&connection()).unwrap(), now(), 8);
        assert!(queries.iter().any(|q| q.start <= "2025-10-01".parse().unwrap()), "{name}: {queries:?}");
    }
    read(&store);
    let said = forget_damaged(&store, &[record(format!("costs/{}/month/2025-09-01", connection()))], now()).unwrap();
    assert!(said.again.is_empty() && said.lost[0].contains("2025-09 cannot be read again"), "{said:?}");
    read(&store);
    forget_damaged(&store, &[record(format!("sources/{}", connection()))], now()).unwrap();
    // What was read is fresh, so nothing is asked; how the source stands is told by judging it again.
    assert_eq!(asked(&store), 0);
    assert!(costs_due(&store.cost_state(&connection()).unwrap(), now(), 8));
}

#[test]
fn a_lost_page_puts_the_whole_connection_in_doubt() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    read(&store);
    let said = forget_damaged(&store, &[page(of_connection())], now()).unwrap();
    assert_eq!(planned(&store).len(), 1);
    assert_eq!(planned(&store)[0].start, now().plus(-HISTORY_SECONDS));
    assert_eq!(plans(&store).len(), 1, "the quiet regions held nothing");
    assert_eq!(asked(&store), 17);
    assert!(said.lost[0].contains("which records of connection 111122223333 were lost is not known"), "{said:?}");
    assert!(said.again.iter().any(|s| s.contains("all costs of 111122223333")), "{said:?}");
}

#[test]
fn lost_findings_are_told_again_and_lost_checks_count_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    read(&store);
    let finding = |subject: &str, last_seen: Timestamp| Finding {
        key: FindingKey {
            check: "CT-ROOT-004".into(),
            client: store.client().clone(),
            account: account(),
            subject: subject.into(),
        },
        severity: Severity::High,
        title: "t".into(),
        what: "w".into(),
        state: FindingState::Acknowledged,
        first_seen: last_seen,
        last_seen,
        count: 9,
        evidence: vec![Evidence {
            event: Some(EventId::from_bytes([1; 16])),
            time: last_seen,
            region: None,
            actor: None,
            summary: "x".into(),
            source: None,
        }],
    };
    let held = [finding("young", now()), finding("old", now().plus(-200 * DAY))].map(|f| (f.key.id(), f));
    let mut draft = store.draft();
    draft.findings(account(), &BTreeMap::from(held.clone())).unwrap();
    draft.commit().unwrap();
    let said = forget_damaged(&store, &[record(format!("checks/{}", account()))], now()).unwrap();
    let after = store.findings(account()).unwrap();
    assert_eq!(
        held.map(|(id, _)| (after[&id].count, after[&id].state)),
        [(1, FindingState::Acknowledged), (9, FindingState::Acknowledged)]
    );
    assert_eq!(planned(&store)[0].start, now().plus(-HISTORY_SECONDS));
    assert!(said.again[1].contains("how often a finding was seen is counted again"), "{said:?}");

    let mut draft = store.draft();
    draft.findings(account(), &BTreeMap::new()).unwrap();
    draft.commit().unwrap();
    read(&store);
    let said = forget_damaged(&store, &[record(format!("findings/{}", account()))], now()).unwrap();
    assert_eq!(planned(&store)[0].start, now().plus(-HISTORY_SECONDS));
    assert!(said.lost[0].contains("who took up which, do not come back"), "{said:?}");
}

#[test]
fn what_cannot_come_back_is_named_with_the_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    read(&store);
    let revision = store.vault().revision();
    let mut dropped = ["client", "spend", "accounts", "glance", "notes/7"].map(own).to_vec();
    dropped.extend(["connection", "events/x/y"].map(|name| record(name.into())));
    let said = forget_damaged(&store, &dropped, now()).unwrap();
    assert_eq!(said.again, ["the list of accounts is read again by the next sync"]);
    for words in [
        "run `bailiwick client add acme` and give its roles the new ExternalId",
        "the role of connection 111122223333 cannot be read again",
        "connect it anew with `bailiwick connect acme --role-arn ARN`",
        "have cost acme is counted from now on",
        "the record notes/7 of client acme cannot be read again: a backup may hold it",
        "the record events/x/y of client acme, connection 111122223333 cannot be read again",
    ] {
        assert!(said.lost.iter().any(|s| s.contains(words)), "{words}: {said:?}");
    }
    assert_eq!(said.lost.len(), 5, "{said:?}");
    assert_eq!(store.vault().revision(), revision, "nothing had to be forgotten");
}

#[test]
fn what_is_not_connected_any_more_waits_until_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    read(&store);
    let mut batch = Batch::new();
    batch.remove(&of_connection(), &Name::new("connection").unwrap());
    store.vault().commit(batch).unwrap();
    let day = record(format!("events/{}/{}", account(), day(3)));
    let said = forget_damaged(&store, &[own("client"), day.clone()], now()).unwrap();
    assert!(said.again[0].ends_with("is read again once 111122223333 is connected again"), "{said:?}");
    let said = forget_damaged(&store, &[page(of_connection()), page(Scope::Client("acme".parse().unwrap()))], now());
    let said = said.unwrap();
    for words in
        ["the role of connection 111122223333", "which other records of client acme itself", "the name and the"]
    {
        assert!(said.lost.iter().any(|s| s.starts_with(words)), "{words}: {said:?}");
    }
    assert!(said.again.contains(&"the list of accounts is read again by the next sync".to_owned()), "{said:?}");
    // The damage of others is none of this client's.
    let other = Damage { whose: Scope::Client("blue".parse().unwrap()), ..own("client") };
    let said = forget_damaged(&store, &[other, page(Scope::Vault)], now()).unwrap();
    assert!(said.again.is_empty() && said.lost.is_empty(), "{said:?}");
}
