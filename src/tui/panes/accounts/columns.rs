//! The columns of the accounts.

use crate::{
    desk::{Answer, view::AccountRow},
    domain::{AccountState, ConnectionKind, GateState},
    tui::{
        panes::{Rows, Source},
        theme::Tone,
        widgets::{
            canvas::dim,
            table::{Column, Content, longest},
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
            Column::text("name", "NAME", (name.min(20), name), |row: &AccountRow, look| match &row.label {
                Some(label) => Content::text_of(label.for_tui(look.width.into()), Tone::Plain),
                None => Content::of(vec![dim("–")]),
            }),
            Column::text("client", "CLIENT", (client.min(19), client), move |row: &AccountRow, _| {
                text(row.client.to_string())
            }),
            Column::text("ou", "UNIT", (10, 24), |row: &AccountRow, look| match &row.ou_path {
                Some(path) => Content::text_of(path.for_tui(look.width.into()), Tone::Dim),
                None => Content::of(vec![dim("–")]),
            })
            .rank(5),
            Column::text("state", "STATE", (9, 10), |row: &AccountRow, _| {
                let tone = if row.state == AccountState::Active { Tone::Dim } else { Tone::Warn };
                Content::text_of(row.state.word(), tone)
            })
            .rank(4),
            Column::text("connection", "CONNECTION", (12, 12), |row: &AccountRow, _| connection(row)).rank(2),
            Column::number(
                "month",
                "MONTH",
                money,
                |row: &AccountRow, _| words::money(&row.month, Style::Exact),
                |row| row.month.value().map(|m| m.amount),
            ),
            Column::text("findings", "FINDINGS", (16, 16), |row: &AccountRow, _| words::findings(&row.findings))
                .sorted(|row| {
                    let f = &row.findings;
                    Some(Decimal::from(
                        u64::from(f.critical) * 1_000_000 + u64::from(f.high) * 1_000 + u64::from(f.medium),
                    ))
                })
                .rank(1),
            Column {
                right: true,
                ..Column::text("costs", "COSTS", (10, 10), |row: &AccountRow, look| {
                    Content::of(vec![words::source(look.now, &row.costs)])
                })
            }
            .rank(3),
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
        "No accounts yet. `bailiwick connect` links a client's payer account; a sync then lists the others.".into()
    }
}

fn connection(row: &AccountRow) -> Content {
    let word = row.connection.map_or("–", ConnectionKind::word);
    match (&row.connection, &row.gate) {
        (None, _) => Content::of(vec![dim("–")]),
        (_, Some(GateState::Passed { .. })) => Content::text_of(word, Tone::Plain),
        (_, Some(GateState::Overridden { .. })) => Content::text_of(format!("{word} !"), Tone::Warn),
        (_, Some(GateState::Quarantined { .. } | GateState::Failed { .. })) => {
            Content::text_of(format!("{word} !"), Tone::Bad)
        }
        (_, None | Some(GateState::Untested)) => Content::text_of(format!("{word} ?"), Tone::Warn),
    }
}

fn events(row: &AccountRow, now: crate::domain::Timestamp) -> Content {
    let (text, tone) = words::source(now, &row.events);
    match row.regions_failed.len() {
        0 => Content::text_of(text, tone),
        n => Content::text_of(format!("−{n} {}", if n == 1 { "region" } else { "reg." }), Tone::Warn),
    }
}
