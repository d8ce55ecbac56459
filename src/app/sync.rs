//! `sync`: one run over everything that is due, and what is better done after it.

use super::{
    Setting, backup,
    desk::{checks, desk, plan},
    engine::{self, Engine},
    report::Report,
    secret::{self, Secret},
    stop::Stop,
    unlock,
};
use crate::{
    aws::BaseCredentials,
    cli::{self, Output, SyncArgs, SyncBar, progress, sentence},
    config::Settings,
    desk::{Desk, DeskError, SourceHealth, Via},
    domain::{SyncEvent, SyncSummary},
    sync::{Control, Wanted},
    vault::{Vault, VaultError},
};
use std::{cell::RefCell, process::ExitCode, rc::Rc, sync::Arc};

/// `sync`: 0 when every source is fresh and what is too old is removed, 1 when a part is not, 2 when nothing is fresh or
/// nothing could be read.
pub fn run(setting: &Setting, args: &SyncArgs, out: &mut Output) -> Result<ExitCode, Report> {
    read_once(setting, args, out).map_err(Report::nothing_read)
}

/// Ctrl-C while many clients are worked through: what is done is kept.
pub async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

fn read_once(setting: &Setting, args: &SyncArgs, out: &mut Output) -> Result<ExitCode, Report> {
    unlock::expect_vault(&setting.paths()?.vault)?;
    // What is wrong with them is told before a secret is asked for.
    Settings::load(&setting.paths()?.config)?;
    let secret = secret::given_or_asked(setting)?;
    read(setting, args, &secret, Wanted::Everything, &Stop::listen()?, out).map(ExitCode::from)
}

/// Opens the vault, does one run, looks after the vault and closes it. The exit code.
pub(super) fn read(
    setting: &Setting,
    args: &SyncArgs,
    secret: &Secret,
    wanted: Wanted,
    stop: &Stop,
    out: &mut Output,
) -> Result<u8, Report> {
    let paths = setting.paths()?;
    let settings = Settings::load(&paths.config)?;
    let (plan, checks) = (plan(setting)?, checks(setting)?);
    let vault = Arc::new(unlock::open_told(setting, secret)?);
    let _log = super::log::start(&paths.state);
    let only = args.client.as_ref();
    if let Some(only) = only
        && !vault.clients().contains(only)
    {
        return Err(DeskError::UnknownClient(only.clone()).into());
    }
    let desk = desk(setting, vault.clone(), checks.clone(), plan, Via::Cli);
    let mut options = engine::options(&settings, &setting.environment.user, args.client.clone());
    options.wanted = wanted;
    if args.dry_run {
        let plan = desk.sync_plan(&options)?;
        if args.json {
            out.json(&plan)
        } else {
            cli::plan(out, &plan)
        }
        return Ok(0);
    }
    if args.spend {
        let spend = desk.spend(options.caps, only)?;
        if args.json {
            out.json(&spend)
        } else {
            cli::spend(out, &spend)
        }
        return Ok(0);
    }
    if vault.was_cut_off() || !vault.notices().is_empty() {
        // What is damaged is lost anyway; dropping it lets this very run read it again.
        let repaired = desk.repair()?;
        repaired.follows.iter().for_each(|line| sentence(line));
    }
    desk.connection_warnings(only)?.iter().for_each(|w| sentence(&format!("bailiwick: warning: {w}")));
    desk.permit_sync(only, settings.event_retention_days)?;
    let engine = Engine {
        vault: vault.clone(),
        checks,
        clock: setting.clock.clone(),
        credentials: BaseCredentials::Chain,
        options,
    };
    let summary = if args.json {
        // The engine runs on this thread, so its events can be printed as they come.
        let events: Rc<RefCell<Output>> = Rc::new(RefCell::new(Output::stdout()));
        engine.run(Control::default(), move |event: SyncEvent| events.borrow_mut().json_line(&event), stop.told())?
    } else {
        let bar = RefCell::new(SyncBar::new(setting.clock.clone()));
        let summary = engine.run(Control::default(), move |event| bar.borrow_mut().hear(&event), stop.told())?;
        progress("");
        summary
    };
    let health = desk.source_health(only)?;
    if !args.json {
        tell(&desk, &summary, health, out)?;
    }
    look_after(setting, &vault, &desk, args.json, out);
    Ok(code(&summary, health))
}

/// What came of it, for people.
fn tell(desk: &Desk, summary: &SyncSummary, health: SourceHealth, out: &mut Output) -> Result<(), Report> {
    let asked = summary.jobs_done + summary.jobs_partial + summary.jobs_failed + summary.jobs_cancelled > 0;
    if !desk.clients()?.clients.iter().any(|c| c.connections > 0) {
        out.line("nothing is connected yet: `bailiwick connect CLIENT --role-arn ARN` connects the first account");
    } else if asked || !summary.purged.is_empty() {
        cli::summary(out, summary);
    } else if health.troubled == 0 {
        out.line("nothing is due: everything that is connected was read a moment ago");
    } else {
        out.line(&format!(
            "nothing is due, but {} of {} sources are not fresh: `bailiwick accounts` shows which, the next sync tries \
             them again in its time",
            health.troubled,
            health.troubled + health.fresh
        ));
    }
    Ok(())
}

/// 0 all fresh, 1 in part, 2 nothing: by what was due now and by what was not.
fn code(summary: &SyncSummary, health: SourceHealth) -> u8 {
    let unread = summary.jobs_failed + summary.jobs_partial + summary.jobs_cancelled;
    let read = summary.jobs_done + summary.jobs_partial;
    let kept_too_long = summary.purged.iter().any(|purged| purged.failure.is_some());
    match (unread, health.troubled) {
        (0, 0) => u8::from(kept_too_long),
        (1.., _) if read == 0 => 2,
        _ if health.fresh == 0 => 2,
        _ => 1,
    }
}

/// The backup of the day, and what is better done while nobody waits for a screen. Where it fails nothing is lost, the
/// next run does it, and one sentence tells of it all. A vault that stopped has told why: there is nothing to be tried.
fn look_after(setting: &Setting, vault: &Vault, desk: &Desk, json: bool, out: &mut Output) {
    let stopped = || vault.read_only().filter(|why| matches!(why, VaultError::Stopped));
    let mut undone: Vec<String> = Vec::new();
    if let Some(why) = stopped() {
        undone.push(format!("the backup of the day and tidying up are left to the next sync: {why}"));
    } else {
        undone.extend(backup::after_sync(setting, desk, json, out));
    }
    if stopped().is_none() {
        let tidied = desk.keep_glances().and_then(|()| desk.compact_if_wanted());
        undone.extend(tidied.err().map(|error| format!("the vault was not tidied up: {error}")));
    }
    if !undone.is_empty() {
        sentence(&format!("bailiwick: {}", undone.join("; ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RequestCounts, Timestamp};
    use rstest::rstest;

    #[rstest]
    #[case::all_fresh([5, 0, 0, 0], (7, 0), 0)]
    #[case::nothing_due([0, 0, 0, 0], (7, 0), 0)]
    #[case::nothing_connected([0, 0, 0, 0], (0, 0), 0)]
    #[case::nothing_due_but_one_is_stale([0, 0, 0, 0], (6, 1), 1)]
    #[case::nothing_due_and_all_are_stale([0, 0, 0, 0], (0, 7), 2)]
    #[case::one_failed([4, 0, 1, 0], (6, 1), 1)]
    #[case::one_in_part([4, 1, 0, 0], (7, 0), 1)]
    #[case::one_cancelled([4, 0, 0, 1], (7, 0), 1)]
    #[case::all_that_was_due_failed([0, 0, 2, 0], (5, 2), 2)]
    #[case::read_but_another_is_stale([4, 0, 0, 0], (6, 1), 1)]
    fn the_exit_code_follows_the_sources(#[case] jobs: [u32; 4], #[case] health: (u64, u64), #[case] expected: u8) {
        let [jobs_done, jobs_partial, jobs_failed, jobs_cancelled] = jobs;
        let at = Timestamp::from_second(0);
        let summary = SyncSummary {
            started: at,
            ended: at,
            jobs_done,
            jobs_partial,
            jobs_failed,
            jobs_cancelled,
            events: 0,
            cost_cells: 0,
            accounts: 0,
            findings: 0,
            requests: RequestCounts::default(),
            ce_spend_usd: crate::sync::price(0),
            purged: Vec::new(),
            failures: Vec::new(),
        };
        let (fresh, troubled) = health;
        assert_eq!(code(&summary, SourceHealth { fresh, troubled }), expected);
    }
}
