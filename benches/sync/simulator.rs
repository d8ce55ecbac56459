//! The simulator in a process of its own, so that its work is nobody else's: this program again.

use super::fleet::{Shape, now};
use bailiwick::{
    domain::{Clock, FixedClock},
    sim::server::{ServeOptions, SimServer},
};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

const SERVE: &str = "BAILIWICK_BENCH_SERVE";

/// A running simulator; it stops when this is dropped.
pub struct Simulator {
    child: Child,
    answers: BufReader<ChildStdout>,
    /// Where it listens.
    pub url: String,
}

/// Requests that were answered, by service, and of all these the refused ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub sts: u64,
    pub organizations: u64,
    pub cloudtrail: u64,
    pub ce: u64,
    pub throttled: u64,
}

impl Counts {
    pub fn total(&self) -> u64 {
        self.sts + self.organizations + self.cloudtrail + self.ce
    }

    /// What came since then.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            sts: self.sts - before.sts,
            organizations: self.organizations - before.organizations,
            cloudtrail: self.cloudtrail - before.cloudtrail,
            ce: self.ce - before.ce,
            throttled: self.throttled - before.throttled,
        }
    }
}

impl Simulator {
    /// Starts one and waits until it listens.
    pub fn start(shape: Shape, throttle: bool) -> Self {
        let Shape { accounts, pages, regions, essential } = shape;
        let this = std::env::current_exe().expect("this program");
        let mut child = Command::new(this)
            .env(SERVE, format!("{accounts} {pages} {regions} {} {}", u8::from(essential), u8::from(throttle)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut answers = BufReader::new(child.stdout.take().expect("its output"));
        let url = line(&mut answers);
        Self { child, answers, url }
    }

    /// What it answered so far.
    pub fn counts(&mut self) -> Counts {
        let input = self.child.stdin.as_mut().expect("its input");
        writeln!(input, "counts").expect("it listens");
        let answer = line(&mut self.answers);
        let [sts, organizations, cloudtrail, ce, throttled] = numbers(&answer);
        Counts { sts, organizations, cloudtrail, ce, throttled }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves, if this process was started for it.
pub fn serve_if_asked() -> bool {
    let Ok(how) = std::env::var(SERVE) else { return false };
    let [accounts, pages, regions, essential, throttle] = numbers(&how);
    let shape = Shape {
        accounts: accounts as usize,
        pages: pages as usize,
        regions: regions as usize,
        essential: essential == 1,
    };
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(now()));
    let options = ServeOptions { throttle: throttle == 1, ..ServeOptions::default() };
    let server = SimServer::start(Arc::new(shape.world(true)), clock, options).expect("serves");
    println!("{}", server.url());
    for _ in std::io::stdin().lines() {
        let counts = server.counts();
        println!("{} {} {} {} {}", counts.sts, counts.organizations, counts.cloudtrail, counts.ce, counts.throttled);
    }
    true
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("an answer");
    line.trim().to_owned()
}

fn numbers<const N: usize>(text: &str) -> [u64; N] {
    let numbers: Vec<u64> = text.split(' ').map(|n| n.parse().expect("a number")).collect();
    numbers.try_into().expect("so many numbers")
}
