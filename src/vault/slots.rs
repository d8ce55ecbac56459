//! Changing who can open the vault: a new slot is tried before an old one goes, and the last one stays.

use super::{
    KdfCost, SlotId, SlotInfo, Unlock, Vault, VaultError,
    header::{Header, MAX_SLOTS},
    slot::Slot,
};
use crate::domain::Timestamp;

impl Vault {
    /// All slots, in the order they were made.
    pub fn slots(&self) -> Vec<SlotInfo> {
        let state = self.state();
        state.header.slots.iter().map(|slot| slot.info(&state.opened_by)).collect()
    }

    /// Adds a slot and tries it on what was written. `cost` matters to passphrases only.
    pub fn add_slot(&self, unlock: Unlock<'_>, cost: KdfCost, now: Timestamp) -> Result<SlotId, VaultError> {
        let _one = self.begin_anyway()?;
        let (mut header, mut manifest, root) = self.copies();
        if header.slots.len() >= MAX_SLOTS {
            return Err(VaultError::TooLarge { what: "the list of slots", limit: "32 slots" });
        }
        let slot = Slot::make(&self.id, unlock, cost, &root, now)?;
        let id = slot.id();
        header.slots.push(slot);
        header.work.backups = true;
        self.save_header(&mut header, &mut manifest, &root)?;
        self.publish(manifest, Vec::new(), |state| state.header = header)?;
        self.try_on_disk(unlock)?;
        Ok(id)
    }

    /// Removes a slot by its name. From then on its secret opens nothing here; copies of older headers stay what they
    /// were.
    pub fn remove_slot(&self, id: &str) -> Result<SlotInfo, VaultError> {
        let _one = self.begin_anyway()?;
        let (mut header, mut manifest, root) = self.copies();
        let opened_by = self.state().opened_by.clone();
        let at = header.slots.iter().position(|slot| slot.id().to_string() == id);
        let at = at.ok_or_else(|| VaultError::UnknownSlot(crate::domain::Untrusted::from(id).for_tui(40)))?;
        if header.slots.len() == 1 {
            return Err(VaultError::LastSlot);
        }
        let removed = header.slots.remove(at).info(&opened_by);
        header.work.backups = true;
        self.save_header(&mut header, &mut manifest, &root)?;
        self.publish(manifest, Vec::new(), |state| state.header = header)?;
        Ok(removed)
    }

    /// Puts a new slot in the place of the one that opened this vault. A crash between leaves both.
    pub fn replace_own_slot(&self, unlock: Unlock<'_>, cost: KdfCost, now: Timestamp) -> Result<SlotId, VaultError> {
        let old = self.state().opened_by.clone();
        let new = self.add_slot(unlock, cost, now)?;
        self.remove_slot(&old.to_string())?;
        self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner).opened_by = new.clone();
        Ok(new)
    }

    /// What was just written must open, or the person would find out when it is too late.
    pub(super) fn try_on_disk(&self, unlock: Unlock<'_>) -> Result<(), VaultError> {
        let read = Header::load(&self.dir, unlock)?;
        if read.header.epoch == self.state().header.epoch {
            Ok(())
        } else {
            Err(VaultError::HeaderDamaged { why: "what was written does not come back".into() })
        }
    }
}
