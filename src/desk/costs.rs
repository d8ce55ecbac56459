//! Costs at each level of the drill.

use super::{
    CostScope, DeskError,
    data::{ClientData, Desk},
    view::{CostKey, CostLevel, CostRow, CostsView, DailyCost, RestatementView},
};
use crate::{
    analysis::{Ledger, Slot},
    domain::{
        AccountId, Amounts, Cell, CostBasis, CostCell, Currency, Day, Metric, Money, Month, SourceState, Untrusted,
    },
};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, sync::Arc};

/// Months shown at most.
const MONTHS: usize = 14;

impl Desk {
    /// Costs of a scope.
    pub fn costs(&self, scope: &CostScope) -> Result<CostsView, DeskError> {
        match &scope.client {
            None => self.costs_of_all(scope.metric),
            Some(client) => self.costs_of_client(&self.client_data(client)?, scope),
        }
    }

    fn costs_of_all(&self, metric: Metric) -> Result<CostsView, DeskError> {
        let (clients, troubles) = self.all_clients();
        let today = self.now().day();
        let months = last_months(clients.iter().flat_map(|c| c.ledger.months()));
        let mut view = self.empty(CostLevel::Client, metric, months.clone());
        view.notes = troubles;
        let mut totals: BTreeMap<Currency, Sums> = BTreeMap::new();
        let mut residuals: BTreeMap<Currency, Sums> = BTreeMap::new();
        let mut daily: BTreeMap<Currency, BTreeMap<Day, Slot>> = BTreeMap::new();
        for client in &clients {
            let currency = client.ledger.currency;
            let sums = client.ledger.totals(metric);
            let delta = delta_of_all(&client.ledger, metric, today, client.costs_day(today));
            view.rows.push(CostRow {
                key: CostKey::Client(client.id().clone()),
                label: client.profile.name.clone(),
                months: client.month_cells(&months, &sums),
                delta: client.cell(delta.map(|d| Money::new(d, currency)), false),
            });
            if !client.ledger.is_empty() {
                let total = totals.entry(currency).or_default();
                total.add(&sums, delta);
                residuals.entry(currency).or_default().add(&client.ledger.residual(metric), None);
                let days = daily.entry(currency).or_default();
                for (day, slot) in client.ledger.daily(metric, |_| true) {
                    let sum = days.entry(day).or_default();
                    sum.amount += slot.amount;
                    sum.estimated |= slot.estimated;
                }
            }
            view.notes.extend(client.cost_notes());
            view.read_at = [view.read_at, client.ledger.read_at()].into_iter().flatten().min();
        }
        sort_by_open_month(&mut view.rows);
        view.totals =
            totals.iter().map(|(c, s)| s.row(CostKey::Total(c.to_string()), "all clients", *c, &months)).collect();
        view.residual = single(&residuals).map(|(c, s)| s.row(CostKey::Residual, RESIDUAL, c, &months));
        if let Some((currency, days)) = single(&daily) {
            view.daily = daily_costs(days, currency, &months);
        }
        Ok(view)
    }

    fn costs_of_client(&self, data: &Arc<ClientData>, scope: &CostScope) -> Result<CostsView, DeskError> {
        let (metric, ledger, today) = (scope.metric, &data.ledger, self.now().day());
        let months = last_months(ledger.months().into_iter());
        let level = match (scope.account, &scope.service) {
            (None, _) => CostLevel::Account,
            (Some(_), None) => CostLevel::Service,
            (Some(_), Some(_)) => CostLevel::Day,
        };
        let keep = |cell: &CostCell| {
            scope.account.is_none_or(|a| a == cell.account) && scope.service.as_ref().is_none_or(|s| *s == cell.service)
        };
        let key = |cell: &CostCell| {
            keep(cell).then(|| match level {
                CostLevel::Account => CostKey::Account(cell.account),
                _ => CostKey::Service(cell.service.clone()),
            })
        };
        let mut view = self.empty(level, metric, months.clone());
        let sums = ledger.by(metric, key);
        let deltas = ledger.same_days(metric, today, data.costs_day(today), key);
        let mut total = Sums::default();
        for (key, slots) in &sums {
            let delta = deltas.as_ref().map(|d| d.get(key).map_or(Decimal::ZERO, |(now, then)| now - then));
            total.add(slots, delta);
            if level != CostLevel::Day {
                view.rows.push(CostRow {
                    key: key.clone(),
                    label: data.cost_label(key),
                    months: data.month_cells(&months, slots),
                    delta: data.cell(delta.map(|d| Money::new(d, ledger.currency)), false),
                });
            }
        }
        sort_by_open_month(&mut view.rows);
        if level == CostLevel::Account {
            let residual = ledger.residual(metric);
            let mut sums = Sums::default();
            sums.add(&residual, None);
            if !ledger.is_empty() {
                view.residual = Some(sums.row(CostKey::Residual, RESIDUAL, ledger.currency, &months));
            }
            total.add(&residual, None);
        }
        if !ledger.is_empty() {
            let label = Untrusted::from("total");
            let row = total.row(CostKey::Total(ledger.currency.to_string()), "", ledger.currency, &months);
            view.totals = vec![CostRow { label, ..row }];
        }
        view.daily = daily_costs(&ledger.daily(metric, keep), ledger.currency, &months);
        view.notes = data.cost_notes();
        view.restatements = data.restatements(metric, scope.account)?;
        view.cost_basis = data.profile.cost_basis;
        view.read_at = ledger.read_at();
        Ok(view)
    }

    fn empty(&self, level: CostLevel, metric: Metric, months: Vec<Month>) -> CostsView {
        CostsView {
            as_of: self.now(),
            level,
            metric: metric.word(),
            months,
            rows: Vec::new(),
            residual: None,
            totals: Vec::new(),
            daily: Vec::new(),
            notes: Vec::new(),
            restatements: Vec::new(),
            cost_basis: CostBasis::Unknown,
            read_at: None,
        }
    }
}

const RESIDUAL: &str = "not in any group (support, its tax)";

/// Column sums of several rows.
#[derive(Debug, Default)]
struct Sums {
    months: BTreeMap<Month, Slot>,
    delta: Option<Decimal>,
}

impl Sums {
    fn add(&mut self, slots: &BTreeMap<Month, Slot>, delta: Option<Decimal>) {
        for (month, slot) in slots {
            let sum = self.months.entry(*month).or_default();
            sum.amount += slot.amount;
            sum.estimated |= slot.estimated;
        }
        if let Some(delta) = delta {
            *self.delta.get_or_insert(Decimal::ZERO) += delta;
        }
    }

    fn row(&self, key: CostKey, label: &str, currency: Currency, months: &[Month]) -> CostRow {
        CostRow {
            key,
            label: label.into(),
            months: months.iter().map(|m| slot_cell(self.months.get(m), currency)).collect(),
            delta: match self.delta {
                Some(delta) => Cell::Value { value: Money::new(delta, currency) },
                None => Cell::Empty,
            },
        }
    }
}

fn slot_cell(slot: Option<&Slot>, currency: Currency) -> Cell<Money> {
    match slot {
        None => Cell::Empty,
        Some(slot) => {
            let value = Money::new(slot.amount, currency);
            if slot.estimated { Cell::Estimated { value } } else { Cell::Value { value } }
        }
    }
}

/// The open month against the same days of the month before, over everything.
pub(super) fn delta_of_all(ledger: &Ledger, metric: Metric, today: Day, read_on: Day) -> Option<Decimal> {
    let sums = ledger.same_days(metric, today, read_on, |_| Some(()))?;
    Some(sums.get(&()).map_or(Decimal::ZERO, |(now, then)| now - then))
}

fn daily_costs(days: &BTreeMap<Day, Slot>, currency: Currency, months: &[Month]) -> Vec<DailyCost> {
    let from = months.first().map(|m| m.first());
    days.iter()
        .filter(|(day, _)| from.is_some_and(|from| **day >= from))
        .map(|(day, slot)| DailyCost { day: *day, amount: slot_cell(Some(slot), currency) })
        .collect()
}

fn last_months(months: impl Iterator<Item = Month>) -> Vec<Month> {
    let mut months: Vec<Month> = months.collect();
    months.sort_unstable();
    months.dedup();
    months.split_off(months.len().saturating_sub(MONTHS))
}

fn sort_by_open_month(rows: &mut [CostRow]) {
    let open = |row: &CostRow| row.months.last().and_then(|c| c.value()).map(|m| m.amount);
    rows.sort_by(|a, b| open(b).cmp(&open(a)).then_with(|| a.key.cmp(&b.key)));
}

/// The one entry, if all is in one currency.
fn single<T>(by_currency: &BTreeMap<Currency, T>) -> Option<(Currency, &T)> {
    let mut entries = by_currency.iter();
    entries.next().filter(|_| entries.next().is_none()).map(|(c, t)| (*c, t))
}

impl ClientData {
    /// A sum with the quality of this client's cost source.
    pub(super) fn cell(&self, value: Option<Money>, estimated: bool) -> Cell<Money> {
        match (value, self.cost_source()) {
            (Some(value), SourceState::Stale { at, .. }) => Cell::Stale { value, as_of: at },
            (Some(value), _) if estimated => Cell::Estimated { value },
            (Some(value), _) => Cell::Value { value },
            (None, SourceState::Unavailable { reason }) => Cell::Unavailable { reason },
            (None, SourceState::Never) => {
                Cell::Unavailable { reason: "costs were not read yet: press R, or run `bailiwick sync`".into() }
            }
            (None, _) => Cell::Empty,
        }
    }

    fn month_cells(&self, months: &[Month], slots: &BTreeMap<Month, Slot>) -> Vec<Cell<Money>> {
        let (currency, read) = (self.ledger.currency, self.ledger.months());
        months
            .iter()
            .map(|month| match slots.get(month) {
                Some(slot) => self.cell(Some(Money::new(slot.amount, currency)), slot.estimated),
                None if read.is_empty() => self.cell(None, false),
                None if read.contains(month) => Cell::Empty,
                None => self.not_read(*month),
            })
            .collect()
    }

    /// A month that others have and this client has not: it is not known, and not nothing.
    fn not_read(&self, month: Month) -> Cell<Money> {
        let why = match self.cost_source() {
            SourceState::Stale { reason, .. } | SourceState::Unavailable { reason } => reason,
            _ => "press R, or run `bailiwick sync`".into(),
        };
        Cell::Unavailable { reason: format!("{} was not read: {why}", month.long_name()) }
    }

    fn cost_label(&self, key: &CostKey) -> Untrusted {
        match key {
            CostKey::Account(id) => self.account_label(*id).unwrap_or_else(|| id.to_string().into()),
            CostKey::Service(service) => service.clone(),
            _ => Untrusted::default(),
        }
    }

    /// What AWS restated of the client's months, or of one account in them, newest first.
    fn restatements(&self, metric: Metric, account: Option<AccountId>) -> Result<Vec<RestatementView>, DeskError> {
        let mut all = Vec::new();
        for connection in self.connections.iter().filter(|c| c.kind.has_costs()) {
            for restatement in self.store.restatements(&connection.id)? {
                let cells = || restatement.cells.iter().filter(|c| account.is_none_or(|a| a == c.account));
                let of = |amounts: Amounts| amounts.get(metric);
                let (before, after) = match account {
                    None => (of(restatement.before), of(restatement.after)),
                    Some(_) => (cells().map(|c| of(c.before)).sum(), cells().map(|c| of(c.after)).sum()),
                };
                let money = |amount| Money::new(amount, restatement.currency);
                let change = money(after - before);
                if change.amount.is_zero() {
                    continue;
                }
                let most = cells().max_by_key(|c| (of(c.after) - of(c.before)).abs()).map_or_else(String::new, |c| {
                    let by = money(of(c.after) - of(c.before)).display_signed();
                    format!(", most of it {} in {} ({by})", c.service.for_tui(40), c.account)
                });
                let words = format!(
                    "AWS restated {} by {} {} on {}{most}",
                    restatement.month.long_name(),
                    change.display_signed(),
                    restatement.currency,
                    restatement.seen_at.day()
                );
                let (month, seen_at) = (restatement.month, restatement.seen_at);
                all.push(RestatementView { month, seen_at, before: money(before), after: money(after), change, words });
            }
        }
        all.sort_by_key(|r| std::cmp::Reverse((r.seen_at, r.month)));
        Ok(all)
    }

    /// Why there is nothing or less than expected.
    fn cost_notes(&self) -> Vec<String> {
        let name = self.profile.id.as_str();
        let mut notes = Vec::new();
        match self.cost_source() {
            SourceState::Unavailable { reason } => notes.push(format!("{name}: {reason}")),
            SourceState::Stale { at, reason } => notes.push(format!("{name}: costs are those of {at}: {reason}")),
            _ => {}
        }
        if self.ledger.other_currencies > 0 {
            let n = self.ledger.other_currencies;
            notes.push(format!("{name}: {n} months in another currency than {} are not shown", self.ledger.currency));
        }
        notes
    }
}
