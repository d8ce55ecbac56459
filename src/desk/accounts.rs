//! Accounts: one row each, connected or only listed.

use super::{
    DeskError,
    data::{ClientData, Desk},
    view::{AccountRow, AccountsView},
};
use crate::domain::{Account, AccountId, Cell, ClientId, Metric, Money, Month, SourceState};
use std::collections::BTreeMap;

impl Desk {
    /// Accounts of one client, or of all.
    pub fn accounts(&self, client: Option<&ClientId>) -> Result<AccountsView, DeskError> {
        let month = self.now().day().month();
        let rows = self.scoped(client)?.iter().flat_map(|c| c.account_rows(month)).collect();
        Ok(AccountsView { as_of: self.now(), rows })
    }
}

impl ClientData {
    fn account_rows(&self, month: Month) -> Vec<AccountRow> {
        let spend = self.ledger.by(Metric::Unblended, |c| Some(c.account));
        let open: BTreeMap<AccountId, Cell<Money>> = spend
            .into_iter()
            .filter_map(|(account, months)| {
                let slot = months.get(&month)?;
                Some((account, self.cell(Some(Money::new(slot.amount, self.ledger.currency)), slot.estimated)))
            })
            .collect();
        let mut rows: Vec<AccountRow> = self.accounts.values().map(|a| self.account_row(a, &open)).collect();
        rows.sort_by(|a, b| (&a.ou_path, &a.label, a.account).cmp(&(&b.ou_path, &b.label, b.account)));
        rows
    }

    fn account_row(&self, account: &Account, open: &BTreeMap<AccountId, Cell<Money>>) -> AccountRow {
        let connection = self.connection(account.id);
        let sources = self.sources.get(&account.id);
        let coverage = self.coverage.get(&account.id);
        AccountRow {
            client: self.id().clone(),
            account: account.id,
            label: account.label().cloned(),
            ou_path: account.ou_path.clone(),
            state: account.state,
            linked_at: account.linked_at,
            connection: connection.map(|c| c.kind),
            access: connection.map(|c| c.access.clone()),
            left_at: account.left_at,
            gate: connection.map(|c| c.gate.clone()),
            regions: coverage
                .map(|c| c.regions().filter(|(_, r)| r.in_use).map(|(region, _)| region.clone()).collect())
                .unwrap_or_default(),
            regions_failed: sources
                .map(|s| s.regions_failed.iter().map(|(r, f)| (r.clone(), f.what.clone())).collect())
                .unwrap_or_default(),
            month: open.get(&account.id).cloned().unwrap_or_else(|| self.cell(None, false)),
            findings: self.open_findings(|f| f.key.account == account.id),
            costs: match (connection, sources) {
                (Some(c), Some(s)) if c.kind.has_costs() => s.costs.clone(),
                // A member's costs come with its payer's.
                _ => self.cost_source(),
            },
            events: sources.map_or(SourceState::NotApplicable, |s| s.events.clone()),
        }
    }
}
