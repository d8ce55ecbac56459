//! Making a backup: written beside, read back whole, and only then given its name.

use super::{
    BackupCheck, BackupError, BackupInfo, Backups,
    check::{OpenBackup, mac_key},
    error::in_words,
    list::room_for,
    records::{Head, Writer},
};
use crate::domain::Timestamp;
use crate::vault::{
    Damage, DamageKind, Scope, Vault, VaultError, Verified,
    directory::{Directory, PageCache},
    disk,
    header::Work,
    manifest::{self, no_key},
    store::Blocks as _,
};
use std::path::Path;

impl Vault {
    /// Backs the vault up. Commits wait meanwhile. Nothing is written to the vault itself, so this also works while its
    /// own disk is full. A vault with damage is not backed up: repair it first.
    pub fn backup(&self, backups: &Backups, now: Timestamp) -> Result<BackupInfo, VaultError> {
        let _one = self.begin_anyway()?;
        backups.make()?;
        backups.sweep(&self.id)?;
        room_for(&backups.dir, self.live_bytes()?)?;
        let name = backups.free_name(now, self.revision()).to_string();
        let (temporary, path) = (backups.temporary(&self.id, &name), backups.dir.join(&name));
        let made = self.write_backup(&temporary, now).and_then(|()| self.prove(&temporary, backups));
        if let Err(error) = made {
            let _ = disk::remove_dir(&temporary);
            return Err(error);
        }
        disk::rename(&temporary, &path)?;
        Ok(BackupInfo::look(&path))
    }

    /// Whether the newest whole backup is of an earlier day and at least 20 hours old, or there is none. One from the
    /// future does not count: the clock was wrong when it was made, or is now.
    pub fn backup_is_due(&self, backups: &Backups, now: Timestamp) -> Result<bool, VaultError> {
        let all = backups.list()?;
        let whole = all.iter().filter(|b| b.problem.is_none() && b.vault == Some(self.id) && b.made_at <= now);
        Ok(whole
            .map(|b| b.made_at)
            .max()
            .is_none_or(|newest| newest.day() < now.day() && now.since(newest) >= DUE_AFTER))
    }

    fn write_backup(&self, dir: &Path, now: Timestamp) -> Result<(), VaultError> {
        let (mut header, manifest, root) = self.copies();
        let generation = self.state().owner(&Scope::Vault)?.current().ok_or_else(no_key)?.0;
        let key = mac_key(&header.ring, &self.id, &root, generation).ok_or_else(no_key)?;
        disk::make_private_dir(dir)?;
        let mut writer = Writer::create(dir, Head { vault: self.id, made_at: now })?;
        for place in self.all_places()? {
            // What is missing is found when the copy is read back.
            if let Some(sealed) = self.store.block(&place)? {
                writer.place(&place, &sealed)?;
            }
        }
        writer.finish(self.records(), manifest.epoch, generation, &key)?;
        // What is still to be done to other backups is nothing to this one.
        header.work = Work { rotating: header.work.rotating, ..Work::default() };
        header.save(dir, &root)
    }

    /// Reads the copy back. What is wrong with it is either wrong with the vault, or the copy's disk is to blame.
    fn prove(&self, dir: &Path, backups: &Backups) -> Result<(), VaultError> {
        let root = self.state().root.clone();
        let written = OpenBackup::under(&BackupInfo::look(dir), &[&root])?;
        let (BackupCheck { verified: Verified { mut damaged, .. }, .. }, found) = written.check()?;
        let same = found.is_some_and(|manifest| manifest.epoch == self.revision());
        if damaged.is_empty() && same {
            return Ok(());
        }
        let mut ours = self.damage_holding()?;
        if ours.is_empty() && !same {
            ours.extend(self.stored_manifest_damage()?);
        }
        if ours.is_empty() {
            if damaged.is_empty() {
                damaged.push(Damage { whose: Scope::Vault, name: manifest::NAME.into(), kind: DamageKind::Old });
            }
            return Err(BackupError::NotKept { what: in_words(&damaged), dir: backups.dir.clone() }.into());
        }
        Err(BackupError::VaultDamaged { what: in_words(&ours) }.into())
    }

    /// What is damaged, for somebody who is the only writer already.
    fn damage_holding(&self) -> Result<Vec<Damage>, VaultError> {
        let mut report = Verified::default();
        for owner in self.all_owners() {
            let cache = PageCache::default();
            let at = self.state().root(&owner).cloned();
            Directory { cache: &cache, ..self.directory(&owner) }.verify(at.as_ref(), &mut report)?;
        }
        Ok(report.damaged)
    }

    fn stored_manifest_damage(&self) -> Result<Option<Damage>, VaultError> {
        let own = self.state().owner(&Scope::Vault)?.clone();
        let kind = match manifest::Manifest::stored(&self.store, &self.id, &own)? {
            Ok(stored) if stored.epoch == self.revision() => return Ok(None),
            Ok(_) => DamageKind::Old,
            Err(kind) => kind,
        };
        Ok(Some(Damage { whose: Scope::Vault, name: manifest::NAME.into(), kind }))
    }
}

/// A daily backup may come a little earlier than the day before.
const DUE_AFTER: i64 = 20 * 3_600;
