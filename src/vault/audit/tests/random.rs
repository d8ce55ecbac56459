//! Random logs and random harm: what is whole verifies, and no harm goes unnoticed.

use super::*;
use proptest::prelude::*;

/// Harm to the stored log; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Harm {
    FlipChunk { chunk: usize, byte: usize, bit: u8 },
    DropChunk(usize),
    SwapChunks(usize, usize),
    DropEntry { chunk: usize, entry: usize },
    SwapEntries { chunk: usize, one: usize, other: usize },
    CutChunk { chunk: usize, keep: usize },
    FlipHead { byte: usize, bit: u8 },
    CutHead(usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let n = || 0usize..100_000;
    prop_oneof![
        4 => (n(), n(), 0u8..8).prop_map(|(chunk, byte, bit)| Harm::FlipChunk { chunk, byte, bit }),
        1 => n().prop_map(Harm::DropChunk),
        1 => (n(), n()).prop_map(|(one, other)| Harm::SwapChunks(one, other)),
        1 => (n(), n()).prop_map(|(chunk, entry)| Harm::DropEntry { chunk, entry }),
        1 => (n(), n(), n()).prop_map(|(chunk, one, other)| Harm::SwapEntries { chunk, one, other }),
        1 => (n(), n()).prop_map(|(chunk, keep)| Harm::CutChunk { chunk, keep }),
        1 => (n(), 0u8..8).prop_map(|(byte, bit)| Harm::FlipHead { byte, bit }),
        1 => n().prop_map(Harm::CutHead),
    ]
}

fn raw(vault: &Vault, name: &crate::vault::Name) -> Vec<u8> {
    vault.get(&Scope::Vault, name).unwrap().unwrap().bytes.to_vec()
}

/// Whether it changed anything.
fn inflict(vault: &Vault, harm: &Harm) -> bool {
    let names = vault.list(&Scope::Vault, "audit/").unwrap();
    let name = |n: usize| names[n % names.len()].clone();
    let mut batch = Batch::new();
    let mut edit = |n: usize, change: &dyn Fn(&mut Chunk)| {
        let mut forged: Chunk = vault.get_record(&Scope::Vault, &name(n), SCHEMA).unwrap().unwrap();
        let whole = forged.clone();
        change(&mut forged);
        batch.put_record(&Scope::Vault, &name(n), SCHEMA, &forged).unwrap();
        forged != whole
    };
    let changed = match *harm {
        Harm::DropEntry { chunk, entry } => edit(chunk, &|chunk| drop(chunk.links.remove(entry % chunk.links.len()))),
        Harm::SwapEntries { chunk, one, other } => edit(chunk, &|chunk| {
            let count = chunk.links.len();
            chunk.links.swap(one % count, other % count);
        }),
        Harm::CutChunk { chunk, keep } => edit(chunk, &|chunk| chunk.links.truncate(keep % chunk.links.len())),
        Harm::FlipChunk { chunk, byte, bit } => {
            let mut bytes = raw(vault, &name(chunk));
            let at = byte % bytes.len();
            bytes[at] ^= 1 << bit;
            batch.put(&Scope::Vault, &name(chunk), SCHEMA, bytes);
            true
        }
        Harm::DropChunk(chunk) => {
            batch.remove(&Scope::Vault, &name(chunk));
            true
        }
        Harm::SwapChunks(one, other) => {
            batch.put(&Scope::Vault, &name(one), SCHEMA, raw(vault, &name(other)));
            batch.put(&Scope::Vault, &name(other), SCHEMA, raw(vault, &name(one)));
            name(one) != name(other)
        }
        Harm::FlipHead { byte, bit } => {
            forge_head(vault, |mut head| {
                let at = byte % head.len();
                head[at] ^= 1 << bit;
                Some(head)
            });
            true
        }
        Harm::CutHead(keep) => {
            forge_head(vault, |mut head| {
                head.truncate(keep % head.len());
                Some(head)
            });
            true
        }
    };
    vault.commit(batch).unwrap();
    changed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]
    #[test]
    fn a_whole_log_verifies_and_harm_is_found(
        entries in proptest::collection::vec((0u8..4, 0usize..1_500), 1..60),
        reopen_at in 0usize..60,
        removed in any::<bool>(),
        harms in proptest::collection::vec(harm(), 6),
        later in 0usize..3,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut vault = create(dir.path());
        add(&vault, "acme");
        add(&vault, "blue");
        for (n, (client, length)) in entries.iter().enumerate() {
            if n == reopen_at {
                vault = reopen(vault);
            }
            let client = match client {
                0 => Some("acme"),
                1 => Some("blue"),
                _ => None,
            };
            vault.audit_append(&entry("some.action", client, &"x".repeat(*length))).unwrap();
        }
        if removed {
            vault.remove_client(&id("acme"), at(1)).unwrap();
        }
        let report = vault.audit_verify().unwrap();
        prop_assert!(report.is_ok(), "{:?}", report.faults);
        prop_assert_eq!(report.entries, entries.len() as u64 + 2);
        let records = all(&vault, AuditOrder::OldestFirst);
        prop_assert!(records.iter().map(|record| record.number).eq(1..=report.entries));
        for (record, (client, _)) in records[2..].iter().zip(&entries) {
            prop_assert_eq!(record.text == AuditText::Erased, removed && *client == 0);
        }

        let names = vault.list(&Scope::Vault, "audit/").unwrap();
        let whole: Vec<_> = names.iter().map(|name| (name.clone(), raw(&vault, name))).collect();
        let head = vault.state().manifest.extra(AUDIT_HEAD).unwrap().to_vec();
        for harm in &harms {
            if inflict(&vault, harm) {
                prop_assert!(!vault.audit_verify().unwrap().is_ok(), "{:?} went unnoticed", harm);
                // Nothing the program does afterwards covers it up.
                fill(&vault, later);
                prop_assert!(!vault.audit_verify().unwrap().is_ok(), "{:?} was covered up", harm);
            }
            let mut batch = Batch::new();
            vault.list(&Scope::Vault, "audit/").unwrap().iter().for_each(|name| batch.remove(&Scope::Vault, name));
            whole.iter().for_each(|(name, bytes)| batch.put(&Scope::Vault, name, SCHEMA, bytes.clone()));
            vault.commit(batch).unwrap();
            forge_head(&vault, |_| Some(head.clone()));
            prop_assert!(vault.audit_verify().unwrap().is_ok());
        }
    }
}
