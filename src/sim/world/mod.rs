//! The simulated world: who exists, what it costs, what happened, and what was planted.
//!
//! Everything here is a pure function of a [`WorldConfig`].

mod activity;
mod bills;
mod calls;
mod cast;
mod newcomers;
mod places;
mod rhythm;
pub(crate) mod rng;
mod roster;
mod stories;
mod tariff;
#[cfg(test)]
mod tests;

use self::bills::Calendar;
use self::stories::Stage;
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
    /// Accounts of no client yet; none unless they are added.
    pub newcomers: Vec<AccountId>,
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

impl World {
    /// Makes a world. The same config gives the same world; `accounts` below 24 counts as 24.
    pub fn generate(config: WorldConfig) -> World {
        let agency = roster::agency();
        let calendar = Calendar::new(&config);
        let (clients, mut plans) = roster::roster(&config, &agency);
        for plan in &mut plans {
            plan.account.costs = bills::bills(&config, &calendar, plan);
        }
        let mut stage = Stage { config: &config, clients: &clients, plans: &mut plans };
        let mut truth = stories::plant_costs(&mut stage, &calendar);
        bills::close_books(&calendar, &mut plans);
        let budgets = activity::budgets(&config, &plans);
        for (plan, budget) in plans.iter_mut().zip(&budgets) {
            if let Some(client) = clients.get(plan.client) {
                plan.account.events = activity::events(&config, &agency, client, plan, budget);
            }
        }
        truth.extend(stories::plant_events(&mut Stage { config: &config, clients: &clients, plans: &mut plans }));
        let mut accounts: Vec<SimAccount> = plans.into_iter().map(|p| p.account).collect();
        accounts.sort_by_key(|a| a.id);
        for account in &mut accounts {
            account.events.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        }
        World { config, agency, clients, accounts, truth, newcomers: Vec::new() }
    }

    /// What the months of each client sum to: the closed ones and the current one, oldest first.
    pub fn cost_truth(&self) -> Vec<CostTruth> {
        let calendar = Calendar::new(&self.config);
        let mut sums = vec![vec![(0i128, 0i128); calendar.months.len()]; self.clients.len()];
        for account in &self.accounts {
            let totals = bills::monthly_totals(&calendar, &account.costs);
            for (sum, add) in sums.iter_mut().skip(account.client).take(1).flatten().zip(totals) {
                *sum = (sum.0 + add.0, sum.1 + add.1);
            }
        }
        let units = |n: i128| Decimal::from_i128_with_scale(n, 10).normalize();
        let of_client = |(client, months): (&SimClient, Vec<(i128, i128)>)| {
            let id = client.id.clone();
            let month = move |((month, _), (grouped, total)): (&(crate::domain::Month, usize), (i128, i128))| {
                CostTruth { client: id.clone(), month: month.first(), grouped: units(grouped), total: units(total) }
            };
            calendar.months.iter().zip(months).map(month).collect::<Vec<_>>()
        };
        self.clients.iter().zip(sums).flat_map(of_client).collect()
    }
}
