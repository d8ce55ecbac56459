//! The sync engine: plan → fetch → normalise → evaluate → commit, for every connection at once.

mod accounts;
mod again;
mod budget;
mod control;
mod costs;
mod coverage;
mod due;
mod engine;
mod events;
mod footprint;
mod gates;
#[cfg(test)]
mod fixtures;
mod judge;
mod lease;
mod ledger;
mod migrate;
mod options;
mod pages;
mod plan;
mod progress;
mod refetch;
mod regions;
mod restate;
mod retention;
mod schedule;
mod slice;
mod store;

pub use accounts::{all_pages, keep_listed, with_listed};
pub use budget::{Caps, LedgerTurn, SpendLedger};
pub use control::Control;
pub use coverage::{Coverage, RegionCoverage};
pub use due::plan;
pub use engine::{run, run_under};
pub use gates::{evidence, gate_failure};
pub use judge::judge_connections;
pub use ledger::LedgerEntry;
pub use options::{SyncOptions, Wanted};
pub use pages::{Astray, Pages};
pub use plan::CostState;
pub use progress::{Listener, price};
pub use refetch::{Forgotten, forget_damaged};
pub use regions::HISTORY_SECONDS;
pub use retention::{Purge, kept_from};
pub use schedule::{Schedule, Timetable, Turn, last_read};
pub use store::{AccountList, ClientStore, Draft, KnownMonths, Sources, StoredKey, connection_id, oldest_first};
