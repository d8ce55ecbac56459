//! Creating, opening and closing a vault.

use super::{
    KdfCost, LockOwner, Scope, Unlock, Vault, VaultError,
    directory::{Keys, Owner, PageCache},
    disk,
    header::{COPIES, Header, OwnerId, RingKey, VAULT_OWNER},
    key::{Purpose, SecretKey, VaultId, random},
    lock::Lock,
    manifest::{Loaded, Manifest, no_key},
    records::State,
    slot::Slot,
    store::Store,
};
use crate::domain::ClientId;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, RwLock, atomic::AtomicBool},
};

const STORE: &str = "store";

impl Vault {
    /// Whether `dir` holds a vault.
    pub fn exists(dir: &Path) -> bool {
        COPIES.iter().any(|name| dir.join(name).symlink_metadata().is_ok())
    }

    /// Makes a vault in `dir`, which may exist but must be empty of vaults, and opens it. `cost` is that of a
    /// passphrase slot. The header is written last: before that there is no vault.
    pub fn create(dir: &Path, unlock: Unlock<'_>, cost: KdfCost, owner: &LockOwner) -> Result<Self, VaultError> {
        if Self::exists(dir) {
            return Err(VaultError::AlreadyExists { dir: dir.to_owned() });
        }
        if dir.symlink_metadata().is_err() {
            disk::make_private_dir(dir)?;
        }
        disk::check_private_dir(dir)?;
        let lock = Lock::take(dir, owner)?;
        if dir.join(STORE).symlink_metadata().is_ok() {
            return Err(VaultError::NoHeader { dir: dir.to_owned() });
        }
        let (vault, root) = (random()?, SecretKey::random()?);
        let mut header = Header::new(vault, Slot::make(&vault, unlock, cost, &root, owner.since)?);
        let (ring_key, own) = new_owner(&vault, &root, VAULT_OWNER, Scope::Vault)?;
        header.ring.push(ring_key);

        disk::make_private_dir(&dir.join(STORE))?;
        let store = Store::open(&dir.join(STORE))?;
        let mut manifest = Manifest::new(header.epoch);
        manifest.epoch = 1;
        let sealed = manifest.seal(&vault, &own)?;
        store.apply(vec![sealed.write])?;
        store.flush()?;
        Manifest::mirror_twice(dir, &sealed.bytes)?;
        header.save(dir, &root)?;
        let state = State { header, owners: BTreeMap::from([(Scope::Vault, Arc::new(own))]), manifest };
        Ok(Self::assemble(dir, vault, root, store, state, Vec::new(), lock))
    }

    /// Opens the vault in `dir`. Damage that costs nothing (one copy of a header or manifest) is mended and told by
    /// [`Vault::notices`]; damage to records is told by whoever reads them.
    pub fn open(dir: &Path, unlock: Unlock<'_>, owner: &LockOwner) -> Result<Self, VaultError> {
        if !Self::exists(dir) {
            let dir = dir.to_owned();
            let cut_short = dir.join(STORE).symlink_metadata().is_ok();
            return Err(if cut_short { VaultError::NoHeader { dir } } else { VaultError::NotFound { dir } });
        }
        disk::check_private_dir(dir)?;
        let lock = Lock::take(dir, owner)?;
        let (header, root, header_notes) = Header::load(dir, unlock)?;
        let vault = header.vault;
        let owners = open_ring(&header, &root)?;
        disk::make_private_dir(&dir.join(STORE))?;
        disk::check_private_dir(&dir.join(STORE))?;
        let store = Store::open(&dir.join(STORE))?;
        let own = owners.get(&Scope::Vault).ok_or_else(no_key)?;
        let loaded = Manifest::load(dir, &store, &vault, own)?;
        check_together(&header, &owners, &loaded.manifest)?;
        let mut notices = mend(dir, &header, &root, header_notes, &loaded)?;
        notices.extend(loaded.store_damage.map(|damage| damage.to_string()));
        let state = State { header, owners, manifest: loaded.manifest };
        Ok(Self::assemble(dir, vault, root, store, state, notices, lock))
    }

    /// What opening found damaged, as sentences: copies that were mended, or a store that lost commits. Usually empty.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    fn assemble(
        dir: &Path,
        id: VaultId,
        root: SecretKey,
        store: Store,
        state: State,
        notices: Vec<String>,
        lock: Lock,
    ) -> Self {
        Self {
            dir: dir.to_owned(),
            id,
            root,
            state: RwLock::new(state),
            writing: Mutex::new(()),
            stopped: AtomicBool::new(false),
            cache: PageCache::default(),
            notices,
            store,
            _lock: lock,
        }
    }
}

/// A new owner with its first key.
pub(super) fn new_owner(
    vault: &VaultId,
    root: &SecretKey,
    id: OwnerId,
    scope: Scope,
) -> Result<(RingKey, Owner), VaultError> {
    let key = SecretKey::random()?;
    let label = match &scope {
        Scope::Vault => "",
        Scope::Client(client) => client.as_str(),
    };
    let ring_key = RingKey::make(vault, root, id, 1, &key, label)?;
    Ok((ring_key, Owner { id, scope, keys: BTreeMap::from([(1, keys(vault, &key))]) }))
}

fn keys(vault: &VaultId, key: &SecretKey) -> Keys {
    Keys {
        data: key.derive(vault, Purpose::Data).cipher(),
        names: key.derive(vault, Purpose::Names),
        manifest: key.derive(vault, Purpose::Manifest).cipher(),
    }
}

/// Unwraps every key of the ring and learns whose it is.
fn open_ring(header: &Header, root: &SecretKey) -> Result<BTreeMap<Scope, Arc<Owner>>, VaultError> {
    let damaged = |why: &str| VaultError::HeaderDamaged { why: why.into() };
    let mut by_id: BTreeMap<OwnerId, Owner> = BTreeMap::new();
    for ring_key in &header.ring {
        let (key, label) = ring_key.open(&header.vault, root).ok_or_else(|| damaged("a wrapped key does not open"))?;
        let scope = match ring_key.owner {
            VAULT_OWNER => Scope::Vault,
            _ => Scope::Client(label.parse::<ClientId>().map_err(|_| damaged("a client's short name is not valid"))?),
        };
        let owner =
            by_id.entry(ring_key.owner).or_insert_with(|| Owner { id: ring_key.owner, scope, keys: BTreeMap::new() });
        owner.keys.insert(ring_key.generation, keys(&header.vault, &key));
    }
    Ok(by_id.into_values().map(|owner| (owner.scope.clone(), Arc::new(owner))).collect())
}

/// Header and manifest must be of one time: an older header would hide clients or bring deleted ones back.
fn check_together(
    header: &Header,
    owners: &BTreeMap<Scope, Arc<Owner>>,
    manifest: &Manifest,
) -> Result<(), VaultError> {
    let damaged = |why: String| Err(VaultError::HeaderDamaged { why });
    if header.epoch < manifest.header_epoch {
        return damaged(format!("it is edition {}, the store expects {}", header.epoch, manifest.header_epoch));
    }
    let known = |id: &OwnerId| owners.values().any(|o| o.id == *id);
    if manifest.owners.keys().any(|id| !known(id)) {
        return damaged("the key of a client that has records is missing".into());
    }
    // A client whose key was written and whose commit was cut short: newer than the manifest, and empty.
    if header.epoch == manifest.header_epoch && owners.values().any(|o| !manifest.owners.contains_key(&o.id)) {
        return damaged("it names a client the store does not know".into());
    }
    Ok(())
}

/// Writes damaged copies again from the good ones, unless the store itself is behind: then nothing is touched.
fn mend(
    dir: &Path,
    header: &Header,
    root: &SecretKey,
    header_notes: Vec<String>,
    loaded: &Loaded,
) -> Result<Vec<String>, VaultError> {
    let mut notices: Vec<String> = Vec::new();
    let healthy = loaded.store_damage.is_none();
    let outcome = if healthy { "it was written again from the other copy" } else { "the other copy was used" };
    if !header_notes.is_empty() && healthy {
        header.save(dir, root)?;
    }
    notices.extend(header_notes.into_iter().map(|note| format!("{note}: {outcome}")));
    if !loaded.bad_mirrors.is_empty() && healthy {
        Manifest::mirror_twice(dir, &loaded.bytes)?;
    }
    let mirrors = loaded.bad_mirrors.iter();
    notices.extend(mirrors.map(|name| format!("{name} is missing, cut short or altered: {outcome}")));
    Ok(notices)
}
