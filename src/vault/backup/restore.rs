//! Bringing a backup back, on this machine or another one.

use super::{
    BackupError, BackupInfo,
    check::OpenBackup,
    error::in_words,
    incarnation::{Incarnation, Replaced},
    list::room_for,
    swap,
};
use crate::domain::Timestamp;
use crate::vault::{
    LockOwner, Scope, Unlock, Vault, VaultError, Verified,
    directory::{Directory, PageCache},
    disk,
    header::Header,
    lock::{Lock, Wait},
    manifest::Manifest,
    open::{STORE, check_together},
    rewrite::Write,
    store::{Blocks as _, Store},
};
use std::path::{Path, PathBuf};

/// Bytes copied into the new store in one go.
const COPIED_AT_ONCE: usize = 4 << 20;
/// What an empty store takes, about.
const EMPTY_STORE: u64 = 4 << 20;

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup's name.
    pub backup: String,
    /// When it was made: what came later is not in the vault.
    pub made_at: Timestamp,
    /// Where the vault that was here before is now.
    pub before: Option<PathBuf>,
    /// Records in the restored vault.
    pub records: u64,
    /// Its clients.
    pub clients: usize,
    /// What became of deletions.
    pub deletions: Deletions,
}

/// Which deletions hold after a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletions {
    /// All: those the backup knew and those made here since.
    Kept {
        /// Clients and connections that are in the backup and did not come back.
        dropped: usize,
    },
    /// Those the backup knew. What was deleted after it was made or last brought in line is back: delete it again.
    OnlyThoseOfTheBackup {
        /// Why those made since are not known.
        why: String,
    },
}

/// Puts the vault in a backup in the place of the one in `live`, if there is one; that one is kept beside it. Only the
/// backup and a secret that opens it are needed. Nothing is changed before the restored vault was read back whole.
pub fn restore_backup(
    backup: &BackupInfo,
    live: &Path,
    unlock: Unlock<'_>,
    owner: &LockOwner,
    now: Timestamp,
) -> Result<Restored, VaultError> {
    let there = live.symlink_metadata().is_ok();
    let _lock = if there {
        disk::check_private_dir(live)?;
        Some(Lock::take(live, owner, Wait::No)?)
    } else {
        None
    };
    swap::finish_restore(live, owner)?;
    let source = OpenBackup::counted(backup, live, unlock, now)?;
    let manifest = source.sound_manifest()?;
    let replaced = if Vault::exists(live) {
        Replaced::read(live, unlock, &source.header.vault)
    } else {
        Err("there was no vault here".to_owned())
    };
    let next = Incarnation::of(&source, manifest, replaced.as_ref().ok())?;

    let parent = live.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        disk::make_private_dir(parent)?;
    }
    room_for(parent, source.records.footer.map_or(0, |f| f.bytes).saturating_mul(2).saturating_add(EMPTY_STORE))?;
    let staging = swap::begin(live, now)?;
    // Held until the end: the directory has the live name before all is done.
    let _new_lock = Lock::take(&staging, owner, Wait::No)?;
    let built = build(&source, &next, &staging).and_then(|()| prove(&staging, &next, unlock, &source.name));
    let (verified, before) = match built.and_then(|verified| Ok((verified, swap::put_in_place(live)?))) {
        Ok(done) => done,
        Err(error) => {
            // After a failed exchange it is the restored vault; after a failed rename, the former one.
            if swap::is_marked(&staging) {
                let _ = disk::remove_dir(&staging);
            }
            return Err(error);
        }
    };
    let deletions = match replaced {
        Ok(_) => Deletions::Kept { dropped: next.dropped },
        Err(why) => Deletions::OnlyThoseOfTheBackup { why },
    };
    let clients = next.owners.keys().filter(|scope| matches!(scope, Scope::Client(_))).count();
    let (backup, made_at) = (backup.name.clone(), backup.made_at);
    Ok(Restored { backup, made_at, before, records: verified.records, clients, deletions })
}

/// Builds the restored vault, its header last: until then there is no vault.
fn build(source: &OpenBackup, next: &Incarnation, staging: &Path) -> Result<(), VaultError> {
    let dir = staging.join(STORE);
    disk::make_private_dir(&dir)?;
    let store = Store::open(&dir)?;
    let mut places = Vec::new();
    for owner in next.owners.values() {
        let cache = PageCache::default();
        let at = next.manifest.owners.get(&owner.id).and_then(|root| root.page.as_ref());
        places.extend(source.directory(owner, &cache).places(at)?);
    }
    // In order, as compaction fills a store.
    places.sort_unstable();
    let mut piece: Vec<Write> = Vec::new();
    let mut bytes = 0;
    for key in places {
        if let Some(value) = source.records.block(&key)? {
            bytes += value.len();
            piece.push((key, Some(value)));
        }
        if bytes >= COPIED_AT_ONCE {
            store.apply(std::mem::take(&mut piece))?;
            bytes = 0;
        }
    }
    let sealed = next.manifest.seal(&next.header.vault, next.own()?)?;
    piece.extend(sealed.writes);
    store.apply(piece)?;
    store.flush()?;
    drop(store);
    disk::sync_dir(staging)?;
    Manifest::mirror_twice(staging, &sealed.bytes)?;
    next.header.save(staging, &next.root)
}

/// Reads the restored vault as opening it would, and every record of it.
fn prove(staging: &Path, next: &Incarnation, unlock: Unlock<'_>, name: &str) -> Result<Verified, VaultError> {
    let opened = Header::load(staging, unlock)?;
    let store = Store::open(&staging.join(STORE))?;
    let vault = &opened.header.vault;
    let loaded = Manifest::load(staging, &store, vault, next.own()?)?;
    check_together(&opened.header, &next.owners, &loaded.manifest)?;
    let mut verified = Verified::default();
    verified.damaged.extend(loaded.store_damage);
    for owner in next.owners.values() {
        let cache = PageCache::default();
        let at = loaded.manifest.owners.get(&owner.id).and_then(|root| root.page.as_ref());
        Directory { store: &store, cache: &cache, vault, owner }.verify(at, &mut verified)?;
    }
    if verified.damaged.is_empty() {
        Ok(verified)
    } else {
        Err(BackupError::Damaged { name: name.to_owned(), what: in_words(&verified.damaged) }.into())
    }
}
