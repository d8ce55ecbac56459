//! What a sync would do, and what the clients paid for.

use crate::domain::{ClientId, Day, SyncPlan};
use rust_decimal::Decimal;
use serde::Serialize;

/// The next sync, and the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncView {
    /// What is due now.
    pub plan: SyncPlan,
    /// What was paid.
    pub spend: SpendView,
}

/// Cost Explorer requests by client and month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpendView {
    /// Today in UTC: the day and the month that the caps count.
    pub today: Day,
    /// Months in which anybody paid, by their first days, the newest first.
    pub months: Vec<Day>,
    /// Clients that paid or are about to, in order of id.
    pub clients: Vec<SpendRow>,
}

/// What one client paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpendRow {
    /// Who.
    pub client: ClientId,
    /// Requests today.
    pub today: u64,
    /// The cap of a day; 0 is none.
    pub day_cap: u64,
    /// Requests this month.
    pub month: u64,
    /// The cap of a month; 0 is none.
    pub month_cap: u64,
    /// Requests of each month, in the order of [`SpendView::months`].
    pub months: Vec<u64>,
    /// Requests of all months.
    pub requests: u64,
    /// Their price in US dollars.
    pub usd: Decimal,
}
