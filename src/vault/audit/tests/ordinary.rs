//! Ordinary use.

use super::*;

#[test]
fn entries_are_numbered_kept_and_read_in_both_orders() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    assert!(vault.audit_verify().unwrap().is_ok());
    assert_eq!(add(&vault, "acme"), 1);
    assert_eq!(vault.audit_append(&entry("sync.run", None, "all clients")).unwrap(), 2);
    assert_eq!(vault.audit_append(&entry("connection.add", Some("acme"), "account 1")).unwrap(), 3);
    let vault = reopen(vault);
    fill(&vault, 300);

    let newest = all(&vault, AuditOrder::NewestFirst);
    assert!(newest.iter().map(|record| record.number).eq((1..=303).rev()));
    let mut oldest = all(&vault, AuditOrder::OldestFirst);
    oldest.reverse();
    assert_eq!(newest, oldest);
    let [.., third, second, first] = newest.as_slice() else { panic!("too few") };
    assert_eq!(first.text, said(Some("acme"), "added acme"));
    assert_eq!(second.text, said(None, "all clients"));
    assert_eq!(third.text, said(Some("acme"), "account 1"));
    assert_eq!((third.at, third.actor.as_str(), third.via.as_str()), (at(60), "ines", "cli"));
    assert_eq!(third.action, "connection.add");

    let mut seen = 0;
    let enough = vault.audit_entries(AuditOrder::NewestFirst, &mut |_| {
        seen += 1;
        if seen == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((enough.unwrap(), seen), (vec![], 5));
    let report = reopen(vault).audit_verify().unwrap();
    assert_eq!((report.is_ok(), report.entries), (true, 303));
}

#[test]
fn many_at_once_are_one_commit_and_go_on_from_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    add(&vault, "acme");
    // Of a client from before there was a log, which gets its key now, and once only.
    vault.add_client(&id("blue")).unwrap();
    fill(&vault, 100);
    let client = |n: usize| ["acme", "blue"].into_iter().nth(n % 3);
    let entries: Vec<AuditEntry> = (0..300).map(|n| entry("connection.add", client(n), &format!("row {n}"))).collect();
    let revision = vault.revision();
    vault.audit_append_all(&entries).unwrap();
    assert_eq!(vault.revision(), revision + 1);
    vault.audit_append_all(&[]).unwrap();
    assert_eq!(vault.revision(), revision + 1);
    fill(&vault, 1);
    let vault = reopen(vault);
    let oldest = all(&vault, AuditOrder::OldestFirst);
    assert!(oldest.iter().map(|record| record.number).eq(1..=402));
    for (n, record) in oldest[101..401].iter().enumerate() {
        assert_eq!(record.text, said(client(n), &format!("row {n}")));
    }
    let report = vault.audit_verify().unwrap();
    assert_eq!((report.is_ok(), report.entries), (true, 402));
    let ghost = vault.audit_append_all(&[entry("sync.run", None, "x"), entry("connection.add", Some("ghost"), "x")]);
    assert!(matches!(ghost, Err(VaultError::UnknownClient(_))));
    assert_eq!(vault.audit_verify().unwrap().entries, 402, "all or none");
}

#[test]
fn an_append_writes_one_chunk_and_chunks_stay_small() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    fill(&vault, 129);
    for n in 0..40 {
        vault.audit_append(&entry("sync.run", None, &format!("{n}{}", "é".repeat(5_000)))).unwrap();
    }
    let names = vault.list(&Scope::Vault, "audit/").unwrap();
    assert!(names[1].as_str() == "audit/000000000129" && names.len() > 4, "{names:?}");
    for name in &names {
        assert!(vault.get(&Scope::Vault, name).unwrap().unwrap().bytes.len() < 32 << 10);
    }
    let records = all(&vault, AuditOrder::NewestFirst);
    let AuditText::Said { detail, .. } = &records[0].text else { panic!("not said") };
    assert_eq!(detail.chars().count(), 2_001);
    let before = vault.get(&Scope::Vault, &names[0]).unwrap().unwrap().bytes.to_vec();
    fill(&vault, 1);
    assert_eq!(vault.get(&Scope::Vault, &names[0]).unwrap().unwrap().bytes[..], before[..]);
    assert!(vault.audit_verify().unwrap().is_ok());
}

#[test]
fn what_is_said_of_a_client_goes_with_the_client_and_the_chain_holds() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    add(&vault, "canary-client-2b9c");
    add(&vault, "acme");
    for client in ["canary-client-2b9c", "acme"] {
        vault.audit_append(&entry("connection.add", Some(client), &format!("{CANARY} of {client}"))).unwrap();
    }
    let removal = entry("client.remove", Some("canary-client-2b9c"), CANARY);
    let last = vault.audit_append_anyway(&removal).unwrap();
    // While the client is there it can be read, and not without its key.
    let readable = |vault: &Vault| format!("{:?}", all(vault, AuditOrder::OldestFirst));
    assert_eq!(readable(&vault).matches("canary-client-2b9c").count(), 5);
    for name in vault.list(&Scope::Vault, "").unwrap() {
        let record = vault.get(&Scope::Vault, &name).unwrap().unwrap();
        let text = String::from_utf8_lossy(&record.bytes).into_owned();
        for word in [CANARY, "canary-client-2b9c", "acme"] {
            assert!(!text.contains(word), "{word} is in {name} of the vault's own scope");
        }
    }

    vault.remove_client(&id("canary-client-2b9c"), at(70)).unwrap();
    let vault = reopen(vault);
    let records = all(&vault, AuditOrder::OldestFirst);
    let erased: Vec<u64> = records.iter().filter(|r| r.text == AuditText::Erased).map(|r| r.number).collect();
    assert_eq!(erased, [1, 3, last]);
    assert!(!readable(&vault).contains("canary-client-2b9c"));
    assert_eq!(records[3].text, said(Some("acme"), &format!("{CANARY} of acme")));
    assert!(vault.audit_verify().unwrap().is_ok());

    // A client of the same name is another client.
    add(&vault, "canary-client-2b9c");
    let records = all(&vault, AuditOrder::OldestFirst);
    assert_eq!(records.iter().filter(|r| r.text == AuditText::Erased).count(), 3);
    assert_eq!(records.last().unwrap().text, said(Some("canary-client-2b9c"), "added canary-client-2b9c"));
    assert!(vault.audit_verify().unwrap().is_ok());
}

#[test]
fn new_keys_break_no_chain_and_lose_no_words() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    add(&vault, "acme");
    add(&vault, "blue");
    fill(&vault, 140);
    let before = all(&vault, AuditOrder::OldestFirst);
    vault.rotate_client(&id("acme"), &mut |_, _| {}).unwrap();
    assert_eq!(all(&vault, AuditOrder::OldestFirst), before);
    let vault = reopen(vault);
    vault.audit_append(&entry("client.rotate", Some("acme"), "done")).unwrap();
    vault.rotate_all(&mut |_, _| {}).unwrap();
    let vault = reopen(vault);
    vault.audit_append(&entry("vault.rotate", None, "done")).unwrap();
    let after = all(&vault, AuditOrder::OldestFirst);
    assert_eq!(after[..142], before[..]);
    assert_eq!(after[142].text, said(Some("acme"), "done"));
    let report = vault.audit_verify().unwrap();
    assert_eq!((report.is_ok(), report.entries), (true, 144));
    vault.compact().unwrap();
    assert!(reopen(vault).audit_verify().unwrap().is_ok());
}

#[test]
fn several_threads_may_append() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    add(&vault, "acme");
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                for n in 0..15 {
                    vault.audit_append(&entry("sync.run", (n % 2 == 0).then_some("acme"), "x")).unwrap();
                }
            });
        }
        for _ in 0..20 {
            assert!(vault.audit_verify().unwrap().is_ok());
        }
    });
    assert!(all(&vault, AuditOrder::OldestFirst).iter().map(|record| record.number).eq(1..=46));
    assert!(vault.audit_verify().unwrap().is_ok());
}

#[test]
fn nothing_is_noted_of_a_client_that_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    let refused = vault.audit_append(&entry("client.remove", Some("ghost"), "x"));
    assert!(matches!(refused, Err(VaultError::UnknownClient(_))));
    add(&vault, "acme");
    let again = vault.add_client_noted(&id("acme"), &entry("client.add", Some("acme"), "x"), Batch::new());
    assert!(matches!(again, Err(VaultError::ClientExists(_))));
    assert_eq!(all(&vault, AuditOrder::OldestFirst).len(), 1);
    // A client from before there was a log gets its audit key with its first entry.
    vault.add_client(&id("blue")).unwrap();
    assert_eq!(vault.audit_append(&entry("connection.add", Some("blue"), "x")).unwrap(), 2);
    assert_eq!(all(&reopen(vault), AuditOrder::NewestFirst)[0].text, said(Some("blue"), "x"));
}

#[test]
fn a_vault_that_stopped_notes_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    vault.stopped.store(true, std::sync::atomic::Ordering::Release);
    let refused = [
        vault.audit_append(&entry("sync.run", None, "x")),
        vault.audit_append_anyway(&entry("sync.run", None, "x")),
        vault.add_client_noted(&id("acme"), &entry("client.add", Some("acme"), "x"), Batch::new()),
    ];
    assert!(refused.iter().all(|refused| matches!(refused, Err(VaultError::Stopped))));
    assert!(vault.clients().is_empty());
}
