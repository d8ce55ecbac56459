//! What is due now, before anything is asked.

use super::{job_id, price, view_of};
use crate::{
    desk::view::SyncView,
    domain::PlannedJob,
    tui::{
        panes::{Rows, Source},
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

/// Jobs that a sync would do.
pub struct Due;

impl Rows for Due {
    type Row = PlannedJob;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [PlannedJob] {
        view_of(source).map_or(&[], |view| &view.plan.jobs)
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, PlannedJob>> {
        let rows = self.rows(source);
        let client = longest(rows.iter().map(|job| job.client.as_str()), 12, 28);
        let what = longest(rows.iter().map(|job| job.what.as_str()), 10, 44);
        vec![
            Column::text("client", "CLIENT", (client.min(17), client), |row: &PlannedJob, _| {
                Content::text_of(row.client.to_string(), Tone::Plain)
            }),
            Column::text("account", "ACCOUNT", (12, 12), |row: &PlannedJob, _| {
                Content::text_of(row.account.to_string(), Tone::Dim)
            }),
            Column::text("source", "SOURCE", (8, 8), |row: &PlannedJob, _| {
                Content::text_of(row.source.word(), Tone::Plain)
            }),
            Column::text("what", "DUE", (10, what), |row: &PlannedJob, _| {
                Content::text_of(row.what.clone(), Tone::Plain)
            }),
            Column::number(
                "requests",
                "REQUESTS",
                8,
                |row: &PlannedJob, _| Content::text_of(words::count(row.requests.total()), Tone::Plain),
                |row| Some(Decimal::from(row.requests.total())),
            ),
            Column::number(
                "spend",
                "CE $",
                6,
                |row: &PlannedJob, _| price(row.requests.ce),
                |row| Some(ce_price(row.requests.ce)),
            )
            .rank(1),
        ]
    }

    fn id(&self, row: &PlannedJob) -> String {
        job_id(&row.client, row.account, row.source)
    }

    fn empty(&self, source: &Source) -> String {
        match (source.sync.aborted(), view_of(source)) {
            (Some(failure), _) => format!("{} {}", failure.what, failure.next_step),
            (None, Some(_)) => {
                "Nothing is due. No sync has run in this session; R syncs what is new all the same.".into()
            }
            (None, None) => "No sync has run in this session. R syncs now.".into(),
        }
    }
}

/// What it all takes.
pub fn headline(view: &SyncView) -> Vec<Piece> {
    let plan = &view.plan;
    let jobs = plan.jobs.len() as u64;
    if jobs == 0 {
        return vec![dim("no run in this session · nothing is due")];
    }
    let mut out = vec![
        plain(format!("{} due", words::plural(jobs, "job", "jobs"))),
        dim(format!(" · {} requests at least", words::count(plan.requests.total()))),
        dim(format!(" · about {}", words::span(plan.seconds))),
        dim(" · Cost Explorer "),
        plain(format!("${}", plan.ce_price_usd)),
    ];
    let held: u64 = plan.spend.iter().map(|spend| spend.held_back).sum();
    if held > 0 {
        out.extend([dim(" · "), (format!("{} held back by caps", words::count(held)).into(), Tone::Warn)]);
    }
    out
}
