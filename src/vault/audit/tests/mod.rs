//! The log in use and under attack, through the vault's own records.

mod attack;
mod random;
mod ordinary;

use super::{
    chain::{Chunk, SCHEMA, chunk_name},
    *,
};
use crate::vault::{Batch, KdfCost, LockOwner, Scope, Unlock, Vault, VaultError, manifest::AUDIT_HEAD};
use secrecy::SecretSlice;
use std::{ops::ControlFlow, path::Path};

const CANARY: &str = "canary-detail-6f1d";

fn key_file() -> SecretSlice<u8> {
    SecretSlice::from(vec![0x42; 32])
}

fn owner() -> LockOwner {
    LockOwner { user: "ines".into(), pid: 4242, tty: "pts/3".into(), since: at(0) }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second)
}

fn create(dir: &Path) -> Vault {
    Vault::create(&dir.join("v"), Unlock::CredentialFile(&key_file()), KdfCost::default(), &owner()).unwrap()
}

fn reopen(vault: Vault) -> Vault {
    let dir = vault.dir().to_owned();
    drop(vault);
    Vault::open(&dir, Unlock::CredentialFile(&key_file()), &owner()).unwrap()
}

fn id(text: &str) -> ClientId {
    text.parse().unwrap()
}

/// An entry that concerns nobody, or a client.
fn entry(action: &str, client: Option<&str>, detail: &str) -> AuditEntry {
    AuditEntry {
        at: at(60),
        actor: "ines".into(),
        via: Via::Cli,
        action: action.into(),
        client: client.map(id),
        detail: detail.into(),
    }
}

fn add(vault: &Vault, client: &str) -> u64 {
    vault
        .add_client_noted(&id(client), &entry("client.add", Some(client), &format!("added {client}")), Batch::new())
        .unwrap()
}

/// Many entries about nobody.
fn fill(vault: &Vault, count: usize) {
    for n in 0..count {
        vault.audit_append(&entry("sync.run", None, &format!("round {n}"))).unwrap();
    }
}

fn all(vault: &Vault, order: AuditOrder) -> Vec<AuditRecord> {
    let mut records = Vec::new();
    let gaps = vault.audit_entries(order, &mut |record| {
        records.push(record);
        ControlFlow::Continue(())
    });
    assert_eq!(gaps.unwrap(), []);
    records
}

fn said(client: Option<&str>, detail: &str) -> AuditText {
    AuditText::Said { client: client.map(id), detail: detail.into() }
}

fn chunk(vault: &Vault, first: u64) -> Chunk {
    vault.get_record(&Scope::Vault, &chunk_name(first).unwrap(), SCHEMA).unwrap().unwrap()
}

/// What somebody does who can write records but has not the key of the chain.
fn forge(vault: &Vault, first: u64, chunk: Option<&Chunk>) {
    let (mut batch, name) = (Batch::new(), chunk_name(first).unwrap());
    match chunk {
        Some(chunk) => batch.put_record(&Scope::Vault, &name, SCHEMA, chunk).unwrap(),
        None => batch.remove(&Scope::Vault, &name),
    }
    vault.commit(batch).unwrap();
}

/// Changes the manifest's section, or takes it away.
fn forge_head(vault: &Vault, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
    let one = vault.begin().unwrap();
    vault
        .commit_holding(&one, Batch::new(), |manifest| {
            let head = manifest.extra(AUDIT_HEAD).unwrap().to_vec();
            manifest.extras.retain(|(kind, _)| *kind != AUDIT_HEAD);
            if let Some(head) = change(head) {
                manifest.set_extra(AUDIT_HEAD, head);
            }
        })
        .unwrap();
}

fn faults(vault: &Vault) -> Vec<(u64, u64, AuditWrong)> {
    let report = vault.audit_verify().unwrap();
    assert_eq!(report.is_ok(), report.faults.is_empty());
    report.faults.iter().map(|fault| (fault.from, fault.to, fault.wrong)).collect()
}
