//! The commands that need the vault, and `check`, which does not.

use super::{Setting, connect::on_line, desk::open_desk, report::Report, unlock};
use crate::{
    checks::Checks,
    cli::{
        self, AccessArgs, AccountsArgs, CheckArgs, ConfigArgs, CostsArgs, FindingsArgs, InitArgs, Output, OverviewArgs,
    },
    config::{Settings, SettingsView},
    desk::{AccessScope, CostScope, FindingScope, UsageScope},
    domain::Metric,
};
use std::process::ExitCode;

/// `init`.
pub fn init(setting: &Setting, args: &InitArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let dir = unlock::create(setting, args.with_credential_file.as_deref())?;
    out.line(&format!("created the vault in {}", dir.display()));
    match &args.with_credential_file {
        Some(file) => {
            out.line(&format!("it is opened by {}: without that file its data cannot be read", file.display()))
        }
        None => out.line("it is opened by the passphrase: without it its data cannot be read, by anybody"),
    }
    out.line("next: `bailiwick client add NAME`");
    Ok(ExitCode::SUCCESS)
}

/// `overview`.
pub fn overview(setting: &Setting, args: &OverviewArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let view = open_desk(setting)?.overview()?;
    if args.json {
        out.json(&view)
    } else {
        cli::overview(out, &view)
    }
    Ok(ExitCode::SUCCESS)
}

/// `costs`.
pub fn costs(setting: &Setting, args: CostsArgs, out: &mut Output) -> Result<ExitCode, Report> {
    if let (Some(client), Some(account), Some(service), Some(month)) =
        (&args.client, args.account, &args.service, args.usage_types)
    {
        let scope = UsageScope { client: client.clone(), account, service: service.as_str().into(), month };
        return usage(setting, &scope, args.metric.into(), args.json, out);
    }
    let scope = CostScope {
        client: args.client,
        account: args.account,
        service: args.service.map(Into::into),
        metric: args.metric.into(),
    };
    let view = open_desk(setting)?.costs(&scope)?;
    if args.json {
        out.json(&view)
    } else {
        cli::costs(out, &view)
    }
    Ok(ExitCode::SUCCESS)
}

/// `costs --usage-types`: from the vault, or by one question to Cost Explorer.
fn usage(
    setting: &Setting,
    scope: &UsageScope,
    metric: Metric,
    json: bool,
    out: &mut Output,
) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    let view = match desk.usage_kept(scope)? {
        Some(kept) => kept,
        None => on_line(setting, async |line| Ok(desk.drill_usage(line, scope).await?))?,
    };
    if json {
        out.json(&view)
    } else {
        cli::usage(out, &view, metric)
    }
    Ok(ExitCode::SUCCESS)
}

/// `access`.
pub fn access(setting: &Setting, args: AccessArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let one = args.actor.is_some();
    let scope = AccessScope { client: args.client, account: args.account, actor: args.actor.map(Into::into) };
    let view = open_desk(setting)?.access(&scope)?;
    if args.json {
        out.json(&view)
    } else {
        cli::access(out, &view, one)
    }
    Ok(ExitCode::SUCCESS)
}

/// `findings`.
pub fn findings(setting: &Setting, args: FindingsArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    if let Some(id) = args.id {
        let detail = desk.finding(id)?;
        if args.json { out.json(&detail) } else { cli::finding(out, &detail) }
    } else {
        let view = desk.findings(&FindingScope { client: args.client, account: args.account })?;
        if args.json { out.json(&view) } else { cli::findings(out, &view) }
    }
    Ok(ExitCode::SUCCESS)
}

/// `accounts`.
pub fn accounts(setting: &Setting, args: &AccountsArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let view = open_desk(setting)?.accounts(args.client.as_ref())?;
    if args.json {
        out.json(&view)
    } else {
        cli::accounts(out, &view)
    }
    Ok(ExitCode::SUCCESS)
}

/// `check`.
pub fn check(setting: &Setting, args: &CheckArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let rules = match &args.rules {
        Some(dir) if !dir.is_dir() => {
            return Err(Report::input(format!("{} is not a directory of rules", dir.display())));
        }
        Some(dir) => dir.clone(),
        // Without a home there is no place for rules of one's own, and that is fine.
        None => setting.paths().map(|p| p.config.join("checks")).unwrap_or_default(),
    };
    let checks = Checks::with_user_rules(&rules).map_err(|e| Report::input(e.to_string()))?;
    Ok(cli::check(out, &crate::desk::check_files(&checks, &args.files), args.format, args.fail_on))
}

/// `config`: needs no vault, so that it also helps before there is one.
pub fn config(setting: &Setting, args: &ConfigArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let directory = setting.paths()?.config;
    let settings = Settings::load(&directory).map_err(|e| Report::input(e.to_string()))?;
    let view = SettingsView::new(&directory, &settings)
        .map_err(|e| Report::failed(format!("the settings cannot be written down: {e}")))?;
    if args.json {
        out.json(&view)
    } else {
        cli::config(out, &view)
    }
    Ok(ExitCode::SUCCESS)
}
