//! The selected principal with the week's map, or the selected event in full.

use super::{columns::outcome, data, event, principal};
use crate::{
    desk::view::{EventRow, PrincipalRow},
    tui::{
        model::Model,
        theme::Tone,
        widgets::{
            canvas::{Canvas, Fact, dim, plain},
            heat, words,
        },
    },
};
use ratatui::layout::Rect;

/// Facts on the left; the map of the week on the right, or below them where it is narrow and high.
pub fn draw(model: &Model, canvas: &mut Canvas, area: Rect) {
    let lines = match (principal(model), event(model)) {
        (Some(row), _) => about_principal(model, row),
        (None, Some(row)) => about_event(row),
        (None, None) => Vec::new(),
    };
    let (columns, rows) = heat::SIZE;
    let beside = area.width >= 60 + columns && area.height >= rows;
    let facts = if beside { area.width - columns - 2 } else { area.width };
    let used = canvas.facts(Rect { width: facts, ..area }, 10, &lines);
    let Some(view) = data(model) else { return };
    let below = area.y + used + 1;
    if beside {
        heat::week(canvas, area.right() - columns, area.y, &view.heat);
    } else if below.saturating_add(rows) <= area.bottom() {
        heat::week(canvas, area.x + 1, below, &view.heat);
    }
}

fn about_principal(model: &Model, row: &PrincipalRow) -> Vec<Fact> {
    let now = model.now;
    let mut out = vec![
        ("actor", vec![plain(row.actor.for_tui(200))]),
        (
            "seen",
            vec![
                dim("first "),
                plain(format!("{} {}", row.first_seen.day(), row.first_seen.clock_time())),
                dim(" · last "),
                plain(format!("{} {}", row.last_seen.day(), row.last_seen.clock_time())),
                dim(format!(" ({})", words::since(now, row.last_seen))),
            ],
        ),
        ("findings", words::findings_sentence(&row.findings)),
    ];
    if row.third_party {
        out.push(("note", vec![(format!("belongs to an account outside {}", row.client).into(), Tone::Accent)]));
    }
    let missing = data(model).map_or(&[][..], |v| &v.not_evaluated);
    out.extend(missing.iter().map(|text| ("not read", vec![(text.clone().into(), Tone::Warn)])));
    out
}

fn about_event(row: &EventRow) -> Vec<Fact> {
    let mut end = outcome(row, 200).pieces;
    end.extend([dim(" · "), plain(row.region.to_string()), dim(" · "), plain(row.account.to_string())]);
    let mut from = vec![plain(row.source.for_tui(80))];
    if let Some(key) = &row.key {
        from.extend([dim(" · key "), plain(key.for_tui(30))]);
    }
    if let Some(session) = &row.session {
        from.extend([dim(" · session "), plain(session.for_tui(60))]);
    }
    vec![
        ("detail", vec![if row.detail.is_empty() { dim("–") } else { plain(row.detail.for_tui(400)) }]),
        ("outcome", end),
        ("from", from),
        ("agent", vec![plain(row.agent.for_tui(160))]),
        ("event", vec![dim(row.id.to_string())]),
    ]
}
