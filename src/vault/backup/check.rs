//! Opening a backup and reading all of it.

use super::{BackupError, BackupInfo, error::in_words, records::Records};
use crate::domain::Timestamp;
use crate::vault::{
    Damage, DamageKind, Scope, Unlock, Vault, VaultError, Verified, attempts,
    directory::{Directory, Owner, PageCache},
    header::{Header, VAULT_OWNER},
    key::{Purpose, SecretKey, VaultId},
    manifest::{self, Manifest, no_key},
    open::{check_together, open_ring},
    ring::RingKey,
    rotate::PREVIOUS_ROOT,
};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// What reading the whole of a backup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupCheck {
    /// Its records, and what of them is damaged.
    pub verified: Verified,
    /// What costs nothing: one copy of the header that cannot be used.
    pub notices: Vec<String>,
}

/// Reads the whole of a backup with a secret alone. Wrong secrets are counted with those for the vault in `live`, if
/// there is one.
pub fn verify_backup(
    backup: &BackupInfo,
    live: &Path,
    unlock: Unlock<'_>,
    now: Timestamp,
) -> Result<BackupCheck, VaultError> {
    OpenBackup::counted(backup, live, unlock, now)?.check().map(|(check, _)| check)
}

impl Vault {
    /// Reads the whole of a backup of this vault.
    pub fn verify_backup(&self, backup: &BackupInfo) -> Result<BackupCheck, VaultError> {
        let (header, _, root) = self.copies();
        let former = former_root(&header, &root);
        let roots: Vec<&Arc<SecretKey>> = [&root].into_iter().chain(&former).collect();
        OpenBackup::under(backup, &roots)?.check().map(|(check, _)| check)
    }
}

/// The root key before this one, while backups may still be under it.
pub(super) fn former_root(header: &Header, root: &SecretKey) -> Option<Arc<SecretKey>> {
    let wrapped = header.work.previous_root.as_deref()?.try_into().ok()?;
    root.unwrap_key(wrapped, PREVIOUS_ROOT).map(Arc::new)
}

/// The key of the MAC over a backup's records.
pub(super) fn mac_key(ring: &[RingKey], vault: &VaultId, root: &SecretKey, generation: u32) -> Option<SecretKey> {
    let own = ring.iter().find(|key| key.owner == VAULT_OWNER && key.generation == generation)?;
    own.open(vault, root).map(|(key, _)| key.derive(vault, Purpose::Backup))
}

/// A backup whose header was opened.
pub(super) struct OpenBackup {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) root: Arc<SecretKey>,
    pub(super) owners: BTreeMap<Scope, Arc<Owner>>,
    pub(super) records: Records,
    notices: Vec<String>,
}

impl OpenBackup {
    /// Opens it with a secret. Wrong ones are counted with those for the vault in `live`, if there is one.
    pub(super) fn counted(
        backup: &BackupInfo,
        live: &Path,
        unlock: Unlock<'_>,
        now: Timestamp,
    ) -> Result<Self, VaultError> {
        let counted = Vault::exists(live) && unlock.is_typed();
        if counted {
            attempts::begin(live, now)?;
        }
        let opened = Header::load(&backup.path, unlock).map_err(|e| named(e, backup))?;
        if counted {
            attempts::succeeded(live)?;
        }
        Self::open(backup, opened.header, Arc::new(opened.root), opened.notes)
    }

    pub(super) fn under(backup: &BackupInfo, roots: &[&Arc<SecretKey>]) -> Result<Self, VaultError> {
        match Header::load_under(&backup.path, roots).map_err(|e| named(e, backup))? {
            Some(found) => Self::open(backup, found.header, found.root.clone(), found.notes),
            None => Err(BackupError::OtherKey { name: backup.name.clone() }.into()),
        }
    }

    fn open(
        backup: &BackupInfo,
        header: Header,
        root: Arc<SecretKey>,
        notices: Vec<String>,
    ) -> Result<Self, VaultError> {
        let owners = open_ring(&header, &root).map_err(|e| named(e, backup))?;
        let unusable = |why: &str| BackupError::Unusable { name: backup.name.clone(), why: why.into() };
        let records = Records::open(&backup.path)?.ok_or_else(|| unusable("its records are missing"))?;
        Ok(Self { name: backup.name.clone(), header, root, owners, records, notices })
    }

    pub(super) fn own(&self) -> Result<&Arc<Owner>, VaultError> {
        self.owners.get(&Scope::Vault).ok_or_else(no_key)
    }

    /// Reads everything: first whether the file is the one that was written, then each record. The manifest is there
    /// if it could be read.
    pub(super) fn check(&self) -> Result<(BackupCheck, Option<Manifest>), VaultError> {
        let mut verified = Verified::default();
        let damage = |name: &str, kind| Damage { whose: Scope::Vault, name: name.to_owned(), kind };
        if !self.is_authentic() {
            verified.damaged.push(damage(super::records::NAME, DamageKind::Altered));
        }
        let mut found = None;
        match Manifest::stored(&self.records, &self.header.vault, self.own()?)? {
            Err(kind) => verified.damaged.push(damage(manifest::NAME, kind)),
            Ok(manifest) => {
                let of_one_time = check_together(&self.header, &self.owners, &manifest);
                of_one_time.map_err(|e| BackupError::Unusable { name: self.name.clone(), why: e.to_string() })?;
                for owner in self.owners.values() {
                    let cache = PageCache::default();
                    let at = manifest.owners.get(&owner.id).and_then(|root| root.page.as_ref());
                    self.directory(owner, &cache).verify(at, &mut verified)?;
                }
                found = Some(manifest);
            }
        }
        Ok((BackupCheck { verified, notices: self.notices.clone() }, found))
    }

    /// The manifest of a backup without any damage.
    pub(super) fn sound_manifest(&self) -> Result<Manifest, VaultError> {
        let (BackupCheck { verified, .. }, manifest) = self.check()?;
        match manifest {
            Some(manifest) if verified.damaged.is_empty() => Ok(manifest),
            _ => Err(BackupError::Damaged { name: self.name.clone(), what: in_words(&verified.damaged) }.into()),
        }
    }

    pub(super) fn directory<'a>(&'a self, owner: &'a Owner, cache: &'a PageCache) -> Directory<'a> {
        Directory { store: &self.records, cache, vault: &self.header.vault, owner }
    }

    fn is_authentic(&self) -> bool {
        let ours = self.records.head.is_some_and(|head| head.vault == self.header.vault);
        ours && self.records.footer.is_some_and(|footer| {
            mac_key(&self.header.ring, &self.header.vault, &self.root, footer.generation)
                .is_some_and(|key| footer.is_by(&key))
        })
    }
}

/// A damaged header is that of this backup, not of the vault.
fn named(error: VaultError, backup: &BackupInfo) -> VaultError {
    match error {
        VaultError::HeaderDamaged { why } => BackupError::Unusable { name: backup.name.clone(), why }.into(),
        other => other,
    }
}
