//! The real binary's whole way against the simulator: add, connect, sync, read; then AWS goes away and nothing is lost.

mod canary;
mod program;

use bailiwick::{
    app::fleet::role_of,
    domain::{FixedClock, Timestamp},
    sim::{
        server::{ServeOptions, SimServer},
        world::{World, WorldConfig},
    },
};
use canary::Canaries;
use program::Program;
use rust_decimal::Decimal;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

const NOW: &str = "2026-11-22T02:14:55Z";
const TOMORROW: &str = "2026-11-23T02:14:55Z";
/// A payer and a member account, and a key that leaked in one of them.
const CLIENT: &str = "kestrel-freight";
const STORY: &str = "leaked-key-gpu";

fn world() -> Arc<World> {
    let now: Timestamp = NOW.parse().unwrap();
    Arc::new(World::generate(WorldConfig { seed: 1, now, accounts: 24, events: 2_000 }))
}

#[test]
fn a_client_is_added_connected_read_and_still_there_when_aws_is_not() {
    let world = world();
    let clock = Arc::new(FixedClock(NOW.parse().unwrap()));
    let options = ServeOptions::default();
    let server = SimServer::start(world.clone(), clock, options).unwrap();
    let program = Program::with_vault().calling(&server.url(), &world.agency.access_key, "any");
    std::fs::create_dir_all(program.path("bailiwick/config")).unwrap();
    std::fs::write(program.path("bailiwick/config/config.toml"), "lookups_per_second = 2.0\n").unwrap();

    connects(&program, &world);
    syncs(&program, &server);
    shows_the_truth(&program, &world, NOW);
    leaves_nothing_readable(&program, &world, &server);
    let before = program.json(&["--now", TOMORROW, "accounts", "--json"]);
    drop(server);
    tells_that_nobody_answers(&program);
    shows_the_truth(&program, &world, TOMORROW);
    let after = program.json(&["--now", TOMORROW, "accounts", "--json"]);
    assert_eq!(ids(&before), ids(&after));
    lets_go_of_one_connection(&program, &world);
}

/// All accounts of the client, the payer first; each is found out to be what it is.
fn connects(program: &Program, world: &World) {
    let client = world.clients.iter().find(|c| c.id == CLIENT).unwrap();
    assert_eq!(client.accounts.len(), 2);
    program.ok(&["client", "add", CLIENT, "--name", &client.name]);
    for (id, kind) in client.accounts.iter().zip(["payer", "member"]) {
        let account = world.accounts.iter().find(|a| a.id == *id).unwrap();
        let arn = format!("arn:aws:iam::{id}:role/{}", role_of(account).unwrap());
        let connect = ["--now", NOW, "connect", CLIENT, "--role-arn", &arn];
        let wrong = program.run(&[&connect[..], &["--external-id", "somebody-elses"]].concat()).error;
        assert!(wrong.contains(&arn) || wrong.contains("already has connections with another ExternalId"), "{wrong}");
        let kept = program.json(&[&connect[..], &["--external-id", &client.external_id, "--json"]].concat());
        assert_eq!((&kept["kind"], &kept["connection"]), (&kind.into(), &id.to_string().into()));
    }
    let list = program.json(&["client", "list", "--json"]);
    assert_eq!(list["clients"][0]["gates"], serde_json::json!(["2 passed"]));
    // Another client cannot take an account, or an ExternalId, that is somebody's.
    program.ok(&["client", "add", "other"]);
    let arn = format!("arn:aws:iam::{}:role/any", client.accounts[0]);
    let taken = program.refused(1, &["connect", "other", "--role-arn", &arn]);
    assert!(taken.contains(&format!("already connected for client {CLIENT}")), "{taken}");
    let arn = "arn:aws:iam::123456789012:role/any";
    let shared = program.refused(1, &["connect", "other", "--role-arn", arn, "--external-id", &client.external_id]);
    assert!(shared.contains("two clients must never share one"), "{shared}");
}

fn syncs(program: &Program, server: &SimServer) {
    let lines = program.ok(&["--now", NOW, "sync", "--client", CLIENT, "--json"]);
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.first().unwrap()["event"], "planned");
    let summary = &events.last().unwrap()["summary"];
    assert_eq!((&summary["jobs_failed"], &summary["jobs_partial"]), (&0.into(), &0.into()), "{summary}");
    // The gate of each connection asked once: the payer's costs were shown, the member's role has no such action.
    assert_eq!(summary["requests"]["ce"].as_u64().unwrap() + 2, server.counts().ce);
    assert_eq!(summary["accounts"], 2);
    assert!(summary["events"].as_u64().unwrap() > 0);
    let again = program.ok(&["--now", NOW, "sync", "--client", CLIENT]);
    assert_eq!(again, "nothing is due: everything that is connected was read a moment ago\n");
}

fn shows_the_truth(program: &Program, world: &World, now: &str) {
    let costs = program.json(&["--now", now, "costs", "--client", CLIENT, "--json"]);
    let amounts = costs["totals"][0]["months"].as_array().unwrap().iter();
    let amounts = amounts.map(|cell| cell["value"]["amount"].as_str().unwrap().parse::<Decimal>().unwrap());
    let shown: BTreeMap<String, Decimal> = costs["months"].as_array().unwrap().iter().map(month).zip(amounts).collect();
    let truth: BTreeMap<String, Decimal> = world
        .cost_truth()
        .iter()
        .filter(|t| t.client == CLIENT)
        .map(|t| (t.month.month().to_string(), t.total))
        .collect();
    assert_eq!(shown, truth);
    let story = world.truth.iter().find(|s| s.story == STORY).unwrap();
    let findings = program.json(&["--now", now, "findings", "--client", CLIENT, "--json"]);
    let found = findings["rows"].as_array().unwrap().iter().find(|f| {
        f["check"] == story.check && f["account"] == story.account.to_string() && f["subject"] == story.subject
    });
    let found = found.unwrap_or_else(|| panic!("{STORY} is not in {findings}"));
    let detail = program.ok(&["--now", now, "findings", found["id"].as_str().unwrap()]);
    assert!(detail.contains(story.check) && detail.contains(&story.subject), "{detail}");
    let table = program.ok(&["--now", now, "findings", "--client", CLIENT]);
    assert!(table.contains(story.check), "{table}");
}

fn month(value: &Value) -> String {
    format!("{:04}-{:02}", value["year"].as_i64().unwrap(), value["month"].as_i64().unwrap())
}

fn ids(accounts: &Value) -> Vec<(&Value, &Value)> {
    accounts["rows"].as_array().unwrap().iter().map(|row| (&row["account"], &row["label"])).collect()
}

/// In none of its files, the vault, the backup that `sync` made, the log: no name of a client, and no credential.
fn leaves_nothing_readable(program: &Program, world: &World, server: &SimServer) {
    let client = world.clients.iter().find(|c| c.id == CLIENT).unwrap();
    let mut secrets = server.secrets();
    secrets.extend([client.id.clone(), client.name.clone(), client.external_id.clone()]);
    secrets.extend(client.accounts.iter().map(ToString::to_string));
    secrets.extend(world.truth.iter().map(|story| story.subject.clone()));
    let backups = program.json(&["backup", "list", "--json"]);
    assert!(!backups["backups"].as_array().unwrap().is_empty(), "{backups}");
    let files = Canaries::new(secrets).assert_absent(&program.path("bailiwick"));
    assert!(files >= 9, "{files}");
}

/// The member's connection is shredded; the client, its payer and what they told of the member stay.
fn lets_go_of_one_connection(program: &Program, world: &World) {
    let client = world.clients.iter().find(|c| c.id == CLIENT).unwrap();
    let [payer, member] = [client.accounts[0], client.accounts[1]].map(|id| id.to_string());
    let count = |id: &str| {
        let view = program.json(&["--now", TOMORROW, "access", "--account", id, "--json"]);
        view["principals"].as_array().unwrap().len()
    };
    let of_payer = count(&payer);
    assert!(of_payer > 0 && count(&member) > 0);
    let name = format!("{CLIENT}/{member}");
    let remove = ["--now", TOMORROW, "connection", "remove", CLIENT, &member, "--yes", &name, "--json"];
    let report = program.json(&remove);
    assert_eq!((&report["connection"], &report["keys_dropped"]), (&member.as_str().into(), &1.into()), "{report}");
    // One of each day on which there was a sync.
    assert_eq!((&report["backups"], &report["backups_shredded"]), (&2.into(), &2.into()), "{report}");
    assert!(report["records"].as_u64().unwrap() > 0, "{report}");
    let left = program.json(&["connection", "list", CLIENT, "--json"]);
    assert_eq!(left["connections"].as_array().unwrap().len(), 1, "{left}");
    assert_eq!((count(&member), count(&payer)), (0, of_payer));
    let accounts = program.json(&["--now", TOMORROW, "accounts", "--json"]);
    let listed = accounts["rows"].as_array().unwrap().iter().find(|row| row["account"] == member.as_str()).unwrap();
    assert_eq!(listed["connection"], Value::Null, "the payer still tells of it");
    assert_eq!(program.json(&["vault", "verify", "--json"])["ok"], true);
    let told = program.json(&["audit", "list", "--action", "connection.remove", "--json"]);
    assert_eq!(told["rows"][0]["client"], CLIENT, "{told}");
}

/// The server that the program is told to call is gone.
fn tells_that_nobody_answers(program: &Program) {
    let ran = program.run(&["--now", TOMORROW, "sync"]);
    assert_eq!(ran.code, 2, "{} {}", ran.out, ran.error);
    assert!(ran.out.contains("no answer from AWS for sts:AssumeRole"), "{}", ran.out);
    assert!(ran.out.contains("check the network, proxy and AWS_ENDPOINT_URL"), "{}", ran.out);
    assert!(ran.out.contains("what is stored stays readable offline"), "{}", ran.out);
}
