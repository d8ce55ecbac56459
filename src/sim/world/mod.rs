//! The simulated world: who exists, what it costs, what happened, and what was planted.
//!
//! Everything here is a pure function of a [`WorldConfig`].

use crate::domain::{AccountId, AccountState, Day, JoinedMethod, Region, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;

/// What a world is made from. The same config makes the same world, byte for byte.
#[derive(Debug, Clone)]
pub struct WorldConfig {
    /// Seed of every random choice.
    pub seed: u64,
    /// The present. Costs end today, events end now.
    pub now: Timestamp,
    /// Number of accounts, at least 24.
    pub accounts: usize,
    /// Number of CloudTrail events at essential depth over all accounts and 14 days, approximately.
    pub events: usize,
}

/// The whole world.
#[derive(Debug)]
pub struct World {
    /// What it was made from.
    pub config: WorldConfig,
    /// The agency's own account, in which the known access key lives.
    pub agency: Agency,
    /// The clients.
    pub clients: Vec<SimClient>,
    /// All accounts, ordered by id.
    pub accounts: Vec<SimAccount>,
    /// What was planted, and the checks that should find it.
    pub truth: Vec<Story>,
}

/// Who calls: the owner of the access key that the simulator knows.
#[derive(Debug, Clone)]
pub struct Agency {
    /// Its account.
    pub account: AccountId,
    /// `arn:aws:iam::<account>:user/<name>` of the calling user.
    pub user_arn: String,
    /// The access key id, `AKIAIOSFODNN7EXAMPLE`.
    pub access_key: String,
}

/// One client of the agency.
#[derive(Debug, Clone)]
pub struct SimClient {
    /// A slug, valid as [`crate::domain::ClientId`].
    pub id: String,
    /// Full name.
    pub name: String,
    /// The ExternalId all its roles ask for.
    pub external_id: String,
    /// Whether its costs are pro forma (resold).
    pub pro_forma: bool,
    /// Its accounts; the first is the payer if it has an organization.
    pub accounts: Vec<AccountId>,
    /// The organization, if it has one.
    pub organization: Option<SimOrganization>,
}

/// An organization.
#[derive(Debug, Clone)]
pub struct SimOrganization {
    /// `o-…`.
    pub id: String,
    /// `r-…`.
    pub root: String,
    /// The management account.
    pub management: AccountId,
}

/// One account.
#[derive(Debug, Clone)]
pub struct SimAccount {
    /// Its id.
    pub id: AccountId,
    /// Index into [`World::clients`].
    pub client: usize,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// Its state.
    pub state: AccountState,
    /// How it joined.
    pub joined_method: JoinedMethod,
    /// When it joined.
    pub joined_at: Timestamp,
    /// OU path, `o-…/r-…/ou-…/`.
    pub ou_path: String,
    /// Regions it works in.
    pub regions: Vec<Region>,
    /// Regions in which its service control policy denies everything.
    pub denied_regions: Vec<Region>,
    /// Whether it is the management account of an organization.
    pub is_management: bool,
    /// Whether Cost Explorer was ever enabled (payers and standalone accounts).
    pub cost_explorer: bool,
    /// The roles that can be assumed in it.
    pub roles: Vec<SimRole>,
    /// CloudTrail events, oldest first.
    pub events: Vec<super::events::SimEvent>,
    /// Daily costs.
    pub costs: super::costs::SimCosts,
}

/// A role with its trust and permissions.
#[derive(Debug, Clone)]
pub struct SimRole {
    /// Path and name, `bailiwick/bailiwick-payer`.
    pub resource: String,
    /// Principals (account ids or ARNs) that may assume it.
    pub trusted: Vec<String>,
    /// The ExternalId its trust policy demands; `None` = none demanded (the planted hole).
    pub external_id: Option<String>,
    /// Actions its policy allows, e.g. `ce:GetCostAndUsage`; `*` for everything.
    pub allowed: Vec<String>,
    /// `MaxSessionDuration`, seconds.
    pub max_session: u32,
}

/// A planted story and how it counts as found.
#[derive(Debug, Clone, Serialize)]
pub struct Story {
    /// Its name, e.g. `leaked-key-gpu`.
    pub story: &'static str,
    /// The client's slug.
    pub client: String,
    /// The account.
    pub account: AccountId,
    /// The check that should find it, e.g. `CT-SEQ-010`.
    pub check: &'static str,
    /// The finding's subject.
    pub subject: String,
    /// When its decisive event happened, or its cost began.
    pub at: Timestamp,
    /// What happened, in words.
    pub summary: String,
    /// How many benign look-alikes were placed around it, and how many events the story itself has.
    pub look_alikes: usize,
    /// Events (or cost days) of the story.
    pub size: usize,
}

/// A sum that the truth file gives for costs.
#[derive(Debug, Clone, Serialize)]
pub struct CostTruth {
    /// The client's slug.
    pub client: String,
    /// First day of the month.
    pub month: Day,
    /// Sum of all account × service groups, unblended.
    pub grouped: Decimal,
    /// The ungrouped total, unblended.
    pub total: Decimal,
}
