//! A first sync: the real SDK over HTTP on loopback, records parsed, checked, sealed and committed to a vault on disk. In
//! a process of its own, this program again, so that what is measured is that and nothing else.

use super::{
    fleet::{Shape, now},
    process::{cpu_time, forget_peak, peak_mib, resident_mib},
    simulator::{Counts, Simulator},
};
use bailiwick::{
    app::fleet,
    aws::{BaseCredentials, Pace, RetryPolicy, SdkCloud},
    checks::Checks,
    desk::Desk,
    domain::{Clock, Depth, FixedClock},
    sim::world::World,
    sync::{self, Caps, ClientStore, SyncOptions},
    vault::{KdfCost, LockOwner, Unlock, Vault},
};
use secrecy::SecretSlice;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const READ: &str = "BAILIWICK_BENCH_READ";

/// What one run took.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    pub wall: Duration,
    pub cpu: Duration,
    /// As the simulator counted them.
    #[serde(skip)]
    pub requests: Counts,
    /// As we counted them.
    pub counted: u64,
    pub events: u64,
    pub cost_cells: u64,
    /// Resident before it, and most during it.
    pub rest_mib: u64,
    pub peak_mib: u64,
    /// What the vault's files take.
    #[serde(skip)]
    pub stored_mib: u64,
}

impl Run {
    pub fn rate(&self) -> f64 {
        self.requests.total() as f64 / self.wall.as_secs_f64()
    }

    pub fn cpu_ms(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / self.requests.total() as f64
    }

    pub fn over_rest_mib(&self) -> u64 {
        self.peak_mib.saturating_sub(self.rest_mib)
    }
}

/// How the sync is done.
pub fn options(lookup: Duration) -> SyncOptions {
    SyncOptions {
        wanted: bailiwick::sync::Wanted::Everything,
        trusted: None,
        caps: Caps::default(),
        pace: Pace { lookup, ..Pace::AWS_LIMIT },
        retry: RetryPolicy::default(),
        event_days: 14,
        event_retention_days: 400,
        event_minutes: 5,
        slice_pages: SyncOptions::SLICE_PAGES,
        cost_hours: 8,
        always_regions: Vec::new(),
        operator: "bench".into(),
        only: None,
    }
}

fn owner() -> LockOwner {
    LockOwner { user: "bench".into(), pid: std::process::id(), tty: "no terminal".into(), since: now() }
}

fn secret() -> SecretSlice<u8> {
    SecretSlice::from(vec![7u8; 32])
}

/// A new vault in a directory.
pub fn vault(dir: &Path) -> Arc<Vault> {
    Arc::new(Vault::create(dir, Unlock::CredentialFile(&secret()), KdfCost::default(), &owner()).expect("a vault"))
}

/// Reads the whole fleet into a new vault and holds what came against what there is.
pub fn run(simulator: &mut Simulator, shape: Shape, world: &World, lookup: Duration) -> Run {
    let base = tempfile::tempdir().expect("a temporary directory");
    let dir = base.path().join("vault");
    let vault = vault(&dir);
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(now()));
    let desk = Desk::new(vault.clone(), Arc::new(Checks::builtin().expect("the built-in checks load")), clock);
    fleet::onboard(&desk, world, now()).expect("onboarded");
    read_at(&vault, if shape.essential { Depth::Essential } else { Depth::Full });
    drop(desk);
    drop(vault);
    let before = simulator.counts();
    let task = json!([dir, simulator.url, lookup]).to_string();
    let this = std::env::current_exe().expect("this program");
    let output = Command::new(this).env(READ, task).stderr(Stdio::inherit()).output().expect("runs");
    assert!(output.status.success(), "the sync failed");
    let mut run: Run = serde_json::from_slice(&output.stdout).expect("what it took");
    run.requests = simulator.counts().since(&before);
    run.stored_mib = size(&dir) >> 20;
    // Measured is only what did the whole work.
    if shape.regions > 0 {
        assert_eq!(run.events, (shape.accounts * shape.pages * 50) as u64, "every event is stored");
    }
    assert_eq!(run.counted + 1, run.requests.total(), "the caller's own identity comes besides");
    run
}

/// Does the sync, if this process was started for it.
pub fn read_if_asked() -> bool {
    let Ok(task) = std::env::var(READ) else { return false };
    let (dir, url, lookup): (PathBuf, String, Duration) = serde_json::from_str(&task).expect("a task");
    let vault = Arc::new(Vault::open(&dir, Unlock::CredentialFile(&secret()), &owner()).expect("opens"));
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(now()));
    let checks = Arc::new(Checks::builtin().expect("the built-in checks load"));
    // As the program's own.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(2).build().expect("a runtime");
    // The memory that the key derivation took is still counted as resident, though it is free.
    forget_peak();
    let rest_mib = resident_mib();
    let (began, cpu) = (Instant::now(), cpu_time());
    let summary = runtime.block_on(async {
        let cloud = SdkCloud::connect(BaseCredentials::Simulator { url }, clock.clone()).await;
        sync::run(cloud, vault, checks, clock, options(lookup), Box::new(|_| {})).await
    });
    let (wall, cpu) = (began.elapsed(), cpu_time() - cpu);
    let summary = summary.expect("a sync");
    assert_eq!((summary.jobs_failed, summary.jobs_partial), (0, 0), "{:?}", summary.failures.first());
    let run = Run {
        wall,
        cpu,
        requests: Counts::default(),
        counted: summary.requests.total(),
        events: summary.events,
        cost_cells: summary.cost_cells,
        rest_mib,
        peak_mib: peak_mib(),
        stored_mib: 0,
    };
    println!("{}", json!(run));
    true
}

/// Sets how deep the events of all connections are read.
fn read_at(vault: &Arc<Vault>, depth: Depth) {
    for client in vault.clients() {
        let store = ClientStore::new(vault.clone(), client);
        let mut connections = store.connections().expect("connections");
        connections.iter_mut().for_each(|connection| connection.depth = depth);
        let mut draft = store.draft();
        draft.connections(&connections).expect("drafted");
        draft.commit().expect("committed");
    }
}

fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).expect("a directory").filter_map(Result::ok);
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
