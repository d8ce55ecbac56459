//! A large vault: 40 clients, 1,000 accounts, the simulated fleet's 1,000,000 events and 14 months of costs. How long until something is to be
//! seen after the key was derived, what it takes in memory, what an event takes on disk.
//!
//! `cargo bench --bench at_scale`. A program, not a criterion benchmark: opening is measured in fresh processes (this one
//! again), the median of seven.

mod process;

use bailiwick::{
    checks::Checks,
    desk::Desk,
    domain::{
        Access, AccessEvent, AccountId, Amounts, Client, ClientId, Clock, Connection, ConnectionKind, CostBasis,
        CostCell, CostMonth, Currency, Day, DayCosts, Depth, FixedClock, GateState, Month, Partition, RoleArn,
        Timestamp,
    },
    sim::world::{World, WorldConfig},
    sync::{ClientStore, Sources, connection_id},
    trail::{self, Home},
    vault::{
        KdfCost, LockOwner, Unlock, Vault,
        chunk::{EventChunk, encode_events},
    },
};
use mimalloc::MiMalloc;
use process::{cpu_time, resident_mib};
use rust_decimal::Decimal;
use secrecy::SecretSlice;
use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc, time::Instant};

/// As the program's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const CLIENTS: u64 = 40;
const ACCOUNTS: u64 = 25;
/// Events of the simulated fleet, about.
const EVENTS: usize = 1_000_000;
const SERVICES: u64 = 12;
const MONTHS: i64 = 14;
const DIRECTORY: &str = "BAILIWICK_BENCH_VAULT";
/// What a process of its own does with it, if not show first data.
const TASK: &str = "BAILIWICK_BENCH_TASK";

fn main() {
    match std::env::var_os(DIRECTORY) {
        Some(dir) if std::env::var_os(TASK).is_some() => read_all(Path::new(&dir)),
        Some(dir) => open_once(Path::new(&dir)),
        None => measure(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000)
}

fn owner() -> LockOwner {
    LockOwner { user: "bench".into(), pid: 1, tty: "no terminal".into(), since: now() }
}

fn secret() -> SecretSlice<u8> {
    SecretSlice::from(vec![7u8; 32])
}

fn measure() {
    let base = tempfile::tempdir().expect("a temporary directory");
    let dir = base.path().join("vault");
    let began = Instant::now();
    let vault = Vault::create(&dir, Unlock::CredentialFile(&secret()), KdfCost::default(), &owner()).expect("a vault");
    let vault = Arc::new(vault);
    for client in 0..CLIENTS {
        fill(&vault, client);
    }
    let without = vault.compact().expect("compacts").after;
    let sealed_without = vault.verify().expect("verifies").bytes;
    let filling = Instant::now();
    let (events, records) = fill_events(&vault);
    println!(
        "{events} events stored in {records} records, {:.1} s with making them; all in {:.1} s",
        filling.elapsed().as_secs_f64(),
        began.elapsed().as_secs_f64()
    );
    let compacting = Instant::now();
    let sizes = vault.compact().expect("compacts");
    println!(
        "the store takes {} MiB, after compaction {} MiB ({:.1} s)",
        sizes.before >> 20,
        sizes.after >> 20,
        compacting.elapsed().as_secs_f64()
    );
    println!(
        "{:.1} bytes of files an event, directory included; {} MiB without any event",
        (sizes.after - without) as f64 / events as f64,
        without >> 20
    );
    let (verifying, cpu) = (Instant::now(), cpu_time());
    let report = vault.verify().expect("verifies");
    assert!(report.damaged.is_empty());
    println!(
        "verified {} records, {} MiB, {:.1} sealed bytes an event, in {:.2} s ({:.2} s CPU)",
        report.records,
        report.bytes >> 20,
        (report.bytes - sealed_without) as f64 / events as f64,
        verifying.elapsed().as_secs_f64(),
        (cpu_time() - cpu).as_secs_f64()
    );
    drop(vault);
    println!("{}", child(&dir, true));
    for what in ["first opening, which builds the glances", "unlock to first data"] {
        let mut runs: Vec<String> = (0..7).map(|_| child(&dir, false)).collect();
        runs.sort_by_key(|line| {
            line.split(' ').next().and_then(|ms| ms.parse::<f64>().ok()).map(|ms| (ms * 1e3) as u64)
        });
        println!("{what}: {}", runs[if what.starts_with("first") { runs.len() - 1 } else { runs.len() / 2 }]);
    }
}

/// One opening in a process of its own.
fn child(dir: &Path, read: bool) -> String {
    let this = std::env::current_exe().expect("this program");
    let mut command = Command::new(this);
    command.env(DIRECTORY, dir).envs(read.then_some((TASK, "read")));
    let output = command.output().expect("runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// All events, decoded and kept.
fn read_all(dir: &Path) {
    let vault = Arc::new(Vault::open(dir, Unlock::CredentialFile(&secret()), &owner()).expect("opens"));
    let (reading, cpu) = (Instant::now(), cpu_time());
    let chunks = all_chunks(&vault);
    let events: usize = chunks.iter().map(|chunk| chunk.iter().count()).sum();
    println!(
        "{events} stored events opened and decoded: {:.2} s CPU, {:.2} s wall, process then {} MiB",
        (cpu_time() - cpu).as_secs_f64(),
        reading.elapsed().as_secs_f64(),
        resident_mib()
    );
}

fn open_once(dir: &Path) {
    let secret = secret();
    let began = Instant::now();
    let vault = Vault::open(dir, Unlock::CredentialFile(&secret), &owner()).expect("opens");
    let opened = began.elapsed();
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(now()));
    let checks = Arc::new(Checks::builtin().expect("the built-in checks load"));
    let checks_ready = began.elapsed();
    let desk = Desk::new(Arc::new(vault), checks, clock);
    let overview = desk.overview().expect("an overview");
    let first = began.elapsed() - (checks_ready - opened);
    let rss = resident_mib();
    desk.keep_glances().expect("kept");
    assert_eq!(overview.clients.len() as u64, CLIENTS);
    println!(
        "{:.1} ms (vault open after {:.1} ms), {rss} MiB resident",
        first.as_secs_f64() * 1e3,
        opened.as_secs_f64() * 1e3
    );
}

fn fill(vault: &Arc<Vault>, number: u64) {
    let id: ClientId = format!("client-{number:02}").parse().expect("a client id");
    vault.add_client(&id).expect("added");
    let store = ClientStore::new(vault.clone(), id.clone());
    let external_id = format!("bw-{number:032}").parse().expect("an ExternalId");
    let name = format!("Client number {number}");
    let profile = Client {
        id: id.clone(),
        name: name.as_str().into(),
        cost_basis: CostBasis::Billable,
        currency: None,
        notes: None,
        budget: None,
        added_at: now(),
        external_id,
    };
    let accounts: Vec<AccountId> = (0..ACCOUNTS)
        .map(|n| AccountId::from_number(100_000_000_000 + number * 1_000 + n).expect("an account id"))
        .collect();
    let connections: Vec<Connection> = accounts
        .iter()
        .enumerate()
        .map(|(n, account)| Connection {
            id: connection_id(*account).expect("a connection id"),
            client: id.clone(),
            kind: if n == 0 { ConnectionKind::Payer } else { ConnectionKind::Member },
            access: Access::Role { role: RoleArn::new(Partition::Aws, *account, "bailiwick/role").expect("a role") },
            linked_at: now(),
            alias: None,
            depth: Depth::Essential,
            gate: GateState::Passed { at: now() },
            results: Vec::new(),
        })
        .collect();
    let ids: Vec<_> = connections.iter().map(|c| c.id.clone()).collect();
    vault.add_connections(&id, &ids).expect("added");
    let mut draft = store.draft();
    draft.profile(&profile).and_then(|d| d.connections(&connections)).expect("drafted");
    for month in months() {
        draft.cost_month(&ids[0], &costs(&accounts, month, number)).expect("drafted");
    }
    for connection in &ids {
        draft.sources(connection, &Sources::default()).expect("drafted");
    }
    draft.commit().expect("committed");
}

/// The events of the simulated fleet, one account of it for each of ours: two weeks, all regions. Says how many, and how
/// many records they are.
fn fill_events(vault: &Arc<Vault>) -> (usize, usize) {
    let config = WorldConfig { seed: 1, now: now(), accounts: (CLIENTS * ACCOUNTS) as usize, events: EVENTS };
    let world = World::generate(config);
    let (mut stored, mut records) = (0, 0);
    let mut simulated = world.accounts.iter().cycle();
    for store in stores(vault) {
        for connection in store.connections().expect("connections") {
            let (account, from) = (connection.account(), simulated.next().expect("an account"));
            let mut days: BTreeMap<Day, Vec<AccessEvent>> = BTreeMap::new();
            for event in &from.events {
                let home = Home { account: Some(account), region: None };
                let value = serde_json::from_str(&event.record(account)).expect("a record is JSON");
                let event = trail::record(&value, &home).expect("a record").event;
                days.entry(event.time.day()).or_default().push(event);
            }
            let mut draft = store.draft();
            for (day, events) in days {
                stored += events.len();
                records += 1;
                let packed = encode_events(&events).expect("packed");
                draft.events(account, day, packed).expect("drafted");
            }
            draft.commit().expect("committed");
        }
    }
    (stored, records)
}

fn months() -> impl Iterator<Item = Month> {
    let open = now().day().month();
    (0..MONTHS).rev().map(move |back| open.plus(-i32::try_from(back).unwrap_or(0)))
}

fn costs(accounts: &[AccountId], month: Month, seed: u64) -> CostMonth {
    // Amounts that differ and do not compress away: Knuth's multiplicative hash of their place.
    let mut place = seed << 32 | u64::from(month.first().of_month()) << 24;
    let mut next = || {
        place += 1;
        (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 30) % 9_000_000_000
    };
    let mut cells = |_| -> Vec<CostCell> {
        let pairs = accounts.iter().flat_map(|account| (0..SERVICES).map(move |service| (*account, service)));
        pairs
            .map(|(account, service)| {
                let amount = Decimal::new(next() as i64, 10);
                CostCell {
                    account,
                    service: format!("Amazon Service Number {service}").into(),
                    amounts: Amounts {
                        unblended: amount,
                        net_unblended: amount,
                        amortized: amount,
                        net_amortized: amount,
                    },
                }
            })
            .collect()
    };
    let mut daily = Vec::new();
    let mut day: Day = month.first();
    while day < month.end() && day <= now().day() {
        daily.push(DayCosts { day, estimated: false, cells: cells(()) });
        day = day.plus(1);
    }
    let monthly = cells(());
    CostMonth { month, currency: Currency::USD, estimated: false, monthly, total: None, daily, read_at: now() }
}

fn stores(vault: &Arc<Vault>) -> Vec<ClientStore> {
    vault.clients().into_iter().map(|client| ClientStore::new(vault.clone(), client)).collect()
}

fn all_chunks(vault: &Arc<Vault>) -> Vec<EventChunk> {
    let mut chunks = Vec::new();
    for store in stores(vault) {
        for connection in store.connections().expect("connections") {
            let account = connection.account();
            for day in store.event_days(account).expect("days") {
                chunks.extend(store.events(account, day).expect("reads"));
            }
        }
    }
    chunks
}
