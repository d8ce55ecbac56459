//! `connect` and `connection …`: the desk on a line to AWS.

use super::{Setting, confirm::confirm, desk::open_desk, engine, key_file, members, report::Report};
use crate::{
    aws::{BaseCredentials, Pacer, SdkCloud},
    cli::{self, ConnectArgs, ConnectionAction, Output, WayArgs, sentence},
    config::Settings,
    desk::{
        ConnectRequest, Desk, Line, Way,
        view::{ConnectReport, ProbeView},
    },
    domain::{ClientId, ConnectionId, GateResult},
};
use futures::future::join_all;
use serde_json::json;
use std::{cell::RefCell, process::ExitCode};

/// Does AWS work of the desk on a runtime of its own.
pub fn on_line<T>(
    setting: &Setting,
    work: impl AsyncFnOnce(&Line<'_, SdkCloud>) -> Result<T, Report>,
) -> Result<T, Report> {
    let settings = Settings::load(&setting.paths()?.config)?;
    let operator = &setting.environment.user;
    let options = engine::options(&settings, operator, None);
    engine::runtime()?.block_on(async {
        let cloud = SdkCloud::connect(BaseCredentials::Chain, setting.clock.clone()).await;
        let pacer = Pacer::new(options.pace, options.retry, setting.clock.now().second().unsigned_abs());
        let line = Line::open(&cloud, &pacer, operator, options.trusted).await;
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
        if report.connection.results.len() == 1 {
            // It failed before the gate, so nothing was told yet.
            report.connection.results.iter().for_each(|result| cli::connection::probe(out, result));
        }
        cli::connection::tested(out, &report);
        next(out, &report);
    }
    if let Some(warning) = report.connection.warning.as_ref().filter(|_| args.json) {
        sentence(&format!("bailiwick: warning: {warning}"));
    }
    Ok(code(&[report]))
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
        cli::connection::tested(out, report);
    }
    if reports.is_empty() {
        out.line("nothing is connected yet: `bailiwick connect CLIENT --role-arn ARN` connects the first account");
    }
    Ok(code(&reports))
}

/// 0 if all may be used.
fn code(reports: &[ConnectReport]) -> ExitCode {
    let usable = |r: &ConnectReport| r.kept && matches!(r.connection.gate, "passed" | "overridden");
    ExitCode::from(u8::from(!reports.iter().all(usable)))
}

fn next(out: &mut Output, report: &ConnectReport) {
    let c = &report.connection;
    match (c.gate, c.connection.as_ref()) {
        ("passed", _) => out.line("next: `bailiwick sync`"),
        ("quarantined", Some(id)) => out.line(&format!(
            "next: have the trust policy mended, then `bailiwick connection test {0} {id}`; `bailiwick connection override {0} {id} --reason TEXT` uses it all the same",
            c.client
        )),
        _ => {}
    }
}

fn way(args: WayArgs) -> Result<Way, Report> {
    match args {
        WayArgs { role_arn: Some(role), .. } => Ok(Way::Role(role)),
        WayArgs { profile: Some(name), .. } => Ok(Way::Profile(name)),
        WayArgs { access_key_file: Some(file), .. } => Ok(Way::AccessKey(key_file::read(&file)?)),
        WayArgs { .. } => Ok(Way::AccessKey(key_file::ask()?)),
    }
}
