//! What is noted before a sync.

use super::{Action, DeskError, data::Desk};
use crate::{
    domain::{ClientId, SyncPlan},
    sync::{self, ClientStore, Purge, SyncOptions, kept_from},
};

impl Desk {
    /// What a sync would do now: its jobs, their requests, what they cost. Nothing is sent.
    ///
    /// # Errors
    /// When there is no such client, or the vault cannot be read.
    pub fn sync_plan(&self, options: &SyncOptions) -> Result<SyncPlan, DeskError> {
        if let Some(only) = &options.only {
            self.client(only)?;
        }
        Ok(sync::plan(&self.vault, options, self.now())?)
    }

    /// The gate for a sync, and for what it removes because it is older than `retention_days`.
    pub fn permit_sync(&self, only: Option<&ClientId>, retention_days: u32) -> Result<(), DeskError> {
        let what = if only.is_some() { "of this client" } else { "of all clients" };
        self.permit(Action::SyncRun, only, what)?;
        let kept_from = kept_from(self.now(), retention_days);
        for client in self.vault.clients().iter().filter(|client| only.is_none_or(|only| only == *client)) {
            let store = ClientStore::new(self.vault.clone(), client.clone());
            // A client whose records cannot be read is not purged either: the sync says why.
            let Ok(purge) = Purge::before(&store, kept_from) else { continue };
            let (days, evidence) = (purge.counts().days, purge.counts().evidence);
            if days > 0 || evidence > 0 {
                let detail = format!("{days} days of events and {evidence} pieces of evidence from before {kept_from}");
                self.permit(Action::RetentionPurge, Some(client), &detail)?;
            }
        }
        Ok(())
    }
}
