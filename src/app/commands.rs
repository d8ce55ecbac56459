//! The commands that need the vault, and `check`, which does not.

use super::{
    Setting,
    demo::Bar,
    engine::{self, Engine},
    report::Report,
    unlock,
};
use crate::{
    aws::{BaseCredentials, Pacer, SdkCloud},
    checks::Checks,
    cli::{
        self, AccessArgs, AccountsArgs, CheckArgs, ConnectArgs, CostsArgs, FindingsArgs, InitArgs, Output,
        OverviewArgs, SyncArgs, progress,
    },
    config::Settings,
    desk::{AccessScope, Action, ConnectRequest, CostScope, Desk, DeskError, FindingScope, Via},
    domain::{ClientId, CostBasis, SyncEvent},
};
use serde_json::json;
use std::{cell::RefCell, process::ExitCode, rc::Rc, sync::Arc};

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

/// `sync`: 0 when all that was due is read, 1 when a part failed, 2 when nothing could be read.
pub fn sync(setting: &Setting, args: &SyncArgs, out: &mut Output) -> Result<ExitCode, Report> {
    read_once(setting, args, out).map_err(Report::nothing_read)
}

/// Ctrl-C: the run stops between two commits instead of within one.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

fn read_once(setting: &Setting, args: &SyncArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let paths = setting.paths()?;
    let settings = Settings::load(&paths.config)?;
    let vault = Arc::new(unlock::open(setting)?);
    let _log = super::log::start(&paths.state);
    if let Some(only) = &args.client
        && !vault.clients().contains(only)
    {
        return Err(DeskError::UnknownClient(only.clone()).into());
    }
    let desk =
        Desk::new(vault.clone(), Arc::new(Checks::builtin()?), setting.clock.clone()).acting(setting.actor(Via::Cli));
    let what = if args.client.is_some() { "of this client" } else { "of all clients" };
    desk.permit(Action::SyncRun, args.client.as_ref(), what)?;
    let connected = desk.clients()?.clients.iter().any(|c| c.connections > 0);
    let engine = Engine {
        vault,
        checks: Arc::new(Checks::with_user_rules(&paths.config.join("checks"))?),
        clock: setting.clock.clone(),
        credentials: BaseCredentials::Chain,
        options: engine::options(&settings, &setting.environment.user, args.client.clone()),
    };
    let summary = if args.json {
        // The engine runs on this thread, so its events can be printed as they come.
        let events: Rc<RefCell<Output>> = Rc::new(RefCell::new(Output::stdout()));
        engine.run(move |event: SyncEvent| events.borrow_mut().json_line(&event), interrupted())?
    } else {
        let bar = RefCell::new(Bar::default());
        let summary = engine.run(move |event| bar.borrow_mut().hear(&event), interrupted())?;
        progress("");
        if !connected {
            out.line("nothing is connected yet: `bailiwick connect CLIENT --role-arn ARN` connects the first account");
        } else if summary.jobs_done + summary.jobs_partial + summary.jobs_failed == 0 {
            out.line("nothing is due: everything that is connected was read a moment ago");
        } else {
            cli::summary(out, &summary);
        }
        summary
    };
    Ok(ExitCode::from(match (summary.jobs_failed + summary.jobs_partial, summary.jobs_done + summary.jobs_partial) {
        (0, _) => 0,
        (_, 0) => 2,
        _ => 1,
    }))
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

/// The desk over the user's vault, used by whoever runs the command.
pub fn open_desk(setting: &Setting) -> Result<Desk, Report> {
    let checks = Arc::new(Checks::with_user_rules(&setting.paths()?.config.join("checks"))?);
    let vault = Arc::new(unlock::open(setting)?);
    Ok(Desk::new(vault, checks, setting.clock.clone()).acting(setting.actor(Via::Cli)))
}
