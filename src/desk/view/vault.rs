//! The vault's own health: slots, backups, the audit log.

use super::AuditRow;
use crate::domain::Timestamp;
use serde::Serialize;

/// The vault at first glance.
#[derive(Debug, Clone, Serialize)]
pub struct VaultView {
    /// When it was put together.
    pub as_of: Timestamp,
    /// The vault's id, in hexadecimal.
    pub id: String,
    /// Its edition: every commit makes a new one.
    pub epoch: u64,
    /// Clients with a key.
    pub clients: u32,
    /// Connections with a key.
    pub connections: u32,
    /// Records of all of them.
    pub records: u64,
    /// Bytes on disk; 0 if that is not known.
    pub bytes: u64,
    /// Whether it can be written.
    pub mode: VaultMode,
    /// What opens it.
    pub slots: Vec<SlotRow>,
    /// The backups in the backup directory, newest first.
    pub backups: Vec<BackupRow>,
    /// Where backups go; empty if that is not known.
    pub backup_directory: String,
    /// Why the last backup failed or is overdue, as a sentence with the next step.
    pub backup_problem: Option<String>,
    /// The newest entries of the audit log, newest first, at most [`VaultView::AUDIT_LIMIT`].
    pub audit: Vec<AuditRow>,
    /// What opening the vault mended or found damaged, as sentences.
    pub notices: Vec<String>,
}

impl VaultView {
    /// How many audit entries one answer carries at most.
    pub const AUDIT_LIMIT: usize = 500;
}

/// Whether a vault can be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VaultMode {
    /// It can.
    Writable,
    /// It can be read only.
    ReadOnly {
        /// Why, and what to do, as a sentence.
        why: String,
    },
}

/// One secret that opens the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotRow {
    /// Its id, as `vault slot remove` takes it.
    pub id: String,
    /// `passphrase`, `credential file`, `recovery code`, …
    pub kind: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// What one try costs, in words; `None` where nothing is derived from a weak secret.
    pub cost: Option<String>,
    /// Whether it opened this session.
    pub opened: bool,
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupRow {
    /// Its directory's name, as `backup restore` takes it.
    pub name: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Bytes on disk.
    pub bytes: u64,
    /// Records in it.
    pub records: u64,
    /// Whether it was read back and found whole.
    pub verified: bool,
    /// What is wrong or odd with it, as a sentence.
    pub what: Option<String>,
}
