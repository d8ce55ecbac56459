//! `connect` and `connection …`: the desk on a line to AWS.

use super::{Setting, confirm::confirm, desk::open_desk, engine, key_file, members, report::Report};
use crate::{
    aws::{AwsError, BaseCredentials, Pacer, SdkCloud},
    cli::{self, ConnectArgs, ConnectionAction, Output, WayArgs, sentence},
    config::Settings,
    connect::Diagnosis,
    desk::{
        ConnectRequest, Desk, Line, Way,
        view::{ConnectReport, ProbeView, usable},
    },
    domain::{ClientId, ConnectionId, GateResult, RoleArn, Untrusted},
};
use futures::future::join_all;
use serde_json::json;
use std::{cell::RefCell, path::Path, process::ExitCode};

/// Does AWS work of the desk on a runtime of its own.
pub fn on_line<T>(
    setting: &Setting,
    work: impl AsyncFnOnce(&Line<'_, SdkCloud>) -> Result<T, Report>,
) -> Result<T, Report> {
    let settings = Settings::load(&setting.paths()?.config)?;
    let options = engine::options(&settings, &setting.environment.user, None);
    engine::runtime()?.block_on(async {
        let cloud = SdkCloud::connect(BaseCredentials::Chain, setting.clock.clone()).await;
        let pacer = Pacer::new(options.pace, options.retry, setting.clock.now().second().unsigned_abs());
        let line = Line::open(&cloud, &pacer, &options).await;
        work(&line).await
    })
}

/// `connect`: 0 if the connection may be used, 1 if it is in quarantine or was not kept.
pub fn connect(setting: &Setting, args: ConnectArgs, out: &mut Output) -> Result<ExitCode, Report> {
    if args.way.members {
        return members::connect(setting, args, out);
    }
    let desk = open_desk(setting)?;
    desk.client(&args.client)?;
    let request = ConnectRequest {
        client: args.client,
        way: way(args.way)?,
        external_id: args.external_id,
        alias: args.alias,
        kind: args.kind.map(Into::into),
        depth: args.depth.map(Into::into),
    };
    let shown = RefCell::new(out);
    let tell = |result: &GateResult| {
        if !args.json {
            cli::connection::probe(&mut shown.borrow_mut(), &ProbeView::new(result));
        }
    };
    let report = on_line(setting, async |line| Ok(desk.connect(line, &request, &tell).await?))?;
    let out = shown.into_inner();
    if args.json {
        out.json(&report);
    } else {
        ended(out, &report);
        if report.connection.gate == "passed" {
            out.line("next: `bailiwick sync`");
        }
    }
    if let Some(warning) = &report.connection.warning {
        sentence(&format!("bailiwick: warning: {warning}"));
    }
    Ok(code(&[report]))
}

/// How a test ended, for people.
fn ended(out: &mut Output, report: &ConnectReport) {
    cli::connection::states(out, &report.connection);
    out.flush();
    match cli::connection::tested(report) {
        Ok(line) => out.line(&line),
        Err(why) => sentence(&format!("bailiwick: {why}")),
    }
}

/// `connection …`.
pub fn connection(setting: &Setting, action: ConnectionAction, out: &mut Output) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    match action {
        ConnectionAction::List { client, json } => {
            let connections = desk.connections(client.as_ref())?;
            if json {
                let views = connections.iter().map(|c| desk.connection_view(&c.client, &c.id));
                out.json(&json!({ "connections": views.collect::<Result<Vec<_>, _>>()? }));
            } else {
                cli::connection::connections(out, &connections);
            }
        }
        ConnectionAction::Show { client, connection, json } => {
            let view = desk.connection_view(&client, &connection)?;
            if json {
                out.json(&view);
            } else {
                cli::connection::connection(out, &view, setting.clock.now());
            }
        }
        ConnectionAction::Test { client, connection, json } => {
            return test(setting, &desk, client.as_ref(), connection, json, out);
        }
        ConnectionAction::Edit { client, connection, alias, depth, json } => {
            let view = desk.edit_connection(&client, &connection, alias, depth.map(Into::into))?;
            if json {
                out.json(&view);
            } else {
                cli::connection::connection(out, &view, setting.clock.now());
            }
        }
        ConnectionAction::Diagnose { client, role_arn, document, principal, json } => {
            return diagnosis(setting, &desk, &(client, role_arn, principal), &document, json, out);
        }
        ConnectionAction::Override { client, connection, reason, yes, json } => {
            desk.connection_view(&client, &connection)?;
            let name = format!("{client}/{connection}");
            let question = format!(
                "The role of connection {connection} of {client} opens without the ExternalId: anybody who can use our \
                 credentials for another client could be led into it. With the override it is used all the same."
            );
            confirm(&question, &name, yes.as_deref(), &format!("--yes {name}"))?;
            let view = desk.override_gate(&client, &connection, &reason)?;
            if json {
                out.json(&view);
            } else {
                out.line(&format!(
                    "connection {connection} of {client} is used in spite of its gate; the finding stays open"
                ));
            }
        }
        ConnectionAction::Remove { client, connection, yes, json } => {
            desk.client(&client)?;
            let name = format!("{client}/{connection}");
            let question = format!(
                "Everything that was read through connection {connection} of {client} becomes unreadable, here and in the backups. This cannot be undone."
            );
            confirm(&question, &name, yes.as_deref(), &format!("--yes {name}"))?;
            let report = desk.remove_connection(&client, &connection)?;
            if json { out.json(&report) } else { cli::vault::removed(out, &report) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn test(
    setting: &Setting,
    desk: &Desk,
    client: Option<&ClientId>,
    connection: Option<ConnectionId>,
    json: bool,
    out: &mut Output,
) -> Result<ExitCode, Report> {
    if let Some(client) = client {
        desk.client(client)?;
    }
    let all = desk.connections(client)?;
    let chosen: Vec<_> = all.into_iter().filter(|c| connection.as_ref().is_none_or(|id| *id == c.id)).collect();
    if let (Some(client), Some(id), []) = (client, &connection, chosen.as_slice()) {
        // In the words of the vault.
        desk.connection_view(client, id)?;
    }
    let live = chosen.len() == 1 && !json;
    let shown = RefCell::new(out);
    let tell = |result: &GateResult| {
        if live {
            cli::connection::probe(&mut shown.borrow_mut(), &ProbeView::new(result));
        }
    };
    let reports: Vec<ConnectReport> = on_line(setting, async |line| {
        let tests = chosen.iter().map(|c| desk.test_connection(line, &c.client, &c.id, &tell));
        Ok(join_all(tests).await.into_iter().collect::<Result<_, _>>()?)
    })?;
    let out = shown.into_inner();
    if json {
        out.json(&json!({ "connections": reports }));
        return Ok(code(&reports));
    }
    for report in &reports {
        if !live {
            let troubled = report.connection.results.iter().filter(|r| matches!(r.outcome, "failed" | "state"));
            troubled.for_each(|result| cli::connection::probe(out, result));
        }
        ended(out, report);
    }
    if reports.is_empty() {
        out.line("nothing is connected yet: `bailiwick connect CLIENT --role-arn ARN` connects the first account");
    }
    Ok(code(&reports))
}

/// `connection diagnose`: 0 if the trust policy lets us in, 1 if it tells a cause.
fn diagnosis(
    setting: &Setting,
    desk: &Desk,
    (client, role, principal): &(ClientId, RoleArn, Option<String>),
    document: &Path,
    json: bool,
    out: &mut Output,
) -> Result<ExitCode, Report> {
    desk.client(client)?;
    let text = if document.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(document)
    };
    let text = text.map_err(|e| Report::input(format!("cannot read {}: {e}", document.display())))?;
    let us = match principal {
        Some(arn) => Untrusted::new(arn.as_str()),
        None => on_line(setting, async |line| {
            let why =
                |e: &AwsError| Report::failed(format!("who we are is not known, so give it with --principal: {e}"));
            line.caller.as_ref().map(|caller| caller.arn.clone()).map_err(why)
        })?,
    };
    let found = desk.diagnose(client, role, &text, us.raw_for_matching())?;
    let (fits, unknown, failure) = match &found {
        Diagnosis::Fits { unknown } => (true, unknown.clone(), None),
        Diagnosis::Cause(failure) => (false, Vec::new(), Some(failure)),
    };
    if json {
        out.json(&json!({
            "client": client, "role": role, "principal": us, "fits": fits, "not_understood": unknown,
            "code": failure.map(|f| f.kind.code()), "what": failure.map(|f| &f.what),
            "next_step": failure.map(|f| &f.next_step),
        }));
    } else if let Some(failure) = failure {
        out.line(&format!("{}: {}", failure.kind.code(), failure.what));
        out.line(&format!("next: {}", failure.next_step));
    } else {
        out.line(&format!("the trust policy of {role} lets us in, as {}", us.for_log()));
        unknown.iter().for_each(|key| out.line(&format!("  if AWS finds that this condition holds: {key}")));
        out.line("next: if it still does not open, check that our own identity may call sts:AssumeRole on it");
    }
    Ok(ExitCode::from(u8::from(!fits)))
}

/// 0 if all may be used.
fn code(reports: &[ConnectReport]) -> ExitCode {
    ExitCode::from(u8::from(!reports.iter().all(|r| r.kept && usable(Some(r.connection.gate)))))
}

fn way(args: WayArgs) -> Result<Way, Report> {
    match args {
        WayArgs { role_arn: Some(role), .. } => Ok(Way::Role(role)),
        WayArgs { profile: Some(name), .. } => Ok(Way::Profile(name)),
        WayArgs { access_key_file: Some(file), .. } => Ok(Way::AccessKey(key_file::read(&file)?)),
        WayArgs { .. } => Ok(Way::AccessKey(key_file::ask()?)),
    }
}
