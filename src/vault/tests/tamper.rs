//! Somebody who can write to the store but has no key: nothing they do is taken for a record or for its absence.

use super::*;
use crate::vault::envelope::Kind;
use rstest::rstest;

const RECORDS: [(&str, &[u8]); 3] = [("a/1", b"one"), ("a/2", b"two"), ("a/3", b"three")];

fn setup(dir: &Path) -> Vault {
    let vault = create(dir);
    for scope in [client("acme-retail"), client("blue-ocean")] {
        put(&vault, &scope, &RECORDS);
    }
    vault
}

fn place(vault: &Vault, scope: &Scope, kind: Kind, text: &str) -> [u8; 16] {
    let state = vault.state.read().unwrap();
    state.owners[scope].current().unwrap().1.place(kind, text)
}

/// Opens the directory again without the pages it has decoded.
fn forget_pages(vault: Vault) -> Vault {
    let dir = vault.dir.clone();
    drop(vault);
    try_open(&dir).unwrap()
}

fn damage(result: Result<Option<Opened>, VaultError>) -> Damage {
    match result {
        Err(VaultError::Damaged(damage)) => damage,
        Err(other) => panic!("not damage: {other}"),
        Ok(found) => panic!("silent: {:?}", found.map(|o| o.bytes.to_vec())),
    }
}

#[rstest]
#[case::removed(None, DamageKind::Missing)]
#[case::replayed(Some("earlier"), DamageKind::Old)]
#[case::swapped_with_another_name(Some("a/1"), DamageKind::Altered)]
#[case::moved_from_another_client(Some("blue"), DamageKind::Altered)]
#[case::flipped(Some("flipped"), DamageKind::Altered)]
#[case::emptied(Some("empty"), DamageKind::Altered)]
fn a_record_that_is_not_the_one_stored_is_named(#[case] with: Option<&str>, #[case] kind: DamageKind) {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(&dir.path().join("v"));
    let (acme, blue) = (client("acme-retail"), client("blue-ocean"));
    let at = place(&vault, &acme, Kind::Record, "a/2");
    let earlier = vault.store.get(&at).unwrap().unwrap();
    put(&vault, &acme, &[("a/2", b"two, later")]);
    let now = vault.store.get(&at).unwrap().unwrap();
    let forged = with.map(|with| match with {
        "earlier" => earlier,
        "blue" => vault.store.get(&place(&vault, &blue, Kind::Record, "a/2")).unwrap().unwrap(),
        "flipped" => now.iter().enumerate().map(|(i, b)| if i == 31 { b ^ 1 } else { *b }).collect(),
        "empty" => Vec::new(),
        other => vault.store.get(&place(&vault, &acme, Kind::Record, other)).unwrap().unwrap(),
    });
    vault.store.apply(vec![(at, forged)]).unwrap();
    vault.store.flush().unwrap();
    let vault = forget_pages(vault);

    let found = damage(vault.get(&acme, &name("a/2")));
    assert_eq!(found, Damage { whose: client("acme-retail"), name: "a/2".into(), kind });
    assert_eq!(vault.list(&acme, "").unwrap().len(), 3, "the directory still knows it");
    assert_eq!(bytes(&vault, &acme, "a/1").unwrap(), b"one");
    assert_eq!(bytes(&vault, &blue, "a/2").unwrap(), b"two");
}

#[rstest]
#[case::removed(0, DamageKind::PageMissing)]
#[case::replayed(1, DamageKind::PageOld)]
#[case::from_another_client(2, DamageKind::PageAltered)]
fn a_directory_page_that_is_not_the_last_hides_nothing(#[case] attack: u8, #[case] kind: DamageKind) {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(&dir.path().join("v"));
    let (acme, blue) = (client("acme-retail"), client("blue-ocean"));
    let at = place(&vault, &acme, Kind::Page, "page/0");
    let earlier = vault.store.get(&at).unwrap().unwrap();
    put(&vault, &acme, &[("a/4", b"four")]);
    let forged = match attack {
        0 => None,
        1 => Some(earlier),
        _ => vault.store.get(&place(&vault, &blue, Kind::Page, "page/0")).unwrap(),
    };
    vault.store.apply(vec![(at, forged)]).unwrap();
    vault.store.flush().unwrap();
    let vault = forget_pages(vault);

    for text in ["a/1", "a/4", "a/5"] {
        let found = damage(vault.get(&acme, &name(text)));
        assert_eq!((found.name.as_str(), found.kind), (text, kind));
    }
    assert!(vault.list(&acme, "").is_err_and(|e| e.is_damage()));
    let mut batch = Batch::new();
    batch.put(&acme, &name("a/5"), 1, vec![5]);
    assert!(vault.commit(batch).is_err_and(|e| e.is_damage()), "nothing is built on a damaged page");
    assert_eq!(bytes(&vault, &blue, "a/1").unwrap(), b"one");
    put(&vault, &blue, &[("a/5", b"five")]);
}

#[test]
fn a_store_put_back_to_an_earlier_day_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = setup(&path);
    let acme = client("acme-retail");
    let earlier: Vec<_> = vault.store.keys().into_iter().map(|k| (k, vault.store.get(&k).unwrap())).collect();
    put(&vault, &acme, &[("a/1", b"newer")]);
    vault.store.apply(earlier).unwrap();
    vault.store.flush().unwrap();
    let vault = forget_pages(vault);
    assert_eq!(damage(vault.get(&acme, &name("a/1"))).kind, DamageKind::PageOld);
    assert!(vault.notices().iter().any(|n| n.contains("manifest") && n.contains("older")), "{:?}", vault.notices());
}

#[test]
fn an_emptied_store_is_damage_and_not_an_empty_vault() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    drop(setup(&path));
    std::fs::remove_dir_all(path.join("store")).unwrap();
    let vault = try_open(&path).unwrap();
    assert_eq!(vault.clients().len(), 2);
    assert_eq!(damage(vault.get(&client("acme-retail"), &name("a/1"))).kind, DamageKind::PageMissing);
    assert_eq!(vault.notices().len(), 1);
    drop(vault);
    for mirror in manifest::MIRRORS {
        std::fs::remove_file(path.join(mirror)).unwrap();
    }
    let error = try_open(&path).err().unwrap();
    assert!(matches!(&error, VaultError::Damaged(d) if d.name == "manifest"), "{error}");
}

#[test]
fn an_older_header_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = setup(&path);
    let earlier = std::fs::read(path.join("vault.hdr")).unwrap();
    vault.add_client(&"third".parse().unwrap()).unwrap();
    drop(vault);
    std::fs::write(path.join("vault.hdr"), &earlier).unwrap();
    assert_eq!(try_open(&path).unwrap().clients().len(), 3, "the other copy still has it");
    for copy in header::COPIES {
        std::fs::write(path.join(copy), &earlier).unwrap();
    }
    assert!(matches!(try_open(&path), Err(VaultError::HeaderDamaged { .. })));
}

#[test]
fn lost_mirrors_are_told_and_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    drop(setup(&path));
    std::fs::write(path.join("manifest.a"), b"torn").unwrap();
    std::fs::remove_file(path.join("manifest.b")).unwrap();
    assert_eq!(try_open(&path).unwrap().notices().len(), 2);
    let vault = try_open(&path).unwrap();
    assert!(vault.notices().is_empty(), "{:?}", vault.notices());
    assert_eq!(bytes(&vault, &client("blue-ocean"), "a/3").unwrap(), b"three");
}
