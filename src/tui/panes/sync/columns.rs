//! The columns of the jobs.

use super::{job_id, price};
use crate::{
    domain::{JobProgress, JobState},
    tui::{
        panes::{Rows, Source},
        sync_board::ce_price,
        theme::Tone,
        widgets::{
            canvas::{dim, plain},
            table::{Column, Content, longest},
            words,
        },
    },
};
use rust_decimal::Decimal;

/// Jobs as rows.
pub struct Jobs;

const BAR: u32 = 10;

impl Rows for Jobs {
    type Row = JobProgress;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [JobProgress] {
        source.sync.jobs()
    }

    fn natural(&self, rows: &[JobProgress]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(rows.get(*i).map(|job| urgency(&job.state))));
        order
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, JobProgress>> {
        let client = longest(self.rows(source).iter().map(|job| job.client.as_str()), 12, 28);
        let number = |field, title, width, value: fn(&JobProgress) -> u64| {
            let cell = move |row: &JobProgress, _| match value(row) {
                0 => Content::of(vec![dim("0")]),
                n => Content::text_of(words::count(n), Tone::Plain),
            };
            Column::number(field, title, width, cell, move |row: &JobProgress| Some(Decimal::from(value(row))))
        };
        vec![
            Column::text("client", "CLIENT", (client.min(17), client), |row: &JobProgress, _| {
                Content::text_of(row.client.to_string(), Tone::Plain)
            }),
            Column::text("account", "ACCOUNT", (12, 12), |row: &JobProgress, _| {
                Content::text_of(row.account.to_string(), Tone::Dim)
            }),
            Column::text("source", "SOURCE", (8, 8), |row: &JobProgress, _| {
                Content::text_of(row.source.word(), Tone::Plain)
            }),
            Column::text("state", "STATE", (9, 9), |row: &JobProgress, _| state(row))
                .sorted(|row| Some(Decimal::from(urgency(&row.state)))),
            Column::text("progress", "PROGRESS", (17, 20), |row: &JobProgress, _| progress(row))
                .sorted(|row| (row.total > 0).then(|| Decimal::from(row.done) / Decimal::from(row.total))),
            Column::number(
                "left",
                "LEFT",
                6,
                |row: &JobProgress, _| known(row.remaining_seconds.map(words::span)),
                |row| row.remaining_seconds.map(Decimal::from),
            )
            .rank(1),
            Column::number(
                "rate",
                "RATE",
                6,
                |row: &JobProgress, _| {
                    known(row.requests_per_minute.filter(|_| row.state == JobState::Running).map(words::rate))
                },
                |row| row.requests_per_minute.map(Decimal::from),
            )
            .rank(2),
            number("rows", "ROWS", 9, |j| j.rows).rank(4),
            number("requests", "REQUESTS", 8, |j| j.requests.total()).rank(5),
            number("retries", "RETRIES", 7, |j| j.retries.into()).rank(6),
            Column::number(
                "spend",
                "CE $",
                6,
                |row: &JobProgress, _| price(row.paid_pages),
                |row| Some(ce_price(row.paid_pages)),
            )
            .rank(3),
            Column::text("region", "REGION NOW", (12, 16), |row: &JobProgress, _| match &row.region {
                Some(region) if row.state == JobState::Running => Content::of(vec![plain(region.to_string())]),
                _ => Content::of(vec![dim("–")]),
            })
            .rank(7),
        ]
    }

    fn id(&self, row: &JobProgress) -> String {
        job_id(&row.client, row.account, row.source)
    }

    fn empty(&self, source: &Source) -> String {
        match source.sync.aborted() {
            Some(failure) => format!("{} {}", failure.what, failure.next_step),
            None => "The run had nothing to do: all of it was read a moment ago.".into(),
        }
    }
}

/// What asks for a look stands first: failed, partial, running, waiting, done.
fn urgency(state: &JobState) -> u8 {
    match state {
        JobState::Failed { .. } => 4,
        JobState::Partial { .. } => 3,
        JobState::Running => 2,
        JobState::Waiting => 1,
        JobState::Done | JobState::Cancelled => 0,
    }
}

fn known(text: Option<String>) -> Content {
    text.map_or_else(|| Content::of(vec![dim("–")]), |text| Content::text_of(text, Tone::Plain))
}

fn state(row: &JobProgress) -> Content {
    let (word, tone) = match row.state {
        JobState::Waiting | JobState::Running if row.paused => ("paused", Tone::Warn),
        JobState::Waiting => ("waiting", Tone::Dim),
        JobState::Running => ("running", Tone::Accent),
        JobState::Done => ("done", Tone::Good),
        JobState::Partial { .. } => ("partial", Tone::Warn),
        JobState::Failed { .. } => ("failed", Tone::Bad),
        JobState::Cancelled => ("cancelled", Tone::Warn),
    };
    Content::text_of(word, tone)
}

fn progress(row: &JobProgress) -> Content {
    if row.total == 0 {
        return Content::of(vec![dim("–")]);
    }
    let done = row.done.min(row.total);
    let filled = done * BAR / row.total;
    let bar = "█".repeat(filled as usize);
    let rest = "░".repeat((BAR - filled) as usize);
    Content::of(vec![plain(bar), dim(rest), plain(format!(" {done}/{}", row.total))])
}
