//! One command and the ways to disturb it.

use crate::{
    cases::{Seeded, attempt, each, workers},
    checks::verify,
    preload::{Fault, Kind},
    program::{Program, speaks_to_people},
    run::{Ended, Trouble, run},
};
use std::ops::Range;

/// A command that changes the vault, and what must hold whatever befalls it.
pub trait Scenario: Sync {
    /// In a word, for messages.
    fn name(&self) -> &'static str;

    /// A home in which it can be run.
    fn home(&self) -> Program;

    /// The command.
    fn arguments(&self) -> Vec<&str>;

    /// What it told of before it ended, however it ended, is in the vault; and what was there before is.
    fn keeps_its_word(&self, program: &Program, ended: &Ended);

    /// Runs it again, or what else an operator would do next, undisturbed.
    fn resume(&self, program: &Program);

    /// Everything is as after a run that nothing disturbed.
    fn is_finished(&self, program: &Program);
}

/// Kills it at random points in time, one for each seed, drawn evenly over the time that it takes.
pub fn killed_at_random_times(scenario: &impl Scenario, seeds: Range<u64>) {
    let kills = seeds.end - seeds.start;
    // As many at once as later, so that they take as long as later.
    let whole = each("undisturbed run", 0..workers() as u64, |_| {
        let ended = disturbed(scenario, &scenario.home(), Trouble::default());
        assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.error);
        ended.took
    });
    let whole = whole.into_iter().max().unwrap_or_default();
    let late = each("kill with seed", seeds, |seed| {
        let mut random = Seeded(seed);
        for late in 0..20 {
            let program = scenario.home();
            let after = whole.mul_f64(random.fraction());
            let ended = disturbed(scenario, &program, Trouble { killed_after: Some(after), ..Trouble::default() });
            survives(scenario, &program, &ended);
            if ended.was_killed() {
                return late;
            }
        }
        panic!("20 kills in a row came after its end");
    });
    let late: u64 = late.iter().sum();
    println!("{}: killed {kills} times within {whole:?}; {late} more runs ended before their kill", scenario.name());
}

/// Kills it at one of its changes to files for each seed, drawn evenly: within a write, or just before another change.
pub fn killed_at_random_operations(scenario: &impl Scenario, seeds: Range<u64>) {
    let kills = seeds.end - seeds.start;
    let all = operations(scenario, Kind::Kill);
    each("kill with seed", seeds, |seed| struck(scenario, Fault { kind: Kind::Kill, at: 1 + Seeded(seed).below(all) }));
    println!("{}: killed {kills} times, each at one of {all} changes to files", scenario.name());
}

/// Lets every `step`th of its file operations fail in each way, one in each run, from the `first` of that kind on.
pub fn operations_fail(scenario: &impl Scenario, step: usize, first: [(Kind, u64); 3]) {
    let outcomes = first.map(|(kind, first)| attempt(|| operations_of_a_kind_fail(scenario, kind, first, step)));
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Lets every one of its file operations fail in each way, one in each run.
pub fn every_operation_fails(scenario: &impl Scenario) {
    operations_fail(scenario, 1, [(Kind::Eio, 1), (Kind::Enospc, 1), (Kind::Short, 1)]);
}

fn operations_of_a_kind_fail(scenario: &impl Scenario, kind: Kind, first: u64, step: usize) {
    let all = operations(scenario, kind);
    let outcomes = each(&format!("{kind} at"), (first..=all).step_by(step), |at| struck(scenario, Fault { kind, at }));
    let (tried, done) = (outcomes.len(), outcomes.iter().filter(|code| **code == Some(0)).count());
    let name = scenario.name();
    println!("{name}: {kind} at {tried} of {all} file operations; {done} runs succeeded all the same");
}

/// How many operations of a kind an undisturbed run has.
fn operations(scenario: &impl Scenario, kind: Kind) -> u64 {
    let program = scenario.home();
    let ended = disturbed(scenario, &program, Trouble { fault: Some(Fault { kind, at: 0 }), ..Trouble::default() });
    assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.error);
    scenario.is_finished(&program);
    assert!(ended.operations > 0, "the shim saw no operation: is it loaded?");
    ended.operations
}

/// One operation fails; says how the run ended.
fn struck(scenario: &impl Scenario, fault: Fault) -> Option<i32> {
    let program = scenario.home();
    let ended = disturbed(scenario, &program, Trouble { fault: Some(fault), ..Trouble::default() });
    if let Err(why) = attempt(|| survives(scenario, &program, &ended)) {
        panic!("{}: {why}", ended.struck.as_deref().unwrap_or("an operation that was not reached"));
    }
    ended.code
}

fn disturbed(scenario: &impl Scenario, program: &Program, trouble: Trouble) -> Ended {
    run(program, &scenario.arguments(), trouble)
}

/// What must hold after any run.
fn survives(scenario: &impl Scenario, program: &Program, ended: &Ended) {
    if let Some(code) = ended.code {
        assert!((0..=2).contains(&code), "exit code {code}: {}", ended.error);
        speaks_to_people(&ended.error);
        assert!(ended.error.lines().count() <= 1, "more than a sentence: {}", ended.error);
    }
    verify(program);
    scenario.keeps_its_word(program, ended);
    // A run that calls itself done must have left nothing to do.
    if ended.code != Some(0) {
        scenario.resume(program);
    }
    scenario.is_finished(program);
    verify(program);
}
