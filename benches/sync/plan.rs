//! How long it takes to know what a sync of 1,000 accounts would do.

use super::{
    first::{options, vault},
    fleet::{REGIONS, now},
};
use bailiwick::{
    aws::Pace,
    domain::{
        Access, AccountId, Client, ClientId, Connection, ConnectionKind, CostBasis, Depth, GateState, Partition,
        Region, RoleArn, TimeRange,
    },
    sync::{self, ClientStore, CostState, Coverage, Sources, connection_id},
    vault::Vault,
};
use std::{sync::Arc, time::Instant};

/// Clients that share the accounts.
const CLIENTS: u64 = 40;

/// Makes a vault of so many accounts, each with so many regions in use, that was read an hour ago, and plans.
pub fn measure(accounts: u64, regions: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let vault = vault(&dir.path().join("vault"));
    for number in 0..CLIENTS {
        fill(&vault, number, accounts.div_ceil(CLIENTS), regions);
    }
    let options = options(Pace::POLITE.lookup);
    let mut times = Vec::new();
    let mut lookups = 0;
    for _ in 0..7 {
        let began = Instant::now();
        let plan = sync::plan(&vault, &options, now()).expect("a plan");
        times.push(began.elapsed());
        lookups = plan.requests.cloudtrail;
        assert!(lookups >= accounts * regions as u64, "something is due in each region: {lookups}");
    }
    let first = times[0];
    times.sort();
    println!(
        "plan of {accounts} accounts × {regions} regions in use ({lookups} lookups due): first {:.1} ms, median of seven \
         {:.1} ms, best {:.1} ms (limit 1,000 ms)",
        first.as_secs_f64() * 1e3,
        times[3].as_secs_f64() * 1e3,
        times[0].as_secs_f64() * 1e3
    );
}

fn fill(vault: &Arc<Vault>, number: u64, accounts: u64, regions: usize) {
    let id: ClientId = format!("client-{number:02}").parse().expect("a client id");
    vault.add_client(&id).expect("added");
    let store = ClientStore::new(vault.clone(), id.clone());
    let profile = Client {
        id: id.clone(),
        name: format!("Client number {number}").as_str().into(),
        cost_basis: CostBasis::Billable,
        currency: None,
        notes: None,
        budget: None,
        added_at: now(),
        external_id: format!("bw-{number:032}").parse().expect("an ExternalId"),
    };
    let read = now().plus(-3_600);
    let connections: Vec<Connection> = (0..accounts)
        .map(|n| {
            let account = AccountId::from_number(100_000_000_000 + number * 1_000 + n).expect("an account id");
            Connection {
                id: connection_id(account).expect("a connection id"),
                client: id.clone(),
                kind: if n == 0 { ConnectionKind::Payer } else { ConnectionKind::Member },
                access: Access::Role { role: RoleArn::new(Partition::Aws, account, "bailiwick/role").expect("a role") },
                linked_at: now(),
                alias: None,
                depth: Depth::Essential,
                gate: GateState::Passed { at: read },
                results: Vec::new(),
            }
        })
        .collect();
    let ids: Vec<_> = connections.iter().map(|c| c.id.clone()).collect();
    vault.add_connections(&id, &ids).expect("added");
    // All regions were read, and some of them are in use.
    let mut coverage = Coverage::default();
    for (n, region) in REGIONS.into_iter().enumerate() {
        let region: Region = region.parse().expect("a region");
        coverage.add(&region, TimeRange::new(read.plus(-14 * 86_400), read), n < regions);
    }
    let mut draft = store.draft();
    draft.profile(&profile).and_then(|d| d.connections(&connections)).expect("drafted");
    for connection in &connections {
        draft.sources(&connection.id, &Sources::default()).expect("drafted");
        draft.cost_state(&connection.id, &CostState::default()).expect("drafted");
        draft.coverage(connection.account(), &coverage).expect("drafted");
        draft.footprint_at(&connection.id, read).expect("drafted");
    }
    draft.commit().expect("committed");
}
