//! A client in a vault of its own, for the tests of this room.

use super::store::ClientStore;
use crate::{
    domain::{
        Access, AccountId, ClientId, Connection, ConnectionKind, Depth, GateState, Partition, RoleArn, Timestamp,
    },
    vault::{KdfCost, LockOwner, Unlock, Vault},
};
use secrecy::SecretSlice;
use std::{path::Path, sync::Arc};

/// The present of these tests.
pub fn now() -> Timestamp {
    "2026-11-22T02:14:55Z".parse().unwrap()
}

/// Client acme in a new vault below `dir`, connected with one payer account.
pub fn store(dir: &Path) -> ClientStore {
    let secret = SecretSlice::from(vec![7u8; 32]);
    let owner = LockOwner { user: "test".into(), pid: 1, tty: "none".into(), since: now() };
    let vault = Vault::create(&dir.join("vault"), Unlock::CredentialFile(&secret), KdfCost::default(), &owner);
    let (vault, client): (_, ClientId) = (Arc::new(vault.unwrap()), "acme".parse().unwrap());
    vault.add_client(&client).unwrap();
    let store = ClientStore::new(vault, client.clone());
    let connection = Connection {
        id: account().to_string().parse().unwrap(),
        client,
        kind: ConnectionKind::Payer,
        access: Access::Role { role: RoleArn::new(Partition::Aws, account(), "bailiwick/x").unwrap() },
        linked_at: now(),
        alias: None,
        depth: Depth::Essential,
        gate: GateState::Untested,
        results: Vec::new(),
    };
    store.vault().add_connections(store.client(), std::slice::from_ref(&connection.id)).unwrap();
    let mut draft = store.draft();
    draft.connections(&[connection]).unwrap();
    draft.commit().unwrap();
    store
}

/// The account that is connected.
pub fn account() -> AccountId {
    "111122223333".parse().unwrap()
}
