//! Restoring: on another machine, over a live vault, and after an end at any moment.

use super::*;
use secrecy::SecretString;

fn restore(home: &Home, backup: &BackupInfo) -> Result<Restored, VaultError> {
    restore_backup(backup, &home.vault(), Unlock::CredentialFile(&key()), &owner(), now().plus(3_600))
}

fn expect_filled(vault: &Vault) {
    assert!(vault.notices().is_empty(), "{:?}", vault.notices());
    for scope in scopes() {
        assert_eq!(bytes(vault, &scope, "a/1").unwrap(), b"one");
        assert_eq!(bytes(vault, &scope, "b").unwrap(), scope.to_string().as_bytes());
        assert_eq!(vault.list(&scope, "").unwrap().len(), 3);
    }
    let verified = vault.verify().unwrap();
    assert_eq!((verified.records, verified.damaged.len()), (12, 0));
}

#[test]
fn any_secret_and_the_backup_alone_bring_everything_back_on_another_machine() {
    let home = Home::new();
    let vault = home.filled();
    let (word, code) = (SecretString::from("correct horse"), new_recovery_code().unwrap());
    let file = SecretSlice::from(vec![9u8; 32]);
    let credential = key();
    let secrets = [
        Unlock::CredentialFile(&credential),
        Unlock::Passphrase(&word),
        Unlock::PassphraseAndKeyFile(&word, &file),
        Unlock::RecoveryCode(&code),
    ];
    for secret in &secrets[1..] {
        vault.add_slot(*secret, cheap(), now()).unwrap();
    }
    let made = vault.backup(&home.backups(), now()).unwrap();
    for secret in secrets {
        let other = Home::new();
        let carried = other.dir.path().join("stick");
        copy_dir(&made.path, &carried);
        let backup = other.backups().find(carried.to_str().unwrap()).unwrap();
        assert_eq!(backup.made_at, now(), "a backup under another name knows when it was made");
        let live = other.dir.path().join("home/of/vault");
        let restored = restore_backup(&backup, &live, secret, &owner(), now().plus(9)).unwrap();
        assert_eq!((restored.records, restored.clients, restored.before), (12, 2, None));
        assert!(matches!(restored.deletions, Deletions::OnlyThoseOfTheBackup { .. }));
        let vault = Vault::open(&live, secret, &owner()).unwrap();
        expect_filled(&vault);
        assert!(!vault.was_cut_off());
        put(&vault, &connection(), &[("later", b"works")]);
        assert_eq!(std::fs::read_dir(live.parent().unwrap()).unwrap().count(), 1, "nothing else is left behind");
        assert!(!live.join("vault.restored").exists());
    }
    let wrong = SecretString::from("wrong horse");
    let refused = restore_backup(&made, &home.dir.path().join("x"), Unlock::Passphrase(&wrong), &owner(), now());
    assert!(matches!(refused, Err(VaultError::WrongPassphrase)));
    assert!(!home.dir.path().join("x").exists());
}

#[test]
fn the_vault_that_was_there_is_kept_beside() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    put(&vault, &client("acme-retail"), &[("a/1", b"changed"), ("new", b"new")]);
    drop(vault);
    let restored = restore(&home, &made).unwrap();
    assert_eq!(restored.deletions, Deletions::Kept { dropped: 0 });
    let before = restored.before.unwrap();
    assert_eq!(before, home.dir.path().join("vault.before-2026-11-22T03-14-55Z"));
    expect_filled(&try_open(&home.vault()).unwrap());
    let former = try_open(&before).unwrap();
    assert_eq!(bytes(&former, &client("acme-retail"), "a/1").unwrap(), b"changed");
    drop(former);
    // A second restore in the same second finds another name.
    assert!(restore(&home, &made).unwrap().before.unwrap().ends_with("vault.before-2026-11-22T03-14-55Z-2"));
    expect_filled(&try_open(&home.vault()).unwrap());
}

#[test]
fn a_vault_in_use_is_not_replaced_and_wrong_secrets_are_counted() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    assert!(matches!(restore(&home, &made), Err(VaultError::InUse { .. })));
    assert_eq!(std::fs::read_dir(home.dir.path()).unwrap().count(), 2);
    vault.add_slot(Unlock::Passphrase(&SecretString::from("right")), cheap(), now()).unwrap();
    let made = vault.backup(&home.backups(), now()).unwrap();
    drop(vault);
    let wrong = SecretString::from("wrong");
    let attempt = || restore_backup(&made, &home.vault(), Unlock::Passphrase(&wrong), &owner(), now()).unwrap_err();
    for _ in 0..5 {
        assert!(matches!(attempt(), VaultError::WrongPassphrase));
    }
    assert!(matches!(attempt(), VaultError::TooManyAttempts { .. }));
}

#[test]
fn a_vault_without_a_header_is_what_restoring_is_for() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    drop(vault);
    header::COPIES.iter().for_each(|copy| std::fs::remove_file(home.vault().join(copy)).unwrap());
    assert!(matches!(try_open(&home.vault()), Err(VaultError::NoHeader { .. })));
    let restored = restore(&home, &made).unwrap();
    assert!(restored.before.is_some());
    assert!(matches!(restored.deletions, Deletions::OnlyThoseOfTheBackup { .. }));
    expect_filled(&try_open(&home.vault()).unwrap());
}

#[test]
fn what_was_deleted_here_stays_deleted_and_elsewhere_that_is_said() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    vault.remove_client(&"blue-ocean".parse().unwrap(), now()).unwrap();
    vault.remove_connection(&"acme-retail".parse().unwrap(), &"111122223333".parse().unwrap(), now()).unwrap();
    drop(vault);

    let other = Home::new();
    let restored = restore(&other, &made).unwrap();
    let Deletions::OnlyThoseOfTheBackup { why } = restored.deletions else { panic!("{restored:?}") };
    assert_eq!((why.as_str(), restored.clients), ("there was no vault here", 2));
    expect_filled(&try_open(&other.vault()).unwrap());

    let restored = restore(&home, &made).unwrap();
    assert_eq!((restored.deletions, restored.clients, restored.records), (Deletions::Kept { dropped: 2 }, 1, 6));
    let check = |vault: &Vault| {
        assert_eq!(vault.clients().len(), 1);
        assert!(vault.connections(&"acme-retail".parse().unwrap()).is_empty());
        assert_eq!(bytes(vault, &client("acme-retail"), "a/1").unwrap(), b"one");
        assert_eq!(vault.verify().unwrap().records, 6);
    };
    let vault = try_open(&home.vault()).unwrap();
    check(&vault);
    // The tombstones go on with it.
    let again = vault.backup(&home.backups(), now().plus(9)).unwrap();
    let third = Home::new();
    restore(&third, &again).unwrap();
    check(&try_open(&third.vault()).unwrap());
    drop(vault);
    restore(&home, &made).unwrap();
    check(&try_open(&home.vault()).unwrap());
}

#[test]
fn a_secret_that_was_taken_away_does_not_come_back() {
    let home = Home::new();
    let vault = home.filled();
    let word = SecretString::from("taken away");
    let slot = vault.add_slot(Unlock::Passphrase(&word), cheap(), now()).unwrap();
    let made = vault.backup(&home.backups(), now()).unwrap();
    vault.remove_slot(&slot.to_string()).unwrap();
    vault.rotate_root(&[(Unlock::CredentialFile(&key()), cheap())], now()).unwrap();
    drop(vault);
    restore(&home, &made).unwrap();
    expect_filled(&try_open(&home.vault()).unwrap());
    let refused = Vault::open(&home.vault(), Unlock::Passphrase(&word), &owner());
    assert!(matches!(refused, Err(VaultError::NoSuchSlot { .. })));
    assert!(try_open(&home.vault()).unwrap().pending_work(), "the backup is still to be brought in line");
}

#[test]
fn nothing_of_the_abandoned_future_can_be_passed_off_as_the_restored_vault() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    for n in 0..9u8 {
        put(&vault, &client("acme-retail"), &[("a/1", &[n]), ("future", &[n])]);
    }
    let future = vault.revision();
    drop(vault);
    let before = restore(&home, &made).unwrap().before.unwrap();
    let vault = try_open(&home.vault()).unwrap();
    assert!(vault.revision() > future);
    let generations = |vault: &Vault| vault.state().owners.values().map(|o| o.current().unwrap().0).collect::<Vec<_>>();
    assert_eq!(generations(&vault), [2, 2, 2, 2]);
    drop(vault);

    // Its mirrors, and then its whole store as well, under the header that was restored.
    let mirrors = ["manifest.a", "manifest.b"];
    let swap = |parts: &[&str]| {
        let target = Home::new();
        copy_dir(&home.vault(), &target.vault());
        for part in parts {
            let (from, to) = (before.join(part), target.vault().join(part));
            if from.is_dir() {
                std::fs::remove_dir_all(&to).unwrap();
                copy_dir(&from, &to);
            } else {
                std::fs::copy(from, to).unwrap();
            }
        }
        target
    };
    let target = swap(&mirrors);
    let vault = try_open(&target.vault()).unwrap();
    assert_eq!(vault.notices().len(), 2, "both mirrors are told to be strange: {:?}", vault.notices());
    assert_eq!(bytes(&vault, &client("acme-retail"), "future"), None);
    drop(vault);
    let target = swap(&[mirrors[0], mirrors[1], "store"]);
    let error = try_open(&target.vault()).err().unwrap();
    assert!(matches!(&error, VaultError::Damaged(d) if d.name == "manifest"), "{error}");
    let target = swap(&["store"]);
    let vault = try_open(&target.vault()).unwrap();
    assert!(vault.get(&client("acme-retail"), &name("a/1")).is_err_and(|e| e.is_damage()));
    assert!(vault.get(&client("acme-retail"), &name("future")).is_err_and(|e| e.is_damage()));
}

#[test]
fn a_restored_vault_rotates_lets_go_of_the_old_keys_and_backs_up_again() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    drop(vault);
    restore(&home, &made).unwrap();
    let vault = try_open(&home.vault()).unwrap();
    put(&vault, &Scope::Vault, &[("a/1", b"one")]);
    assert_eq!(vault.rotate_all(&mut |_, _| {}).unwrap(), 12);
    assert!(vault.state().owners.values().all(|o| o.keys.len() == 1));
    let again = vault.backup(&home.backups(), now().plus(60)).unwrap();
    drop(vault);
    restore(&home, &again).unwrap();
    expect_filled(&try_open(&home.vault()).unwrap());
}

#[test]
fn a_rotation_that_was_under_way_is_still_under_way_after_a_restore() {
    let home = Home::new();
    let vault = home.filled();
    let (acme, mut steps) = (client("acme-retail"), 0);
    // An end right after the new keys were made.
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        vault.rotate_all(&mut |_, _| {
            steps += 1;
            std::panic::resume_unwind(Box::new("ended"));
        })
    }));
    assert!(ended.is_err() && vault.is_rotating(&acme) && vault.is_rotating(&Scope::Vault));
    drop(vault);
    let vault = try_open(&home.vault()).unwrap();
    let made = vault.backup(&home.backups(), now()).unwrap();
    drop(vault);
    restore(&home, &made).unwrap();
    let vault = try_open(&home.vault()).unwrap();
    expect_filled(&vault);
    assert!(vault.is_rotating(&acme) && !vault.is_rotating(&Scope::Vault));
    vault.rotate_all(&mut |_, _| {}).unwrap();
    assert!(!vault.is_rotating(&acme) && vault.state().owners.values().all(|o| o.keys.len() == 1));
    expect_filled(&vault);
}

/// What an end at each moment of a restore leaves behind, and what the next opening or restore makes of it.
#[test]
fn an_end_at_any_moment_leaves_one_vault_whole() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    put(&vault, &Scope::Vault, &[("after", b"the backup")]);
    drop(vault);
    let is_former = |path: &Path| bytes(&try_open(path).unwrap(), &Scope::Vault, "after").is_some();
    // The restored vault as it stands before it is put in place.
    let built = Home::new();
    restore(&built, &made).unwrap();
    std::fs::write(built.vault().join("vault.restored"), "2026-11-22T03-14-55Z").unwrap();
    let staging = |home: &Home| home.dir.path().join("vault.restoring");
    let aside = |home: &Home| home.dir.path().join("vault.before-2026-11-22T03-14-55Z");

    for moment in ["made", "store", "built", "exchanged", "renamed"] {
        for restoring in [false, true] {
            let case = Home::new();
            copy_dir(&home.vault(), &case.vault());
            match moment {
                "made" => disk::make_private_dir(&staging(&case)).unwrap(),
                "store" => {
                    copy_dir(&built.vault(), &staging(&case));
                    header::COPIES.iter().for_each(|c| std::fs::remove_file(staging(&case).join(c)).unwrap());
                }
                "built" => copy_dir(&built.vault(), &staging(&case)),
                _ => {
                    std::fs::rename(case.vault(), if moment == "renamed" { aside(&case) } else { staging(&case) })
                        .unwrap();
                    copy_dir(&built.vault(), &case.vault());
                }
            }
            let put_in_place = moment == "exchanged" || moment == "renamed";
            if restoring {
                let restored = restore(&case, &made).unwrap();
                expect_filled(&try_open(&case.vault()).unwrap());
                assert_eq!(is_former(&restored.before.unwrap()), !put_in_place, "{moment}");
            } else {
                assert_eq!(is_former(&case.vault()), !put_in_place, "{moment}");
                assert!(try_open(&case.vault()).unwrap().notices().is_empty(), "{moment}");
            }
            assert!(!staging(&case).exists(), "{moment}");
            assert!(!case.vault().join("vault.restored").exists(), "{moment}");
            if put_in_place {
                assert!(is_former(&aside(&case)), "{moment}: the former vault is kept");
            }
        }
    }

    // A vault that stands there and is not of a restore is left alone.
    let case = Home::new();
    copy_dir(&home.vault(), &case.vault());
    copy_dir(&home.vault(), &staging(&case));
    let error = restore(&case, &made).unwrap_err();
    assert!(matches!(error, VaultError::Backup(BackupError::InTheWay { .. })), "{error}");
    let vault = try_open(&case.vault()).unwrap();
    assert!(vault.notices().iter().any(|n| n.contains("vault.restoring")), "{:?}", vault.notices());
    assert!(is_former(&staging(&case)));
}

#[test]
fn whoever_waited_for_a_vault_that_a_restore_replaced_opens_the_new_one() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    put(&vault, &Scope::Vault, &[("after", b"the backup")]);
    drop(vault);
    let other = Home::new();
    restore(&other, &made).unwrap();
    let held = lock::Lock::take(&home.vault(), &owner(), lock::Wait::No).unwrap();
    std::thread::scope(|threads| {
        let (told, hear) = std::sync::mpsc::channel();
        let (path, secret) = (home.vault(), key());
        let waiting = threads.spawn(move || {
            let tell = |e: &VaultError| told.send(e.to_string()).unwrap();
            let vault = Vault::open_waiting(&path, Unlock::CredentialFile(&secret), &owner(), &tell).unwrap();
            assert_eq!(bytes(&vault, &Scope::Vault, "after"), None);
            // It has the lock of the vault that is there now.
            assert!(matches!(try_open(&path), Err(VaultError::InUse { .. })));
        });
        hear.recv_timeout(LIMIT).unwrap();
        disk::exchange(&other.vault(), &home.vault()).unwrap();
        drop(held);
        waiting.join().unwrap();
    });
}
