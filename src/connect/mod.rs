//! Connecting a client: its ExternalId, its roles' templates, the gate that proves the trust is tight, and why a role does
//! not open.

mod diagnosis;
mod external_id;
mod gate;
pub mod import;
mod opener;
pub mod render;
mod services;
mod session_name;
mod trust_policy;
mod verdict;

pub use diagnosis::Evidence;
pub use external_id::{new_external_id, random_external_id};
pub use gate::{Gate, QUARANTINE_RETEST_SECONDS, RETEST_AFTER_SECONDS, Subject};
pub use opener::{Opener, Secrets, caller};
pub use session_name::session_name;
pub use trust_policy::{Diagnosis, DocumentError, diagnose};
pub use verdict::Verdict;
