//! The embedded store. The only file that knows sled; what was measured of sled 0.34.7 explains what it does:
//!
//! - `flush()` calls `sync_file_range` only, so a commit is acknowledged after fsync of the log, of new blob files and
//!   of their directories;
//! - damaged files can make it panic or come back empty, so every call is caught, opening happens on a thread of its
//!   own, and the directory above it checks all that is read;
//! - its background flusher wakes 11 times a second, so it is off.

use super::{VaultError, disk};
use std::{
    collections::HashSet,
    ffi::OsString,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Where a value lies: a keyed hash of its name.
pub(super) type StoreKey = [u8; 16];

/// sled's page cache, in bytes; our own caches hold what matters.
const CACHE: u64 = 16 << 20;

/// An open store.
pub(super) struct Store {
    db: sled::Db,
    dir: PathBuf,
    /// The log, for fsync.
    log: File,
    /// Blob files known to be on disk. sled never writes to one again.
    synced: Mutex<HashSet<OsString>>,
}

impl Store {
    /// Opens or creates the store in `dir`.
    pub(super) fn open(dir: &Path) -> Result<Self, VaultError> {
        let path = dir.to_owned();
        let opening = move || {
            let config = sled::Config::new().path(path).flush_every_ms(None).cache_capacity(CACHE);
            guarded("opening it", || open_unlocked(&config))
        };
        let failed = |why: String| VaultError::Store { doing: "opening it", why };
        let db = thread::Builder::new()
            .name("vault-open".into())
            .spawn(opening)
            .map_err(|e| failed(e.to_string()))?
            .join()
            .map_err(|_| failed("the thread that opened it died".into()))??;
        let log = dir.join("db");
        let log = File::open(&log).map_err(VaultError::io("open", &log))?;
        Ok(Self { db, dir: dir.to_owned(), log, synced: Mutex::default() })
    }

    /// The value at a key.
    pub(super) fn get(&self, key: &StoreKey) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(guarded("reading", || self.db.get(key))?.map(|value| value.to_vec()))
    }

    /// Applies all writes or none; `None` removes. Not durable before [`flush`](Self::flush).
    pub(super) fn apply(&self, writes: Vec<(StoreKey, Option<Vec<u8>>)>) -> Result<(), VaultError> {
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            match value {
                Some(bytes) => batch.insert(&key, bytes),
                None => batch.remove(&key),
            }
        }
        guarded("writing", || self.db.apply_batch(batch))
    }

    /// Returns once everything applied is on disk.
    pub(super) fn flush(&self) -> Result<(), VaultError> {
        guarded("flushing", || self.db.flush())?;
        self.log.sync_all().map_err(VaultError::io("sync", self.dir.join("db")))?;
        self.sync_new_blobs()?;
        disk::sync_dir(&self.dir)
    }

    fn sync_new_blobs(&self) -> Result<(), VaultError> {
        let blobs = self.dir.join("blobs");
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = HashSet::new();
        let mut fresh = false;
        for file in std::fs::read_dir(&blobs).map_err(VaultError::io("list", &blobs))? {
            let file = file.map_err(VaultError::io("list", &blobs))?;
            let name = file.file_name();
            if !synced.contains(&name) {
                match File::open(file.path()).and_then(|f| f.sync_all()) {
                    // sled itself removes blobs it no longer needs.
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(VaultError::io("sync", file.path())(e));
                    }
                    _ => fresh = true,
                }
            }
            found.insert(name);
        }
        *synced = found;
        if fresh { disk::sync_dir(&blobs) } else { Ok(()) }
    }

    /// Every key, for tests that damage the store.
    #[cfg(test)]
    pub(super) fn keys(&self) -> Vec<StoreKey> {
        self.db.iter().keys().map(|k| k.unwrap().as_ref().try_into().unwrap()).collect()
    }
}

/// Opens, waiting up to a second for sled's own lock. The vault's lock is already ours, so sled's can only be held by a
/// process that was forked a moment ago and has not yet become another program.
fn open_unlocked(config: &sled::Config) -> sled::Result<sled::Db> {
    let mut tries = 0;
    loop {
        match config.open() {
            Err(sled::Error::Io(e)) if tries < 100 && e.to_string().contains("could not acquire lock") => {
                tries += 1;
                thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// Turns sled's errors and panics into ours.
fn guarded<T>(doing: &'static str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, VaultError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(VaultError::Store { doing, why: e.to_string() }),
        Err(_) => Err(VaultError::Store { doing, why: "its files do not make sense to it".into() }),
    }
}
