//! One run of the program under a fault.

use crate::{
    preload::{Fault, preload},
    program::Program,
};
use std::{
    io::Read,
    process::Stdio,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// A run that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// What befalls a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// A file operation that fails.
    pub fault: Option<Fault>,
    /// When it is killed, if it still runs then.
    pub killed_after: Option<Duration>,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` if it was killed.
    pub code: Option<i32>,
    pub out: String,
    pub error: String,
    pub took: Duration,
    /// Which operation failed, on which file.
    pub struck: Option<String>,
    /// How many operations there were, as far as it lived to tell.
    pub operations: u64,
}

impl Ended {
    pub fn was_killed(&self) -> bool {
        self.code.is_none()
    }
}

/// Runs a command in a hurry and under a fault.
pub fn run(program: &Program, arguments: &[&str], trouble: Trouble) -> Ended {
    let log = program.path("faults.log");
    let _ = std::fs::remove_file(&log);
    let mut command = program.command(arguments);
    preload(&mut command, trouble.fault, &program.path("bailiwick"), &log);
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Its output ends when it does, so waiting for that with a limit is waiting for the program with a limit.
    let (send, receive) = mpsc::channel();
    let out = read_all(child.stdout.take().unwrap(), send.clone());
    let error = read_all(child.stderr.take().unwrap(), send);
    let ended = receive.recv_timeout(trouble.killed_after.unwrap_or(LIMIT));
    if ended != Err(RecvTimeoutError::Disconnected) {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    let hung = ended == Err(RecvTimeoutError::Timeout) && trouble.killed_after.is_none();
    assert!(!hung, "{arguments:?} hangs under {trouble:?}");
    let (struck, operations) = told(&std::fs::read_to_string(&log).unwrap_or_default());
    let (out, error) = (out.join().unwrap(), error.join().unwrap());
    Ended { code: status.code(), out, error, took: started.elapsed(), struck, operations }
}

/// Reads to the end in a thread; the sender is dropped then.
fn read_all(mut from: impl Read + Send + 'static, until: mpsc::Sender<()>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        drop(until);
        String::from_utf8(bytes).unwrap()
    })
}

/// The operation that failed and the number of all, from the shim's log.
fn told(log: &str) -> (Option<String>, u64) {
    let count = |line: &str| line.strip_prefix("count ").map(|n| n.parse().unwrap());
    let struck = log.lines().find(|line| count(line).is_none()).map(str::to_owned);
    // A child of its own ends, and tells, before it.
    (struck, log.lines().rev().find_map(count).unwrap_or(0))
}
