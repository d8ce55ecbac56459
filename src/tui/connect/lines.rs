//! A try of a gate in lines: each probe, then what it came to and what to do.

use super::gate::{GateRun, Verdict};
use crate::{
    desk::view::{ConnectionView, ProbeView},
    tui::{
        theme::Tone,
        widgets::{
            canvas::{Piece, dim, plain, wrap},
            gate,
        },
    },
};

/// Columns before what a probe saw: its mark and its title.
const SEEN_AT: usize = gate::MARK as usize + 2 + 33 + 1;

/// All of it, in lines of at most `columns`: what it came to first, once that is known.
pub fn lines(run: &GateRun, columns: usize) -> Vec<Vec<Piece>> {
    let mut out: Vec<Vec<Piece>> = Vec::new();
    let view = run.report.as_ref().map(|report| &report.connection);
    let mut told: Vec<&str> =
        view.into_iter().flat_map(|view| [view.what.as_deref(), view.next_step.as_deref()]).flatten().collect();
    if let Some(why) = &run.failed {
        out.extend(text(why, columns, Tone::Bad));
    }
    if let Some(report) = &run.report {
        out.extend(verdict(run.verdict(), &report.connection, columns));
    }
    if !out.is_empty() {
        out.push(Vec::new());
    }
    for probe in &run.probes {
        out.extend(probe_lines(probe, &told, columns));
        told.extend(probe.next_step.as_deref());
    }
    if run.verdict() == Verdict::Testing {
        out.push(vec![(format!("{:<9}", "…").into(), Tone::Accent), dim("testing")]);
    }
    out
}

fn text(text: &str, columns: usize, tone: Tone) -> impl Iterator<Item = Vec<Piece>> + use<> {
    wrap(text, columns).into_iter().map(move |line| vec![(line.into(), tone)])
}

/// One probe; what it failed of is told in full, unless that was told before.
fn probe_lines(probe: &ProbeView, told: &[&str], columns: usize) -> Vec<Vec<Piece>> {
    let (mark, tone) = gate::mark(probe.outcome);
    let head = [(format!("{mark:<9}").into(), tone), plain(format!("{:<34}", probe.title))];
    let (seen, tone) = gate::seen(probe);
    let room = columns.saturating_sub(SEEN_AT).max(1);
    let in_full = probe.what.as_deref().is_some_and(|what| !told.contains(&what));
    if !in_full {
        let short = if probe.what.is_some() { "see above".into() } else { seen };
        return vec![head.into_iter().chain([(short, tone)]).collect()];
    }
    let mut rest: Vec<Vec<Piece>> = text(&seen, room, tone).collect();
    if let Some(next) = probe.next_step.as_deref().filter(|next| !told.contains(next)) {
        rest.extend(text(&format!("→ {next}"), room, Tone::Plain));
    }
    let blank = || plain(" ".repeat(SEEN_AT));
    rest.into_iter()
        .enumerate()
        .map(|(at, line)| match at {
            0 => head.iter().cloned().chain(line).collect(),
            _ => std::iter::once(blank()).chain(line).collect(),
        })
        .collect()
}

fn verdict(verdict: Verdict, view: &ConnectionView, columns: usize) -> Vec<Vec<Piece>> {
    let account = view.account.map_or_else(|| view.through.clone(), |account| account.to_string());
    let kind = view.kind.map_or("account", |kind| kind.word());
    let (word, tone, said) = match verdict {
        Verdict::Passed => ("PASSED", Tone::Good, format!("{account} of {} is connected as {kind}.", view.client)),
        Verdict::Overridden => (
            "OVERRIDDEN",
            Tone::Bad,
            format!("{account} still opens without its ExternalId, and is used because of an override."),
        ),
        Verdict::Quarantined => (
            "QUARANTINED",
            Tone::Bad,
            format!("{account} of {} is kept, and nothing will be read through it.", view.client),
        ),
        Verdict::Unusable => {
            ("FAILED", Tone::Bad, format!("{account} cannot be used now; what was read before stays."))
        }
        Verdict::NotKept | Verdict::NotTried | Verdict::Testing => {
            ("FAILED", Tone::Bad, format!("{account} was not connected; nothing was changed."))
        }
    };
    // The word and what is said are one text, of which the first line begins with the word.
    let mut out: Vec<Vec<Piece>> = text(&format!("{word}  {said}"), columns, Tone::Strong).collect();
    if let Some(first) = out.first_mut() {
        let rest = first.first().map(|(line, _)| line.get(word.len()..).unwrap_or_default().to_owned());
        *first = vec![(word.into(), tone), (rest.unwrap_or_default().into(), Tone::Strong)];
    }
    out.extend(view.what.iter().flat_map(|what| text(what, columns, Tone::Plain)));
    let next = match (&view.next_step, verdict) {
        (Some(next), _) => Some(next.clone()),
        (None, Verdict::Passed) => Some("Enter shows it; R there reads it now".to_owned()),
        (None, _) => None,
    };
    out.extend(next.iter().flat_map(|next| text(&format!("→ {next}"), columns, Tone::Plain)));
    out.extend(view.warning.iter().flat_map(|warning| text(&format!("warning: {warning}"), columns, Tone::Warn)));
    out
}
