//! A role that was in quarantine from the first moment: what it leads into is found out when it comes out.

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
    program.run(&["--now", LATER, "sync"]);
    assert_eq!((shown()["gate"].as_str(), shown()["kind"].as_str()), (Some("passed"), Some("standalone")));
    let before = server.counts().ce;
    program.run(&["--now", "2026-11-24T03:14:55Z", "sync"]);
    assert!(server.counts().ce > before, "its costs are read from now on");
}
