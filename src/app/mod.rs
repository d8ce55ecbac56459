//! The composition root: builds the rooms, runs a command or the console. The only room that knows all the others.

mod backup;
mod chore;
mod clients;
mod arguments;
mod audit;
mod background;
mod clock;
mod commands;
mod connect;
mod confirm;
mod console;
mod demo;
mod desk;
mod engine;
mod errand;
pub mod fleet;
mod import;
mod key_file;
mod log;
mod members;
mod newcomers;
mod relay;
mod report;
mod role;
mod round;
mod run;
mod secret;
mod simulator;
mod stop;
mod sync;
mod unlock;
mod vault;
mod watch;
mod way;
mod worker;

use crate::{
    cli::{self, Cli, ClientAction, Command, Output, SimAction},
    config::{Environment, Paths},
    desk::{Actor, Via},
    domain::{Clock, FixedClock},
    vault::harden_process as harden,
};
use clap::CommandFactory;
use clock::SystemClock;
use report::Report;
use std::{process::ExitCode, sync::Arc};

/// What every command gets.
pub(crate) struct Setting {
    environment: Environment,
    clock: Arc<dyn Clock>,
    passphrase_file: Option<std::path::PathBuf>,
    credential_file: Option<std::path::PathBuf>,
    key_file: Option<std::path::PathBuf>,
    recovery_code_file: Option<std::path::PathBuf>,
    wait: bool,
    ascii: bool,
}

impl Setting {
    /// Of a program that was started at that time without any option or variable.
    #[cfg(test)]
    fn at(now: &str) -> Self {
        Self {
            environment: Environment::default(),
            clock: Arc::new(FixedClock(now.parse().unwrap())),
            passphrase_file: None,
            credential_file: None,
            key_file: None,
            recovery_code_file: None,
            wait: false,
            ascii: false,
        }
    }

    /// Who uses the program, through something.
    fn actor(&self, via: Via) -> Actor {
        Actor::new(&self.environment.user, via)
    }

    fn paths(&self) -> Result<Paths, Report> {
        Ok(Paths::locate(&self.environment)?)
    }
}

/// Runs the program: parses the arguments, does the work, reports what failed in one place.
pub fn main() -> ExitCode {
    let cli = match arguments::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let environment = Environment::read();
    if let Err(e) = harden() {
        cli::sentence(&e.to_string());
        return ExitCode::FAILURE;
    }
    let clock: Arc<dyn Clock> = match cli.now {
        Some(now) => Arc::new(FixedClock(now)),
        None => Arc::new(SystemClock),
    };
    let passphrase_file = cli.passphrase_file.or_else(|| environment.passphrase_file.clone());
    let asked_otherwise = passphrase_file.is_some() || cli.recovery_code_file.is_some();
    let setting = Setting {
        ascii: cli.ascii,
        wait: cli.wait,
        credential_file: cli
            .credential_file
            .or_else(|| environment.credential_file.clone())
            .or_else(|| environment.loaded_credential().filter(|_| !asked_otherwise)),
        passphrase_file,
        key_file: cli.key_file.or_else(|| environment.key_file.clone()),
        recovery_code_file: cli.recovery_code_file,
        environment,
        clock,
    };
    match run(cli.command, &setting) {
        Ok(code) => code,
        Err(report) => {
            cli::sentence(&format!("bailiwick: {report}"));
            report.code()
        }
    }
}

fn run(command: Option<Command>, setting: &Setting) -> Result<ExitCode, Report> {
    let mut out = Output::stdout();
    match command {
        None => console::stored(setting),
        Some(Command::Demo(args)) if args.headless => demo::headless(setting, &args, &mut out),
        Some(Command::Demo(args)) => console::demo(setting, &args),
        Some(Command::Init(args)) => commands::init(setting, &args, &mut out),
        Some(Command::Client { action }) => match action {
            ClientAction::Add { id, facts, json } => clients::add(setting, &id, facts, json, &mut out),
            ClientAction::Edit { id, facts, json } => clients::edit(setting, &id, facts, json, &mut out),
            ClientAction::Show { id, reveal_external_id, json } => {
                clients::show(setting, &id, reveal_external_id, json, &mut out)
            }
            ClientAction::List { json } => clients::list(setting, json, &mut out),
            ClientAction::Import(args) => import::run(setting, &args, &mut out),
            ClientAction::Remove(args) => vault::client_remove(setting, &args, &mut out),
        },
        Some(Command::Connection { action }) => connect::connection(setting, action, &mut out),
        Some(Command::Vault { action }) => vault::run(setting, action, &mut out),
        Some(Command::Role { action }) => role::run(setting, action, &mut out),
        Some(Command::Connect(args)) => connect::connect(setting, args, &mut out),
        Some(Command::Sync(args)) if args.watch => watch::run(setting, &args, &mut out),
        Some(Command::Sync(args)) => sync::run(setting, &args, &mut out),
        Some(Command::Backup { action }) => backup::run(setting, &action, &mut out),
        Some(Command::Overview(args)) => commands::overview(setting, &args, &mut out),
        Some(Command::Costs(args)) => commands::costs(setting, args, &mut out),
        Some(Command::Access(args)) => commands::access(setting, args, &mut out),
        Some(Command::Findings(args)) => commands::findings(setting, args, &mut out),
        Some(Command::Accounts(args)) => commands::accounts(setting, &args, &mut out),
        Some(Command::Audit { action }) => audit::run(setting, action, &mut out),
        Some(Command::Check(args)) => commands::check(setting, &args, &mut out),
        Some(Command::Config(args)) => commands::config(setting, &args, &mut out),
        Some(Command::Sim { action: SimAction::Serve { world, port, unthrottled, troubles, faults } }) => {
            let options = simulator::options(port, !unthrottled, &troubles, faults.as_deref())?;
            simulator::serve(setting, &world, options, &mut out)
        }
        Some(Command::Sim { action: SimAction::World { world, truth } }) => {
            simulator::describe(setting, &world, truth, &mut out)
        }
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "bailiwick", &mut text);
            out.line(String::from_utf8_lossy(&text).trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut text)
                .map_err(|e| Report::failed(format!("the man page could not be made: {e}")))?;
            out.line(String::from_utf8_lossy(&text).trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}
