//! The columns of the overview.

use crate::{
    desk::{Answer, view::ClientRow},
    domain::{Cell, CostBasis, Money, Untrusted},
    tui::{
        panes::{Rows, Source},
        theme::Tone,
        widgets::{
            canvas::{dim, plain},
            sparkline::sparkline,
            table::{Column, Content, longest},
            words::{self, Style},
        },
    },
};
use rust_decimal::Decimal;

/// Clients as rows.
pub struct Clients;

impl Rows for Clients {
    type Row = ClientRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [ClientRow] {
        match source.answer {
            Some(Answer::Overview(overview)) => &overview.clients,
            _ => &[],
        }
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, ClientRow>> {
        let rows = self.rows(source);
        let client = longest(rows.iter().map(|row| row.client.as_str()), 12, 28);
        let client =
            client.max(longest(rows.iter().filter(|r| !note(r).is_empty()).map(|r| r.client.as_str()), 0, 21) + 7);
        let width = |cell: fn(&ClientRow) -> &Cell<Money>| words::money_width(rows.iter().map(cell), 9);
        vec![
            Column::text("client", "CLIENT", (client.min(22), client), |row: &ClientRow, look| {
                let (name, note) = (Untrusted::from(row.client.as_str()), note(row));
                Content::of(vec![plain(name.for_tui(usize::from(look.width) - note.len())), dim(note)])
            }),
            Column::number("month", "MONTH", width(|r| &r.month), |row, _| month(row), |row| amount(&row.month)),
            Column::number(
                "same",
                "SAME DAYS",
                width(|r| &r.same_days),
                |row, _| unless_unknown(row, || words::money(&row.same_days, Style::Exact)),
                |row| amount(&row.same_days),
            )
            .rank(2),
            Column::number(
                "delta",
                "Δ $",
                width(|r| &r.delta) + 1,
                |row, _| unless_unknown(row, || words::money(&row.delta, Style::Change)),
                |row| amount(&row.delta),
            ),
            Column::number("percent", "Δ %", 7, |row, _| unless_unknown(row, || percent(row)), |row| row.delta_percent)
                .rank(1),
            Column::number(
                "forecast",
                "FORECAST",
                9,
                |row, _| unless_unknown(row, || words::money(&row.forecast, Style::Whole)),
                |row| amount(&row.forecast),
            )
            .rank(3),
            Column {
                width: (7, 30),
                right: false,
                ..Column::number(
                    "days",
                    "30 DAYS",
                    9,
                    |row: &ClientRow, look| unless_unknown(row, || days(row, look.width.into())),
                    |row| row.days.last().copied().flatten(),
                )
            }
            .rank(4),
            Column::text("findings", "FINDINGS", (16, 16), |row: &ClientRow, _| words::findings(&row.findings))
                .sorted(|row| Some(weight(row))),
            Column {
                right: true,
                ..Column::text("fresh", "FRESH", (10, 10), |row: &ClientRow, look| {
                    Content::of(vec![words::fresh(look.now, &row.freshness)])
                })
            }
            .sorted(|row| {
                [row.freshness.costs_at, row.freshness.events_at]
                    .into_iter()
                    .flatten()
                    .min()
                    .map(|t| Decimal::from(t.second()))
            }),
        ]
    }

    fn id(&self, row: &ClientRow) -> String {
        row.client.to_string()
    }

    fn empty(&self, _source: &Source) -> String {
        "No clients yet. A adds the first one, as `bailiwick client add NAME` does; `bailiwick demo` shows the console with a made-up \
         fleet."
            .into()
    }
}

/// The mark of a client whose numbers are not the invoice's.
fn note(row: &ClientRow) -> &'static str {
    if row.cost_basis == CostBasis::ProForma { " (p.f.)" } else { "" }
}

/// The newest two days are still coming in: they are drawn quietly, so that nobody takes them for a fall.
fn days(row: &ClientRow, width: usize) -> Content {
    let mut settled = sparkline(&row.days, width);
    let last = settled.char_indices().nth_back(1).map_or(0, |(at, _)| at);
    let coming = settled.split_off(last);
    Content::of(vec![plain(settled), dim(coming)])
}

fn amount(cell: &Cell<Money>) -> Option<Decimal> {
    cell.value().map(|money| money.amount)
}

/// Worst severities weigh most, so that one critical finding stands above a hundred medium ones.
fn weight(row: &ClientRow) -> Decimal {
    let f = &row.findings;
    let parts = [(f.critical, 1_000_000_000_u64), (f.high, 1_000_000), (f.medium, 1_000), (f.low, 1)];
    Decimal::from(parts.into_iter().map(|(n, by)| u64::from(n.min(999)) * by).sum::<u64>())
}

fn month(row: &ClientRow) -> Content {
    match &row.month {
        Cell::Unavailable { .. } if row.accounts == 0 => Content::spill("not connected yet: C goes on", Tone::Warn),
        Cell::Unavailable { reason } => Content::spill(format!("unavailable: {reason}"), Tone::Warn),
        cell => words::money(cell, Style::Exact),
    }
}

/// Where the month itself is not known, its cell says why across the row and the numbers made from it stay out.
fn unless_unknown(row: &ClientRow, cell: impl FnOnce() -> Content) -> Content {
    if matches!(row.month, Cell::Unavailable { .. }) { Content::covered() } else { cell() }
}

fn percent(row: &ClientRow) -> Content {
    match row.delta_percent {
        None => Content::of(vec![dim("–")]),
        Some(p) if p.is_sign_negative() => Content::text_of(words::percent(p), Tone::Fall),
        Some(p) => Content::text_of(words::percent(p), Tone::Rise),
    }
}
