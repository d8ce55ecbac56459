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
        let clients: BTreeSet<&ClientId> = dropped.iter().filter_map(|damage| damage.whose.client()).collect();
        let own = dropped.iter().filter(|damage| damage.whose.client().is_none());
        let mut follows: Vec<String> = own
            .map(|d| {
                format!("{} of the vault itself does not come back: `bailiwick backup list` shows backups", d.name)
            })
            .collect();
        for client in clients {
            self.forget(client);
            let store = ClientStore::new(self.vault.clone(), client.clone());
            match forget_damaged(&store, &dropped, self.now()) {
                Ok(said) => follows.extend(said.again.into_iter().chain(said.lost).map(|s| format!("{client}: {s}"))),
                // What was dropped stays dropped, and the other clients are still to be seen to.
                Err(error) => {
                    follows.push(format!("{client}: what was lost could not be marked to be read again: {error}"))
                }
            }
        }
        Ok(Repaired { dropped, follows })
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
