//! One finding in words.

use super::state;
use crate::{
    desk::view::{FindingDetail, FindingRow},
    domain::Timestamp,
    tui::{
        theme::{Tone, severity_glyph},
        widgets::{
            canvas::{Canvas, Fact, Piece, dim, plain, wrap},
            words,
        },
    },
};
use ratatui::layout::Rect;

const LABEL: u16 = 12;

/// Severity and title in one line.
pub fn headline(row: &FindingRow) -> Vec<Piece> {
    let severity = format!("{} {}  ", severity_glyph(row.severity), row.severity.word().to_uppercase());
    vec![(severity.into(), Tone::Severity(row.severity)), (row.title.for_tui(300).into(), Tone::Strong)]
}

/// Place, age and state in one line.
fn place(now: Timestamp, row: &FindingRow) -> Vec<Piece> {
    vec![
        plain(format!("{} {}", row.client, row.account)),
        dim(" · since "),
        plain(words::when(now, row.first_seen)),
        dim(format!(" · seen {} · ", words::plural(row.count.into(), "time", "times"))),
        state(row),
    ]
}

/// The finding selected in the list.
pub fn brief(now: Timestamp, row: &FindingRow, canvas: &mut Canvas, area: Rect) {
    let lines: [Fact; 4] = [
        ("subject", vec![plain(row.subject.for_tui(300))]),
        ("what", vec![plain(row.title.for_tui(300))]),
        (
            "seen",
            vec![
                plain(words::plural(row.count.into(), "time", "times")),
                dim(format!(", first {} {}", row.first_seen.day(), row.first_seen.clock_time())),
                dim(format!(", last {} {}", row.last_seen.day(), row.last_seen.clock_time())),
                dim(format!(" ({})", words::since(now, row.last_seen))),
            ],
        ),
        (
            "next",
            vec![
                ("Enter".into(), Tone::Accent),
                dim(" evidence and what to do   "),
                ("a".into(), Tone::Accent),
                dim(" access"),
            ],
        ),
    ];
    canvas.facts(area, LABEL, &lines);
}

/// What is said of a finding, the most useful first.
fn sections(finding: &FindingDetail) -> Vec<(&'static str, String, Tone)> {
    let refs: Vec<String> = [("ATT&CK", &finding.attack), ("CIS", &finding.cis)]
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| format!("{name} {}", list.join(" ")))
        .collect();
    let all = [
        ("what", finding.what.for_tui(2_000), Tone::Strong),
        ("subject", finding.row.subject.for_tui(300), Tone::Plain),
        ("do", finding.remediation.clone(), Tone::Plain),
        ("why", finding.why.clone(), Tone::Plain),
        ("normal if", finding.false_positives.clone(), Tone::Dim),
        ("maps to", refs.join(" · "), Tone::Dim),
        ("evidence", finding.evidence_note.clone().unwrap_or_default(), Tone::Dim),
        ("check", format!("{} by {}", finding.row.check, finding.author), Tone::Dim),
    ];
    all.into_iter().filter(|section| !section.1.is_empty()).collect()
}

/// Rows it takes to say all of it in so many columns.
pub fn rows(finding: &FindingDetail, columns: u16) -> u16 {
    let width = usize::from(columns.saturating_sub(LABEL + 2));
    let lines = |text: &str| wrap(text, width).len().max(1);
    u16::try_from(1 + sections(finding).iter().map(|(_, text, _)| lines(text)).sum::<usize>()).unwrap_or(u16::MAX)
}

/// Everything the check says about it.
pub fn full(now: Timestamp, finding: &FindingDetail, canvas: &mut Canvas, area: Rect) {
    let mut y = area.y + canvas.facts(Rect { height: 1, ..area }, LABEL, &[("where", place(now, &finding.row))]);
    for (label, text, tone) in sections(finding) {
        let room = area.bottom().saturating_sub(y);
        if room == 0 {
            canvas.put(area.right().saturating_sub(2), area.bottom().saturating_sub(1), 1, "…", Tone::Dim);
            break;
        }
        canvas.put(area.x + 1, y, LABEL, label, Tone::Dim);
        let body = Rect { x: area.x + 1 + LABEL, y, width: area.width.saturating_sub(LABEL + 2), height: room };
        y += canvas.paragraph(body, &text, tone).max(1);
    }
}
