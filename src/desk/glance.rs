//! What the overview shows of a client, kept in the vault: the first screen after unlocking needs no more than that.
//!
//! A glance counts only while it is the newest record of its client and nothing it says of the present has changed, so
//! it is the row that would be built anew.

use super::{
    DeskError,
    data::{ClientData, Desk},
    view::ClientRow,
};
use crate::{
    domain::{ClientId, Timestamp},
    vault::{Batch, Name, Scope, VaultError},
};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};

const NAME: &str = "glance";
const SCHEMA: u16 = 1;
/// Another release may show something else.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// A client's row, and what the strip above the table takes from the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Glance {
    release: String,
    made_at: Timestamp,
    /// When something turns stale, or a new day begins.
    valid_until: Timestamp,
    pub(super) accounts: u32,
    pub(super) stale: u32,
    pub(super) row: ClientRow,
}

impl Glance {
    /// Whether it is what would be made now, if its client is as it was.
    fn counts(&self, now: Timestamp) -> bool {
        self.release == RELEASE && self.made_at <= now && now < self.valid_until
    }
}

impl ClientData {
    /// The client at first glance; made once, until something turns stale.
    pub(super) fn glance(&self, now: Timestamp) -> Arc<Glance> {
        let mut last = self.glance.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(glance) if glance.counts(now) => glance.clone(),
            _ => last.insert(Arc::new(self.new_glance(now))).clone(),
        }
    }

    fn new_glance(&self, now: Timestamp) -> Glance {
        let midnight = now.day().plus(1).start();
        let turns = self.turns_stale().into_iter().filter(|at| *at > now);
        Glance {
            release: RELEASE.to_owned(),
            made_at: now,
            valid_until: turns.chain([midnight]).min().unwrap_or(midnight),
            accounts: u32::try_from(self.accounts.len()).unwrap_or(u32::MAX),
            stale: self.stale_accounts(now),
            row: self.row(now.day()),
        }
    }
}

impl Desk {
    /// A client's row: from what is in memory, from a glance that still counts, or built anew.
    pub(super) fn glance(&self, id: &ClientId) -> Result<Arc<Glance>, DeskError> {
        match self.kept_glance(id)? {
            Some(glance) => Ok(Arc::new(glance)),
            None => Ok(self.client_data(id)?.glance(self.now())),
        }
    }

    /// Keeps a glance of every client whose last one no longer counts; one commit. For when there is time.
    pub fn keep_glances(&self) -> Result<(), DeskError> {
        let mut batch = Batch::new();
        for id in self.vault.clients() {
            if self.kept_glance(&id)?.is_some() {
                continue;
            }
            // A client that cannot be read has nothing to keep.
            let Ok(data) = self.client_data(&id) else { continue };
            let glance = data.glance(self.now());
            let bytes = serde_json::to_vec(glance.as_ref()).map_err(|e| DeskError::Refused(e.to_string()))?;
            batch.put(&Scope::Client(id), &Name::new(NAME)?, SCHEMA, bytes);
        }
        Ok(self.vault.commit(batch)?)
    }

    fn kept_glance(&self, id: &ClientId) -> Result<Option<Glance>, DeskError> {
        let scope = Scope::Client(id.clone());
        let name = Name::new(NAME)?;
        let newest = self.vault.client_revision(id).ok_or_else(|| DeskError::UnknownClient(id.clone()))?.0;
        // A glance that is damaged is built anew.
        let read = || -> Result<Option<Glance>, VaultError> {
            if self.vault.record_revision(&scope, &name)? != Some(newest) {
                return Ok(None);
            }
            let opened = self.vault.get(&scope, &name)?;
            Ok(opened.and_then(|opened| serde_json::from_slice(&opened.bytes).ok()))
        };
        let now = self.now();
        Ok(read().ok().flatten().filter(|glance| glance.counts(now)))
    }
}
