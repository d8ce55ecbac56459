//! Connections, for people: lists, one in full, and a test as it goes.

use super::{Output, table::Table};
use crate::{
    desk::view::{ConnectReport, ConnectionView, ProbeView},
    domain::{Connection, GateState, Timestamp},
};

/// Connections.
pub fn connections(out: &mut Output, connections: &[Connection]) {
    let mut table = Table::new(&["CLIENT", "CONNECTION", "KIND", "GATE", "THROUGH", "SINCE"]);
    for c in connections {
        let (access, since) = (c.access.to_string(), c.linked_at.to_string());
        table.row(vec![
            c.client.to_string(),
            c.id.to_string(),
            c.kind.word().into(),
            c.gate.word().into(),
            access,
            since,
        ]);
    }
    match connections {
        [] => out.line("no connections yet: `bailiwick connect CLIENT --role-arn ARN` adds the first"),
        _ => table.lines().iter().for_each(|line| out.line(line)),
    }
    for c in connections {
        if let GateState::Failed { failure, .. } = &c.gate {
            out.line(&format!("{} {}: {}; {}", c.client, c.id, failure.what, failure.next_step));
        }
    }
}

/// One probe as a line: how it ended, what was tried, what was seen.
pub fn probe(out: &mut Output, probe: &ProbeView) {
    let mark = match probe.outcome {
        "passed" => "ok",
        "failed" => "FAILED",
        other => other,
    };
    let seen = probe.what.as_deref().or(probe.note.as_deref()).unwrap_or_default();
    out.line(&format!("  {mark:<8}{:<36}{seen}", probe.title));
    out.flush();
}

/// What a known state of a service asks for, after all probes.
pub fn states(out: &mut Output, view: &ConnectionView) {
    for state in view.results.iter().filter(|result| result.outcome == "state") {
        if let (Some(what), Some(next)) = (&state.what, &state.next_step) {
            out.line(&format!("{what}: {next}"));
        }
    }
}

/// How a test ended, after its probes: a line for standard output, or a sentence for standard error.
pub fn tested(report: &ConnectReport) -> Result<String, String> {
    let c = &report.connection;
    let account = c.account.map_or_else(|| c.through.clone(), |account| account.to_string());
    let kind = c.kind.map_or("account", |kind| kind.word());
    let why = || format!("{}; {}", c.what.as_deref().unwrap_or_default(), c.next_step.as_deref().unwrap_or_default());
    match c.gate {
        "passed" => Ok(format!("{account} of {} is connected as {kind}, through {}", c.client, c.through)),
        "overridden" => {
            Ok(format!("{account} of {} opens without its ExternalId, and is used because of an override", c.client))
        }
        "quarantined" => Err(format!("{account} of {} is in quarantine: {}", c.client, why())),
        _ if report.kept => Err(format!("{account} of {} cannot be used now: {}", c.client, why())),
        _ => Err(format!("{account} was not connected for {}: {}", c.client, why())),
    }
}

/// One connection in full.
pub fn connection(out: &mut Output, c: &ConnectionView, now: Timestamp) {
    let kind = c.kind.map_or("", |kind| kind.word());
    let account = c.account.map_or_else(String::new, |account| account.to_string());
    let alias = c.alias.as_ref().map_or_else(String::new, |alias| format!(" ({})", alias.for_tui(60)));
    out.line(&format!("{} {account}{alias}, {kind}, through the {} {}", c.client, c.access, c.through));
    if let (Some(at), Some(depth)) = (c.linked_at, c.depth) {
        out.line(&format!("connected {at}; events are read at {} depth", depth.word()));
    }
    let at = c.gate_at.map_or_else(String::new, |at| format!(", {} ago", age(now, at)));
    out.line(&format!("gate: {}{at}", c.gate));
    if let Some(reason) = &c.override_reason {
        out.line(&format!("used because: {}", reason.for_tui(200)));
    }
    if let (Some(what), Some(next)) = (&c.what, &c.next_step) {
        out.line(&format!("{what}; {next}"));
    }
    for result in &c.results {
        probe(out, &ProbeView { title: result.title, note: Some(with_age(result, now)), ..result.clone() });
    }
    if let Some(next) = c.next_test.filter(|next| *next > now) {
        out.line(&format!("a sync tests it again after {next}; `bailiwick connection test` does at any time"));
    }
    if let Some(warning) = &c.warning {
        out.line(&format!("warning: {warning}"));
    }
}

fn with_age(result: &ProbeView, now: Timestamp) -> String {
    let note = result.note.as_deref().unwrap_or_default();
    match result.outcome {
        "skipped" => note.to_owned(),
        _ => format!("{note} ({} ago)", age(now, result.at)),
    }
}

/// An age in one unit.
fn age(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.since(at).max(0);
    match seconds {
        0..60 => "less than a minute".into(),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
