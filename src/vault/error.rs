//! What can go wrong with a vault. Every message says what failed, why, and what to do next.

use super::Scope;
use crate::domain::{ClientId, ConnectionId};
use serde::{Deserialize, Serialize};
use std::{fmt, io, path::PathBuf};

/// A failure of the vault.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The directory holds no vault.
    #[error("there is no vault in {}: create one first, or name the right directory", dir.display())]
    NotFound {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The directory already holds one.
    #[error("{} already holds a vault: open it, or choose another directory", dir.display())]
    AlreadyExists {
        /// Where it should have been made.
        dir: PathBuf,
    },
    /// There is a store but no header that could open it.
    #[error(
        "{} holds a store but no header (vault.hdr): if creating the vault was cut short, delete that folder and create it again; if the header was lost, restore it from a copy of your own",
        dir.display()
    )]
    NoHeader {
        /// The vault's directory.
        dir: PathBuf,
    },
    /// The directory could be read or swapped by somebody else.
    #[error("the vault directory {} is not safe to use: {why}", dir.display())]
    UnsafeDirectory {
        /// The directory as it was given.
        dir: PathBuf,
        /// What is wrong, with the command that puts it right.
        why: String,
    },
    /// Another process has it open.
    #[error("the vault is in use by {user} (pid {pid}, {tty}) since {since}: quit that session first, then try again")]
    InUse {
        /// Login name of the holder, safe to print.
        user: String,
        /// Process id of the holder.
        pid: u32,
        /// Terminal of the holder, safe to print.
        tty: String,
        /// Since when, RFC 3339.
        since: String,
    },
    /// No passphrase slot opened with what was given.
    #[error("wrong passphrase: the vault stays locked; try again (capitals, keyboard layout)")]
    WrongPassphrase,
    /// No slot for a passphrase with a key file opened with what was given.
    #[error("wrong passphrase, or another key file than this vault's: the vault stays locked; try again")]
    WrongPassphraseOrKeyFile,
    /// No recovery-code slot opened with what was given.
    #[error("this is not a recovery code of this vault: it has 32 letters and digits; look for misread characters")]
    WrongRecoveryCode,
    /// Too many wrong secrets in a row.
    #[error("{wrong} wrong attempts in a row: wait {seconds} s before the next one")]
    TooManyAttempts {
        /// Wrong attempts so far.
        wrong: u32,
        /// Seconds left to wait.
        seconds: u64,
    },
    /// No credential-file slot opened with what was given.
    #[error("this credential file does not belong to this vault: use the file that was made for it, or the passphrase")]
    WrongCredentialFile,
    /// The vault has no slot of the kind asked for.
    #[error("the vault has no {what} slot: open it with a secret that it has a slot for")]
    NoSuchSlot {
        /// "passphrase", "credential file", …
        what: &'static str,
    },
    /// There is no slot of this name.
    #[error("there is no slot {0}: `bailiwick vault slot list` shows all")]
    UnknownSlot(String),
    /// The last slot would go, and with it all data.
    #[error("this is the last slot: without it nobody could open the vault again; add another one first")]
    LastSlot,
    /// A new slot's secret is too weak to accept.
    #[error("{what} is too short: {need}")]
    WeakSecret {
        /// Which secret.
        what: &'static str,
        /// What is needed.
        need: &'static str,
    },
    /// Key-derivation cost out of bounds.
    #[error("the key-derivation cost {given} is not allowed: {bounds}")]
    Cost {
        /// The cost in words.
        given: String,
        /// The limits in words.
        bounds: &'static str,
    },
    /// Neither copy of the header can be used.
    #[error(
        "the vault header is damaged ({why}): restore vault.hdr and vault.hdr.b from a copy of your own; the store was not touched"
    )]
    HeaderDamaged {
        /// What is wrong with each copy.
        why: String,
    },
    /// Written by a later release.
    #[error(
        "{what} has format {found}, newer than this program knows ({known}): use the release that wrote it, or a later one"
    )]
    NewerFormat {
        /// Which file or record.
        what: &'static str,
        /// The number found.
        found: u16,
        /// The newest number known here.
        known: u16,
    },
    /// Something that was stored is missing, old, or not what was stored.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A backup could not be made, used or restored.
    #[error(transparent)]
    Backup(#[from] super::BackupError),
    /// The embedded store failed.
    #[error("the store failed while {doing}: {why}; close the vault, check disk space and the disk, and open it again")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// The store's own words.
        why: String,
    },
    /// The disk is full.
    #[error(
        "the disk is full ({path}): what was acknowledged is safe and can be read; free space, then open the vault again",
        path = path.display()
    )]
    DiskFull {
        /// What could not be written.
        path: PathBuf,
    },
    /// So little space is left that nothing is written any more.
    #[error(
        "the vault is read-only, because its disk has {} MiB free and this needs {} MiB: free space; reading, verifying and backups to another disk work",
        free >> 20,
        need >> 20
    )]
    LowSpace {
        /// Free bytes.
        free: u64,
        /// Bytes that must be free.
        need: u64,
    },
    /// An earlier write failed, so what is in memory and on disk may differ.
    #[error("the vault stopped after a failed write: close it and open it again; what was acknowledged before is safe")]
    Stopped,
    /// Events could not be packed or unpacked.
    #[error(transparent)]
    Chunk(#[from] super::chunk::ChunkError),
    /// The client is not in this vault.
    #[error("client {0} is not in this vault: add it first")]
    UnknownClient(ClientId),
    /// The connection is not in this vault.
    #[error("client {client} has no connection {connection}: `bailiwick connection list {client}` shows all")]
    UnknownConnection {
        /// The client.
        client: ClientId,
        /// The connection.
        connection: ConnectionId,
    },
    /// The client is already there.
    #[error("client {0} is already in this vault: choose another short name")]
    ClientExists(ClientId),
    /// A logical name breaks the rules.
    #[error("\"{given}\" is not a record name: use 1 to 200 letters, digits and ._:+=@- in segments separated by /")]
    Name {
        /// What was given, safe to print.
        given: String,
    },
    /// A record has another schema than the caller reads.
    #[error("record {name} has schema {found}, expected {wanted}: this release cannot read it")]
    Schema {
        /// Logical name.
        name: String,
        /// Stored schema number.
        found: u16,
        /// The caller's schema number.
        wanted: u16,
    },
    /// A record could not be turned into bytes or back.
    #[error("record {name} cannot be {done}: {why}")]
    Codec {
        /// Logical name.
        name: String,
        /// "encoded" or "decoded".
        done: &'static str,
        /// The codec's words.
        why: String,
    },
    /// Something that was begun has to be finished first.
    #[error("{what} is not finished: {next_step}")]
    Unfinished {
        /// What.
        what: &'static str,
        /// What finishes it.
        next_step: &'static str,
    },
    /// A key has sealed as much as it safely may.
    #[error(
        "the key of {whose} has sealed {sealed} records, its limit: no more is written under it; run `bailiwick vault rotate all`"
    )]
    KeyWornOut {
        /// Whose key.
        whose: String,
        /// Invocations counted.
        sealed: u64,
    },
    /// Too much for the format.
    #[error("{what} is too large for the vault: {limit}")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// The limit in words.
        limit: &'static str,
    },
    /// A file operation failed.
    #[error("cannot {doing} {}: {source}; check permissions and free space", path.display())]
    Io {
        /// The verb.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The operating system gave no random bytes, or a process setting failed.
    #[error("the operating system refused {what}: {why}; nothing was written")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// Its words.
        why: String,
    },
}

impl VaultError {
    pub(super) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { doing, path, source },
        }
    }

    /// Whether it says that stored data is damaged (rather than refused, locked or misused).
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::HeaderDamaged { .. } | Self::Store { .. } | Self::NoHeader { .. })
            || matches!(self, Self::Backup(error) if error.is_damage())
    }
}

/// One damaged thing, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error(
    "{name} of {whose} is damaged: {kind}; everything else stays readable; `bailiwick sync` reads again what AWS still has, `bailiwick backup restore` brings back an earlier state"
)]
pub struct Damage {
    /// Whose it is.
    pub whose: Scope,
    /// The logical name of the record, or the file's name.
    pub name: String,
    /// In which way.
    pub kind: DamageKind,
}

/// The ways in which something stored can be damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DamageKind {
    /// It should be there and is not.
    Missing,
    /// Authentic, but not the version that was last stored.
    Old,
    /// Not what was stored: altered, cut, or moved from elsewhere.
    Altered,
    /// The directory page that leads to it is missing, so it cannot be told whether it is there.
    PageMissing,
    /// The directory page that leads to it is an old one.
    PageOld,
    /// The directory page that leads to it was altered, cut, or moved from elsewhere.
    PageAltered,
}

impl DamageKind {
    /// The same damage, one level up: of the page that leads to a record.
    pub(super) fn of_page(self) -> Self {
        match self {
            Self::Missing | Self::PageMissing => Self::PageMissing,
            Self::Old | Self::PageOld => Self::PageOld,
            Self::Altered | Self::PageAltered => Self::PageAltered,
        }
    }
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "it is missing from the store",
            Self::Old => "the store holds an older version than was last acknowledged",
            Self::Altered => "its stored bytes are not what was written",
            Self::PageMissing => "its directory page is missing from the store",
            Self::PageOld => "its directory page is older than was last acknowledged",
            Self::PageAltered => "its directory page is not what was written",
        })
    }
}
