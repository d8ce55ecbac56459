//! Somebody who can write the vault's records, but has not the key of the chain.

use super::{
    chain::{Body, Link, chain_key_name, client_key_name},
    *,
};
use crate::vault::{DamageKind, Name};

/// Three chunks: 1 to 128, 129 to 256, 257 to 260.
fn setup(dir: &Path) -> Vault {
    let vault = create(dir);
    add(&vault, "acme");
    fill(&vault, 259);
    vault
}

#[test]
fn a_changed_entry_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let changes: [fn(&mut Link); 6] = [
        |link| link.entry.at = at(61),
        |link| link.entry.actor = "joao".into(),
        |link| link.entry.via = "console".into(),
        |link| link.entry.action = "sync.runs".into(),
        |link| link.entry.body = Body::Plain("other".into()),
        |link| link.mac[31] ^= 1,
    ];
    for (change, (first, at, number)) in
        changes.iter().flat_map(|change| [(1, 7, 8), (129, 0, 129), (257, 3, 260)].map(|place| (change, place)))
    {
        let whole = chunk(&vault, first);
        let mut forged = whole.clone();
        change(&mut forged.links[at]);
        forge(&vault, first, Some(&forged));
        assert_eq!(faults(&vault)[0], (number, number, AuditWrong::Changed));
        forge(&vault, first, Some(&whole));
        assert_eq!(faults(&vault), []);
    }
}

#[test]
fn a_changed_seal_or_another_clients_id_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let whole = chunk(&vault, 1);
    let changes: [fn(&mut [u8; 16], &mut Vec<u8>); 2] = [|owner, _| owner[0] ^= 1, |_, bytes| bytes[20] ^= 1];
    for change in changes {
        let mut forged = whole.clone();
        let Body::Sealed { owner, bytes } = &mut forged.links[0].entry.body else { panic!("not sealed") };
        change(owner, bytes);
        forge(&vault, 1, Some(&forged));
        assert_eq!(faults(&vault), [(1, 1, AuditWrong::Changed)]);
        assert_eq!(all(&vault, AuditOrder::OldestFirst)[0].text, AuditText::Erased);
    }
}

#[test]
fn removed_swapped_and_repeated_entries_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let whole = chunk(&vault, 129);
    let changes: [(fn(&mut Vec<Link>), (u64, u64, AuditWrong)); 7] = [
        (|links| drop(links.remove(0)), (129, 129, AuditWrong::Removed)),
        (|links| drop(links.drain(20..30)), (149, 158, AuditWrong::Removed)),
        (|links| links.truncate(100), (229, 256, AuditWrong::Removed)),
        (|links| links.clear(), (129, 256, AuditWrong::Removed)),
        (|links| links.swap(10, 11), (139, 139, AuditWrong::Reordered)),
        (|links| links.insert(5, links[4].clone()), (134, 134, AuditWrong::Reordered)),
        (
            |links| {
                links.swap(10, 11);
                (links[10].entry.number, links[11].entry.number) = (139, 140);
            },
            (139, 139, AuditWrong::Changed),
        ),
    ];
    for (change, found) in changes {
        let mut forged = whole.clone();
        change(&mut forged.links);
        forge(&vault, 129, Some(&forged));
        assert_eq!(faults(&vault)[0], found);
    }
    forge(&vault, 129, Some(&whole));
    assert_eq!(faults(&vault), []);
}

#[test]
fn removed_and_moved_chunks_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let [first, second, third] = [1, 129, 257].map(|n| chunk(&vault, n));
    forge(&vault, 257, None);
    assert_eq!(faults(&vault), [(257, 260, AuditWrong::Truncated)]);
    forge(&vault, 129, None);
    assert_eq!(faults(&vault), [(129, 260, AuditWrong::Truncated)]);
    forge(&vault, 257, Some(&third));
    assert_eq!(faults(&vault), [(129, 256, AuditWrong::Removed)]);
    forge(&vault, 1, None);
    assert_eq!(faults(&vault), [(1, 256, AuditWrong::Removed)]);
    forge(&vault, 1, Some(&second));
    forge(&vault, 129, Some(&first));
    let swapped = [(1, 128, AuditWrong::Removed), (1, 1, AuditWrong::Changed), (129, 129, AuditWrong::Reordered)];
    assert_eq!(faults(&vault), swapped);
    forge(&vault, 1, Some(&first));
    forge(&vault, 129, Some(&second));
    forge(&vault, 200, Some(&third));
    assert_eq!(faults(&vault), [(200, 260, AuditWrong::Reordered)]);
    forge(&vault, 200, None);
    assert_eq!(faults(&vault), []);
}

#[test]
fn the_end_cut_off_within_a_chunk_is_found_and_stays_found() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let mut forged = chunk(&vault, 257);
    forged.links.truncate(2);
    forge(&vault, 257, Some(&forged));
    assert_eq!(faults(&vault), [(259, 260, AuditWrong::Truncated)]);
    // The next entry does not cover it up: it goes where the head says.
    assert_eq!(vault.audit_append(&entry("sync.run", None, "later")).unwrap(), 261);
    assert_eq!(faults(&reopen(vault)), [(259, 260, AuditWrong::Removed)]);
}

#[test]
fn entries_added_without_the_key_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let whole = chunk(&vault, 257);
    let mut forged = whole.clone();
    let mut link = forged.links[3].clone();
    link.entry.number = 261;
    forged.links.push(link);
    forge(&vault, 257, Some(&forged));
    assert_eq!(faults(&vault)[0], (261, 261, AuditWrong::Changed));
    // An authentic entry that the head does not know of.
    forge(&vault, 257, Some(&whole));
    let mut earlier = Vec::new();
    forge_head(&vault, |head| {
        earlier.clone_from(&head);
        Some(head)
    });
    fill(&vault, 2);
    forge_head(&vault, |_| Some(earlier));
    assert_eq!(faults(&vault), [(261, 262, AuditWrong::Unknown)]);
}

#[test]
fn a_lost_or_changed_end_is_found_and_stays_found() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let mut whole = Vec::new();
    forge_head(&vault, |head| {
        whole.clone_from(&head);
        Some(head)
    });
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        forge_head(&vault, |_| Some(flipped));
        assert_eq!(faults(&vault), [(260, 260, AuditWrong::HeadMissing)], "byte {at}");
    }
    forge_head(&vault, |_| Some(whole));
    assert_eq!(faults(&vault), []);
    forge_head(&vault, |_| None);
    assert_eq!(faults(&vault), [(260, 260, AuditWrong::HeadMissing)]);
    assert_eq!(vault.audit_append(&entry("sync.run", None, "later")).unwrap(), 261);
    assert_eq!(vault.audit_append(&entry("sync.run", None, "later")).unwrap(), 262);
    let vault = reopen(vault);
    assert_eq!(faults(&vault), [(1, 260, AuditWrong::BegunAnew)]);
    assert_eq!(vault.audit_verify().unwrap().entries, 262);
}

#[test]
fn a_log_that_was_taken_away_whole_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let remove = |names: Vec<Name>| {
        let mut batch = Batch::new();
        names.iter().for_each(|name| batch.remove(&Scope::Vault, name));
        vault.commit(batch).unwrap();
    };
    remove(vec![chain_key_name().unwrap()]);
    assert_eq!(faults(&vault), [(1, 257, AuditWrong::NoKey)]);
    remove(vault.list(&Scope::Vault, "audit/").unwrap());
    assert_eq!(faults(&vault), [(1, 1, AuditWrong::NoKey)]);
    // A new chain goes on counting where the old one was.
    assert_eq!(vault.audit_append(&entry("sync.run", None, "later")).unwrap(), 261);
    assert_eq!(faults(&vault), [(1, 260, AuditWrong::BegunAnew)]);

    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    vault.add_client(&id("acme")).unwrap();
    assert_eq!(faults(&vault), [(1, 1, AuditWrong::HeadMissing)]);
}

#[test]
fn damage_names_the_entries_it_takes_and_the_log_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let vault = setup(dir.path());
    let damage = |scope: &Scope, name: &Name| vault.damage_for_tests(scope, name);
    damage(&Scope::Vault, &chunk_name(129).unwrap());
    let wrong = AuditWrong::Damaged(DamageKind::Altered);
    assert_eq!(faults(&vault), [(129, 256, wrong)]);
    let mut seen = Vec::new();
    let gaps = vault.audit_entries(AuditOrder::NewestFirst, &mut |record| {
        seen.push(record.number);
        ControlFlow::Continue(())
    });
    let gaps = gaps.unwrap();
    assert_eq!((gaps.len(), gaps[0].from, gaps[0].to), (1, 129, Some(256)));
    assert!(gaps[0].why.contains("audit/000000000129 of the vault is damaged"), "{}", gaps[0].why);
    assert!(seen.into_iter().eq((257..=260).rev().chain((1..=128).rev())));

    damage(&Scope::Vault, &chunk_name(257).unwrap());
    assert_eq!(vault.audit_append(&entry("sync.run", None, "later")).unwrap(), 261);
    assert_eq!(faults(&vault), [(129, 256, wrong), (257, 260, wrong)]);
    vault.repair().unwrap();
    assert_eq!(faults(&vault), [(129, 260, AuditWrong::Removed)]);

    // Damage to a client's audit key is not taken for erasure, and stops what concerns that client.
    let acme = Scope::Client(id("acme"));
    damage(&acme, &client_key_name().unwrap());
    let first = &all(&vault, AuditOrder::OldestFirst)[0];
    assert!(matches!(&first.text, AuditText::Unreadable { why } if why.contains("audit-key")), "{first:?}");
    let refused = vault.audit_append(&entry("connection.add", Some("acme"), "x"));
    assert!(matches!(refused, Err(VaultError::Damaged(_))));
    vault.repair().unwrap();
    vault.audit_append(&entry("connection.add", Some("acme"), "y")).unwrap();
    assert_eq!(all(&vault, AuditOrder::NewestFirst)[0].text, said(Some("acme"), "y"));
    assert_eq!(all(&vault, AuditOrder::OldestFirst)[0].text, AuditText::Erased);

    damage(&Scope::Vault, &chain_key_name().unwrap());
    assert_eq!(faults(&vault)[0].2, AuditWrong::NoKey);
    let refused = vault.audit_append(&entry("sync.run", None, "x"));
    assert!(matches!(refused, Err(VaultError::Damaged(_))));
    vault.repair().unwrap();
    assert_eq!(vault.audit_append(&entry("sync.run", None, "again")).unwrap(), 263);
    assert_eq!(faults(&vault)[0], (1, 262, AuditWrong::BegunAnew));
}
