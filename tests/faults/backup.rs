//! `backup create` under faults: a backup whose name was told, or that is listed, is whole; half a one has no name.

use crate::{
    checks::{contents, same},
    fleet::{Fleet, LATER, NOW},
    preload::Kind,
    program::Program,
    run::Ended,
    scenario::{Scenario, every_operation_fails, killed_at_random_operations, killed_at_random_times, operations_fail},
};
use serde_json::Value;

struct Create {
    fleet: Fleet,
    before: Value,
}

impl Create {
    /// There is one backup already, for what a fault might do to it.
    fn new() -> Self {
        let fleet = Fleet::synced();
        create(fleet.template(), NOW);
        let before = contents(&fleet.home(), NOW);
        Self { fleet, before }
    }
}

impl Scenario for Create {
    fn name(&self) -> &'static str {
        "backup create"
    }

    fn home(&self) -> Program {
        self.fleet.home()
    }

    fn arguments(&self) -> Vec<&str> {
        vec!["--now", LATER, "backup", "create"]
    }

    fn keeps_its_word(&self, program: &Program, ended: &Ended) {
        let listed = whole(program);
        for name in names(&ended.out) {
            assert!(listed.contains(&name), "{name} was told and is not among {listed:?}");
        }
        assert!((1..=2).contains(&listed.len()), "{listed:?}");
        same(&contents(program, NOW), &self.before);
    }

    fn resume(&self, program: &Program) {
        // A moment later, so that a first one that was complete but not told of does not stand in its way.
        create(program, "2026-11-22T12:14:56Z");
    }

    fn is_finished(&self, program: &Program) {
        let listed = whole(program);
        assert!(listed.len() >= 2, "{listed:?}");
    }
}

/// Makes a backup and gives its name.
pub fn create(program: &Program, now: &str) -> String {
    let out = program.ok(&["--now", now, "backup", "create"]);
    names(&out).into_iter().next().unwrap_or_else(|| panic!("no backup is named in {out}"))
}

/// The backups that are listed, each of which must be whole; what is half made is listed under another name.
pub fn whole(program: &Program) -> Vec<String> {
    let listed = names(&program.ok(&["backup", "list", "--json"]));
    for name in &listed {
        program.ok(&["backup", "verify", name]);
    }
    listed
}

/// The names of backups in a text, each once: `2026-11-22T02-14-55Z-7`.
fn names(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let mut names: Vec<String> = words.filter(|word| is_name(word)).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn is_name(word: &str) -> bool {
    let shape = |c: char| if c.is_ascii_digit() { '9' } else { c };
    let Some((time, epoch)) = word.rsplit_once('-') else { return false };
    time.chars().map(shape).eq("9999-99-99T99-99-99Z".chars()) && epoch.chars().all(|c| c.is_ascii_digit())
}

#[test]
fn names_are_found_in_sentences_and_in_json() {
    let text = "made 2026-11-22T02-14-55Z-7, not 2026-11-22; {\"name\":\"2026-11-23T02-14-55Z-12\"} /b/2026-11-22T02-14-55Z-7/records";
    assert_eq!(names(text), ["2026-11-22T02-14-55Z-7", "2026-11-23T02-14-55Z-12"]);
}

#[test]
fn a_backup_killed_at_10_random_points_is_whole_or_not_there() {
    let create = Create::new();
    killed_at_random_times(&create, 0..5);
    killed_at_random_operations(&create, 0..5);
}

#[test]
fn a_backup_survives_every_20th_file_operation_failing() {
    let create = Create::new();
    operations_fail(&create, 20, [(Kind::Eio, 5), (Kind::Enospc, 4), (Kind::Short, 1)]);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_backup_killed_at_300_random_points_is_whole_or_not_there() {
    let create = Create::new();
    killed_at_random_times(&create, 0..150);
    killed_at_random_operations(&create, 0..150);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_backup_survives_every_file_operation_failing() {
    every_operation_fails(&Create::new());
}
