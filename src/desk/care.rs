//! Looking after the vault: reading everything, dropping what is damaged, giving space back.

use super::{Action, DeskError, data::Desk};
use crate::{
    domain::ClientId,
    sync::{ClientStore, forget_damaged},
    vault::{Batch, Compacted, Damage, Name, Refreshed, Scope, VaultError, Verified},
};
use std::collections::BTreeSet;

/// The record that a repair leaves until sync has forgotten what was dropped.
const UNFORGOTTEN: &str = "repair";

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
        let found = self.vault.verify()?.damaged;
        // A repair that was cut off has dropped things that nobody has forgotten yet.
        let mut to_forget = self.unforgotten();
        if found.is_empty() && to_forget.is_empty() {
            return Ok(Repaired::default());
        }
        to_forget.extend(found.iter().filter(|damage| !to_forget.contains(damage)).cloned().collect::<Vec<_>>());
        self.remember(&to_forget);
        let dropped = if found.is_empty() { found } else { self.repairing(|| self.vault.repair())? };
        let follows = self.forget_dropped(&to_forget);
        self.remember(&[]);
        Ok(Repaired { dropped, follows })
    }

    /// What a repair dropped, or was about to drop, and sync does not know of.
    fn unforgotten(&self) -> Vec<Damage> {
        let read = || self.vault.get_record(&Scope::Vault, &Name::new(UNFORGOTTEN)?, 1);
        read().ok().flatten().unwrap_or_default()
    }

    /// Keeps that list through an end at any moment. Where it is the vault's own records that are damaged it cannot be
    /// kept, and the repair is what counts.
    fn remember(&self, damage: &[Damage]) {
        let keep = || -> Result<(), VaultError> {
            let (mut batch, name) = (Batch::new(), Name::new(UNFORGOTTEN)?);
            match damage {
                [] => batch.remove(&Scope::Vault, &name),
                some => batch.put_record(&Scope::Vault, &name, 1, some)?,
            }
            self.vault.commit(batch)
        };
        if let Err(error) = keep() {
            tracing::warn!(%error, "what a repair drops could not be kept for later");
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{desk::fixtures, domain::ClientFacts, vault::DamageKind};

    #[test]
    fn a_repair_that_was_cut_off_is_finished_by_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let desk = fixtures::desk(dir.path());
        let client: ClientId = "acme".parse().unwrap();
        desk.add_client(&client, &ClientFacts::default()).unwrap();
        desk.vault.add_connections(&client, &["123456789012".parse().unwrap()]).unwrap();
        // The repair dropped it, and the process ended before sync was told.
        let whose = Scope::Connection(client, "123456789012".parse().unwrap());
        let damage = Damage { whose, name: "coverage/123456789012".into(), kind: DamageKind::Missing };
        desk.remember(std::slice::from_ref(&damage));
        assert_eq!(desk.unforgotten(), [damage]);
        let repaired = desk.repair().unwrap();
        assert!(repaired.dropped.is_empty() && repaired.follows.iter().any(|f| f.contains("123456789012")));
        assert!(desk.unforgotten().is_empty());
        assert!(desk.repair().unwrap().follows.is_empty());
    }
}
