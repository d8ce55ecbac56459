//! The `backup` commands, and the daily backup of `sync`.

use super::{
    Setting,
    confirm::confirm,
    desk::{open_desk, plan},
    report::Report,
    secret, unlock,
};
use crate::{
    cli::{self, BackupAction, Output},
    desk::{BackupPlan, Desk, Via, note_restore},
    vault::{BackupError, BackupInfo, Backups, Vault, VaultError, restore_backup, verify_backup},
};
use std::process::ExitCode;

/// `backup …`.
pub fn run(setting: &Setting, action: &BackupAction, out: &mut Output) -> Result<ExitCode, Report> {
    let plan = plan(setting)?;
    match action {
        BackupAction::Create { to, json } => {
            let desk = open_desk(setting)?;
            finish(&desk, &plan)?;
            let backups = to.as_ref().map_or(plan.backups, Backups::elsewhere);
            cli::backup_made(out, &desk.back_up(&backups)?, *json);
        }
        BackupAction::List { json } => cli::backups(out, &plan.backups, &plan.backups.list()?, *json),
        BackupAction::Verify { backup, json } => {
            let backup = find(&plan, backup.as_deref())?;
            let secret = secret::given_or_asked(setting)?;
            let now = setting.clock.now();
            let check = verify_backup(&backup, &setting.paths()?.vault, secret.unlock(), now)?;
            cli::backup_check(out, &backup, &check, *json);
            return Ok(ExitCode::from(u8::from(!check.verified.damaged.is_empty())));
        }
        BackupAction::Restore { backup, yes, json } => {
            let backup = find(&plan, Some(backup))?;
            let live = setting.paths()?.vault;
            if live.exists() && !yes {
                let question = format!(
                    "This puts {}, the vault of {}, in the place of the present one, which is kept beside it.",
                    backup.name, backup.made_at
                );
                confirm(&question, &backup.name, None, "--yes")?;
            }
            let secret = secret::given_or_asked(setting)?;
            let (owner, now) = (unlock::owner(setting), setting.clock.now());
            let done = restore_backup(&backup, &live, secret.unlock(), &owner, now)?;
            let restored = Vault::open(&live, secret.unlock(), &owner)?;
            restored.keep_ballast();
            note_restore(&restored, &setting.actor(Via::Cli), now, &done.backup)?;
            drop(restored);
            cli::restored(out, &done, &live, *json);
        }
        BackupAction::Prune { json } => {
            let desk = open_desk(setting)?;
            finish(&desk, &plan)?;
            cli::pruned(out, &desk.prune_backups(&plan)?, *json);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// After a sync: the backup of the day. Returns what could not be done; the sync is none the worse.
pub fn after_sync(setting: &Setting, desk: &Desk, json: bool, out: &mut Output) -> Option<String> {
    match plan(setting).and_then(|plan| Ok(desk.tend_backups(&plan)?)) {
        Ok(done) => {
            if !json {
                cli::tended(out, &done);
            }
            done.unreachable.iter().for_each(|name| say_unreachable(name));
            done.not_removed
        }
        Err(report) => Some(format!("no backup was made: {report}")),
    }
}

/// Brings the backups in line with the vault, if that was cut short or is still to be done.
fn finish(desk: &Desk, plan: &BackupPlan) -> Result<(), Report> {
    let refreshed = desk.refresh_backups(plan)?;
    refreshed.unwrap_or_default().unreachable.iter().for_each(|name| say_unreachable(name));
    Ok(())
}

fn say_unreachable(name: &str) {
    cli::sentence(&format!(
        "bailiwick: a backup still opens with former secrets and may hold what was deleted: {name}"
    ));
}

fn find(plan: &BackupPlan, which: Option<&str>) -> Result<BackupInfo, Report> {
    let found = match which {
        Some(which) => plan.backups.find(which),
        None => plan.backups.newest(),
    };
    found.map_err(|error| match error {
        VaultError::Backup(BackupError::NotFound { .. } | BackupError::None { .. }) => Report::input(error.to_string()),
        other => other.into(),
    })
}
