//! The text twins of the screens. Each has a `--json` twin that prints the same view data.

use super::{print::Output, table::Table};
use crate::{
    desk::view::{
        AccessView, AccountRow, AccountsView, ClientList, CostLevel, CostRow, CostsView, FindingDetail, FindingsView,
        Overview,
    },
    domain::{Cell, FindingState, Money, Outcome, Purged, SeverityCounts, SourceState, SyncSummary},
};

/// Widest label in a table.
const LABEL: usize = 40;

/// Clients and their connections.
pub fn clients(out: &mut Output, list: &ClientList) {
    let mut table = Table::new(&["CLIENT", "NAME", ">CONNECTIONS", "GATE"]);
    for client in &list.clients {
        let troubled: Vec<&str> = client.gates.iter().map(String::as_str).collect();
        let gates = if troubled.is_empty() { "–".to_owned() } else { troubled.join(", ") };
        table.row(vec![client.client.to_string(), client.name.for_tui(LABEL), client.connections.to_string(), gates]);
    }
    print(out, &table, list.clients.is_empty(), "no clients yet: `bailiwick client add NAME` adds the first");
}

/// Every client on one line.
pub fn overview(out: &mut Output, view: &Overview) {
    let mut table =
        Table::new(&["CLIENT", ">ACCOUNTS", ">MONTH", ">SAME DAYS", ">Δ", ">FORECAST", "FINDINGS", "TROUBLE"]);
    for row in &view.clients {
        table.row(vec![
            row.client.to_string(),
            row.accounts.to_string(),
            money(&row.month),
            money(&row.same_days),
            row.delta.value().map_or_else(|| "–".into(), Money::display_signed),
            money(&row.forecast),
            counts(&row.findings),
            match row.freshness.problems.len() {
                0 => "–".into(),
                n => format!("{n} source(s)"),
            },
        ]);
    }
    print(out, &table, view.clients.is_empty(), "no clients yet: `bailiwick client add NAME` adds the first");
    for row in view.clients.iter().filter(|r| r.moved.is_some()) {
        out.line(&format!("{}: {}", row.client, row.moved.as_deref().unwrap_or_default()));
    }
    view.freshness.problems.iter().for_each(|problem| out.line(problem));
}

/// Accounts.
pub fn accounts(out: &mut Output, view: &AccountsView) {
    let mut table =
        Table::new(&["CLIENT", "ACCOUNT", "NAME", "STATE", "LINKED", "CONNECTION", ">MONTH", "FINDINGS", "EVENTS"]);
    for row in &view.rows {
        table.row(vec![
            row.client.to_string(),
            row.account.to_string(),
            row.label.as_ref().map_or_else(|| "–".into(), |l| l.for_tui(LABEL)),
            state(row),
            row.linked_at.map_or_else(|| "–".into(), |t| t.day().to_string()),
            row.connection.map_or("not connected", |k| k.word()).into(),
            money(&row.month),
            counts(&row.findings),
            source(&row.events),
        ]);
    }
    print(out, &table, view.rows.is_empty(), "no accounts yet: connect a role, then run `bailiwick sync`");
    match view.rows.iter().filter(|row| !row.state.is_usable()).count() {
        0 => {}
        gone => out.line(&format!(
            "{gone} of these left their organization or are shut there (in capitals above): what was read of them is kept"
        )),
    }
    for row in &view.rows {
        for (region, reason) in &row.regions_failed {
            out.line(&format!("{} {} {region}: {reason}", row.client, row.account));
        }
    }
}

/// What is not in use stands out.
fn state(row: &AccountRow) -> String {
    let word = row.state.word();
    match row.left_at {
        Some(at) => format!("{} {}", word.to_uppercase(), at.day()),
        None if row.state.is_usable() => word.to_owned(),
        None => word.to_uppercase(),
    }
}

/// Costs at one level.
pub fn costs(out: &mut Output, view: &CostsView) {
    let title = match view.level {
        CostLevel::Client => "CLIENT",
        CostLevel::Account => "ACCOUNT",
        CostLevel::Service => "SERVICE",
        CostLevel::Day => {
            let mut table = Table::new(&["DAY", ">AMOUNT"]);
            view.daily.iter().for_each(|d| table.row(vec![d.day.to_string(), money(&d.amount)]));
            print(out, &table, view.daily.is_empty(), "no daily costs are stored for this");
            return notes(out, view);
        }
    };
    // The newest months fit a terminal; `--json` has all.
    let shown = view.months.len().saturating_sub(6);
    let months: Vec<String> = view.months.iter().skip(shown).map(ToString::to_string).collect();
    let mut lines: Vec<Vec<String>> = Vec::new();
    for row in view.rows.iter().chain(&view.residual).chain(&view.totals) {
        lines.push(cost_line(row, shown));
    }
    let widths = months.len();
    let mut heads = vec![title];
    heads.extend(std::iter::repeat_n(">", widths));
    heads.push(">Δ SAME DAYS");
    let mut table = Table::new(&heads);
    let mut head = vec![String::new()];
    head.extend(months);
    head.push(String::new());
    table.row(head);
    lines.into_iter().for_each(|line| table.row(line));
    print(out, &table, view.rows.is_empty(), "no costs are stored for this: run `bailiwick sync`");
    view.restatements.iter().for_each(|restatement| out.line(&restatement.words));
    notes(out, view);
}

fn cost_line(row: &CostRow, skip: usize) -> Vec<String> {
    let mut line = vec![row.label.for_tui(LABEL)];
    line.extend(row.months.iter().skip(skip).map(money));
    line.push(match row.delta.value() {
        Some(delta) => delta.display_signed(),
        None => "–".into(),
    });
    line
}

fn notes(out: &mut Output, view: &CostsView) {
    for note in &view.notes {
        out.line(note);
    }
    if view.months.iter().next_back().is_some() {
        out.line(&format!("{}; ~ is an estimate of AWS's, – is nothing known", view.metric));
    }
}

/// Principals, or the events of one.
pub fn access(out: &mut Output, view: &AccessView, one: bool) {
    if one {
        let mut table = Table::new(&["TIME", "ACCOUNT", "REGION", "CALL", "OUTCOME", "FROM", "DETAIL"]);
        for event in &view.events {
            table.row(vec![
                event.time.to_string(),
                event.account.to_string(),
                event.region.to_string(),
                format!("{} {}", event.service.for_tui(24), event.name.for_tui(48)),
                outcome(&event.outcome),
                event.source.for_tui(40),
                event.detail.for_tui(60),
            ]);
        }
        print(out, &table, view.events.is_empty(), "no events of this principal are stored");
        if view.events_total > view.events.len() as u64 {
            out.line(&format!("the newest {} of {} events", view.events.len(), view.events_total));
        }
    } else {
        let mut table =
            Table::new(&["CLIENT", "ACCOUNT", "PRINCIPAL", "KIND", "LAST", ">ACTIONS", ">DENIED", ">NETWORKS", "NOTE"]);
        for row in &view.principals {
            let mut note = Vec::new();
            if row.new_networks > 0 {
                note.push(format!("{} new network(s)", row.new_networks));
            }
            if row.third_party {
                note.push("third party".into());
            }
            if row.findings.total() > 0 {
                note.push(counts(&row.findings));
            }
            table.row(vec![
                row.client.to_string(),
                row.account.to_string(),
                row.actor.for_tui(72),
                row.kind.word().into(),
                row.last_seen.to_string(),
                row.actions.to_string(),
                row.denied.to_string(),
                row.networks.to_string(),
                note.join(", "),
            ]);
        }
        print(out, &table, view.principals.is_empty(), "no events are stored yet: run `bailiwick sync`");
    }
    view.not_evaluated.iter().for_each(|line| out.line(&format!("not read: {line}")));
}

/// The triage list.
pub fn findings(out: &mut Output, view: &FindingsView) {
    let mut table = Table::new(&["ID", "SEVERITY", "CLIENT", "ACCOUNT", "CHECK", "WHAT", "LAST SEEN", ">×"]);
    for row in &view.rows {
        let state = if row.state == FindingState::Open { String::new() } else { format!(" ({:?})", row.state) };
        table.row(vec![
            row.id.to_string(),
            format!("{}{}", row.severity.word(), state.to_lowercase()),
            row.client.to_string(),
            row.account.to_string(),
            row.check.clone(),
            format!("{}: {}", row.title.for_tui(60), row.subject.for_tui(60)),
            row.last_seen.to_string(),
            row.count.to_string(),
        ]);
    }
    print(out, &table, view.rows.is_empty(), "no findings");
}

/// One finding with everything.
pub fn finding(out: &mut Output, detail: &FindingDetail) {
    let row = &detail.row;
    out.line(&format!("{} · {} · {}", row.severity.word().to_uppercase(), row.title.for_log(), row.check));
    out.line(&format!("{} {} · {}", row.client, row.account, row.subject.for_log()));
    out.line(&format!("first {} · last {} · {} times", row.first_seen, row.last_seen, row.count));
    for (name, text) in [
        ("what", detail.what.for_log()),
        ("why", detail.why.clone()),
        ("do", detail.remediation.clone()),
        ("ordinary when", detail.false_positives.clone()),
        ("ATT&CK", detail.attack.join(", ")),
        ("bears on CIS", detail.cis.join(", ")),
        ("check by", detail.author.clone()),
    ] {
        if !text.is_empty() {
            out.line(&format!("\n{name}\n  {text}"));
        }
    }
    out.line("\nevidence");
    for piece in &detail.evidence {
        let region = piece.region.as_ref().map_or("–", |r| r.as_str());
        let source = piece.source.as_ref().map_or_else(String::new, |s| s.for_tui(40));
        out.line(&format!("  {}  {region}  {}  {source}", piece.time, piece.summary.for_log()));
    }
    if let Some(note) = &detail.evidence_note {
        out.line(&format!("  {note}"));
    }
}

/// How a sync ended.
pub fn summary(out: &mut Output, summary: &SyncSummary) {
    out.line(&format!(
        "{} jobs done, {} in part, {} failed · {} new events, {} cost cells, {} accounts, {} findings",
        summary.jobs_done,
        summary.jobs_partial,
        summary.jobs_failed,
        summary.events,
        summary.cost_cells,
        summary.accounts,
        summary.findings
    ));
    out.line(&format!(
        "{} requests; Cost Explorer cost the clients ${}",
        summary.requests.total(),
        summary.ce_spend_usd
    ));
    for purged in &summary.purged {
        let Purged { client, kept_from, days, evidence, failure } = purged;
        out.line(&match failure {
            None => format!(
                "{client}: removed {days} days of events (one for each account and region) and {evidence} pieces of \
                 evidence from before {kept_from}"
            ),
            Some(failure) => format!(
                "{client}: what is from before {kept_from} could not be removed: {}; {}",
                failure.what, failure.next_step
            ),
        });
    }
    for job in &summary.failures {
        use crate::domain::JobState;
        let failures = match &job.state {
            JobState::Failed { failure } => std::slice::from_ref(failure),
            JobState::Partial { failures } => failures.as_slice(),
            _ => &[],
        };
        for failure in failures {
            let job = format!("{} {} {}", job.client, job.account, job.source.word());
            out.line(&format!("{job}: {}; {}", failure.what, failure.next_step));
        }
    }
}

fn print(out: &mut Output, table: &Table, empty: bool, otherwise: &str) {
    if empty {
        out.line(otherwise);
    } else {
        table.lines().iter().for_each(|line| out.line(line));
    }
}

fn money(cell: &Cell<Money>) -> String {
    match cell {
        Cell::Value { value } => value.display(),
        Cell::Estimated { value } => format!("~{}", value.display()),
        Cell::Stale { value, .. } => format!("{} (stale)", value.display()),
        Cell::Empty => "–".into(),
        Cell::Unavailable { .. } => "unavailable".into(),
    }
}

fn counts(counts: &SeverityCounts) -> String {
    let parts: Vec<String> = [("C", counts.critical), ("H", counts.high), ("M", counts.medium), ("L", counts.low)]
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(letter, n)| format!("{n}{letter}"))
        .collect();
    if parts.is_empty() { "–".into() } else { parts.join(" ") }
}

fn source(state: &SourceState) -> String {
    match state {
        SourceState::Never => "never read".into(),
        SourceState::Fresh { at } => at.to_string(),
        SourceState::Stale { at, .. } => format!("{at} (stale)"),
        SourceState::Unavailable { .. } => "unavailable".into(),
        SourceState::NotApplicable => "–".into(),
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok => "ok".into(),
        Outcome::Denied(_) => "denied".into(),
        Outcome::Failed(code) => format!("failed: {}", code.for_tui(32)),
    }
}
