//! Connecting clients in the real console against the simulated AWS: from the form to a passed gate, to a quarantined one,
//! and past it with an override.

mod program;
mod terminal;

use portable_pty::CommandBuilder;
use program::Program;
use std::fs;
use terminal::Console;

/// Adds a client in the form and waits for its role.
fn add(console: &mut Console, id: &str, name: &str) {
    console.press("A");
    console.wait_for("the form", |s| s.contains("[1 client]") && s.contains("Only the id is needed"));
    console.press(&format!("{id}\t{name}\t\t\t\t\r"));
    let ready = format!("for {name}, client {id}");
    console.wait_for("its role", |s| s.contains("[2 role]") && s.contains(&ready));
}

fn connect(console: &mut Console, account: &str) {
    console.press("\r");
    console.wait_for("the account's form", |s| s.contains("[3 account]"));
    console.press(&format!("{account}\r\r\r"));
    console.wait_for("the gate", |s| s.contains("[4 gate]"));
}

#[test]
fn the_demo_leads_from_the_form_to_a_passed_gate_and_to_a_quarantined_one() {
    let mut console = Console::demo(40, 120);
    console.wait_for("the finished overview", |s| s.contains("halden") && s.contains("forecast") && !s.contains('⟳'));
    add(&mut console, "acme", "Acme Retail");
    console.wait_for("what the simulated client did", |s| s.contains("makes this role in account 121212121212"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("role.yaml");
    console.press("w");
    console.wait_for("the question for a file", |s| s.contains("bailiwick-payer-acme.yaml"));
    console.press(&format!("\u{15}{}\r", file.display()));
    console.wait_for("the file", |s| s.contains("only you can read it"));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("sts:ExternalId") && text.contains("AWSTemplateFormatVersion"), "{text}");
    connect(&mut console, "121212121212");
    console.wait_for("a passed gate", |s| {
        s.contains("PASSED") && s.contains("connected as standalone") && s.contains("ok       CloudTrail answers")
    });
    console.press("\r");
    console.wait_for("its connection", |s| s.contains("Accounts ▸ 121212121212") && s.contains("what its gate tried"));
    console.press("T");
    console.wait_for("another test", |s| s.contains("test acme/121212121212") && s.contains("PASSED"));
    console.press("\u{1b}");
    console.wait_for("the connection again", |s| !s.contains("test acme/") && s.contains("what its gate tried"));

    add(&mut console, "globex", "Globex");
    connect(&mut console, "565656565656");
    console.wait_for("a quarantine", |s| s.contains("QUARANTINED") && s.contains("FAILED   refuses no ExternalId"));
    console.press("O");
    console.wait_for("what must be typed", |s| s.contains("type globex/565656565656"));
    console.press("globex/565656565656\rmended on Monday\r");
    console.wait_for("the override", |s| s.contains("gate OVERRIDDEN") && s.contains("because: mended on Monday"));

    // An account that is connected belongs to its client.
    add(&mut console, "initech", "Initech");
    connect(&mut console, "121212121212");
    console.wait_for("the refusal", |s| s.contains("121212121212 is already connected for client acme"));
    console.press("\u{1b}");
    console.wait_for("the account again", |s| s.contains("[3 account]") && s.contains("121212121212"));
    // The log has it all, and the reveal of each ExternalId.
    console.press("\u{1b}");
    console.wait_for("the role again", |s| s.contains("[2 role]"));
    console.press("\u{1b}");
    console.wait_for("the form again", |s| s.contains("[1 client]") && s.contains("Initech"));
    console.press("\u{1b}");
    console.wait_for("the pane", |s| !s.contains("[1 client]"));
    console.press("8");
    console.wait_for("the audit log", |s| {
        ["client.add", "connection.add", "external-id.reveal", "gate.override"].iter().all(|a| s.contains(a))
    });
    console.press("\u{3}");
    assert_eq!(console.end().0, 0);
}

#[test]
fn without_credentials_each_step_says_what_to_do_and_keeps_what_was_typed() {
    let program = Program::with_vault();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.env_clear();
    command.env("HOME", program.path(""));
    command.env("BAILIWICK_HOME", program.path("bailiwick"));
    command.env("BAILIWICK_CREDENTIAL_FILE", program.credential_file());
    let mut console = Console::start(command, 30, 100);
    console.wait_for("an empty vault", |s| s.contains("▸ Overview") && s.contains("A adds"));
    console.press("A");
    console.wait_for("the form", |s| s.contains("[1 client]"));
    console.press("acme\t\t\t\t\t\r");
    console.wait_for("the refusal", |s| s.contains("AWS did not tell who you are") && s.contains("trusted_principal"));
    console.press("\r");
    console.wait_for("the account's form", |s| s.contains("[3 account]"));
    console.press("111122223333\r\r\r");
    console.wait_for("the gate's answer", |s| s.contains("FAILED") && s.contains("nothing was changed"));
    console.press("\u{1b}");
    console.wait_for("the account again", |s| s.contains("[3 account]") && s.contains("111122223333"));
    console.press("\u{3}");
    assert_eq!(console.end().0, 0);
}
