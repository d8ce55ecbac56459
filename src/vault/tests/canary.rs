//! Nothing that was put in can be found in any file of the vault.

use super::*;
use crate::vault::chunk::encode_events;

fn files(dir: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

/// The text raw, reversed bytes of UTF-16, hex and base64 without its edges.
fn disguises(text: &str) -> Vec<Vec<u8>> {
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![text.into(), hex.to_uppercase().into(), hex.into(), wide]
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
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
    let check = |when: &str| {
        let mut all = Vec::new();
        files(&path, &mut all);
        assert!(all.len() >= 6, "{when}: the scan must see header, mirrors, lock and store");
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
                    assert!(!holds(content, &disguise), "{when}: {text} is readable in {file}");
                }
            }
        }
        // The scan itself works: the lock file's plain text is found.
        assert!(when == "closed" || all.iter().any(|(_, content)| holds(content, b"pts/3")));
    };
    check("open");
    drop(vault);
    check("closed");
}
