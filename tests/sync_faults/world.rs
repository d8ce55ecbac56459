//! A small world in which every answer has several pages, and what a vault should hold of it.

use crate::support::NOW;
use bailiwick::{
    domain::{AccountId, AccountState, Amounts, Day, JoinedMethod, Month, Region, Timestamp},
    sim::{
        costs::{CostLine, SimAmounts, SimCosts},
        events::{Call, Caller, Identity, SimEvent},
        world::{Agency, SimAccount, SimClient, SimOrganization, SimRole, World, WorldConfig},
    },
};
use rust_decimal::Decimal;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const AGENCY: &str = "999988887777";
const EXTERNAL_ID: &str = "bw-2f7c0a9e5d1b4c3f8e6a7d9c0b1e2f3a";
/// The management account of the organization; its members follow by number, of which the first is connected.
pub const PAYER: u64 = 100_000_000_001;
const MEMBERS: u64 = 24;
/// An account that stands alone, of another client.
pub const ALONE: u64 = 200_000_000_001;

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub fn id(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

/// The accounts whose events are read.
pub fn connected() -> [AccountId; 3] {
    [id(PAYER), id(PAYER + 1), id(ALONE)]
}

fn role(name: &str, allowed: &[&str]) -> SimRole {
    SimRole {
        resource: format!("bailiwick/{name}"),
        trusted: vec![format!("arn:aws:iam::{AGENCY}:root")],
        external_id: Some(EXTERNAL_ID.to_owned()),
        allowed: allowed.iter().map(|&action| action.to_owned()).collect(),
        max_session: 3_600,
    }
}

fn reads_all() -> SimRole {
    role("bailiwick-payer", &["ce:GetCostAndUsage", "cloudtrail:LookupEvents", "organizations:ListAccounts"])
}

fn account(number: u64, client: usize, roles: Vec<SimRole>) -> SimAccount {
    let id = id(number);
    SimAccount {
        id,
        client,
        name: format!("Account {number}"),
        email: format!("aws+{number}@example.com"),
        state: AccountState::Active,
        joined_method: JoinedMethod::Created,
        joined_at: Timestamp::from_second(1_600_000_000),
        ou_path: "o-acme123456/r-ab12/ou-ab12-11111111/".to_owned(),
        regions: vec!["us-east-1".parse().unwrap(), "eu-west-1".parse().unwrap()],
        denied_regions: Vec::new(),
        is_management: false,
        cost_explorer: true,
        events: if roles.is_empty() { Vec::new() } else { events(number) },
        costs: SimCosts::default(),
        roles,
    }
}

/// An organization of 24 accounts, two of them connected and three with costs, and an account that stands alone.
pub fn world() -> World {
    let mut accounts: Vec<SimAccount> = (0..MEMBERS).map(|n| account(PAYER + n, 0, Vec::new())).collect();
    accounts[0] = SimAccount { is_management: true, ..account(PAYER, 0, vec![reads_all()]) };
    accounts[1] = account(PAYER + 1, 0, vec![role("bailiwick-member", &["cloudtrail:LookupEvents"])]);
    accounts.push(account(ALONE, 1, vec![reads_all()]));
    for (number, account) in (1..).zip(accounts.iter_mut().filter(|a| !a.roles.is_empty() || a.id == id(PAYER + 2))) {
        account.costs.lines = costs(number);
    }
    let client = |name: &str, accounts: Vec<AccountId>, organization| SimClient {
        id: name.to_owned(),
        name: name.to_owned(),
        external_id: EXTERNAL_ID.to_owned(),
        pro_forma: false,
        accounts,
        organization,
    };
    let organization =
        SimOrganization { id: "o-acme123456".to_owned(), root: "r-ab12".to_owned(), management: id(PAYER) };
    World {
        config: WorldConfig { seed: 7, now: now(), accounts: accounts.len(), events: 0 },
        agency: Agency {
            account: AGENCY.parse().unwrap(),
            user_arn: format!("arn:aws:iam::{AGENCY}:user/bailiwick-sre"),
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        },
        clients: vec![
            client("acme", (0..MEMBERS).map(|n| id(PAYER + n)).collect(), Some(organization)),
            client("globex", vec![id(ALONE)], None),
        ],
        accounts,
        truth: Vec::new(),
        newcomers: Vec::new(),
    }
}

/// Ninety events in eu-west-1 over ten days, thirty in us-east-1 over the last three hours and three hours more to come,
/// one in ap-south-1. Some are no business of ours.
fn events(account: u64) -> Vec<SimEvent> {
    let mut events: Vec<SimEvent> = (0..90).map(|n| event(account, n, -9_600 * n as i64 - 60, "eu-west-1")).collect();
    events.extend((100..160).map(|n| event(account, n, 10_000 - 360 * (n as i64 - 100), "us-east-1")));
    events.push(event(account, 200, -200_000, "ap-south-1"));
    events.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    events
}

fn event(account: u64, n: usize, after: i64, region: &str) -> SimEvent {
    let home = id(account);
    let admin = Identity::Role { role: "admin".to_owned(), session: format!("someone-{}", n % 3), invoked_by: None };
    let trail = serde_json::json!({"name": "main"});
    let (identity, call) = match n % 9 {
        _ if n == 40 => (admin, Call::write("cloudtrail", "StopLogging").asks(trail)),
        _ if n == 39 => (admin, Call::write("cloudtrail", "StartLogging").asks(trail)),
        0 => (admin, Call::assume_role(home, "deploy", "pipeline", None)),
        1 => (admin, Call::read("ec2", "DescribeInstances")),
        2 => (Identity::Root { mfa: false }, Call::console_login(region, false, true)),
        3 => (admin, Call::read("sts", "GetSessionToken")),
        4 => (admin, Call::write("iam", "CreateAccessKey").on("AWS::IAM::User", "someone")),
        _ => (admin, Call::write("s3", "PutBucketTagging").on("AWS::S3::Bucket", "a-bucket")),
    };
    let caller = Caller::new(identity, home, "198.51.100.7", "aws-cli/2.31.0");
    let time = now().plus(after);
    let key = caller.access_key(time);
    let event_id = format!("{:08x}-0000-4000-8000-{n:012}", account % 0xffff_ffff);
    SimEvent::new(event_id, time, region.parse().unwrap(), Arc::new(caller), Arc::new(call), key)
}

/// Two services on every day since September, a credit and tax by month, and support that no group holds.
fn costs(number: i64) -> Vec<CostLine> {
    let day = |text: &str| -> Day { text.parse().unwrap() };
    let line = |service, place: &str, first: Day, amounts: Vec<Decimal>| CostLine {
        service,
        region: place.to_owned(),
        usage_type: format!("{place}-usage"),
        record_type: "Usage",
        grouped: true,
        monthly_only: false,
        first,
        amounts: amounts.into_iter().map(every_metric).collect(),
    };
    let since = day("2026-09-01");
    let days = now().day().days_since(since) + 1;
    let steady = |unit: i64| (0..days).map(|n| Decimal::new(10_000_000_001 * unit + n, 10)).collect::<Vec<_>>();
    let once = |cents: i64| vec![Decimal::new(cents, 2)];
    vec![
        line("Amazon Elastic Compute Cloud - Compute", "eu-west-1", since, steady(number)),
        line("Amazon Simple Storage Service", "us-east-1", since, steady(number + 10)),
        CostLine { record_type: "Credit", ..line("AmazonCloudWatch", "eu-west-1", day("2026-10-01"), once(-2_550)) },
        CostLine { monthly_only: true, ..line("Tax", "NoRegion", day("2026-10-01"), once(1_900)) },
        CostLine { grouped: false, ..line("AWS Support (Business)", "NoRegion", day("2026-10-01"), once(10_000)) },
    ]
}

fn every_metric(unblended: Decimal) -> SimAmounts {
    let tenth = Decimal::new(1, 1);
    SimAmounts {
        unblended,
        net_unblended: unblended - tenth,
        amortized: unblended + unblended,
        net_amortized: unblended + unblended - tenth,
        usage: Decimal::from(24),
    }
}

/// Costs by period, account and service; no account and service for the total.
pub type Costs<P> = BTreeMap<(P, Option<(AccountId, String)>), Amounts>;

/// The costs that a connection sees, to the last day.
pub fn costs_of(world: &World, payer: AccountId, today: Day) -> (Costs<Month>, Costs<Day>) {
    let (mut months, mut days) = (Costs::new(), Costs::new());
    let own = world.accounts.iter().find(|a| a.id == payer).unwrap().client;
    for account in world.accounts.iter().filter(|a| a.client == own) {
        for line in &account.costs.lines {
            for (n, sim) in (0..).zip(&line.amounts).filter(|(n, _)| line.first.plus(*n) <= today) {
                let day = line.first.plus(n);
                let amounts = amounts_of(sim);
                let cell = Some((account.id, line.service.to_owned()));
                let mut add = |key| {
                    let sum = months.entry(key).or_default();
                    *sum += amounts;
                };
                add((day.month(), None));
                if line.grouped {
                    add((day.month(), cell.clone()));
                    if !line.monthly_only {
                        let sum = days.entry((day, cell)).or_default();
                        *sum += amounts;
                    }
                }
            }
        }
    }
    (months, days)
}

/// The costs that a connection sees by account and record type, and by account and region.
pub fn splits_of(world: &World, payer: AccountId, today: Day) -> [Costs<Month>; 2] {
    let mut splits = [Costs::new(), Costs::new()];
    let own = world.accounts.iter().find(|a| a.id == payer).unwrap().client;
    for account in world.accounts.iter().filter(|a| a.client == own) {
        for line in account.costs.lines.iter().filter(|line| line.grouped) {
            for (n, sim) in (0..).zip(&line.amounts).filter(|(n, _)| line.first.plus(*n) <= today) {
                for (split, key) in splits.iter_mut().zip([line.record_type.to_owned(), line.region.clone()]) {
                    let sum = split.entry((line.first.plus(n).month(), Some((account.id, key)))).or_default();
                    *sum += amounts_of(sim);
                }
            }
        }
    }
    splits
}

fn amounts_of(sim: &SimAmounts) -> Amounts {
    Amounts {
        unblended: sim.unblended,
        net_unblended: sim.net_unblended,
        amortized: sim.amortized,
        net_amortized: sim.net_amortized,
    }
}

/// The events that should be read of an account between two times: its changes, and the calls that hand out sessions.
pub fn events_of(
    world: &World,
    account: AccountId,
    region: Option<&Region>,
    from: Timestamp,
    to: Timestamp,
) -> BTreeSet<String> {
    events_where(world, account, region, from, to, &|_| true)
}

/// Of these, those that `seen` lets through.
pub fn events_where(
    world: &World,
    account: AccountId,
    region: Option<&Region>,
    from: Timestamp,
    to: Timestamp,
    seen: &dyn Fn(&SimEvent) -> bool,
) -> BTreeSet<String> {
    let account = world.accounts.iter().find(|a| a.id == account).unwrap();
    let wanted = account
        .events
        .iter()
        .filter(|e| e.essential() && from <= e.time && e.time < to && region.is_none_or(|region| e.region == *region));
    wanted.filter(|e| seen(e)).map(|e| e.id.clone()).collect()
}
