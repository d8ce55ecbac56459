//! Tests of the whole room: what a caller sees of a vault that is used, closed, damaged or attacked.

mod backup;
mod canary;
mod care;
mod corruption;
mod keys;
mod model;
mod tamper;
mod use_and_reopen;

use super::*;
use crate::domain::{ClientId, Timestamp};
use secrecy::SecretSlice;
use std::path::Path;

/// The credential file of test vaults: no Argon2, so that tests are quick.
fn key_file() -> SecretSlice<u8> {
    SecretSlice::from(vec![0x42; 32])
}

fn owner() -> LockOwner {
    LockOwner { user: "ines".into(), pid: 4242, tty: "pts/3".into(), since: Timestamp::from_second(1_795_000_000) }
}

fn create(dir: &Path) -> Vault {
    let vault = Vault::create(dir, Unlock::CredentialFile(&key_file()), KdfCost::default(), &owner()).unwrap();
    for id in ["acme-retail", "blue-ocean"] {
        vault.add_client(&id.parse().unwrap()).unwrap();
    }
    vault
}

fn try_open(dir: &Path) -> Result<Vault, VaultError> {
    Vault::open(dir, Unlock::CredentialFile(&key_file()), &owner())
}

fn client(id: &str) -> Scope {
    Scope::Client(id.parse::<ClientId>().unwrap())
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn put(vault: &Vault, scope: &Scope, records: &[(&str, &[u8])]) {
    let mut batch = Batch::new();
    for (text, bytes) in records {
        batch.put(scope, &name(text), 1, bytes.to_vec());
    }
    vault.commit(batch).unwrap();
}

fn bytes(vault: &Vault, scope: &Scope, text: &str) -> Option<Vec<u8>> {
    vault.get(scope, &name(text)).unwrap().map(|o| o.bytes.to_vec())
}

impl Vault {
    /// Spoils a record in the store, for tests of other rooms.
    pub(crate) fn damage_for_tests(&self, scope: &Scope, name: &Name) {
        let place = self.state().owners[scope].current().unwrap().1.place(envelope::Kind::Record, name.as_str());
        self.store.apply(vec![(place, Some(vec![1, 2, 3]))]).unwrap();
    }
}
