//! Many accounts in one run, for people: how far it is, and what became of each.

use super::{Output, progress, table::Table};
use crate::desk::view::{BulkAction, BulkProgress, MemberView, MembersReport};

/// Columns of the bar.
const WIDTH: usize = 24;
/// Widest text in a table.
const LABEL: usize = 40;

/// A bar on standard error, if that is a terminal.
#[derive(Debug)]
pub struct Bar {
    title: &'static str,
    ascii: bool,
}

impl Bar {
    /// A bar that says what is done.
    pub fn new(title: &'static str, ascii: bool) -> Self {
        Self { title, ascii }
    }

    /// Shows how far it is.
    pub fn show(&self, at: BulkProgress) {
        progress(&self.line(at));
    }

    fn line(&self, at: BulkProgress) -> String {
        let BulkProgress { total, done, usable } = at;
        let filled = (done * WIDTH).checked_div(total).unwrap_or(WIDTH).min(WIDTH);
        let (full, empty) = if self.ascii { ("#", ".") } else { ("█", "░") };
        let refused = match done - usable.min(done) {
            0 => String::new(),
            refused => format!(", {refused} not usable"),
        };
        format!("{} {}{} {done} of {total}{refused}", self.title, full.repeat(filled), empty.repeat(WIDTH - filled))
    }
}

/// The accounts of an organization: what is to be done with each, or what became of it.
pub fn members(out: &mut Output, report: &MembersReport) {
    let mut table =
        Table::new(&["ACCOUNT", "NAME", "STATE", "OU PATH", "JOINED", if report.preview { "WHAT" } else { "RESULT" }]);
    for account in &report.accounts {
        table.row(vec![
            account.account.to_string(),
            account.label.as_ref().map_or_else(|| "–".into(), |label| label.for_tui(LABEL)),
            account.state.word().into(),
            account.ou_path.as_ref().map_or_else(|| "–".into(), |path| path.for_tui(60)),
            account.joined.map_or_else(|| "–".into(), |at| at.day().to_string()),
            result(account, report.preview),
        ]);
    }
    table.lines().iter().for_each(|line| out.line(line));
    for account in &report.accounts {
        let told = if report.preview { account.action == BulkAction::NotTried } else { !account.is_usable() };
        if let (true, Some(what)) = (told, &account.what) {
            let next = account.next_step.as_ref().map_or_else(String::new, |next| format!("; {next}"));
            out.line(&format!("{}: {what}{next}", account.account));
        }
    }
    report.problems.iter().for_each(|problem| out.line(&format!("an organization could not be listed: {problem}")));
    let c = &report.counts;
    let counted = [
        (c.tried.usable, "connected now"),
        (c.tried.quarantined, "in quarantine"),
        (c.tried.failed, "not connected"),
        (c.tried.waiting, if report.preview { "to be tried" } else { "not tried yet" }),
        (c.already_connected, "connected before"),
        (c.management, "management account"),
        (c.not_tried, "left alone"),
    ];
    let counted: Vec<String> =
        counted.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    out.line(&format!("{} accounts of {}: {}", c.accounts, report.client, counted.join(", ")));
}

fn result(account: &MemberView, preview: bool) -> String {
    let gate = account.gate.unwrap_or("not tried yet");
    match (account.action, preview) {
        (BulkAction::Connect, true) => "connect".into(),
        (BulkAction::Test, true) => format!("test again ({gate})"),
        (BulkAction::Connect | BulkAction::Test, false) => match (gate, account.code) {
            ("failed", Some(code)) => code.into(),
            ("passed", _) => "connected".into(),
            (gate, _) => gate.into(),
        },
        (BulkAction::AlreadyConnected, _) if account.is_usable() => "already connected".into(),
        (BulkAction::AlreadyConnected, _) => format!("already connected, {gate}"),
        (BulkAction::ManagementAccount, _) => "management account: has its own role".into(),
        (BulkAction::NotTried, _) => "left alone".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_and_tells_what_went_wrong() {
        let bar = Bar::new("connecting", true);
        let line = |total, done, usable| bar.line(BulkProgress { total, done, usable });
        assert_eq!(line(200, 100, 97), "connecting ############............ 100 of 200, 3 not usable");
        assert_eq!(line(3, 3, 3), format!("connecting {} 3 of 3", "#".repeat(WIDTH)));
        assert_eq!(line(0, 0, 0), format!("connecting {} 0 of 0", "#".repeat(WIDTH)));
    }
}
