//! The sync engine: plan → fetch → normalise → evaluate → commit, for every connection at once.

mod accounts;
mod costs;
mod coverage;
mod engine;
mod events;
mod lease;
mod plan;
mod progress;
mod slice;
mod store;

pub use coverage::{Coverage, Depth, RegionCoverage};
pub use engine::{SyncOptions, gate_failure, run};
pub use plan::CostState;
pub use progress::{Listener, price};
pub use store::{AccountList, ClientStore, Draft, Sources, SpendLedger, connection_id};
