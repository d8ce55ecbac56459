//! The costs of one client as sums over any of its dimensions, in one currency.

use crate::domain::{AccountId, Amounts, CostCell, CostMonth, Currency, Day, Metric, Month, Timestamp, Untrusted};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, sync::Arc};

/// The newest days are not complete: Cost Explorer lags by one to two days, so they are never compared.
pub(super) const UNSETTLED_DAYS: i64 = 2;

/// One month's sum with its quality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slot {
    /// The sum.
    pub amount: Decimal,
    /// Whether AWS still calls any part of it an estimate.
    pub estimated: bool,
}

/// Cost months of all of a client's connections, seen together. All amounts are in `currency`; months in another
/// currency are counted in `other_currencies` and never added.
#[derive(Debug, Clone)]
pub struct Ledger {
    months: Vec<Arc<CostMonth>>,
    /// The currency of most months.
    pub currency: Currency,
    /// Months left out because they are in another currency.
    pub other_currencies: usize,
}

impl Ledger {
    /// Takes the months of all connections.
    pub fn new(months: impl IntoIterator<Item = impl Into<Arc<CostMonth>>>) -> Self {
        let months: Vec<Arc<CostMonth>> = months.into_iter().map(Into::into).collect();
        let mut tally: BTreeMap<Currency, usize> = BTreeMap::new();
        months.iter().for_each(|m| *tally.entry(m.currency).or_default() += 1);
        let currency = tally.iter().max_by_key(|(_, n)| **n).map_or(Currency::USD, |(c, _)| *c);
        let (months, others): (Vec<_>, Vec<_>) = months.into_iter().partition(|m| m.currency == currency);
        Self { months, currency, other_currencies: others.len() }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.months.is_empty()
    }

    /// The months there are, oldest first.
    pub fn months(&self) -> Vec<Month> {
        let mut months: Vec<Month> = self.months.iter().map(|m| m.month).collect();
        months.sort_unstable();
        months.dedup();
        months
    }

    /// When the oldest part of it was read.
    pub fn read_at(&self) -> Option<Timestamp> {
        let newest = self.months.iter().map(|m| m.month).max()?;
        self.months.iter().filter(|m| m.month == newest).map(|m| m.read_at).min()
    }

    /// Grouped cells summed by a key: key → month → sum. `None` from `key` leaves a cell out.
    pub fn by<K: Ord>(
        &self,
        metric: Metric,
        key: impl Fn(&CostCell) -> Option<K>,
    ) -> BTreeMap<K, BTreeMap<Month, Slot>> {
        let mut sums: BTreeMap<K, BTreeMap<Month, Slot>> = BTreeMap::new();
        for month in &self.months {
            for cell in &month.monthly {
                if let Some(key) = key(cell) {
                    let slot = sums.entry(key).or_default().entry(month.month).or_default();
                    slot.amount += cell.amounts.get(metric);
                    slot.estimated |= month.estimated;
                }
            }
        }
        sums
    }

    /// Month sums of everything, what is in no group included where it is known.
    pub fn totals(&self, metric: Metric) -> BTreeMap<Month, Slot> {
        self.sum_months(metric, |m| Some(m.total.unwrap_or_else(|| m.grouped())))
    }

    /// Month sums of what Cost Explorer leaves out of its groups; a month whose total was not read is absent.
    pub fn residual(&self, metric: Metric) -> BTreeMap<Month, Slot> {
        self.sum_months(metric, |m| m.residual())
    }

    fn sum_months(&self, metric: Metric, of: impl Fn(&CostMonth) -> Option<Amounts>) -> BTreeMap<Month, Slot> {
        let mut sums: BTreeMap<Month, Slot> = BTreeMap::new();
        for month in &self.months {
            if let Some(amounts) = of(month) {
                let slot = sums.entry(month.month).or_default();
                slot.amount += amounts.get(metric);
                slot.estimated |= month.estimated;
            }
        }
        sums
    }

    /// Daily sums of the cells that `keep` keeps. Every day that was read is there, also with nothing spent.
    pub fn daily(&self, metric: Metric, keep: impl Fn(&CostCell) -> bool) -> BTreeMap<Day, Slot> {
        let mut days: BTreeMap<Day, Slot> = BTreeMap::new();
        for costs in self.months.iter().flat_map(|m| &m.daily) {
            let slot = days.entry(costs.day).or_default();
            slot.estimated |= costs.estimated;
            slot.amount += costs.cells.iter().filter(|c| keep(c)).map(|c| c.amounts.get(metric)).sum::<Decimal>();
        }
        days
    }

    /// The complete days of the open month and the same days of the month before, by a key, from daily spend:
    /// `(now, before)`. Complete is what was two days old when it was read, on `read_on`. `None` if either month's days
    /// were never read, or no day of the month is complete yet.
    pub fn same_days<K: Ord>(
        &self,
        metric: Metric,
        today: Day,
        read_on: Day,
        key: impl Fn(&CostCell) -> Option<K>,
    ) -> Option<BTreeMap<K, (Decimal, Decimal)>> {
        let (open, before) = (today.month(), today.month().plus(-1));
        let last = read_on.min(today).plus(-UNSETTLED_DAYS);
        if last.month() != open {
            return None;
        }
        let read = |month: Month| self.months.iter().any(|m| m.month == month && !m.daily.is_empty());
        if !read(open) || !read(before) {
            return None;
        }
        let mut sums: BTreeMap<K, (Decimal, Decimal)> = BTreeMap::new();
        let days = self.months.iter().filter(|m| m.month == open || m.month == before).flat_map(|m| &m.daily);
        for costs in days.filter(|c| c.day.of_month() <= last.of_month()) {
            for cell in &costs.cells {
                if let Some(key) = key(cell) {
                    let (now, then) = sums.entry(key).or_default();
                    let side = if costs.day.month() == open { now } else { then };
                    *side += cell.amounts.get(metric);
                }
            }
        }
        Some(sums)
    }

    /// The account and service whose open month differs most from the same days of the month before.
    pub fn mover(&self, metric: Metric, today: Day, read_on: Day) -> Option<(AccountId, Untrusted, Decimal)> {
        let sums = self.same_days(metric, today, read_on, |c| Some((c.account, c.service.clone())))?;
        sums.into_iter()
            .map(|((account, service), (now, then))| (account, service, now - then))
            .max_by_key(|(_, _, difference)| difference.abs())
            .filter(|(_, _, difference)| !difference.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DayCosts;

    fn cell(account: u64, service: &str, amount: i64) -> CostCell {
        let amounts = Amounts { unblended: Decimal::from(amount), ..Amounts::default() };
        CostCell { account: AccountId::from_number(account).unwrap(), service: service.into(), amounts }
    }

    fn month(first: &str, currency: &str, cells: Vec<CostCell>, total: Option<i64>) -> CostMonth {
        let first: Day = first.parse().unwrap();
        let daily = vec![DayCosts { day: first.plus(4), estimated: false, cells: cells.clone() }];
        CostMonth {
            month: first.month(),
            currency: Currency::parse(currency).unwrap(),
            estimated: false,
            monthly: cells,
            total: total.map(|t| cell(1, "", t).amounts),
            daily,
            read_at: Timestamp::from_second(0),
        }
    }

    #[test]
    fn the_residual_is_the_total_less_the_groups_and_unknown_is_not_zero() {
        let ledger = Ledger::new(vec![
            month("2026-10-01", "USD", vec![cell(1, "EC2", 10), cell(2, "S3", 5)], Some(18)),
            month("2026-11-01", "USD", vec![cell(1, "EC2", 10)], None),
        ]);
        let residual = ledger.residual(Metric::Unblended);
        assert_eq!(residual.len(), 1);
        assert_eq!(residual.values().next().unwrap().amount, Decimal::from(3));
        let totals: Vec<Decimal> = ledger.totals(Metric::Unblended).values().map(|s| s.amount).collect();
        assert_eq!(totals, [Decimal::from(18), Decimal::from(10)]);
    }

    #[test]
    fn two_currencies_are_never_added() {
        let ledger = Ledger::new(vec![
            month("2026-09-01", "USD", vec![cell(1, "EC2", 1)], None),
            month("2026-10-01", "USD", vec![cell(1, "EC2", 1)], None),
            month("2026-10-01", "CNY", vec![cell(2, "EC2", 100)], None),
        ]);
        assert_eq!((ledger.currency.as_str(), ledger.other_currencies), ("USD", 1));
        assert_eq!(ledger.by(Metric::Unblended, |c| Some(c.account)).len(), 1);
    }

    #[test]
    fn the_mover_is_the_biggest_difference_in_either_direction() {
        let ledger = Ledger::new(vec![
            month("2026-10-01", "USD", vec![cell(1, "EC2", 10), cell(1, "S3", 50)], None),
            month("2026-11-01", "USD", vec![cell(1, "EC2", 30), cell(1, "S3", 10)], None),
        ]);
        let day = |text: &str| text.parse::<Day>().unwrap();
        let today = day("2026-11-10");
        let (_, service, difference) = ledger.mover(Metric::Unblended, today, today).unwrap();
        assert_eq!((service, difference), (Untrusted::from("S3"), Decimal::from(-40)));
        assert!(ledger.same_days(Metric::Unblended, day("2026-12-10"), day("2026-12-10"), |_| Some(())).is_none());
        // What was read on the 6th does not tell of the 5th, whatever day it is now.
        assert!(ledger.mover(Metric::Unblended, day("2026-11-20"), day("2026-11-06")).is_none());
        // On the 6th the 5th is not complete yet, so nothing differs; on the 2nd no day is.
        assert!(ledger.mover(Metric::Unblended, day("2026-11-06"), day("2026-11-06")).is_none());
        assert!(ledger.same_days(Metric::Unblended, day("2026-11-02"), day("2026-11-02"), |_| Some(())).is_none());
    }
}
