//! The audit log: what was changed or revealed, by whom, in a chain in which every entry vouches for all before it.
//!
//! Each entry carries an HMAC over the one before it and itself, under a key of the log's own. The end of the chain (its
//! length and last MAC) stands in the manifest, so that a log that was cut short is noticed. Chain and key are records
//! of the vault's own scope:
//!
//! ```text
//! audit-chain-key      32 random bytes; a new key of the vault does not break the chain
//! audit/000000000001   a chunk of entries, named by its first
//! audit-key            in each client's scope, 32 random bytes: seals what entries say of that client
//! ```
//!
//! What an entry says of a client, beginning with its name, is sealed under that client's audit key. With the client's
//! own key that record goes, and with it what the entries say; the chain covers the sealed bytes and still holds.

mod append;
mod chain;
mod read;
mod verify;

#[cfg(test)]
mod tests;

pub use read::{AuditGap, AuditOrder, AuditRecord, AuditText};
pub use verify::{AuditFault, AuditVerified, AuditWrong};

use crate::domain::{ClientId, Timestamp};

/// Through what somebody acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A command.
    Cli,
    /// The console.
    Console,
    /// By itself: what the program does without being asked each time.
    Automatic,
}

impl Via {
    /// Its stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Console => "console",
            Self::Automatic => "automatic",
        }
    }
}

/// What is to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: the name of a user of this machine.
    pub actor: String,
    /// Through what.
    pub via: Via,
    /// What, by its stable id, such as `client.remove`.
    pub action: String,
    /// The client it concerns; then the detail is sealed with the client's name.
    pub client: Option<ClientId>,
    /// A sentence. Without a client it must not name one.
    pub detail: String,
}
