//! Deletion is dropping keys: without them the records, here and in every backup whose key ring is rewritten, are noise.
//! Dropping the key comes first and cannot be undone; removing the noise is housekeeping.

use super::{Scope, Vault, VaultError, directory::Owner, store::StoreKey};
use crate::domain::{ClientId, ConnectionId, Timestamp};
use std::sync::{Arc, PoisonError};

/// Records removed from the store in one go.
const PIECE: usize = 4_096;

/// What a deletion did to the live vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Whose keys are gone.
    pub scopes: Vec<Scope>,
    /// Records that can no longer be read.
    pub records: u64,
}

impl Vault {
    /// Shreds a client with all its connections.
    pub fn remove_client(&self, client: &ClientId, now: Timestamp) -> Result<Removed, VaultError> {
        let _one = self.begin_anyway()?;
        let owners: Vec<Arc<Owner>> = {
            let state = self.state();
            state.owner(&Scope::Client(client.clone()))?;
            state.of_client(client).cloned().collect()
        };
        self.shred(&owners, now)
    }

    /// Shreds what was read through one connection.
    pub fn remove_connection(
        &self,
        client: &ClientId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Removed, VaultError> {
        let _one = self.begin_anyway()?;
        let owner = self.state().owner(&Scope::Connection(client.clone(), connection.clone()))?.clone();
        self.shred(&[owner], now)
    }

    fn shred(&self, owners: &[Arc<Owner>], now: Timestamp) -> Result<Removed, VaultError> {
        let (mut header, mut manifest, root) = self.copies();
        let gone = |id| owners.iter().any(|owner| owner.id == id);
        let mut removed = Removed { scopes: owners.iter().map(|o| o.scope.clone()).collect(), records: 0 };
        // Where everything lies is known only as long as there is a key. What cannot be reached because of damage stays
        // as noise until the next compaction.
        let mut places: Vec<StoreKey> = Vec::new();
        for owner in owners {
            let at = self.state().root(owner).cloned();
            removed.records += at.as_ref().map_or(0, |page| page.count);
            places.extend(self.directory(owner).places(at.as_ref())?);
        }
        header.ring.retain(|key| !gone(key.owner));
        header.work.rotating.retain(|(id, _)| !gone(*id));
        header.deleted.extend(owners.iter().map(|owner| (owner.id, now)));
        header.work.backups = true;
        self.save_header(&mut header, &mut manifest, &root)?;
        manifest.owners.retain(|id, _| !gone(*id));
        self.publish(manifest, Vec::new(), |state| {
            state.header = header;
            state.owners.retain(|_, owner| !gone(owner.id));
        })?;
        owners.iter().for_each(|owner| self.cache.forget(&owner.id));
        for piece in places.chunks(PIECE) {
            self.or_stop(self.store.apply(piece.iter().map(|key| (*key, None)).collect()))?;
        }
        self.or_stop(self.store.flush())?;
        Ok(removed)
    }

    /// Forgets owners whose key was dropped by a process that was ended before it told the store.
    pub(super) fn finish_deletions(&self) -> Result<(), VaultError> {
        let (header, mut manifest, _) = self.copies();
        let before = manifest.owners.len();
        manifest.owners.retain(|id, _| !header.deleted.contains_key(id));
        if manifest.owners.len() == before {
            return Ok(());
        }
        manifest.header_epoch = header.epoch;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.publish(manifest, Vec::new(), |_| {})
    }
}
