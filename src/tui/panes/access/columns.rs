//! The columns of principals and of events.

use super::data_of;
use crate::{
    desk::view::{EventRow, PrincipalRow},
    domain::{Outcome, PrincipalKind, Timestamp},
    tui::{
        panes::{Rows, Source},
        theme::Tone,
        widgets::{
            canvas::{Piece, dim},
            table::{Column, Content},
            words,
        },
    },
};
use rust_decimal::Decimal;

/// Principals as rows.
pub struct PrincipalRows;

/// Events as rows.
pub struct EventRows;

fn plain(text: impl Into<std::borrow::Cow<'static, str>>) -> Content {
    Content::text_of(text, Tone::Plain)
}

fn seconds(at: Timestamp) -> Option<Decimal> {
    Some(Decimal::from(at.second()))
}

impl Rows for PrincipalRows {
    type Row = PrincipalRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [PrincipalRow] {
        data_of(source).map_or(&[], |v| &v.principals)
    }

    fn columns<'a>(&self, _source: &Source<'a>) -> Vec<Column<'a, PrincipalRow>> {
        vec![
            Column::text("principal", "PRINCIPAL", (18, 36), |row: &PrincipalRow, look| {
                plain(row.name.for_tui(look.width.into()))
            }),
            Column::text("kind", "KIND", (9, 9), |row: &PrincipalRow, _| {
                let tone = if row.kind == PrincipalKind::Root { Tone::Warn } else { Tone::Dim };
                Content::text_of(row.kind.word(), tone)
            })
            .rank(2),
            Column::text("client", "CLIENT", (12, 24), |row: &PrincipalRow, _| plain(row.client.to_string())).rank(1),
            Column::text("account", "ACCOUNT", (12, 12), |row: &PrincipalRow, _| {
                Content::text_of(row.account.to_string(), Tone::Dim)
            })
            .rank(6),
            Column::text("last", "LAST", (9, 9), |row: &PrincipalRow, look| {
                plain(words::when(look.now, row.last_seen))
            })
            .sorted(|row| seconds(row.last_seen)),
            Column::text("first", "FIRST SEEN", (10, 10), |row: &PrincipalRow, look| {
                let fresh = look.now.since(row.first_seen) < 172_800;
                Content::text_of(words::when(look.now, row.first_seen), if fresh { Tone::Warn } else { Tone::Dim })
            })
            .sorted(|row| seconds(row.first_seen))
            .rank(4),
            Column::number(
                "actions",
                "ACTIONS",
                9,
                |row: &PrincipalRow, _| plain(words::count(row.actions)),
                |row| Some(Decimal::from(row.actions)),
            ),
            Column::number(
                "denied",
                "DENIED",
                7,
                |row: &PrincipalRow, _| match row.denied {
                    0 => Content::of(vec![dim("0")]),
                    n => Content::text_of(words::count(n), Tone::Warn),
                },
                |row| Some(Decimal::from(row.denied)),
            )
            .rank(3),
            Column::text("networks", "NETWORKS", (10, 10), |row: &PrincipalRow, _| networks(row))
                .sorted(|row| Some(Decimal::from(row.networks)))
                .rank(5),
            Column::text("note", "NOTE", (12, 28), |row: &PrincipalRow, _| note(row)),
        ]
    }

    fn id(&self, row: &PrincipalRow) -> String {
        format!("{} {} {}", row.client, row.account, row.actor.raw_for_matching())
    }

    fn empty(&self, _source: &Source) -> String {
        "Nobody acted here in the days held, or no events were read yet. R syncs now; 2 shows which accounts are connected."
            .into()
    }
}

fn networks(row: &PrincipalRow) -> Content {
    let mut pieces: Vec<Piece> = vec![(format!("{:>3}", row.networks).into(), Tone::Plain)];
    if row.new_networks > 0 {
        pieces.push((format!(" {} new", row.new_networks).into(), Tone::Warn));
    }
    Content::of(pieces)
}

fn note(row: &PrincipalRow) -> Content {
    let mut pieces: Vec<Piece> = Vec::new();
    let worst = crate::domain::Severity::ALL.into_iter().find(|s| row.findings.get(*s) > 0);
    if let Some(severity) = worst {
        let text = format!("{} {}", row.findings.get(severity), severity.word());
        pieces.push((text.into(), Tone::Severity(severity)));
    }
    let facts = [(row.new_networks > 0, "! new network", Tone::Warn), (row.third_party, "+ third party", Tone::Accent)];
    for (_, text, tone) in facts.into_iter().filter(|f| f.0) {
        if !pieces.is_empty() {
            pieces.push(dim(" · "));
        }
        pieces.push((text.into(), tone));
    }
    Content::of(pieces)
}

impl Rows for EventRows {
    type Row = EventRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [EventRow] {
        data_of(source).map_or(&[], |v| &v.events)
    }

    fn columns<'a>(&self, _source: &Source<'a>) -> Vec<Column<'a, EventRow>> {
        vec![
            Column::text("time", "TIME UTC", (19, 19), |row: &EventRow, _| {
                plain(format!("{} {}", row.time.day(), row.time.clock_time()))
            })
            .sorted(|row| seconds(row.time)),
            Column::text("action", "ACTION", (22, 38), |row: &EventRow, look| {
                let name = row.name.for_tui(look.width.into());
                Content::of(vec![dim(format!("{} ", row.service.for_tui(20))), (name.into(), Tone::Plain)])
            }),
            Column::text("outcome", "OUTCOME", (8, 22), |row: &EventRow, look| outcome(row, look.width.into())),
            Column::text("region", "REGION", (12, 14), |row: &EventRow, _| {
                Content::text_of(row.region.to_string(), Tone::Dim)
            })
            .rank(2),
            Column::text("source", "SOURCE", (15, 24), |row: &EventRow, look| {
                plain(row.source.for_tui(look.width.into()))
            })
            .rank(1),
            Column::text("detail", "DETAIL", (14, 60), |row: &EventRow, look| {
                plain(row.detail.for_tui(look.width.into()))
            })
            .rank(3),
        ]
    }

    fn id(&self, row: &EventRow) -> String {
        row.id.to_string()
    }

    fn empty(&self, _source: &Source) -> String {
        "No events of this principal in the days held. Esc goes back to the others.".into()
    }
}

/// How a call ended, in a word and its code.
pub fn outcome(row: &EventRow, width: usize) -> Content {
    match &row.outcome {
        Outcome::Ok => Content::of(vec![dim("ok")]),
        Outcome::Denied(code) if width > 14 => {
            Content::text_of(format!("denied {}", code.for_tui(width.saturating_sub(7))), Tone::Bad)
        }
        Outcome::Denied(_) => Content::text_of("denied", Tone::Bad),
        Outcome::Failed(code) if width > 14 => {
            Content::text_of(format!("failed {}", code.for_tui(width.saturating_sub(7))), Tone::Warn)
        }
        Outcome::Failed(_) => Content::text_of("failed", Tone::Warn),
    }
}
