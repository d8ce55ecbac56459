//! Worlds of many accounts without costs or events: one client with a large organization, or many clients of one account.

use crate::program::Program;
use bailiwick::{
    domain::{AccountId, AccountState, FixedClock, JoinedMethod, Timestamp},
    sim::{
        costs::SimCosts,
        server::{ServeOptions, SimKey, SimKeyKind, SimServer},
        world::{Agency, SimAccount, SimClient, SimOrganization, SimRole, World, WorldConfig},
    },
};
use serde_json::Value;
use std::sync::Arc;

pub const NOW: &str = "2026-11-22T02:14:55Z";
pub const PAYER_ROLE: &str = "bailiwick/bailiwick-payer";
pub const MEMBER_ROLE: &str = "bailiwick/bailiwick-member";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
/// A key of a user in the last account, for profiles.
pub const SECOND_KEY: &str = "AKIAI44QH8DHBEXAMPLE";
const AGENCY: &str = "999988887777";

/// The account with a number.
pub fn id(number: u64) -> AccountId {
    AccountId::from_number(400_000_000_000 + number).unwrap()
}

/// The ExternalId of the client with a number.
pub fn external_id(client: usize) -> String {
    format!("bw-{client:04}-ipqzrn4tkwcheoc7hkcmbynx2qzd4a5d")
}

/// The role of the account with a number.
pub fn arn(number: u64, role: &str) -> String {
    format!("arn:aws:iam::{}:role/{role}", id(number))
}

fn account(number: u64, client: usize, role: &str) -> SimAccount {
    let allowed = ["cloudtrail:LookupEvents", "ce:GetCostAndUsage", "organizations:ListAccounts"];
    SimAccount {
        id: id(number),
        client,
        name: format!("account {number}"),
        email: format!("aws+{number}@example.com"),
        state: AccountState::Active,
        joined_method: JoinedMethod::Created,
        joined_at: Timestamp::from_second(1_700_000_000),
        ou_path: format!("o-acme123456/r-ab12/ou-ab12-{:08}/", number % 7),
        regions: vec!["us-east-1".parse().unwrap()],
        denied_regions: Vec::new(),
        is_management: false,
        cost_explorer: true,
        roles: vec![SimRole {
            resource: role.to_owned(),
            trusted: vec![format!("arn:aws:iam::{AGENCY}:root")],
            external_id: Some(external_id(client)),
            allowed: allowed.iter().take(if role == MEMBER_ROLE { 1 } else { 3 }).map(|a| (*a).to_owned()).collect(),
            max_session: 3_600,
        }],
        events: Vec::new(),
        costs: SimCosts::default(),
    }
}

fn world(clients: Vec<SimClient>, accounts: Vec<SimAccount>) -> Arc<World> {
    Arc::new(World {
        config: WorldConfig { seed: 1, now: NOW.parse().unwrap(), accounts: accounts.len(), events: 0 },
        agency: Agency {
            account: AGENCY.parse().unwrap(),
            user_arn: format!("arn:aws:iam::{AGENCY}:user/bailiwick-sre"),
            access_key: KEY.to_owned(),
        },
        clients,
        accounts,
        truth: Vec::new(),
        newcomers: Vec::new(),
    })
}

fn client(number: usize, accounts: Vec<AccountId>, organization: Option<SimOrganization>) -> SimClient {
    SimClient {
        id: format!("client-{number:03}"),
        name: format!("Client {number}"),
        external_id: external_id(number),
        pro_forma: false,
        accounts,
        organization,
    }
}

/// One client with an organization of `size` accounts, its payer the first. The second is suspended.
pub fn organization(size: u64) -> Arc<World> {
    let mut accounts: Vec<SimAccount> =
        (0..size).map(|n| account(n, 0, if n == 0 { PAYER_ROLE } else { MEMBER_ROLE })).collect();
    accounts[0].is_management = true;
    accounts[1].state = AccountState::Suspended;
    let organization = SimOrganization { id: "o-acme123456".into(), root: "r-ab12".into(), management: accounts[0].id };
    let ids = accounts.iter().map(|a| a.id).collect();
    world(vec![client(0, ids, Some(organization))], accounts)
}

/// Clients of one standalone account each.
pub fn clients(count: u64) -> Arc<World> {
    let place = |n: u64| usize::try_from(n).unwrap();
    let accounts: Vec<SimAccount> = (0..count).map(|n| account(n, place(n), PAYER_ROLE)).collect();
    world((0..count).map(|n| client(place(n), vec![id(n)], None)).collect(), accounts)
}

/// The simulator over a world, and a program with a vault that calls it.
pub fn serve(world: &Arc<World>, config: &str) -> (SimServer, Program) {
    let clock = Arc::new(FixedClock(NOW.parse().unwrap()));
    let keys = world.accounts.last().map(|account| SimKey {
        access_key: SECOND_KEY.to_owned(),
        token: None,
        account: account.id,
        kind: SimKeyKind::User { name: "reader".to_owned() },
        allowed: vec!["*".to_owned()],
    });
    let options = ServeOptions { keys: keys.into_iter().collect(), ..ServeOptions::default() };
    let server = SimServer::start(world.clone(), clock, options).unwrap();
    let program = Program::with_vault().calling(&server.url(), KEY, "any");
    std::fs::create_dir_all(program.path("bailiwick/config")).unwrap();
    std::fs::write(program.path("bailiwick/config/config.toml"), config).unwrap();
    (server, program)
}

/// What a command answers as JSON, which may end with any code.
pub fn answer(program: &Program, code: i32, arguments: &[&str]) -> Value {
    let ran = program.run(&[&["--now", NOW], arguments].concat());
    assert_eq!((ran.code, ran.error.as_str()), (code, ""), "{arguments:?}: {}", ran.out);
    serde_json::from_str(&ran.out).unwrap()
}
