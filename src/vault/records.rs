//! Reading, listing and committing records of an open vault.

use super::{
    Batch, Name, Opened, Scope, SlotId, Vault, VaultError,
    batch::Edit,
    directory::{Directory, Owner},
    header::Header,
    key::{SecretKey, random},
    manifest::{Manifest, Root, no_key},
    open::new_owner,
    page::PageRef,
    rewrite::{Rewrite, Write},
    ring::Label,
    space,
};
use crate::domain::{ClientId, ConnectionId};
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard, PoisonError, RwLockReadGuard, atomic::Ordering},
};

/// What an open vault knows; readers see it and the store move together.
pub(super) struct State {
    pub(super) header: Header,
    pub(super) root: Arc<SecretKey>,
    /// The slot that the vault was opened through.
    pub(super) opened_by: SlotId,
    pub(super) owners: BTreeMap<Scope, Arc<Owner>>,
    pub(super) manifest: Manifest,
}

impl State {
    pub(super) fn owner(&self, scope: &Scope) -> Result<&Arc<Owner>, VaultError> {
        self.owners.get(scope).ok_or_else(|| match scope {
            Scope::Client(id) => VaultError::UnknownClient(id.clone()),
            Scope::Connection(client, id) if self.owners.contains_key(&Scope::Client(client.clone())) => {
                VaultError::UnknownConnection { client: client.clone(), connection: id.clone() }
            }
            Scope::Connection(client, _) => VaultError::UnknownClient(client.clone()),
            Scope::Vault => no_key(),
        })
    }

    pub(super) fn root(&self, owner: &Owner) -> Option<&PageRef> {
        self.manifest.owners.get(&owner.id).and_then(|root| root.page.as_ref())
    }

    /// A client and its connections.
    pub(super) fn of_client<'s>(&'s self, client: &'s ClientId) -> impl Iterator<Item = &'s Arc<Owner>> {
        let own = self.owners.get(&Scope::Client(client.clone()));
        let all = self.owners.values();
        own.into_iter().chain(all.filter(move |o| matches!(&o.scope, Scope::Connection(of, _) if of == client)))
    }
}

impl Vault {
    /// The clients of this vault, in the order of their ids.
    pub fn clients(&self) -> Vec<ClientId> {
        let state = self.state();
        let ids = state.owners.keys().filter_map(|scope| match scope {
            Scope::Client(id) => Some(id.clone()),
            _ => None,
        });
        ids.collect()
    }

    /// The connections of a client that have a key of their own, in the order of their ids.
    pub fn connections(&self, client: &ClientId) -> Vec<ConnectionId> {
        let state = self.state();
        let ids = state.of_client(client).filter_map(|owner| match &owner.scope {
            Scope::Connection(_, id) => Some(id.clone()),
            _ => None,
        });
        ids.collect()
    }

    /// Whether there is a key for a scope.
    pub fn has(&self, scope: &Scope) -> bool {
        self.state().owners.contains_key(scope)
    }

    /// Adds a client with a key of its own; durable when it returns.
    pub fn add_client(&self, id: &ClientId) -> Result<(), VaultError> {
        let _one = self.begin()?;
        let scope = Scope::Client(id.clone());
        if self.state().owners.contains_key(&scope) {
            return Err(VaultError::ClientExists(id.clone()));
        }
        self.add_owners(vec![(scope, Label::Client(id.clone()))])
    }

    /// Gives connections of a client keys of their own; those that have one keep it. Durable when it returns.
    pub fn add_connections(&self, client: &ClientId, ids: &[ConnectionId]) -> Result<(), VaultError> {
        self.add_connections_of(ids.iter().map(|id| (client, id)))
    }

    /// The same for connections of several clients, with one edition of the header.
    pub fn add_connections_of<'a>(
        &self,
        ids: impl IntoIterator<Item = (&'a ClientId, &'a ConnectionId)>,
    ) -> Result<(), VaultError> {
        let _one = self.begin()?;
        let mut new = Vec::new();
        {
            let state = self.state();
            for (client, id) in ids {
                let owner = state.owner(&Scope::Client(client.clone()))?.id;
                let scope = Scope::Connection(client.clone(), id.clone());
                if !state.owners.contains_key(&scope) {
                    new.push((scope, Label::Connection(owner, id.clone())));
                }
            }
        }
        self.add_owners(new)
    }

    fn add_owners(&self, new: Vec<(Scope, Label)>) -> Result<(), VaultError> {
        if new.is_empty() {
            return Ok(());
        }
        let (mut header, mut manifest, root) = self.copies();
        let mut owners = Vec::new();
        for (scope, label) in new {
            let (ring_key, owner) = new_owner(&self.id, &root, random()?, scope, &label)?;
            header.ring.push(ring_key);
            manifest.owners.insert(owner.id, Root::default());
            owners.push(owner);
        }
        // The key first: a commit must never speak of a client whose key is not on disk.
        self.save_header(&mut header, &mut manifest, &root)?;
        self.publish(manifest, Vec::new(), |state| {
            state.header = header;
            state.owners.extend(owners.into_iter().map(|owner| (owner.scope.clone(), Arc::new(owner))));
        })
    }

    /// A record; `None` only if the authenticated directory says that there is none. A record that should be there and
    /// is missing, old or altered is an error that names it.
    pub fn get(&self, scope: &Scope, name: &Name) -> Result<Option<Opened>, VaultError> {
        let state = self.state();
        let owner = state.owner(scope)?;
        let directory = self.directory(owner);
        match directory.find(state.root(owner), name)? {
            Some(entry) => directory.read(name, &entry).map(Some),
            None => Ok(None),
        }
    }

    /// The commit that wrote a record, as [`Vault::client_revision`] counts them; `None` if there is no such record.
    pub fn record_revision(&self, scope: &Scope, name: &Name) -> Result<Option<u64>, VaultError> {
        let state = self.state();
        let owner = state.owner(scope)?;
        Ok(self.directory(owner).find(state.root(owner), name)?.map(|entry| entry.version))
    }

    /// The last commit that changed a record of this scope, 0 if there never was one; `None` if there is no such scope.
    pub fn scope_revision(&self, scope: &Scope) -> Option<u64> {
        let state = self.state();
        let owner = state.owner(scope).ok()?;
        Some(state.root(owner).map_or(0, |page| page.version))
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
        let one = self.begin()?;
        self.commit_holding(&one, batch, |_| {})
    }

    /// Commits for somebody who is the only writer already; `note` may change the manifest's sections.
    pub(super) fn commit_holding(
        &self,
        _one: &MutexGuard<'_, ()>,
        batch: Batch,
        note: impl FnOnce(&mut Manifest),
    ) -> Result<(), VaultError> {
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
        note(&mut manifest);
        self.publish(manifest, writes, |_| {})
    }

    /// Rises with every commit; for caches.
    pub fn revision(&self) -> u64 {
        self.state().manifest.epoch
    }

    /// Changes whenever a record of this client or of one of its connections does; `None` if the client is not in this
    /// vault. For caches.
    pub fn client_revision(&self, id: &ClientId) -> Option<(u64, usize)> {
        let state = self.state();
        state.owner(&Scope::Client(id.clone())).ok()?;
        let versions = state.of_client(id).map(|owner| state.root(owner).map_or(0, |page| page.version));
        // A connection that was removed does not raise the newest version, but it is one less.
        Some(versions.fold((0, 0), |(newest, count), version| (newest.max(version), count + 1)))
    }

    /// The vault's random id, the same for ever; not a secret.
    pub fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// Seals one owner's changes and the directory pages above them.
    pub(super) fn rewrite(
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

    /// What a change to keys begins with.
    pub(super) fn copies(&self) -> (Header, Manifest, Arc<SecretKey>) {
        let state = self.state();
        (state.header.clone(), state.manifest.clone(), state.root.clone())
    }

    /// Writes the header as its next edition, of which `manifest` will know: an older one is not believed afterwards.
    pub(super) fn save_header(
        &self,
        header: &mut Header,
        manifest: &mut Manifest,
        root: &SecretKey,
    ) -> Result<(), VaultError> {
        header.epoch += 1;
        manifest.header_epoch = header.epoch;
        self.or_stop(header.save(&self.dir, root))
    }

    /// Makes a new manifest and its writes the vault's state, then waits for the disk.
    pub(super) fn publish(
        &self,
        manifest: Manifest,
        writes: Vec<Write>,
        change: impl FnOnce(&mut State),
    ) -> Result<(), VaultError> {
        let own = self.state().owner(&Scope::Vault)?.clone();
        self.publish_under(&own, manifest, writes, change)
    }

    /// The same with the vault's own keys as they will be.
    pub(super) fn publish_under(
        &self,
        own: &Owner,
        mut manifest: Manifest,
        mut writes: Vec<Write>,
        change: impl FnOnce(&mut State),
    ) -> Result<(), VaultError> {
        let (generation, _) = own.current().ok_or_else(no_key)?;
        manifest.epoch += 1;
        manifest.owners.entry(own.id).or_default().count(&Scope::Vault, generation, 1)?;
        let epoch = manifest.epoch;
        let sealed = manifest.seal(&self.id, own)?;
        writes.extend(sealed.writes);
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            self.or_stop(self.store.apply(writes))?;
            state.manifest = manifest;
            change(&mut state);
        }
        self.or_stop(self.store.flush())?;
        self.or_stop(Manifest::mirror(epoch, &self.dir, &sealed.bytes))
    }

    pub(super) fn directory<'a>(&'a self, owner: &'a Owner) -> Directory<'a> {
        Directory { store: &self.store, cache: &self.cache, vault: &self.id, owner }
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// One writer at a time, and none while the disk is nearly full.
    pub(super) fn begin(&self) -> Result<MutexGuard<'_, ()>, VaultError> {
        space::check(&self.dir)?;
        self.begin_anyway()
    }

    /// One writer at a time; for what frees space or keys.
    pub(super) fn begin_anyway(&self) -> Result<MutexGuard<'_, ()>, VaultError> {
        let guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stopped.load(Ordering::Acquire) { Err(VaultError::Stopped) } else { Ok(guard) }
    }

    /// After a failed write nobody knows what is on disk: only opening again can tell. What was read before is still
    /// there to be read, for every read is checked.
    pub(super) fn or_stop<T>(&self, result: Result<T, VaultError>) -> Result<T, VaultError> {
        if let Err(error) = &result {
            self.stopped.store(true, Ordering::Release);
            if matches!(error, VaultError::DiskFull { .. }) {
                space::release_ballast(&self.dir);
            }
        }
        result
    }

    /// Why nothing can be written at the moment, if so.
    pub fn read_only(&self) -> Option<VaultError> {
        if self.stopped.load(Ordering::Acquire) { Some(VaultError::Stopped) } else { space::check(&self.dir).err() }
    }

    /// Keeps a little space aside, to be given up when the disk is full. For vaults that stay.
    pub fn keep_ballast(&self) {
        space::keep_ballast(&self.dir);
    }
}
