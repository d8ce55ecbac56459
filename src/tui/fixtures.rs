//! A made-up fleet at a fixed time, hostile names included.

use crate::{
    desk::{AccessScope, Answer, CostScope, Query, view::*},
    domain::{Access, Cell, *},
};
use rust_decimal::Decimal;
use std::sync::Arc;

pub mod connections;
mod events;
mod sync;
mod usage;
mod vault;

use events::{access, finding, findings};
pub use events::{finding_id, jobs};
pub use vault::troubled;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn now() -> Timestamp {
    at("2026-11-22T02:31:07Z")
}

fn usd(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::USD)
}

fn est(amount: &str) -> Cell<Money> {
    Cell::Estimated { value: usd(amount) }
}

fn val(amount: &str) -> Cell<Money> {
    Cell::Value { value: usd(amount) }
}

fn na<T>(reason: &str) -> Cell<T> {
    Cell::Unavailable { reason: reason.into() }
}

fn client(id: &str) -> ClientId {
    id.parse().unwrap()
}

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

fn counts(critical: u32, high: u32, medium: u32) -> SeverityCounts {
    SeverityCounts { critical, high, medium, ..SeverityCounts::default() }
}

/// A right-to-left override, an escape sequence and a wide name: what an attacker would try.
pub const HOSTILE: &str = "ci\u{1b}[2J\u{202e}toor\r\n漢字";

pub struct FakeDesk {
    pub clients: usize,
    pub broken: bool,
    pub asked: Vec<Query>,
}

impl Default for FakeDesk {
    fn default() -> Self {
        Self { clients: 6, broken: false, asked: Vec::new() }
    }
}

impl FakeDesk {
    pub fn answer(&mut self, query: &Query) -> Result<Answer, String> {
        self.asked.push(query.clone());
        if self.broken {
            return Err("the vault is locked by another bailiwick (pid 4711): close it, or wait".into());
        }
        Ok(match query {
            Query::Overview => Answer::Overview(Arc::new(overview(self.clients))),
            Query::Accounts(only) => Answer::Accounts(Arc::new(accounts(only.as_ref(), self.clients))),
            Query::Connection { client, id } => Answer::Connection(Arc::new(connections::connection(client, id))),
            Query::Costs(scope) => Answer::Costs(Arc::new(costs(scope, self.clients))),
            Query::Usage(scope, metric) => Answer::Usage(Arc::new(usage::usage(scope, *metric))),
            Query::Access(scope) => Answer::Access(Arc::new(access(scope, self.clients))),
            Query::Findings(scope) => Answer::Findings(Arc::new(findings(scope.client.as_ref(), self.clients))),
            Query::Finding(id) => Answer::Finding(Arc::new(finding(*id))),
            Query::SyncPlan | Query::SyncSpend => Answer::Sync(Arc::new(sync::view(self.clients))),
            Query::Vault | Query::VaultBackups | Query::VaultBackup(_) | Query::VaultEntry(_) => {
                Answer::Vault(Arc::new(vault::vault(self.clients)))
            }
        })
    }
}

fn row(id: &str, month: &str, same: &str, forecast: &str) -> ClientRow {
    let (now, before): (Decimal, Decimal) = (month.parse().unwrap(), same.parse().unwrap());
    ClientRow {
        client: client(id),
        name: Untrusted::from(format!("{id} GmbH").as_str()),
        cost_basis: CostBasis::Billable,
        accounts: 9,
        month: est(month),
        same_days: val(same),
        delta: Cell::Estimated { value: Money::new(now - before, Currency::USD) },
        delta_percent: (!before.is_zero()).then(|| (now - before) / before * Decimal::from(100)),
        forecast: est(forecast),
        days: (0..30).map(|d| Some(now / Decimal::from(30) + Decimal::from(d * 7 % 11))).collect(),
        findings: counts(0, 0, 0),
        moved: None,
        worst: None,
        freshness: Freshness {
            costs_at: Some(at("2026-11-21T23:28:00Z")),
            events_at: Some(at("2026-11-22T02:25:00Z")),
            problems: Vec::new(),
        },
    }
}

pub fn overview(n: usize) -> Overview {
    let mut northwind = row("northwind", "41870.22", "33104.90", "61900");
    northwind.findings = counts(2, 4, 6);
    northwind.moved = Some("NAT gateway, 4471…9921 eu-west-1, +$7,902 against the same days of October".into());
    northwind.worst = Some(WorstFinding {
        id: finding_id("northwind", "ci-deploy"),
        severity: Severity::Critical,
        title: "GPU fleet started by a principal new to EC2".into(),
        last_seen: at("2026-11-22T02:14:55Z"),
    });
    northwind.days = (0..30).map(|d| Some(Decimal::from(if d > 21 { 2_900 } else { 900 + d * 13 }))).collect();
    let mut halden = row("halden-energy", "28114.07", "26990.41", "41300");
    halden.findings = counts(0, 1, 3);
    halden.days = (0..30).map(|d| (d != 12).then(|| Decimal::from(if d % 7 > 4 { 200 } else { 1_100 }))).collect();
    let mut kestrel = row("kestrel-retail", "19402.88", "19377.15", "28800");
    kestrel.findings = counts(0, 0, 2);
    let mut orrery = row("orrery-labs", "0", "0", "0");
    let why = "Cost Explorer was never enabled in 3051…7788 (e: why)";
    (orrery.month, orrery.same_days, orrery.delta, orrery.forecast) = (na(why), na(why), na(why), na(why));
    orrery.delta_percent = None;
    orrery.freshness.costs_at = None;
    orrery.freshness.problems =
        vec!["costs of 305177827788 were never read: Cost Explorer is not enabled. Open it once in the console of the payer account; data comes within a day".into()];
    let mut tidewater = row("tidewater", "9118.35", "10204.77", "13600");
    tidewater.cost_basis = CostBasis::ProForma;
    tidewater.findings = counts(1, 1, 0);
    tidewater.month = Cell::Stale { value: usd("9118.35"), as_of: at("2026-11-21T00:10:00Z") };
    tidewater.freshness.costs_at = Some(at("2026-11-21T00:10:00Z"));
    tidewater.freshness.problems = vec!["costs of 883010471177 could not be renewed: AccessDenied on ce:GetCostAndUsage. Add it to the role bailiwick-payer".into()];
    tidewater.worst = Some(WorstFinding {
        id: finding_id("tidewater", "vendor"),
        severity: Severity::Critical,
        title: HOSTILE.into(),
        last_seen: at("2026-11-21T11:00:00Z"),
    });
    let mut young = row("zephyr-new", "12.40", "0", "31");
    young.same_days = na("connected on 15 Nov, there is no October to compare with");
    young.delta = na("connected on 15 Nov, there is no October to compare with");
    young.delta_percent = None;
    let mut clients = vec![northwind, halden, kestrel, orrery, young, tidewater];
    for i in clients.len()..n {
        clients.push(row(&format!("client-{i:04}"), &format!("{}.{:02}", 9_000 - i, i % 100), "9000", "12000"));
    }
    clients.truncate(n);
    let mut open = SeverityCounts::default();
    for c in &clients {
        open.critical += c.findings.critical;
        open.high += c.findings.high;
        open.medium += c.findings.medium;
    }
    Overview {
        as_of: now(),
        fleet: if n == 0 {
            Vec::new()
        } else {
            vec![FleetTotal {
                currency: Currency::USD,
                month: "98517.92".parse().unwrap(),
                delta: "8840.69".parse().unwrap(),
                forecast: None,
            }]
        },
        findings: open,
        accounts: if n == 0 { 0 } else { 64 },
        accounts_stale: if n == 0 { 0 } else { 2 },
        freshness: Freshness {
            costs_at: (n > 0).then(|| at("2026-11-21T23:28:00Z")),
            events_at: (n > 0).then(|| at("2026-11-22T02:25:00Z")),
            problems: Vec::new(),
        },
        clients,
    }
}

fn accounts(only: Option<&ClientId>, n: usize) -> AccountsView {
    let base = AccountRow {
        client: client("northwind"),
        account: account("447120069921"),
        label: Some("prod".into()),
        ou_path: Some("Workloads/Production".into()),
        state: AccountState::Active,
        linked_at: Some(at("2023-04-02T10:00:00Z")),
        connection: Some(ConnectionKind::Member),
        access: Some(Access::StackSetRole {
            role: "arn:aws:iam::447120069921:role/bailiwick/bailiwick-member".parse().unwrap(),
        }),
        left_at: None,
        gate: Some(GateState::Passed { at: at("2026-11-22T02:20:00Z") }),
        regions: vec!["eu-west-1".parse().unwrap(), "us-east-1".parse().unwrap()],
        regions_failed: Vec::new(),
        month: est("28114.07"),
        findings: counts(2, 1, 0),
        costs: SourceState::NotApplicable,
        events: SourceState::Fresh { at: at("2026-11-22T02:25:00Z") },
    };
    let payer = AccountRow {
        account: account("310044558812"),
        label: Some("northwind-payer".into()),
        ou_path: Some("Root".into()),
        connection: Some(ConnectionKind::Payer),
        month: est("812.40"),
        findings: counts(0, 1, 2),
        costs: SourceState::Fresh { at: at("2026-11-21T23:28:00Z") },
        ..base.clone()
    };
    let closed = AccountRow {
        account: account("771200345567"),
        label: Some(HOSTILE.into()),
        state: AccountState::Suspended,
        connection: None,
        access: None,
        gate: None,
        regions: Vec::new(),
        month: Cell::Empty,
        findings: counts(0, 0, 0),
        events: SourceState::Never,
        ..base.clone()
    };
    let quarantined = AccountRow {
        client: client("tidewater"),
        account: account("883010471177"),
        label: Some("tidewater-main".into()),
        ou_path: None,
        connection: Some(ConnectionKind::Standalone),
        gate: Some(GateState::Quarantined { at: at("2026-11-21T11:00:00Z") }),
        regions_failed: vec![("ap-south-1".parse().unwrap(), "denied by a service control policy".into())],
        month: Cell::Stale { value: usd("9118.35"), as_of: at("2026-11-21T00:10:00Z") },
        findings: counts(1, 1, 0),
        costs: SourceState::Stale {
            at: at("2026-11-21T00:10:00Z"),
            reason: "AccessDenied on ce:GetCostAndUsage. Add it to the role bailiwick-payer".into(),
        },
        ..base.clone()
    };
    let more = if n > 0 { connections::rows(&base) } else { Vec::new() };
    let mut rows = vec![payer, base, closed, quarantined];
    rows.truncate(n);
    rows.extend(more);
    rows.retain(|r| only.is_none_or(|c| *c == r.client));
    AccountsView { as_of: now(), rows }
}

fn months() -> Vec<Month> {
    let open = now().day().month();
    (0..6).rev().map(|back| open.plus(-back)).collect()
}

fn cost_row(key: CostKey, label: &str, amounts: [&str; 6], delta: &str) -> CostRow {
    let mut months: Vec<Cell<Money>> = amounts.into_iter().map(val).collect();
    if let Some(last) = months.last_mut() {
        *last = est(amounts[5]);
    }
    CostRow { key, label: label.into(), months, delta: est(delta) }
}

pub fn costs(scope: &CostScope, n: usize) -> CostsView {
    let level = match (&scope.client, &scope.account, &scope.service) {
        (Some(_), Some(_), Some(_)) => CostLevel::Day,
        (Some(_), Some(_), None) => CostLevel::Service,
        (Some(_), None, _) => CostLevel::Account,
        (None, _, _) => CostLevel::Client,
    };
    let mut rows = match level {
        CostLevel::Client => vec![
            cost_row(
                CostKey::Client(client("northwind")),
                "northwind",
                ["31200.10", "30987.55", "32004.00", "31555.12", "33900.41", "41870.22"],
                "8765.32",
            ),
            cost_row(
                CostKey::Client(client("halden-energy")),
                "halden-energy",
                ["28114.07", "20114.07", "28000.00", "29555.12", "27100.41", "28114.07"],
                "1123.66",
            ),
            CostRow {
                months: vec![na("Cost Explorer was never enabled"); 6],
                delta: na("Cost Explorer was never enabled"),
                ..cost_row(CostKey::Client(client("orrery-labs")), "orrery-labs", ["0"; 6], "0")
            },
        ],
        CostLevel::Account => vec![
            cost_row(
                CostKey::Account(account("447120069921")),
                "447120069921 prod",
                ["30200.10", "29987.55", "31004.00", "30555.12", "32900.41", "40870.22"],
                "8700.10",
            ),
            cost_row(
                CostKey::Account(account("771200345567")),
                HOSTILE,
                ["100", "100", "100", "100", "100", "0"],
                "-100",
            ),
        ],
        CostLevel::Service => vec![
            cost_row(
                CostKey::Service("EC2 - Other".into()),
                "EC2 - Other",
                ["675.00", "665.70", "700.00", "706.70", "722.40", "8606.80"],
                "8104.10",
            ),
            cost_row(
                CostKey::Service("Amazon Simple Storage Service".into()),
                "Amazon Simple Storage Service",
                ["1210.15", "1214.01", "1220.66", "1231.70", "1240.02", "899.34"],
                "-3.11",
            ),
        ],
        CostLevel::Day => Vec::new(),
    };
    rows.truncate(n);
    let daily = if n == 0 {
        Vec::new()
    } else {
        (0..52)
            .map(|i| {
                let day = Day::new(2026, 10, 1).unwrap().plus(i);
                let amount = if i >= 44 { 1_010 + i } else { 21 + i % 5 };
                let cell = if i == 20 {
                    na("not read")
                } else if i > 48 {
                    est(&amount.to_string())
                } else {
                    val(&amount.to_string())
                };
                DailyCost { day, amount: cell }
            })
            .collect()
    };
    CostsView {
        as_of: now(),
        level,
        metric: scope.metric.word(),
        months: if n == 0 { Vec::new() } else { months() },
        residual: (level == CostLevel::Account)
            .then(|| cost_row(CostKey::Residual, "Support and its tax (in no group)", ["100.00"; 6], "0")),
        totals: if n == 0 || level == CostLevel::Day {
            Vec::new()
        } else {
            vec![cost_row(
                CostKey::Total("USD".into()),
                "Total USD",
                ["59314.17", "51101.62", "60004.00", "61110.24", "61000.82", "69984.29"],
                "9888.98",
            )]
        },
        rows,
        daily,
        notes: if n == 0 {
            vec!["No costs are stored yet: connect a payer account, then press R.".into()]
        } else {
            Vec::new()
        },
        restatements: Vec::new(),
        cost_basis: CostBasis::Billable,
        read_at: (n > 0).then(|| at("2026-11-21T23:28:00Z")),
    }
}
