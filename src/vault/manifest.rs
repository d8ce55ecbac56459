//! The manifest: the root of the directory of every owner. It is sealed into the store with each commit and mirrored
//! to two files in turn, so that a store that lost its last commits is found out.

use super::{
    Damage, DamageKind, Scope, VaultError,
    directory::Owner,
    disk,
    envelope::{Address, Kind, stamp},
    header::{OwnerId, VAULT_OWNER},
    key::VaultId,
    page::PageRef,
    rewrite::Write,
    store::Blocks,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path};

/// The two mirrors, written in turn.
pub(super) const MIRRORS: [&str; 2] = ["manifest.a", "manifest.b"];
pub(super) const NAME: &str = "manifest";
const SCHEMA: u16 = 1;
/// Kind of the extra with the head of the audit log.
pub(super) const AUDIT_HEAD: u16 = 1;
/// More than 65,535 owners need.
const SIZE_LIMIT: u64 = 64 << 20;
/// A generation of a key seals at most this often; with random 96-bit nonces NIST SP 800-38D allows 2^32.
pub(super) const SEAL_LIMIT: u64 = 1 << 31;

/// What the vault consists of since one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Rises by one with every commit; the version of everything the commit wrote.
    pub(super) epoch: u64,
    /// The epoch of the header when this was written; an older header is not to be believed.
    pub(super) header_epoch: u64,
    pub(super) owners: BTreeMap<OwnerId, Root>,
    /// Sections of later releases, kept as they are.
    pub(super) extras: Vec<(u16, Vec<u8>)>,
}

/// One owner's directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Root {
    /// The top page; `None` while there is no record.
    pub(super) page: Option<PageRef>,
    pub(super) next_page: u64,
    /// Cipher invocations by key generation.
    pub(super) sealed: BTreeMap<u32, u64>,
}

impl Root {
    /// Counts invocations, and refuses those beyond the limit.
    pub(super) fn count(&mut self, whose: &Scope, generation: u32, more: u64) -> Result<(), VaultError> {
        let sealed = self.sealed.entry(generation).or_default();
        let total = sealed.saturating_add(more);
        if total > SEAL_LIMIT {
            return Err(VaultError::KeyWornOut { whose: whose.to_string(), sealed: *sealed });
        }
        *sealed = total;
        Ok(())
    }
}

/// A manifest sealed for the store and the mirrors.
pub(super) struct Sealed {
    pub(super) bytes: Vec<u8>,
    pub(super) writes: Vec<Write>,
}

impl Manifest {
    pub(super) fn new(header_epoch: u64) -> Self {
        Self { epoch: 0, header_epoch, owners: BTreeMap::from([(VAULT_OWNER, Root::default())]), extras: Vec::new() }
    }

    /// A section by its kind.
    pub(super) fn extra(&self, kind: u16) -> Option<&[u8]> {
        self.extras.iter().find(|(k, _)| *k == kind).map(|(_, bytes)| bytes.as_slice())
    }

    /// Sets a section.
    pub(super) fn set_extra(&mut self, kind: u16, bytes: Vec<u8>) {
        self.extras.retain(|(k, _)| *k != kind);
        self.extras.push((kind, bytes));
    }

    pub(super) fn seal(&self, vault: &VaultId, owner: &Owner) -> Result<Sealed, VaultError> {
        let codec = |e: postcard::Error| VaultError::Codec { name: NAME.into(), done: "encoded", why: e.to_string() };
        let plain = postcard::to_stdvec(self).map_err(codec)?;
        let (generation, keys) = owner.current().ok_or_else(no_key)?;
        let (bytes, _) = address(vault, generation, self.epoch).seal(&keys.manifest, &plain)?;
        let mut writes: Vec<Write> = vec![(keys.place(Kind::Manifest, NAME), Some(bytes.clone()))];
        // Under an earlier generation it lay elsewhere.
        let earlier = owner.keys.iter().filter(|(g, _)| **g != generation);
        writes.extend(earlier.map(|(_, keys)| (keys.place(Kind::Manifest, NAME), None)));
        Ok(Sealed { bytes, writes })
    }

    /// Writes the mirror whose turn it is.
    pub(super) fn mirror(epoch: u64, dir: &Path, bytes: &[u8]) -> Result<(), VaultError> {
        let [a, b] = MIRRORS;
        disk::write(&dir.join(if epoch.is_multiple_of(2) { a } else { b }), bytes)
    }

    /// Writes both mirrors, and makes their names durable.
    pub(super) fn mirror_twice(dir: &Path, bytes: &[u8]) -> Result<(), VaultError> {
        MIRRORS.iter().try_for_each(|name| disk::write(&dir.join(name), bytes))?;
        disk::sync_dir(dir)
    }

    /// Reads all three and returns the newest that holds, with what was wrong with the others.
    pub(super) fn load(dir: &Path, store: &dyn Blocks, vault: &VaultId, owner: &Owner) -> Result<Loaded, VaultError> {
        let open = |bytes: Option<Vec<u8>>| match bytes {
            None => Err(DamageKind::Missing),
            Some(bytes) => Self::open(vault, owner, &bytes).map(|m| (m, bytes)).ok_or(DamageKind::Altered),
        };
        let stored = open(Self::sealed_in(store, owner)?);
        let mut mirrors = Vec::new();
        for name in MIRRORS {
            mirrors.push((name, open(disk::read(dir, name, SIZE_LIMIT)?)));
        }
        let newest = std::iter::once(&stored)
            .chain(mirrors.iter().map(|(_, m)| m))
            .filter_map(|m| m.as_ref().ok())
            .max_by_key(|(m, _)| m.epoch)
            .cloned();
        let damaged = |kind| Damage { whose: Scope::Vault, name: NAME.into(), kind };
        let Some((manifest, bytes)) = newest else {
            return Err(damaged(stored.err().unwrap_or(DamageKind::Missing)).into());
        };
        let store_damage = match &stored {
            Ok((m, _)) if m.epoch == manifest.epoch => None,
            Ok(_) => Some(damaged(DamageKind::Old)),
            Err(kind) => Some(damaged(*kind)),
        };
        let bad_mirrors = mirrors.iter().filter_map(|(name, m)| m.as_ref().err().map(|_| *name)).collect();
        Ok(Loaded { manifest, bytes, store_damage, bad_mirrors })
    }

    /// The one in the store alone. Outer error: the store failed. Inner error: what is wrong with it.
    pub(super) fn stored(
        store: &dyn Blocks,
        vault: &VaultId,
        owner: &Owner,
    ) -> Result<Result<Self, DamageKind>, VaultError> {
        let Some(bytes) = Self::sealed_in(store, owner)? else { return Ok(Err(DamageKind::Missing)) };
        Ok(Self::open(vault, owner, &bytes).ok_or(DamageKind::Altered))
    }

    fn sealed_in(store: &dyn Blocks, owner: &Owner) -> Result<Option<Vec<u8>>, VaultError> {
        for keys in owner.keys.values().rev() {
            if let Some(bytes) = store.block(&keys.place(Kind::Manifest, NAME))? {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    fn open(vault: &VaultId, owner: &Owner, bytes: &[u8]) -> Option<Self> {
        let (generation, version) = stamp(bytes)?;
        let keys = owner.keys.get(&generation)?;
        let plain = address(vault, generation, version).open_any(&keys.manifest, bytes)?;
        let manifest: Self = postcard::from_bytes(&plain).ok()?;
        (manifest.epoch == version).then_some(manifest)
    }
}

/// The newest manifest and the state of its copies.
pub(super) struct Loaded {
    pub(super) manifest: Manifest,
    /// Its sealed bytes.
    pub(super) bytes: Vec<u8>,
    /// The store's own manifest is missing, altered, or older than a mirror: the store lost acknowledged commits.
    pub(super) store_damage: Option<Damage>,
    /// Mirrors that cannot be read (a crash while one was written leaves one such).
    pub(super) bad_mirrors: Vec<&'static str>,
}

fn address(vault: &VaultId, generation: u32, version: u64) -> Address<'_> {
    Address { vault, owner: &VAULT_OWNER, kind: Kind::Manifest, name: NAME, generation, version, schema: SCHEMA }
}

pub(super) fn no_key() -> VaultError {
    VaultError::HeaderDamaged { why: "an owner has no key".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worn_out_key_seals_nothing_more() {
        let mut root = Root::default();
        root.count(&Scope::Vault, 1, SEAL_LIMIT).unwrap();
        assert!(matches!(root.count(&Scope::Vault, 1, 1), Err(VaultError::KeyWornOut { sealed: SEAL_LIMIT, .. })));
        root.count(&Scope::Vault, 2, 1).unwrap();
    }
}
