//! Removing backups that are no longer wanted, once the newest is known to be good.

use super::{
    BackupError, BackupInfo, Backups,
    error::in_words,
    retention::{Keep, kept},
};
use crate::domain::Timestamp;
use crate::vault::{Vault, VaultError, disk};

/// What pruning did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Names of those that stay.
    pub kept: Vec<String>,
    /// Names of those that were removed.
    pub removed: Vec<String>,
    /// Why nothing was removed, where that has a reason.
    pub why_not: Option<String>,
}

impl Vault {
    /// Removes the whole backups of this vault that `keep` does not keep. The newest is read whole before, unless it
    /// is `proven`, the one that was just made. What cannot be used, is another vault's or has a name of its own stays.
    pub fn prune_backups(
        &self,
        backups: &Backups,
        keep: Keep,
        now: Timestamp,
        proven: Option<&BackupInfo>,
    ) -> Result<Pruned, VaultError> {
        let _one = self.begin_anyway()?;
        let all = backups.list()?;
        let ours: Vec<&BackupInfo> =
            all.iter().filter(|b| b.problem.is_none() && b.vault == Some(self.id) && b.named.is_some()).collect();
        let times: Vec<Timestamp> = ours.iter().map(|b| b.made_at).collect();
        let everything = || ours.iter().map(|b| b.name.clone()).collect();
        let marks = match kept(&times, keep, now) {
            Ok(marks) => marks,
            Err(why) => return Ok(Pruned { kept: everything(), removed: Vec::new(), why_not: Some(why.to_owned()) }),
        };
        let (stay, go): (Vec<_>, Vec<_>) = ours.iter().zip(marks).partition(|(_, kept)| *kept);
        let mut pruned = Pruned { kept: stay.iter().map(|(b, _)| b.name.clone()).collect(), ..Pruned::default() };
        let Some(newest) = ours.first().filter(|_| !go.is_empty()) else { return Ok(pruned) };
        if proven.is_none_or(|proven| proven.path != newest.path) {
            let damaged = self.verify_backup(newest)?.verified.damaged;
            if !damaged.is_empty() {
                let (name, what) = (newest.name.clone(), in_words(&damaged));
                return Err(BackupError::Unusable {
                    name,
                    why: format!("it is damaged, so nothing was pruned: {what}"),
                }
                .into());
            }
        }
        for (backup, _) in go {
            // Under its temporary name it is no backup any more, whatever happens next.
            let temporary = backups.temporary(&self.id, &backup.name);
            disk::rename(&backup.path, &temporary)?;
            disk::remove_dir(&temporary)?;
            pruned.removed.push(backup.name.clone());
        }
        Ok(pruned)
    }
}
