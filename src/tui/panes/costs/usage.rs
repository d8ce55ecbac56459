//! A service by usage type: what was read of it, and where it was not, what asking costs.

use crate::{
    desk::{Answer, Query, UsageScope, UsageShown},
    domain::{Cell, Metric, Money, UsageTypeSum},
    tui::{
        Model,
        panes::{PaneId, Rows, Source},
        theme::Tone,
        widgets::{
            canvas::{Canvas, Piece, dim, plain},
            chart::{Bar, daily_bars},
            sparkline::sparkline,
            table::{Column, Content, longest},
            words::{self, Style},
        },
    },
};
use ratatui::layout::Rect;
use rust_decimal::Decimal;

/// Usage types as rows.
pub struct UsageRows;

/// What the level shown drills into, if it is such a level.
pub fn shown_scope(model: &Model) -> Option<(&UsageScope, Metric)> {
    match &model.stack(PaneId::Costs).top().query {
        Some(Query::Usage(scope, metric)) => Some((scope, *metric)),
        _ => None,
    }
}

/// What is known of it.
pub fn data(model: &Model) -> Option<&UsageShown> {
    match &model.stack(PaneId::Costs).top().answer {
        Some(Answer::Usage(view)) => Some(view),
        _ => None,
    }
}

/// The usage type selected.
pub fn selected(model: &Model) -> Option<&UsageTypeSum> {
    data(model)?.rows.get(model.stack(PaneId::Costs).top().list.selected_row()?)
}

fn view<'a>(source: &Source<'a>) -> Option<&'a UsageShown> {
    match source.answer {
        Some(Answer::Usage(view)) => Some(view),
        _ => None,
    }
}

fn amount(view: &UsageShown, amount: Decimal) -> Cell<Money> {
    let Some(usage) = &view.usage else { return Cell::Empty };
    let value = Money::new(amount, usage.currency);
    if usage.estimated { Cell::Estimated { value } } else { Cell::Value { value } }
}

fn sum(view: &UsageShown) -> Decimal {
    view.rows.iter().map(|row| row.amount).sum()
}

impl Rows for UsageRows {
    type Row = UsageTypeSum;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [UsageTypeSum] {
        view(source).map_or(&[], |view| &view.rows)
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, UsageTypeSum>> {
        let Some(view) = view(source) else { return Vec::new() };
        let widest = longest(view.rows.iter().map(|row| row.usage_type.raw_for_matching()), 16, 60);
        let total = sum(view);
        let share = move |row: &UsageTypeSum| (!total.is_zero()).then(|| row.amount / total * Decimal::ONE_HUNDRED);
        let days = u16::from(view.scope.month.days());
        vec![
            Column::text("usage-type", "USAGE TYPE", (widest.min(30), widest), |row: &UsageTypeSum, look| {
                Content::text_of(row.usage_type.for_tui(look.width.into()), Tone::Plain)
            }),
            Column::number(
                "amount",
                "AMOUNT",
                14,
                |row: &UsageTypeSum, _| words::money(&amount(view, row.amount), Style::Exact),
                |row| Some(row.amount),
            ),
            Column::number(
                "share",
                "SHARE",
                7,
                move |row: &UsageTypeSum, _| match share(row) {
                    Some(percent) => Content::text_of(format!("{}%", percent.round_dp(1)), Tone::Dim),
                    None => Content::of(vec![dim("–")]),
                },
                share,
            )
            .rank(2),
            Column::text("days", "DAYS", (days, days), |row: &UsageTypeSum, look| {
                Content::text_of(sparkline(&row.days, look.width.into()), Tone::Accent)
            })
            .rank(1),
        ]
    }

    fn id(&self, row: &UsageTypeSum) -> String {
        row.usage_type.raw_for_matching().to_owned()
    }

    fn empty(&self, source: &Source) -> String {
        let Some(view) = view(source) else { return String::new() };
        match &view.usage {
            Some(_) => "AWS names no day of this month for this service: it was not used, or all of it is booked by month, as tax \
                        is. [ and ] show other months."
                .into(),
            None => format!(
                "Not read yet, for it costs: u asks Cost Explorer, US$0.01 a page and one as a rule, which {} pays. A \
                 settled month is kept for ever. [ and ] show other months.",
                view.scope.client
            ),
        }
    }
}

/// The line under the breadcrumbs.
pub fn headline(model: &Model) -> Vec<Piece> {
    let Some((scope, metric)) = shown_scope(model) else { return Vec::new() };
    let mut out = vec![plain(scope.service.for_tui(40)), dim(" · "), plain(scope.month.long_name())];
    match data(model).map(|view| (view, &view.usage)) {
        // No sum of nothing: what is booked by month is not zero.
        Some((view, Some(usage))) if view.rows.is_empty() => {
            out.push(dim(format!(" · {} · no days, read {}", metric.word(), words::since(model.now, usage.read_at))));
        }
        Some((view, Some(usage))) => {
            let (about, state) = match (usage.settled, usage.estimated) {
                (true, _) => ("", "settled"),
                (false, true) => ("~", "estimated"),
                (false, false) => ("", "not settled yet"),
            };
            let total = Money::new(sum(view), usage.currency).display();
            let read = words::since(model.now, usage.read_at);
            out.push(dim(" · "));
            out.push((format!("{about}{total} {}", usage.currency).into(), Tone::Strong));
            out.push(dim(format!(" {} · {state}, read {read}", metric.word())));
        }
        Some((_, None)) => out.push(dim(format!(" · {} · not read yet", metric.word()))),
        None => {}
    }
    if model.drilling.as_ref().is_some_and(|(_, asked)| asked == scope) {
        out.push((" · asking Cost Explorer …".into(), Tone::Accent));
    }
    out
}

/// The title of the chart below the table.
pub fn detail_title(model: &Model) -> Option<String> {
    Some(format!("daily, {}", selected(model)?.usage_type.for_tui(60)))
}

/// The usage type selected, by day.
pub fn detail(model: &Model, canvas: &mut Canvas, area: Rect) {
    let (Some(row), Some(usage)) = (selected(model), data(model).and_then(|view| view.usage.as_ref())) else { return };
    let known: Vec<Decimal> = row.days.iter().flatten().copied().collect();
    let figures = [
        plain(Money::new(row.amount, usage.currency).display()),
        dim(format!(" on {} ", words::plural(known.len() as u64, "day", "days"))),
    ];
    canvas.pieces(area.x + 1, area.y, area.width.saturating_sub(1), &figures);
    let bars: Vec<Bar> = (1..)
        .zip(&row.days)
        .map(|(day, value)| Bar { day, value: *value, quiet: usage.estimated && value.is_some() })
        .collect();
    if area.height > 3 && known.iter().any(|value| !value.is_zero()) {
        daily_bars(canvas, Rect { y: area.y + 1, height: (area.height - 1).min(16), ..area }, &bars);
    }
}
