//! Who can open the vault, and with which keys it is closed.

use super::{Action, DeskError, data::Desk};
use crate::{
    domain::{ClientId, Untrusted},
    vault::{KdfCost, SlotId, SlotInfo, Unlock},
};

impl Desk {
    /// All slots, in the order they were made.
    pub fn slots(&self) -> Vec<SlotInfo> {
        self.vault.slots()
    }

    /// Adds a slot. `kind` says in words which, for the audit log.
    pub fn add_slot(&self, unlock: Unlock<'_>, cost: KdfCost, kind: &str) -> Result<SlotId, DeskError> {
        self.permit(Action::SlotAdd, None, &format!("a {kind} slot"))?;
        let id = self.vault.add_slot(unlock, cost, self.now())?;
        self.settle()?;
        Ok(id)
    }

    /// Removes a slot by its name.
    pub fn remove_slot(&self, id: &str) -> Result<SlotInfo, DeskError> {
        let safe = Untrusted::from(id).for_log();
        if !self.vault.slots().iter().any(|slot| slot.id.to_string() == id) {
            return Err(crate::vault::VaultError::UnknownSlot(safe).into());
        }
        self.permit(Action::SlotRemove, None, &format!("slot {safe}"))?;
        let removed = self.vault.remove_slot(id)?;
        self.settle()?;
        Ok(removed)
    }

    /// Puts a new passphrase in the place of the one that opened the vault.
    pub fn rotate_passphrase(&self, unlock: Unlock<'_>, cost: KdfCost) -> Result<SlotId, DeskError> {
        self.permit(Action::RotatePassphrase, None, "the slot that opened the vault")?;
        let id = self.vault.replace_own_slot(unlock, cost, self.now())?;
        self.settle()?;
        Ok(id)
    }

    /// A new root key; only the slots of `keep` stay.
    pub fn rotate_root(&self, keep: &[(Unlock<'_>, KdfCost)]) -> Result<(), DeskError> {
        let lost = self.vault.slots().len().saturating_sub(keep.len());
        self.permit(Action::RotateRoot, None, &format!("{} slots stay, {lost} go", keep.len()))?;
        // A root key that backups have not followed yet would be forgotten.
        self.settle()?;
        self.vault.rotate_root(keep, self.now())?;
        self.settle()?;
        Ok(())
    }

    /// New keys for a client and its connections; says how many records were sealed anew.
    pub fn rotate_client(&self, client: &ClientId, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, DeskError> {
        self.client(client)?;
        self.permit(Action::RotateClient, Some(client), "every record is sealed anew")?;
        Ok(self.vault.rotate_client(client, progress)?)
    }

    /// New keys for everything but the root; says how many records were sealed anew.
    pub fn rotate_all(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, DeskError> {
        self.permit(Action::RotateAll, None, "every client, every connection and the vault's own records")?;
        Ok(self.vault.rotate_all(progress)?)
    }
}
