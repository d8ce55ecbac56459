//! The strip under the overview: the selected client in a few lines.

use crate::{
    desk::view::ClientRow,
    tui::{
        model::Model,
        theme::{Tone, severity_glyph},
        widgets::{
            canvas::{Canvas, Fact, Piece, dim, plain},
            words,
        },
    },
};
use ratatui::layout::Rect;

/// Draws what matters most first, as many lines as fit.
pub fn draw(model: &Model, row: &ClientRow, canvas: &mut Canvas, area: Rect) {
    canvas.facts(area, 10, &lines(model, row));
}

fn lines(model: &Model, row: &ClientRow) -> Vec<Fact> {
    let now = model.now;
    // What every client has comes first, so that moving from row to row changes little on the screen.
    let moved = row.moved.clone().map_or_else(|| dim("nothing of note"), plain);
    let mut out: Vec<Fact> = vec![("moved", vec![moved]), ("worst", worst(model, row)), ("client", client(model, row))];
    out.push(("next", next_keys(row.accounts == 0)));
    for problem in &row.freshness.problems {
        out.push(("problem", vec![(problem.clone().into(), Tone::Warn)]));
    }
    if let Some(why) = words::reason(now, &row.month).filter(|_| row.freshness.problems.is_empty()) {
        out.push(("costs", vec![(why.into(), Tone::Warn)]));
    }
    let mut said = None;
    for (label, cell) in [("before", &row.same_days), ("forecast", &row.forecast)] {
        let why = words::reason(now, cell).filter(|_| row.month.value().is_some());
        if let Some(why) = why.filter(|why| said.as_ref() != Some(why)) {
            out.push((label, vec![dim(why.clone())]));
            said = Some(why);
        }
    }
    out
}

fn worst(model: &Model, row: &ClientRow) -> Vec<Piece> {
    let Some(worst) = &row.worst else { return vec![dim("no open findings")] };
    let head = format!("{} {}  ", severity_glyph(worst.severity), worst.severity.word());
    let when = format!(" · {}", words::when(model.now, worst.last_seen));
    vec![(head.into(), Tone::Severity(worst.severity)), plain(worst.title.for_tui(200)), dim(when)]
}

fn client(model: &Model, row: &ClientRow) -> Vec<Piece> {
    let accounts = words::plural(row.accounts.into(), "account", "accounts");
    let age = |t| match t {
        Some(t) if words::ago(model.now, t) == "now" => "just now".to_owned(),
        Some(t) => format!("{} old", words::ago(model.now, t)),
        None => "never read".to_owned(),
    };
    let ages = format!("costs {} · events {}", age(row.freshness.costs_at), age(row.freshness.events_at));
    vec![plain(row.name.for_tui(60)), dim(format!(" · {accounts} · {ages}"))]
}

/// A client without an account has nothing to be looked at.
fn next_keys(to_connect: bool) -> Vec<Piece> {
    let connect = ("C", " renders its role and connects its first account");
    let look = [("Enter", " costs   "), ("f", " findings   "), ("a", " access")];
    let keys: Vec<_> = if to_connect { vec![connect] } else { look.to_vec() };
    keys.into_iter().flat_map(|(key, does)| [(key.into(), Tone::Accent), dim(does)]).collect()
}
