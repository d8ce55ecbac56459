//! Nothing that was put in can be found in any file of the vault.

use super::*;
use crate::vault::chunk::encode_events;

fn files(dir: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push((path.display().to_string(), searchable(std::fs::read(&path).unwrap())));
        }
    }
}

/// The text raw, in hex and in UTF-16.
fn disguises(text: &str) -> [String; 4] {
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    let wide = text.chars().flat_map(|c| [c, '\0']).collect();
    [text.to_owned(), hex.to_uppercase(), hex, wide]
}

/// The bytes as text that can be searched fast: all canaries are ASCII, so what is not is blotted out.
fn searchable(content: Vec<u8>) -> String {
    content.into_iter().map(|b| if b.is_ascii() { char::from(b) } else { '\u{1}' }).collect()
}

#[test]
fn no_name_value_client_or_secret_is_readable_at_rest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    let vault = create(&path);
    let slug = "canary-client-7f3a";
    vault.add_client(&slug.parse().unwrap()).unwrap();
    let scope = client(slug);
    let mut events = chunk::tests::day(9, 50);
    for event in &mut events {
        event.principal.actor = "canary-actor-91b2".into();
        event.agent = "canary-agent-44c1".into();
        event.detail = "canary-detail-0d0e".into();
    }
    for round in 0..12u8 {
        let mut batch = Batch::new();
        batch.put(&scope, &name("canary-name-5e5e/x"), 1, encode_events(&events).unwrap());
        batch.put(&scope, &name("canary-name-5e5e/y"), 1, vec![b'q'; 40_000]);
        batch.put(&scope, &name("gone"), 1, b"canary-removed-3c3c".to_vec());
        batch.put_record(&Scope::Vault, &name("settings"), 1, &("canary-value-a1a1", round)).unwrap();
        vault.commit(batch).unwrap();
        let mut batch = Batch::new();
        batch.remove(&scope, &name("gone"));
        vault.commit(batch).unwrap();
    }
    let backups = Backups::new(dir.path().join("backups"));
    vault.backup(&backups, owner().since).unwrap();
    let check = |when: &str| {
        let mut all = Vec::new();
        files(dir.path(), &mut all);
        assert!(all.len() >= 9, "{when}: the scan must see header, mirrors, lock, store and a backup");
        for (file, content) in &all {
            for text in [
                slug,
                "acme-retail",
                "canary-actor-91b2",
                "canary-agent-44c1",
                "canary-detail-0d0e",
                "canary-name-5e5e",
                "canary-removed-3c3c",
                "canary-value-a1a1",
                "qqqqqqqqqqqqqqqq",
                "BBBBBBBBBBBBBBBB",
            ] {
                for disguise in disguises(text) {
                    assert!(!content.contains(&disguise), "{when}: {text} is readable in {file}");
                }
            }
        }
        // The scan itself works: the lock file's plain text is found.
        assert!(when == "closed" || all.iter().any(|(_, content)| content.contains("pts/3")));
    };
    check("open");
    drop(vault);
    check("closed");
}
