//! What can go wrong with backups.

use crate::vault::Damage;
use std::path::PathBuf;

/// A backup that could not be made, used or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No backup of this name.
    #[error("there is no backup {name} in {}: `bailiwick backup list` shows all; a path needs a / in it", dir.display())]
    NotFound {
        /// What was asked for, safe to print.
        name: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// No backup at all.
    #[error("there is no backup in {}: `bailiwick backup create` makes one", dir.display())]
    None {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The vault has damage: a backup of it would take the place of a better one.
    #[error(
        "the vault has damage, so it was not backed up and the older backups stay: {what}; run `bailiwick vault repair`, then back up again"
    )]
    VaultDamaged {
        /// What, by name.
        what: String,
    },
    /// What was written does not come back.
    #[error(
        "the backup in {} did not come back as it was written ({what}), so it was removed; check that disk, or choose another with --to",
        dir.display()
    )]
    NotKept {
        /// What, by name.
        what: String,
        /// The backup directory.
        dir: PathBuf,
    },
    /// Too little space.
    #[error(
        "{} has {} MiB free and this needs {} MiB: free space there, or choose another disk",
        dir.display(),
        free >> 20,
        need.div_ceil(1 << 20)
    )]
    NoRoom {
        /// Where.
        dir: PathBuf,
        /// Free bytes.
        free: u64,
        /// Needed bytes.
        need: u64,
    },
    /// It cannot be opened or read at all.
    #[error("the backup {name} cannot be used: {why}; `bailiwick backup list` shows the others")]
    Unusable {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// It has damage, so it was not restored.
    #[error(
        "the backup {name} is damaged, so nothing was restored and nothing was changed: {what}; `bailiwick backup list` shows the others"
    )]
    Damaged {
        /// Which.
        name: String,
        /// What, by name.
        what: String,
    },
    /// Another vault's, or under a key this vault no longer knows.
    #[error(
        "the backup {name} does not open with a key of this vault: it is another vault's, or older than the last changes of the root key; `bailiwick backup restore` opens it with its own secret"
    )]
    OtherKey {
        /// Which.
        name: String,
    },
    /// A vault stands where a restore builds.
    #[error("{} holds a vault that no restore left there: move it away, then try again", dir.display())]
    InTheWay {
        /// Where.
        dir: PathBuf,
    },
}

impl BackupError {
    /// Whether it says that something stored is damaged.
    pub(in crate::vault) fn is_damage(&self) -> bool {
        matches!(self, Self::VaultDamaged { .. } | Self::NotKept { .. } | Self::Unusable { .. } | Self::Damaged { .. })
    }
}

/// The first of what is damaged, and how many more there are.
pub(super) fn in_words(damaged: &[Damage]) -> String {
    let Some(first) = damaged.first() else { return "nothing".into() };
    let more = match damaged.len() - 1 {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    format!("{} of {}: {}{more}", first.name, first.whose, first.kind)
}
