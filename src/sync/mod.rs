//! The sync engine: plan → fetch → normalise → evaluate → commit, for every connection at once.

mod coverage;
mod plan;

pub use coverage::{Coverage, Depth, RegionCoverage};
pub use plan::CostState;
