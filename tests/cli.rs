//! What the real binary says: bad input is told in one sentence with the next step, and never as a panic.

mod program;

use bailiwick::{
    domain::Timestamp,
    vault::{LockOwner, Unlock, Vault},
};
use program::{Program, private_file};
use rstest::rstest;
use secrecy::SecretSlice;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

/// A `sync` that could not begin has read nothing, and says so by its own code.
fn code_of(arguments: &[&str]) -> i32 {
    if arguments.first() == Some(&"sync") { 2 } else { 1 }
}

#[rstest]
#[case(&["client", "list"])]
#[case(&["connect", "acme", "--role-arn", "arn:aws:iam::123456789012:role/x"])]
#[case(&["sync"])]
#[case(&["accounts", "--json"])]
#[case(&["costs"])]
#[case(&["findings"])]
fn without_a_vault_the_way_to_one_is_told(#[case] arguments: &[&str]) {
    let program = Program::new();
    let said = program.refused(code_of(arguments), arguments);
    let vault = program.vault();
    assert_eq!(
        said,
        format!(
            "there is no vault in {}: `bailiwick init` creates it, `bailiwick demo` shows everything without one",
            vault.display()
        )
    );
    assert!(!vault.exists());
}

#[test]
fn a_passphrase_opens_what_it_closed_and_no_other_does() {
    let program = Program::new();
    let (right, wrong, empty) = (program.path("right"), program.path("wrong"), program.path("empty"));
    private_file(&right, "correct horse battery staple\n");
    private_file(&wrong, "incorrect horse battery staple\n");
    private_file(&empty, "\n");
    let [right, wrong, empty] = [&right, &wrong, &empty].map(|path| path.to_str().unwrap());
    let open = |file| ["--passphrase-file", file, "client", "list", "--json"];
    program.ok(&["--passphrase-file", right, "init"]);
    assert_eq!(program.json(&open(right))["clients"], json!([]));

    assert!(program.refused(1, &open(wrong)).starts_with("wrong passphrase: the vault stays locked; try again"));
    let said = program.refused(2, &open(empty));
    assert_eq!(said, format!("the passphrase file {empty} has an empty first line"));
    let said = program.refused(2, &open("/nowhere/passphrase"));
    assert!(said.starts_with("the passphrase file /nowhere/passphrase cannot be read: "), "{said}");
    std::fs::set_permissions(right, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = program.refused(2, &open(right));
    assert_eq!(said, format!("{right} can be read by others (mode 644): run `chmod 600 {right}`"));

    // Without a terminal nobody can be asked.
    let said = program.refused(2, &["client", "list"]);
    assert!(said.contains("use --passphrase-file or BAILIWICK_PASSPHRASE_FILE"), "{said}");
    let said = program.refused(1, &["--passphrase-file", wrong, "init"]);
    assert!(said.contains("already holds a vault"), "{said}");
}

#[test]
fn a_vault_in_use_names_who_has_it_and_the_exit_code_says_try_again() {
    let program = Program::with_vault();
    let secret = SecretSlice::from(std::fs::read(program.credential_file()).unwrap());
    let since: Timestamp = "2026-11-22T02:14:55Z".parse().unwrap();
    let owner = LockOwner { user: "joao".into(), pid: 4711, tty: "pts/3".into(), since };
    let held = Vault::open(&program.vault(), Unlock::CredentialFile(&secret), &owner).unwrap();
    for arguments in [&["client", "list"][..], &["sync"], &["costs", "--json"]] {
        let said = program.refused(75, arguments);
        assert_eq!(
            said,
            "the vault is in use by joao (pid 4711, pts/3) since 2026-11-22T02:14:55Z: quit that session first, then \
             try again"
        );
    }
    drop(held);
    program.ok(&["client", "list"]);
}

#[test]
fn an_unknown_client_is_named_and_a_known_one_is_not_added_twice() {
    let program = Program::with_vault();
    let role = "arn:aws:iam::123456789012:role/bailiwick/bailiwick-payer";
    for arguments in [
        &["connect", "ghost", "--role-arn", role][..],
        &["sync", "--client", "ghost"],
        &["accounts", "--client", "ghost"],
        &["costs", "--client", "ghost"],
        &["access", "--client", "ghost"],
        &["findings", "--client", "ghost"],
    ] {
        let said = program.refused(code_of(arguments), arguments);
        assert!(said.contains("ghost") && said.contains("client"), "{arguments:?}: {said}");
        assert!(said.contains("add"), "the next step is missing: {said}");
    }
    let added = program.json(&["client", "add", "acme", "--name", "Acme Ltd", "--json"]);
    assert!(added["external_id"].as_str().unwrap().len() >= 16, "{added}");
    let said = program.refused(1, &["client", "add", "acme"]);
    assert_eq!(said, "client acme is already in this vault: choose another short name");
    let list = program.json(&["client", "list", "--json"]);
    assert_eq!((&list["clients"][0]["client"], &list["clients"][0]["name"]), (&"acme".into(), &"Acme Ltd".into()));
}

#[rstest]
#[case("arn:aws:iam::123:role/x", "exactly 12 digits")]
#[case("arn:aws:iam::123456789012:user/x", "role")]
#[case("123456789012", "arn:")]
#[case("", "arn:")]
fn a_malformed_arn_is_refused_with_its_shape(#[case] arn: &str, #[case] told: &str) {
    let ran = Program::new().run(&["connect", "acme", "--role-arn", arn]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.error);
    assert!(ran.error.contains("--role-arn") && ran.error.contains(told), "{}", ran.error);
}

#[test]
fn connect_without_credentials_or_with_a_bad_endpoint_says_so_and_gives_nothing_away() {
    let connect = ["connect", "acme", "--role-arn", "arn:aws:iam::123456789012:role/x"];
    let program = Program::with_vault().with("AWS_REGION", "us-east-1");
    let added = program.json(&["client", "add", "acme", "--json"]);
    let said = |program: &Program| {
        let ran = program.run(&connect);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(!format!("{ran:?}").contains(added["external_id"].as_str().unwrap()), "{ran:?}");
        let why = ran.error.strip_prefix("bailiwick: 123456789012 was not connected for acme: ");
        (why.unwrap_or_else(|| panic!("{ran:?}")).trim_end().to_owned(), ran.out)
    };
    let (why, _) = said(&program);
    assert!(why.starts_with("our own AWS credentials are missing or have expired: "), "{why}");
    assert!(why.ends_with("run `aws sso login`, or use a profile that works (AWS_PROFILE)"), "{why}");
    assert!(why.len() < 300, "one sentence, not the list of all providers: {why}");

    let program = program.calling("no-scheme", "AKIAIOSFODNN7EXAMPLE", "shh-secret");
    let (why, out) = said(&program);
    assert_eq!(
        why,
        "no answer from AWS for sts:AssumeRole: endpoint must contain scheme; check the network, proxy and \
         AWS_ENDPOINT_URL; what is stored stays readable offline"
    );
    assert!(!why.contains("shh-secret") && !out.contains("shh-secret"));
}

/// A sign-in of root, without MFA or with it.
fn sign_in(number: u8, mfa: bool) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root", "principalId": "111122223333", "accountId": "111122223333",
            "arn": "arn:aws:iam::111122223333:root",
        },
        "eventTime": format!("2026-11-10T09:{number:02}:00Z"),
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.24",
        "userAgent": "Mozilla/5.0",
        "requestParameters": null,
        "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {"MobileVersion": "No", "MFAUsed": if mfa { "Yes" } else { "No" }},
        "eventID": id(number),
        "readOnly": false,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    })
}

fn id(number: u8) -> String {
    format!("38762e43-8828-59ef-adf7-89bae83e1c{number:02}")
}

/// The events that a check was raised by.
fn event_ids<'a>(found: &'a Value, check: &str) -> &'a Value {
    let finding = found["findings"].as_array().unwrap().iter().find(|f| f["check"] == check);
    &finding.unwrap_or_else(|| panic!("{check} is not in {found}"))["event_ids"]
}

#[test]
fn check_needs_no_vault_and_its_exit_code_follows_the_severity() {
    let program = Program::new();
    let [bad, refused, good] = ["bad.json", "refused.json", "good.json"].map(|name| program.path(name));
    let records: Vec<Value> = (1..=3).map(|n| sign_in(n, false)).collect();
    std::fs::write(&bad, json!({"Records": records}).to_string()).unwrap();
    let mut attempt = sign_in(8, false);
    attempt["responseElements"] = json!({"ConsoleLogin": "Failure"});
    attempt["errorMessage"] = json!("Failed authentication");
    std::fs::write(&refused, json!({"Records": [attempt]}).to_string()).unwrap();
    let mut call = sign_in(9, true);
    call["userIdentity"] = json!({
        "type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": "111122223333", "userName": "amy",
        "arn": "arn:aws:iam::111122223333:user/amy",
    });
    std::fs::write(&good, json!({"Records": [call]}).to_string()).unwrap();
    let check =
        |file: &std::path::Path, rest: &[&str]| program.run(&[&["check", file.to_str().unwrap()], rest].concat());

    let found = check(&bad, &["--format", "json"]);
    assert_eq!((found.code, found.error.as_str()), (1, ""));
    let found: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!((&found["records"], &found["problems_total"]), (&3.into(), &0.into()));
    assert_eq!(*event_ids(&found, "CT-ROOT-004"), json!([id(1), id(2), id(3)]));
    assert_eq!(check(&bad, &["--fail-on", "critical"]).code, 1);
    let table = check(&bad, &[]).out;
    assert!(table.contains("CT-ROOT-004") && table.contains("3 records evaluated, 0 left out"), "{table}");

    let found = check(&refused, &["--format", "json"]);
    let worst = serde_json::from_str::<Value>(&found.out).unwrap()["findings"][0]["severity"].clone();
    assert_eq!((found.code, worst), (1, "high".into()));
    for (severity, code) in [("critical", 0), ("high", 1), ("medium", 1), ("info", 1)] {
        assert_eq!(check(&refused, &["--fail-on", severity]).code, code, "{severity}");
    }

    let clean = check(&good, &["--format", "json"]);
    assert_eq!((clean.code, clean.error.as_str()), (0, ""), "{}", clean.out);
    assert_eq!(serde_json::from_str::<Value>(&clean.out).unwrap()["findings"], json!([]));
    let unknown = check(&good, &["--fail-on", "dreadful"]);
    assert_eq!(unknown.code, 2, "{}", unknown.error);
    assert!(unknown.error.contains("critical"), "{}", unknown.error);
    let said = program.refused(2, &["check", good.to_str().unwrap(), "--rules", "/nowhere/rules"]);
    assert_eq!(said, "/nowhere/rules is not a directory of rules");
}

#[test]
fn a_truncated_file_costs_only_its_last_record_and_names_file_and_line() {
    let program = Program::new();
    let cut = program.path("cut.json");
    let whole = program.path("whole.jsonl");
    let text = format!("{{\"Records\": [\n{},\n{},\n{}\n]}}", sign_in(1, false), sign_in(2, false), sign_in(3, false));
    std::fs::write(&cut, &text[..text.len() - 40]).unwrap();
    std::fs::write(&whole, format!("{}\n", sign_in(4, false))).unwrap();
    let [cut, whole] = [&cut, &whole].map(|path| path.to_str().unwrap());

    let ran = program.run(&["check", cut, whole, "/nowhere/log.json", "--format", "json"]);
    assert_eq!(ran.code, 2, "bad input outranks findings: {}", ran.error);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&found["records"], &found["problems_total"]), (&3.into(), &2.into()));
    assert_eq!(*event_ids(&found, "CT-ROOT-004"), json!([id(1), id(2), id(4)]));
    assert!(ran.error.contains(&format!("{cut}, line 4: ")), "{}", ran.error);
    assert!(ran.error.contains(&format!("{cut} ends in the middle of a record: it was cut short")), "{}", ran.error);
    assert!(ran.error.contains("/nowhere/log.json could not be opened"), "{}", ran.error);
}

#[test]
fn the_settings_are_printed_as_a_file_that_sets_the_same() {
    let program = Program::new();
    let file = program.path("bailiwick/config/config.toml");
    let text = program.ok(&["config"]);
    assert!(text.starts_with(&format!("# {} does not exist: these are the defaults.\n", file.display())), "{text}");
    assert!(text.contains("# from 30 to 3650; 400 unless set.\nevent_retention_days = 400\n"), "{text}");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text.replace("idle_lock_minutes = 10", "idle_lock_minutes = 0")).unwrap();
    let said = program.json(&["config", "--json"]);
    assert_eq!((&said["exists"], &said["path"]), (&true.into(), &file.display().to_string().into()));
    let lock = said["settings"].as_array().unwrap().iter().find(|s| s["name"] == "idle_lock_minutes").unwrap();
    assert_eq!((&lock["value"], &lock["default"], &lock["allowed"]), (&0.into(), &10.into(), &"from 0 to 1440".into()));
    assert!(program.ok(&["config"]).contains("\nidle_lock_minutes = 0\n"));

    std::fs::write(&file, "concurrency = 8\nbackup_daily = 0\n").unwrap();
    let said = program.refused(2, &["config"]);
    assert!(said.contains("config.toml is not valid: line 2: backup_daily must be from 1 to 366"), "{said}");
}

#[test]
fn help_completions_and_the_man_page_name_every_command() {
    let program = Program::new();
    let help = program.ok(&["--help"]);
    let man = program.ok(&["man"]);
    let completions = program.ok(&["completions", "bash"]);
    assert!(man.starts_with(".ie") || man.starts_with(".TH"), "{man}");
    assert!(completions.contains("complete -F _bailiwick"), "{completions}");
    for command in
        ["init", "client", "connect", "sync", "costs", "access", "findings", "accounts", "check", "config", "demo"]
    {
        for (place, text) in [("--help", &help), ("man", &man), ("completions", &completions)] {
            assert!(text.contains(command), "{command} is not in {place}");
        }
    }
    assert!(program.ok(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
    assert!(!help.contains("--now"), "what is for tests is not offered");
}
