//! Ordinary use: put, get, list, remove, reopen, unlock.

use super::*;
use secrecy::SecretString;

#[test]
fn records_survive_closing_and_stay_with_their_owner() {
    let dir = tempfile::tempdir().unwrap();
    let (acme, blue) = (client("acme-retail"), client("blue-ocean"));
    let vault = create(&dir.path().join("v"));
    put(&vault, &acme, &[("a/1", b"acme one"), ("a/2", b"acme two")]);
    put(&vault, &blue, &[("a/1", b"blue one")]);
    put(&vault, &Scope::Vault, &[("a/1", b"vault one"), ("empty", b"")]);
    let before = vault.revision();
    drop(vault);

    let vault = try_open(&dir.path().join("v")).unwrap();
    assert!(vault.notices().is_empty(), "{:?}", vault.notices());
    assert_eq!(vault.revision(), before);
    assert_eq!(vault.clients().iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["acme-retail", "blue-ocean"]);
    assert_eq!(bytes(&vault, &acme, "a/1").unwrap(), b"acme one");
    assert_eq!(bytes(&vault, &blue, "a/1").unwrap(), b"blue one");
    assert_eq!(bytes(&vault, &Scope::Vault, "a/1").unwrap(), b"vault one");
    assert_eq!(bytes(&vault, &Scope::Vault, "empty").unwrap(), b"");
    assert_eq!(bytes(&vault, &blue, "a/2"), None);
    let nobody = vault.get(&client("nobody"), &name("a/1")).err().unwrap();
    assert!(matches!(nobody, VaultError::UnknownClient(_)));
    let again = vault.add_client(&"acme-retail".parse().unwrap()).err().unwrap();
    assert!(matches!(again, VaultError::ClientExists(_)));
}

#[test]
fn a_large_directory_lists_by_prefix_and_shrinks_again() {
    let dir = tempfile::tempdir().unwrap();
    let acme = client("acme-retail");
    let vault = create(&dir.path().join("v"));
    let all: Vec<Name> = (0..3_000).map(|i| name(&format!("events/{:012}/us-east-1/{:04}", i % 30, i / 30))).collect();
    let mut batch = Batch::new();
    for n in &all {
        batch.put(&acme, n, 7, n.as_str().as_bytes().to_vec());
    }
    vault.commit(batch).unwrap();
    drop(vault);

    let vault = try_open(&dir.path().join("v")).unwrap();
    assert_eq!(vault.list(&acme, "").unwrap().len(), 3_000);
    assert!(vault.list(&acme, "").unwrap().is_sorted());
    let one_account = vault.list(&acme, "events/000000000007/").unwrap();
    assert_eq!((one_account.len(), one_account[99].as_str()), (100, "events/000000000007/us-east-1/0099"));
    assert_eq!(vault.list(&acme, "events/000000000029/us-east-1/0099").unwrap().len(), 1);
    assert!(vault.list(&acme, "f").unwrap().is_empty() && vault.list(&acme, "a").unwrap().is_empty());
    let opened = vault.get(&acme, &all[1234]).unwrap().unwrap();
    assert_eq!((opened.schema, &opened.bytes[..]), (7, all[1234].as_str().as_bytes()));

    let mut batch = Batch::new();
    for n in all.iter().filter(|n| n.as_str() != "events/000000000007/us-east-1/0042") {
        batch.remove(&acme, n);
    }
    vault.commit(batch).unwrap();
    assert_eq!(vault.list(&acme, "").unwrap(), [name("events/000000000007/us-east-1/0042")]);
    let mut batch = Batch::new();
    batch.remove(&acme, &name("events/000000000007/us-east-1/0042"));
    batch.remove(&acme, &name("never/there"));
    vault.commit(batch).unwrap();
    assert!(vault.list(&acme, "").unwrap().is_empty());
    assert_eq!(vault.store.keys().len(), 1, "only the manifest is left in the store");
}

#[test]
fn a_commit_writes_what_it_changes_and_not_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let acme = client("acme-retail");
    let vault = create(&dir.path().join("v"));
    let sealed = |vault: &Vault| {
        let state = vault.state.read().unwrap();
        state.manifest.owners.values().flat_map(|r| r.sealed.values()).sum::<u64>()
    };
    let mut batch = Batch::new();
    for i in 0..5_000 {
        batch.put(&acme, &name(&format!("costs/{i:06}")), 1, vec![1]);
    }
    vault.commit(batch).unwrap();
    let before = sealed(&vault);
    put(&vault, &acme, &[("costs/002500", b"new")]);
    // The record, its leaf, the root page, the manifest.
    assert_eq!(sealed(&vault) - before, 4);
    assert_eq!(bytes(&vault, &acme, "costs/002500").unwrap(), b"new");
    assert_eq!(bytes(&vault, &acme, "costs/002501").unwrap(), [1]);
}

#[test]
fn typed_records_check_their_schema() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(&dir.path().join("v"));
    let mut batch = Batch::new();
    batch.put_record(&Scope::Vault, &name("settings"), 3, &("dark", 42u32)).unwrap();
    assert!(!batch.is_empty());
    vault.commit(batch).unwrap();
    let read = |schema| vault.get_record::<(String, u32)>(&Scope::Vault, &name("settings"), schema);
    assert_eq!(read(3).unwrap().unwrap(), ("dark".to_owned(), 42));
    assert!(matches!(read(4), Err(VaultError::Schema { found: 3, wanted: 4, .. })));
    assert!(matches!(
        vault.get_record::<(u64, String)>(&Scope::Vault, &name("settings"), 3),
        Err(VaultError::Codec { .. })
    ));
    assert_eq!(vault.get_record::<u8>(&Scope::Vault, &name("none"), 1).unwrap(), None);
}

#[test]
fn a_batch_is_all_or_nothing_and_a_refused_one_leaves_the_vault_usable() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(&dir.path().join("v"));
    let revision = vault.revision();
    let mut batch = Batch::new();
    batch.put(&Scope::Vault, &name("a"), 1, vec![1]);
    batch.put(&client("nobody"), &name("a"), 1, vec![1]);
    assert!(matches!(vault.commit(batch), Err(VaultError::UnknownClient(_))));
    assert_eq!((bytes(&vault, &Scope::Vault, "a"), vault.revision()), (None, revision));
    vault.commit(Batch::new()).unwrap();
    assert_eq!(vault.revision(), revision, "an empty batch is no commit");
    put(&vault, &Scope::Vault, &[("a", b"2")]);
    assert_eq!((bytes(&vault, &Scope::Vault, "a").unwrap(), vault.revision()), (b"2".to_vec(), revision + 1));
}

#[test]
fn the_right_passphrase_opens_and_a_wrong_one_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let (right, wrong) = (SecretString::from("correct horse"), SecretString::from("correct house"));
    let cost = KdfCost::new(8 * 1024, 1, 1).unwrap();
    drop(Vault::create(&path, Unlock::Passphrase(&right), cost, &owner()).unwrap());
    let refused = Vault::open(&path, Unlock::Passphrase(&wrong), &owner()).err().unwrap();
    assert!(matches!(refused, VaultError::WrongPassphrase) && !refused.is_damage());
    let no_slot = try_open(&path).err().unwrap();
    assert!(matches!(no_slot, VaultError::NoSuchSlot { what: "credential file" }));
    Vault::open(&path, Unlock::Passphrase(&right), &owner()).unwrap();
}

#[test]
fn places_where_no_vault_can_be_made_or_opened_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    assert!(!Vault::exists(&path));
    assert!(matches!(try_open(&path), Err(VaultError::NotFound { .. })));
    drop(create(&path));
    assert!(Vault::exists(&path));
    let again = Vault::create(&path, Unlock::CredentialFile(&key_file()), KdfCost::default(), &owner());
    assert!(matches!(again, Err(VaultError::AlreadyExists { .. })));
    let other = SecretSlice::from(vec![7u8; 32]);
    let refused = Vault::open(&path, Unlock::CredentialFile(&other), &owner());
    assert!(matches!(refused, Err(VaultError::WrongCredentialFile)));
    std::fs::remove_file(path.join("vault.hdr")).unwrap();
    std::fs::remove_file(path.join("vault.hdr.b")).unwrap();
    assert!(matches!(try_open(&path), Err(VaultError::NoHeader { .. })));
    let over = Vault::create(&path, Unlock::CredentialFile(&key_file()), KdfCost::default(), &owner());
    assert!(matches!(over, Err(VaultError::NoHeader { .. })), "a store without its header is never written over");
}

#[test]
fn a_second_opener_is_told_who_is_in() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let held = create(&path);
    let message = try_open(&path).err().unwrap().to_string();
    assert!(message.starts_with("the vault is in use by ines (pid 4242, pts/3) since 2026-11-"), "{message}");
    drop(held);
    try_open(&path).unwrap();
}

#[test]
fn a_client_cut_short_while_being_added_is_an_empty_client() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = create(&path);
    // What a crash between the header and the commit leaves behind: a newer header.
    let mut header = vault.state.read().unwrap().header.clone();
    let scope = client("cut-short");
    let (root, label) = (vault.copies().2, ring::Label::Client("cut-short".parse().unwrap()));
    let (ring_key, _) = open::new_owner(&vault.id, &root, [9; 16], scope.clone(), &label).unwrap();
    header.ring.push(ring_key);
    header.epoch += 1;
    header.save(&path, &root).unwrap();
    drop(vault);
    let vault = try_open(&path).unwrap();
    assert!(vault.list(&scope, "").unwrap().is_empty());
    put(&vault, &scope, &[("a", b"x")]);
    drop(vault);
    assert_eq!(bytes(&try_open(&path).unwrap(), &scope, "a").unwrap(), b"x");
}

#[test]
fn one_thread_reads_while_another_commits() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(&dir.path().join("v"));
    put(&vault, &Scope::Vault, &[("a", b"0"), ("b", b"0")]);
    std::thread::scope(|threads| {
        threads.spawn(|| (1..40u8).for_each(|i| put(&vault, &Scope::Vault, &[("a", &[i]), ("b", &[i])])));
        for _ in 0..400 {
            assert_eq!(vault.list(&Scope::Vault, "").unwrap().len(), 2);
            assert!(bytes(&vault, &Scope::Vault, "a").is_some());
        }
    });
    assert_eq!(bytes(&vault, &Scope::Vault, "b").unwrap(), [39]);
}
