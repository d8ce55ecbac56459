//! What a test of a role costs, and a role that was in quarantine from the first moment: what it leads into is found out
//! when it comes out.

use crate::world::{NOW, PAYER_ROLE, arn, clients, external_id, id, serve};
use bailiwick::sim::server::Trouble;

const LATER: &str = "2026-11-24T02:14:55Z";

#[test]
fn a_sync_that_lets_a_role_out_of_quarantine_finds_out_its_kind() {
    let world = clients(1);
    let (server, program) = serve(&world, "lookups_per_second = 2.0\nevent_days = 1\n");
    server.set_troubles(vec![Trouble::ExternalIdIgnored.everywhere()]);
    program.ok(&["client", "add", "acme"]);
    let role = arn(0, PAYER_ROLE);
    let ran = program.run(&["--now", NOW, "connect", "acme", "--role-arn", &role, "--external-id", &external_id(0)]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    let shown = || program.json(&["connection", "show", "acme", &id(0).to_string(), "--json"]);
    assert_eq!((shown()["gate"].as_str(), server.counts().ce), (Some("quarantined"), 0));
    server.set_troubles(Vec::new());
    let plan = program.json(&["--now", LATER, "sync", "--dry-run", "--json"]);
    let asked = server.counts();
    let ran = program.run(&["--now", LATER, "sync", "--json"]);
    // What its test cost was planned, is told, and is in the ledger.
    assert_eq!((server.counts().ce - asked.ce, plan["ce_price_usd"].as_str()), (1, Some("0.01")), "{plan}");
    let gate = plan["jobs"].as_array().unwrap().iter().find(|job| job["source"] == "gate").unwrap();
    assert_eq!((&gate["requests"]["ce"], &gate["requests"]["organizations"]), (&1.into(), &1.into()), "{gate}");
    assert!(ran.out.contains(r#""ce_spend_usd":"0.01""#), "{}", ran.out);
    let spend = program.json(&["--now", LATER, "sync", "--spend", "--json"]);
    assert_eq!(spend["clients"][0]["months"], serde_json::json!([1]), "{spend}");
    assert_eq!((shown()["gate"].as_str(), shown()["kind"].as_str()), (Some("passed"), Some("standalone")));
    let before = server.counts().ce;
    program.run(&["--now", "2026-11-24T03:14:55Z", "sync"]);
    assert!(server.counts().ce > before, "its costs are read from now on");
}

#[test]
fn a_test_counts_the_answer_that_broke_off_whatever_becomes_of_the_connection_and_stops_at_the_cap() {
    let world = clients(1);
    let (server, program) = serve(&world, "ce_requests_per_day = 2\n");
    program.ok(&["client", "add", "acme"]);
    let (role, id) = (arn(0, PAYER_ROLE), external_id(0));
    let connect = || program.run(&["--now", NOW, "connect", "acme", "--role-arn", &role, "--external-id", &id]);
    let spent = || {
        let spend = program.json(&["--now", NOW, "sync", "--spend", "--json"]);
        (server.counts().ce, spend["clients"][0]["months"][0].as_u64().unwrap_or_default())
    };
    // Nothing else can be read either, so the connection is not kept.
    server.set_faults("half=#1@ce,denied@cloudtrail,denied@organizations".parse().unwrap());
    assert_eq!((connect().code, spent()), (1, (1, 1)));
    assert_eq!(program.json(&["connection", "list", "acme", "--json"])["connections"], serde_json::json!([]));
    server.set_faults("half=#1@ce".parse().unwrap());
    assert_eq!((connect().code, spent()), (0, (2, 2)));
    server.clear_faults();
    let test = || program.run(&["--now", NOW, "connection", "test", "acme", &crate::world::id(0).to_string()]);
    let refused = test();
    assert_eq!((refused.code, spent()), (1, (2, 2)), "{}", refused.out);
    assert!(refused.error.contains("2 Cost Explorer requests today, which is the cap"), "{}", refused.error);
}
