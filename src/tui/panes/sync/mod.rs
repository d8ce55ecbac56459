//! 7 Sync: every job of the run, its progress, its price and its errors in words.

mod columns;

use super::{Copyable, Listing, Pane, PaneId, Source, Step};
use crate::{
    desk::Query,
    domain::{ClientId, JobProgress, JobState},
    tui::{
        model::Model,
        theme::Tone,
        widgets::{
            canvas::{Canvas, Piece, dim, plain},
            words,
        },
    },
};
use ratatui::layout::Rect;

/// The pane.
#[derive(Debug)]
pub struct Sync;

fn selected(model: &Model) -> Option<&JobProgress> {
    let row = model.stack(PaneId::Sync).top().list.selected_row()?;
    model.sync.jobs().get(row)
}

impl Pane for Sync {
    fn id(&self) -> PaneId {
        PaneId::Sync
    }

    fn title(&self) -> &'static str {
        "Sync"
    }

    fn root(&self) -> Option<Query> {
        None
    }

    fn crumb(&self, _query: &Query) -> String {
        String::new()
    }

    fn listing(&self, _source: &Source) -> &'static dyn Listing {
        &columns::Jobs
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        let board = &model.sync;
        if board.jobs().is_empty() && !board.running() {
            return vec![dim("no run in this session")];
        }
        let (ended, all) = (board.ended(), board.jobs().len());
        let failed = board.jobs().iter().filter(|j| matches!(j.state, JobState::Failed { .. })).count();
        let partial = board.jobs().iter().filter(|j| matches!(j.state, JobState::Partial { .. })).count();
        let head = match (board.aborted(), board.running()) {
            (Some(_), _) => ("stopped ".into(), Tone::Bad),
            (None, true) => ("running ".into(), Tone::Accent),
            (None, false) => ("finished ".into(), Tone::Good),
        };
        let mut out = vec![head, plain(format!("{ended}/{all} jobs"))];
        for (n, word, tone) in [(failed, "failed", Tone::Bad), (partial, "partial", Tone::Warn)] {
            if n > 0 {
                out.extend([dim(" · "), (format!("{n} {word}").into(), tone)]);
            }
        }
        let requests = board.requests();
        out.push(dim(format!(" · {} requests", words::count(requests.total()))));
        out.push(dim(format!(" · Cost Explorer {} pages, ", words::count(requests.ce))));
        out.push(plain(format!("${}", board.spend())));
        out
    }

    fn enter(&self, _model: &Model) -> Result<Step, String> {
        Err("the job's errors stand below in full; e shows all errors".into())
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        selected(model).map(|job| job.client.clone())
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        let Some(job) = selected(model) else { return Vec::new() };
        let mut out = vec![Copyable { key: 'i', label: "account id", text: job.account.to_string() }];
        let errors: Vec<String> = model
            .sync
            .failures()
            .filter(|(j, _)| j.id == job.id)
            .map(|(_, f)| format!("{} {}", f.what, f.next_step))
            .collect();
        if !errors.is_empty() {
            out.push(Copyable { key: 'e', label: "errors of this job", text: errors.join("\n") });
        }
        out
    }

    fn command(&self, _query: Option<&Query>) -> String {
        "bailiwick sync".into()
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        selected(model).map(|job| format!("{} of {} {}", job.source.word(), job.client, job.account))
    }

    fn detail_rows(&self, _model: &Model) -> u16 {
        6
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        let Some(job) = selected(model) else { return };
        let mut y = area.y;
        for (_, failure) in model.sync.failures().filter(|(j, _)| j.id == job.id) {
            for (text, tone) in [(&failure.what, Tone::Bad), (&failure.next_step, Tone::Plain)] {
                let room = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: area.bottom() - y };
                y += canvas.paragraph(room, text, tone);
            }
        }
        if y == area.y {
            y += canvas.put(area.x + 1, y, area.width, calm(&job.state), Tone::Dim).min(1);
        }
        let spend = model.sync.spend_by_client();
        if y < area.bottom() && !spend.is_empty() {
            let all: Vec<String> = spend.iter().map(|(client, usd)| format!("{client} ${usd}")).collect();
            let text = format!("Cost Explorer by client: {}", all.join(" · "));
            let room = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: area.bottom() - y };
            canvas.paragraph(room, &text, Tone::Dim);
        }
    }
}

/// What to say of a job without errors.
fn calm(state: &JobState) -> &'static str {
    match state {
        JobState::Waiting => "waiting for its turn",
        JobState::Running => "at work, no errors so far",
        _ => "no errors",
    }
}
