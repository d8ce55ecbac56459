//! `check`: event checks over files, for people or programs.

use super::{
    args::CheckFormat,
    print::{Output, sentence},
    table::Table,
};
use crate::{desk::view::FilesChecked, domain::Severity};
use std::process::ExitCode;

/// Prints what was found. Exit code 2 if any input was bad (the rest was still evaluated), 1 if a finding is at least
/// as bad as `fail_on`, otherwise 0.
pub fn check(out: &mut Output, checked: &FilesChecked, format: CheckFormat, fail_on: Severity) -> ExitCode {
    match format {
        CheckFormat::Json => out.json(checked),
        CheckFormat::Table => {
            let mut table = Table::new(&["SEVERITY", "CHECK", "ACCOUNT", "WHAT", "SUBJECT", "LAST SEEN", ">×"]);
            for finding in &checked.findings {
                table.row(vec![
                    finding.severity.word().into(),
                    finding.check.clone(),
                    finding.account.to_string(),
                    finding.title.for_tui(64),
                    finding.subject.for_tui(64),
                    finding.last_seen.to_string(),
                    finding.count.to_string(),
                ]);
            }
            if checked.findings.is_empty() {
                out.line("no findings");
            } else {
                table.lines().iter().for_each(|line| out.line(line));
            }
            out.line(&format!("{} records evaluated, {} left out", checked.records, checked.problems_total));
        }
    }
    out.flush();
    for problem in &checked.problems {
        sentence(problem);
    }
    if checked.problems_total > 0 {
        ExitCode::from(2)
    } else if checked.findings.iter().any(|f| f.severity >= fail_on) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    }
}
