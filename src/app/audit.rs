//! `audit …`: the log of what was changed or revealed.

use super::{Setting, desk::open_desk, report::Report};
use crate::{
    cli::{self, AuditAction, AuditListArgs, Output, sentence},
    desk::AuditFilter,
};
use serde_json::json;
use std::{
    fs,
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
};

/// `audit …`.
pub fn run(setting: &Setting, action: AuditAction, out: &mut Output) -> Result<ExitCode, Report> {
    match action {
        AuditAction::List(args) => list(setting, args, out),
        AuditAction::Verify { json } => verify(setting, json, out),
        AuditAction::Export { to, json } => export(setting, &to, json, out),
    }
}

/// `audit list`: 1 if part of the log cannot be read.
fn list(setting: &Setting, args: AuditListArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let (since, until) = (args.since.map(|when| when.first()), args.until.map(|when| when.last()));
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        return Err(Report::input(format!("--since {since} is after --until {until}: swap them")));
    }
    let filter =
        AuditFilter { since, until, actor: args.actor, client: args.client, action: args.action, limit: args.limit };
    let view = open_desk(setting)?.audit(&filter)?;
    if args.json {
        out.json(&view)
    } else {
        cli::audit(out, &view)
    }
    Ok(told(out, &view.problems))
}

/// `audit verify`: 1 if the log is broken.
fn verify(setting: &Setting, json: bool, out: &mut Output) -> Result<ExitCode, Report> {
    let check = open_desk(setting)?.audit_verify()?;
    if json {
        out.json(&check)
    } else {
        cli::audit_check(out, &check)
    }
    Ok(if check.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `audit export`.
fn export(setting: &Setting, to: &Path, json: bool, out: &mut Output) -> Result<ExitCode, Report> {
    if to.symlink_metadata().is_ok() {
        return Err(Report::input(format!("{} exists already: name a new file", to.display())));
    }
    let desk = open_desk(setting)?;
    let failed = |e: io::Error| {
        Report::failed(format!("the audit log could not be written to {}: {e}; try another place", to.display()))
    };
    // Made only after the gate: an export that was refused leaves nothing behind.
    let mut file: Option<BufWriter<fs::File>> = None;
    let (mut entries, mut broken) = (0u64, None);
    let problems = desk.audit_export(&to.display().to_string(), &mut |line| {
        let mut write = || -> io::Result<()> {
            let file = match &mut file {
                Some(file) => file,
                None => file.insert(BufWriter::new(create(to)?)),
            };
            serde_json::to_writer(&mut *file, &line)?;
            file.write_all(b"\n")
        };
        match write() {
            Ok(()) => entries += 1,
            Err(error) => broken = Some(error),
        }
        if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let finished = match (broken, file) {
        (Some(error), file) => Err((error, file.is_some())),
        (None, None) => Ok(()),
        (None, Some(file)) => file
            .into_inner()
            .map_err(|e| e.into_error())
            .and_then(|file| file.sync_all())
            .map_err(|error| (error, true)),
    };
    if let Err((error, ours)) = finished {
        // Half an export must not be taken for a whole one.
        if ours {
            let _ = fs::remove_file(to);
        }
        return Err(failed(error));
    }
    if json {
        out.json(&json!({ "file": to.display().to_string(), "entries": entries, "problems": problems }));
    } else {
        out.line(&format!("wrote {entries} entries to {}; only you can read it", to.display()));
    }
    Ok(told(out, &problems))
}

fn create(to: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)
}

/// Tells what could not be read; the exit code follows.
fn told(out: &mut Output, problems: &[String]) -> ExitCode {
    out.flush();
    problems.iter().for_each(|problem| sentence(problem));
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
