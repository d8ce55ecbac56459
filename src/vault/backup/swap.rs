//! Putting a restored vault in the place of the live one, so that an end at any moment leaves one of them whole.
//!
//! ```text
//! <vault>.restoring     the restored vault is built here, its header last; the file `vault.restored` says it is one
//! exchange              <vault> is the restored one now, <vault>.restoring the former one
//! rename                <vault>.restoring → <vault>.before-<time>
//! vault.restored        is removed
//! ```

use super::{BackupError, name::stamp, name::unstamp};
use crate::domain::Timestamp;
use crate::vault::{
    LockOwner, Vault, VaultError, disk,
    lock::{Lock, Wait},
};
use std::path::{Path, PathBuf};

/// Marks a vault that a restore built and has not finished putting in place; holds the time of the restore.
const MARK: &str = "vault.restored";

/// `<vault>.<what>`.
fn beside(live: &Path, what: &str) -> PathBuf {
    let mut name = live.file_name().unwrap_or(live.as_os_str()).to_os_string();
    name.push(".");
    name.push(what);
    live.with_file_name(name)
}

/// Where a restored vault is built.
pub(super) fn staging(live: &Path) -> PathBuf {
    beside(live, "restoring")
}

/// The vaults that restores have put aside.
pub(in crate::vault) fn put_aside(live: &Path) -> Vec<PathBuf> {
    let name = beside(live, "before-");
    let Some(prefix) = name.file_name().and_then(|n| n.to_str()) else { return Vec::new() };
    let parent = live.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries.filter(|e| e.file_name().to_str().is_some_and(|n| n.starts_with(prefix))).map(|e| e.path()).collect()
}

/// Whether a restore built the vault in `dir` and has not finished putting it in place.
pub(super) fn is_marked(dir: &Path) -> bool {
    dir.join(MARK).symlink_metadata().is_ok()
}

/// Makes an empty place for the restored vault, marked as one.
pub(super) fn begin(live: &Path, now: Timestamp) -> Result<PathBuf, VaultError> {
    let staging = staging(live);
    disk::make_private_dir(&staging)?;
    disk::write(&staging.join(MARK), stamp(now).as_bytes())?;
    disk::sync_dir(&staging)?;
    Ok(staging)
}

/// Puts the restored vault in its place; returns where the former one is now.
pub(super) fn put_in_place(live: &Path) -> Result<Option<PathBuf>, VaultError> {
    let staging = staging(live);
    if live.symlink_metadata().is_ok() {
        disk::exchange(&staging, live)?;
    } else {
        disk::rename(&staging, live)?;
    }
    finish(live)
}

/// Cleans up after a restore that was cut off, or finishes it. Call with the lock of `live` held, if there is one.
pub(in crate::vault) fn finish_restore(live: &Path, owner: &LockOwner) -> Result<(), VaultError> {
    let staging = staging(live);
    if staging.symlink_metadata().is_ok() && (is_marked(&staging) || !Vault::exists(&staging)) {
        // It never came into its place: the state before is the one that holds.
        let held = Lock::take(&staging, owner, Wait::No)?;
        disk::remove_dir(&staging)?;
        drop(held);
    }
    finish(live).map(|_| ())
}

fn finish(live: &Path) -> Result<Option<PathBuf>, VaultError> {
    let staging = staging(live);
    let mark = disk::read(live, MARK, 64).ok().flatten();
    let mut aside = None;
    if staging.symlink_metadata().is_ok() {
        let Some(mark) = &mark else { return Err(BackupError::InTheWay { dir: staging }.into()) };
        let time = std::str::from_utf8(mark).ok().filter(|text| unstamp(text).is_some()).unwrap_or("unknown");
        let place = free(live, time);
        disk::rename(&staging, &place)?;
        aside = Some(place);
    }
    if mark.is_some() {
        disk::remove_file(&live.join(MARK))?;
        disk::sync_dir(live)?;
    }
    Ok(aside)
}

fn free(live: &Path, time: &str) -> PathBuf {
    let mut place = beside(live, &format!("before-{time}"));
    let mut nth = 1;
    while place.symlink_metadata().is_ok() {
        nth += 1;
        place = beside(live, &format!("before-{time}-{nth}"));
    }
    place
}
