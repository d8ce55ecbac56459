//! A restored vault is a new incarnation: every owner gets a new key, and the manifest is sealed under the new one, so
//! that nothing of the future that the restore abandoned can be passed off as part of it. The earlier keys stay, for
//! reading what the backup held.

use super::{check::OpenBackup, refresh::deleted_in};
use crate::domain::Timestamp;
use crate::vault::{
    Scope, Unlock, VaultError,
    directory::Owner,
    header::{Header, OwnerId, VAULT_OWNER},
    key::{SecretKey, VaultId},
    manifest::{Manifest, no_key},
    open::{for_manifests, open_ring},
    rotate::next_generation,
    store::{Blocks, StoreKey},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// What is known of the vault that is to be replaced.
pub(super) struct Replaced {
    header: Header,
    root: Arc<SecretKey>,
    /// Its manifest's epoch, as far as it could be read.
    epoch: u64,
}

/// A store with nothing in it: what the mirrors say is enough.
struct Nothing;

impl Blocks for Nothing {
    fn block(&self, _: &StoreKey) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(None)
    }
}

impl Replaced {
    /// Reads the live vault's header with the secret of the restore; says why not otherwise.
    pub(super) fn read(live: &Path, unlock: Unlock<'_>, vault: &VaultId) -> Result<Self, String> {
        let opened = Header::load(live, unlock).map_err(|e| e.to_string())?;
        if opened.header.vault != *vault {
            return Err("the vault that was here is another one".into());
        }
        let epoch = open_ring(&opened.header, &opened.root).ok().and_then(|owners| {
            let own = for_manifests(owners.get(&Scope::Vault)?, &opened.header);
            Manifest::load(live, &Nothing, vault, &own).ok().map(|loaded| loaded.manifest.epoch)
        });
        Ok(Self { header: opened.header, root: Arc::new(opened.root), epoch: epoch.unwrap_or(0) })
    }
}

/// What the restored vault begins with.
pub(super) struct Incarnation {
    pub(super) header: Header,
    pub(super) root: Arc<SecretKey>,
    pub(super) owners: BTreeMap<Scope, Arc<Owner>>,
    pub(super) manifest: Manifest,
    /// Clients and connections of the backup that stay deleted.
    pub(super) dropped: usize,
}

impl Incarnation {
    /// From a backup, its manifest, and the vault it replaces, if that is the same one. Slots and root key are those
    /// of the latter: a secret that was taken away does not come back.
    pub(super) fn of(
        backup: &OpenBackup,
        mut manifest: Manifest,
        replaced: Option<&Replaced>,
    ) -> Result<Self, VaultError> {
        let mut header = backup.header.clone();
        let mut root = backup.root.clone();
        let mut deleted: BTreeMap<OwnerId, Timestamp> = header.deleted.clone();
        if let Some(live) = replaced {
            deleted.extend(live.header.deleted.iter().map(|(id, at)| (*id, *at)));
            header.slots.clone_from(&live.header.slots);
            header.work.backups = live.header.work.backups;
            header.work.previous_root.clone_from(&live.header.work.previous_root);
            header.epoch = header.epoch.max(live.header.epoch);
            manifest.epoch = manifest.epoch.max(live.epoch);
            root = live.root.clone();
        }
        let gone = deleted_in(&header, &backup.root, &deleted.keys().copied().collect::<BTreeSet<_>>())?;
        header.ring.retain(|key| !gone.contains(&key.owner));
        for key in &mut header.ring {
            let damaged = || VaultError::HeaderDamaged { why: "a wrapped key does not open".into() };
            *key = key.rewrapped(&header.vault, &backup.root, &root).ok_or_else(damaged)?;
        }
        header.deleted = deleted;
        header.epoch += 1;
        for owner in open_ring(&header, &root)?.values() {
            let (_, ring_key) = next_generation(&header.ring, &header.vault, &root, owner)?;
            header.ring.push(ring_key);
        }
        let newest = |id: &OwnerId| header.ring.iter().filter(|k| k.owner == *id).map(|k| k.generation).max();
        // What was being sealed anew still is, now under the newest key. The vault's own is not: only manifests under
        // its new key may count.
        header.work.rotating = std::mem::take(&mut header.work.rotating)
            .into_iter()
            .filter(|(id, _)| *id != VAULT_OWNER)
            .filter_map(|(id, _)| newest(&id).map(|generation| (id, generation)))
            .collect();
        let owners = open_ring(&header, &root)?;
        manifest.owners.retain(|id, _| owners.values().any(|owner| owner.id == *id));
        manifest.header_epoch = header.epoch;
        manifest.epoch += 1;
        let (generation, _) = owners.get(&Scope::Vault).and_then(|own| own.current()).ok_or_else(no_key)?;
        manifest.owners.entry(VAULT_OWNER).or_default().count(&Scope::Vault, generation, 1)?;
        Ok(Self { header, root, owners, manifest, dropped: gone.len() })
    }

    pub(super) fn own(&self) -> Result<&Arc<Owner>, VaultError> {
        self.owners.get(&Scope::Vault).ok_or_else(no_key)
    }
}
