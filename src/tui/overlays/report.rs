//! Longer texts: what is stale or failed, and the log of notices.

use crate::{
    desk::{
        Answer,
        view::{AccessView, VaultMode},
    },
    domain::{ClientId, Failure},
    tui::{
        Model, NoticeLevel,
        theme::Tone,
        widgets::{canvas::Piece, words},
    },
};

/// One paragraph: a heading in its own tone, then text.
pub type Paragraph = (Piece, String);

/// Everything in trouble, in words with the next step: the view shown, sources by client, the sync run.
pub fn errors(model: &Model) -> Vec<Paragraph> {
    let mut out: Vec<Paragraph> = Vec::new();
    if let Some(reason) = &model.level().failed {
        out.push((("this view".into(), Tone::Bad), reason.clone()));
    }
    if let Some(Answer::Vault(view)) = &model.level().answer {
        if let VaultMode::ReadOnly { why } = &view.mode {
            out.push((("vault is read-only".into(), Tone::Bad), why.clone()));
        }
        out.extend(view.backup_problem.iter().map(|text| (("backup".into(), Tone::Bad), text.clone())));
        out.extend(view.notices.iter().map(|text| (("vault".into(), Tone::Warn), text.clone())));
        let noted = view.backups.iter().filter_map(|b| Some((b.name.clone(), b.what.clone()?)));
        out.extend(noted.map(|(name, what)| ((name.into(), Tone::Warn), what)));
    }
    if let Some(failure) = model.sync.aborted() {
        out.push((("sync stopped".into(), Tone::Bad), sentence(failure)));
    }
    for (job, failure) in model.sync.failures() {
        let head = format!("{} {} {}", job.client, job.account, job.source.word());
        out.push(((head.into(), Tone::Bad), sentence(failure)));
    }
    let purged = model.sync.summary().into_iter().flat_map(|summary| &summary.purged);
    for (client, failure) in purged.filter_map(|p| Some((&p.client, p.failure.as_ref()?))) {
        let text = format!("what is older than events are kept could not be removed: {}", sentence(failure));
        out.push(((client.to_string().into(), Tone::Bad), text));
    }
    // What a job has just said is not said again.
    let said = |client: &ClientId, text: &str| {
        model.sync.failures().any(|(job, failure)| {
            job.client == *client && (text.contains(&failure.what) || text.contains(&failure.next_step))
        })
    };
    for row in model.clients() {
        let mut problems = row.freshness.problems.clone();
        problems.retain(|text| !said(&row.client, text));
        let prefix = format!("{} ", row.client);
        for text in &mut problems {
            if let Some(rest) = text.strip_prefix(&prefix) {
                *text = rest.to_owned();
            }
        }
        if row.freshness.problems.is_empty() {
            problems.extend(words::reason(model.now, &row.month));
        }
        out.extend(problems.into_iter().map(|text| ((row.client.to_string().into(), Tone::Warn), text)));
    }
    if let Some(Answer::Access(view)) = &model.level().answer {
        let AccessView { not_evaluated, .. } = view.as_ref();
        out.extend(not_evaluated.iter().map(|text| (("not read".into(), Tone::Warn), text.clone())));
    }
    if let Some(Answer::Costs(view)) = &model.level().answer {
        let clients = model.clients();
        let known = |text: &str| clients.iter().any(|c| text.starts_with(c.client.as_str()));
        let notes = view.notes.iter().filter(|text| !known(text));
        out.extend(notes.map(|text| (("costs".into(), Tone::Warn), text.clone())));
    }
    if out.is_empty() {
        let text = match model.freshness() {
            Some(_) => "Every source of every client was read and none is stale.",
            None => "Nothing is known yet: the first answer is still on its way.",
        };
        out.push((("all well".into(), Tone::Good), text.into()));
    }
    out
}

/// What failed, then on a line of its own what to do.
fn sentence(failure: &Failure) -> String {
    format!("{}.\n→ {}", failure.what.trim_end_matches('.'), failure.next_step)
}

/// All notices, newest first.
pub fn messages(model: &Model) -> Vec<Paragraph> {
    if model.messages.is_empty() {
        return vec![(("empty".into(), Tone::Dim), "No notices yet in this session.".into())];
    }
    let tone = |level| match level {
        NoticeLevel::Info => Tone::Good,
        NoticeLevel::Hint => Tone::Dim,
        NoticeLevel::Error => Tone::Bad,
    };
    let line = |m: &crate::tui::model::Message| ((m.at.clock_time().into(), tone(m.level)), m.text.clone());
    model.messages.iter().rev().map(line).collect()
}
