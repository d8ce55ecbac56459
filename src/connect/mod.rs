//! Connecting a client: its ExternalId, the gate that proves the trust is tight, and what kind of account it is.

mod external_id;
mod gate;
mod kind;
pub mod render;
mod session_name;

pub use external_id::new_external_id;
pub use gate::{Gate, QUARANTINE_RETEST_SECONDS, RETEST_AFTER_SECONDS};
pub use kind::detect_kind;
pub use session_name::session_name;
