//! `connect --members`: the accounts of an organization, shown first, then gated and kept.

use super::{Setting, confirm::confirm, connect::on_line, desk::open_desk, report::Report, sync::interrupted};
use crate::{
    cli::{self, ConnectArgs, Output, progress},
    desk::view::{BulkProgress, MembersReport},
};
use std::process::ExitCode;

/// 0 if every account that can be read can be read now, 1 if some cannot, 2 if none could be tried.
pub fn connect(setting: &Setting, args: ConnectArgs, out: &mut Output) -> Result<ExitCode, Report> {
    run(setting, args, out).map_err(Report::nothing_read)
}

fn run(setting: &Setting, args: ConnectArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    let (client, how, depth) = (&args.client, &args.members, args.depth.map(Into::into));
    desk.client(client)?;
    progress(&format!("listing the accounts of {client}"));
    let report = on_line(setting, async |line| {
        let plan = desk.plan_members(line, client, &how.role_name, !how.dry_run).await?.reading(depth);
        progress("");
        let preview = plan.preview();
        if how.dry_run || preview.counts.tried.to_try == 0 {
            return Ok(preview.clone());
        }
        if !how.yes {
            if !args.json {
                cli::bulk::members(out, preview);
                out.flush();
            }
            let question = format!("{} accounts of {client} are tried now.", preview.counts.tried.to_try);
            confirm(&question, client.as_str(), None, "--yes")?;
        }
        let bar = cli::bulk::Bar::new("connecting", setting.ascii);
        let tell = |at: BulkProgress| bar.show(at);
        let report = desk.connect_members(line, plan, interrupted(), &tell).await?;
        progress("");
        Ok(report)
    })?;
    if args.json {
        out.json(&report);
    } else {
        cli::bulk::members(out, &report);
        next(out, &report);
    }
    let done = how.dry_run || report.all_usable();
    Ok(ExitCode::from(u8::from(!done)))
}

fn next(out: &mut Output, report: &MembersReport) {
    let again = format!("`bailiwick connect {} --members`", report.client);
    if let Some(why) = &report.stopped {
        out.line(&format!("not finished: {why}; what is connected is kept, {again} does the rest"));
    } else if report.preview && report.counts.tried.to_try > 0 {
        out.line(&format!("nothing was connected: {again} without --dry-run does"));
    } else if report.counts.tried.quarantined + report.counts.tried.failed > 0 {
        out.line(&format!("next: mend those roles, then {again} tries them again"));
    } else if !report.preview {
        out.line("next: `bailiwick sync`");
    }
}
