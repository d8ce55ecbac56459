//! The columns of the triage list and of evidence.

use super::state;
use crate::{
    desk::{Answer, view::FindingRow},
    domain::{Evidence, FindingState, Severity},
    tui::{
        panes::{Rows, Source},
        theme::{Tone, severity_glyph},
        widgets::{
            canvas::dim,
            table::{Column, Content, longest},
            words,
        },
    },
};
use rust_decimal::Decimal;
use unicode_width::UnicodeWidthStr;

/// Findings as rows.
pub struct FindingRows;

/// Evidence as rows.
pub struct EvidenceRows;

fn plain(text: impl Into<std::borrow::Cow<'static, str>>) -> Content {
    Content::text_of(text, Tone::Plain)
}

fn rank(severity: Severity) -> Decimal {
    let place = Severity::ALL.iter().rev().position(|s| *s == severity).unwrap_or(0);
    Decimal::from(place)
}

impl Rows for FindingRows {
    type Row = FindingRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [FindingRow] {
        match source.answer {
            Some(Answer::Findings(view)) => &view.rows,
            _ => &[],
        }
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, FindingRow>> {
        let settled = self.rows(source).iter().any(|row| row.state != FindingState::Open);
        let client = longest(self.rows(source).iter().map(|row| row.client.as_str()), 10, 24);
        let mut out = vec![
            Column::text("severity", "SEVERITY", (10, 10), |row: &FindingRow, _| {
                let text = format!("{} {}", severity_glyph(row.severity), row.severity.word().to_uppercase());
                Content::text_of(text, Tone::Severity(row.severity))
            })
            .sorted(|row| Some(rank(row.severity))),
            Column::text("client", "CLIENT", (client.min(15), client), |row: &FindingRow, _| {
                plain(row.client.to_string())
            }),
            Column::text("account", "ACCOUNT", (12, 12), |row: &FindingRow, _| {
                Content::text_of(row.account.to_string(), Tone::Dim)
            })
            .rank(2),
            Column::text("what", "WHAT", (39, 90), |row: &FindingRow, look| what(row, look.width.into())),
            Column::text("since", "SINCE", (9, 9), |row: &FindingRow, look| {
                plain(words::when(look.now, row.first_seen))
            })
            .sorted(|row| Some(Decimal::from(row.first_seen.second())))
            .rank(5),
            Column::text("last", "LAST", (9, 9), |row: &FindingRow, look| plain(words::when(look.now, row.last_seen)))
                .sorted(|row| Some(Decimal::from(row.last_seen.second()))),
            Column::number(
                "count",
                "×",
                6,
                |row: &FindingRow, _| plain(words::count(row.count.into())),
                |row| Some(Decimal::from(row.count)),
            )
            .rank(1),
            Column::text("state", "STATE", (12, 12), |row: &FindingRow, _| Content::of(vec![state(row)])).rank(4),
            Column::text("check", "CHECK", (12, 18), |row: &FindingRow, _| {
                Content::text_of(row.check.clone(), Tone::Dim)
            })
            .rank(6),
        ];
        // A column of one word says nothing.
        out.retain(|column| settled || column.field != "state");
        out
    }

    fn id(&self, row: &FindingRow) -> String {
        row.id.to_string()
    }

    fn empty(&self, _source: &Source) -> String {
        "No findings. That is worth something only when everything was read: 7 shows what was, e what was not.".into()
    }
}

/// What, and about whom: many findings of one check differ in nothing else.
fn what(row: &FindingRow, width: usize) -> Content {
    let title = row.title.for_tui(width);
    let subject = short_subject(&row.subject.for_tui(200));
    let room = width.saturating_sub(title.width() + 3);
    if subject.width() > room && room < 8 {
        return plain(title);
    }
    Content::of(vec![(title.into(), Tone::Plain), dim(" · "), dim(subject)])
}

/// What people call the subject: the end of an ARN, or all of it.
fn short_subject(subject: &str) -> String {
    match subject.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').nth(4)) {
        Some(resource) => resource.to_owned(),
        None => subject.to_owned(),
    }
}

impl Rows for EvidenceRows {
    type Row = Evidence;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [Evidence] {
        match source.answer {
            Some(Answer::Finding(view)) => &view.evidence,
            _ => &[],
        }
    }

    fn columns<'a>(&self, _source: &Source<'a>) -> Vec<Column<'a, Evidence>> {
        vec![
            Column::text("time", "TIME UTC", (19, 19), |row: &Evidence, _| {
                plain(format!("{} {}", row.time.day(), row.time.clock_time()))
            })
            .sorted(|row| Some(Decimal::from(row.time.second()))),
            Column::text("summary", "EVIDENCE", (44, 90), |row: &Evidence, look| {
                plain(row.summary.for_tui(look.width.into()))
            }),
            Column::text("actor", "ACTOR", (16, 40), |row: &Evidence, _| match &row.actor {
                Some(actor) => plain(super::super::access::short_actor(&actor.for_tui(120))),
                None => Content::of(vec![dim("–")]),
            })
            .rank(2),
            Column::text("source", "SOURCE", (15, 24), |row: &Evidence, look| match &row.source {
                Some(source) => plain(source.for_tui(look.width.into())),
                None => Content::of(vec![dim("–")]),
            })
            .rank(1),
            Column::text("region", "REGION", (12, 14), |row: &Evidence, _| match &row.region {
                Some(region) => Content::text_of(region.to_string(), Tone::Dim),
                None => Content::of(vec![dim("–")]),
            })
            .rank(3),
        ]
    }

    fn id(&self, row: &Evidence) -> String {
        match row.event {
            Some(event) => event.to_string(),
            None => format!("{} {}", row.time, row.summary.raw_for_matching()),
        }
    }

    fn empty(&self, source: &Source) -> String {
        if let Some(Answer::Finding(view)) = source.answer
            && view.evidence_note.is_some()
        {
            return "Its evidence is gone, as said above.".into();
        }
        "This finding carries no single events: it comes from costs, settings or a connection, as said above.".into()
    }
}
