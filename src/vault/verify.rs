//! Looking after a vault: reading everything, dropping what is damaged, and giving back what the store no longer needs.

use super::{
    Damage, DamageKind, Name, Scope, Vault, VaultError, Verified,
    directory::{Directory, Owner, PageCache, page_name},
    disk,
    envelope::{Kind, OVERHEAD},
    manifest::no_key,
    open::NEXT_STORE,
    page::{Entry, PAGE_LIMIT},
    rewrite::{Change, Rewrite, Write},
    space,
    store::{Blocks as _, Store, StoreKey},
    walk::Step,
};
use std::{path::Path, sync::Arc};

/// The store is compacted when it takes this many times what is in it, and [`SLACK`] more.
const FACTOR: u64 = 4;
/// sled keeps some room for itself whatever is in it.
const SLACK: u64 = 32 << 20;
/// Bytes copied into a new store in one go: one of sled's segments. With 4 MiB the files of records of a few KiB were a
/// quarter larger; with records of 100 KiB it makes no clear difference.
const COPIED_AT_ONCE: usize = 512 << 10;

/// What compaction did, in bytes of the store's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

impl Vault {
    /// Reads every record and directory page. Commits wait, owner by owner.
    pub fn verify(&self) -> Result<Verified, VaultError> {
        let mut report = Verified::default();
        for owner in self.all_owners() {
            let _one = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // Pages are read again, not taken from memory.
            let cache = PageCache::default();
            let directory = Directory { cache: &cache, ..self.directory(&owner) };
            let at = self.state().root(&owner).cloned();
            directory.verify(at.as_ref(), &mut report)?;
        }
        Ok(report)
    }

    /// Records, as the directory counts them.
    pub fn records(&self) -> u64 {
        let state = self.state();
        state.manifest.owners.values().filter_map(|root| root.page.as_ref()).map(|page| page.count).sum()
    }

    /// Bytes of all files of the vault.
    pub fn size(&self) -> Result<u64, VaultError> {
        disk::size_of(&self.dir)
    }

    /// Takes what is damaged out of the directory and says what it was: from then on it is absent, not damaged. Nothing
    /// else changes. Where a page was lost, the records below it are not known by name.
    pub fn repair(&self) -> Result<Vec<Damage>, VaultError> {
        let mut lost = Vec::new();
        for owner in self.all_owners() {
            let _one = self.begin()?;
            let at = self.state().root(&owner).cloned();
            let Some(at) = at else { continue };
            let cache = PageCache::default();
            let directory = Directory { cache: &cache, ..self.directory(&owner) };
            let (kept, places, damaged) = survivors(&directory, &at)?;
            if damaged.is_empty() {
                continue;
            }
            let (_, mut manifest, _) = self.copies();
            let root = manifest.owners.entry(owner.id).or_default();
            let sealing = owner.current().ok_or_else(no_key)?;
            let mut writes: Vec<Write> = places.into_iter().map(|place| (place, None)).collect();
            let version = manifest.epoch + 1;
            let mut rewrite =
                Rewrite { directory, sealing, version, next_page: root.next_page, writes: Vec::new(), sealed: 0 };
            root.page = rewrite.run(None, &kept)?;
            root.next_page = rewrite.next_page;
            root.count(&owner.scope, sealing.0, rewrite.sealed)?;
            writes.append(&mut rewrite.writes);
            self.publish(manifest, writes, |_| {})?;
            self.cache.forget(&owner.id);
            lost.extend(damaged);
        }
        Ok(lost)
    }

    /// Whether the store takes much more than what is in it.
    pub fn wants_compaction(&self) -> Result<bool, VaultError> {
        let size = self.store.size()?;
        Ok(size > SLACK && size > self.live_bytes()?.saturating_mul(FACTOR).saturating_add(SLACK))
    }

    /// Copies what is in use into a new store and puts it in the place of the old one. Commits wait; an interruption
    /// leaves the old store or the new one.
    pub fn compact(&self) -> Result<Compacted, VaultError> {
        let _one = self.begin_anyway()?;
        let before = self.store.size()?;
        space::check_for(&self.dir, self.live_bytes()?.saturating_mul(2))?;
        let fresh = self.dir.join(NEXT_STORE);
        disk::remove_dir(&fresh)?;
        disk::make_private_dir(&fresh)?;
        self.copy_into(&fresh).inspect_err(|_| {
            let _ = disk::remove_dir(&fresh);
        })?;
        self.or_stop(self.store.replace(&fresh))?;
        Ok(Compacted { before, after: self.store.size()? })
    }

    fn copy_into(&self, fresh: &Path) -> Result<(), VaultError> {
        let next = Store::open(fresh)?;
        let mut piece: Vec<Write> = Vec::new();
        let mut bytes = 0;
        for key in self.all_places()? {
            if let Some(value) = self.store.block(&key)? {
                bytes += value.len();
                piece.push((key, Some(value)));
            }
            if bytes >= COPIED_AT_ONCE {
                next.apply(std::mem::take(&mut piece))?;
                bytes = 0;
            }
        }
        next.apply(piece)?;
        next.flush()
    }

    /// Every place in the store that is in use, the manifest's first, the others in order: a store that is filled in
    /// order takes half the space of one that is not.
    pub(super) fn all_places(&self) -> Result<Vec<StoreKey>, VaultError> {
        let own = self.state().owner(&Scope::Vault)?.clone();
        let (_, keys) = own.current().ok_or_else(no_key)?;
        let mut places = vec![keys.place(Kind::Manifest, super::manifest::NAME)];
        for owner in self.all_owners() {
            let at = self.state().root(&owner).cloned();
            places.extend(self.directory(&owner).places(at.as_ref())?);
        }
        places.get_mut(1..).unwrap_or_default().sort_unstable();
        Ok(places)
    }

    /// Bytes of what is in use, about.
    pub(super) fn live_bytes(&self) -> Result<u64, VaultError> {
        let mut total = 0;
        for owner in self.all_owners() {
            let Some(at) = self.state().root(&owner).cloned() else { continue };
            self.directory(&owner).walk(&at, "", &mut |step| {
                total += match step {
                    Step::Page(_) => (PAGE_LIMIT + OVERHEAD) as u64,
                    Step::Record(_, entry) => u64::from(entry.length) + OVERHEAD as u64,
                    Step::Lost(..) => 0,
                };
                Ok(())
            })?;
        }
        Ok(total)
    }

    pub(super) fn all_owners(&self) -> Vec<Arc<Owner>> {
        self.state().owners.values().cloned().collect()
    }
}

/// The records that can be read, the places of everything else that was reachable, and what is damaged.
type Survivors = (Vec<Change>, Vec<StoreKey>, Vec<Damage>);

fn survivors(directory: &Directory<'_>, at: &super::page::PageRef) -> Result<Survivors, VaultError> {
    let (mut kept, mut places, mut damaged): Survivors = Default::default();
    let place = |kind, name: &str, generation| directory.owner.keys.get(&generation).map(|keys| keys.place(kind, name));
    let mut entries: Vec<(Name, Entry)> = Vec::new();
    directory.walk(at, "", &mut |step| {
        match step {
            Step::Page(page) => places.extend(place(Kind::Page, &page_name(page.id), page.generation)),
            Step::Record(name, entry) => entries.push((name.clone(), entry.clone())),
            Step::Lost(damage, _) => damaged.push(damage),
        }
        Ok(())
    })?;
    for (name, entry) in entries {
        match directory.read(&name, &entry) {
            Ok(_) => kept.push((name, Some(entry))),
            Err(VaultError::Damaged(damage)) => {
                places.extend(place(Kind::Record, name.as_str(), entry.generation));
                damaged.push(damage);
            }
            Err(other) => return Err(other),
        }
    }
    Ok((kept, places, damaged))
}

/// Opens a store as a separate process does it after an unclean end, before the vault itself is opened: if sled cannot
/// cope with its files, that process suffers and not the one that is needed.
pub fn probe_store(vault: &Path) -> Result<u64, VaultError> {
    Store::open(&vault.join(super::open::STORE))?.walk()
}

impl DamageKind {
    /// Whether a directory page was lost, and with it the names of the records below.
    pub fn is_page(self) -> bool {
        matches!(self, Self::PageMissing | Self::PageOld | Self::PageAltered)
    }
}
