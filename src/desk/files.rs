//! The one query without a vault: the event checks over CloudTrail files.

use super::view::{FileFinding, FilesChecked};
use crate::{
    checks::Checks,
    domain::{ClientId, Untrusted},
    trail::{Home, Reading, Record, read_path},
};
use std::path::PathBuf;

/// Problems printed at most; all are counted.
const PROBLEMS_SHOWN: usize = 20;

/// Evaluates the records of all files together, as one history. What is wrong with a file is told and counted; its
/// other records, and the other files, are still evaluated.
pub fn check_files(checks: &Checks, files: &[PathBuf]) -> FilesChecked {
    let mut records: Vec<Record> = Vec::new();
    let mut problems: Vec<String> = Vec::new();
    let mut problems_total = 0u64;
    let home = Home::default();
    for file in files {
        match read_path(file, &home, &mut |record| records.push(record)) {
            Ok(reading) => note(&reading, &mut problems, &mut problems_total),
            Err(error) => {
                problems_total += 1;
                problems.push(error.to_string());
            }
        }
    }
    let mut hits = checks.evaluate_files(&whoever(), &records);
    hits.sort_by(|a, b| (b.severity, &a.key).cmp(&(a.severity, &b.key)));
    let findings = hits
        .into_iter()
        .map(|hit| FileFinding {
            check: hit.key.check,
            severity: hit.severity,
            title: hit.title,
            account: hit.key.account,
            subject: hit.key.subject,
            what: hit.what,
            first_seen: hit.first_seen,
            last_seen: hit.last_seen,
            count: hit.count,
            event_ids: hit.event_ids,
        })
        .collect();
    FilesChecked { records: records.len() as u64, problems, problems_total, findings }
}

/// Findings have a client; files have none.
fn whoever() -> ClientId {
    ClientId::known("files")
}

fn note(reading: &Reading, problems: &mut Vec<String>, total: &mut u64) {
    *total += reading.problems.len() as u64;
    for problem in &reading.problems {
        if problems.len() < PROBLEMS_SHOWN {
            problems.push(format!("{}, line {}: {}", problem.file, problem.line, problem.reason));
        }
    }
    if let Some(problem) = reading.problems.first().filter(|_| reading.truncated) {
        let file: Untrusted = problem.file.as_str().into();
        problems.push(format!("{} ends in the middle of a record: it was cut short, fetch it again", file.for_log()));
    }
}
