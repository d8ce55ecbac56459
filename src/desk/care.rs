//! Looking after the vault: reading everything, dropping what is damaged, giving space back.

use super::{Action, DeskError, data::Desk};
use crate::{
    domain::ClientId,
    sync::{ClientStore, forget_damaged},
    vault::{Compacted, Damage, Refreshed, Verified},
};
use std::collections::BTreeSet;

/// What a repair did.
#[derive(Debug, Clone, Default)]
pub struct Repaired {
    /// What was dropped.
    pub dropped: Vec<Damage>,
    /// What follows from it, in sentences: what will be read again, and what cannot be.
    pub follows: Vec<String>,
}

impl Desk {
    /// Reads every record and says what is not what was stored. Changes and reveals nothing.
    pub fn verify(&self) -> Result<Verified, DeskError> {
        Ok(self.vault.verify()?)
    }

    /// Takes what is damaged out of the directory, and sees to it that the next sync reads again what AWS still has.
    pub fn repair(&self) -> Result<Repaired, DeskError> {
        let damaged = self.vault.verify()?.damaged;
        if damaged.is_empty() {
            return Ok(Repaired::default());
        }
        let dropped = self.repairing(|| self.vault.repair())?;
        let follows = self.forget_dropped(&dropped);
        Ok(Repaired { dropped, follows })
    }

    /// Lets the next sync read again what was dropped; says what comes back and what does not.
    fn forget_dropped(&self, dropped: &[Damage]) -> Vec<String> {
        let mut said = Vec::new();
        let mut clients: BTreeSet<&ClientId> = BTreeSet::new();
        for damage in dropped {
            match damage.whose.client() {
                Some(client) => {
                    clients.insert(client);
                }
                None => said.push(format!("{} of the vault itself does not come back: {}", damage.name, damage.kind)),
            }
        }
        for client in clients {
            self.forget(client);
            let store = ClientStore::new(self.vault.clone(), client.clone());
            match forget_damaged(&store, dropped, self.now()) {
                Ok(forgotten) => {
                    let sentences = forgotten.again.into_iter().chain(forgotten.lost);
                    said.extend(sentences.map(|sentence| format!("{client}: {sentence}")));
                }
                Err(error) => said.push(format!("what {client} lost is not read again yet: {error}")),
            }
        }
        said
    }

    /// Copies what is in use into a new store.
    pub fn compact(&self) -> Result<Compacted, DeskError> {
        self.permit(Action::Compact, None, "what is in use is copied into a new store")?;
        Ok(self.vault.compact()?)
    }

    /// Compacts if the store takes much more than what is in it.
    pub fn compact_if_wanted(&self) -> Result<Option<Compacted>, DeskError> {
        if self.vault.wants_compaction()? { self.compact().map(Some) } else { Ok(None) }
    }
}

impl Desk {
    /// Brings the headers of the backups in line with the vault's, where backups are kept.
    pub(super) fn settle(&self) -> Result<Refreshed, DeskError> {
        match &self.backups {
            Some(plan) => Ok(self.vault.refresh_backups(&plan.backups)?),
            None => Ok(Refreshed::default()),
        }
    }
}
