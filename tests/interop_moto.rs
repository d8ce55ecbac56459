//! The real binary against moto: another implementation of Organizations, Cost Explorer and STS.
//!
//! `BAILIWICK_MOTO_SERVER` and `BAILIWICK_AWSCLI` name the programs; without them they are taken from the path.

mod emulator;
mod program;

use bailiwick::{
    checks::Checks,
    desk::Desk,
    domain::{
        Access, ClientFacts, Connection, ConnectionKind, Day, Depth, FixedClock, GateState, Metric, Month, Timestamp,
    },
    vault::{LockOwner, Unlock, Vault},
};
use emulator::{Emulator, Keys};
use program::Program;
use rust_decimal::Decimal;
use secrecy::SecretSlice;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
};

/// Before any real present, so that moto's sessions, which end by its own clock, are never over.
const NOW: &str = "2025-11-22T02:14:55Z";
/// The management account: moto's default.
const PAYER: &str = "123456789012";
const ROLE: &str = "arn:aws:iam::123456789012:role/bailiwick/bailiwick-payer";
const SERVICES: [&str; 3] = ["Amazon Elastic Compute Cloud - Compute", "AWS Lambda", "Tax"];
/// Months that a first sync asks for, the open one included, and those whose days it asks for.
const MONTHS: i32 = 14;
const DAILY_MONTHS: i32 = 13;

fn moto() -> Emulator {
    let emulator = Emulator::start("BAILIWICK_MOTO_SERVER", "moto_server", |command, port| {
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    });
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{PAYER}:root")}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "acme-7f3a9c52d1"}},
    }]});
    let create = ["iam", "create-role", "--path", "/bailiwick/", "--role-name", "bailiwick-payer"];
    emulator.aws(&anybody(), &[&create[..], &["--assume-role-policy-document", &trust.to_string()]].concat());
    emulator
}

/// moto believes every key.
fn anybody() -> Keys {
    Keys::new("test", "test")
}

fn caller(program: Program, emulator: &Emulator) -> Program {
    let keys = anybody();
    program.calling(&emulator.url(), &keys.id, &keys.secret)
}

#[test]
#[ignore = "needs moto and the AWS CLI; .ci/run installs them and runs the tests named interop"]
fn interop_a_role_that_opens_without_its_external_id_is_refused() {
    let emulator = moto();
    let program = caller(Program::with_vault(), &emulator);
    program.ok(&["client", "add", "acme"]);
    // moto does not evaluate trust policies, so every role is as open as one without the condition.
    let ran = program.run(&["connect", "acme", "--role-arn", ROLE, "--external-id", "acme-7f3a9c52d1", "--json"]);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &told["gate"], &told["code"]), (1, &"quarantined".into(), &"quarantined".into()), "{told}");
    let wrong = ["no_external_id", "random_external_id", "decoy_external_id"];
    let probes = told["results"].as_array().unwrap();
    for probe in probes.iter().filter(|p| wrong.iter().any(|w| p["probe"] == *w)) {
        assert_eq!((&probe["outcome"], &probe["code"]), (&"failed".into(), &"quarantined".into()), "{probe}");
    }
    assert_eq!(program.json(&["client", "list", "--json"])["clients"][0]["gates"], json!(["1 quarantined"]));
}

#[test]
#[ignore = "needs moto and the AWS CLI; .ci/run installs them and runs the tests named interop"]
fn interop_accounts_and_costs_are_motos_to_the_last_decimal() {
    let emulator = moto();
    let listed = organization(&emulator);
    let ids: Vec<String> = listed.keys().cloned().collect();
    queue(&emulator, &canned(&ids));
    let program = caller(Program::with_vault(), &emulator);
    connected_behind_the_gate(&program);

    let ran = program.run(&["--now", NOW, "sync", "--json"]);
    assert_eq!((ran.code, ran.error.as_str()), (1, ""), "{}", ran.out);
    let last: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "finished");
    only_the_events_failed(&last["summary"]);
    assert_eq!(last["summary"]["accounts"], listed.len());

    accounts_are_listed(&program, &listed);
    costs_are_canned(&program, &ids);
}

/// An organization with two members; id and name of all accounts, as the AWS CLI sees them.
fn organization(emulator: &Emulator) -> BTreeMap<String, String> {
    emulator.aws(&anybody(), &["organizations", "create-organization", "--feature-set", "ALL"]);
    for name in ["acme-dev", "acme-prod"] {
        let email = format!("{name}@example.com");
        let create = ["organizations", "create-account", "--account-name", name, "--email", &email];
        emulator.aws(&anybody(), &create);
    }
    let answer = emulator.aws(&anybody(), &["organizations", "list-accounts"]);
    let text = |account: &Value, key: &str| account[key].as_str().unwrap().to_owned();
    let accounts: BTreeMap<_, _> =
        answer["Accounts"].as_array().unwrap().iter().map(|a| (text(a, "Id"), text(a, "Name"))).collect();
    assert_eq!(accounts.len(), 3);
    assert!(accounts.contains_key(PAYER));
    accounts
}

/// What connecting stores, without its gate, which moto cannot pass.
fn connected_behind_the_gate(program: &Program) {
    let now: Timestamp = NOW.parse().unwrap();
    let secret = SecretSlice::from(std::fs::read(program.credential_file()).unwrap());
    let owner = LockOwner { user: "test".into(), pid: std::process::id(), tty: "no terminal".into(), since: now };
    let vault = Vault::open(&program.vault(), Unlock::CredentialFile(&secret), &owner).unwrap();
    let desk = Desk::new(Arc::new(vault), Arc::new(Checks::builtin().unwrap()), Arc::new(FixedClock(now)));
    let client = desk.add_client(&"acme".parse().unwrap(), &ClientFacts::default()).unwrap();
    let connection = Connection {
        id: PAYER.parse().unwrap(),
        client: client.id.clone(),
        kind: ConnectionKind::Payer,
        access: Access::Role { role: ROLE.parse().unwrap() },
        linked_at: now,
        alias: None,
        depth: Depth::Essential,
        gate: GateState::Passed { at: now },
        results: Vec::new(),
    };
    desk.add_connections(&client, &[connection]).unwrap();
}

/// A month's amount of one account and service: ten decimals that no binary fraction holds, credits among them.
fn amount(month: usize, account: usize, service: usize) -> Decimal {
    let digits = 12_345_678_901_i64 * (i64::try_from(month * 100 + account * 10 + service).unwrap() + 1);
    Decimal::new(if service == 2 { -digits } else { digits }, 10)
}

/// What Cost Explorer leaves out of its groups.
fn residual(month: usize) -> Decimal {
    Decimal::new(290_000_000_003 + i64::try_from(month).unwrap(), 10)
}

fn grouped(month: usize, accounts: usize) -> Decimal {
    (0..accounts).flat_map(|a| (0..SERVICES.len()).map(move |s| amount(month, a, s))).sum()
}

fn months() -> Vec<Month> {
    let open = NOW.parse::<Timestamp>().unwrap().day().month();
    (1 - MONTHS..=0).map(|back| open.plus(back)).collect()
}

/// Answers in the order in which a first sync asks: the grouped months, their totals, their parts by record type and
/// by region, then the days of each month.
fn canned(accounts: &[String]) -> Vec<Value> {
    let tomorrow = NOW.parse::<Timestamp>().unwrap().day().plus(1);
    let metrics = |amount: Decimal| -> Value {
        let value = json!({"Amount": amount.to_string(), "Unit": "USD"});
        Metric::ALL.iter().map(|m| (m.aws_name().to_owned(), value.clone())).collect::<serde_json::Map<_, _>>().into()
    };
    let period = |start: Day, end: Day, groups: Vec<Value>, total: Value| {
        let time = json!({"Start": start.to_string(), "End": end.to_string()});
        json!({"TimePeriod": time, "Total": total, "Groups": groups, "Estimated": end == tomorrow})
    };
    let groups = |month: usize| -> Vec<Value> {
        let cell =
            |a: usize, s: usize| json!({"Keys": [accounts[a], SERVICES[s]], "Metrics": metrics(amount(month, a, s))});
        (0..accounts.len()).flat_map(|a| (0..SERVICES.len()).map(move |s| (a, s))).map(|(a, s)| cell(a, s)).collect()
    };
    let split = |month: usize, part: &str| -> Vec<Value> {
        let of = |a: usize| -> Decimal { (0..SERVICES.len()).map(|s| amount(month, a, s)).sum() };
        (0..accounts.len()).map(|a| json!({"Keys": [accounts[a], part], "Metrics": metrics(of(a))})).collect()
    };
    let names: Vec<Value> =
        accounts.iter().map(|id| json!({"Value": id, "Attributes": {"description": "from the bill"}})).collect();
    let answer = |periods: Vec<Value>| json!({"ResultsByTime": periods, "DimensionValueAttributes": names});
    let months = months();
    let end = |month: Month| month.end().min(tomorrow);
    let each = |f: &dyn Fn(usize, Month) -> Value| months.iter().enumerate().map(|(i, m)| f(i, *m)).collect();
    let mut answers = vec![
        answer(each(&|i, m| period(m.first(), end(m), groups(i), json!({})))),
        answer(each(&|i, m| period(m.first(), end(m), Vec::new(), metrics(grouped(i, accounts.len()) + residual(i))))),
        answer(each(&|i, m| period(m.first(), end(m), split(i, "Usage"), json!({})))),
        answer(each(&|i, m| period(m.first(), end(m), split(i, "eu-central-1"), json!({})))),
    ];
    for (index, month) in months.iter().enumerate().skip(usize::try_from(MONTHS - DAILY_MONTHS).unwrap()) {
        // All of a month's costs fall on its first day.
        let first = period(month.first(), month.first().plus(1), groups(index), json!({}));
        answers.push(answer(vec![first]));
    }
    answers
}

/// Hands moto the answers to come. The request is plain, so it is written by hand.
fn queue(emulator: &Emulator, answers: &[Value]) {
    let url = emulator.url();
    let host = url.strip_prefix("http://").unwrap();
    let body = json!({ "account_id": PAYER, "results": answers }).to_string();
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST /moto-api/static/ce/cost-and-usage-results HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

/// moto has no `LookupEvents` and answers a page of HTML: that is told as what it is, and what needs that call (events
/// and our own footprint) is all that failed.
fn only_the_events_failed(summary: &Value) {
    assert_eq!((&summary["jobs_failed"], &summary["jobs_partial"]), (&2.into(), &0.into()), "{summary}");
    let failures = summary["failures"].as_array().unwrap();
    let sources: BTreeSet<_> = failures.iter().map(|job| job["source"].as_str().unwrap()).collect();
    assert_eq!(sources, BTreeSet::from(["events", "footprint"]));
    let job = failures.iter().find(|job| job["source"] == "events").unwrap();
    let failure = &job["state"]["failure"];
    assert_eq!(failure["kind"], "invalid", "{failure}");
    let what = failure["what"].as_str().unwrap();
    assert!(what.contains("cloudtrail:LookupEvents was answered with HTTP 500"), "{what}");
    assert!(!what.contains('<'), "{what}");
    assert!(failure["next_step"].as_str().unwrap().contains("emulator may be answering instead of AWS"), "{failure}");
    assert_eq!(summary["ce_spend_usd"], "0.17");
}

fn accounts_are_listed(program: &Program, listed: &BTreeMap<String, String>) {
    let view = program.json(&["--now", NOW, "accounts", "--json"]);
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = view["rows"].as_array().unwrap();
    let shown: BTreeMap<_, _> = rows.iter().map(|r| (text(r, "account"), text(r, "label"))).collect();
    assert_eq!(shown, *listed);
    assert!(rows.iter().all(|r| r["state"] == "ACTIVE"), "{view}");
    let connected: BTreeSet<_> =
        rows.iter().filter(|r| r["connection"] == "payer").map(|r| text(r, "account")).collect();
    assert_eq!(connected, BTreeSet::from([PAYER.to_owned()]));
}

fn costs_are_canned(program: &Program, accounts: &[String]) {
    let view = program.json(&["--now", NOW, "costs", "--client", "acme", "--json"]);
    let months: Vec<usize> = (0..months().len()).collect();
    assert_eq!(view["months"].as_array().unwrap().len(), months.len());
    let expect = |f: &dyn Fn(usize) -> Decimal| -> Vec<Decimal> { months.iter().map(|m| f(*m)).collect() };
    assert_eq!(amounts(&view["totals"][0]), expect(&|m| grouped(m, accounts.len()) + residual(m)));
    assert_eq!(amounts(&view["residual"]), expect(&residual));
    assert_eq!(view["rows"].as_array().unwrap().len(), accounts.len());
    for (a, account) in accounts.iter().enumerate() {
        let row = row(&view, account);
        assert_eq!(amounts(row), expect(&|m| (0..SERVICES.len()).map(|s| amount(m, a, s)).sum()));
        let services = program.json(&["--now", NOW, "costs", "--client", "acme", "--account", account, "--json"]);
        for (s, service) in SERVICES.iter().enumerate() {
            assert_eq!(amounts(self::row(&services, service)), expect(&|m| amount(m, a, s)), "{account} {service}");
        }
    }
}

fn row<'a>(view: &'a Value, id: &str) -> &'a Value {
    view["rows"].as_array().unwrap().iter().find(|r| r["key"]["id"] == id).unwrap_or_else(|| panic!("{id}: {view}"))
}

/// One amount for each month; a cell without one is a failure.
fn amounts(row: &Value) -> Vec<Decimal> {
    let cells = row["months"].as_array().unwrap().iter();
    cells.map(|cell| cell["value"]["amount"].as_str().unwrap_or_else(|| panic!("{cell}")).parse().unwrap()).collect()
}
