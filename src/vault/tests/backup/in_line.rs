//! Bringing backups in line: who was deleted is gone from them, and an old secret does not open them.

use super::*;
use crate::vault::{
    envelope::{Address, Kind},
    header::Header,
    key::{Purpose, SecretKey},
    ring::RingKey,
};
use secrecy::SecretString;
use std::sync::Arc;

/// Sealed bytes, with everything but the key that is needed to open them.
struct Sealed {
    owner: [u8; 16],
    name: &'static str,
    bytes: Vec<u8>,
    version: u64,
}

impl Sealed {
    fn of(vault: &Vault, scope: &Scope, text: &'static str) -> Self {
        let state = vault.state();
        let owner = &state.owners[scope];
        let place = owner.current().unwrap().1.place(Kind::Record, text);
        let bytes = vault.store.get(&place).unwrap().unwrap();
        Self { owner: owner.id, name: text, version: envelope::stamp(&bytes).unwrap().1, bytes }
    }

    /// Whether any key of this ring opens them, whatever owner and generation it claims.
    fn opens(&self, vault: &[u8; 16], ring: &[RingKey], root: &SecretKey) -> bool {
        let keys = ring.iter().filter_map(|key| key.open(vault, root)).map(|(key, _)| key);
        keys.into_iter().any(|key| {
            let cipher = key.derive(vault, Purpose::Data).cipher();
            (1..5).any(|generation| {
                let (kind, version) = (Kind::Record, self.version);
                let address =
                    Address { vault, owner: &self.owner, kind, name: self.name, generation, version, schema: 1 };
                address.open_any(&cipher, &self.bytes).is_some()
            })
        })
    }
}

/// The headers of the live vault and of every copy we keep, both copies of each.
fn headers(home: &Home) -> Vec<PathBuf> {
    let all = contents(home.dir.path()).into_keys();
    all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("vault.hdr")).collect()
}

/// Whether the bytes open with anything that can be got from any header by any of these secrets or root keys.
fn opens_anywhere(
    home: &Home,
    vault: [u8; 16],
    sealed: &Sealed,
    secrets: &[Unlock<'_>],
    roots: &[Arc<SecretKey>],
) -> bool {
    headers(home).iter().any(|path| {
        // Each copy on its own, under the name that is read first.
        let alone = tempfile::tempdir().unwrap();
        std::fs::copy(path, alone.path().join("vault.hdr")).unwrap();
        let by_secret = secrets.iter().any(|secret| {
            Header::load(alone.path(), *secret).is_ok_and(|o| sealed.opens(&vault, &o.header.ring, &o.root))
        });
        let all: Vec<&Arc<SecretKey>> = roots.iter().collect();
        by_secret
            || all.iter().any(|root| {
                let opened = Header::load_under(alone.path(), &[root]).unwrap();
                opened.is_some_and(|o| sealed.opens(&vault, &o.header.ring, o.root))
            })
    })
}

#[test]
fn a_deleted_client_opens_from_no_kept_backup_even_with_every_secret() {
    let home = Home::new();
    let vault = home.filled();
    let word = SecretString::from("a passphrase");
    vault.add_slot(Unlock::Passphrase(&word), cheap(), now()).unwrap();
    let credential = key();
    let secrets = [Unlock::CredentialFile(&credential), Unlock::Passphrase(&word)];
    let blue = "blue-ocean".parse().unwrap();
    let (gone, stays) =
        (Sealed::of(&vault, &client("blue-ocean"), "a/1"), Sealed::of(&vault, &client("acme-retail"), "a/1"));
    let gone_too = Sealed::of(&vault, &connection(), "a/1");
    let mut roots = vec![vault.copies().2];
    vault.backup(&home.backups(), now()).unwrap();
    // A vault that a restore put aside, a root key later, and a backup that was cut short are copies as well.
    let made = vault.backup(&home.backups(), now().plus(60)).unwrap();
    drop(vault);
    restore_backup(&made, &home.vault(), secrets[0], &owner(), now()).unwrap();
    let vault = try_open(&home.vault()).unwrap();
    vault.rotate_root(&[(secrets[0], cheap()), (secrets[1], cheap())], now()).unwrap();
    roots.push(vault.copies().2);
    vault.backup(&home.backups(), now().plus(120)).unwrap();
    let hex: String = vault.id.iter().map(|b| format!("{b:02x}")).collect();
    copy_dir(&made.path, &home.backups().dir().join(format!(".tmp-{hex}-{}", made.name)));
    copy_dir(&made.path, &home.backups().dir().join("under a name of its own"));
    for sealed in [&gone, &gone_too, &stays] {
        assert!(opens_anywhere(&home, vault.id, sealed, &secrets, &roots), "the test must be able to open them");
    }

    vault.remove_client(&blue, now()).unwrap();
    vault.remove_connection(&"acme-retail".parse().unwrap(), &"111122223333".parse().unwrap(), now()).unwrap();
    assert!(vault.pending_work() && opens_anywhere(&home, vault.id, &gone, &secrets, &roots));
    let done = vault.refresh_backups(&home.backups()).unwrap();
    assert_eq!(done, Refreshed { rewritten: 5, of: 5, unreachable: Vec::new() });
    assert!(!vault.pending_work() && done.is_complete());
    for sealed in [&gone, &gone_too] {
        assert!(!opens_anywhere(&home, vault.id, sealed, &secrets, &roots));
    }
    assert!(opens_anywhere(&home, vault.id, &stays, &secrets, &roots));

    // The rest of each is whole, and restoring one brings nobody back, wherever that is done.
    for backup in home.backups().list().unwrap() {
        assert_eq!((vault.verify_backup(&backup).unwrap().verified.damaged.len(), &backup.problem), (0, &None));
        let other = Home::new();
        let restored = restore_backup(&backup, &other.vault(), secrets[1], &owner(), now()).unwrap();
        assert_eq!((restored.clients, restored.records), (1, 6));
        let back = Vault::open(&other.vault(), secrets[0], &owner()).unwrap();
        assert!(back.client_revision(&blue).is_none());
        assert_eq!(bytes(&back, &client("acme-retail"), "a/1").unwrap(), b"one");
    }
    drop(vault);
    let vault = try_open(&home.vault()).unwrap();
    assert!(!vault.pending_work() && vault.notices().is_empty());
}

#[test]
fn an_old_passphrase_opens_no_kept_backup_after_it_was_changed() {
    let home = Home::new();
    let (old, new) = (SecretString::from("old passphrase"), SecretString::from("new passphrase"));
    let vault = Vault::create(&home.vault(), Unlock::Passphrase(&old), cheap(), &owner()).unwrap();
    put(&vault, &Scope::Vault, &[("a", b"x")]);
    let made = vault.backup(&home.backups(), now()).unwrap();
    vault.replace_own_slot(Unlock::Passphrase(&new), cheap(), now().plus(1)).unwrap();
    verified_by(&made, Unlock::Passphrase(&old)).unwrap();
    assert!(vault.pending_work());
    assert_eq!(vault.refresh_backups(&home.backups()).unwrap().rewritten, 1);
    for root_too in [false, true] {
        if root_too {
            vault.rotate_root(&[(Unlock::Passphrase(&new), cheap())], now().plus(2)).unwrap();
            assert!(vault.verify_backup(&made).unwrap().verified.damaged.is_empty(), "the former root key still helps");
            assert!(vault.refresh_backups(&home.backups()).unwrap().is_complete());
        }
        assert!(matches!(verified_by(&made, Unlock::Passphrase(&old)), Err(VaultError::WrongPassphrase)));
        assert!(verified_by(&made, Unlock::Passphrase(&new)).unwrap().verified.damaged.is_empty());
        assert!(vault.verify_backup(&made).unwrap().notices.is_empty());
    }
    // Only now may the root key change again.
    vault.rotate_root(&[(Unlock::Passphrase(&new), cheap())], now().plus(3)).unwrap();
    let refused = vault.rotate_root(&[(Unlock::Passphrase(&new), cheap())], now().plus(4));
    assert!(matches!(refused, Err(VaultError::Unfinished { .. })));
}

#[test]
fn an_interrupted_refresh_is_taken_up_and_a_second_one_writes_nothing() {
    let home = Home::new();
    let vault = home.filled();
    let all: Vec<BackupInfo> = (0..3).map(|n| vault.backup(&home.backups(), now().plus(n)).unwrap()).collect();
    let sealed = Sealed::of(&vault, &client("blue-ocean"), "a/1");
    let before = std::fs::read(all[1].path.join("vault.hdr.b")).unwrap();
    vault.remove_client(&"blue-ocean".parse().unwrap(), now()).unwrap();
    vault.refresh_backups(&home.backups()).unwrap();
    // An end after the first of two copies: the second still has the key. The live header still says that work is left.
    std::fs::write(all[1].path.join("vault.hdr.b"), before).unwrap();
    vault.add_slot(Unlock::RecoveryCode(&new_recovery_code().unwrap()), cheap(), now()).unwrap();
    drop(vault);
    let vault = try_open(&home.vault()).unwrap();
    let root = [vault.copies().2];
    assert!(vault.pending_work() && opens_anywhere(&home, vault.id, &sealed, &[], &root));
    assert_eq!(vault.refresh_backups(&home.backups()).unwrap().rewritten, 3);
    assert!(!opens_anywhere(&home, vault.id, &sealed, &[], &root));
    let settled = contents(home.dir.path());
    assert_eq!(vault.refresh_backups(&home.backups()).unwrap().rewritten, 3);
    assert_eq!(contents(home.dir.path()), settled);
}

#[test]
fn one_copy_that_is_stale_by_itself_is_written_again() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    let sealed = Sealed::of(&vault, &client("blue-ocean"), "a/1");
    let stale = std::fs::read(made.path.join("vault.hdr")).unwrap();
    vault.remove_client(&"blue-ocean".parse().unwrap(), now()).unwrap();
    vault.refresh_backups(&home.backups()).unwrap();
    std::fs::write(made.path.join("vault.hdr.b"), stale).unwrap();
    let root = [vault.copies().2];
    assert!(opens_anywhere(&home, vault.id, &sealed, &[], &root));
    vault.refresh_backups(&home.backups()).unwrap();
    assert!(!opens_anywhere(&home, vault.id, &sealed, &[], &root));
}

#[test]
fn what_cannot_be_reached_is_named_and_the_work_stays_open() {
    let home = Home::new();
    let vault = home.filled();
    vault.backup(&home.backups(), now()).unwrap();
    let broken = vault.backup(&home.backups(), now().plus(1)).unwrap();
    let strange = Home::new();
    let others = strange.filled().backup(&home.backups(), now().plus(2)).unwrap();
    let untouched = contents(&others.path);
    header::COPIES.iter().for_each(|copy| std::fs::write(broken.path.join(copy), b"torn").unwrap());
    vault.remove_client(&"blue-ocean".parse().unwrap(), now()).unwrap();
    let done = vault.refresh_backups(&home.backups()).unwrap();
    assert_eq!((done.rewritten, done.of, done.unreachable.len()), (1, 2, 1));
    assert!(done.unreachable[0].starts_with(&broken.name) && !done.is_complete(), "{done:?}");
    assert_eq!(contents(&others.path), untouched, "another vault's backup is none of our business");
    assert!(vault.pending_work());
    std::fs::remove_dir_all(&broken.path).unwrap();
    assert!(vault.refresh_backups(&home.backups()).unwrap().is_complete() && !vault.pending_work());

    // A disk that is not there may hold backups; a default place that was never made does not.
    vault.add_slot(Unlock::RecoveryCode(&new_recovery_code().unwrap()), cheap(), now()).unwrap();
    let away = Backups::elsewhere(home.dir.path().join("unplugged"));
    assert_eq!(vault.refresh_backups(&away).unwrap().unreachable.len(), 1);
    assert!(vault.pending_work());
    assert!(vault.refresh_backups(&Backups::new(home.dir.path().join("none yet"))).unwrap().is_complete());
    assert!(!vault.pending_work());
}

#[test]
fn a_rotation_leaves_backups_readable_under_their_old_keys() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    vault.rotate_all(&mut |_, _| {}).unwrap();
    vault.add_slot(Unlock::RecoveryCode(&new_recovery_code().unwrap()), cheap(), now()).unwrap();
    assert_eq!(vault.refresh_backups(&home.backups()).unwrap().rewritten, 1);
    let check = vault.verify_backup(&made).unwrap();
    assert_eq!((check.verified.records, check.verified.damaged.len()), (12, 0));
    drop(vault);
    restore_backup(&made, &home.vault(), Unlock::CredentialFile(&key()), &owner(), now()).unwrap();
    assert_eq!(try_open(&home.vault()).unwrap().verify().unwrap().damaged, []);
}
