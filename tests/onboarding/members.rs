//! `connect CLIENT --members`: discovery, preview, gates in bulk, and what a second run does.

use crate::{
    program::Program,
    world::{MEMBER_ROLE, NOW, PAYER_ROLE, answer, arn, external_id, id, organization, serve},
};
use bailiwick::sim::server::{SimServer, Trouble};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MEMBERS: [&str; 4] = ["connect", "acme", "--members", "--json"];

/// A client with its payer connected.
fn with_payer(program: &Program) {
    program.ok(&["client", "add", "acme"]);
    let payer = ["--now", NOW, "connect", "acme", "--role-arn", &arn(0, PAYER_ROLE), "--external-id", &external_id(0)];
    program.ok(&payer);
}

fn members(program: &Program, code: i32, more: &[&str]) -> Value {
    answer(program, code, &[&MEMBERS[..], more].concat())
}

/// The rows by account.
fn rows(report: &Value) -> BTreeMap<String, &Value> {
    let rows = report["accounts"].as_array().unwrap().iter();
    rows.map(|row| (row["account"].as_str().unwrap().to_owned(), row)).collect()
}

#[test]
fn an_organization_is_listed_shown_and_connected_and_a_second_run_does_what_is_left() {
    let world = organization(64);
    let (server, program) = serve(&world, "concurrency = 8\n");
    program.ok(&["client", "add", "acme"]);
    let none = program.refused(2, &["connect", "acme", "--members", "--yes"]);
    assert!(none.contains("connect its payer first, with `bailiwick connect acme --role-arn ARN`"), "{none}");
    let payer = ["--now", NOW, "connect", "acme", "--role-arn", &arn(0, PAYER_ROLE), "--external-id", &external_id(0)];
    program.ok(&payer);

    // The preview keeps nothing, not even the list.
    let preview = members(&program, 0, &["--dry-run"]);
    let counts = json!({ "accounts": 64, "to_try": 62, "usable": 0, "quarantined": 0, "failed": 0, "waiting": 62,
        "already_connected": 0, "management": 1, "not_tried": 1 });
    assert_eq!((&preview["preview"], &preview["counts"]), (&json!(true), &counts));
    assert_eq!(program.json(&["accounts", "--json"])["rows"].as_array().unwrap().len(), 1);
    let row = rows(&preview)[&id(2).to_string()];
    assert_eq!((&row["action"], &row["state"], &row["gate"]), (&json!("connect"), &json!("ACTIVE"), &Value::Null));
    assert_eq!((&row["label"], &row["joined"]), (&json!("account 2"), &json!("2023-11-14T22:13:20Z")), "{row}");
    assert_eq!(
        (&row["ou_path"], &row["role"]),
        (&json!("o-acme123456/r-ab12/ou-ab12-00000002/400000000002/"), &json!(arn(2, MEMBER_ROLE)))
    );
    let asked = program.run(&["--now", NOW, "connect", "acme", "--members"]);
    assert_eq!(asked.code, 2);
    assert!(asked.out.contains("62 to be tried") && asked.error.contains("--yes"), "{} {}", asked.out, asked.error);

    // One role is not there, another lets anybody in; the others do not wait for them.
    server.set_troubles(vec![
        Trouble::RoleMissing.at(id(10)),
        Trouble::ExternalIdIgnored.at(id(11)),
        Trouble::LeftOrganization.at(id(12)),
    ]);
    let first = members(&program, 1, &["--yes"]);
    let counts = json!({ "accounts": 64, "to_try": 61, "usable": 59, "quarantined": 1, "failed": 1, "waiting": 0,
        "already_connected": 0, "management": 1, "not_tried": 2 });
    assert_eq!(first["counts"], counts, "{first}");
    let of = rows(&first);
    let told = |n: u64| (of[&id(n).to_string()]["gate"].as_str(), of[&id(n).to_string()]["code"].as_str());
    assert_eq!(told(10), (Some("failed"), Some("role_missing")));
    assert_eq!(told(11), (Some("quarantined"), Some("quarantined")));
    assert_eq!((told(12), told(1)), ((None, None), (None, None)));
    assert_eq!(
        (&of[&id(12).to_string()]["state"], &of[&id(1).to_string()]["state"]),
        (&json!("LEFT"), &json!("SUSPENDED"))
    );
    assert_eq!((told(13), &of[&id(13).to_string()]["kind"]), ((Some("passed"), None), &json!("member")));
    assert_eq!(
        program.json(&["client", "list", "--json"])["clients"][0]["gates"],
        json!(["60 passed", "1 quarantined"])
    );
    let shown = program.json(&["connection", "show", "acme", &id(13).to_string(), "--json"]);
    assert_eq!((&shown["access"], &shown["role"]), (&json!("stack set role"), &json!(arn(13, MEMBER_ROLE))));
    let found = program.json(&["findings", "--client", "acme", "--json"]);
    assert!(found["rows"].as_array().unwrap().iter().any(|f| f["account"] == id(11).to_string()), "{found}");
    assert!(server.most_connections() <= 16, "{}", server.most_connections());

    // Mended: the second run tries those two and no other.
    server.set_troubles(vec![Trouble::LeftOrganization.at(id(12))]);
    let (before, audited) = (server.counts(), audit(&program));
    let second = members(&program, 0, &["--yes"]);
    let after = server.counts();
    assert_eq!((&second["counts"]["to_try"], &second["counts"]["usable"]), (&json!(2), &json!(2)), "{second}");
    assert_eq!(second["counts"]["already_connected"], 59);
    // Who we are, the list, and two gates of four attempts, an identity and one service each.
    assert_eq!((after.sts - before.sts, after.cloudtrail - before.cloudtrail, after.ce), (2 + 2 * 6, 2, before.ce));
    assert_eq!(audit(&program) - audited, 3, "the list, one connected, one tested again");
    let third = members(&program, 0, &["--yes"]);
    assert_eq!((&third["counts"]["to_try"], &third["counts"]["already_connected"]), (&json!(0), &json!(61)));
    assert_eq!(server.counts().cloudtrail, after.cloudtrail);

    let accounts = program.ok(&["--now", NOW, "accounts", "--client", "acme"]);
    assert!(accounts.contains("LEFT 2026-11-22") && accounts.contains("SUSPENDED"), "{accounts}");
    assert!(accounts.contains("what was read of them is kept"), "{accounts}");
}

fn audit(program: &Program) -> usize {
    program.json(&["audit", "list", "--json", "--limit", "100000"])["rows"].as_array().unwrap().len()
}

/// A role name of the client's own, and a payer that cannot list.
#[test]
fn a_name_pattern_finds_the_roles_and_a_list_that_fails_is_told() {
    let mut world = organization(4);
    let accounts = &mut std::sync::Arc::get_mut(&mut world).unwrap().accounts;
    for account in accounts.iter_mut().skip(1) {
        account.roles[0].resource = format!("audit/reader-{}", account.id);
    }
    let (server, program) = serve(&world, "");
    with_payer(&program);
    let wrong = members(&program, 1, &["--yes"]);
    assert_eq!((&wrong["counts"]["failed"], &wrong["counts"]["usable"]), (&json!(2), &json!(0)), "{wrong}");
    let right = members(&program, 0, &["--yes", "--role-name", "audit/reader-{account}"]);
    assert_eq!(right["counts"]["usable"], 2, "{right}");
    lists_not(&program, &server, Trouble::Offline, "no answer from AWS");
    lists_not(&program, &server, Trouble::NotInOrganization, "not in an organization");
}

fn lists_not(program: &Program, server: &SimServer, trouble: Trouble, words: &str) {
    server.set_troubles(vec![trouble.at(id(0))]);
    std::fs::write(program.path("bailiwick/config/config.toml"), "").unwrap();
    let refused = program.refused(2, &["--now", NOW, "connect", "acme", "--members", "--yes"]);
    assert!(refused.contains("the accounts of acme could not be listed: ") && refused.contains(words), "{refused}");
    server.set_troubles(Vec::new());
}

/// The full count.
#[test]
#[ignore = "takes a minute; counted for benches/README.md"]
fn a_thousand_accounts() {
    let world = organization(1_000);
    let (server, program) = serve(&world, "");
    with_payer(&program);
    let began = std::time::Instant::now();
    let report = members(&program, 0, &["--yes"]);
    eprintln!("{} s, {} connections at most", began.elapsed().as_secs_f64(), server.most_connections());
    assert_eq!(report["counts"]["usable"], 998, "{}", report["counts"]);
    let again = std::time::Instant::now();
    assert_eq!(members(&program, 0, &["--yes"])["counts"]["already_connected"], 998);
    eprintln!("{} s for a second run", again.elapsed().as_secs_f64());
}
