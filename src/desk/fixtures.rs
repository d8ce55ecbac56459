//! A desk over a vault of its own, for the tests of this room.

use super::Desk;
use crate::{
    checks::Checks,
    domain::{FixedClock, Timestamp},
    vault::{KdfCost, LockOwner, Unlock, Vault},
};
use secrecy::SecretSlice;
use std::{path::Path, sync::Arc};

/// The present of these tests.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000)
}

/// A desk over a new and empty vault below `dir`.
pub fn desk(dir: &Path) -> Desk {
    let owner = LockOwner { user: "ines".into(), pid: 1, tty: "pts/3".into(), since: now() };
    let secret = SecretSlice::from(vec![7u8; 32]);
    let vault = Vault::create(&dir.join("v"), Unlock::CredentialFile(&secret), KdfCost::default(), &owner);
    Desk::new(Arc::new(vault.unwrap()), Arc::new(Checks::builtin().unwrap()), Arc::new(FixedClock(now())))
}
