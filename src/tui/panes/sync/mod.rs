//! 7 Sync: every job of the run, its progress, its price and its errors in words; before it, what is due; and what the
//! clients paid.

mod columns;
mod detail;
mod due;
mod spend;

use super::{Copyable, Listing, Pane, PaneId, Source, Step};
use crate::{
    desk::{Answer, Query, view::SyncView},
    domain::{self, AccountId, ClientId, JobProgress, JobState, PlannedJob},
    tui::{
        model::Model,
        sync_board::ce_price,
        theme::Tone,
        widgets::{
            canvas::{Canvas, Piece, dim, plain},
            table::Content,
            words,
        },
    },
};
use ratatui::layout::Rect;

/// The pane.
#[derive(Debug)]
pub struct Sync;

/// What a job is known by in its table, before a run and in it.
fn job_id(client: &ClientId, account: AccountId, source: domain::Source) -> String {
    format!("{client} {account} {}", source.word())
}

/// What so many Cost Explorer pages cost.
fn price(pages: u64) -> Content {
    match pages {
        0 => Content::of(vec![dim("–")]),
        pages => Content::text_of(ce_price(pages).to_string(), Tone::Plain),
    }
}

/// The plan and the ledger, as they were before the run that goes on.
fn view_of<'a>(source: &Source<'a>) -> Option<&'a SyncView> {
    match source.answer {
        Some(Answer::Sync(view)) => Some(view),
        _ => None,
    }
}

fn source(model: &Model) -> Source<'_> {
    Source::of(model.stack(PaneId::Sync).top(), &model.sync)
}

fn in_ledger(source: &Source) -> bool {
    matches!(source.query, Some(Query::SyncSpend))
}

/// The row selected, if it is one of jobs that run or ran.
pub fn selected_job(model: &Model) -> Option<&JobProgress> {
    let row = model.stack(PaneId::Sync).top().list.selected_row()?;
    model.sync.jobs().get(row).filter(|_| !in_ledger(&source(model)))
}

/// The row selected, if it is one of what is due.
fn selected_due(model: &Model) -> Option<&PlannedJob> {
    let source = source(model);
    let row = model.stack(PaneId::Sync).top().list.selected_row()?;
    let due = !in_ledger(&source) && source.sync.jobs().is_empty();
    view_of(&source).filter(|_| due)?.plan.jobs.get(row)
}

impl Pane for Sync {
    fn id(&self) -> PaneId {
        PaneId::Sync
    }

    fn title(&self) -> &'static str {
        "Sync"
    }

    fn root(&self) -> Option<Query> {
        Some(Query::SyncPlan)
    }

    fn crumb(&self, query: &Query) -> String {
        if *query == Query::SyncSpend { "spend".into() } else { String::new() }
    }

    fn listing(&self, source: &Source) -> &'static dyn Listing {
        if in_ledger(source) {
            &spend::Ledger
        } else if source.sync.jobs().is_empty() && !source.sync.running() {
            &due::Due
        } else {
            &columns::Jobs
        }
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        let source = source(model);
        match view_of(&source) {
            Some(view) if in_ledger(&source) => spend::headline(view),
            Some(view) if source.sync.jobs().is_empty() && !source.sync.running() => due::headline(view),
            _ => headline(model),
        }
    }

    fn enter(&self, _model: &Model) -> Result<Step, String> {
        Err("nothing lies below it: e shows the errors of all jobs in full, $ what the clients paid".into())
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        let job = selected_job(model).map(|job| &job.client);
        job.or_else(|| selected_due(model).map(|job| &job.client)).or_else(|| spend::client(model)).cloned()
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        let account = selected_job(model).map(|job| job.account).or_else(|| selected_due(model).map(|job| job.account));
        let mut out: Vec<Copyable> = account
            .map(|account| Copyable { key: 'i', label: "account id", text: account.to_string() })
            .into_iter()
            .collect();
        let Some(job) = selected_job(model) else { return out };
        let errors: Vec<String> = model
            .sync
            .failures()
            .filter(|(j, _)| j.key() == job.key())
            .map(|(_, f)| format!("{} {}", f.what, f.next_step))
            .collect();
        if !errors.is_empty() {
            out.push(Copyable { key: 'e', label: "errors of this job", text: errors.join("\n") });
        }
        out
    }

    fn command(&self, query: Option<&Query>) -> String {
        match query {
            Some(Query::SyncSpend) => "bailiwick sync --spend".into(),
            _ => "bailiwick sync".into(),
        }
    }

    fn shows_without_answer(&self, model: &Model) -> bool {
        let source = source(model);
        !in_ledger(&source) && (source.sync.running() || !source.sync.jobs().is_empty())
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        let job = selected_job(model).map(|job| (job.source, &job.client, job.account));
        let due = || selected_due(model).map(|job| (job.source, &job.client, job.account));
        let title =
            job.or_else(due).map(|(source, client, account)| format!("{} of {client} {account}", source.word()));
        title.or_else(|| spend::client(model).map(ToString::to_string))
    }

    fn detail_rows(&self, _model: &Model) -> u16 {
        6
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        if let Some(job) = selected_job(model) {
            detail::job(model, job, canvas, area);
        } else if let Some(job) = selected_due(model) {
            detail::due(model, job, canvas, area);
        } else if let Some(client) = spend::client(model) {
            detail::paid(model, client, canvas, area);
        }
    }
}

/// How the run goes.
fn headline(model: &Model) -> Vec<Piece> {
    let board = &model.sync;
    if board.jobs().is_empty() && !board.running() {
        return vec![dim("no run in this session")];
    }
    let (ended, all) = (board.ended(), board.jobs().len());
    let head = match (board.aborted(), board.running(), board.paused()) {
        (Some(_), ..) => ("stopped ".into(), Tone::Bad),
        (None, true, true) => ("paused ".into(), Tone::Warn),
        (None, true, false) => ("running ".into(), Tone::Accent),
        (None, false, _) => ("finished ".into(), Tone::Good),
    };
    let mut out = vec![head, plain(format!("{ended}/{all} jobs"))];
    let counted = |is: fn(&JobState) -> bool| board.jobs().iter().filter(|job| is(&job.state)).count();
    for (n, word, tone) in [
        (counted(|s| matches!(s, JobState::Failed { .. })), "failed", Tone::Bad),
        (counted(|s| matches!(s, JobState::Partial { .. })), "partial", Tone::Warn),
        (counted(|s| matches!(s, JobState::Cancelled)), "cancelled", Tone::Warn),
    ] {
        if n > 0 {
            out.extend([dim(" · "), (format!("{n} {word}").into(), tone)]);
        }
    }
    if let Some(left) = board.remaining(model.now).filter(|left| *left > 0) {
        out.push(plain(format!(" · {} left", words::span(left))));
    }
    let requests = board.requests();
    out.push(dim(format!(" · Cost Explorer {} pages, ", words::count(board.pages()))));
    out.push(plain(format!("${}", board.spend())));
    out.push(dim(format!(" · {} requests", words::count(requests.total()))));
    if let Some(rate) = board.per_minute().filter(|_| board.running() && !board.paused()) {
        out.push(dim(format!(", {}", words::rate(rate))));
    }
    let retries: u32 = board.jobs().iter().map(|job| job.retries).sum();
    if retries > 0 {
        out.push(dim(format!(", {} repeated", words::count(retries.into()))));
    }
    out
}
