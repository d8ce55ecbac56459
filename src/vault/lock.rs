//! One process at a time: a lock file held with flock(2), which the kernel releases however the holder ends.

use super::{VaultError, disk};
use crate::domain::{Timestamp, Untrusted};
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

const NAME: &str = "vault.lock";

/// Who holds a vault, for the person who finds it locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockOwner {
    /// Login name.
    pub user: String,
    /// Process id.
    pub pid: u32,
    /// Terminal, e.g. `pts/3`, or `no terminal`.
    pub tty: String,
    /// When it was opened.
    pub since: Timestamp,
}

/// What to do while somebody else has the lock.
#[derive(Clone, Copy)]
pub(super) enum Wait<'a> {
    /// Say who has it.
    No,
    /// Tell who has it, and wait until it is let go.
    Telling(&'a dyn Fn(&VaultError)),
}

/// The lock; dropping it lets go.
pub(super) struct Lock {
    file: File,
    /// The holder before this one did not let go of it: its process was ended.
    pub(super) was_held: bool,
}

impl Lock {
    /// Takes the lock, waits for it, or says who has it.
    pub(super) fn take(dir: &Path, owner: &LockOwner, wait: Wait<'_>) -> Result<Self, VaultError> {
        loop {
            let lock = Self::take_once(dir, owner, wait)?;
            // A restore may have put another directory here while this one waited.
            if lock.is_at(dir) {
                return Ok(lock);
            }
        }
    }

    fn is_at(&self, dir: &Path) -> bool {
        let there = std::fs::symlink_metadata(dir.join(NAME)).ok();
        let ours = self.file.metadata().ok();
        there.zip(ours).is_some_and(|(there, ours)| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
    }

    fn take_once(dir: &Path, owner: &LockOwner, wait: Wait<'_>) -> Result<Self, VaultError> {
        let path = dir.join(NAME);
        let io = |doing| VaultError::io(doing, &path);
        let mut file = disk::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io("open the lock file"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => match wait {
                Wait::No => return Err(holder(&mut file)),
                Wait::Telling(tell) => {
                    tell(&holder(&mut file));
                    flock(&file, FlockOperation::LockExclusive).map_err(|e| io("lock")(e.into()))?;
                }
            },
            Err(e) => return Err(io("lock")(e.into())),
        }
        let was_held = file.metadata().is_ok_and(|meta| meta.len() > 0);
        let one_line = |text: &str| Untrusted::from(text).for_tui(64);
        let text = format!("{}\n{}\n{}\n{}\n", one_line(&owner.user), owner.pid, one_line(&owner.tty), owner.since);
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(io("write the lock file"))?;
        Ok(Self { file, was_held })
    }
}

impl Lock {
    /// Whether the lock file names a holder that is not there any more.
    pub(super) fn was_left(dir: &Path) -> bool {
        let Ok(file) = disk::options().read(true).open(dir.join(NAME)) else { return false };
        file.metadata().is_ok_and(|meta| meta.len() > 0) && flock(&file, FlockOperation::NonBlockingLockShared).is_ok()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The emptied file only spares people a stale name. Closing alone would keep the lock while a process that was
        // just forked still has the file.
        let _ = self.file.set_len(0);
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// What the holder wrote; it may be in the middle of writing, or of an older release.
fn holder(file: &mut File) -> VaultError {
    let mut bytes = Vec::new();
    let _ = file.rewind().and_then(|()| file.take(1024).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map(|l| Untrusted::from(l).for_tui(64));
    let mut word = |missing: &str| lines.next().filter(|l| !l.is_empty()).unwrap_or_else(|| missing.to_owned());
    let user = word("another process");
    let pid = word("0").parse().unwrap_or(0);
    VaultError::InUse { user, pid, tty: word("unknown terminal"), since: word("an unknown time") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(user: &str) -> LockOwner {
        LockOwner { user: user.into(), pid: 42, tty: "pts/3".into(), since: "2026-11-22T03:00:00Z".parse().unwrap() }
    }

    #[test]
    fn the_second_opener_is_told_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::take(dir.path(), &owner("ines"), Wait::No).unwrap();
        let message = Lock::take(dir.path(), &owner("joao"), Wait::No).err().unwrap().to_string();
        assert!(
            message.starts_with("the vault is in use by ines (pid 42, pts/3) since 2026-11-22T03:00:00Z"),
            "{message}"
        );
        drop(held);
        Lock::take(dir.path(), &owner("joao"), Wait::No).unwrap();
    }

    #[test]
    fn whoever_waits_is_told_and_gets_it_when_it_is_let_go() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::take(dir.path(), &owner("ines"), Wait::No).unwrap();
        std::thread::scope(|threads| {
            let (told, hear) = std::sync::mpsc::channel();
            let waiting = threads.spawn(move || {
                let tell = |e: &VaultError| told.send(e.to_string()).unwrap();
                Lock::take(dir.path(), &owner("joao"), Wait::Telling(&tell)).map(|lock| lock.was_held)
            });
            assert!(hear.recv().unwrap().contains("in use by ines"));
            drop(held);
            assert!(!waiting.join().unwrap().unwrap());
        });
    }

    #[test]
    fn a_holder_that_was_ended_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!Lock::take(dir.path(), &owner("ines"), Wait::No).unwrap().was_held);
        assert!(!Lock::take(dir.path(), &owner("ines"), Wait::No).unwrap().was_held);
        std::fs::write(dir.path().join(NAME), b"ines\n7\n").unwrap();
        assert!(Lock::take(dir.path(), &owner("joao"), Wait::No).unwrap().was_held);
    }

    #[test]
    fn a_hostile_lock_file_cannot_paint_the_terminal() {
        let dir = tempfile::tempdir().unwrap();
        let _held = Lock::take(dir.path(), &owner("x"), Wait::No).unwrap();
        std::fs::write(dir.path().join(NAME), b"\x1b[31mroot\nnot a number\n").unwrap();
        let message = Lock::take(dir.path(), &owner("joao"), Wait::No).err().unwrap().to_string();
        assert!(!message.contains('\u{1b}') && message.contains("unknown terminal"), "{message}");
    }
}
