//! Slots come and go, keys are changed, clients and connections are shredded; what was stored stays readable for those
//! who may, and for nobody else.

use super::*;
use secrecy::SecretString;

fn connection(client: &str, id: &str) -> Scope {
    Scope::Connection(client.parse().unwrap(), id.parse().unwrap())
}

const ACCOUNT: &str = "123456789012";

/// Two clients, one of them with a connection; some hundred records each.
fn filled(dir: &Path) -> Vault {
    let vault = create(dir);
    vault.add_connections(&"acme-retail".parse().unwrap(), &[ACCOUNT.parse().unwrap()]).unwrap();
    for scope in all() {
        let mut batch = Batch::new();
        for i in 0..300u16 {
            batch.put(&scope, &name(&format!("r/{i:04}")), 3, format!("{scope} {i}").into_bytes());
        }
        vault.commit(batch).unwrap();
    }
    vault
}

fn all() -> [Scope; 4] {
    [Scope::Vault, client("acme-retail"), client("blue-ocean"), connection("acme-retail", ACCOUNT)]
}

fn assert_whole(vault: &Vault, scopes: &[Scope]) {
    for scope in scopes {
        assert_eq!(vault.list(scope, "r/").unwrap().len(), 300, "{scope}");
        for i in [0, 123, 299] {
            let opened = vault.get(scope, &name(&format!("r/{i:04}"))).unwrap().unwrap();
            assert_eq!((opened.schema, &opened.bytes[..]), (3, format!("{scope} {i}").as_bytes()));
        }
    }
    assert_eq!(vault.verify().unwrap().damaged, []);
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_100)
}

fn cheap() -> KdfCost {
    KdfCost::new(8 * 1024, 1, 1).unwrap()
}

#[test]
fn slots_are_added_listed_and_removed_but_never_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = create(&path);
    let (word, file) = (SecretString::from("a passphrase"), SecretSlice::from(vec![9u8; 40]));
    let code = new_recovery_code().unwrap();
    let unlocks = [Unlock::Passphrase(&word), Unlock::PassphraseAndKeyFile(&word, &file), Unlock::RecoveryCode(&code)];
    for unlock in unlocks {
        vault.add_slot(unlock, cheap(), now()).unwrap();
    }
    let slots = vault.slots();
    let kinds: Vec<&str> = slots.iter().map(|s| s.kind).collect();
    assert_eq!(kinds, ["credential file", "passphrase", "passphrase and key file", "recovery code"]);
    assert_eq!(slots.iter().map(|s| s.opened).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!(slots[1].cost, Some(cheap()));
    drop(vault);
    for unlock in unlocks {
        let vault = Vault::open(&path, unlock, &owner()).unwrap();
        assert_eq!(vault.slots().iter().filter(|s| s.opened).count(), 1);
    }
    let vault = Vault::open(&path, Unlock::RecoveryCode(&code), &owner()).unwrap();
    assert!(matches!(vault.remove_slot("nothing"), Err(VaultError::UnknownSlot(_))));
    for slot in vault.slots().iter().take(3) {
        assert_eq!(vault.remove_slot(&slot.id.to_string()).unwrap().kind, slot.kind);
    }
    assert!(matches!(vault.remove_slot(&vault.slots()[0].id.to_string()), Err(VaultError::LastSlot)));
    drop(vault);
    assert!(matches!(try_open(&path), Err(VaultError::NoSuchSlot { what: "credential file" })));
    Vault::open(&path, Unlock::RecoveryCode(&code), &owner()).unwrap();
}

#[test]
fn a_header_from_before_a_slot_was_removed_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = create(&path);
    let word = SecretString::from("leaked");
    let leaked = vault.add_slot(Unlock::Passphrase(&word), cheap(), now()).unwrap();
    let before: Vec<_> = header::COPIES.iter().map(|copy| std::fs::read(path.join(copy)).unwrap()).collect();
    vault.remove_slot(&leaked.to_string()).unwrap();
    drop(vault);
    for (copy, bytes) in header::COPIES.iter().zip(before) {
        std::fs::write(path.join(copy), bytes).unwrap();
    }
    let error = Vault::open(&path, Unlock::Passphrase(&word), &owner()).err().unwrap();
    assert!(matches!(error, VaultError::HeaderDamaged { .. }), "{error}");
}

#[test]
fn a_new_passphrase_takes_the_place_of_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let (old, new) = (SecretString::from("old"), SecretString::from("new"));
    let vault = Vault::create(&path, Unlock::Passphrase(&old), cheap(), &owner()).unwrap();
    vault.replace_own_slot(Unlock::Passphrase(&new), cheap(), now()).unwrap();
    assert_eq!(vault.slots().len(), 1);
    assert!(vault.slots()[0].opened);
    drop(vault);
    assert!(matches!(Vault::open(&path, Unlock::Passphrase(&old), &owner()), Err(VaultError::WrongPassphrase)));
    Vault::open(&path, Unlock::Passphrase(&new), &owner()).unwrap();
}

#[test]
fn a_new_root_key_keeps_the_records_and_only_the_slots_whose_secret_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let word = SecretString::from("left behind");
    vault.add_slot(Unlock::Passphrase(&word), cheap(), now()).unwrap();
    let root = vault.copies().2;
    let secret = key_file();
    vault.rotate_root(&[(Unlock::CredentialFile(&secret), cheap())], now()).unwrap();
    assert!(
        !vault.copies().0.ring.iter().any(|key| key.open(&vault.id, &root).is_some()),
        "the old root opens nothing"
    );
    assert_whole(&vault, &all());
    drop(vault);
    let refused = Vault::open(&path, Unlock::Passphrase(&word), &owner()).err().unwrap();
    assert!(matches!(refused, VaultError::NoSuchSlot { .. }), "{refused}");
    let vault = try_open(&path).unwrap();
    assert_whole(&vault, &all());
    assert!(vault.copies().0.work.previous_root.is_some(), "until the backups have followed");
    let again = vault.rotate_root(&[(Unlock::CredentialFile(&secret), cheap())], now());
    assert!(matches!(again, Err(VaultError::Unfinished { .. })));
}

#[test]
fn a_client_s_new_key_leaves_nothing_under_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let mut told = Vec::new();
    let client_id = "acme-retail".parse().unwrap();
    let count = vault.rotate_client(&client_id, &mut |done, of| told.push((done, of))).unwrap();
    assert_eq!((count, told.first(), told.last()), (600, Some(&(0, 600)), Some(&(600, 600))));
    let (header, manifest, _) = vault.copies();
    for scope in [client("acme-retail"), connection("acme-retail", ACCOUNT)] {
        let owner = vault.state().owner(&scope).unwrap().clone();
        assert_eq!(owner.keys.keys().collect::<Vec<_>>(), [&2]);
        assert_eq!(manifest.owners[&owner.id].sealed.keys().collect::<Vec<_>>(), [&2]);
        let kept: Vec<u32> = header.ring.iter().filter(|k| k.owner == owner.id).map(|k| k.generation).collect();
        assert_eq!(kept, [2]);
    }
    assert!(header.work.rotating.is_empty());
    assert_eq!(vault.state().owner(&client("blue-ocean")).unwrap().keys.keys().collect::<Vec<_>>(), [&1]);
    drop(vault);
    assert_whole(&try_open(&path).unwrap(), &all());
}

#[test]
fn all_keys_change_also_the_vault_s_own_and_its_mirrors_follow() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    assert_eq!(vault.rotate_all(&mut |_, _| {}).unwrap(), 1_200);
    drop(vault);
    for mirror in manifest::MIRRORS {
        // Whichever mirror is lost, the other one opens under the new key.
        std::fs::remove_file(path.join(mirror)).unwrap();
        let vault = try_open(&path).unwrap();
        assert_eq!(vault.notices().len(), 1, "{:?}", vault.notices());
        assert_whole(&vault, &all());
    }
    let vault = try_open(&path).unwrap();
    assert!(vault.notices().is_empty());
    assert!(vault.all_owners().iter().all(|owner| owner.keys.keys().eq([&2])));
}

#[test]
fn a_rotation_that_was_cut_off_is_taken_up_and_not_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let scope = client("blue-ocean");
    let id = "blue-ocean".parse().unwrap();
    // A rotation stops where the progress is told, as it would if the process were ended there.
    let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        vault.rotate_client(&id, &mut |done, _| assert!(done == 0, "cut off"))
    }));
    assert!(cut.is_err());
    assert!(vault.is_rotating(&scope));
    drop(vault);
    let vault = try_open(&path).unwrap();
    assert!(vault.is_rotating(&scope));
    assert_whole(&vault, &all());
    put(&vault, &scope, &[("r/0000x", b"written meanwhile, under the new key")]);
    let mut told = Vec::new();
    vault.rotate_client(&id, &mut |done, of| told.push((done, of))).unwrap();
    assert_eq!(told, [(0, 44), (44, 44)], "256 of 300 were done before");
    assert!(!vault.is_rotating(&scope));
    assert_eq!(vault.state().owner(&scope).unwrap().keys.keys().collect::<Vec<_>>(), [&2]);
}

#[test]
fn a_removed_client_is_gone_from_the_ring_the_store_and_every_answer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let id = "acme-retail".parse().unwrap();
    let before = vault.store.keys().len();
    let removed = vault.remove_client(&id, now()).unwrap();
    assert_eq!((removed.scopes.len(), removed.records), (2, 600));
    assert!(vault.store.keys().len() < before - 600);
    drop(vault);
    for _ in 0..2 {
        let vault = try_open(&path).unwrap();
        assert_eq!(vault.clients(), ["blue-ocean".parse().unwrap()]);
        assert!(matches!(vault.get(&client("acme-retail"), &name("r/0001")), Err(VaultError::UnknownClient(_))));
        assert!(matches!(vault.remove_client(&id, now()), Err(VaultError::UnknownClient(_))));
        assert_eq!(vault.copies().0.deleted.len(), 2);
        assert_whole(&vault, &[Scope::Vault, client("blue-ocean")]);
    }
    // The name is free again, with nothing of the former.
    let vault = try_open(&path).unwrap();
    vault.add_client(&id).unwrap();
    assert!(vault.list(&client("acme-retail"), "").unwrap().is_empty());
}

#[test]
fn a_removed_connection_takes_only_its_own_along() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let id = "acme-retail".parse().unwrap();
    let revision = vault.client_revision(&id);
    let removed = vault.remove_connection(&id, &ACCOUNT.parse().unwrap(), now()).unwrap();
    assert_eq!((removed.records, vault.connections(&id).len()), (300, 0));
    assert_ne!(vault.client_revision(&id), revision, "caches must notice");
    drop(vault);
    let vault = try_open(&path).unwrap();
    assert_whole(&vault, &[Scope::Vault, client("acme-retail"), client("blue-ocean")]);
    let gone = vault.get(&connection("acme-retail", ACCOUNT), &name("r/0001")).err().unwrap();
    assert!(matches!(gone, VaultError::UnknownConnection { .. }), "{gone}");
}

#[test]
fn a_deletion_cut_off_after_the_key_was_dropped_is_finished_by_opening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let (mut header, _, root) = vault.copies();
    let gone = vault.state().owner(&client("blue-ocean")).unwrap().id;
    header.ring.retain(|key| key.owner != gone);
    header.deleted.insert(gone, now());
    header.epoch += 1;
    header.save(&path, &root).unwrap();
    drop(vault);
    for _ in 0..2 {
        let vault = try_open(&path).unwrap();
        assert!(!vault.copies().1.owners.contains_key(&gone));
        assert_eq!(vault.clients(), ["acme-retail".parse().unwrap()]);
        assert_whole(&vault, &[Scope::Vault, client("acme-retail")]);
    }
}

#[test]
fn wrong_passphrases_wait_also_after_a_restart_and_a_right_one_forgives() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let (right, wrong) = (SecretString::from("right"), SecretString::from("wrong"));
    drop(Vault::create(&path, Unlock::Passphrase(&right), cheap(), &owner()).unwrap());
    for _ in 0..5 {
        let error = Vault::open(&path, Unlock::Passphrase(&wrong), &owner()).err().unwrap();
        assert!(matches!(error, VaultError::WrongPassphrase), "{error}");
    }
    let early = Vault::open(&path, Unlock::Passphrase(&right), &owner()).err().unwrap();
    assert!(matches!(early, VaultError::TooManyAttempts { wrong: 5, seconds: 30 }), "{early}");
    let later = LockOwner { since: owner().since.plus(30), ..owner() };
    drop(Vault::open(&path, Unlock::Passphrase(&right), &later).unwrap());
    assert!(!path.join("vault.attempts").exists());
}
