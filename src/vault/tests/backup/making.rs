//! Making, listing, verifying and pruning.

use super::*;

#[test]
fn a_backup_holds_everything_and_leaves_the_vault_as_it_was() {
    let home = Home::new();
    let vault = home.filled();
    let before = contents(&home.vault());
    let made = vault.backup(&home.backups(), now()).unwrap();
    assert_eq!(contents(&home.vault()), before, "nothing is written into the vault");
    assert_eq!(made.name, format!("2026-11-22T02-14-55Z-{}", vault.revision()));
    assert_eq!((made.made_at, made.records, made.problem.as_deref()), (now(), 12, None));
    assert!(made.bytes > 36_000 && made.path.starts_with(home.backups().dir()));
    assert_eq!(home.backups().list().unwrap(), std::slice::from_ref(&made));
    assert_eq!(home.backups().newest().unwrap(), made);
    assert_eq!(home.backups().find(&made.name).unwrap(), made);
    assert_eq!(home.backups().find(made.path.to_str().unwrap()).unwrap(), made);

    let check = vault.verify_backup(&made).unwrap();
    assert_eq!((check.verified.records, check.verified.damaged.len(), check.notices.len()), (12, 0, 0));
    assert_eq!(check.verified, vault.verify().unwrap());
    assert_eq!(verified_by(&made, Unlock::CredentialFile(&key())).unwrap(), check);
    let other = SecretSlice::from(vec![7u8; 32]);
    let refused = verified_by(&made, Unlock::CredentialFile(&other));
    assert!(matches!(refused, Err(VaultError::WrongCredentialFile)));
}

#[test]
fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let made = home.filled().backup(&home.backups(), now()).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(home.backups().dir()), mode(&made.path)), (0o700, 0o700));
    for file in ["vault.hdr", "vault.hdr.b", "records"] {
        assert_eq!(mode(&made.path.join(file)), 0o600, "{file}");
    }
    assert_eq!(std::fs::read_dir(&made.path).unwrap().count(), 3);
}

#[test]
fn two_in_one_second_do_not_clash_and_a_cut_short_one_is_said_and_cleared_away() {
    let home = Home::new();
    let vault = home.filled();
    let (one, two) = (vault.backup(&home.backups(), now()).unwrap(), vault.backup(&home.backups(), now()).unwrap());
    assert_eq!(two.name, format!("{}-2", one.name));
    assert_eq!(home.backups().newest().unwrap(), two);

    // What a process that was ended leaves behind, of this vault and of another one that is at work.
    let hex: String = vault.id.iter().map(|b| format!("{b:02x}")).collect();
    let (half, others) = (format!(".tmp-{hex}-2026-11-22T02-15-00Z-9"), ".tmp-00000000000000000000000000000000-x");
    for name in [&half, others] {
        copy_dir(&one.path, &home.backups().dir().join(name));
    }
    let listed = home.backups().list().unwrap();
    assert_eq!(listed.len(), 4);
    let problem = listed.iter().find(|b| b.name == half).unwrap().problem.clone().unwrap();
    assert!(problem.contains("cut short"), "{problem}");
    assert_eq!(home.backups().newest().unwrap(), two);
    vault.backup(&home.backups(), now().plus(60)).unwrap();
    assert!(!home.backups().dir().join(half).exists() && home.backups().dir().join(others).exists());
}

#[test]
fn a_backup_that_lacks_a_part_says_which() {
    let home = Home::new();
    let vault = home.filled();
    let problem = |change: &dyn Fn(&Path)| {
        let made = vault.backup(&home.backups(), now()).unwrap();
        change(&made.path);
        let problem = home.backups().find(&made.name).unwrap().problem;
        std::fs::remove_dir_all(made.path).unwrap();
        problem
    };
    assert_eq!(problem(&|_| {}), None);
    let lost = problem(&|dir| std::fs::remove_file(dir.join("records")).unwrap());
    assert_eq!(lost.unwrap(), "its records are missing");
    let cut = problem(&|dir| {
        std::fs::OpenOptions::new().write(true).open(dir.join("records")).unwrap().set_len(5_000).unwrap()
    });
    assert_eq!(cut.unwrap(), "its records are cut short or altered");
    let headless = problem(&|dir| header::COPIES.iter().for_each(|c| std::fs::remove_file(dir.join(c)).unwrap()));
    assert_eq!(headless.unwrap(), "vault.hdr is missing, vault.hdr.b is missing");
    let one = problem(&|dir| std::fs::remove_file(dir.join("vault.hdr")).unwrap());
    assert_eq!(one, None, "one copy is enough");
    for name in ["", "..", ".", "2026-11-22T02-14-55Z-1", "../vault/x"] {
        let error = home.backups().find(name).unwrap_err();
        assert!(matches!(error, VaultError::Backup(BackupError::NotFound { .. })), "{name}: {error}");
    }
    assert!(matches!(home.backups().newest(), Err(VaultError::Backup(BackupError::None { .. }))));
}

#[test]
fn a_damaged_vault_is_not_backed_up_and_the_damage_is_named() {
    let home = Home::new();
    let vault = home.filled();
    let good = vault.backup(&home.backups(), now()).unwrap();
    damage_record(&vault, &client("blue-ocean"), "a/2");
    let error = vault.backup(&home.backups(), now().plus(86_400)).unwrap_err();
    assert!(error.is_damage(), "{error}");
    assert!(error.to_string().contains("a/2 of client blue-ocean") && error.to_string().contains("repair"), "{error}");
    assert_eq!(home.backups().list().unwrap(), [good], "nothing half made stays");
    vault.repair().unwrap();
    let made = vault.backup(&home.backups(), now().plus(86_400)).unwrap();
    assert_eq!(vault.verify_backup(&made).unwrap().verified.records, 11);

    // A store that lost its last commit.
    let earlier: Vec<_> = vault.store.keys().into_iter().map(|k| (k, vault.store.get(&k).unwrap())).collect();
    put(&vault, &Scope::Vault, &[("newer", b"x")]);
    let manifest = vault.all_places().unwrap()[0];
    vault.store.apply(earlier.into_iter().filter(|(k, _)| *k == manifest).collect()).unwrap();
    let error = vault.backup(&home.backups(), now().plus(90_000)).unwrap_err();
    assert!(error.to_string().contains("manifest of the vault"), "{error}");
}

#[test]
fn a_store_that_lost_a_commit_of_keys_alone_is_damaged_too() {
    let home = Home::new();
    let vault = home.filled();
    let manifest = vault.all_places().unwrap()[0];
    let earlier = vault.store.get(&manifest).unwrap();
    vault.add_client(&"third".parse().unwrap()).unwrap();
    vault.store.apply(vec![(manifest, earlier)]).unwrap();
    let error = vault.backup(&home.backups(), now()).unwrap_err();
    assert!(error.is_damage() && error.to_string().contains("manifest"), "{error}");
    assert_eq!(home.backups().list().unwrap(), []);
}

#[test]
fn what_is_still_to_be_done_to_other_backups_does_not_go_into_a_new_one() {
    let home = Home::new();
    let vault = home.filled();
    vault.rotate_root(&[(Unlock::CredentialFile(&key()), cheap())], now()).unwrap();
    assert!(vault.pending_work());
    let made = vault.backup(&home.backups(), now()).unwrap();
    let other = Home::new();
    restore_backup(&made, &other.vault(), Unlock::CredentialFile(&key()), &owner(), now()).unwrap();
    assert!(!try_open(&other.vault()).unwrap().pending_work());
}

#[test]
fn one_is_due_each_day_and_a_backup_from_the_future_does_not_stop_that() {
    let home = Home::new();
    let vault = home.filled();
    let due = |now: &str| vault.backup_is_due(&home.backups(), at(now)).unwrap();
    assert!(due("2026-11-22T02:14:55Z"));
    vault.backup(&home.backups(), at("2026-11-22T02:14:55Z")).unwrap();
    assert!(!due("2026-11-22T23:59:59Z"), "the same day");
    assert!(due("2026-11-23T00:00:00Z"));
    vault.backup(&home.backups(), at("2026-11-23T22:00:00Z")).unwrap();
    assert!(!due("2026-11-24T17:59:59Z"), "not twenty hours");
    assert!(due("2026-11-24T18:00:00Z"));
    vault.backup(&home.backups(), at("2031-01-01T00:00:00Z")).unwrap();
    assert!(due("2026-11-24T18:00:00Z"));
    // Neither does another vault's.
    let other = Home::new();
    let strange = other.filled().backup(&home.backups(), at("2026-11-24T17:00:00Z")).unwrap();
    assert!(due("2026-11-24T18:00:00Z"));
    assert!(matches!(vault.verify_backup(&strange), Err(VaultError::Backup(BackupError::OtherKey { .. }))));
    let away = Backups::elsewhere(home.dir.path().join("unplugged"));
    assert!(vault.backup_is_due(&away, now()).is_err() && away.list().is_err(), "out of reach is not empty");
}

#[test]
fn pruning_follows_the_days_once_the_newest_is_proven() {
    let home = Home::new();
    let vault = home.filled();
    let keep = Keep { daily: 3, weekly: 1, monthly: 1 };
    let noon = |day: i64| at("2026-11-02T12:00:00Z").plus(day * 86_400);
    let other = Home::new();
    other.filled().backup(&home.backups(), noon(0)).unwrap();
    let all: Vec<BackupInfo> = (0..6).map(|day| vault.backup(&home.backups(), noon(day)).unwrap()).collect();
    let mine = home.backups().dir().join("before the big change");
    copy_dir(&all[0].path, &mine);
    let newest = all[5].clone();

    let wrong = vault.prune_backups(&home.backups(), keep, noon(4), None).unwrap();
    assert_eq!((wrong.kept.len(), wrong.removed.len(), wrong.why_not.is_some()), (6, 0, true));
    let good = std::fs::read(newest.path.join("records")).unwrap();
    let mut bad = good.clone();
    bad[500] ^= 1;
    std::fs::write(newest.path.join("records"), &bad).unwrap();
    let error = vault.prune_backups(&home.backups(), keep, noon(5), None).unwrap_err();
    assert!(error.is_damage() && error.to_string().contains(&newest.name), "{error}");
    assert_eq!(home.backups().list().unwrap().len(), 8, "nothing goes before the newest is good");

    std::fs::write(newest.path.join("records"), &good).unwrap();
    let pruned = vault.prune_backups(&home.backups(), keep, noon(5), None).unwrap();
    let names = |which: &[usize]| which.iter().map(|i| all[*i].name.clone()).collect::<Vec<_>>();
    assert_eq!((pruned.kept, pruned.removed), (names(&[5, 4, 3]), names(&[2, 1, 0])));
    assert_eq!(home.backups().list().unwrap().len(), 5, "another vault's and one with its own name stay");
    assert_eq!(vault.prune_backups(&home.backups(), keep, noon(5), None).unwrap().removed, Vec::<String>::new());
    assert!(mine.exists());
}

#[test]
fn records_go_on_being_read_while_a_backup_is_made() {
    let home = Home::new();
    let vault = home.filled();
    std::thread::scope(|threads| {
        let (vault, home) = (&vault, &home);
        let making = threads.spawn(move || {
            (0..5).for_each(|n| drop(vault.backup(&home.backups(), now().plus(n)).unwrap()));
        });
        while !making.is_finished() {
            assert_eq!(bytes(vault, &connection(), "a/1").unwrap(), b"one");
            put(vault, &client("blue-ocean"), &[("c", b"while it is made")]);
        }
        making.join().unwrap();
    });
    for backup in home.backups().list().unwrap() {
        assert!(vault.verify_backup(&backup).unwrap().verified.damaged.is_empty());
    }
}
