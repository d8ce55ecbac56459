//! `client import`: two hundred clients in one run, some rows bad; then mended and taken up again.

use crate::{
    program::Program,
    world::{NOW, PAYER_ROLE, SECOND_KEY, answer, arn, clients, external_id, id, serve},
};
use bailiwick::sim::server::{SimServer, Trouble};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

const COUNT: u64 = 200;

/// A row for each client, each with its own role and ExternalId.
fn file(program: &Program, count: u64, bad: &[u64]) -> String {
    let mut text = "client,name,cost_basis,currency,budget,role_arn,external_id,alias\r\n".to_owned();
    for n in 0..count {
        let role = if bad.contains(&n) { "arn:aws:iam::12345:role/x".into() } else { arn(n, PAYER_ROLE) };
        text += &format!(
            "client-{n:03},\"Client {n}, Inc.\",billable,EUR,{n}.50,{role},{},main {n}\r\n",
            external_id(n as usize)
        );
    }
    let path = program.path("clients.csv");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn import(program: &Program, code: i32, file: &str, more: &[&str]) -> Value {
    answer(program, code, &[&["client", "import", file, "--json"], more].concat())
}

fn rows(report: &Value) -> &Vec<Value> {
    report["rows"].as_array().unwrap()
}

#[test]
fn two_hundred_clients_are_imported_and_the_bad_rows_taken_up_again() {
    let world = clients(COUNT);
    let (server, program) = serve(&world, "concurrency = 16\n");
    let path = file(&program, COUNT, &[3, 77]);
    shows_first_what_it_would_do(&program, &server, &path);

    server.set_troubles(vec![
        Trouble::RoleMissing.at(id(10)),
        Trouble::RoleMissing.at(id(199)),
        Trouble::ExternalIdIgnored.at(id(42)),
    ]);
    let began = std::time::Instant::now();
    let first = import(&program, 1, &path, &["--yes"]);
    eprintln!(
        "{COUNT} clients in {:.1} s, {} connections at most",
        began.elapsed().as_secs_f64(),
        server.most_connections()
    );
    let counts = json!({ "rows": 200, "refused": 2, "to_try": 198, "usable": 195, "quarantined": 1, "failed": 2, "waiting": 0,
        "already_connected": 0, "clients_to_add": 198, "clients_to_change": 0, "clients_done": 198 });
    assert_eq!(first["counts"], counts);
    let told = |n: usize| {
        let row = &rows(&first)[n];
        (
            row["line"].as_u64(),
            row["action"].as_str(),
            row["gate"].as_str(),
            row["code"].as_str(),
            row["done"].as_bool(),
        )
    };
    assert_eq!(told(3), (Some(5), Some("refused"), None, None, Some(false)));
    assert!(rows(&first)[3]["what"].as_str().unwrap().contains("exactly 12 digits"), "{}", rows(&first)[3]);
    assert_eq!(told(10), (Some(12), Some("connect"), Some("failed"), Some("trust_refused"), Some(false)));
    assert_eq!(told(42), (Some(44), Some("connect"), Some("quarantined"), Some("quarantined"), Some(false)));
    assert_eq!(told(43), (Some(45), Some("connect"), Some("passed"), None, Some(true)));
    assert_eq!(rows(&first)[43]["kind"], "standalone");
    assert!(server.most_connections() <= 32, "{}", server.most_connections());

    let client = program.json(&["client", "show", "client-043", "--reveal-external-id", "--json"]);
    assert_eq!((&client["name"], &client["budget"]), (&json!("Client 43, Inc."), &json!("43.50")), "{client}");
    assert_eq!(client["external_id"], external_id(43));
    let shown = program.json(&["connection", "show", "client-043", &id(43).to_string(), "--json"]);
    assert_eq!((&shown["alias"], &shown["gate"]), (&json!("main 43"), &json!("passed")));
    let log = program.json(&["audit", "list", "--client", "client-043", "--json"]);
    let actions: Vec<&str> =
        log["rows"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["external-id.reveal", "external-id.import", "connection.add", "client.add"]);
    assert_eq!(program.json(&["audit", "verify", "--json"])["ok"], true);
    // What failed is not kept, and neither is its ExternalId; the client is, to be connected later.
    let failed = program.json(&["client", "show", "client-010", "--reveal-external-id", "--json"]);
    assert_eq!(failed["connections"], 0);
    assert_ne!(failed["external_id"], external_id(10));
    let found = program.json(&["findings", "--client", "client-042", "--json"]);
    assert_eq!(found["rows"][0]["severity"], "critical", "{found}");

    // Mended: those five and no other.
    server.set_troubles(Vec::new());
    let path = file(&program, COUNT, &[]);
    let before = server.counts();
    let second = import(&program, 0, &path, &["--yes"]);
    let after = server.counts();
    let c = &second["counts"];
    assert_eq!((&c["to_try"], &c["usable"], &c["already_connected"]), (&json!(5), &json!(5), &json!(195)), "{c}");
    assert_eq!((&c["clients_to_add"], &c["clients_to_change"]), (&json!(2), &json!(0)));
    assert_eq!((after.cloudtrail - before.cloudtrail, after.ce - before.ce), (5, 5));
    let audited = audit(&program);
    let third = import(&program, 0, &path, &["--yes"]);
    assert_eq!((&third["counts"]["to_try"], &third["counts"]["already_connected"]), (&json!(0), &json!(200)));
    assert_eq!((server.counts(), audit(&program)), (after, audited), "nothing was asked, nothing was done");
    assert_eq!(program.json(&["vault", "verify", "--json"])["ok"], true);
}

fn audit(program: &Program) -> usize {
    program.json(&["audit", "list", "--json", "--limit", "100000"])["rows"].as_array().unwrap().len()
}

fn shows_first_what_it_would_do(program: &Program, server: &SimServer, path: &str) {
    let dry = import(program, 1, path, &["--dry-run"]);
    assert_eq!((&dry["preview"], &dry["counts"]["clients_to_add"]), (&json!(true), &json!(198)));
    assert_eq!((&dry["counts"]["refused"], &dry["counts"]["waiting"]), (&json!(2), &json!(198)));
    assert!(!dry.to_string().contains(&external_id(5)), "an ExternalId is not shown");
    let asked = program.run(&["--now", NOW, "client", "import", path]);
    assert_eq!(asked.code, 2, "{}", asked.out);
    assert!(asked.error.contains("198 clients are added, 0 changed, and 198 accounts tried"), "{}", asked.error);
    assert!(asked.out.contains("line 5: ") && asked.out.contains("add the client, connect"), "{}", asked.out);
    assert_eq!(program.json(&["client", "list", "--json"])["clients"], json!([]));
    assert_eq!((server.counts().sts, audit(program)), (0, 1));
}

/// Ctrl-C in the middle: what is done is kept, and the next run does the rest.
#[test]
fn an_interrupted_import_keeps_what_it_did_and_is_taken_up() {
    let world = clients(60);
    let (server, program) = serve(&world, "concurrency = 2\n");
    let path = file(&program, 60, &[]);
    let mut child = program
        .command(&["--now", NOW, "client", "import", &path, "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Until some accounts have been asked for everything.
    while server.counts().cloudtrail < 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let out: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let last = out.last().unwrap();
    assert!(
        last.starts_with("not finished: it was interrupted; what is done is kept, `bailiwick client import"),
        "{last}"
    );
    let kept = program.json(&["connection", "list", "--json"])["connections"].as_array().unwrap().len();
    assert!((10..60).contains(&kept), "{kept}");
    let before = server.counts();
    let rest = import(&program, 0, &path, &["--yes"]);
    let c = &rest["counts"];
    assert_eq!((&c["already_connected"], &c["usable"]), (&json!(kept), &json!(60 - kept)), "{c}");
    assert_eq!(server.counts().cloudtrail - before.cloudtrail, 60 - kept as u64);
}

#[test]
fn a_row_that_is_tried_again_gives_its_account_what_it_says() {
    let (server, program) = serve(&clients(1), "");
    let write = |alias: &str, depth: &str| {
        let path = program.path("clients.csv");
        let row = format!("acme,{},{},{alias},{depth}", arn(0, PAYER_ROLE), external_id(0));
        std::fs::write(&path, format!("client,role_arn,external_id,alias,depth\n{row}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let shown = || program.json(&["connection", "show", "acme", &id(0).to_string(), "--json"]);
    server.set_troubles(vec![Trouble::ExternalIdIgnored.everywhere()]);
    import(&program, 1, &write("main", "essential"), &["--yes"]);
    assert_eq!(shown()["gate"], "quarantined");
    server.set_troubles(Vec::new());
    let report = import(&program, 0, &write("shop", "full"), &["--yes"]);
    assert_eq!((&rows(&report)[0]["action"], &rows(&report)[0]["done"]), (&json!("test"), &json!(true)), "{report}");
    let shown = shown();
    assert_eq!((&shown["alias"], &shown["depth"]), (&json!("shop"), &json!("full")), "{shown}");
}

#[test]
fn a_toml_file_a_profile_and_a_change_go_the_same_way() {
    let world = clients(3);
    let (_server, program) = serve(&world, "");
    let write = |text: &str| {
        let path = program.path("clients.toml");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let profile = |name| format!("[profile {name}]\naws_access_key_id = {SECOND_KEY}\naws_secret_access_key = any\n");
    std::fs::write(program.path("aws-config"), profile("ours") + &profile("twin")).unwrap();
    let text = format!(
        "[[client]]\nid = \"one\"\nexternal_id = \"{}\"\n[[client.connection]]\nrole_arn = \"{}\"\n[[client]]\nid = \"ours\"\n\
         [[client.connection]]\nprofile = \"ours\"\n[[client]]\nid = \"later\"\nnotes = \"no access yet\"\n[[client]]\n\
         id = \"gone\"\n[[client.connection]]\nprofile = \"nobody\"\n",
        external_id(0),
        arn(0, PAYER_ROLE)
    );
    let path = write(&text);
    let report = import(&program, 1, &path, &["--yes"]);
    let done: Vec<_> = rows(&report).iter().map(|row| (row["done"].as_bool().unwrap(), row["kind"].as_str())).collect();
    assert_eq!(done[0], (true, Some("standalone")), "{report}");
    assert_eq!((done[2], done[3]), ((true, None), (false, None)), "{report}");
    assert_eq!(rows(&report)[3]["code"], "credentials_missing", "{report}");
    let profile = &rows(&report)[1];
    assert_eq!((&profile["gate"], &profile["account"]), (&json!("passed"), &json!(id(2).to_string())), "{profile}");
    // Where a profile leads is known only now: the account is another client's.
    let path = write(&format!("{text}[[client]]\nid = \"twin\"\n[[client.connection]]\nprofile = \"twin\"\n"));
    let twin = import(&program, 1, &path, &["--yes"]);
    let words = "is already connected for client ours: an account belongs to one client";
    assert!(rows(&twin)[4]["what"].as_str().unwrap().contains(words), "{twin}");
    let of_twin = program.json(&["connection", "list", "twin", "--json"]);
    assert_eq!(of_twin["connections"], json!([]));
    // And when both come in one run, one of them gets it.
    program.ok(&["client", "remove", "ours", "--yes", "ours"]);
    let both = import(&program, 1, &path, &["--yes"]);
    let connected = [1, 4].into_iter().filter(|n| rows(&both)[*n]["done"] == true).count();
    assert_eq!(connected, 1, "{both}");
    let path = write(&text.replace("no access yet", "access asked for"));
    let dry = import(&program, 0, &path, &["--dry-run"]);
    let later = &rows(&dry)[2];
    assert_eq!((&later["client_action"], &later["client_changes"]), (&json!("change"), &json!(["notes"])), "{later}");
    import(&program, 1, &path, &["--yes"]);
    assert_eq!(program.json(&["client", "show", "later", "--json"])["notes"], "access asked for");
}

#[test]
fn a_file_of_no_use_is_refused_before_anything_is_opened() {
    let program = Program::new();
    let refused = |name: &str, text: &str| {
        let path = program.path(name);
        std::fs::write(&path, text).unwrap();
        program.refused(2, &["client", "import", path.to_str().unwrap(), "--yes"])
    };
    let secret = refused("a.csv", "client,access_key,secret\na,AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI\n");
    assert!(secret.contains("secrets do not belong in such a file") && !secret.contains("wJalr"), "{secret}");
    assert!(refused("a.csv", "client,colour\n").contains("there is no column \"colour\""));
    assert!(refused("a.txt", "client\na\n").contains("say which it is with --format"));
    let example = program.ok(&["client", "import", "--example", "toml"]);
    assert!(example.contains("[[client.connection]]") && example.ends_with("kind = \"own\"\n"), "{example}");
}
