//! Reading, listing and committing records of an open vault.

use super::{
    Batch, Name, Opened, Scope, Vault, VaultError,
    batch::Edit,
    directory::{Directory, Owner},
    header::Header,
    key::random,
    manifest::{Manifest, Root, no_key},
    open::new_owner,
    rewrite::{Rewrite, Write},
};
use crate::domain::ClientId;
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard, PoisonError, RwLockReadGuard, atomic::Ordering},
};

/// What an open vault knows; readers see it and the store move together.
pub(super) struct State {
    pub(super) header: Header,
    pub(super) owners: BTreeMap<Scope, Arc<Owner>>,
    pub(super) manifest: Manifest,
}

impl State {
    fn owner(&self, scope: &Scope) -> Result<&Arc<Owner>, VaultError> {
        self.owners.get(scope).ok_or_else(|| match scope {
            Scope::Client(id) => VaultError::UnknownClient(id.clone()),
            Scope::Vault => no_key(),
        })
    }

    fn root(&self, owner: &Owner) -> Option<&super::page::PageRef> {
        self.manifest.owners.get(&owner.id).and_then(|root| root.page.as_ref())
    }
}

impl Vault {
    /// The clients of this vault, in the order of their ids.
    pub fn clients(&self) -> Vec<ClientId> {
        let state = self.state();
        let ids = state.owners.keys().filter_map(|scope| match scope {
            Scope::Client(id) => Some(id.clone()),
            Scope::Vault => None,
        });
        ids.collect()
    }

    /// Adds a client with a key of its own; durable when it returns.
    pub fn add_client(&self, id: &ClientId) -> Result<(), VaultError> {
        let _one = self.begin()?;
        let scope = Scope::Client(id.clone());
        let (mut header, mut manifest) = {
            let state = self.state();
            if state.owners.contains_key(&scope) {
                return Err(VaultError::ClientExists(id.clone()));
            }
            (state.header.clone(), state.manifest.clone())
        };
        let (ring_key, owner) = new_owner(&self.id, &self.root, random()?, scope.clone())?;
        header.ring.push(ring_key);
        header.epoch += 1;
        manifest.header_epoch = header.epoch;
        manifest.owners.insert(owner.id, Root::default());
        // The key first: a commit must never speak of a client whose key is not on disk.
        self.or_stop(header.save(&self.dir, &self.root))?;
        self.publish(manifest, Vec::new(), |state| {
            state.header = header;
            state.owners.insert(scope, Arc::new(owner));
        })
    }

    /// A record; `None` only if the authenticated directory says that there is none. A record that should be there and
    /// is missing, old or altered is an error that names it.
    pub fn get(&self, scope: &Scope, name: &Name) -> Result<Option<Opened>, VaultError> {
        self.check_running()?;
        let state = self.state();
        let owner = state.owner(scope)?;
        let directory = self.directory(owner);
        match directory.find(state.root(owner), name)? {
            Some(entry) => directory.read(name, &entry).map(Some),
            None => Ok(None),
        }
    }

    /// A record that was put with [`Batch::put_record`] under this schema.
    pub fn get_record<T: DeserializeOwned>(
        &self,
        scope: &Scope,
        name: &Name,
        schema: u16,
    ) -> Result<Option<T>, VaultError> {
        let Some(opened) = self.get(scope, name)? else { return Ok(None) };
        if opened.schema != schema {
            return Err(VaultError::Schema { name: name.to_string(), found: opened.schema, wanted: schema });
        }
        let codec =
            |e: postcard::Error| VaultError::Codec { name: name.to_string(), done: "decoded", why: e.to_string() };
        postcard::from_bytes(&opened.bytes).map(Some).map_err(codec)
    }

    /// The names that start with `prefix`, in order; from the directory alone, no record is read.
    pub fn list(&self, scope: &Scope, prefix: &str) -> Result<Vec<Name>, VaultError> {
        self.check_running()?;
        let state = self.state();
        let owner = state.owner(scope)?;
        let mut names = Vec::new();
        if let Some(root) = state.root(owner) {
            self.directory(owner).list(root, prefix, &mut names)?;
        }
        Ok(names)
    }

    /// Commits all changes or none; they are on disk when it returns. Costs what it changes, not what there is.
    pub fn commit(&self, batch: Batch) -> Result<(), VaultError> {
        if batch.is_empty() {
            return Ok(());
        }
        let _one = self.begin()?;
        let (owners, mut manifest) = {
            let state = self.state();
            let owners: Result<Vec<_>, _> = batch.edits.keys().map(|scope| state.owner(scope).cloned()).collect();
            (owners?, state.manifest.clone())
        };
        let mut writes = Vec::new();
        for (owner, edits) in owners.iter().zip(batch.edits.values()) {
            let root = manifest.owners.entry(owner.id).or_default();
            writes.extend(self.rewrite(owner, root, manifest.epoch + 1, edits)?);
        }
        self.publish(manifest, writes, |_| {})
    }

    /// Rises with every commit; for caches.
    pub fn revision(&self) -> u64 {
        self.state().manifest.epoch
    }

    /// Rises whenever a record of this client changes; `None` if the client is not in this vault. For caches.
    pub fn client_revision(&self, id: &ClientId) -> Option<u64> {
        let state = self.state();
        let owner = state.owner(&Scope::Client(id.clone())).ok()?;
        Some(state.root(owner).map_or(0, |page| page.version))
    }

    /// The vault's random id, the same for ever; not a secret.
    pub fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// Seals one owner's changes and the directory pages above them.
    fn rewrite(
        &self,
        owner: &Owner,
        root: &mut Root,
        version: u64,
        edits: &BTreeMap<Name, Edit>,
    ) -> Result<Vec<Write>, VaultError> {
        let sealing = owner.current().ok_or_else(no_key)?;
        let directory = self.directory(owner);
        let mut rewrite =
            Rewrite { directory, sealing, version, next_page: root.next_page, writes: Vec::new(), sealed: 0 };
        let mut changes = Vec::with_capacity(edits.len());
        for (name, edit) in edits {
            let entry = match edit {
                Some((schema, bytes)) => Some(rewrite.seal(name, *schema, bytes)?),
                None => None,
            };
            changes.push((name.clone(), entry));
        }
        root.page = rewrite.run(root.page.as_ref(), &changes)?;
        root.next_page = rewrite.next_page;
        root.count(&owner.scope, sealing.0, rewrite.sealed)?;
        Ok(rewrite.writes)
    }

    /// Makes a new manifest and its writes the vault's state, then waits for the disk.
    fn publish(
        &self,
        mut manifest: Manifest,
        mut writes: Vec<Write>,
        change: impl FnOnce(&mut State),
    ) -> Result<(), VaultError> {
        let own = self.state().owner(&Scope::Vault)?.clone();
        let (generation, _) = own.current().ok_or_else(no_key)?;
        manifest.epoch += 1;
        manifest.owners.entry(own.id).or_default().count(&Scope::Vault, generation, 1)?;
        let sealed = manifest.seal(&self.id, &own)?;
        writes.push(sealed.write);
        let mirror = manifest.clone();
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            self.or_stop(self.store.apply(writes))?;
            state.manifest = manifest;
            change(&mut state);
        }
        self.or_stop(self.store.flush())?;
        self.or_stop(mirror.mirror(&self.dir, &sealed.bytes))
    }

    fn directory<'a>(&'a self, owner: &'a Owner) -> Directory<'a> {
        Directory { store: &self.store, cache: &self.cache, vault: &self.id, owner }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// One writer at a time.
    fn begin(&self) -> Result<MutexGuard<'_, ()>, VaultError> {
        let guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_running()?;
        Ok(guard)
    }

    fn check_running(&self) -> Result<(), VaultError> {
        if self.stopped.load(Ordering::Acquire) { Err(VaultError::Stopped) } else { Ok(()) }
    }

    /// After a failed write nobody knows what is on disk: only opening again can tell.
    fn or_stop<T>(&self, result: Result<T, VaultError>) -> Result<T, VaultError> {
        if result.is_err() {
            self.stopped.store(true, Ordering::Release);
        }
        result
    }
}
