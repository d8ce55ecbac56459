//! The peer: the same requests by a Python script with boto3, in the same run against the same simulator.

use super::{
    fleet::{REGIONS, Shape, WINDOW, now},
    simulator::Simulator,
};
use bailiwick::{
    app::fleet::{kind_of, role_of},
    aws::{Job, home_region, session_policy},
    domain::{Partition, Region},
    sim::world::World,
};
use serde_json::{Value, json};
use std::{path::Path, process::Command};

/// Regions in which everything is asked for at essential depth, whether it looks used or not.
const GLOBAL: [&str; 3] = ["us-east-1", "us-east-2", "us-west-2"];

/// What the script said of its run.
pub struct Peer {
    pub requests: u64,
    pub rate: f64,
    pub cpu_ms: f64,
    /// Without the making of boto3's clients, of which it needs as many as we do.
    pub cpu_ms_without_clients: f64,
    pub peak_mib: f64,
    pub what: String,
}

/// The interpreter that has boto3, or why there is no peer.
pub fn python() -> Result<String, String> {
    let python = std::env::var("BAILIWICK_PEER_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python).args(["-c", "import boto3"]).output();
    match found {
        Ok(output) if output.status.success() => Ok(python),
        _ => Err(format!("{python} has no boto3, so there is no peer: benches/README.md tells how to install it")),
    }
}

/// Runs it.
pub fn run(python: &str, simulator: &mut Simulator, shape: Shape, world: &World) -> Peer {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let work = dir.path().join("work.json");
    let database = dir.path().join("events.sqlite").display().to_string();
    std::fs::write(&work, task(&simulator.url, &database, shape, world).to_string()).expect("written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/sync_boto3.py");
    let before = simulator.counts();
    let output = Command::new(python).arg(script).arg(&work).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let requests = simulator.counts().since(&before).total();
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let number = |name: &str| said[name].as_f64().expect("a number");
    assert_eq!(said["events"].as_u64(), Some((shape.accounts * shape.pages * 50) as u64), "{said}");
    assert_eq!(said["requests"].as_u64(), Some(requests), "{said}");
    Peer {
        requests,
        rate: number("requests_per_second"),
        cpu_ms: number("cpu_ms_per_request"),
        cpu_ms_without_clients: number("cpu_ms_per_request_without_clients"),
        peak_mib: number("peak_mib"),
        what: said["what"].as_str().unwrap_or_default().to_owned(),
    }
}

/// All that a first sync asks, by account.
fn task(url: &str, database: &str, shape: Shape, world: &World) -> Value {
    let accounts = world.accounts.iter().map(|account| {
        let client = &world.clients[account.client];
        let role = role_of(account).expect("a role of ours");
        let regions: Vec<Region> = REGIONS.iter().map(|r| r.parse().expect("a region")).collect();
        let home = [home_region(Partition::Aws)];
        let mut jobs = Vec::new();
        if kind_of(client, account).has_costs() {
            jobs.push(json!({"policy": session_policy(Job::Accounts, &[]), "accounts": true}));
            jobs.push(json!({"policy": session_policy(Job::Costs, &[]), "costs": costs()}));
        }
        jobs.push(json!({
            "policy": session_policy(Job::Events, &regions),
            "lookups": REGIONS.map(|region| lookups(region, shape.essential)),
        }));
        let footprint = ["LookupEvents", "GetCostAndUsage", "ListAccounts"].map(named);
        let day = json!({"region": home[0].as_str(), "seconds": 86_400 + 1_800, "first": footprint});
        jobs.push(json!({"policy": session_policy(Job::Events, &home), "lookups": [day]}));
        json!({
            "role": format!("arn:aws:iam::{}:role/{role}", account.id),
            "external_id": client.external_id,
            "gate_policy": session_policy(Job::Gate, &[]),
            "jobs": jobs,
        })
    });
    json!({
        "endpoint": url,
        "key": world.agency.access_key,
        "database": database,
        "threads": 32,
        "now": now().second(),
        "accounts": accounts.collect::<Vec<_>>(),
    })
}

fn named(name: &str) -> Value {
    json!({"AttributeKey": "EventName", "AttributeValue": name})
}

/// As the sync asks: at full depth everything at once, at essential depth changes and the calls that open sessions.
fn lookups(region: &str, essential: bool) -> Value {
    let first = if essential {
        vec![json!({"AttributeKey": "ReadOnly", "AttributeValue": "false"}), named("AssumeRole")]
    } else {
        vec![Value::Null]
    };
    let rarer = ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetSessionToken"].map(named).to_vec();
    let more = if essential { rarer } else { Vec::new() };
    json!({"region": region, "seconds": WINDOW, "first": first, "more": more, "always": GLOBAL.contains(&region)})
}

/// Fourteen months by the four groupings, and each of thirteen by day.
fn costs() -> Value {
    let (open, tomorrow) = (now().day().month(), now().day().plus(1));
    let question = |start: String, end: String, granularity: &str, group: Option<&str>| json!({"start": start, "end": end, "granularity": granularity, "group": group});
    let whole = |group| question(open.plus(-13).first().to_string(), tomorrow.to_string(), "MONTHLY", group);
    let mut all: Vec<Value> = [Some("SERVICE"), None, Some("RECORD_TYPE"), Some("REGION")].map(whole).to_vec();
    all.extend((0..13).map(|back| {
        let month = open.plus(-back);
        question(month.first().to_string(), month.end().min(tomorrow).to_string(), "DAILY", Some("SERVICE"))
    }));
    Value::Array(all)
}
