//! The real parts put together: simulator over HTTP, SDK, sled vault, checks, sync, desk.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use bailiwick::{
    app::fleet,
    aws::{BaseCredentials, Pace, RetryPolicy, SdkCloud},
    checks::Checks,
    desk::Desk,
    domain::{Clock, SyncEvent, SyncSummary, Timestamp},
    sim::{
        events::SimEvent,
        server::{ServeOptions, SimServer},
        world::{World, WorldConfig},
    },
    sync::{self, SyncOptions},
    vault::{KdfCost, LockOwner, Unlock, Vault},
};
use secrecy::SecretSlice;
use std::{
    cell::RefCell,
    path::PathBuf,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// The present of all these tests.
pub const NOW: &str = "2026-11-22T02:14:55Z";

/// A clock that a test moves on.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst))
    }
}

/// A fleet connected to a fresh vault.
pub struct Rig {
    pub world: Arc<World>,
    pub server: SimServer,
    pub clock: Arc<TestClock>,
    pub vault: Arc<Vault>,
    pub checks: Arc<Checks>,
    pub desk: Desk,
    pub dir: tempfile::TempDir,
}

impl Rig {
    /// `events` over `accounts`, unthrottled.
    pub fn new(accounts: usize, events: usize) -> Self {
        Self::of(World::generate(WorldConfig { seed: 1, now: NOW.parse().unwrap(), accounts, events }))
    }

    /// A world that a test made, as it is at [`NOW`].
    pub fn of(world: World) -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(now.second())));
        let world = Arc::new(world);
        let server = SimServer::start(world.clone(), clock.clone(), ServeOptions::default()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let secret = SecretSlice::from(vec![7u8; 32]);
        let vault =
            Vault::create(&dir.path().join("vault"), Unlock::CredentialFile(&secret), KdfCost::default(), &owner(now));
        let vault = Arc::new(vault.unwrap());
        let checks = Arc::new(Checks::builtin().unwrap());
        let desk = Desk::new(vault.clone(), checks.clone(), clock.clone());
        fleet::onboard(&desk, &world, now).unwrap();
        Self { world, server, clock, vault, checks, desk, dir }
    }

    pub fn vault_dir(&self) -> PathBuf {
        self.dir.path().join("vault")
    }

    /// One sync against the simulator; its summary and everything it told.
    pub fn sync(&self) -> (SyncSummary, Vec<SyncEvent>) {
        self.sync_at(self.server.url())
    }

    pub fn sync_at(&self, url: String) -> (SyncSummary, Vec<SyncEvent>) {
        self.sync_with(url, options())
    }

    pub fn sync_with(&self, url: String, options: SyncOptions) -> (SyncSummary, Vec<SyncEvent>) {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let ear = heard.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let summary = runtime.block_on(async {
            let cloud = SdkCloud::connect(BaseCredentials::Simulator { url }, self.clock.clone()).await;
            let listener = Box::new(move |event| ear.borrow_mut().push(event));
            sync::run(cloud, self.vault.clone(), self.checks.clone(), self.clock.clone(), options, listener).await
        });
        (summary.unwrap(), heard.take())
    }
}

/// Whether an event is one of our own calls, which are read beside the essential ones.
pub fn is_footprint(event: &SimEvent) -> bool {
    let now: Timestamp = NOW.parse().unwrap();
    ["LookupEvents", "GetCostAndUsage", "ListAccounts"].contains(&&*event.name)
        && event.username.as_ref().is_some_and(|name| name.starts_with("bailiwick-"))
        && event.region.as_str() == "us-east-1"
        && now.since(event.time) <= 14 * 86_400
}

pub fn owner(since: Timestamp) -> LockOwner {
    LockOwner { user: "test".into(), pid: std::process::id(), tty: "no terminal".into(), since }
}

pub fn options() -> SyncOptions {
    SyncOptions {
        trusted: None,
        caps: sync::Caps::default(),
        pace: Pace { lookup: Duration::ZERO, costs: Duration::ZERO, concurrency: 32 },
        retry: RetryPolicy {
            attempts: 2,
            base: Duration::from_millis(1),
            cap: Duration::from_millis(1),
            ..RetryPolicy::default()
        },
        event_days: 14,
        event_retention_days: 400,
        event_minutes: 5,
        slice_pages: SyncOptions::SLICE_PAGES,
        cost_hours: 8,
        always_regions: Vec::new(),
        operator: "test".into(),
        only: None,
        wanted: sync::Wanted::Everything,
    }
}
