//! Room on the disk. sled cannot even be opened on a full disk, so a file is kept that can be given up, and writing
//! stops before the disk is full.

use super::{VaultError, disk};
use rustix::fs::{FallocateFlags, StatVfs, fallocate, statvfs};
use std::path::Path;

/// The file that is given up when the disk is full.
const BALLAST: &str = "ballast";
const MIB: u64 = 1 << 20;

/// What a vault needs of its file system, by that file system's size.
struct Need {
    /// Below so many free bytes nothing is written.
    watermark: u64,
    ballast: u64,
}

impl Need {
    fn of(fs: &StatVfs) -> Self {
        let total = fs.f_blocks.saturating_mul(fs.f_frsize);
        Self { watermark: (total / 20).clamp(2 * MIB, 64 * MIB), ballast: (total / 40).clamp(2 * MIB, 16 * MIB) }
    }
}

fn look(dir: &Path) -> Result<(u64, Need), VaultError> {
    let fs = statvfs(dir).map_err(|e| VaultError::io("ask for free space in", dir)(e.into()))?;
    Ok((fs.f_bavail.saturating_mul(fs.f_frsize), Need::of(&fs)))
}

/// Refuses when too little space is left to write safely.
pub(super) fn check(dir: &Path) -> Result<(), VaultError> {
    let (free, need) = look(dir)?;
    if free < need.watermark { Err(VaultError::LowSpace { free, need: need.watermark }) } else { Ok(()) }
}

/// Refuses what will take about `bytes` unless the watermark stays untouched.
pub(super) fn check_for(dir: &Path, bytes: u64) -> Result<(), VaultError> {
    let (free, need) = look(dir)?;
    let wanted = need.watermark.saturating_add(bytes);
    if free < wanted { Err(VaultError::LowSpace { free, need: wanted }) } else { Ok(()) }
}

/// Free bytes, and how many of them should stay free.
pub(super) fn room(dir: &Path) -> Result<(u64, u64), VaultError> {
    look(dir).map(|(free, need)| (free, need.watermark))
}

/// Makes the ballast if it is missing and there is plenty of room. Without it only a full disk is harder to leave, so
/// failing is no error.
pub(super) fn keep_ballast(dir: &Path) {
    let path = dir.join(BALLAST);
    let Ok((free, need)) = look(dir) else { return };
    if path.symlink_metadata().is_ok() || free < need.watermark + 2 * need.ballast {
        return;
    }
    let made = disk::options().write(true).create_new(true).open(&path);
    if made.is_ok_and(|file| fallocate(&file, FallocateFlags::empty(), 0, need.ballast).is_err()) {
        let _ = disk::remove_file(&path);
    }
}

/// Gives the ballast up; says whether there was one.
pub(super) fn release_ballast(dir: &Path) -> bool {
    std::fs::remove_file(dir.join(BALLAST)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ballast_takes_real_space_and_is_given_up_once() {
        let dir = tempfile::tempdir().unwrap();
        keep_ballast(dir.path());
        let meta = std::fs::metadata(dir.path().join(BALLAST)).unwrap();
        assert!((2 * MIB..=16 * MIB).contains(&meta.len()));
        assert!(std::os::unix::fs::MetadataExt::blocks(&meta) * 512 >= meta.len());
        assert!(release_ballast(dir.path()) && !release_ballast(dir.path()));
        check(dir.path()).unwrap();
        assert!(matches!(check_for(dir.path(), u64::MAX), Err(VaultError::LowSpace { .. })));
    }
}
