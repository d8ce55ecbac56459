//! The daily chart of what is shown.

use super::{data, month};
use crate::{
    desk::view::DailyCost,
    domain::{Cell, Money},
    tui::{
        model::Model,
        theme::Tone,
        widgets::{
            canvas::{Canvas, Piece, dim, plain},
            chart::{Bar, daily_bars},
        },
    },
};
use ratatui::layout::Rect;
use rust_decimal::Decimal;

/// One line of figures; below it, where there is room, the bars.
pub fn draw(model: &Model, canvas: &mut Canvas, area: Rect) {
    let (Some(view), Some(month)) = (data(model), month(model)) else { return };
    let days: Vec<&DailyCost> = view.daily.iter().filter(|d| d.day.month() == month).collect();
    canvas.pieces(area.x + 1, area.y, area.width.saturating_sub(1), &figures(&days));
    let bars: Vec<Bar> = (1..=month.days())
        .map(|day| {
            let found = days.iter().find(|d| d.day.of_month() == day);
            Bar {
                day,
                value: found.and_then(|d| d.amount.value()).map(|m| m.amount),
                quiet: found.is_some_and(|d| matches!(d.amount, Cell::Estimated { .. })),
            }
        })
        .collect();
    if area.height > 3 {
        // Taller bars say nothing more.
        let room = Rect { y: area.y + 1, height: (area.height - 1).min(16), ..area };
        daily_bars(canvas, room, &bars);
    }
}

fn figures(days: &[&DailyCost]) -> Vec<Piece> {
    let known: Vec<(&DailyCost, &Money)> = days.iter().filter_map(|d| Some((*d, d.amount.value()?))).collect();
    let Some((first, rest)) = known.split_first() else { return vec![dim("no daily figures for this month")] };
    if rest.iter().any(|(_, m)| m.currency != first.1.currency) {
        return vec![dim("several currencies: open one client for its days")];
    }
    let money = |amount| Money::new(amount, first.1.currency).display();
    let sum: Decimal = known.iter().map(|(_, m)| m.amount).sum();
    let mean = sum / Decimal::from(known.len());
    let peak = known.iter().max_by_key(|(_, m)| m.amount).unwrap_or(first);
    let estimated = known.iter().filter(|(d, _)| matches!(d.amount, Cell::Estimated { .. })).count();
    let mut out = vec![
        (money(sum).into(), Tone::Strong),
        dim(format!(" in {} days · mean ", known.len())),
        plain(money(mean)),
        dim(" a day · peak "),
        plain(money(peak.1.amount)),
        dim(format!(" on {}", peak.0.day)),
    ];
    if estimated > 0 {
        out.push(dim(format!(" · {estimated} still estimated")));
    }
    out
}
