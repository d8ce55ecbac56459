//! Verifying, repairing and compacting.

use super::*;
use crate::vault::envelope::Kind;

fn filled(dir: &Path) -> Vault {
    let vault = create(dir);
    for scope in [Scope::Vault, client("acme-retail"), client("blue-ocean")] {
        let records: Vec<(String, Vec<u8>)> = (0..500).map(|i| (format!("r/{i:04}"), vec![i as u8; 60])).collect();
        let records: Vec<(&str, &[u8])> = records.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect();
        put(&vault, &scope, &records);
    }
    vault
}

fn place(vault: &Vault, scope: &Scope, kind: Kind, text: &str) -> [u8; 16] {
    vault.state().owner(scope).unwrap().current().unwrap().1.place(kind, text)
}

#[test]
fn a_sound_vault_verifies_with_its_counts() {
    let dir = tempfile::tempdir().unwrap();
    let vault = filled(&dir.path().join("v"));
    let report = vault.verify().unwrap();
    assert_eq!((report.records, report.bytes, report.damaged), (1_500, 1_500 * (60 + 46), Vec::new()));
    assert_eq!(vault.records(), 1_500);
}

#[test]
fn what_is_damaged_is_named_dropped_by_repair_and_nothing_else_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let (acme, blue) = (client("acme-retail"), client("blue-ocean"));
    vault.store.apply(vec![(place(&vault, &acme, Kind::Record, "r/0007"), None)]).unwrap();
    vault.store.apply(vec![(place(&vault, &acme, Kind::Record, "r/0123"), Some(vec![1; 90]))]).unwrap();
    vault.store.flush().unwrap();
    drop(vault);
    let vault = try_open(&path).unwrap();
    let found = vault.verify().unwrap();
    let expected = [("r/0007", DamageKind::Missing), ("r/0123", DamageKind::Altered)].map(|(name, kind)| Damage {
        whose: acme.clone(),
        name: name.into(),
        kind,
    });
    assert_eq!((found.records, &found.damaged[..]), (1_500, &expected[..]));
    assert_eq!(vault.repair().unwrap(), expected);
    assert_eq!(vault.verify().unwrap().damaged, []);
    assert_eq!(vault.repair().unwrap(), []);
    drop(vault);
    let vault = try_open(&path).unwrap();
    assert_eq!(vault.list(&acme, "").unwrap().len(), 498);
    assert!(vault.get(&acme, &name("r/0007")).unwrap().is_none());
    assert_eq!(bytes(&vault, &acme, "r/0008").unwrap(), [8; 60]);
    assert_eq!(vault.list(&blue, "").unwrap().len(), 500);
    put(&vault, &acme, &[("r/0007", b"read again")]);
    assert_eq!(bytes(&vault, &acme, "r/0007").unwrap(), b"read again");
}

#[test]
fn a_lost_page_costs_what_is_below_it_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let acme = client("acme-retail");
    let pages = (0..20).map(|id| place(&vault, &acme, Kind::Page, &directory::page_name(id)));
    let lost = pages.filter(|at| vault.store.get(at).unwrap().is_some()).nth(1).unwrap();
    vault.store.apply(vec![(lost, None)]).unwrap();
    vault.store.flush().unwrap();
    drop(vault);
    let vault = try_open(&path).unwrap();
    let damaged = vault.repair().unwrap();
    assert!(matches!(damaged[..], [Damage { kind: DamageKind::PageMissing, .. }]), "{damaged:?}");
    assert!(damaged[0].kind.is_page() && damaged[0].name.starts_with("r/"));
    let left = vault.list(&acme, "").unwrap().len();
    assert!((100..500).contains(&left), "{left}");
    assert_eq!(vault.verify().unwrap().damaged, []);
}

#[test]
fn compaction_gives_back_what_is_no_longer_used_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = filled(&path);
    let big = vec![0x5a; 200_000];
    for round in 0..60u8 {
        put(&vault, &client("blue-ocean"), &[("big", &[&big[..], &[round]].concat())]);
    }
    let before = vault.verify().unwrap();
    let compacted = vault.compact().unwrap();
    assert!(compacted.after < compacted.before / 2, "{compacted:?}");
    assert_eq!(vault.verify().unwrap(), before);
    put(&vault, &client("blue-ocean"), &[("after", b"goes on")]);
    assert!(!path.join(open::NEXT_STORE).exists());
    drop(vault);
    let vault = try_open(&path).unwrap();
    assert_eq!(vault.verify().unwrap().records, before.records + 1);
    assert!(!vault.wants_compaction().unwrap());
}

#[test]
fn a_compaction_that_was_cut_off_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    drop(filled(&path));
    disk::make_private_dir(&path.join(open::NEXT_STORE)).unwrap();
    std::fs::write(path.join(open::NEXT_STORE).join("db"), b"half a store").unwrap();
    let vault = try_open(&path).unwrap();
    assert!(!path.join(open::NEXT_STORE).exists());
    assert_eq!(vault.verify().unwrap().damaged, []);
}

#[test]
fn the_end_of_the_holder_before_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    drop(filled(&path));
    assert!(!try_open(&path).unwrap().was_cut_off());
    std::fs::write(path.join("vault.lock"), b"ines\n1\n").unwrap();
    assert!(try_open(&path).unwrap().was_cut_off());
    assert!(!try_open(&path).unwrap().was_cut_off());
}
