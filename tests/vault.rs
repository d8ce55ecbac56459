//! The real binary looks after its vault: what opens it, its keys, damage, deletion, and who may have it.

mod program;

use program::{Program, private_file};
use serde_json::{Value, json};
use std::path::Path;

/// With a client, so that there is something to keep.
fn with_client() -> Program {
    let program = Program::with_vault();
    program.ok(&["client", "add", "acme", "--name", "Acme Retail"]);
    program
}

fn slots(program: &Program) -> Vec<(String, String)> {
    let list = program.json(&["vault", "slot", "list", "--json"]);
    let text = |slot: &Value, key: &str| slot[key].as_str().unwrap().to_owned();
    list["slots"].as_array().unwrap().iter().map(|s| (text(s, "id"), text(s, "kind"))).collect()
}

#[test]
fn every_kind_of_slot_is_added_opens_and_is_removed() {
    let program = with_client();
    let (word, key) = (program.path("word"), program.path("key-file"));
    private_file(&word, "correct horse battery staple\n");
    let (word, key) = (word.to_str().unwrap(), key.to_str().unwrap());
    program.ok(&["vault", "slot", "add", "passphrase", "--new-passphrase-file", word]);
    program.ok(&["vault", "slot", "add", "passphrase-key-file", "--file", key, "--new-passphrase-file", word]);
    let added = program.json(&["vault", "slot", "add", "recovery-code", "--json"]);
    let code = program.path("code");
    private_file(&code, &added["recovery_code"].as_str().unwrap().to_lowercase());

    let anybody = program.without("BAILIWICK_CREDENTIAL_FILE");
    let list = ["client", "list", "--json"];
    for with in [
        &["--passphrase-file", word][..],
        &["--passphrase-file", word, "--key-file", key],
        &["--recovery-code-file", code.to_str().unwrap()],
    ] {
        assert_eq!(anybody.json(&[with, &list[..]].concat())["clients"][0]["client"], "acme");
    }
    let refused = anybody.refused(1, &["--recovery-code-file", word, "client", "list"]);
    assert!(refused.starts_with("this is not a recovery code of this vault"), "{refused}");

    let program = anybody.with_credential_file();
    let before = slots(&program);
    let kinds: Vec<&str> = before.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(kinds, ["credential file", "passphrase", "passphrase and key file", "recovery code"]);
    for (id, _) in &before[1..] {
        program.ok(&["vault", "slot", "remove", id]);
    }
    let last = program.refused(1, &["vault", "slot", "remove", &before[0].0]);
    assert!(last.starts_with("this is the last slot"), "{last}");
    let unknown = program.refused(1, &["vault", "slot", "remove", "\u{1b}[31mx"]);
    assert!(unknown.starts_with("there is no slot") && !unknown.contains('\u{1b}'), "{unknown}");
}

#[test]
fn a_credential_that_systemd_loaded_opens_without_being_named() {
    let program = with_client().without("BAILIWICK_CREDENTIAL_FILE");
    let directory = program.path("credentials");
    std::fs::create_dir(&directory).unwrap();
    std::fs::copy(program.credential_file(), directory.join("bailiwick")).unwrap();
    let program = program.with("CREDENTIALS_DIRECTORY", directory.to_str().unwrap());
    assert_eq!(program.json(&["client", "list", "--json"])["clients"][0]["client"], "acme");
}

#[test]
fn keys_change_and_the_vault_stays_whole() {
    let program = with_client();
    let rotated = program.json(&["vault", "rotate", "client", "acme", "--json"]);
    assert_eq!(rotated["client"], "acme");
    program.ok(&["vault", "slot", "add", "recovery-code"]);
    let asked = program.refused(2, &["vault", "rotate", "root"]);
    assert!(asked.contains("1 other slot cannot follow") && asked.contains("Confirm with --yes"), "{asked}");
    program.ok(&["vault", "rotate", "root", "--yes"]);
    assert_eq!(slots(&program).len(), 1);
    program.ok(&["vault", "rotate", "all", "--yes"]);
    let verified = program.json(&["vault", "verify", "--json"]);
    assert_eq!((&verified["ok"], &verified["damaged"]), (&true.into(), &json!([])));
    assert_eq!(program.json(&["client", "list", "--json"])["clients"][0]["client"], "acme");
    let unknown = program.refused(1, &["vault", "rotate", "client", "nobody"]);
    assert!(unknown.starts_with("no client \"nobody\""), "{unknown}");
    let wrong = program.refused(2, &["vault", "rotate", "passphrase", "--new-passphrase-file", "/nowhere"]);
    assert!(wrong.contains("/nowhere cannot be read"), "{wrong}");
}

#[test]
fn a_new_passphrase_takes_over_from_the_old_one() {
    let program = Program::new();
    let files = ["old", "new"].map(|name| program.path(name));
    files.iter().zip(["first words\n", "other words\n"]).for_each(|(file, words)| private_file(file, words));
    let [old, new] = files.map(|file| file.to_str().unwrap().to_owned());
    program.ok(&["--passphrase-file", &old, "init"]);
    program.ok(&["--passphrase-file", &old, "vault", "rotate", "passphrase", "--new-passphrase-file", &new]);
    assert!(program.refused(1, &["--passphrase-file", &old, "client", "list"]).starts_with("wrong passphrase"));
    program.ok(&["--passphrase-file", &new, "client", "list"]);
}

#[test]
fn a_removed_client_is_confirmed_by_name_and_gone() {
    let program = with_client();
    program.ok(&["client", "add", "other"]);
    let asked = program.refused(2, &["client", "remove", "acme"]);
    assert!(asked.contains("Confirm with --yes acme; nothing was changed"), "{asked}");
    let differs = program.refused(2, &["client", "remove", "acme", "--yes", "other"]);
    assert_eq!(differs, "that is not \"acme\": nothing was changed");
    let report = program.json(&["client", "remove", "acme", "--yes", "acme", "--json"]);
    assert_eq!((&report["client"], &report["live_shredded"]), (&"acme".into(), &true.into()));
    let left = program.json(&["client", "list", "--json"]);
    assert_eq!(left["clients"].as_array().unwrap().len(), 1);
    let again = program.refused(1, &["client", "remove", "acme", "--yes", "acme"]);
    assert!(again.starts_with("no client \"acme\""), "{again}");
    assert_eq!(program.json(&["vault", "verify", "--json"])["ok"], true);
    let none = program.refused(1, &["connection", "remove", "other", "123456789012", "--yes", "other/123456789012"]);
    assert!(none.starts_with("client other has no connection 123456789012"), "{none}");
}

#[test]
fn five_wrong_passphrases_make_the_next_one_wait() {
    let program = Program::new();
    let (right, wrong) = (program.path("right"), program.path("wrong"));
    private_file(&right, "the right one\n");
    private_file(&wrong, "a wrong one\n");
    let (right, wrong) = (right.to_str().unwrap(), wrong.to_str().unwrap());
    program.ok(&["--passphrase-file", right, "init"]);
    let now = ["--now", "2026-11-22T02:00:00Z"];
    for _ in 0..5 {
        program.refused(1, &[&now[..], &["--passphrase-file", wrong, "client", "list"]].concat());
    }
    let early = program.refused(75, &[&now[..], &["--passphrase-file", right, "client", "list"]].concat());
    assert_eq!(early, "5 wrong attempts in a row: wait 30 s before the next one");
    program.ok(&["--now", "2026-11-22T02:00:30Z", "--passphrase-file", right, "client", "list"]);
}

#[test]
fn damage_is_named_by_verify_and_dropped_by_repair() {
    let program = with_client();
    // A commit that never reached the store: its manifest is put back to what it was before.
    let store = program.vault().join("store/db");
    let before = std::fs::read(&store).unwrap();
    program.ok(&["client", "add", "lost"]);
    std::fs::write(&store, before).unwrap();
    let verified = program.run(&["vault", "verify", "--json"]);
    assert_eq!(verified.code, 1, "{} {}", verified.out, verified.error);
    let report: Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(report["ok"], false);
    assert!(report["damaged"].as_array().unwrap().iter().all(|d| d["client"] == "lost" || d["client"].is_null()));
    let asked = program.run(&["vault", "repair"]);
    assert!(asked.code == 2 && asked.error.contains("Confirm with --yes"), "{}", asked.error);
    let repaired = program.run(&["vault", "repair", "--yes", "--json"]);
    assert_eq!(repaired.code, 0, "{}", repaired.error);
    assert_eq!(program.json(&["vault", "verify", "--json"])["ok"], true);
    let list = program.json(&["client", "list", "--json"]);
    assert_eq!(list["clients"][0]["client"], "acme", "{list}");
}

#[test]
fn whoever_waits_gets_the_vault_when_it_is_free() {
    let program = with_client();
    let held = program.hold();
    assert!(program.refused(75, &["client", "list"]).starts_with("the vault is in use by holder"));
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| program.run(&["--wait", "client", "list", "--json"]));
        // The waiting process has opened the lock file once it has something to wait for.
        program.until_somebody_waits();
        drop(held);
        let ran = waiting.join().unwrap();
        assert_eq!(ran.code, 0, "{}", ran.error);
    });
}

#[test]
fn compaction_keeps_everything() {
    let program = with_client();
    let sizes = program.json(&["vault", "compact", "--json"]);
    assert!(sizes["after"].as_u64().unwrap() > 0);
    assert_eq!(program.json(&["vault", "verify", "--json"])["ok"], true);
    assert!(!Path::new(&program.vault()).join("store.new").exists());
}
