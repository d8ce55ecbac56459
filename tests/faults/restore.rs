//! `backup restore` under faults: the vault is the one before or the one of the backup, whole, and never none.

use crate::{
    backup::create,
    checks::{contents, same},
    fleet::{CLIENT, Fleet, NOW},
    preload::Kind,
    program::Program,
    run::Ended,
    scenario::{Scenario, every_operation_fails, killed_at_random_operations, killed_at_random_times, operations_fail},
};
use serde_json::Value;

struct Restore {
    fleet: Fleet,
    backup: String,
    /// What the backup holds.
    old: Value,
    /// What the vault holds that it replaces: a client more.
    new: Value,
}

/// Added after the backup was made.
const ADDED: &str = "added-since";

impl Restore {
    fn new() -> Self {
        let fleet = Fleet::synced();
        let backup = create(fleet.template(), NOW);
        let old = everything(&fleet.home());
        fleet.template().ok(&["--now", NOW, "client", "add", ADDED]);
        let new = everything(&fleet.home());
        assert_ne!(old, new);
        Self { fleet, backup, old, new }
    }
}

impl Scenario for Restore {
    fn name(&self) -> &'static str {
        "backup restore"
    }

    fn home(&self) -> Program {
        self.fleet.home()
    }

    fn arguments(&self) -> Vec<&str> {
        vec!["--now", NOW, "backup", "restore", &self.backup, "--yes"]
    }

    fn keeps_its_word(&self, program: &Program, ended: &Ended) {
        let found = everything(program);
        if ended.code == Some(0) || crate::checks::clients(program) == [CLIENT] {
            same(&found, &self.old);
        } else {
            same(&found, &self.new);
        }
    }

    fn resume(&self, program: &Program) {
        program.ok(&self.arguments());
    }

    fn is_finished(&self, program: &Program) {
        same(&everything(program), &self.old);
        let kept = std::fs::read_dir(program.path("bailiwick")).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(
            kept.into_iter().any(|name| name.to_string_lossy().starts_with("vault.before-")),
            "the old one is kept"
        );
    }
}

fn everything(program: &Program) -> Value {
    let mut all = contents(program, NOW);
    all["clients"] = program.json(&["client", "list", "--json"]);
    all
}

#[test]
fn a_restore_killed_at_10_random_points_leaves_one_vault_or_the_other() {
    let restore = Restore::new();
    killed_at_random_times(&restore, 0..5);
    killed_at_random_operations(&restore, 0..5);
}

#[test]
fn a_restore_survives_every_20th_file_operation_failing() {
    let restore = Restore::new();
    operations_fail(&restore, 20, [(Kind::Eio, 8), (Kind::Enospc, 3), (Kind::Short, 2)]);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_restore_killed_at_300_random_points_leaves_one_vault_or_the_other() {
    let restore = Restore::new();
    killed_at_random_times(&restore, 0..150);
    killed_at_random_operations(&restore, 0..150);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_restore_survives_every_file_operation_failing() {
    every_operation_fails(&Restore::new());
}
