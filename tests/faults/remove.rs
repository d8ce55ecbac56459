//! `client remove` under faults: the client is there whole, or it is gone; once it was told gone it stays gone, and its
//! backup does not bring it back.

use crate::{
    backup::create,
    checks::{clients, contents, same},
    fleet::{CLIENT, Fleet, NOW},
    preload::Kind,
    program::Program,
    run::Ended,
    scenario::{Scenario, every_operation_fails, killed_at_random_operations, killed_at_random_times, operations_fail},
};
use serde_json::Value;

struct Remove {
    fleet: Fleet,
    /// Made while it was there.
    backup: String,
    before: Value,
}

/// The client that stays.
const OTHER: &str = "stays-here";

impl Remove {
    /// A backup holds the client too.
    fn new() -> Self {
        let fleet = Fleet::synced();
        fleet.template().ok(&["--now", NOW, "client", "add", OTHER]);
        let backup = create(fleet.template(), NOW);
        let before = contents(&fleet.home(), NOW);
        Self { fleet, backup, before }
    }
}

const REMOVE: [&str; 8] = ["--now", NOW, "client", "remove", CLIENT, "--yes", CLIENT, "--json"];

impl Scenario for Remove {
    fn name(&self) -> &'static str {
        "client remove"
    }

    fn home(&self) -> Program {
        self.fleet.home()
    }

    fn arguments(&self) -> Vec<&str> {
        REMOVE.to_vec()
    }

    fn keeps_its_word(&self, program: &Program, ended: &Ended) {
        let there = clients(program);
        assert!(there.iter().any(|id| id == OTHER), "the other client is untouched: {there:?}");
        if there.iter().any(|id| id == CLIENT) {
            assert_eq!(ended.out, "", "it was told gone and is there");
            same(&contents(program, NOW), &self.before);
        } else {
            nothing_is_left(program);
        }
        if ended.code == Some(0) && self.says_backups_are_in_line(&ended.out) {
            self.does_not_come_back(program.copy());
        }
    }

    fn resume(&self, program: &Program) {
        if clients(program).iter().any(|id| id == CLIENT) {
            program.ok(&REMOVE);
        }
    }

    fn is_finished(&self, program: &Program) {
        assert_eq!(clients(program), [OTHER]);
        nothing_is_left(program);
        // After a run that was cut short the backups may still be to be brought in line.
        program.ok(&["--now", NOW, "backup", "prune"]);
        self.does_not_come_back(program.copy());
    }
}

impl Remove {
    fn says_backups_are_in_line(&self, out: &str) -> bool {
        let report: Value = serde_json::from_str(out).unwrap();
        report["backups_unreachable"] == serde_json::json!([])
    }

    /// The backup alone does not bring the client back.
    fn does_not_come_back(&self, program: Program) {
        std::fs::remove_dir_all(program.vault()).unwrap();
        program.ok(&["--now", NOW, "backup", "restore", &self.backup, "--yes"]);
        assert_eq!(clients(&program), [OTHER], "after a restore");
        nothing_is_left(&program);
    }
}

fn nothing_is_left(program: &Program) {
    let all = contents(program, NOW).to_string();
    assert!(!all.contains(CLIENT), "{all}");
}

#[test]
fn a_client_removed_under_10_kills_is_there_whole_or_gone_for_good() {
    let remove = Remove::new();
    killed_at_random_times(&remove, 0..5);
    killed_at_random_operations(&remove, 0..5);
}

#[test]
fn a_removal_survives_every_20th_file_operation_failing() {
    let remove = Remove::new();
    operations_fail(&remove, 20, [(Kind::Eio, 11), (Kind::Enospc, 6), (Kind::Short, 3)]);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_removal_survives_every_file_operation_failing() {
    every_operation_fails(&Remove::new());
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_client_removed_under_300_kills_is_there_whole_or_gone_for_good() {
    let remove = Remove::new();
    killed_at_random_times(&remove, 0..150);
    killed_at_random_operations(&remove, 0..150);
}
