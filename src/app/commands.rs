//! The commands that need the vault, and `check`, which does not.

use super::{Setting, desk::open_desk, engine, report::Report, unlock};
use crate::{
    aws::{BaseCredentials, Pacer, SdkCloud},
    checks::Checks,
    cli::{
        self, AccessArgs, AccountsArgs, CheckArgs, ConfigArgs, ConnectArgs, CostsArgs, FindingsArgs, InitArgs, Output,
        OverviewArgs,
    },
    config::{Settings, SettingsView},
    desk::{AccessScope, ConnectRequest, CostScope, FindingScope},
    domain::{ClientId, CostBasis},
};
use serde_json::json;
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

/// `client add`.
pub fn client_add(
    setting: &Setting,
    id: &ClientId,
    name: Option<String>,
    json: bool,
    out: &mut Output,
) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    let client = desk.add_client(id, name.map(Into::into), CostBasis::Unknown)?;
    if json {
        out.json(&json!({ "client": client.id, "name": client.name, "external_id": client.external_id.reveal() }));
    } else {
        out.line(&format!("added {}; its ExternalId, for the trust policy of its roles, is", client.id));
        out.line(&format!("  {}", client.external_id.reveal()));
        out.line(&format!("next: create the role, then `bailiwick connect {} --role-arn ARN`", client.id));
    }
    Ok(ExitCode::SUCCESS)
}

/// `client show`.
pub fn client_show(
    setting: &Setting,
    id: &ClientId,
    reveal: bool,
    json: bool,
    out: &mut Output,
) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    let client = desk.client(id)?;
    let external_id = if reveal { Some(desk.reveal_external_id(id)?) } else { None };
    let revealed = external_id.as_ref().map(|id| id.reveal());
    if json {
        out.json(&json!({
            "client": client.id,
            "name": client.name,
            "cost_basis": client.cost_basis,
            "added_at": client.added_at,
            "connections": desk.connections(Some(id))?.len(),
            "external_id": revealed,
        }));
    } else {
        out.line(&format!("{}  {}", client.id, client.name.for_tui(80)));
        out.line(&format!(
            "added {}, {}",
            client.added_at,
            cli::vault::counted(desk.connections(Some(id))?.len() as u64, "connection")
        ));
        out.line(&format!("ExternalId {}", revealed.unwrap_or("hidden: --reveal-external-id shows it")));
    }
    Ok(ExitCode::SUCCESS)
}

/// `client list`.
pub fn client_list(setting: &Setting, json: bool, out: &mut Output) -> Result<ExitCode, Report> {
    let list = open_desk(setting)?.clients()?;
    if json {
        out.json(&list)
    } else {
        cli::clients(out, &list)
    }
    Ok(ExitCode::SUCCESS)
}

/// `connect`.
pub fn connect(setting: &Setting, args: &ConnectArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    desk.client(&args.client)?;
    let request = ConnectRequest {
        client: args.client.clone(),
        role: args.role_arn.clone(),
        external_id: args.external_id.clone(),
        alias: args.alias.as_deref().map(Into::into),
        kind: args.kind.map(Into::into),
        operator: setting.environment.user.clone(),
    };
    let options = engine::options(&Settings::load(&setting.paths()?.config)?, &setting.environment.user, None);
    let connection = engine::runtime()?.block_on(async {
        let cloud = SdkCloud::connect(BaseCredentials::Chain, setting.clock.clone()).await;
        let pacer = Pacer::new(options.pace, options.retry, setting.clock.now().second().unsigned_abs());
        desk.connect(&cloud, &pacer, &request).await
    })?;
    if args.json {
        out.json(&connection);
    } else {
        out.line(&format!(
            "connected {} of {} as {}: the right ExternalId works, none and a random one are refused",
            connection.account(),
            connection.client,
            connection.kind.word()
        ));
        out.line("next: `bailiwick sync`");
    }
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
