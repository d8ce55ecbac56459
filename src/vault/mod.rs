//! The vault: an encrypted, authenticated store of small records, one key per client.
//!
//! From the bottom up: `store` keeps bytes, `envelope` seals them, `page`, `directory`, `rewrite` and `manifest` make
//! sure that nothing is lost or swapped unnoticed, `header` and `slot` hold the keys, `open` and `records` are what
//! callers use. `backup` makes copies elsewhere and brings them back. `audit` keeps the log of what was done; `chunk`
//! packs access events, `packing` compresses.
//!
//! ```text
//! vault.hdr, vault.hdr.b     slots and wrapped keys, twice
//! manifest.a, manifest.b     mirrors of the directory's root, written in turn
//! store/                     sealed records and directory pages under hidden names
//! vault.lock                 who has it open
//! vault.attempts             wrong passphrases in a row
//! ballast                    given up when the disk is full
//! ```

mod attempts;
mod backup;
mod audit;
mod batch;
pub mod chunk;
mod directory;
mod disk;
mod envelope;
mod error;
mod harden;
mod header;
mod kdf;
mod key;
mod lock;
mod manifest;
mod name;
mod open;
pub mod packing;
mod page;
mod records;
mod recovery;
mod remove;
mod rewrite;
mod ring;
mod rotate;
mod slot;
mod slots;
mod space;
mod store;
mod verify;
mod walk;
mod wire;

#[cfg(test)]
mod tests;

pub use audit::{AuditEntry, AuditFault, AuditGap, AuditOrder, AuditRecord, AuditText, AuditVerified, AuditWrong, Via};
pub use backup::{
    BackupCheck, BackupError, BackupInfo, Backups, Deletions, Keep, Pruned, Refreshed, Restored, restore_backup,
    verify_backup,
};
pub use batch::Batch;
pub use directory::Opened;
#[doc(hidden)]
pub use envelope::Envelope;
pub use error::{Damage, DamageKind, VaultError};
pub use harden::harden_process;
pub use kdf::KdfCost;
pub use lock::LockOwner;
pub use name::{Name, Scope};
pub use recovery::generate as new_recovery_code;
pub use remove::Removed;
pub use slot::{SlotId, SlotInfo, Unlock};
pub use verify::{Compacted, probe_store};
pub use walk::Verified;

use std::{
    path::PathBuf,
    sync::{Mutex, RwLock, atomic::AtomicBool},
};

/// An open vault. Several threads may read while one commits. Dropping it wipes the keys and lets go of the lock.
pub struct Vault {
    dir: PathBuf,
    id: key::VaultId,
    state: RwLock<records::State>,
    /// Held by the one who commits.
    writing: Mutex<()>,
    /// A write failed; memory and disk may differ.
    stopped: AtomicBool,
    cache: directory::PageCache,
    notices: Vec<String>,
    store: store::Store,
    /// Last, so that the store is closed before the lock is let go.
    lock: lock::Lock,
}
