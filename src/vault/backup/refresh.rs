//! Bringing backups in line with the vault: whoever was deleted here must be gone there, and a secret that no longer
//! opens the vault must not open its backups. Only headers are written; the records stay as they are, and without
//! their keys they are noise.

use super::{Backups, check::former_root, swap};
use crate::domain::Untrusted;
use crate::vault::{
    Vault, VaultError,
    header::{Authentic, Header, OwnerId},
    key::SecretKey,
    open::open_ring,
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What bringing backups in line came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Backups that are in line now.
    pub rewritten: u32,
    /// Of so many.
    pub of: u32,
    /// Those that are not, each with the reason. They may still open with an old secret and hold what was deleted.
    pub unreachable: Vec<String>,
}

impl Refreshed {
    /// Whether every backup within reach is in line.
    pub fn is_complete(&self) -> bool {
        self.unreachable.is_empty()
    }
}

impl Vault {
    /// Whether backups are still to be brought in line: then call [`Vault::refresh_backups`].
    pub fn pending_work(&self) -> bool {
        let state = self.state();
        state.header.work.backups || state.header.work.previous_root.is_some()
    }

    /// Brings the header of every backup of this vault in line with its own, also of the vaults that a restore put
    /// aside. An interruption leaves the rest to be done by the next call.
    pub fn refresh_backups(&self, backups: &Backups) -> Result<Refreshed, VaultError> {
        let _one = self.begin_anyway()?;
        let (mut header, mut manifest, root) = self.copies();
        let former = former_root(&header, &root);
        let roots: Vec<&Arc<SecretKey>> = [&root].into_iter().chain(&former).collect();
        let mut done = Refreshed::default();
        let mut places: Vec<PathBuf> = swap::put_aside(&self.dir);
        // Half a backup has a whole header.
        match backups.sweep(&self.id).and_then(|()| backups.directories()) {
            Ok(found) => places.extend(found),
            Err(error) => done.unreachable.push(error.to_string()),
        }
        for place in places {
            let name = place.file_name().unwrap_or(place.as_os_str()).to_string_lossy();
            let name = Untrusted::from(name.as_ref()).for_tui(120);
            match self.bring_in_line(&place, &header, &root, &roots) {
                Ok(None) => continue,
                Ok(Some(true)) => done.rewritten += 1,
                Ok(Some(false)) => done.unreachable.push(format!(
                    "{name}: no key of this vault opens it; if nobody needs it, remove {}",
                    place.display()
                )),
                Err(VaultError::HeaderDamaged { why }) => {
                    done.unreachable.push(format!("{name}: {why}; if nobody needs it, remove {}", place.display()))
                }
                Err(error) => done.unreachable.push(format!("{name}: {error}")),
            }
            done.of += 1;
        }
        if done.is_complete() && (header.work.backups || header.work.previous_root.is_some()) {
            (header.work.backups, header.work.previous_root) = (false, None);
            self.save_header(&mut header, &mut manifest, &root)?;
            self.publish(manifest, Vec::new(), |state| state.header = header)?;
        }
        Ok(done)
    }

    /// Whether the backup in `dir` is in line now; `None` if it is not this vault's, or has no header and so no keys.
    fn bring_in_line(
        &self,
        dir: &Path,
        live: &Header,
        root: &Arc<SecretKey>,
        roots: &[&Arc<SecretKey>],
    ) -> Result<Option<bool>, VaultError> {
        if !Vault::exists(dir) || Header::vault_of(dir)?.is_some_and(|id| id != self.id) {
            return Ok(None);
        }
        let Some(found) = Header::load_under(dir, roots)? else { return Ok(Some(false)) };
        let Authentic { mut header, root: opened_by, notes } = found;
        let gone = deleted_in(&header, opened_by, &live.deleted.keys().copied().collect())?;
        let known = live.deleted.keys().all(|id| header.deleted.contains_key(id));
        let same_root = Arc::ptr_eq(opened_by, root);
        if same_root && gone.is_empty() && known && header.slots == live.slots && notes.is_empty() {
            return Ok(Some(true));
        }
        header.ring.retain(|key| !gone.contains(&key.owner));
        header.work.rotating.retain(|(id, _)| !gone.contains(id));
        for key in header.ring.iter_mut().filter(|_| !same_root) {
            let damaged = || VaultError::HeaderDamaged { why: "a wrapped key does not open".into() };
            *key = key.rewrapped(&self.id, opened_by, root).ok_or_else(damaged)?;
        }
        header.slots.clone_from(&live.slots);
        header.deleted.extend(live.deleted.iter().map(|(id, at)| (*id, *at)));
        header.work.previous_root = None;
        header.epoch += 1;
        header.save(dir, root)?;
        Ok(Some(true))
    }
}

/// The owners in a ring that were deleted, or that are connections of a client that was.
pub(super) fn deleted_in(
    header: &Header,
    root: &SecretKey,
    deleted: &BTreeSet<OwnerId>,
) -> Result<BTreeSet<OwnerId>, VaultError> {
    let owners = open_ring(header, root)?;
    let clients: BTreeSet<_> = owners
        .values()
        .filter(|owner| deleted.contains(&owner.id) && matches!(owner.scope, crate::vault::Scope::Client(_)))
        .filter_map(|owner| owner.scope.client().cloned())
        .collect();
    let gone = owners
        .values()
        .filter(|owner| deleted.contains(&owner.id) || owner.scope.client().is_some_and(|of| clients.contains(of)));
    Ok(gone.map(|owner| owner.id).collect())
}
