//! One job, or one client's payments, in words.

use super::{source, view_of};
use crate::{
    domain::{ClientId, JobProgress, JobState, PlannedJob},
    tui::{
        model::Model,
        sync_board::ce_price,
        theme::Tone,
        widgets::{canvas::Canvas, words},
    },
};
use ratatui::layout::Rect;

/// Draws paragraphs below each other, as many as there is room for.
struct Column<'a, 'b> {
    canvas: &'a mut Canvas<'b>,
    area: Rect,
    y: u16,
}

impl Column<'_, '_> {
    fn say(&mut self, text: &str, tone: Tone) {
        if self.y < self.area.bottom() {
            let Rect { x, width, .. } = self.area;
            let room =
                Rect { x: x + 1, y: self.y, width: width.saturating_sub(2), height: self.area.bottom() - self.y };
            self.y += self.canvas.paragraph(room, text, tone);
        }
    }
}

/// A job of the run.
pub fn job(model: &Model, job: &JobProgress, canvas: &mut Canvas, area: Rect) {
    let mut out = Column { canvas, area, y: area.y };
    for (_, failure) in model.sync.failures().filter(|(j, _)| j.key() == job.key()) {
        out.say(&failure.what, Tone::Bad);
        out.say(&failure.next_step, Tone::Plain);
    }
    out.say(&standing(model, job), Tone::Plain);
    let told = matches!(job.state, JobState::Failed { .. } | JobState::Partial { .. });
    if let Some(error) = job.last_error.as_ref().filter(|_| !told) {
        out.say(&format!("last error, since overcome or tried again: {error}"), Tone::Warn);
    }
    if let Some(text) = payments(model, &job.client) {
        out.say(&text, Tone::Dim);
    }
}

/// A job that is due.
pub fn due(model: &Model, job: &PlannedJob, canvas: &mut Canvas, area: Rect) {
    let mut out = Column { canvas, area, y: area.y };
    let requests = words::count(job.requests.total());
    out.say(&format!("due: {}; {requests} requests at least. R reads all that is due.", job.what), Tone::Plain);
    if let Some(text) = payments(model, &job.client) {
        out.say(&text, Tone::Dim);
    }
}

/// What a client paid.
pub fn paid(model: &Model, client: &ClientId, canvas: &mut Canvas, area: Rect) {
    let mut out = Column { canvas, area, y: area.y };
    if let Some(text) = payments(model, client) {
        out.say(&text, Tone::Plain);
    }
    out.say(
        "A cap stops before the request; ce_requests_per_day and ce_requests_per_month in config.toml set them.",
        Tone::Dim,
    );
}

/// How far it is, how fast it goes, and how long it takes.
fn standing(model: &Model, job: &JobProgress) -> String {
    let held = if job.paused || model.sync.paused() && !job.state.is_ended() { "paused · " } else { "" };
    let state = match &job.state {
        JobState::Waiting => "waiting for its turn",
        JobState::Running => "at work",
        JobState::Done => "no errors",
        JobState::Partial { .. } => "done in part: r tries it again",
        JobState::Failed { .. } => "failed: r tries it again",
        JobState::Cancelled => "cancelled, what it had stored is kept: r tries it again",
    };
    let mut parts = vec![format!("{held}{state}")];
    if job.total > 0 {
        parts.push(format!("{} of {} steps", job.done, job.total));
    }
    if let Some(rate) = job.requests_per_minute.filter(|_| job.state == JobState::Running) {
        parts.push(words::rate(rate));
    }
    if let Some(left) = job.remaining_seconds.filter(|left| *left > 0) {
        parts.push(format!("{} left", words::span(left)));
    }
    if job.requests.total() > 0 {
        parts.push(format!("{} requests", words::count(job.requests.total())));
    }
    if job.retries > 0 {
        parts.push(format!("{} of them repeated", words::count(job.retries.into())));
    }
    parts.join(" · ")
}

/// What a client pays: what is due, what this run took, and what it paid before, with the caps.
fn payments(model: &Model, client: &ClientId) -> Option<String> {
    let view = view_of(&source(model));
    let due = view.and_then(|view| view.plan.spend.iter().find(|spend| spend.client == *client));
    let paid = view.and_then(|view| view.spend.clients.iter().find(|row| row.client == *client));
    let run = model.sync.pages_of(client);
    let mut parts = Vec::new();
    if let Some(due) = due.filter(|_| !model.sync.running()) {
        let held = match due.held_back {
            0 => String::new(),
            held => format!(", {} held back by a cap", words::count(held)),
        };
        parts.push(format!("{} due now (${}){held}", words::count(due.due), ce_price(due.due)));
    }
    if run > 0 {
        parts.push(format!("{} in this run (${})", words::count(run), ce_price(run)));
    }
    // While a run goes on, the ledger may have been read at its beginning or in its midst.
    let when = if model.sync.running() { "when last read: today" } else { "today" };
    let of = |word: &str, paid: u64, cap: u64| match cap {
        0 => format!("{word} {}", words::count(paid)),
        cap => format!("{word} {} of {}", words::count(paid), words::count(cap)),
    };
    if let Some(row) = paid {
        parts.push(of(when, row.today, row.day_cap));
        parts.push(of("this month", row.month, row.month_cap));
    } else if let Some(due) = due {
        parts.push(of(when, due.today, due.day_cap));
        parts.push(of("this month", due.month, due.month_cap));
    }
    (!parts.is_empty()).then(|| format!("Cost Explorer for {client}: {}", parts.join(" · ")))
}
