//! The sync engine on its own thread with its own single-threaded runtime: AWS work never shares a core's queue with
//! the screen, and one thread costs half the CPU per request of two.

use super::report::Report;
use crate::{
    aws::{BaseCredentials, SdkCloud},
    checks::Checks,
    config::Settings,
    domain::{ClientId, Clock, SyncEvent, SyncSummary},
    sync::{self, Caps, Control, Schedule, SyncOptions, Wanted},
    vault::Vault,
};
use std::sync::Arc;

/// Threads for what blocks: together they do about half as much again as the one that asks and reads the answers.
const BLOCKING_THREADS: usize = 2;

/// Everything a run needs.
#[derive(Clone)]
pub struct Engine {
    /// Where it stores.
    pub vault: Arc<Vault>,
    /// What judges.
    pub checks: Arc<Checks>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// The operator's own credentials.
    pub credentials: BaseCredentials,
    /// How.
    pub options: SyncOptions,
}

impl Engine {
    /// Does a run on this thread, until it is done or `stop` comes. What is committed by then is kept. `control` is a
    /// handle on it for others.
    pub fn run(
        self,
        control: Control,
        tell: impl Fn(SyncEvent) + 'static,
        stop: impl Future<Output = ()>,
    ) -> Result<SyncSummary, Report> {
        runtime()?.block_on(async {
            let run = async {
                let cloud = SdkCloud::connect(self.credentials, self.clock.clone()).await;
                sync::run_under(control, cloud, self.vault, self.checks, self.clock, self.options, Box::new(tell)).await
            };
            tokio::select! {
                done = run => Ok(done?),
                () = stop => Err(Report::failed("the sync was stopped; what was stored so far is kept")),
            }
        })
    }
}

/// A single-threaded runtime, with few threads beside it for what blocks: records are parsed and sealed there, which more
/// threads than cores do no faster, and each holds a slice of them in memory.
pub fn runtime() -> Result<tokio::runtime::Runtime, Report> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(|e| Report::failed(format!("the runtime could not start: {e}; close other programs and try again")))
}

/// When sources are read by themselves, by the user's settings.
pub fn schedule(settings: &Settings) -> Schedule {
    const HOUR: i64 = 3_600;
    Schedule::of(
        i64::from(settings.sync_events_minutes) * 60,
        i64::from(settings.sync_costs_hours) * HOUR,
        i64::from(settings.sync_accounts_hours) * HOUR,
    )
}

/// How a run is done, by the user's settings.
pub fn options(settings: &Settings, operator: &str, only: Option<ClientId>) -> SyncOptions {
    use crate::aws::{Pace, RetryPolicy};
    use std::time::Duration;
    SyncOptions {
        pace: Pace {
            lookup: Duration::from_secs_f64(1.0 / settings.lookups_per_second),
            concurrency: settings.concurrency,
            ..Pace::POLITE
        },
        retry: RetryPolicy::default(),
        event_days: settings.event_days,
        event_retention_days: settings.event_retention_days,
        event_minutes: settings.event_minutes,
        slice_pages: SyncOptions::SLICE_PAGES,
        caps: Caps { day: settings.ce_requests_per_day.into(), month: settings.ce_requests_per_month.into() },
        cost_hours: settings.cost_hours,
        always_regions: settings.always_regions.clone(),
        operator: operator.to_owned(),
        // Checked when the settings were read; empty is nobody in particular.
        trusted: settings.trusted_principal.parse().ok(),
        only,
        wanted: Wanted::Everything,
    }
}
