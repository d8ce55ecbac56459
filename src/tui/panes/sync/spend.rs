//! The ledger: Cost Explorer requests by client and month.

use super::{in_ledger, source, view_of};
use crate::{
    desk::view::{SpendRow, SyncView},
    domain::ClientId,
    tui::{
        model::Model,
        panes::{PaneId, Rows, Source},
        sync_board::ce_price,
        theme::Tone,
        widgets::{
            canvas::{Piece, dim, plain},
            table::{Column, Content, longest},
            words,
        },
    },
};
use rust_decimal::Decimal;

/// Clients as rows, months as columns.
pub struct Ledger;

/// The columns of the newest months, by how long ago they are.
const MONTHS: [&str; 6] = ["newest", "month-before", "third", "fourth", "fifth", "sixth"];

impl Rows for Ledger {
    type Row = SpendRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [SpendRow] {
        view_of(source).map_or(&[], |view| &view.spend.clients)
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, SpendRow>> {
        let client = longest(self.rows(source).iter().map(|row| row.client.as_str()), 12, 28);
        let mut columns = vec![
            Column::text("client", "CLIENT", (client.min(17), client), |row: &SpendRow, _| {
                Content::text_of(row.client.to_string(), Tone::Plain)
            }),
            number("today", "TODAY".into(), 9, |row| row.today, |row| capped(row.today, row.day_cap)),
        ];
        let months = view_of(source).map_or(&[][..], |view| &view.spend.months);
        let today = view_of(source).map(|view| view.spend.today.month().first());
        for ((place, field), month) in MONTHS.into_iter().enumerate().zip(months) {
            let rank = u8::try_from(place).unwrap_or(u8::MAX);
            let of = move |row: &SpendRow| row.months.get(place).copied().unwrap_or_default();
            let cap = today == Some(*month);
            let shown = move |row: &SpendRow| capped(of(row), if cap { row.month_cap } else { 0 });
            columns.push(number(field, month.month().to_string(), 9, of, shown).rank(rank));
        }
        columns.push(number("all", "ALL".into(), 8, |row| row.requests, |row| capped(row.requests, 0)));
        columns.push(Column::number(
            "usd",
            "US$",
            8,
            |row: &SpendRow, _| Content::text_of(row.usd.to_string(), Tone::Plain),
            |row| Some(row.usd),
        ));
        columns
    }

    fn id(&self, row: &SpendRow) -> String {
        row.client.to_string()
    }

    fn empty(&self, _source: &Source) -> String {
        "No client has paid for a Cost Explorer request yet. The first sync of a payer asks about 17.".into()
    }

    /// Who paid most this month stands first.
    fn natural(&self, rows: &[SpendRow]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(rows.get(*i).map(|row| (row.month, row.requests))));
        order
    }
}

fn number<'a>(
    field: &'static str,
    title: String,
    width: u16,
    value: impl Fn(&SpendRow) -> u64 + 'a,
    shown: impl Fn(&SpendRow) -> Piece + 'a,
) -> Column<'a, SpendRow> {
    let cell = move |row: &SpendRow, _| Content::of(vec![shown(row)]);
    Column::number(field, title, width, cell, move |row: &SpendRow| Some(Decimal::from(value(row))))
}

/// `6/60` where there is a cap; loud when it is reached.
fn capped(paid: u64, cap: u64) -> Piece {
    match (paid, cap) {
        (0, 0) => dim("0"),
        (paid, 0) => plain(words::count(paid)),
        (paid, cap) if paid >= cap => (format!("{}/{}", words::count(paid), words::count(cap)).into(), Tone::Warn),
        (paid, cap) => plain(format!("{}/{}", words::count(paid), words::count(cap))),
    }
}

/// What all clients paid.
pub fn headline(view: &SyncView) -> Vec<Piece> {
    let rows = &view.spend.clients;
    let sum = |of: fn(&SpendRow) -> u64| rows.iter().map(of).sum::<u64>();
    let priced = |pages: u64| plain(format!("{} (${})", words::count(pages), ce_price(pages)));
    vec![
        dim("Cost Explorer requests paid by the clients, US$0.01 each: today "),
        priced(sum(|row| row.today)),
        dim(" · this month "),
        priced(sum(|row| row.month)),
        dim(" · in all "),
        priced(sum(|row| row.requests)),
    ]
}

/// The client of the selected row of the ledger.
pub fn client(model: &Model) -> Option<&ClientId> {
    let source = source(model);
    let row = model.stack(PaneId::Sync).top().list.selected_row()?;
    Some(&view_of(&source).filter(|_| in_ledger(&source))?.spend.clients.get(row)?.client)
}
