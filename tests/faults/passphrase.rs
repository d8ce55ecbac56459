//! Wrong passphrases, with the program killed at each: the attempt is counted before the derivation, so killing the
//! program does not give it back.

use crate::program::{Program, private_file};
use std::{
    path::PathBuf,
    process::{Child, Stdio},
};

const NOW: &str = "2026-11-22T02:14:55Z";
/// More than an hour, the longest wait, each.
const HOURS: [&str; 3] = ["2026-11-22T04:14:55Z", "2026-11-22T06:14:55Z", "2026-11-22T08:14:55Z"];

struct Locked {
    program: Program,
}

impl Locked {
    fn new() -> Self {
        let program = Program::new();
        private_file(&program.path("right"), "correct horse battery staple\n");
        private_file(&program.path("wrong"), "incorrect horse battery staple\n");
        program.ok(&["--passphrase-file", program.path("right").to_str().unwrap(), "init"]);
        Self { program }
    }

    fn arguments<'a>(&self, file: &'a str, now: &'a str) -> [String; 5] {
        let file = self.program.path(file).to_str().unwrap().to_owned();
        ["--now".into(), now.into(), "--passphrase-file".into(), file, "accounts".into()]
    }

    fn attempts(&self) -> Option<Vec<u8>> {
        let file: PathBuf = self.program.vault().join("vault.attempts");
        std::fs::read(file).ok()
    }

    /// Tries the wrong passphrase and kills the program as soon as the attempt is on disk.
    fn try_and_die(&self, now: &str) {
        let before = self.attempts();
        let arguments = self.arguments("wrong", now);
        let mut child = self
            .program
            .command(&arguments.each_ref().map(String::as_str))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while self.attempts() == before {
            assert!(still_runs(&mut child), "it ended before it counted the attempt");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn refused(&self, file: &str, now: &str) -> String {
        self.program.refused(75, &self.arguments(file, now).each_ref().map(String::as_str))
    }
}

fn still_runs(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_none()
}

#[test]
fn killing_the_program_does_not_give_an_attempt_back() {
    let locked = Locked::new();
    for _ in 0..5 {
        locked.try_and_die(NOW);
    }
    let refusal = locked.refused("wrong", NOW);
    assert!(refusal.contains("30 s"), "the waiting time is told: {refusal}");
    // Not even the right one shortens the wait, and each further wrong one doubles it.
    locked.refused("right", NOW);
    for hour in HOURS {
        locked.try_and_die(hour);
        locked.refused("right", hour);
    }
    let later = "2026-11-22T10:14:55Z";
    locked.program.ok(&locked.arguments("right", later).each_ref().map(String::as_str));
    // The right one starts the count anew.
    for _ in 0..4 {
        locked.try_and_die(later);
    }
    locked.program.ok(&locked.arguments("right", later).each_ref().map(String::as_str));
}
