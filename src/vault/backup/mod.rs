//! Backups: what is in use of a vault, copied as it lies in the store, so that nothing is decrypted to make one and
//! what opens it is what opens the vault.
//!
//! ```text
//! <backup directory>/<YYYY-MM-DDTHH-MM-SSZ>-<epoch>/
//!     vault.hdr, vault.hdr.b     slots and wrapped keys, in the format of the vault's own header
//!     records                    magic[8] | format u16 | vault id[16] | made at i64
//!                                place:  length u32 | key in the store[16] | sealed bytes           (the manifest first)
//!                                footer: places u64 | sealed bytes u64 | records u64 | manifest's epoch u64
//!                                        generation u32 | SHA-256 of all above[32] | HMAC-SHA-256 of that hash[32]
//! <backup directory>/.tmp-<vault id>-<name>/    being made, or being removed
//! ```
//! All numbers are little-endian. The footer has a fixed size, so it is found from the end. The MAC's key comes from
//! the vault's own key of the generation the footer names; a cut or altered file is noticed before any record is read.
//! The records never change after that; the header does, when a client is deleted or a secret changed: see `refresh`.

mod check;
mod create;
mod error;
mod incarnation;
mod list;
mod name;
mod prune;
mod records;
mod refresh;
mod restore;
mod retention;
mod swap;

pub use check::{BackupCheck, verify_backup};
pub use error::BackupError;
pub use list::{BackupInfo, Backups};
pub use prune::Pruned;
pub use refresh::Refreshed;
pub use restore::{Deletions, Restored, restore_backup};
pub use retention::Keep;
pub(super) use swap::finish_restore;
