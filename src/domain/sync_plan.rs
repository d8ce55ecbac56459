//! What a sync would do, as data: jobs with their requests, what they cost, how long they take.

use super::{AccountId, ClientId, RequestCounts, Source, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;

/// Everything that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncPlan {
    /// When it was made; what is due depends on it.
    pub as_of: Timestamp,
    /// The jobs, in the order of clients and accounts.
    pub jobs: Vec<PlannedJob>,
    /// Requests of all jobs: so many at least, for an answer may take more pages than one.
    pub requests: RequestCounts,
    /// What the Cost Explorer requests cost the clients, in US dollars.
    pub ce_price_usd: Decimal,
    /// About how long it takes, in seconds: what the pace dictates, and the answers of a usual network.
    pub seconds: u64,
    /// Clients that Cost Explorer requests are due of, with their ledger.
    pub spend: Vec<PlannedSpend>,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedJob {
    /// Whose.
    pub client: ClientId,
    /// Of which account.
    pub account: AccountId,
    /// Reading what.
    pub source: Source,
    /// What of it, in words: `14 months, 13 of them by day`, `4 regions, 14 days`.
    pub what: String,
    /// Its requests, at least.
    pub requests: RequestCounts,
}

/// What one client pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedSpend {
    /// Whose.
    pub client: ClientId,
    /// Requests that are due now.
    pub due: u64,
    /// Of these, held back by a cap.
    pub held_back: u64,
    /// Paid today already.
    pub today: u64,
    /// Paid this month already.
    pub month: u64,
    /// The cap of a day; 0 is none.
    pub day_cap: u64,
    /// The cap of a month; 0 is none.
    pub month_cap: u64,
}
