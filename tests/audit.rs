//! The audit log of the real binary: what is done leaves an entry, and the log can be filtered, checked and taken out.

mod program;

use bailiwick::{
    domain::Timestamp,
    vault::{Batch, LockOwner, Name, Scope, Unlock, Vault},
};
use program::Program;
use rstest::rstest;
use secrecy::SecretSlice;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

const NOON: &str = "2026-11-22T12:00:00Z";
const NEXT_DAY: &str = "2026-11-23T08:00:00Z";

/// A vault with two clients, the second added a day later by somebody else.
fn two_clients() -> Program {
    let program = Program::with_vault();
    program.ok(&["--now", NOON, "client", "add", "acme"]);
    let program = program.with("USER", "joao");
    program.ok(&["--now", NEXT_DAY, "client", "add", "blue"]);
    program
}

fn rows(program: &Program, filter: &[&str]) -> Vec<Value> {
    program.json(&[&["audit", "list", "--json"], filter].concat())["rows"].as_array().unwrap().clone()
}

#[test]
fn adding_a_client_and_a_sync_leave_entries_and_the_log_is_whole() {
    let program = Program::with_vault();
    let added = program.json(&["client", "add", "acme", "--json"]);
    program.run(&["sync"]);
    program.run(&["sync", "--client", "acme"]);
    let rows = rows(&program, &[]);
    let told: Vec<Value> = rows.iter().map(|r| json!([r["number"], r["action"], r["client"]])).collect();
    assert_eq!(
        told,
        [
            json!([6, "sync.run", "acme"]),
            // The first backup of the day comes with the first sync.
            json!([5, "backup.prune", null]),
            json!([4, "backup.create", null]),
            json!([3, "sync.run", null]),
            json!([2, "client.add", "acme"]),
            json!([1, "vault.create", null]),
        ]
    );
    assert!(rows.iter().all(|r| r["actor"] == "ines" && r["via"] == "cli" && r["erased"] == false), "{rows:?}");
    let table = program.ok(&["audit", "list"]);
    assert!(table.contains("client.add") && !table.contains(added["external_id"].as_str().unwrap()), "{table}");
    assert_eq!(program.json(&["audit", "verify", "--json"]), json!({"ok": true, "entries": 6, "broken": []}));
    assert!(program.ok(&["audit", "verify"]).starts_with("the audit log is whole: 6 entries"));
    // To look changes nothing.
    assert_eq!(program.json(&["audit", "verify", "--json"])["entries"], 6);
}

#[rstest]
#[case(&[], &["blue", "acme", ""])]
#[case(&["--client", "acme"], &["acme"])]
#[case(&["--actor", "joao"], &["blue"])]
#[case(&["--action", "client.add"], &["blue", "acme"])]
#[case(&["--action", "vault.create"], &[""])]
#[case(&["--limit", "1"], &["blue"])]
#[case(&["--since", "2026-11-22", "--until", "2026-11-22"], &["acme"])]
#[case(&["--since", "2026-11-22T12:00:01Z", "--until", NEXT_DAY], &["blue"])]
#[case(&["--since", "2026-11-22T13:00:00+01:00", "--until", NOON], &["acme"])]
#[case(&["--actor", "joao", "--client", "acme"], &[])]
fn filters_leave_what_was_asked_for(#[case] filter: &[&str], #[case] clients: &[&str]) {
    let program = Program::new();
    let key = program.credential_file();
    program.ok(&["--now", "2026-11-01T00:00:00Z", "init", "--with-credential-file", key.to_str().unwrap()]);
    let program = program.opened_by_key();
    program.ok(&["--now", NOON, "client", "add", "acme"]);
    let program = program.with("USER", "joao");
    program.ok(&["--now", NEXT_DAY, "client", "add", "blue"]);
    let found = rows(&program, filter);
    let found: Vec<&str> = found.iter().map(|row| row["client"].as_str().unwrap_or("")).collect();
    assert_eq!(found, clients);
}

#[rstest]
#[case(&["--since", "yesterday"], "2026-11-22T02:00:00Z")]
#[case(&["--until", "2026-13-01"], "2026-11-22")]
#[case(&["--action", "client.ad"], "client.add")]
#[case(&["--client", "No Such Client"], "--client")]
#[case(&["--limit", "many"], "--limit")]
fn a_malformed_filter_is_bad_input_and_told_with_what_to_write(#[case] filter: &[&str], #[case] told: &str) {
    let ran = Program::new().run(&[&["audit", "list"], filter].concat());
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.error);
    assert!(ran.error.contains(told), "{}", ran.error);
}

#[test]
fn a_filter_that_nothing_can_pass_is_refused() {
    let program = two_clients();
    let said = program.refused(2, &["audit", "list", "--since", NEXT_DAY, "--until", NOON]);
    assert_eq!(said, format!("--since {NEXT_DAY} is after --until {NOON}: swap them"));
    let said = program.refused(1, &["audit", "list", "--client", "ghost"]);
    assert!(said.starts_with("no client \"ghost\""), "{said}");
}

#[test]
fn an_export_is_whole_private_noted_and_never_written_over() {
    let program = two_clients();
    let to = program.path("audit.jsonl");
    let to = to.to_str().unwrap();
    let said = program.ok(&["audit", "export", "--to", to]);
    assert_eq!(said, format!("wrote 4 entries to {to}; only you can read it\n"));
    assert_eq!(std::fs::metadata(to).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(to).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut listed = rows(&program, &[]);
    listed.reverse();
    assert_eq!(lines.len(), 4);
    for (line, row) in lines.iter().zip(&listed) {
        let mut line = line.clone();
        let mac = line.as_object_mut().unwrap().remove("mac").unwrap();
        assert!(mac.as_str().is_some_and(|mac| mac.len() == 64 && mac.bytes().all(|b| b.is_ascii_hexdigit())));
        assert_eq!(line, *row);
    }
    assert_eq!(lines[3]["action"], "audit.export");

    let said = program.refused(2, &["audit", "export", "--to", to]);
    assert_eq!(said, format!("{to} exists already: name a new file"));
    assert_eq!(std::fs::read_to_string(to).unwrap(), text);
    assert_eq!(rows(&program, &[]).len(), 4, "what was refused is not noted");
    let said = program.refused(1, &["audit", "export", "--to", "/nowhere/audit.jsonl"]);
    assert!(said.starts_with("the audit log could not be written to /nowhere/audit.jsonl: "), "{said}");
    // A later export agrees with the earlier one in everything.
    let later = program.path("later.jsonl");
    program.json(&["audit", "export", "--to", later.to_str().unwrap(), "--json"]);
    assert!(std::fs::read_to_string(later).unwrap().starts_with(&text));
}

/// The program's own vault, as somebody has it who can read and write its records.
fn opened(program: &Program) -> Vault {
    let secret = SecretSlice::from(std::fs::read(program.credential_file()).unwrap());
    let since: Timestamp = NOON.parse().unwrap();
    let owner = LockOwner { user: "eve".into(), pid: 1, tty: "pts/9".into(), since };
    Vault::open(&program.vault(), Unlock::CredentialFile(&secret), &owner).unwrap()
}

#[test]
fn what_was_said_of_a_removed_client_is_erased_and_the_log_stays_whole() {
    let program = two_clients();
    opened(&program).remove_client(&"acme".parse().unwrap(), NOON.parse().unwrap()).unwrap();
    let rows = rows(&program, &[]);
    assert_eq!(rows[0]["client"], "blue");
    assert_eq!((&rows[1]["erased"], &rows[1]["client"], &rows[1]["detail"]), (&json!(true), &Value::Null, &json!("")));
    let table = program.ok(&["audit", "list"]);
    assert!(table.contains("erased with its client's key") && !table.contains("acme"), "{table}");
    assert_eq!(program.json(&["audit", "verify", "--json"])["ok"], true);
}

#[test]
fn a_log_that_was_tampered_with_is_told_with_exit_code_1() {
    let program = two_clients();
    let vault = opened(&program);
    let chunk = Name::new("audit/000000000001").unwrap();
    let whole = vault.get(&Scope::Vault, &chunk).unwrap().unwrap();
    let text = whole.bytes.to_vec();
    let at = text.windows(4).position(|w| w == b"joao").unwrap();
    let mut forged = text.clone();
    forged[at..at + 4].copy_from_slice(b"ines");
    let mut batch = Batch::new();
    batch.put(&Scope::Vault, &chunk, whole.schema, forged);
    vault.commit(batch).unwrap();
    drop(vault);
    assert!(rows(&program, &[]).iter().all(|row| row["actor"] == "ines"), "to look does not tell");
    let ran = program.run(&["audit", "verify", "--json"]);
    assert_eq!((ran.code, ran.error.as_str()), (1, ""));
    let broken = json!([{"from": 3, "to": 3, "what": "changed after it was written"}]);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), json!({"ok": false, "entries": 3, "broken": broken}));

    let vault = opened(&program);
    let mut batch = Batch::new();
    batch.remove(&Scope::Vault, &chunk);
    vault.commit(batch).unwrap();
    drop(vault);
    let ran = program.run(&["audit", "verify"]);
    assert_eq!((ran.code, ran.error.as_str()), (1, ""));
    assert!(ran.out.contains("entries 1 to 3: cut off the end of the log"), "{}", ran.out);
}
