//! The columns of the costs: months, or days.

use crate::{
    desk::{
        Answer,
        view::{CostKey, CostLevel, CostRow, CostsView, DailyCost},
    },
    domain::{Cell, Money},
    tui::{
        panes::{Rows, Source},
        theme::Tone,
        widgets::{
            canvas::dim,
            table::{Column, Content},
            words::{self, Style},
        },
    },
};
use rust_decimal::Decimal;

/// Clients, accounts or services as rows.
pub struct CostRows;

/// Days as rows.
pub struct DayRows;

fn view<'a>(source: &Source<'a>) -> Option<&'a CostsView> {
    match source.answer {
        Some(Answer::Costs(view)) => Some(view),
        _ => None,
    }
}

fn amount(cell: Option<&Cell<Money>>) -> Option<Decimal> {
    cell?.value().map(|money| money.amount)
}

const MONTHS: [&str; 24] = [
    "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12", "m13", "m14", "m15", "m16", "m17",
    "m18", "m19", "m20", "m21", "m22", "m23",
];

impl Rows for CostRows {
    type Row = CostRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [CostRow] {
        view(source).map_or(&[], |v| &v.rows)
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, CostRow>> {
        let Some(view) = view(source) else { return Vec::new() };
        let (field, title) = match view.level {
            CostLevel::Client => ("client", "CLIENT"),
            CostLevel::Account => ("account", "ACCOUNT"),
            CostLevel::Service | CostLevel::Day => ("service", "SERVICE"),
        };
        let name = Column::text(field, title, (20, 46), |row: &CostRow, look| {
            let tone = if matches!(row.key, CostKey::Total(_)) { Tone::Strong } else { Tone::Plain };
            Content::text_of(row.label.for_tui(look.width.into()), tone)
        });
        let count = view.months.len();
        // The open month is `m0`, the one before `m1`: a sort order that stays when a month passes.
        let months = view.months.iter().enumerate().filter_map(|(i, month)| {
            let back = count - 1 - i;
            let field = MONTHS.get(back)?;
            let title =
                if back == 0 { format!("{} so far", month.short_name()) } else { month.short_name().to_owned() };
            let cell = move |row: &CostRow, _| month_cell(row, i, back == 0);
            let column = Column::number(field, title, 12, cell, move |row: &CostRow| amount(row.months.get(i)));
            Some(column.rank(u8::try_from(back).unwrap_or(u8::MAX)))
        });
        let change = Column::number(
            "delta",
            "Δ same days",
            13,
            |row: &CostRow, _| words::money(&row.delta, Style::Change),
            |row| amount(Some(&row.delta)),
        );
        std::iter::once(name).chain(months).chain(std::iter::once(change)).collect()
    }

    fn id(&self, row: &CostRow) -> String {
        match &row.key {
            CostKey::Client(id) => format!("client {id}"),
            CostKey::Account(id) => format!("account {id}"),
            CostKey::Service(name) => format!("service {}", name.raw_for_matching()),
            CostKey::Residual => "residual".into(),
            CostKey::Total(currency) => format!("total {currency}"),
        }
    }

    fn empty(&self, source: &Source) -> String {
        empty(source)
    }

    fn sums<'a>(&self, source: &Source<'a>) -> Vec<&'a CostRow> {
        view(source).map_or_else(Vec::new, |v| v.residual.iter().chain(&v.totals).collect())
    }
}

/// A month's cell is shaded by how it compares with the month before: a quarter more or less.
fn month_cell(row: &CostRow, i: usize, open: bool) -> Content {
    let Some(cell) = row.months.get(i) else { return Content::of(vec![dim("–")]) };
    let mut content = words::money(cell, Style::Exact);
    let before = i.checked_sub(1).and_then(|b| amount(row.months.get(b)));
    if let (false, Some(now), Some(before)) = (open, amount(Some(cell)), before) {
        let quarter = before.abs() / Decimal::from(4);
        let tone = match now - before {
            d if d.abs() < Decimal::ONE => None,
            d if d > quarter => Some(Tone::Rise),
            d if d < -quarter => Some(Tone::Fall),
            _ => None,
        };
        if let (Some(tone), Some(last)) = (tone, content.pieces.last_mut()) {
            last.1 = tone;
        }
    }
    if matches!(row.key, CostKey::Total(_)) {
        content.pieces.iter_mut().filter(|p| p.1 == Tone::Plain).for_each(|p| p.1 = Tone::Strong);
    }
    content
}

fn empty(source: &Source) -> String {
    let notes = view(source).map(|v| v.notes.join(" ")).unwrap_or_default();
    if notes.is_empty() {
        "No costs stored for this. R syncs now; a client without a payer or standalone connection has none.".into()
    } else {
        notes
    }
}

impl Rows for DayRows {
    type Row = DailyCost;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [DailyCost] {
        view(source).map_or(&[], |v| &v.daily)
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, DailyCost>> {
        let daily = self.rows(source);
        vec![
            Column::text("day", "DAY", (10, 10), |row: &DailyCost, _| {
                Content::text_of(row.day.to_string(), Tone::Plain)
            }),
            Column::text("weekday", "", (3, 3), |row: &DailyCost, _| {
                let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
                Content::text_of(names.get(usize::from(row.day.weekday())).copied().unwrap_or(""), Tone::Dim)
            }),
            Column::number(
                "amount",
                "AMOUNT",
                14,
                |row: &DailyCost, _| words::money(&row.amount, Style::Exact),
                |row| amount(Some(&row.amount)),
            ),
            Column::number(
                "change",
                "Δ week before",
                14,
                move |row: &DailyCost, _| words::money(&week_before(daily, row), Style::Change),
                move |row: &DailyCost| amount(Some(&week_before(daily, row))),
            ),
        ]
    }

    fn id(&self, row: &DailyCost) -> String {
        row.day.to_string()
    }

    fn empty(&self, source: &Source) -> String {
        empty(source)
    }

    fn newest_first(&self) -> bool {
        true
    }
}

/// The difference to the same weekday a week before, as honest as the less honest of the two.
fn week_before(daily: &[DailyCost], row: &DailyCost) -> Cell<Money> {
    let wanted = row.day.plus(-7);
    let before = daily.binary_search_by(|d| d.day.cmp(&wanted)).ok().and_then(|i| daily.get(i));
    let (Some(now), Some(then)) = (row.amount.value(), before.and_then(|b| b.amount.value())) else {
        return Cell::Empty;
    };
    if now.currency != then.currency {
        return Cell::Empty;
    }
    let value = Money::new(now.amount - then.amount, now.currency);
    match &row.amount {
        Cell::Estimated { .. } => Cell::Estimated { value },
        Cell::Stale { as_of, .. } => Cell::Stale { value, as_of: *as_of },
        _ => Cell::Value { value },
    }
}
