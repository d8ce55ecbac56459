//! `sync`: one run over everything that is due, and what is better done after it.

use super::{
    Setting, backup,
    demo::Bar,
    desk::{checks, desk, plan},
    engine::{self, Engine},
    report::Report,
    unlock,
};
use crate::{
    aws::BaseCredentials,
    cli::{self, Output, SyncArgs, progress, sentence},
    config::Settings,
    desk::{Desk, DeskError, Via},
    domain::SyncEvent,
    vault::{Vault, VaultError},
};
use std::{cell::RefCell, process::ExitCode, rc::Rc, sync::Arc};

/// `sync`: 0 when all that was due is read and what is too old is removed, 1 when a part failed, 2 when nothing could be read.
pub fn run(setting: &Setting, args: &SyncArgs, out: &mut Output) -> Result<ExitCode, Report> {
    read_once(setting, args, out).map_err(Report::nothing_read)
}

/// Ctrl-C: the run stops between two commits instead of within one.
pub async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

fn read_once(setting: &Setting, args: &SyncArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let paths = setting.paths()?;
    let settings = Settings::load(&paths.config)?;
    let (plan, checks) = (plan(setting)?, checks(setting)?);
    let vault = Arc::new(unlock::open(setting)?);
    let _log = super::log::start(&paths.state);
    if let Some(only) = &args.client
        && !vault.clients().contains(only)
    {
        return Err(DeskError::UnknownClient(only.clone()).into());
    }
    let desk = desk(setting, vault.clone(), checks.clone(), plan, Via::Cli);
    let options = engine::options(&settings, &setting.environment.user, args.client.clone());
    if args.dry_run {
        let plan = desk.sync_plan(&options)?;
        if args.json {
            out.json(&plan)
        } else {
            cli::plan(out, &plan)
        }
        return Ok(ExitCode::SUCCESS);
    }
    if vault.was_cut_off() || !vault.notices().is_empty() {
        // What is damaged is lost anyway; dropping it lets this very run read it again.
        let repaired = desk.repair()?;
        repaired.follows.iter().for_each(|line| sentence(line));
    }
    desk.connection_warnings(args.client.as_ref())?.iter().for_each(|w| sentence(&format!("bailiwick: warning: {w}")));
    desk.permit_sync(args.client.as_ref(), settings.event_retention_days)?;
    let connected = desk.clients()?.clients.iter().any(|c| c.connections > 0);
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
        engine.run(move |event: SyncEvent| events.borrow_mut().json_line(&event), interrupted())?
    } else {
        let bar = RefCell::new(Bar::default());
        let summary = engine.run(move |event| bar.borrow_mut().hear(&event), interrupted())?;
        progress("");
        if !connected {
            out.line("nothing is connected yet: `bailiwick connect CLIENT --role-arn ARN` connects the first account");
        } else if summary.jobs_done + summary.jobs_partial + summary.jobs_failed == 0 && summary.purged.is_empty() {
            out.line("nothing is due: everything that is connected was read a moment ago");
        } else {
            cli::summary(out, &summary);
        }
        summary
    };
    look_after(setting, &vault, &desk, args.json, out);
    let kept_too_long = summary.purged.iter().any(|purged| purged.failure.is_some());
    Ok(ExitCode::from(match (summary.jobs_failed + summary.jobs_partial, summary.jobs_done + summary.jobs_partial) {
        (0, _) => u8::from(kept_too_long),
        (_, 0) => 2,
        _ => 1,
    }))
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
