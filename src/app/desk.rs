//! The desk over the user's vault, with what the settings say of backups.

use super::{Setting, report::Report, secret::Secret, unlock};
use crate::{
    checks::Checks,
    config::Settings,
    desk::{BackupPlan, Desk, Via},
    vault::{Backups, Keep, Vault},
};
use std::sync::Arc;

/// Where backups go and how many are kept, by the user's settings.
pub fn plan(setting: &Setting) -> Result<BackupPlan, Report> {
    let paths = setting.paths()?;
    let settings = Settings::load(&paths.config)?;
    let chosen = settings.backup_directory.as_os_str();
    Ok(BackupPlan {
        backups: if chosen.is_empty() { Backups::new(paths.backups) } else { Backups::elsewhere(chosen) },
        keep: Keep { daily: settings.backup_daily, weekly: settings.backup_weekly, monthly: settings.backup_monthly },
        automatic: settings.backup_automatic,
    })
}

/// The desk over the user's vault, for a command.
pub fn open_desk(setting: &Setting) -> Result<Desk, Report> {
    open_desk_keeping_secret(setting).map(|(desk, _)| desk)
}

/// The same for a command that needs the secret once more.
pub fn open_desk_keeping_secret(setting: &Setting) -> Result<(Desk, Secret), Report> {
    let (plan, checks) = (plan(setting)?, checks(setting)?);
    let (vault, secret) = unlock::open_keeping_secret(setting)?;
    Ok((desk(setting, Arc::new(vault), checks, plan, Via::Cli), secret))
}

/// The built-in checks and the user's own.
pub fn checks(setting: &Setting) -> Result<Arc<Checks>, Report> {
    Ok(Arc::new(Checks::with_user_rules(&setting.paths()?.config.join("checks"))?))
}

/// A desk over a vault that is open, used by the operator through something.
pub fn desk(setting: &Setting, vault: Arc<Vault>, checks: Arc<Checks>, plan: BackupPlan, via: Via) -> Desk {
    Desk::new(vault, checks, setting.clock.clone()).with_backups(plan).acting(setting.actor(via))
}
