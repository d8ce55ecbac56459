//! The checks: Sigma rules over CloudTrail events, costs and connections, and the findings they raise.
//!
//! Every check is one Sigma rule. What a rule cannot compute (policies, ports, first-seen baselines, cost norms, gaps) is
//! computed before as `bw.*` fields, so that a rule stays a plain statement of what is wrong. State is a value: the
//! caller loads and stores it.

mod catalog;
mod correlate;
mod derive;
mod engine;
mod enriched;
mod finding;
mod native;
mod network;
mod policy;
mod rules;
#[cfg(test)]
mod scenarios;
mod selectors;
mod self_test;
mod state;
mod storage;

pub use catalog::{CheckInfo, CheckSource, all, find};
pub use engine::{AccountContext, Checks, Evaluation};
pub use finding::{Hit, merge};
pub use native::{connection::ConnectionFact, cost::Spending};
pub use rules::CheckError;
pub use self_test::{CaseResult, self_test};
pub use state::CheckState;
