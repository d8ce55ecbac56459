//! New keys for old data. A new root key wraps every key anew; a new generation of an owner's key seals every record of
//! that owner anew, a piece at a time. What a header calls unfinished is taken up by the next call.

use super::{
    Batch, KdfCost, Name, Scope, Unlock, Vault, VaultError,
    directory::{Keys, Owner},
    header::Header,
    key::{SecretKey, VaultId},
    manifest::Manifest,
    open::keys,
    ring::RingKey,
    slot::Slot,
    walk::Step,
};
use crate::domain::{ClientId, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// Records sealed anew in one commit at most, and their bytes at most (one larger record goes alone).
const PIECE_RECORDS: usize = 256;
const PIECE_BYTES: u64 = 4 << 20;

impl Vault {
    /// A new root key. Only the slots of `keep` remain, each made anew from its secret: the others cannot follow, for
    /// their secrets are not here. In one step: an interrupted call has either happened or not.
    pub fn rotate_root(&self, keep: &[(Unlock<'_>, KdfCost)], now: Timestamp) -> Result<(), VaultError> {
        let _one = self.begin_anyway()?;
        let (mut header, mut manifest, root) = self.copies();
        if header.work.previous_root.is_some() {
            // Two roots back nobody could bring the backups along.
            return Err(VaultError::Unfinished {
                what: "the last change of the root key",
                next_step: "some backups are still under the key before; `bailiwick backup prune` brings them in line \
                            or names those that it cannot, which are to be removed by hand",
            });
        }
        let next = Arc::new(SecretKey::random()?);
        let slots: Result<Vec<Slot>, _> =
            keep.iter().map(|(unlock, cost)| Slot::make(&self.id, *unlock, *cost, &next, now)).collect();
        header.slots = slots?;
        let opened_by = header.slots.first().map(Slot::id).ok_or(VaultError::LastSlot)?;
        let rewrapped: Option<Vec<RingKey>> =
            header.ring.iter().map(|key| key.rewrapped(&self.id, &root, &next)).collect();
        header.ring =
            rewrapped.ok_or_else(|| VaultError::HeaderDamaged { why: "a wrapped key does not open".into() })?;
        header.work.previous_root = Some(next.wrap(&root, PREVIOUS_ROOT)?.to_vec());
        header.work.backups = true;
        self.save_header(&mut header, &mut manifest, &next)?;
        self.publish(manifest, Vec::new(), |state| {
            (state.header, state.root, state.opened_by) = (header, next, opened_by);
        })?;
        keep.iter().try_for_each(|(unlock, _)| self.try_on_disk(*unlock))
    }

    /// New keys for a client and all its connections.
    pub fn rotate_client(&self, client: &ClientId, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, VaultError> {
        let scopes: Vec<Scope> = {
            let state = self.state();
            state.owner(&Scope::Client(client.clone()))?;
            state.of_client(client).map(|owner| owner.scope.clone()).collect()
        };
        self.rotate_scopes(&scopes, progress)
    }

    /// New keys for everything: every client, every connection, and the vault's own records.
    pub fn rotate_all(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, VaultError> {
        let scopes: Vec<Scope> = self.state().owners.keys().cloned().collect();
        self.rotate_scopes(&scopes, progress)
    }

    /// Whether a rotation of this scope was begun and not finished.
    pub fn is_rotating(&self, scope: &Scope) -> bool {
        let state = self.state();
        state.owner(scope).is_ok_and(|owner| state.header.work.rotating.iter().any(|(id, _)| *id == owner.id))
    }

    /// Records sealed anew. `progress` hears how many of how many are done.
    fn rotate_scopes(&self, scopes: &[Scope], progress: &mut dyn FnMut(u64, u64)) -> Result<u64, VaultError> {
        self.begin_rotation(scopes)?;
        let mut waiting: Vec<(Scope, Vec<Name>)> = Vec::new();
        for scope in scopes {
            waiting.push((scope.clone(), self.under_old_keys(scope)?));
        }
        let total = waiting.iter().map(|(_, names)| names.len() as u64).sum();
        let mut done = 0;
        progress(done, total);
        for (scope, names) in &waiting {
            let mut rest = names.as_slice();
            while !rest.is_empty() {
                let taken = self.seal_anew(scope, rest)?;
                rest = rest.get(taken..).unwrap_or_default();
                done += taken as u64;
                progress(done, total);
            }
        }
        self.end_rotation(scopes)?;
        Ok(total)
    }

    /// Gives each owner its next generation, unless one is on the way already.
    fn begin_rotation(&self, scopes: &[Scope]) -> Result<(), VaultError> {
        let _one = self.begin()?;
        let (mut header, mut manifest, root) = self.copies();
        let mut changed: Vec<Arc<Owner>> = Vec::new();
        for scope in scopes {
            let owner = self.state().owner(scope)?.clone();
            if header.work.rotating.iter().any(|(id, _)| *id == owner.id) {
                continue;
            }
            let (key, ring_key) = next_generation(&header.ring, &self.id, &root, &owner)?;
            header.work.rotating.push((owner.id, ring_key.generation));
            changed.push(Arc::new(with_key(&owner, ring_key.generation, keys(&self.id, &key))));
            header.ring.push(ring_key);
        }
        if changed.is_empty() {
            return Ok(());
        }
        self.save_header(&mut header, &mut manifest, &root)?;
        self.publish_owners(manifest, header, changed)
    }

    /// The names of the records that are under an earlier generation.
    fn under_old_keys(&self, scope: &Scope) -> Result<Vec<Name>, VaultError> {
        let state = self.state();
        let owner = state.owner(scope)?;
        let mut names = Vec::new();
        let (Some(at), Some((current, _))) = (state.root(owner), owner.current()) else { return Ok(names) };
        self.directory(owner).walk(at, "", &mut |step| {
            match step {
                Step::Record(name, entry) if entry.generation < current => names.push(name.clone()),
                Step::Lost(damage, _) => return Err(damage.into()),
                _ => {}
            }
            Ok(())
        })?;
        Ok(names)
    }

    /// Seals the first of `names` under the current generation; says how many. What somebody else has written or
    /// removed meanwhile is left alone.
    fn seal_anew(&self, scope: &Scope, names: &[Name]) -> Result<usize, VaultError> {
        let one = self.begin()?;
        let mut batch = Batch::new();
        let (mut taken, mut bytes) = (0, 0);
        {
            let state = self.state();
            let owner = state.owner(scope)?;
            let directory = self.directory(owner);
            let current = owner.current().map_or(0, |(generation, _)| generation);
            for name in names.iter().take(PIECE_RECORDS) {
                if bytes >= PIECE_BYTES {
                    break;
                }
                taken += 1;
                if let Some(entry) = directory.find(state.root(owner), name)?
                    && entry.generation < current
                {
                    let opened = directory.read(name, &entry)?;
                    bytes += opened.bytes.len() as u64;
                    batch.put(scope, name, opened.schema, opened.bytes.to_vec());
                }
            }
        }
        if !batch.is_empty() {
            self.commit_holding(&one, batch, |_| {})?;
        }
        Ok(taken)
    }

    /// Lets go of the earlier generations, of which nothing is left.
    fn end_rotation(&self, scopes: &[Scope]) -> Result<(), VaultError> {
        let _one = self.begin()?;
        for scope in scopes {
            if let Some(name) = self.under_old_keys(scope)?.first() {
                return Err(VaultError::Codec {
                    name: name.to_string(),
                    done: "sealed anew",
                    why: "it was written under an old key meanwhile; run the rotation again".into(),
                });
            }
        }
        if scopes.contains(&Scope::Vault) {
            // Both mirrors must be under the key that stays.
            for _ in 0..2 {
                self.publish(self.copies().1, Vec::new(), |_| {})?;
            }
        }
        let (mut header, mut manifest, root) = self.copies();
        let mut changed = Vec::new();
        for scope in scopes {
            let owner = self.state().owner(scope)?.clone();
            let Some((current, _)) = owner.current() else { continue };
            header.ring.retain(|key| key.owner != owner.id || key.generation >= current);
            header.work.rotating.retain(|(id, _)| *id != owner.id);
            if let Some(root) = manifest.owners.get_mut(&owner.id) {
                root.sealed.retain(|generation, _| *generation >= current);
            }
            let kept = owner.keys.iter().filter(|(g, _)| **g >= current).map(|(g, k)| (*g, k.clone())).collect();
            changed.push(Arc::new(Owner { id: owner.id, scope: scope.clone(), keys: kept }));
        }
        self.save_header(&mut header, &mut manifest, &root)?;
        self.publish_owners(manifest, header, changed)
    }

    fn publish_owners(&self, manifest: Manifest, header: Header, changed: Vec<Arc<Owner>>) -> Result<(), VaultError> {
        let own = changed.iter().find(|owner| owner.scope == Scope::Vault).cloned();
        let own = match own {
            Some(own) => own,
            None => self.state().owner(&Scope::Vault)?.clone(),
        };
        self.publish_under(&own, manifest, Vec::new(), |state| {
            state.header = header;
            state.owners.extend(changed.into_iter().map(|owner| (owner.scope.clone(), owner)));
        })
    }
}

/// Associated data of a root key wrapped by the one after it.
pub(super) const PREVIOUS_ROOT: &[u8] = b"bailiwick/1/previous-root";

/// A new key one generation after an owner's newest.
pub(super) fn next_generation(
    ring: &[RingKey],
    vault: &VaultId,
    root: &SecretKey,
    owner: &Owner,
) -> Result<(SecretKey, RingKey), VaultError> {
    let newest = ring.iter().filter(|key| key.owner == owner.id).max_by_key(|key| key.generation);
    let opened = newest.and_then(|key| Some((key.generation, key.open(vault, root)?)));
    let (generation, (_, label)) =
        opened.ok_or_else(|| VaultError::HeaderDamaged { why: "a wrapped key does not open".into() })?;
    let key = SecretKey::random()?;
    let ring_key = RingKey::make(vault, root, owner.id, generation.saturating_add(1), &key, &label)?;
    Ok((key, ring_key))
}

fn with_key(owner: &Owner, generation: u32, keys: Keys) -> Owner {
    let mut all: BTreeMap<u32, Arc<Keys>> = owner.keys.clone();
    all.insert(generation, Arc::new(keys));
    Owner { id: owner.id, scope: owner.scope.clone(), keys: all }
}
