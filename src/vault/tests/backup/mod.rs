//! Backups as a caller sees them: made, damaged, restored, brought in line.

mod damage;
mod in_line;
mod making;
mod restoring;

use super::*;
use crate::vault::backup::*;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use tempfile::TempDir;

/// A place with a vault and its backups.
struct Home {
    dir: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// In memory where there is such a place: for tests that wait for the disk a thousand times.
    fn in_memory() -> Self {
        Self { dir: tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap() }
    }

    fn vault(&self) -> PathBuf {
        self.dir.path().join("vault")
    }

    fn backups(&self) -> Backups {
        Backups::new(self.dir.path().join("backups"))
    }

    /// A vault with records of all three kinds of owner.
    fn filled(&self) -> Vault {
        let vault = create(&self.vault());
        vault.add_connections(&"acme-retail".parse().unwrap(), &["111122223333".parse().unwrap()]).unwrap();
        for scope in scopes() {
            put(&vault, &scope, &[("a/1", b"one"), ("a/2", &[7; 9_000]), ("b", scope.to_string().as_bytes())]);
        }
        vault
    }
}

fn connection() -> Scope {
    Scope::Connection("acme-retail".parse().unwrap(), "111122223333".parse().unwrap())
}

fn scopes() -> [Scope; 4] {
    [Scope::Vault, client("acme-retail"), client("blue-ocean"), connection()]
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-22T02:14:55Z")
}

fn key() -> SecretSlice<u8> {
    key_file()
}

/// Every file below a directory.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

fn copy_dir(from: &Path, to: &Path) {
    disk::make_private_dir(to).unwrap();
    for (path, bytes) in contents(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        disk::make_private_dir(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
}

/// Damages one record of a client in the store.
fn damage_record(vault: &Vault, scope: &Scope, text: &str) {
    let place = vault.state().owners[scope].current().unwrap().1.place(envelope::Kind::Record, text);
    let mut sealed = vault.store.get(&place).unwrap().unwrap();
    let middle = sealed.len() / 2;
    sealed[middle] ^= 1;
    vault.store.apply(vec![(place, Some(sealed))]).unwrap();
    vault.store.flush().unwrap();
}

fn cheap() -> KdfCost {
    KdfCost::new(8 * 1024, 1, 1).unwrap()
}

const LIMIT: Duration = Duration::from_secs(60);

fn verified_by(backup: &BackupInfo, unlock: Unlock<'_>) -> Result<BackupCheck, VaultError> {
    verify_backup(backup, Path::new("/nowhere"), unlock, now())
}
