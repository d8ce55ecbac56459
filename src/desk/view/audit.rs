//! The audit log: what was changed or revealed, and by whom.

use crate::domain::{Timestamp, Untrusted};
use serde::Serialize;

/// Entries of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditView {
    /// When it was put together.
    pub as_of: Timestamp,
    /// The entries that were asked for, newest first.
    pub rows: Vec<AuditRow>,
    /// Whether there are more of them than were asked for.
    pub more: bool,
    /// Entries that could not be read, as sentences.
    pub problems: Vec<String>,
}

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its place in the chain, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Untrusted,
    /// Through what: `cli`, `console`, `automatic`.
    pub via: String,
    /// What was done: `client.remove`.
    pub action: String,
    /// To which client.
    pub client: Option<String>,
    /// The rest in words.
    pub detail: Untrusted,
    /// Whether its text went with the client's key; the entry still counts in the chain.
    pub erased: bool,
}

/// What checking the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditCheck {
    /// Whether all of it holds.
    pub ok: bool,
    /// Entries that are there.
    pub entries: u64,
    /// What does not hold.
    pub broken: Vec<AuditBroken>,
}

/// Entries that do not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditBroken {
    /// The first of them.
    pub from: u64,
    /// The last of them.
    pub to: u64,
    /// Why, in words.
    pub what: String,
}
