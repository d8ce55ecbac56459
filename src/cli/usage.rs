//! A service by usage type, for people.

use super::{Output, table::Table};
use crate::{
    desk::UsageView,
    domain::{Metric, Money},
};

/// Usage types, the most expensive first, and what asking cost.
pub fn usage(out: &mut Output, view: &UsageView, metric: Metric) {
    let usage = &view.usage;
    let rows = usage.by_type(metric);
    let mut table = Table::new(&["USAGE TYPE", ">AMOUNT", ">DAYS"]);
    for row in &rows {
        let money = Money::new(row.amount, usage.currency).display();
        table.row(vec![row.usage_type.for_tui(60), money, row.days.iter().flatten().count().to_string()]);
    }
    let total = Money::new(rows.iter().map(|row| row.amount).sum(), usage.currency);
    match rows.as_slice() {
        [] => out.line(
            "AWS names no day of that month for this service: it was not used in that account, all of it is booked by month, \
             as tax is, or it is called otherwise",
        ),
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
