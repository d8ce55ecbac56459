//! A service by usage type, for people.

use super::{Output, table::Table};
use crate::{
    desk::UsageView,
    domain::{Metric, Money, Untrusted},
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Usage types, the most expensive first, and what asking cost.
pub fn usage(out: &mut Output, view: &UsageView, metric: Metric) {
    let usage = &view.usage;
    let mut sums: BTreeMap<&Untrusted, (Decimal, usize)> = BTreeMap::new();
    for cell in &usage.cells {
        let sum = sums.entry(&cell.usage_type).or_default();
        *sum = (sum.0 + cell.amounts.get(metric), sum.1 + 1);
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, (amount, _))| std::cmp::Reverse(*amount));
    let mut table = Table::new(&["USAGE TYPE", ">AMOUNT", ">DAYS"]);
    for (usage_type, (amount, days)) in &rows {
        let money = Money::new(*amount, usage.currency).display();
        table.row(vec![usage_type.for_tui(60), money, days.to_string()]);
    }
    let total = Money::new(rows.iter().map(|(_, (amount, _))| *amount).sum(), usage.currency);
    match rows.as_slice() {
        [] => out.line("nothing was spent on this service in that account and month, or it is called otherwise"),
        _ => {
            table.lines().iter().for_each(|line| out.line(line));
            let estimate = if usage.estimated { ", an estimate" } else { "" };
            out.line(&format!("{} {}, {}{estimate}", total.display(), total.currency, metric.word()));
        }
    }
    out.line(&match view.requests {
        0 => format!("kept from {}: no request was made", usage.read_at),
        n => format!("asked of Cost Explorer just now: {n} requests, ${} for the client", view.ce_spend_usd),
    });
}
