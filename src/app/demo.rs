//! The demo: simulator in process, a vault in a temporary directory, real SDK calls over real HTTP.

use super::{Setting, engine::Engine, fleet, newcomers::Newcomers, report::Report, simulator, unlock};
use crate::{
    aws::{BaseCredentials, Pace, RetryPolicy},
    checks::Checks,
    cli::{DemoArgs, Output, SyncBar, WorldArgs, progress, sentence},
    desk::{Actor, Desk, FindingScope, Via},
    domain::{FindingId, RequestCounts, SeverityCounts},
    sim::{
        server::{ServeOptions, SimServer},
        world::World,
    },
    sync::{Control, SyncOptions, Wanted},
};
use rust_decimal::Decimal;
use serde::Serialize;
use std::{cell::RefCell, process::ExitCode, sync::Arc, time::Instant};
use tempfile::TempDir;

/// Everything that makes up a demo, in the order in which it is to be dropped.
pub struct Demo {
    /// Answers questions.
    pub desk: Arc<Desk>,
    /// Reads the fleet.
    pub engine: Engine,
    /// Who makes roles for clients that are added by hand.
    pub newcomers: Option<Arc<Newcomers>>,
    /// What was planted.
    pub world: Arc<World>,
    /// The simulated AWS; stops when this is dropped.
    _server: SimServer,
    /// The vault's directory; gone when this is dropped.
    _dir: TempDir,
}

impl Demo {
    /// Builds the world, serves it, and connects all of it to a new vault. `say` hears what is being done.
    pub fn build(setting: &Setting, args: &WorldArgs, say: impl Fn(&str)) -> Result<Self, Report> {
        say("building the simulated fleet");
        let mut world = simulator::generate(setting, args);
        let clock = setting.clock.clone();
        say("creating a vault");
        let dir = tempfile::Builder::new().prefix("bailiwick-demo-").tempdir().map_err(|e| {
            Report::failed(format!("no temporary directory could be made: {e}; set TMPDIR to a writable one"))
        })?;
        let vault = Arc::new(unlock::create_throwaway(setting, &dir.path().join("vault"))?);
        let checks = Arc::new(Checks::builtin()?);
        say("connecting the clients");
        world.add_newcomers();
        let world = Arc::new(world);
        let server =
            SimServer::start(world.clone(), clock.clone(), ServeOptions { throttle: true, ..ServeOptions::default() })?;
        let newcomers = Newcomers::of(&world, server.installer()).map(Arc::new);
        let engine = Engine {
            vault,
            checks,
            clock,
            credentials: BaseCredentials::Simulator { url: server.url() },
            options: SyncOptions {
                trusted: None,
                caps: crate::sync::Caps::default(),
                pace: Pace::AWS_LIMIT,
                retry: RetryPolicy::default(),
                event_days: 14,
                event_retention_days: 400,
                event_minutes: 5,
                slice_pages: SyncOptions::SLICE_PAGES,
                cost_hours: 8,
                always_regions: Vec::new(),
                operator: "demo".into(),
                only: None,
                wanted: Wanted::Everything,
            },
        };
        let desk = Desk::new(engine.vault.clone(), engine.checks.clone(), setting.clock.clone())
            .with_sync(engine.options.clone())
            .acting(Actor::new("demo", Via::Console));
        let desk = Arc::new(desk);
        fleet::onboard(&desk, &world, setting.clock.now())?;
        Ok(Self { desk, engine, newcomers, world, _server: server, _dir: dir })
    }
}

/// What `demo --headless --json` prints.
#[derive(Debug, Serialize)]
struct Outcome {
    clients: usize,
    accounts: u64,
    cost_cells: u64,
    events: u64,
    findings: u32,
    findings_by_severity: SeverityCounts,
    requests: RequestCounts,
    ce_spend_usd: Decimal,
    seconds: f64,
    stories_found: usize,
    stories_planted: usize,
    /// Names of the planted stories without a finding.
    stories_missed: Vec<&'static str>,
}

/// The demo without the screen.
pub fn headless(setting: &Setting, args: &DemoArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let began = Instant::now();
    let demo = Demo::build(setting, &args.world, progress)?;
    let bar = RefCell::new(SyncBar::new(setting.clock.clone()));
    let hear = move |event| bar.borrow_mut().hear(&event);
    let summary = demo.engine.clone().run(Control::default(), hear, std::future::pending())?;
    progress("");
    let findings = demo.desk.findings(&FindingScope::default())?;
    let ids: Vec<FindingId> = findings.rows.iter().map(|r| r.id).collect();
    let found = fleet::stories_found(&demo.world.truth, &ids);
    let outcome = Outcome {
        clients: demo.desk.clients()?.clients.len(),
        accounts: demo.desk.accounts(None)?.rows.len() as u64,
        cost_cells: summary.cost_cells,
        events: summary.events,
        findings: findings.open.total(),
        findings_by_severity: findings.open,
        requests: summary.requests,
        ce_spend_usd: summary.ce_spend_usd,
        seconds: (began.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0,
        stories_found: found.len(),
        stories_planted: demo.world.truth.len(),
        stories_missed: demo.world.truth.iter().map(|s| s.story).filter(|s| !found.contains(s)).collect(),
    };
    if args.json {
        out.json(&outcome);
    } else {
        crate::cli::summary(out, &summary);
        out.line("");
        out.line(&format!(
            "{} of {} planted stories found in {} s",
            outcome.stories_found, outcome.stories_planted, outcome.seconds
        ));
        for story in &demo.world.truth {
            let mark = if found.contains(&story.story) { "found " } else { "MISSED" };
            out.line(&format!("  {mark}  {}  {}  {}", story.check, story.client, story.summary));
        }
    }
    if outcome.stories_found == outcome.stories_planted {
        Ok(ExitCode::SUCCESS)
    } else {
        sentence("a planted story has no finding: see stories_missed");
        Ok(ExitCode::FAILURE)
    }
}
