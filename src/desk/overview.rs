//! The first screen: every client on one row, the fleet in one strip.

use super::{
    DeskError,
    costs::delta_of_all,
    data::{COSTS_STALE_SECONDS, ClientData, Desk, trouble},
    view::{ClientRow, FleetTotal, Overview, WorstFinding},
};
use crate::{
    analysis::forecast,
    domain::{Currency, Day, Freshness, Metric, Money, SeverityCounts, SourceState, Timestamp},
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

const METRIC: Metric = Metric::Unblended;

/// Days in the small chart of a row.
const CHART_DAYS: i64 = 30;
/// Accounts whose events are older than this are stale, in seconds.
const EVENTS_STALE_SECONDS: i64 = 24 * 3_600;

impl Desk {
    /// Every client at first glance.
    pub fn overview(&self) -> Result<Overview, DeskError> {
        let now = self.now();
        let (mut glances, mut troubles) = (Vec::new(), Vec::new());
        for id in self.vault.clients() {
            match self.glance(&id) {
                Ok(glance) => glances.push(glance),
                Err(error) => troubles.push(trouble(&id, &error)),
            }
        }
        let (accounts, accounts_stale) =
            (glances.iter().map(|g| g.accounts).sum(), glances.iter().map(|g| g.stale).sum());
        let mut rows: Vec<ClientRow> = glances.iter().map(|glance| glance.row.clone()).collect();
        let moved = |row: &ClientRow| row.delta.value().map(|m| m.amount.abs());
        rows.sort_by(|a, b| moved(b).cmp(&moved(a)).then_with(|| a.client.cmp(&b.client)));
        let mut findings = SeverityCounts::default();
        let mut freshness = Freshness { problems: troubles, ..Freshness::default() };
        for row in &rows {
            for severity in crate::domain::Severity::ALL {
                (0..row.findings.get(severity)).for_each(|_| findings.add(severity));
            }
            freshness.costs_at = [freshness.costs_at, row.freshness.costs_at].into_iter().flatten().min();
            freshness.events_at = [freshness.events_at, row.freshness.events_at].into_iter().flatten().min();
            freshness.problems.extend(row.freshness.problems.iter().cloned());
        }
        Ok(Overview { as_of: now, fleet: fleet(&rows), findings, accounts, accounts_stale, freshness, clients: rows })
    }
}

impl ClientData {
    pub(super) fn row(&self, today: Day) -> ClientRow {
        let currency = self.ledger.currency;
        let money = |amount: Decimal| Money::new(amount, currency);
        let open = self.ledger.totals(METRIC).get(&today.month()).copied();
        let daily = self.ledger.daily(METRIC, |_| true);
        let amounts: BTreeMap<Day, Decimal> = daily.iter().map(|(d, s)| (*d, s.amount)).collect();
        let read_on = self.costs_day(today);
        let delta = delta_of_all(&self.ledger, METRIC, today, read_on);
        let before = self
            .ledger
            .same_days(METRIC, today, read_on, |_| Some(()))
            .map(|sums| sums.get(&()).map_or(Decimal::ZERO, |(_, then)| *then));
        let expected = forecast(&amounts, today, read_on).map(|days| days + self.not_daily(today));
        ClientRow {
            client: self.id().clone(),
            name: self.profile.name.clone(),
            cost_basis: self.profile.cost_basis,
            accounts: u32::try_from(self.accounts.len()).unwrap_or(u32::MAX),
            month: self.cell(open.map(|s| money(s.amount)), open.is_some_and(|s| s.estimated)),
            same_days: self.cell(before.map(money), false),
            delta: self.cell(delta.map(money), false),
            delta_percent: delta
                .zip(before)
                .and_then(|(d, b)| (d * Decimal::ONE_HUNDRED).checked_div(b))
                .map(|p| p.round_dp(1)),
            forecast: self.cell(expected.map(money), true),
            days: (0..CHART_DAYS).rev().map(|back| amounts.get(&today.plus(-back)).copied()).collect(),
            findings: self.open_findings(|_| true),
            moved: self.moved(today),
            worst: self.worst_finding().map(|f| WorstFinding {
                id: f.key.id(),
                severity: f.severity,
                title: f.title.clone(),
                last_seen: f.last_seen,
            }),
            freshness: self.freshness(),
        }
    }

    /// What the open month's total holds that no day does: tax and the residual so far.
    fn not_daily(&self, today: Day) -> Decimal {
        let month = today.month();
        let total = self.ledger.totals(METRIC).get(&month).map_or(Decimal::ZERO, |s| s.amount);
        let days = self.ledger.daily(METRIC, |_| true);
        let in_days: Decimal = days.range(month.first()..month.end()).map(|(_, s)| s.amount).sum();
        (total - in_days).max(Decimal::ZERO)
    }

    fn moved(&self, today: Day) -> Option<String> {
        let (account, service, difference) = self.ledger.mover(METRIC, today, self.costs_day(today))?;
        let label = self.account_label(account).map_or_else(|| account.to_string(), |l| l.for_tui(24));
        let amount = Money::new(difference, self.ledger.currency).display_signed();
        Some(format!("{}, {label} {}: {amount} against the same days last month", service.for_tui(48), account.short()))
    }

    pub(super) fn stale_accounts(&self, now: Timestamp) -> u32 {
        let stale = self.connections.iter().filter(|c| {
            let Some(sources) = self.sources.get(&c.account()) else { return true };
            let old = match &sources.events {
                SourceState::Fresh { at } => now.since(*at) > EVENTS_STALE_SECONDS,
                SourceState::NotApplicable => false,
                _ => true,
            };
            let costs = c.kind.has_costs() && !matches!(sources.costs, SourceState::Fresh { .. });
            old || costs || !sources.regions_failed.is_empty()
        });
        u32::try_from(stale.count()).unwrap_or(u32::MAX)
    }
}

impl ClientData {
    /// When what is fresh now stops being so.
    pub(super) fn turns_stale(&self) -> Vec<Timestamp> {
        let sources = self.connections.iter().filter_map(|c| self.sources.get(&c.account()));
        let after = |state: &SourceState, seconds: i64| match state {
            SourceState::Fresh { at } => Some(at.plus(seconds + 1)),
            _ => None,
        };
        sources
            .flat_map(|s| [after(&s.events, EVENTS_STALE_SECONDS), after(&s.costs, COSTS_STALE_SECONDS)])
            .flatten()
            .collect()
    }
}

fn fleet(rows: &[ClientRow]) -> Vec<FleetTotal> {
    let mut totals: BTreeMap<Currency, FleetTotal> = BTreeMap::new();
    for row in rows {
        let Some(month) = row.month.value() else { continue };
        let total = totals.entry(month.currency).or_insert(FleetTotal {
            currency: month.currency,
            month: Decimal::ZERO,
            delta: Decimal::ZERO,
            forecast: Some(Decimal::ZERO),
        });
        total.month += month.amount;
        total.delta += row.delta.value().map_or(Decimal::ZERO, |m| m.amount);
        total.forecast = total.forecast.zip(row.forecast.value()).map(|(sum, m)| sum + m.amount);
    }
    totals.into_values().collect()
}
