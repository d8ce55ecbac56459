//! View data: what screens and `--json` show, ready to draw, without logic left to do.
//!
//! Field names are the stable names of the JSON twins. Lists come sorted the way a pane first shows them.

use crate::domain::{
    Access, AccountId, AccountState, Cell, ClientId, ConnectionId, ConnectionKind, CostBasis, Currency, Day, EventId,
    Evidence, FindingId, FindingState, Freshness, GateState, Money, Month, Outcome, PrincipalKind, Region, Severity,
    SeverityCounts, SourceState, Timestamp, Untrusted,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

mod audit;
mod bulk;
mod connection;
mod import;
mod sync;
mod vault;

pub use audit::{AuditBroken, AuditCheck, AuditRow, AuditView};
pub use bulk::{BulkAction, BulkProgress, MemberCounts, MemberView, MembersReport, TriedCounts, usable};
pub use connection::{ConnectReport, ConnectionView, ProbeView};
pub use import::{ImportAction, ImportCounts, ImportReport, ImportRowView};
pub use sync::{SpendRow, SpendView, SyncView};
pub use vault::{BackupRow, SlotRow, VaultMode, VaultView};

/// The first screen: the fleet in one strip, every client on one row.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// When it was put together.
    pub as_of: Timestamp,
    /// Fleet totals, one per currency.
    pub fleet: Vec<FleetTotal>,
    /// Open findings of all clients.
    pub findings: SeverityCounts,
    /// Accounts known, and accounts with a source in trouble.
    pub accounts: u32,
    /// Accounts of which some source failed or is older than it should be.
    pub accounts_stale: u32,
    /// Age of what is shown over all clients.
    pub freshness: Freshness,
    /// One row per client, biggest difference in money first.
    pub clients: Vec<ClientRow>,
}

/// Money totals of all clients with one currency.
#[derive(Debug, Clone, Serialize)]
pub struct FleetTotal {
    /// The currency.
    pub currency: Currency,
    /// Spent in the open month so far.
    pub month: Decimal,
    /// The complete days of the open month against the same days of the month before.
    pub delta: Decimal,
    /// Forecast of the open month; `None` when any client's is unknown.
    pub forecast: Option<Decimal>,
}

/// One client at first glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientRow {
    /// Its id, the row's identity.
    pub client: ClientId,
    /// Its full name.
    pub name: Untrusted,
    /// What its costs mean.
    pub cost_basis: CostBasis,
    /// Number of accounts.
    pub accounts: u32,
    /// Spend of the open month so far.
    pub month: Cell<Money>,
    /// Spend of the month before on the days of which the open month's are complete.
    pub same_days: Cell<Money>,
    /// The open month's complete days against the same days of the month before, from daily spend on both sides (so without
    /// what is booked by month only, such as tax).
    pub delta: Cell<Money>,
    /// The difference in percent of `same_days`; `None` if that is zero or unknown.
    pub delta_percent: Option<Decimal>,
    /// Forecast of the open month.
    pub forecast: Cell<Money>,
    /// Daily spend of the last 30 days, oldest first; `None` where unknown.
    pub days: Vec<Option<Decimal>>,
    /// Open findings.
    pub findings: SeverityCounts,
    /// What moved its spend most, in words; `None` if nothing did.
    pub moved: Option<String>,
    /// Its worst open finding, in words, with its severity and time.
    pub worst: Option<WorstFinding>,
    /// Age and health of its sources.
    pub freshness: Freshness,
}

/// The finding shown under the overview's table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorstFinding {
    /// Which.
    pub id: FindingId,
    /// How bad.
    pub severity: Severity,
    /// Its title.
    pub title: Untrusted,
    /// When last seen.
    pub last_seen: Timestamp,
}

/// Clients with the health of their connections: `client list`.
#[derive(Debug, Clone, Serialize)]
pub struct ClientList {
    /// In order of id.
    pub clients: Vec<ClientEntry>,
}

/// One client in the list.
#[derive(Debug, Clone, Serialize)]
pub struct ClientEntry {
    /// Its id.
    pub client: ClientId,
    /// Its full name.
    pub name: Untrusted,
    /// What its costs mean.
    pub cost_basis: CostBasis,
    /// Number of connections.
    pub connections: u32,
    /// How the gates stand, in words: `12 passed`, `1 quarantined`.
    pub gates: Vec<String>,
}

/// Accounts, grouped by client, then organizational unit.
#[derive(Debug, Clone, Serialize)]
pub struct AccountsView {
    /// When it was put together.
    pub as_of: Timestamp,
    /// The rows, clients in order of name, then OU path, then label.
    pub rows: Vec<AccountRow>,
}

/// One account.
#[derive(Debug, Clone, Serialize)]
pub struct AccountRow {
    /// Whose.
    pub client: ClientId,
    /// Its id; with `client` the row's identity.
    pub account: AccountId,
    /// The operator's alias or AWS's name.
    pub label: Option<Untrusted>,
    /// The OU path.
    pub ou_path: Option<Untrusted>,
    /// Its state.
    pub state: AccountState,
    /// When it joined its organization or was connected.
    pub linked_at: Option<Timestamp>,
    /// Through what it is read; `None` if it is not connected itself.
    pub connection: Option<ConnectionKind>,
    /// How that connection gets its credentials.
    pub access: Option<Access>,
    /// When its organization was first seen not to list it any more.
    pub left_at: Option<Timestamp>,
    /// The gate's outcome for that connection.
    pub gate: Option<GateState>,
    /// Regions with events.
    pub regions: Vec<Region>,
    /// Regions that could not be read, with the reason.
    pub regions_failed: Vec<(Region, String)>,
    /// Spend of the open month.
    pub month: Cell<Money>,
    /// Open findings.
    pub findings: SeverityCounts,
    /// Costs, as a source.
    pub costs: SourceState,
    /// Events, as a source.
    pub events: SourceState,
}

/// Costs at one level of the drill.
#[derive(Debug, Clone, Serialize)]
pub struct CostsView {
    /// When it was put together.
    pub as_of: Timestamp,
    /// What one row is.
    pub level: CostLevel,
    /// The metric, in words.
    pub metric: &'static str,
    /// The columns, oldest first; the last is the open month.
    pub months: Vec<Month>,
    /// The rows, biggest open month first. At [`CostLevel::Day`] there are none: see `daily`.
    pub rows: Vec<CostRow>,
    /// What Cost Explorer leaves out of its groups, per month (support and its tax); at client and account level only.
    pub residual: Option<CostRow>,
    /// The column sums, residual included; one row per currency.
    pub totals: Vec<CostRow>,
    /// Daily spend of the scope over the months shown, oldest first.
    pub daily: Vec<DailyCost>,
    /// Why there is nothing or less than expected, in words.
    pub notes: Vec<String>,
    /// What AWS changed of months that were final, newest first; of one client.
    pub restatements: Vec<RestatementView>,
    /// What the numbers mean.
    pub cost_basis: CostBasis,
    /// When the oldest of the data shown was read.
    pub read_at: Option<Timestamp>,
}

/// A month that AWS restated, in the metric that is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RestatementView {
    /// The month.
    pub month: Month,
    /// When it was first seen.
    pub seen_at: Timestamp,
    /// The sum of its groups before.
    pub before: Money,
    /// The sum of its groups since.
    pub after: Money,
    /// By how much it changed.
    pub change: Money,
    /// The same in a sentence, with the service that changed most.
    pub words: String,
}

/// What one row of costs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostLevel {
    /// A client.
    Client,
    /// An account.
    Account,
    /// A service.
    Service,
    /// A day.
    Day,
}

/// What a cost row stands for; the row's identity and what Enter drills into.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum CostKey {
    /// A client.
    Client(ClientId),
    /// An account.
    Account(AccountId),
    /// A service.
    Service(Untrusted),
    /// What is in no group.
    Residual,
    /// A sum in one currency.
    Total(String),
}

/// One row of costs over months.
#[derive(Debug, Clone, Serialize)]
pub struct CostRow {
    /// Identity.
    pub key: CostKey,
    /// What to show as its name.
    pub label: Untrusted,
    /// One cell per month of [`CostsView::months`].
    pub months: Vec<Cell<Money>>,
    /// The open month's difference to the same days of the month before.
    pub delta: Cell<Money>,
}

/// One day's spend of the scope.
#[derive(Debug, Clone, Serialize)]
pub struct DailyCost {
    /// The day.
    pub day: Day,
    /// The amount.
    pub amount: Cell<Money>,
}

/// Who acted: principals of a scope, or the events of one principal.
#[derive(Debug, Clone, Serialize)]
pub struct AccessView {
    /// When it was put together.
    pub as_of: Timestamp,
    /// Days of events held for the scope.
    pub days: u32,
    /// Principals, the newest and riskiest first; empty when one principal was asked for.
    pub principals: Vec<PrincipalRow>,
    /// Events of the one principal asked for, newest first, at most [`AccessView::EVENT_LIMIT`].
    pub events: Vec<EventRow>,
    /// How many events there are in all.
    pub events_total: u64,
    /// Writes by weekday (0 = Monday) and quarter of the day (00, 06, 12, 18 UTC).
    pub heat: [[u32; 4]; 7],
    /// What was not read, in words: "ap-south-1 of 4471…9921: denied by …".
    pub not_evaluated: Vec<String>,
}

impl AccessView {
    /// How many events one answer carries at most.
    pub const EVENT_LIMIT: usize = 5_000;
}

/// One principal.
#[derive(Debug, Clone, Serialize)]
pub struct PrincipalRow {
    /// Whose account.
    pub client: ClientId,
    /// Where it acted.
    pub account: AccountId,
    /// Its stable actor; with client and account the row's identity.
    pub actor: Untrusted,
    /// A short name: the user or role name.
    pub name: Untrusted,
    /// What sort.
    pub kind: PrincipalKind,
    /// Whether it belongs to an account outside this client's own.
    pub third_party: bool,
    /// First event held.
    pub first_seen: Timestamp,
    /// Last event held.
    pub last_seen: Timestamp,
    /// Number of events.
    pub actions: u64,
    /// How many were refused.
    pub denied: u64,
    /// Number of distinct networks (IPv4 /16) and services it came from.
    pub networks: u32,
    /// How many of them were first seen in the last two days, after at least a week without.
    pub new_networks: u32,
    /// Open findings about it.
    pub findings: SeverityCounts,
}

/// One event.
#[derive(Debug, Clone, Serialize)]
pub struct EventRow {
    /// Identity.
    pub id: EventId,
    /// When.
    pub time: Timestamp,
    /// Whose.
    pub client: ClientId,
    /// Which account.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// `iam`.
    pub service: Untrusted,
    /// `AttachUserPolicy`.
    pub name: Untrusted,
    /// How it ended.
    pub outcome: Outcome,
    /// From where.
    pub source: Untrusted,
    /// With what.
    pub agent: Untrusted,
    /// The session's name.
    pub session: Option<Untrusted>,
    /// The end of the key, `AKIA…7Q2M`.
    pub key: Option<Untrusted>,
    /// Allow-listed facts.
    pub detail: Untrusted,
}

/// The triage list.
#[derive(Debug, Clone, Serialize)]
pub struct FindingsView {
    /// When it was put together.
    pub as_of: Timestamp,
    /// Counts of the open ones.
    pub open: SeverityCounts,
    /// Worst first, then newest.
    pub rows: Vec<FindingRow>,
}

/// One finding.
#[derive(Debug, Clone, Serialize)]
pub struct FindingRow {
    /// Identity.
    pub id: FindingId,
    /// The check.
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// Whose.
    pub client: ClientId,
    /// Which account.
    pub account: AccountId,
    /// What it is about.
    pub subject: Untrusted,
    /// One line.
    pub title: Untrusted,
    /// State.
    pub state: FindingState,
    /// First seen.
    pub first_seen: Timestamp,
    /// Last seen.
    pub last_seen: Timestamp,
    /// Times seen.
    pub count: u32,
}

/// One finding in full.
#[derive(Debug, Clone, Serialize)]
pub struct FindingDetail {
    /// The row.
    pub row: FindingRow,
    /// This case in words.
    pub what: Untrusted,
    /// Why it matters, from the check.
    pub why: String,
    /// What to do, from the check.
    pub remediation: String,
    /// When it is ordinary, from the check.
    pub false_positives: String,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// CIS controls it bears on.
    pub cis: Vec<String>,
    /// Who wrote the check.
    pub author: String,
    /// Evidence, newest first.
    pub evidence: Vec<Evidence>,
    /// Why there is less of it than the finding was seen, where that is so.
    pub evidence_note: Option<String>,
}

/// What `check FILES` found.
#[derive(Debug, Clone, Serialize)]
pub struct FilesChecked {
    /// Records evaluated.
    pub records: u64,
    /// What was wrong with the input, as sentences with file and line; the first ones.
    pub problems: Vec<String>,
    /// How many things were wrong.
    pub problems_total: u64,
    /// The findings, worst first.
    pub findings: Vec<FileFinding>,
}

/// One finding of `check FILES`.
#[derive(Debug, Clone, Serialize)]
pub struct FileFinding {
    /// The check.
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// One line.
    pub title: Untrusted,
    /// Which account.
    pub account: AccountId,
    /// What it is about.
    pub subject: Untrusted,
    /// This case in words.
    pub what: Untrusted,
    /// First seen.
    pub first_seen: Timestamp,
    /// Last seen.
    pub last_seen: Timestamp,
    /// Times seen.
    pub count: u32,
    /// Every event it rests on.
    pub event_ids: Vec<EventId>,
}

/// What became of a client's or connection's keys and records.
#[derive(Debug, Clone, Serialize)]
pub struct RemovalReport {
    /// The client.
    pub client: ClientId,
    /// The connection, if only one was removed.
    pub connection: Option<ConnectionId>,
    /// Records that can no longer be read.
    pub records: u64,
    /// Keys that were dropped from the live vault.
    pub keys_dropped: u64,
    /// The live vault no longer holds a key for them.
    pub live_shredded: bool,
    /// Backups in the backup directory.
    pub backups: u64,
    /// Those of which the key ring no longer holds a key for them.
    pub backups_shredded: u64,
    /// Those that could not be changed, each with why.
    pub backups_unreachable: Vec<String>,
    /// What is out of reach.
    pub elsewhere: &'static str,
}
