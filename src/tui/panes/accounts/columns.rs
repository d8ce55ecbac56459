//! The columns of the accounts.

use crate::{
    desk::{Answer, view::AccountRow},
    domain::{AccountState, ConnectionKind, Timestamp},
    tui::{
        panes::{Rows, Source},
        theme::Tone,
        widgets::{
            canvas::dim,
            gate,
            table::{Column, Content, Look, longest},
            words::{self, Style},
        },
    },
};
use rust_decimal::Decimal;

/// Accounts as rows.
pub struct AccountRows;

impl Rows for AccountRows {
    type Row = AccountRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [AccountRow] {
        match source.answer {
            Some(Answer::Accounts(view)) => &view.rows,
            _ => &[],
        }
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, AccountRow>> {
        let rows = self.rows(source);
        let client = longest(rows.iter().map(|row| row.client.as_str()), 10, 24);
        let names = rows.iter().filter_map(|row| row.label.as_ref()).map(|label| label.raw_for_matching());
        let name = longest(names, 12, 34);
        let money = words::money_width(rows.iter().map(|row| &row.month), 9);
        let text = |text: String| Content::text_of(text, Tone::Plain);
        vec![
            Column::text("account", "ACCOUNT", (12, 12), move |row: &AccountRow, _| text(row.account.to_string())),
            Column::text("name", "NAME", (name.min(15), name), |row: &AccountRow, look| match &row.label {
                Some(label) => Content::text_of(label.for_tui(look.width.into()), Tone::Plain),
                None => Content::of(vec![dim("–")]),
            }),
            Column::text("client", "CLIENT", (client.min(19), client), move |row: &AccountRow, _| {
                text(row.client.to_string())
            }),
            Column::text("gate", "GATE", (gate::BADGE, gate::BADGE), badge),
            Column::text("ou", "UNIT", (10, 24), |row: &AccountRow, look| match &row.ou_path {
                Some(path) => Content::text_of(path.for_tui(look.width.into()), Tone::Dim),
                None => Content::of(vec![dim("–")]),
            })
            .rank(7),
            Column::text("state", "STATE", (9, 14), |row: &AccountRow, look| {
                Content::of(vec![gate::standing(look.now, row.state, row.left_at, look.width)])
            })
            .rank(6),
            Column::text("kind", "KIND", (10, 10), |row: &AccountRow, _| match row.connection {
                Some(kind) => Content::text_of(ConnectionKind::word(kind), Tone::Plain),
                None => Content::of(vec![dim("–")]),
            })
            .rank(4),
            Column::text("through", "THROUGH", (10, 10), |row: &AccountRow, _| match &row.access {
                Some(access) => Content::of(vec![gate::access(access)]),
                None => Content::of(vec![dim("–")]),
            })
            .rank(2),
            Column::number(
                "month",
                "MONTH",
                money,
                |row: &AccountRow, _| words::money(&row.month, Style::Exact),
                |row| row.month.value().map(|m| m.amount),
            )
            .rank(1),
            Column::text("findings", "FINDINGS", (16, 16), |row: &AccountRow, _| words::findings(&row.findings))
                .sorted(|row| {
                    let f = &row.findings;
                    Some(Decimal::from(
                        u64::from(f.critical) * 1_000_000 + u64::from(f.high) * 1_000 + u64::from(f.medium),
                    ))
                })
                .rank(3),
            Column {
                right: true,
                ..Column::text("costs", "COSTS", (10, 10), |row: &AccountRow, look| {
                    Content::of(vec![words::source(look.now, &row.costs)])
                })
            }
            .rank(5),
            Column {
                right: true,
                ..Column::text("events", "EVENTS", (10, 10), |row: &AccountRow, look| events(row, look.now))
            },
        ]
    }

    fn id(&self, row: &AccountRow) -> String {
        format!("{} {}", row.client, row.account)
    }

    fn empty(&self, _source: &Source) -> String {
        "No accounts yet. A adds a client and connects its payer account; a sync then lists the others. `bailiwick connect` does the same outside the console.".into()
    }
}

/// The gate of a connection; of an account without one, what keeps it from having one.
fn badge(row: &AccountRow, look: Look) -> Content {
    match (&row.gate, row.connection) {
        (Some(state), _) => Content::of(vec![gate::badge(state.word())]),
        (None, Some(_)) => Content::of(vec![gate::badge("untested")]),
        (None, None) if row.state == AccountState::Active && row.left_at.is_none() => Content::of(vec![dim("–")]),
        (None, None) => Content::of(vec![gate::standing(look.now, row.state, row.left_at, look.width)]),
    }
}

fn events(row: &AccountRow, now: Timestamp) -> Content {
    let (text, tone) = words::source(now, &row.events);
    match row.regions_failed.len() {
        0 => Content::text_of(text, tone),
        n => Content::text_of(format!("−{n} {}", if n == 1 { "region" } else { "reg." }), Tone::Warn),
    }
}
