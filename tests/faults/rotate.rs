//! `vault rotate client` under faults: whatever generation a record is under, it opens, and the next run ends the job.

use crate::{
    checks::{contents, same},
    fleet::{CLIENT, Fleet, NOW},
    preload::Kind,
    program::Program,
    run::Ended,
    scenario::{Scenario, every_operation_fails, killed_at_random_operations, killed_at_random_times, operations_fail},
};
use serde_json::Value;

struct Rotate {
    fleet: Fleet,
    before: Value,
}

impl Rotate {
    fn new() -> Self {
        let fleet = Fleet::synced();
        let before = contents(&fleet.home(), NOW);
        Self { fleet, before }
    }
}

const ROTATE: [&str; 6] = ["--now", NOW, "vault", "rotate", "client", CLIENT];

impl Scenario for Rotate {
    fn name(&self) -> &'static str {
        "vault rotate client"
    }

    fn home(&self) -> Program {
        self.fleet.home()
    }

    fn arguments(&self) -> Vec<&str> {
        ROTATE.to_vec()
    }

    fn keeps_its_word(&self, program: &Program, _: &Ended) {
        same(&contents(program, NOW), &self.before);
    }

    fn resume(&self, program: &Program) {
        program.ok(&ROTATE);
    }

    fn is_finished(&self, program: &Program) {
        same(&contents(program, NOW), &self.before);
    }
}

#[test]
fn a_rotation_killed_at_10_random_points_loses_nothing() {
    let rotate = Rotate::new();
    killed_at_random_times(&rotate, 0..5);
    killed_at_random_operations(&rotate, 0..5);
}

#[test]
fn a_rotation_survives_every_20th_file_operation_failing() {
    let rotate = Rotate::new();
    operations_fail(&rotate, 20, [(Kind::Eio, 3), (Kind::Enospc, 7), (Kind::Short, 2)]);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_rotation_killed_at_1000_random_points_loses_nothing() {
    let rotate = Rotate::new();
    killed_at_random_times(&rotate, 0..500);
    killed_at_random_operations(&rotate, 0..500);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_rotation_survives_every_file_operation_failing() {
    every_operation_fails(&Rotate::new());
}
