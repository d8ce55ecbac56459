//! What is noted before a sync, what it would do, what the clients paid for, and whether all sources are fresh.

use super::{
    Action, DeskError,
    data::Desk,
    view::{SpendRow, SpendView, SyncView},
};
use crate::{
    domain::{ClientId, Day, SourceState, SyncPlan},
    sync::{self, Caps, ClientStore, Purge, SyncOptions, gate_failure, kept_from},
};
use std::collections::BTreeSet;

/// Sources of connections, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceHealth {
    /// Read completely, the last time that it was tried.
    pub fresh: u64,
    /// Stale, unavailable, never read, or read without some regions.
    pub troubled: u64,
}

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

    /// The same with the settings of this desk, and the ledger.
    pub(super) fn sync_view(&self) -> Result<SyncView, DeskError> {
        let none =
            || DeskError::Refused("what a sync would do is not known here: `bailiwick sync --dry-run` tells".into());
        let options = self.sync.as_ref().ok_or_else(none)?;
        Ok(SyncView { plan: self.sync_plan(options)?, spend: self.spend(options.caps, None)? })
    }

    /// The ledger of Cost Explorer requests, of one client or of all.
    ///
    /// # Errors
    /// When there is no such client, or the vault cannot be read.
    pub fn spend(&self, caps: Caps, only: Option<&ClientId>) -> Result<SpendView, DeskError> {
        let today = self.now().day();
        let mut ledgers = Vec::new();
        for client in self.of_scope(only)? {
            let ledger = ClientStore::new(self.vault.clone(), client.clone()).spend()?;
            if !ledger.pages.is_empty() {
                ledgers.push((client, ledger));
            }
        }
        let months: BTreeSet<Day> = ledgers.iter().flat_map(|(_, ledger)| ledger.pages.keys().copied()).collect();
        let months: Vec<Day> = months.into_iter().rev().collect();
        let row = |(client, ledger): (ClientId, sync::SpendLedger)| {
            let requests = ledger.pages.values().sum();
            SpendRow {
                client,
                today: ledger.on(today),
                day_cap: caps.day,
                month: ledger.in_month_of(today),
                month_cap: caps.month,
                months: months.iter().map(|month| ledger.in_month_of(*month)).collect(),
                requests,
                usd: sync::price(requests),
            }
        };
        let clients = ledgers.into_iter().map(row).collect();
        Ok(SpendView { today, months, clients })
    }

    /// How the sources of one client or of all stand, whenever they were read.
    ///
    /// # Errors
    /// When there is no such client, or the vault cannot be read.
    pub fn source_health(&self, only: Option<&ClientId>) -> Result<SourceHealth, DeskError> {
        let mut health = SourceHealth::default();
        for client in self.of_scope(only)? {
            let store = ClientStore::new(self.vault.clone(), client);
            for connection in store.connections()? {
                let mut sources = store.sources(&connection.id)?;
                if let Some(failure) = gate_failure(&connection) {
                    sources.unusable(&failure);
                }
                let all = [
                    (&sources.events, true),
                    (&sources.costs, connection.kind.has_costs()),
                    (&sources.accounts, connection.kind.has_costs()),
                ];
                for (state, _) in all.into_iter().filter(|(_, has)| *has) {
                    match state {
                        SourceState::Fresh { .. } => health.fresh += 1,
                        SourceState::NotApplicable => {}
                        _ => health.troubled += 1,
                    }
                }
                health.troubled += u64::from(!sources.regions_failed.is_empty());
            }
        }
        Ok(health)
    }

    fn of_scope(&self, only: Option<&ClientId>) -> Result<Vec<ClientId>, DeskError> {
        match only {
            Some(only) => self.client(only).map(|_| vec![only.clone()]),
            None => Ok(self.vault.clients()),
        }
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
