//! What a first sync takes on this side, beside a Python script that does the same with boto3, and beside the floor that
//! AWS's rate limits dictate; and how long the plan of a large fleet takes.
//!
//! `cargo bench --bench sync -- [MODE] [--accounts N] [--pages N] [--regions N] [--depth full|essential] [--runs N]`.
//! A program, not a criterion benchmark: the simulator has a process of its own, and processor time and memory are those of
//! this one. `benches/README.md` has the figures.

mod first;
mod fleet;
mod peer;
#[path = "../process/mod.rs"]
mod process;
mod plan;
mod simulator;

use bailiwick::aws::Pace;
use clap::{Parser, ValueEnum};
use first::Run;
use fleet::{REGIONS, Shape};
use mimalloc::MiMalloc;
use simulator::Simulator;
use std::time::Duration;

/// As the program's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// As fast as it goes, beside the peer.
    Unthrottled,
    /// Two requests a second for each account and region, as AWS allows.
    Throttled,
    /// Only what would be due.
    Plan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deep {
    /// One lookup a region: nearly every request is a full page.
    Full,
    /// Two to five lookups a region, most of them empty.
    Essential,
}

#[derive(Debug, Parser)]
struct Args {
    #[arg(value_enum, default_value = "unthrottled")]
    mode: Mode,
    /// Accounts [default: 200; throttled 64; plan 1,000]
    #[arg(long)]
    accounts: Option<usize>,
    /// Pages of events in each account [default: 20]
    #[arg(long)]
    pages: Option<usize>,
    /// Regions that hold the events; 0 for where the simulated fleet has them [default: 17; throttled 0; plan 4]
    #[arg(long)]
    regions: Option<usize>,
    #[arg(long, value_enum, default_value = "full")]
    depth: Deep,
    /// Runs, each into a new vault.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Leave the peer out.
    #[arg(long)]
    no_peer: bool,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    if simulator::serve_if_asked() || first::read_if_asked() {
        return;
    }
    let args = Args::parse();
    let essential = args.depth == Deep::Essential;
    let shape = |accounts, pages, regions| Shape {
        accounts: args.accounts.unwrap_or(accounts).max(24),
        pages: args.pages.unwrap_or(pages),
        regions: args.regions.unwrap_or(regions).min(REGIONS.len()),
        essential,
    };
    match args.mode {
        Mode::Unthrottled => {
            let shape = shape(200, 20, REGIONS.len());
            assert!(shape.regions > 0, "the peer needs to know where the events are");
            unthrottled(shape, &args)
        }
        Mode::Throttled => throttled(shape(64, 20, 0), args.runs),
        Mode::Plan => plan::measure(args.accounts.unwrap_or(1_000) as u64, args.regions.unwrap_or(4)),
    }
}

fn unthrottled(shape: Shape, args: &Args) {
    let world = shape.world(false);
    let mut simulator = Simulator::start(shape, false);
    println!("{} accounts × {} pages of 50 events, {} depth", shape.accounts, shape.pages, depth(shape));
    let runs: Vec<Run> =
        (0..args.runs.max(1)).map(|_| first::run(&mut simulator, shape, &world, Duration::ZERO)).collect();
    runs.iter().for_each(tell);
    let best = runs.iter().map(Run::cpu_ms).fold(f64::INFINITY, f64::min);
    let fastest = runs.iter().map(Run::rate).fold(0.0, f64::max);
    let memory = runs.iter().map(Run::over_rest_mib).max().unwrap_or(0);
    println!(
        "best: {best:.2} ms CPU a request (limit 1.0), {fastest:.0} requests/s; memory over rest at most {memory} MiB (limit 200)"
    );
    if args.no_peer {
        return;
    }
    let python = match peer::python() {
        Ok(python) => python,
        Err(why) => return println!("{why}"),
    };
    let peer = peer::run(&python, &mut simulator, shape, &world);
    println!(
        "{}: {} requests, {:.0} requests/s, {:.2} ms CPU a request ({:.2} without making its clients), peak {:.0} MiB",
        peer.what, peer.requests, peer.rate, peer.cpu_ms, peer.cpu_ms_without_clients, peer.peak_mib
    );
    assert_eq!(peer.requests + 1, runs[0].requests.total(), "the same work, but for who the caller is");
    println!(
        "ratios: {:.1} × the requests/s (at least 10), {:.1} × less CPU a request (at least 10), {:.1} × less even if \
         boto3's clients cost nothing",
        fastest / peer.rate,
        peer.cpu_ms / best,
        peer.cpu_ms_without_clients / best
    );
}

fn throttled(shape: Shape, runs: usize) {
    let longest = shape.longest_lane(&shape.world(true));
    let world = shape.world(false);
    println!("{} accounts × about {} pages of events, {} depth", shape.accounts, shape.pages, depth(shape));
    for _ in 0..runs.max(1) {
        // A new one each time, for its buckets to be full.
        let mut simulator = Simulator::start(shape, true);
        let run = first::run(&mut simulator, shape, &world, Pace::AWS_LIMIT.lookup);
        tell(&run);
        let floor = longest as f64 * Pace::AWS_LIMIT.lookup.as_secs_f64();
        println!(
            "longest lane {longest} requests at 2/s: floor {floor:.2} s, took {:.2} s, {:+.1} % (limit +5 %); {} throttled",
            run.wall.as_secs_f64(),
            (run.wall.as_secs_f64() / floor - 1.0) * 100.0,
            run.requests.throttled
        );
    }
}

fn depth(shape: Shape) -> &'static str {
    if shape.essential { "essential" } else { "full" }
}

fn tell(run: &Run) {
    let requests = run.requests;
    println!(
        "{:.2} s, {} requests (STS {}, Organizations {}, CloudTrail {}, Cost Explorer {}), {:.0} requests/s, {:.2} s CPU, \
         {:.2} ms a request; {} events, {} cost cells; {} MiB at rest, peak {} MiB; {} MiB of files",
        run.wall.as_secs_f64(),
        requests.total(),
        requests.sts,
        requests.organizations,
        requests.cloudtrail,
        requests.ce,
        run.rate(),
        run.cpu.as_secs_f64(),
        run.cpu_ms(),
        run.events,
        run.cost_cells,
        run.rest_mib,
        run.peak_mib,
        run.stored_mib
    );
}
