//! The embedded store. The only file that knows sled; what was measured of sled 0.34.7 explains what it does:
//!
//! - `flush()` calls `sync_file_range` only, so a commit is acknowledged after fsync of the log, of new blob files and
//!   of their directories;
//! - damaged files can make it panic or come back empty, so every call is caught, opening happens on a thread of its
//!   own, and the directory above it checks all that is read;
//! - a write that fails can leave a flush waiting for ever, so a flush is watched;
//! - its background flusher wakes 11 times a second, so it is off.

use super::{VaultError, disk};
use std::{
    cell::Cell,
    collections::HashSet,
    ffi::OsString,
    fs::File,
    io::Read as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError, RwLock,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// Where a value lies: a keyed hash of its name.
pub(super) type StoreKey = [u8; 16];

/// Bytes of the log that are read at once before sled opens it.
const READ_AT_ONCE: usize = 1 << 20;

/// sled's page cache, in bytes; our own caches hold what matters.
const CACHE: u64 = 16 << 20;

/// How long a flush may take before sled is nudged for the first time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sealed values by place: the store of a vault, or a backup.
pub(super) trait Blocks {
    /// The value at a key.
    fn block(&self, key: &StoreKey) -> Result<Option<Vec<u8>>, VaultError>;
}

/// An open store. Its files can be replaced while others use it.
pub(super) struct Store {
    dir: PathBuf,
    open: RwLock<Option<Files>>,
}

/// sled with what is needed to make its writes durable.
struct Files {
    db: sled::Db,
    /// The log, for fsync.
    log: File,
    /// Blob files known to be on disk. sled never writes to one again.
    synced: Mutex<HashSet<OsString>>,
}

impl Blocks for Store {
    fn block(&self, key: &StoreKey) -> Result<Option<Vec<u8>>, VaultError> {
        self.with(|files| Ok(guarded("reading", || files.db.get(key))?.map(|value| value.to_vec())))
    }
}

impl Store {
    /// Opens or creates the store in `dir`.
    pub(super) fn open(dir: &Path) -> Result<Self, VaultError> {
        Ok(Self { dir: dir.to_owned(), open: RwLock::new(Some(Files::open(dir)?)) })
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
        self.with(|files| guarded("writing", || files.db.apply_batch(batch)))
    }

    /// Returns once everything applied is on disk.
    pub(super) fn flush(&self) -> Result<(), VaultError> {
        self.with(|files| {
            guarded("flushing", || flush_awake(&files.db))?;
            files.log.sync_all().map_err(VaultError::io("sync", self.dir.join("db")))?;
            files.sync_new_blobs(&self.dir)?;
            disk::sync_dir(&self.dir)
        })
    }

    /// Takes the place of this store's files with those in `fresh`, a closed store beside it, in one step; the old ones
    /// are removed. Readers wait meanwhile.
    pub(super) fn replace(&self, fresh: &Path) -> Result<(), VaultError> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        // sled knows its files by name, so it is closed before they move.
        close(open.take());
        let moved = disk::exchange(fresh, &self.dir);
        *open = Some(Files::open(&self.dir)?);
        moved?;
        disk::remove_dir(fresh)
    }

    /// Bytes its files take, also those it will use again.
    pub(super) fn size(&self) -> Result<u64, VaultError> {
        disk::size_of(&self.dir)
    }

    /// Reads every key, so that sled itself meets whatever is wrong with its files.
    pub(super) fn walk(&self) -> Result<u64, VaultError> {
        self.with(|files| {
            let mut keys = 0;
            guarded("reading", || {
                for key in files.db.iter().keys() {
                    key?;
                    keys += 1;
                }
                Ok(())
            })?;
            Ok(keys)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&Files) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        work(open.as_ref().ok_or(VaultError::Stopped)?)
    }

    /// Every key, for tests that damage the store.
    #[cfg(test)]
    pub(super) fn keys(&self) -> Vec<StoreKey> {
        let keys =
            |files: &Files| Ok(files.db.iter().keys().map(|k| k.unwrap().as_ref().try_into().unwrap()).collect());
        self.with(keys).unwrap()
    }

    /// The value at a key, for tests that damage the store.
    #[cfg(test)]
    pub(super) fn get(&self, key: &StoreKey) -> Result<Option<Vec<u8>>, VaultError> {
        self.block(key)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        close(self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// After a failed write sled panics when it is closed; what it could not write was not acknowledged.
fn close(files: Option<Files>) {
    let closed = guarded("closing it", move || {
        // Closing flushes too, and could wait as long.
        files.as_ref().map_or(Ok(0), |files| flush_awake(&files.db)).map(|_| drop(files))
    });
    if let Err(error) = closed {
        tracing::warn!(%error, "the store did not close well");
    }
}

/// Flushes. Where a write fails, sled notes it and does not always wake who waits for that write; whoever flushes next
/// finds the note and wakes all. So while a flush takes long, another one is begun beside it.
fn flush_awake(db: &sled::Db) -> sled::Result<usize> {
    let (done, unfinished) = mpsc::channel::<()>();
    thread::scope(move |threads| {
        let watch = move || {
            let mut patience = PATIENCE;
            while unfinished.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                patience = patience.saturating_mul(2);
                let db = db.clone();
                let nudge = move || guarded("flushing", || db.flush());
                let _ = thread::Builder::new().name("sled-nudge".into()).spawn(nudge);
            }
        };
        // Without a thread for it the flush goes on unwatched.
        let _ = thread::Builder::new().name("sled-watch".into()).spawn_scoped(threads, watch);
        let flushed = db.flush();
        drop(done);
        flushed
    })
}

impl Files {
    fn open(dir: &Path) -> Result<Self, VaultError> {
        let path = dir.to_owned();
        remove_half_snapshots(dir)?;
        read_through(&dir.join("db"))?;
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
        Ok(Self { db, log, synced: Mutex::default() })
    }

    fn sync_new_blobs(&self, dir: &Path) -> Result<(), VaultError> {
        let blobs = dir.join("blobs");
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
}

/// Reads the whole log once. Where sled cannot read it at its start, it takes what follows for torn and overwrites it:
/// a disk that cannot be read must be told before that.
fn read_through(log: &Path) -> Result<(), VaultError> {
    let mut file = match disk::options().read(true).open(log) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(VaultError::io("open", log))?,
    };
    let mut piece = vec![0; READ_AT_ONCE];
    while file.read(&mut piece).map_err(VaultError::io("read", log))? > 0 {}
    Ok(())
}

/// sled takes a snapshot that it was killed while writing for its newest one, and never opens again. The one before it
/// is still there, and without any it reads its log from the start.
fn remove_half_snapshots(dir: &Path) -> Result<(), VaultError> {
    for file in std::fs::read_dir(dir).map_err(VaultError::io("list", dir))? {
        let path = file.map_err(VaultError::io("list", dir))?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            disk::remove_file(&path)?;
        }
    }
    Ok(())
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

thread_local! {
    /// Whether this thread is inside sled: its panics are caught and told as errors.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Keeps what sled panics with off the terminal; every other panic is told as before. For the start of the program.
pub(super) fn hush_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let of_sled = INSIDE.get() || thread::current().name().is_some_and(|name| name.starts_with("sled"));
        if !of_sled {
            tell(info);
        }
    }));
}

/// Turns sled's errors and panics into ours.
fn guarded<T>(doing: &'static str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, VaultError> {
    let nested = INSIDE.replace(true);
    let done = catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(nested);
    match done {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(e))) if e.kind() == std::io::ErrorKind::StorageFull => {
            Err(VaultError::DiskFull { path: "store".into() })
        }
        Ok(Err(sled::Error::Corruption { .. })) => {
            Err(VaultError::Store { doing, why: "what it reads is not what it wrote".into() })
        }
        Ok(Err(e)) => Err(VaultError::Store { doing, why: e.to_string() }),
        Err(_) => Err(VaultError::Store { doing, why: "its files do not make sense to it".into() }),
    }
}
