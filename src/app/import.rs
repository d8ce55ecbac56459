//! `client import`: a file of clients, checked whole, shown, then done row by row.

use super::{Setting, confirm::confirm, connect::on_line, desk::open_desk, engine, report::Report, sync::interrupted};
use crate::{
    aws::SdkCloud,
    cli::{self, ImportArgs, Output, progress},
    connect::import::{self, ImportFormat, ImportRow},
    desk::{
        Line,
        view::{BulkProgress, ImportReport},
    },
};
use std::{path::Path, process::ExitCode};

/// 0 if every row is done, 1 if some are not, 2 if the file is of no use.
pub fn run(setting: &Setting, args: &ImportArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let Some(file) = &args.file else {
        let format = args.example.map_or(ImportFormat::Csv, Into::into);
        out.line(import::example(format).trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    // Before the vault is opened: a file that is of no use needs no passphrase.
    let rows = read(file, args)?;
    do_import(setting, file, &rows, args, out).map_err(Report::nothing_read)
}

fn read(file: &Path, args: &ImportArgs) -> Result<Vec<ImportRow>, Report> {
    let path = file.display();
    let format = args.format.map(ImportFormat::from).or_else(|| ImportFormat::of(file)).ok_or_else(|| {
        Report::input(format!("{path} ends neither in .csv nor in .toml: say which it is with --format"))
    })?;
    let bytes = std::fs::read(file).map_err(|e| Report::input(format!("cannot read {path}: {e}")))?;
    import::read(&bytes, format)
        .map_err(|e| Report::input(format!("{path} cannot be imported, nothing was changed: {e}")))
}

fn do_import(
    setting: &Setting,
    file: &Path,
    rows: &[ImportRow],
    args: &ImportArgs,
    out: &mut Output,
) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    let plan = desk.plan_import(rows);
    let preview = ImportReport::preview(&plan);
    if args.dry_run {
        return Ok(show(&preview, file, args, out));
    }
    if !args.yes && !preview.is_idle() {
        if !args.json {
            cli::import::report(out, &preview);
            out.flush();
        }
        let c = preview.counts;
        let question = format!(
            "{} clients are added, {} changed, and {} accounts tried; asking an account for its costs once charges the \
             client US$0.01.",
            c.clients_to_add, c.clients_to_change, c.tried.to_try
        );
        confirm(&question, "import", None, "--yes")?;
    }
    let bar = cli::bulk::Bar::new("importing", setting.ascii);
    let tell = |at: BulkProgress| bar.show(at);
    let report = if preview.counts.tried.to_try == 0 {
        let nobody = None::<&Line<'_, SdkCloud>>;
        engine::runtime()?.block_on(desk.import(nobody, &plan, interrupted(), &tell))
    } else {
        on_line(setting, async |line| Ok(desk.import(Some(line), &plan, interrupted(), &tell).await))?
    };
    progress("");
    Ok(show(&report, file, args, out))
}

fn show(report: &ImportReport, file: &Path, args: &ImportArgs, out: &mut Output) -> ExitCode {
    let c = report.counts;
    if args.json {
        out.json(report);
    } else {
        cli::import::report(out, report);
        out.line(&next(report, file));
    }
    let code = match (is_wrong(report) || report.stopped.is_some(), c.refused == c.rows) {
        (_, true) => 2,
        (wrong, false) => u8::from(wrong),
    };
    ExitCode::from(code)
}

/// Whether a row is not done, or would not be.
fn is_wrong(report: &ImportReport) -> bool {
    if report.preview { report.counts.refused > 0 } else { report.rows.iter().any(|row| !row.done) }
}

/// What comes after the rows.
fn next(report: &ImportReport, file: &Path) -> String {
    let again = format!("`bailiwick client import {}`", file.display());
    if let Some(why) = &report.stopped {
        format!("not finished: {why}; what is done is kept, {again} does the rest")
    } else if report.preview {
        format!("nothing was changed: {again} without --dry-run does it")
    } else if is_wrong(report) {
        format!("next: mend what is named above, then {again} does the rest")
    } else {
        "next: `bailiwick sync`".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::view::{ImportAction, ImportCounts, ImportRowView};

    #[test]
    fn a_client_that_could_not_be_added_is_to_be_mended_first() {
        let row = |done| ImportRowView {
            line: 2,
            client: Some("acme".parse().unwrap()),
            client_action: Some("add"),
            client_changes: Vec::new(),
            account: None,
            through: None,
            alias: None,
            action: ImportAction::ClientOnly,
            done,
            kind: None,
            gate: None,
            code: None,
            what: None,
            next_step: None,
        };
        for (done, words) in [(true, "next: `bailiwick sync`"), (false, "next: mend what is named above")] {
            let counts = ImportCounts { rows: 1, ..ImportCounts::default() };
            let report = ImportReport { preview: false, stopped: None, rows: vec![row(done)], counts };
            assert!(next(&report, Path::new("clients.csv")).starts_with(words));
        }
    }
}
