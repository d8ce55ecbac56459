//! Backups of the vault that is open.

use super::{Action, DeskError, data::Desk};
use crate::vault::{BackupCheck, BackupInfo, Backups, Keep, Pruned, Refreshed};

/// Where backups go, how many are kept, and whether they are made by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPlan {
    /// The backup directory.
    pub backups: Backups,
    /// How many stay.
    pub keep: Keep,
    /// Whether one is made each day without being asked for.
    pub automatic: bool,
}

impl BackupPlan {
    /// The default numbers, daily by itself.
    pub fn new(backups: Backups) -> Self {
        Self { backups, keep: Keep::default(), automatic: true }
    }
}

/// What looking after the backups came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tended {
    /// The backup that was due.
    pub made: Option<BackupInfo>,
    /// Older ones that were removed.
    pub removed: Vec<String>,
    /// Why none were removed that are no longer wanted. The backup was made all the same.
    pub not_removed: Option<String>,
    /// Backups that could not be brought in line with the vault.
    pub unreachable: Vec<String>,
}

impl Desk {
    /// Makes a backup.
    pub fn back_up(&self, backups: &Backups) -> Result<BackupInfo, DeskError> {
        self.may_back_up(backups)?;
        Ok(self.vault.backup(backups, self.now())?)
    }

    /// Reads the whole of a backup of this vault.
    pub fn verify_backup(&self, backup: &BackupInfo) -> Result<BackupCheck, DeskError> {
        Ok(self.vault.verify_backup(backup)?)
    }

    /// Removes the backups that are no longer wanted.
    pub fn prune_backups(&self, plan: &BackupPlan) -> Result<Pruned, DeskError> {
        self.may_prune(&plan.backups)?;
        Ok(self.vault.prune_backups(&plan.backups, plan.keep, self.now(), None)?)
    }

    /// Brings the backups in line with the vault, if that is still to be done.
    pub fn refresh_backups(&self, plan: &BackupPlan) -> Result<Option<Refreshed>, DeskError> {
        if !self.vault.pending_work() {
            return Ok(None);
        }
        Ok(Some(self.vault.refresh_backups(&plan.backups)?))
    }

    /// What is to be done each day: finishes what is unfinished, makes a backup if one is due, removes old ones.
    pub fn tend_backups(&self, plan: &BackupPlan) -> Result<Tended, DeskError> {
        let refreshed = self.refresh_backups(plan)?;
        let mut tended = Tended { unreachable: refreshed.unwrap_or_default().unreachable, ..Tended::default() };
        if plan.automatic && self.vault.backup_is_due(&plan.backups, self.now())? {
            let made = self.back_up(&plan.backups)?;
            let prune = || -> Result<_, DeskError> {
                self.may_prune(&plan.backups)?;
                Ok(self.vault.prune_backups(&plan.backups, plan.keep, self.now(), Some(&made))?)
            };
            match prune() {
                Ok(pruned) => tended.removed = pruned.removed,
                Err(error) => tended.not_removed = Some(error.to_string()),
            }
            tended.made = Some(made);
        }
        Ok(tended)
    }

    fn may_back_up(&self, to: &Backups) -> Result<(), DeskError> {
        self.permit(Action::BackupCreate, None, &format!("in {}", to.dir().display()))
    }

    fn may_prune(&self, within: &Backups) -> Result<(), DeskError> {
        self.permit(Action::BackupPrune, None, &format!("in {}", within.dir().display()))
    }
}
