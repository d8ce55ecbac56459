//! Creating, opening and closing a vault.

use super::{
    KdfCost, LockOwner, Scope, Unlock, Vault, VaultError, attempts, backup,
    directory::{Keys, Owner, PageCache},
    disk,
    header::{COPIES, Header, OwnerId, Unlocked, VAULT_OWNER},
    key::{Purpose, SecretKey, VaultId, random},
    lock::{Lock, Wait},
    manifest::{Loaded, Manifest, no_key},
    records::State,
    ring::{Label, RingKey},
    slot::Slot,
    space,
    store::Store,
};
use crate::domain::ClientId;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex, RwLock, atomic::AtomicBool},
};

pub(super) const STORE: &str = "store";
/// Where compaction builds the next store.
pub(super) const NEXT_STORE: &str = "store.new";

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
        let lock = Lock::take(dir, owner, Wait::No)?;
        if dir.join(STORE).symlink_metadata().is_ok() {
            return Err(VaultError::NoHeader { dir: dir.to_owned() });
        }
        let (vault, root) = (random()?, SecretKey::random()?);
        let slot = Slot::make(&vault, unlock, cost, &root, owner.since)?;
        let opened_by = slot.id();
        let mut header = Header::new(vault, slot);
        let (ring_key, own) = new_owner(&vault, &root, VAULT_OWNER, Scope::Vault, &Label::Vault)?;
        header.ring.push(ring_key);

        disk::make_private_dir(&dir.join(STORE))?;
        let store = Store::open(&dir.join(STORE))?;
        let mut manifest = Manifest::new(header.epoch);
        manifest.epoch = 1;
        let sealed = manifest.seal(&vault, &own)?;
        store.apply(sealed.writes)?;
        store.flush()?;
        Manifest::mirror_twice(dir, &sealed.bytes)?;
        header.save(dir, &root)?;
        let owners = BTreeMap::from([(Scope::Vault, Arc::new(own))]);
        let state = State { header, root: Arc::new(root), opened_by, owners, manifest };
        Ok(Self::assemble(dir, state, store, Vec::new(), lock))
    }

    /// Opens the vault in `dir`. Damage that costs nothing (one copy of a header or manifest) is mended and told by
    /// [`Vault::notices`]; damage to records is told by whoever reads them.
    pub fn open(dir: &Path, unlock: Unlock<'_>, owner: &LockOwner) -> Result<Self, VaultError> {
        Self::open_when(dir, unlock, owner, Wait::No)
    }

    /// The same; while another process has the vault, says so once through `tell` and waits.
    pub fn open_waiting(
        dir: &Path,
        unlock: Unlock<'_>,
        owner: &LockOwner,
        tell: &dyn Fn(&VaultError),
    ) -> Result<Self, VaultError> {
        Self::open_when(dir, unlock, owner, Wait::Telling(tell))
    }

    fn open_when(dir: &Path, unlock: Unlock<'_>, owner: &LockOwner, wait: Wait<'_>) -> Result<Self, VaultError> {
        if !Self::exists(dir) {
            let dir = dir.to_owned();
            let cut_short = dir.join(STORE).symlink_metadata().is_ok();
            return Err(if cut_short { VaultError::NoHeader { dir } } else { VaultError::NotFound { dir } });
        }
        disk::check_private_dir(dir)?;
        match Self::open_once(dir, unlock, owner, wait) {
            // Even opening writes a little; the ballast makes room for that.
            Err(VaultError::DiskFull { .. }) if space::release_ballast(dir) => {
                Self::open_once(dir, unlock, owner, Wait::No)
            }
            opened => opened,
        }
    }

    fn open_once(dir: &Path, unlock: Unlock<'_>, owner: &LockOwner, wait: Wait<'_>) -> Result<Self, VaultError> {
        let lock = Lock::take(dir, owner, wait)?;
        // A restore that was cut off. Where that cannot be done, the vault itself is none the worse.
        let unfinished = backup::finish_restore(dir, owner).err();
        if unlock.is_typed() {
            attempts::begin(dir, owner.since)?;
        }
        let Unlocked { header, root, slot, notes } = Header::load(dir, unlock)?;
        if unlock.is_typed() {
            attempts::succeeded(dir)?;
        }
        let owners = open_ring(&header, &root)?;
        // A compaction that was cut off: either the next store was not complete, or it is the former one.
        disk::remove_dir(&dir.join(NEXT_STORE))?;
        disk::make_private_dir(&dir.join(STORE))?;
        disk::check_private_dir(&dir.join(STORE))?;
        let store = Store::open(&dir.join(STORE))?;
        let own = owners.get(&Scope::Vault).ok_or_else(no_key)?;
        let loaded = Manifest::load(dir, &store, &header.vault, &for_manifests(own, &header))?;
        check_together(&header, &owners, &loaded.manifest)?;
        let mut notices = mend(dir, &header, &root, notes, &loaded)?;
        notices.extend(unfinished.map(|error| error.to_string()));
        notices.extend(loaded.store_damage.as_ref().map(|damage| damage.to_string()));
        let state = State { header, root: Arc::new(root), opened_by: slot, owners, manifest: loaded.manifest };
        let vault = Self::assemble(dir, state, store, notices, lock);
        vault.finish_deletions()?;
        Ok(vault)
    }

    /// What opening found damaged, as sentences: copies that were mended, or a store that lost commits. Usually empty.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Whether the process that had it open before did not close it: then everything is worth a [`Vault::verify`].
    pub fn was_cut_off(&self) -> bool {
        self.lock.was_held
    }

    /// Whether a process seems to have ended with the vault in `dir` open, without opening it. A running one seems so
    /// too; opening it will tell.
    pub fn seems_cut_off(dir: &Path) -> bool {
        Lock::was_left(dir)
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn assemble(dir: &Path, state: State, store: Store, notices: Vec<String>, lock: Lock) -> Self {
        Self {
            dir: dir.to_owned(),
            id: state.header.vault,
            state: RwLock::new(state),
            writing: Mutex::new(()),
            stopped: AtomicBool::new(false),
            cache: PageCache::default(),
            notices,
            store,
            lock,
        }
    }
}

/// A new owner with its first key.
pub(super) fn new_owner(
    vault: &VaultId,
    root: &SecretKey,
    id: OwnerId,
    scope: Scope,
    label: &Label,
) -> Result<(RingKey, Owner), VaultError> {
    let key = SecretKey::random()?;
    let ring_key = RingKey::make(vault, root, id, 1, &key, label)?;
    Ok((ring_key, Owner { id, scope, keys: BTreeMap::from([(1, Arc::new(keys(vault, &key)))]) }))
}

pub(super) fn keys(vault: &VaultId, key: &SecretKey) -> Keys {
    Keys {
        data: key.derive(vault, Purpose::Data).cipher(),
        names: key.derive(vault, Purpose::Names),
        manifest: key.derive(vault, Purpose::Manifest).cipher(),
    }
}

/// Unwraps every key of the ring and learns whose it is.
pub(super) fn open_ring(header: &Header, root: &SecretKey) -> Result<BTreeMap<Scope, Arc<Owner>>, VaultError> {
    let damaged = |why: &str| VaultError::HeaderDamaged { why: why.into() };
    let mut opened: BTreeMap<OwnerId, (Label, BTreeMap<u32, Arc<Keys>>)> = BTreeMap::new();
    for ring_key in &header.ring {
        let (key, label) = ring_key.open(&header.vault, root).ok_or_else(|| damaged("a wrapped key does not open"))?;
        let of_owner = opened.entry(ring_key.owner).or_insert_with(|| (label, BTreeMap::new()));
        of_owner.1.insert(ring_key.generation, Arc::new(keys(&header.vault, &key)));
    }
    let clients: BTreeMap<OwnerId, ClientId> = opened
        .iter()
        .filter_map(|(id, (label, _))| match label {
            Label::Client(client) => Some((*id, client.clone())),
            _ => None,
        })
        .collect();
    let mut owners = BTreeMap::new();
    for (id, (label, keys)) in opened {
        let scope = match label {
            Label::Vault => Scope::Vault,
            Label::Client(client) => Scope::Client(client),
            Label::Connection(of, connection) => match clients.get(&of) {
                Some(client) => Scope::Connection(client.clone(), connection),
                None => return Err(damaged("a connection's client is missing")),
            },
        };
        owners.insert(scope.clone(), Arc::new(Owner { id, scope, keys }));
    }
    Ok(owners)
}

/// The keys under which a manifest counts: the current ones, and earlier ones only while the vault's own rotation is
/// under way. A manifest under an earlier key is otherwise of a past that a rotation or a restore has ended.
pub(super) fn for_manifests(own: &Owner, header: &Header) -> Owner {
    let rotating = header.work.rotating.iter().any(|(id, _)| *id == own.id);
    let counted = own.keys.iter().rev().take(if rotating { own.keys.len() } else { 1 });
    Owner { id: own.id, scope: own.scope.clone(), keys: counted.map(|(g, keys)| (*g, keys.clone())).collect() }
}

/// Header and manifest must be of one time: an older header would hide clients or bring deleted ones back.
pub(super) fn check_together(
    header: &Header,
    owners: &BTreeMap<Scope, Arc<Owner>>,
    manifest: &Manifest,
) -> Result<(), VaultError> {
    let damaged = |why: String| Err(VaultError::HeaderDamaged { why });
    if header.epoch < manifest.header_epoch {
        return damaged(format!("it is edition {}, the store expects {}", header.epoch, manifest.header_epoch));
    }
    // A deletion drops the key first: what the manifest still says of such an owner is about to go.
    let known: BTreeSet<OwnerId> = owners.values().map(|o| o.id).chain(header.deleted.keys().copied()).collect();
    if manifest.owners.keys().any(|id| !known.contains(id)) {
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
