//! The rows of an import, for people.

use super::{Output, table::Table};
use crate::desk::view::{ImportAction, ImportReport, ImportRowView};

/// What is done with each row, or became of it.
pub fn report(out: &mut Output, report: &ImportReport) {
    let result = if report.preview { "WHAT" } else { "RESULT" };
    let mut table = Table::new(&[">LINE", "CLIENT", "ACCOUNT", "ALIAS", "THROUGH", result]);
    let dash = || "–".to_owned();
    for row in &report.rows {
        table.row(vec![
            row.line.to_string(),
            row.client.as_ref().map_or_else(dash, ToString::to_string),
            row.account.map_or_else(dash, |account| account.to_string()),
            row.alias.as_ref().map_or_else(dash, |alias| alias.for_tui(30)),
            row.through.clone().unwrap_or_else(dash),
            result_of(row, report.preview),
        ]);
    }
    table.lines().iter().for_each(|line| out.line(line));
    for row in report.rows.iter().filter(|row| !row.done) {
        if let Some(what) = &row.what {
            let next = row.next_step.as_ref().map_or_else(String::new, |next| format!("; {next}"));
            out.line(&format!("line {}: {what}{next}", row.line));
        }
    }
    let c = &report.counts;
    let clients = if report.preview {
        [(c.clients_to_add, "clients to add"), (c.clients_to_change, "clients to change")]
    } else {
        [(c.clients_done, "clients added or changed"), (0, "")]
    };
    let accounts = [
        (c.tried.usable, "accounts connected now"),
        (c.tried.quarantined, "in quarantine"),
        (c.tried.failed, "not connected"),
        (c.tried.waiting, if report.preview { "accounts to be tried" } else { "not tried yet" }),
        (c.already_connected, "connected before"),
        (c.refused, "rows with something wrong in them"),
    ];
    let counted: Vec<String> =
        clients.into_iter().chain(accounts).filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    out.line(&format!(
        "{} rows: {}",
        c.rows,
        if counted.is_empty() { "nothing to do".into() } else { counted.join(", ") }
    ));
}

fn result_of(row: &ImportRowView, preview: bool) -> String {
    let client = match (row.client_action, preview) {
        (Some("add"), true) => "add the client, ".to_owned(),
        (Some("change"), true) => format!("change its {}, ", row.client_changes.join(" and ")),
        _ => String::new(),
    };
    let gate = row.gate.unwrap_or("not tried yet");
    let account = match (row.action, preview) {
        (ImportAction::Refused, _) => "REFUSED".to_owned(),
        (ImportAction::ClientOnly, true) => "no account".into(),
        (ImportAction::ClientOnly, false) if row.done => "the client is there".into(),
        (ImportAction::ClientOnly, false) => if row.what.is_some() { "FAILED" } else { "not done yet" }.into(),
        (ImportAction::AlreadyConnected, _) => "already connected".into(),
        (ImportAction::Connect, true) => "connect".into(),
        (ImportAction::Test, true) => "test again".into(),
        (ImportAction::Connect | ImportAction::Test, false) => match (gate, row.code, row.kind) {
            ("passed", _, Some(kind)) => format!("connected as {}", kind.word()),
            ("failed", Some(code), _) => code.into(),
            (gate, _, _) => gate.into(),
        },
    };
    format!("{client}{account}")
}
