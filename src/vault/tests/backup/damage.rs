//! Flipped and cut backups: what is read is intact or named, never silently wrong and never a panic.

use super::*;
use crate::vault::chunk::tests::Seeded;

const CASES: u64 = 100;
const ALL_CASES: u64 = 1_000;
const FILES: [&str; 3] = ["records", "vault.hdr", "vault.hdr.b"];

/// Damages one file of a backup again and again, and restores from it where that is not refused.
fn every_case(cut: bool, cases: u64) {
    let home = Home::in_memory();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    let expected: Vec<_> = scopes().map(|s| (bytes(&vault, &s, "a/2"), vault.list(&s, "").unwrap())).into();
    drop(vault);
    let good = contents(&made.path);
    let (mut named, mut harmless) = (0, 0);
    for seed in 0..cases {
        let mut r = Seeded(seed);
        let file = made.path.join(FILES[if r.below(3) == 0 { 1 + r.below(2) as usize } else { 0 }]);
        let mut content = good[&file].clone();
        let place = r.below(content.len() as u64) as usize;
        if cut {
            content.truncate(place);
        } else {
            content[place] ^= 1 << r.below(8);
        }
        std::fs::write(&file, &content).unwrap();

        let case = format!("seed {seed}, {}, byte {place}", file.display());
        let backup = home.backups().find(&made.name).unwrap();
        let whole = match verified_by(&backup, Unlock::CredentialFile(&key())) {
            Ok(check) if check.verified.damaged.is_empty() => {
                assert_eq!(check.notices.len(), 1, "{case}: silent");
                harmless += 1;
                true
            }
            Ok(_) => false,
            Err(e) => {
                assert!(e.is_damage() || matches!(e, VaultError::NewerFormat { .. }), "{case}: wrong error: {e}");
                false
            }
        };
        let target = home.dir.path().join("other");
        let restored = restore_backup(&backup, &target, Unlock::CredentialFile(&key()), &owner(), now());
        assert_eq!(restored.is_ok(), whole, "{case}: {restored:?}");
        assert_eq!(target.exists(), whole, "{case}");
        assert!(!home.dir.path().join("other.restoring").exists(), "{case}");
        if whole {
            if seed % 10 == 0 {
                let vault = try_open(&target).unwrap();
                let found: Vec<_> = scopes().map(|s| (bytes(&vault, &s, "a/2"), vault.list(&s, "").unwrap())).into();
                assert_eq!(found, expected, "{case}");
            }
            std::fs::remove_dir_all(&target).unwrap();
        } else {
            named += 1;
        }
        std::fs::write(&file, &good[&file]).unwrap();
    }
    assert!(named > cases / 3 && harmless > cases / 10, "{named} named, {harmless} harmless");
}

#[test]
fn a_flipped_backup_is_intact_or_named() {
    every_case(false, CASES);
}

#[test]
fn a_cut_backup_is_intact_or_named() {
    every_case(true, CASES);
}

#[test]
#[ignore = "the full count; minutes"]
fn a_flipped_backup_is_intact_or_named_in_full() {
    every_case(false, ALL_CASES);
}

#[test]
#[ignore = "the full count; minutes"]
fn a_cut_backup_is_intact_or_named_in_full() {
    every_case(true, ALL_CASES);
}

#[test]
fn a_record_that_is_altered_in_a_backup_is_named_with_its_client() {
    let home = Home::new();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    let place = vault.state().owners[&client("blue-ocean")].current().unwrap().1.place(envelope::Kind::Record, "a/1");
    let file = made.path.join("records");
    let mut content = std::fs::read(&file).unwrap();
    let found = content.windows(16).position(|w| w == place).unwrap();
    content[found + 16 + 40] ^= 1;
    std::fs::write(&file, content).unwrap();
    let damaged = vault.verify_backup(&made).unwrap().verified.damaged;
    let named: Vec<_> = damaged.iter().map(|d| (d.whose.clone(), d.name.as_str(), d.kind)).collect();
    let expected = [(Scope::Vault, "records"), (client("blue-ocean"), "a/1")];
    assert_eq!(named, expected.map(|(whose, name)| (whose, name, DamageKind::Altered)));
    let error = restore_backup(&made, &home.dir.path().join("x"), Unlock::CredentialFile(&key()), &owner(), now());
    assert!(error.unwrap_err().to_string().contains("records of the vault"));
}

#[test]
fn a_flip_in_what_surrounds_the_records_is_named_too() {
    let home = Home::in_memory();
    let vault = home.filled();
    let made = vault.backup(&home.backups(), now()).unwrap();
    let file = made.path.join("records");
    let good = std::fs::read(&file).unwrap();
    // The head; the first place, which is the manifest's; the footer.
    for place in (0..54).chain(good.len() - 100..good.len()) {
        let mut bad = good.clone();
        bad[place] ^= 1;
        std::fs::write(&file, &bad).unwrap();
        match vault.verify_backup(&made) {
            Ok(check) => assert!(!check.verified.damaged.is_empty(), "byte {place}: silent"),
            Err(e) => assert!(matches!(e, VaultError::NewerFormat { .. }), "byte {place}: {e}"),
        }
    }
}
