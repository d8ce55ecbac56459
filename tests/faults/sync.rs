//! `sync` under faults: what it said is committed is there, and the next run reads the rest.

use crate::{
    backup::whole,
    checks::{contents, same},
    fleet::{CLIENT, Fleet, LATER, NOW, sync},
    preload::Kind,
    program::Program,
    run::Ended,
    scenario::{Scenario, every_operation_fails, killed_at_random_operations, killed_at_random_times, operations_fail},
};
use serde_json::Value;
use std::collections::BTreeMap;

struct Sync {
    fleet: Fleet,
    backs_up: bool,
    now: &'static str,
    /// The contents after a run that nothing disturbed.
    complete: Value,
    client_costs: Value,
    /// Cost Explorer requests that the client pays for then.
    paid: u64,
}

/// Cost Explorer requests of this month, by the client's ledger.
fn paid(program: &Program) -> u64 {
    let plan = program.json(&["--now", LATER, "sync", "--dry-run", "--json"]);
    plan["spend"][0]["month"].as_u64().unwrap()
}

impl Sync {
    /// The first one of a vault reads everything.
    fn first() -> Self {
        Self::new(Fleet::connected(), false, NOW)
    }

    /// The same, which then makes the backup of the day.
    fn first_with_backup() -> Self {
        Self::new(Fleet::connected().backing_up(), true, NOW)
    }

    /// The next one reads what is new.
    fn next() -> Self {
        Self::new(Fleet::synced(), false, LATER)
    }

    fn new(fleet: Fleet, backs_up: bool, now: &'static str) -> Self {
        let program = fleet.home();
        sync(&program, now);
        let complete = contents(&program, now);
        assert!(!accounts(&complete["accounts"]).is_empty(), "{complete}");
        let paid = if now == NOW { paid(&program) } else { 0 };
        Self { client_costs: client_costs(&program, now), fleet, backs_up, now, complete, paid }
    }

    /// The answers of a first sync are committed one by one: the groups of each month, the totals, record types, regions,
    /// and then the days of each month, oldest first. Of a later sync it is only known that nothing gets lost.
    fn has_costs(&self, program: &Program, answers: usize) {
        let (view, complete) = (client_costs(program, self.now), &self.client_costs);
        let groups =
            |view: &Value| BTreeMap::from_iter(list(view, "rows").map(|r| (r["key"].to_string(), r["months"].clone())));
        assert_eq!(groups(&view), groups(complete), "the groups of the months were committed");
        if answers > 1 {
            assert_eq!(view["totals"][0]["months"], complete["totals"][0]["months"], "the totals were committed");
        }
        let days: BTreeMap<String, &Value> = list(&view, "daily").map(|d| (text(&d["day"]), d)).collect();
        let mut months = 0;
        let mut last = String::new();
        for day in list(complete, "daily") {
            let date = text(&day["day"]);
            if date[..7] != last {
                last = date[..7].to_owned();
                months += 1;
            }
            if months + 4 <= answers {
                assert_eq!(days.get(&date), Some(&day), "the days of {last} were committed");
            }
        }
    }
}

impl Scenario for Sync {
    fn name(&self) -> &'static str {
        "sync"
    }

    fn home(&self) -> Program {
        self.fleet.home()
    }

    fn arguments(&self) -> Vec<&str> {
        vec!["--now", self.now, "sync", "--json"]
    }

    fn keeps_its_word(&self, program: &Program, ended: &Ended) {
        let told = Told::new(&ended.out);
        if told.accounts {
            let view = program.json(&["--now", self.now, "accounts", "--json"]);
            assert_eq!(accounts(&view), accounts(&self.complete["accounts"]), "the accounts were committed");
        }
        if told.costs > 0 && self.now == NOW {
            self.has_costs(program, told.costs);
        }
        for (account, rows) in &told.events {
            let view = program.json(&["--now", self.now, "access", "--account", account, "--json"]);
            let stored: u64 = list(&view, "principals").map(|p| p["actions"].as_u64().unwrap()).sum();
            assert!(stored >= *rows, "{rows} events of {account} were committed, {stored} are there");
        }
        if self.backs_up {
            whole(program);
        }
    }

    fn resume(&self, program: &Program) {
        sync(program, self.now);
        assert_eq!(whole(program).len(), usize::from(self.backs_up), "one backup a day");
    }

    fn is_finished(&self, program: &Program) {
        same(&contents(program, self.now), &self.complete);
        if self.now == NOW {
            // Of what was cut off at most one question was asked again.
            let paid = paid(program);
            assert!(
                (self.paid..=self.paid + 1).contains(&paid),
                "{paid} Cost Explorer requests instead of {}",
                self.paid
            );
        }
    }
}

/// What a run told of as committed, by its JSON lines. The last line may be cut short.
#[derive(Default)]
struct Told {
    accounts: bool,
    /// Answers of Cost Explorer.
    costs: usize,
    /// Events, by account.
    events: BTreeMap<String, u64>,
}

impl Told {
    fn new(out: &str) -> Self {
        let mut told = Self::default();
        for line in out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            match (line["event"].as_str(), line["source"].as_str()) {
                (Some("committed"), Some("accounts")) => told.accounts = true,
                (Some("committed"), Some("costs")) => told.costs += 1,
                // Rows are counted once the slice that holds them is durable.
                (Some("job"), _) if line["job"]["source"] == "events" => {
                    let rows = line["job"]["rows"].as_u64().unwrap();
                    told.events.insert(text(&line["job"]["account"]), rows);
                }
                _ => {}
            }
        }
        told.events.retain(|_, rows| *rows > 0);
        told
    }
}

fn client_costs(program: &Program, now: &str) -> Value {
    program.json(&["--now", now, "costs", "--client", CLIENT, "--json"])
}

fn accounts(view: &Value) -> Vec<String> {
    list(view, "rows").map(|row| text(&row["account"])).collect()
}

fn list<'a>(view: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    view[name].as_array().unwrap().iter()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_sync_killed_at_10_random_points_loses_nothing_it_told() {
    let sync = Sync::first_with_backup();
    killed_at_random_times(&sync, 0..5);
    killed_at_random_operations(&sync, 0..5);
}

#[test]
fn a_sync_survives_every_20th_file_operation_failing() {
    let sync = Sync::next();
    operations_fail(&sync, 20, [(Kind::Eio, 2), (Kind::Enospc, 9), (Kind::Short, 5)]);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_sync_killed_at_1000_random_points_loses_nothing_it_told() {
    for (sync, seeds) in [(Sync::first_with_backup(), 0..250), (Sync::first(), 250..500)] {
        killed_at_random_times(&sync, seeds.clone());
        killed_at_random_operations(&sync, seeds);
    }
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_sync_survives_every_file_operation_failing() {
    every_operation_fails(&Sync::first_with_backup());
    every_operation_fails(&Sync::next());
}
