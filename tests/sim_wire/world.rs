//! A small hand-made world with known numbers.
//!
//! Client 0 is an organization of 45 accounts, client 1 a standalone account, client 2 one that never enabled Cost
//! Explorer. The present is 2026-11-22T02:14:55Z.

use bailiwick::{
    domain::{AccountId, AccountState, Day, JoinedMethod, Region, Timestamp},
    sim::{
        costs::{CostLine, SimAmounts, SimCosts},
        events::{Call, Caller, SimEvent},
        world::{Agency, SimAccount, SimClient, SimOrganization, SimRole, World, WorldConfig},
    },
};
use rust_decimal::Decimal;
use std::sync::Arc;

/// The access key the simulator knows.
pub const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub const AGENCY: &str = "999988887777";
/// Management account of client 0; its members follow by number.
pub const PAYER: u64 = 100_000_000_001;
pub const MEMBERS: u64 = 45;
pub const STANDALONE: u64 = 200_000_000_001;
pub const NO_CE: u64 = 300_000_000_001;
pub const EXTERNAL_ID: &str = "acme:4f1f1c63-0001/x=1,y.z@w+v";
pub const PAYER_ROLE: &str = "bailiwick/bailiwick-payer";
pub const MEMBER_ROLE: &str = "bailiwick/bailiwick-member";
/// Everything is allowed and sessions may last 12 hours.
pub const ADMIN_ROLE: &str = "admin";
/// Trusts only [`PAYER`]'s [`ADMIN_ROLE`]; lives in the second member.
pub const CHAINED_ROLE: &str = "chained";
/// Asks for no ExternalId; lives in the first member.
pub const OPEN_ROLE: &str = "open";
/// Trusts another agency; lives in the first member.
pub const FOREIGN_ROLE: &str = "foreign";

pub fn now() -> Timestamp {
    "2026-11-22T02:14:55Z".parse().unwrap()
}

pub fn id(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

pub fn role_arn(account: u64, role: &str) -> String {
    format!("arn:aws:iam::{account:012}:role/{role}")
}

pub fn region(code: &str) -> Region {
    code.parse().unwrap()
}

fn role(resource: &str, allowed: &[&str]) -> SimRole {
    SimRole {
        resource: resource.to_owned(),
        trusted: vec![format!("arn:aws:iam::{AGENCY}:root")],
        external_id: Some(EXTERNAL_ID.to_owned()),
        allowed: allowed.iter().map(|&action| action.to_owned()).collect(),
        max_session: 3_600,
    }
}

fn payer_role() -> SimRole {
    role(PAYER_ROLE, &["ce:GetCostAndUsage", "cloudtrail:LookupEvents", "organizations:ListAccounts"])
}

fn admin_role() -> SimRole {
    SimRole { max_session: 43_200, ..role(ADMIN_ROLE, &["*"]) }
}

/// `number` is its place in its client, from 0.
fn account(id: AccountId, client: usize, number: u64, roles: Vec<SimRole>) -> SimAccount {
    SimAccount {
        id,
        client,
        name: format!("Account {number:02} \u{202e}\"é\""),
        email: format!("aws+{number}@example.com"),
        state: AccountState::Active,
        joined_method: JoinedMethod::Created,
        joined_at: Timestamp::from_second(1_600_000_000 + number as i64),
        ou_path: "o-acme123456/r-ab12/ou-ab12-11111111/".to_owned(),
        regions: vec![region("us-east-1"), region("eu-west-1")],
        denied_regions: Vec::new(),
        is_management: false,
        cost_explorer: true,
        roles,
        events: Vec::new(),
        costs: SimCosts { lines: usual_costs(number) },
    }
}

pub fn world() -> World {
    let mut accounts: Vec<SimAccount> = (0..MEMBERS)
        .map(|number| {
            account(id(PAYER + number), 0, number, vec![role(MEMBER_ROLE, &["cloudtrail:LookupEvents"]), admin_role()])
        })
        .collect();
    let [payer, first, second, third, ..] = accounts.as_mut_slice() else { unreachable!() };
    payer.is_management = true;
    payer.joined_method = JoinedMethod::Invited;
    payer.roles = vec![payer_role(), admin_role()];
    payer.events = events();
    payer.costs.lines.extend(payer_costs());
    first.state = AccountState::Suspended;
    first.roles.push(SimRole { external_id: None, ..role(OPEN_ROLE, &["cloudtrail:LookupEvents"]) });
    first.roles.push(SimRole { trusted: vec!["111111111111".to_owned()], ..role(FOREIGN_ROLE, &["*"]) });
    first.costs.lines.push(credit());
    second.denied_regions = vec![region("eu-west-3")];
    let trusted = vec![format!("arn:aws:iam::{PAYER:012}:role/{ADMIN_ROLE}")];
    second.roles.push(SimRole { trusted, max_session: 43_200, ..role(CHAINED_ROLE, &["sts:AssumeRole"]) });
    third.state = AccountState::PendingClosure;

    let mut standalone = account(id(STANDALONE), 1, 100, vec![payer_role()]);
    standalone.ou_path = String::new();
    let mut no_ce = account(id(NO_CE), 2, 200, vec![payer_role()]);
    no_ce.cost_explorer = false;
    accounts.extend([standalone, no_ce]);
    let client = |id: &str, accounts: Vec<AccountId>, organization| SimClient {
        id: id.to_owned(),
        name: id.to_owned(),
        external_id: EXTERNAL_ID.to_owned(),
        pro_forma: false,
        accounts,
        organization,
    };
    let organization =
        SimOrganization { id: "o-acme123456".to_owned(), root: "r-ab12".to_owned(), management: id(PAYER) };
    World {
        newcomers: Vec::new(),
        config: WorldConfig { seed: 7, now: now(), accounts: accounts.len(), events: 0 },
        agency: Agency {
            account: AGENCY.parse().unwrap(),
            user_arn: format!("arn:aws:iam::{AGENCY}:user/bailiwick-sre"),
            access_key: KEY.to_owned(),
        },
        clients: vec![
            client("acme", (0..MEMBERS).map(|number| id(PAYER + number)).collect(), Some(organization)),
            client("globex", vec![id(STANDALONE)], None),
            client("umbrella", vec![id(NO_CE)], None),
        ],
        accounts,
        truth: Vec::new(),
    }
}

/// Number of visible events of the payer in eu-west-1.
pub const EVENTS: usize = 130;

/// One event a minute back from now; every tenth is an `AssumeRole`. Beside them one event that is too old, one that
/// has not happened yet and one in us-east-1.
fn events() -> Vec<SimEvent> {
    let mut events: Vec<SimEvent> = (0..EVENTS).map(|n| event(n, now().plus(-60 * n as i64), "eu-west-1")).collect();
    events.push(event(900, now().plus(-91 * 86_400), "eu-west-1"));
    events.push(event(901, now().plus(60), "eu-west-1"));
    events.push(event(902, now().plus(-5), "us-east-1"));
    events.sort_by_key(|event| event.time);
    events
}

pub fn event_id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn event(n: usize, time: Timestamp, place: &str) -> SimEvent {
    let call =
        if n.is_multiple_of(10) { Call::read("sts", "AssumeRole") } else { Call::write("s3", "PutBucketPolicy") };
    let call = if n.is_multiple_of(13) { call.on("AWS::S3::Bucket", &format!("bucket-{n}")) } else { call };
    let mut caller = Caller::service("cloudformation.amazonaws.com", id(PAYER));
    caller.username = n.is_multiple_of(2).then(|| format!("user-{}", n % 4).into());
    let access_key = n.is_multiple_of(5).then(|| "AKIA0000000000000001".into());
    SimEvent::new(event_id(n), time, region(place), Arc::new(caller), Arc::new(call), access_key)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Amortized is twice the unblended amount; net is a tenth less.
fn amounts(unblended: Decimal) -> SimAmounts {
    let tenth = Decimal::new(1, 1);
    SimAmounts {
        unblended,
        net_unblended: unblended - tenth,
        amortized: unblended + unblended,
        net_amortized: unblended + unblended - tenth,
        usage: Decimal::from(24),
    }
}

fn line(service: &'static str, place: &str, first: &str, unblended: Vec<Decimal>) -> CostLine {
    CostLine {
        service,
        region: place.to_owned(),
        usage_type: format!("{place}-{service}"),
        record_type: "Usage",
        grouped: true,
        monthly_only: false,
        first: day(first),
        amounts: unblended.into_iter().map(amounts).collect(),
    }
}

pub const EC2: &str = "Amazon Elastic Compute Cloud - Compute";
pub const S3: &str = "Amazon Simple Storage Service";

/// EC2: (number + 1) × 1.0000000001 a day from 2025-10-01 to today. S3: 0.5 a day on three days of this month.
fn usual_costs(number: u64) -> Vec<CostLine> {
    let daily = Decimal::new(10_000_000_001, 10) * Decimal::from(number + 1);
    let days = day("2026-11-22").days_since(day("2025-10-01")) + 1;
    vec![
        line(EC2, "eu-west-1", "2025-10-01", vec![daily; days as usize]),
        line(S3, "us-east-1", "2026-11-10", vec![Decimal::new(5, 1); 3]),
    ]
}

/// Support of 100 that shows in ungrouped totals only, tax of 19 that shows at MONTHLY only.
fn payer_costs() -> [CostLine; 2] {
    let support = line("AWS Support (Business)", "NoRegion", "2026-11-01", vec![Decimal::from(100)]);
    let tax = line("Tax", "NoRegion", "2026-11-01", vec![Decimal::from(19)]);
    [CostLine { grouped: false, ..support }, CostLine { monthly_only: true, record_type: "Tax", ..tax }]
}

/// A credit of 0.25 on the first of this month.
fn credit() -> CostLine {
    CostLine { record_type: "Credit", ..line(EC2, "eu-west-1", "2026-11-01", vec![Decimal::new(-25, 2)]) }
}
