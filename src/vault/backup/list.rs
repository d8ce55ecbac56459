//! The backup directory: what is in it, as far as that can be told without a secret.

use super::{
    BackupError,
    name::BackupName,
    records::{self, NAME},
};
use crate::domain::{Timestamp, Untrusted};
use crate::vault::{
    VaultError, disk,
    header::{COPIES, Header},
    key::VaultId,
    space,
};
use std::{
    fmt::Write as _,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Begins the name of a backup that is being made or removed.
const TEMPORARY: &str = ".tmp-";

/// A directory with backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backups {
    pub(super) dir: PathBuf,
    /// Where it is missing, it is out of reach and not empty.
    pub(super) elsewhere: bool,
}

/// One backup, as far as it can be told without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupInfo {
    /// The name of its directory, safe to print.
    pub name: String,
    /// Its directory.
    pub path: PathBuf,
    /// When it was made.
    pub made_at: Timestamp,
    /// Bytes it takes.
    pub bytes: u64,
    /// Records in it.
    pub records: u64,
    /// Why it cannot be used, as far as can be seen from outside; `None` if it looks whole.
    pub problem: Option<String>,
    /// Whose it says it is.
    pub(super) vault: Option<VaultId>,
    /// `None` for a backup under a name of somebody's own: such a one is never pruned.
    pub(super) named: Option<BackupName>,
}

impl Backups {
    /// The place that bailiwick makes itself: where it does not exist, there is no backup yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), elsewhere: false }
    }

    /// A place somebody chose: where it does not exist, it may be a disk that is not there at the moment.
    pub fn elsewhere(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), elsewhere: true }
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// All backups, the newest first, also those that were cut short or cannot be read.
    pub fn list(&self) -> Result<Vec<BackupInfo>, VaultError> {
        let mut all: Vec<BackupInfo> = self.directories()?.iter().map(|dir| BackupInfo::look(dir)).collect();
        all.sort_by(|a, b| (b.made_at, b.named, &b.name).cmp(&(a.made_at, a.named, &a.name)));
        Ok(all)
    }

    /// The newest that looks whole.
    pub fn newest(&self) -> Result<BackupInfo, VaultError> {
        let newest = self.list()?.into_iter().find(|backup| backup.problem.is_none());
        newest.ok_or_else(|| BackupError::None { dir: self.dir.clone() }.into())
    }

    /// One by its name, or anywhere by its path.
    pub fn find(&self, name_or_path: &str) -> Result<BackupInfo, VaultError> {
        let path = if name_or_path.contains('/') { name_or_path.into() } else { self.dir.join(name_or_path) };
        let plain = name_or_path != "." && name_or_path != ".." && !name_or_path.is_empty();
        if plain && holds_backup(&path) {
            return Ok(BackupInfo::look(&path));
        }
        Err(BackupError::NotFound { name: Untrusted::from(name_or_path).for_tui(200), dir: self.dir.clone() }.into())
    }

    /// The directories that hold a backup or a part of one.
    pub(super) fn directories(&self) -> Result<Vec<PathBuf>, VaultError> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound && !self.elsewhere => return Ok(Vec::new()),
            Err(e) => return Err(VaultError::io("list", &self.dir)(e)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(VaultError::io("list", &self.dir))?.path();
            if holds_backup(&path) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Makes the directory if it is missing.
    pub(super) fn make(&self) -> Result<(), VaultError> {
        if self.dir.is_dir() { Ok(()) } else { disk::make_private_dir(&self.dir) }
    }

    /// Removes what a process of this vault that was ended has left half made or half removed.
    pub(super) fn sweep(&self, vault: &VaultId) -> Result<(), VaultError> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Ok(()) };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix(vault)) {
                disk::remove_dir(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Where a backup is made, or goes before it is removed.
    pub(super) fn temporary(&self, vault: &VaultId, name: &str) -> PathBuf {
        self.dir.join(format!("{}{name}", prefix(vault)))
    }

    /// A name nobody has yet.
    pub(super) fn free_name(&self, made_at: Timestamp, epoch: u64) -> BackupName {
        let taken = |name: &BackupName| self.dir.join(name.to_string()).symlink_metadata().is_ok();
        let mut name = BackupName { made_at, epoch, nth: 1 };
        while taken(&name) {
            name.nth += 1;
        }
        name
    }
}

/// Refuses what takes about `bytes` in `dir` where there is too little space.
pub(super) fn room_for(dir: &Path, bytes: u64) -> Result<(), VaultError> {
    let (free, reserve) = space::room(dir)?;
    let need = bytes.saturating_add(reserve);
    if free < need { Err(BackupError::NoRoom { dir: dir.to_owned(), free, need }.into()) } else { Ok(()) }
}

fn prefix(vault: &VaultId) -> String {
    let mut text = TEMPORARY.to_owned();
    for byte in vault {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('-');
    text
}

fn holds_backup(path: &Path) -> bool {
    COPIES.iter().chain([&NAME]).any(|file| path.join(file).symlink_metadata().is_ok())
}

impl BackupInfo {
    /// Looks at a backup from outside.
    pub(super) fn look(path: &Path) -> Self {
        let text = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let named: Option<BackupName> = text.parse().ok();
        let bytes = disk::size_of(path).unwrap_or(0);
        let (mut vault, mut records, mut made_at) = (None, 0, None);
        let mut problem = match Header::vault_of(path) {
            Ok(id) => {
                vault = id;
                None
            }
            Err(VaultError::HeaderDamaged { why }) => Some(why),
            Err(e) => Some(e.to_string()),
        };
        let seen = match records::glance(path) {
            Ok(Some(glance)) => {
                made_at = glance.head.map(|head| head.made_at);
                records = glance.footer.map_or(0, |footer| footer.records);
                let other = glance.head.is_some_and(|head| vault.is_some_and(|id| id != head.vault));
                match glance.whole {
                    true if other => Some("its header and its records are of two vaults".to_owned()),
                    true => None,
                    false => Some("its records are cut short or altered".to_owned()),
                }
            }
            Ok(None) => Some("its records are missing".to_owned()),
            Err(e) => Some(e.to_string()),
        };
        problem = problem.or(seen);
        if text.starts_with(TEMPORARY) {
            problem = Some("it was cut short while it was made or removed; the next backup clears it away".into());
        }
        Self {
            name: Untrusted::from(text.as_str()).for_tui(120),
            path: path.to_owned(),
            made_at: named.map(|name| name.made_at).or(made_at).unwrap_or_default(),
            bytes,
            records,
            problem,
            vault,
            named,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_with_too_little_room_is_refused_in_its_own_words() {
        let dir = tempfile::tempdir().unwrap();
        room_for(dir.path(), 1).unwrap();
        let error = room_for(dir.path(), u64::MAX / 2).unwrap_err();
        assert!(matches!(&error, VaultError::Backup(BackupError::NoRoom { .. })), "{error}");
        assert!(error.to_string().contains("MiB free and this needs"), "{error}");
    }
}
