//! What can be typed. Help, completions and the man page come from here.

mod audit;
mod client;
mod connect;
mod import;
mod role;

pub use audit::{AuditAction, AuditListArgs, When};
pub use client::{BasisArg, ClientAction, FactsArgs, budget, currency};
pub use connect::{ConnectArgs, ConnectionAction, KindArg, MembersArgs, WayArgs};
pub use import::{ImportArgs, ImportFormatArg};
pub use role::{FormatArg, RoleAction, RoleRenderArgs, TemplateArg};

use super::vault;
use crate::domain::{AccountId, ClientId, Day, Metric, Month, Severity, Timestamp};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A terminal operations console for teams who look after many clients' AWS accounts.
///
/// Without a command the console opens on the stored data.
#[derive(Debug, Parser)]
#[command(name = "bailiwick", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Read the passphrase from the first line of this file (or set BAILIWICK_PASSPHRASE_FILE).
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Unlock with this credential file instead of a passphrase (or set BAILIWICK_CREDENTIAL_FILE).
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub credential_file: Option<PathBuf>,
    /// A key file that belongs to the passphrase (or set BAILIWICK_KEY_FILE).
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "credential_file")]
    pub key_file: Option<PathBuf>,
    /// Unlock with the recovery code in the first line of this file.
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["passphrase_file", "credential_file", "key_file"])]
    pub recovery_code_file: Option<PathBuf>,
    /// While another process has the vault, wait instead of giving up.
    #[arg(long, global = true)]
    pub wait: bool,
    /// Draw with ASCII characters only.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Pin the present, RFC 3339 (for tests).
    #[arg(long, global = true, hide = true, value_name = "TIME")]
    pub now: Option<Timestamp>,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the vault in which everything is kept encrypted.
    Init(InitArgs),
    /// Add, change, list and remove clients.
    Client {
        /// What to do with them.
        #[command(subcommand)]
        action: ClientAction,
    },
    /// List, show, test, override and remove connections.
    Connection {
        /// What to do with them.
        #[command(subcommand)]
        action: ConnectionAction,
    },
    /// Look after the vault: slots, keys, damage, space.
    Vault {
        /// What to do with it.
        #[command(subcommand)]
        action: vault::VaultAction,
    },
    /// Make what installs the roles in a client's accounts, or the page that explains them.
    Role {
        /// What to do.
        #[command(subcommand)]
        action: RoleAction,
    },
    /// Connect a client's account; the way in is tested before it is kept.
    Connect(ConnectArgs),
    /// Read what is new from every connected account, once.
    Sync(SyncArgs),
    /// Back the vault up, look after the backups, bring one back.
    Backup {
        /// What to do.
        #[command(subcommand)]
        action: super::BackupAction,
    },
    /// Show every client on one line: spend, what moved, findings, freshness.
    Overview(OverviewArgs),
    /// Show costs: clients, then accounts, services and days.
    Costs(CostsArgs),
    /// Show who used the accounts: principals, then the events of one.
    Access(AccessArgs),
    /// Show findings, or one with its evidence.
    Findings(FindingsArgs),
    /// Show accounts.
    Accounts(AccountsArgs),
    /// Show and check the log of what was changed or revealed.
    Audit {
        /// What to do with it.
        #[command(subcommand)]
        action: AuditAction,
    },
    /// Run the event checks over CloudTrail files, without a vault.
    Check(CheckArgs),
    /// Show where config.toml is, and every setting with its value and meaning.
    Config(ConfigArgs),
    /// The AWS simulator.
    Sim {
        /// What to do with it.
        #[command(subcommand)]
        action: SimAction,
    },
    /// See everything at work: a simulated fleet, read through the AWS SDK, in a vault that is thrown away.
    Demo(DemoArgs),
    /// Print shell completions.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page.
    Man,
}

/// `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Make a vault for headless use that is opened by the key in this file; the file is made if it does not exist.
    #[arg(long, value_name = "FILE")]
    pub with_credential_file: Option<PathBuf>,
}

/// `sync`.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// Only this client.
    #[arg(long)]
    pub client: Option<ClientId>,
    /// Print what is due, what it costs and how long it takes, and send nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print what each client paid for Cost Explorer by month, and send nothing.
    #[arg(long, conflicts_with = "dry_run")]
    pub spend: bool,
    /// Go on until SIGTERM or Ctrl-C, one run after another; between two the vault is closed, and free for others.
    #[arg(long, conflicts_with_all = ["dry_run", "spend"])]
    pub watch: bool,
    /// With --watch, minutes between two runs, instead of what config.toml says of each source.
    #[arg(long, value_name = "MINUTES", requires = "watch", value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub every: Option<u32>,
    /// Print every step as a line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// `overview`.
#[derive(Debug, Args)]
pub struct OverviewArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A cost basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum MetricArg {
    /// As billed.
    #[default]
    Unblended,
    /// As billed, after discounts.
    NetUnblended,
    /// Upfront fees spread over their term.
    Amortized,
    /// Spread, after discounts.
    NetAmortized,
}

impl From<MetricArg> for Metric {
    fn from(metric: MetricArg) -> Self {
        match metric {
            MetricArg::Unblended => Self::Unblended,
            MetricArg::NetUnblended => Self::NetUnblended,
            MetricArg::Amortized => Self::Amortized,
            MetricArg::NetAmortized => Self::NetAmortized,
        }
    }
}

/// `costs`.
#[derive(Debug, Args)]
pub struct CostsArgs {
    /// One client's accounts.
    #[arg(long)]
    pub client: Option<ClientId>,
    /// One account's services.
    #[arg(long, requires = "client")]
    pub account: Option<AccountId>,
    /// One service's days, named as the table names it.
    #[arg(long, requires = "account")]
    pub service: Option<String>,
    /// That service's usage types in this month, YYYY-MM: asked of Cost Explorer, which costs the client $0.01 a page and
    /// is one as a rule; of a settled month once and for ever.
    #[arg(long, requires = "service", value_name = "MONTH", value_parser = month)]
    pub usage_types: Option<Month>,
    /// Which cost basis.
    #[arg(long, value_enum, default_value_t)]
    pub metric: MetricArg,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A month as it is typed.
fn month(text: &str) -> Result<Month, String> {
    let first: Result<Day, _> = format!("{text}-01").parse();
    first.map(Day::month).map_err(|_| "a month is written YYYY-MM, e.g. 2026-10".to_owned())
}

/// `access`.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// One client.
    #[arg(long)]
    pub client: Option<ClientId>,
    /// One account.
    #[arg(long)]
    pub account: Option<AccountId>,
    /// The events of one principal, named as the table names it (its ARN, account:… or service:…).
    #[arg(long, value_name = "PRINCIPAL")]
    pub actor: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `findings`.
#[derive(Debug, Args)]
pub struct FindingsArgs {
    /// One finding in full, by its id.
    pub id: Option<crate::domain::FindingId>,
    /// One client.
    #[arg(long)]
    pub client: Option<ClientId>,
    /// One account.
    #[arg(long)]
    pub account: Option<AccountId>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `accounts`.
#[derive(Debug, Args)]
pub struct AccountsArgs {
    /// One client.
    #[arg(long)]
    pub client: Option<ClientId>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// How `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    #[default]
    Table,
    /// For programs; `event_ids` is complete.
    Json,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// CloudTrail log files, JSON lines or `aws cloudtrail lookup-events` output, plain or .gz; - is standard input.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
    /// Exit with 1 if a finding is at least this bad.
    #[arg(long, default_value = "info", value_name = "SEVERITY")]
    pub fail_on: Severity,
    /// A directory of rules of your own, besides the one in the configuration directory.
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}

/// `config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What the simulated world is made from.
#[derive(Debug, Clone, Args)]
pub struct WorldArgs {
    /// Seed of the simulated world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of accounts.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(24..=5_000))]
    pub accounts: u32,
    /// Number of CloudTrail events, about.
    #[arg(long, default_value_t = 40_000, value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
    pub events: u32,
}

/// `sim …`.
#[derive(Debug, Subcommand)]
pub enum SimAction {
    /// Serve the simulated AWS on loopback until interrupted.
    Serve {
        /// The world.
        #[command(flatten)]
        world: WorldArgs,
        /// The port; 0 takes any.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Do not limit the rate of requests.
        #[arg(long)]
        unthrottled: bool,
        /// Something that is wrong, everywhere or in one account; may be given again. An unknown name lists them all.
        #[arg(long = "trouble", value_name = "NAME[@ACCOUNT]")]
        troubles: Vec<String>,
        /// What goes wrong with single requests: seed=N and rules, by commas. A rule is NAME:ARGUMENT=WHEN@PLACE, of which
        /// only the name is needed; WHEN is a share such as 0.2, first3 or #2, PLACE a service, account or region. An
        /// unknown name lists them all.
        #[arg(long, value_name = "PLAN")]
        faults: Option<String>,
    },
    /// Describe the simulated world.
    World {
        /// The world.
        #[command(flatten)]
        world: WorldArgs,
        /// Print the planted stories and the true sums of costs as JSON.
        #[arg(long)]
        truth: bool,
    },
}

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The world.
    #[command(flatten)]
    pub world: WorldArgs,
    /// Do the same without the screen.
    #[arg(long)]
    pub headless: bool,
    /// Print the outcome as JSON (with --headless).
    #[arg(long, requires = "headless")]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_malformed_arn_is_refused_with_what_to_write() {
        let error = Cli::try_parse_from(["bailiwick", "connect", "acme", "--role-arn", "arn:aws:iam::123:role/x"]);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("exactly 12 digits"), "{text}");
    }

    #[test]
    fn a_passphrase_is_never_an_argument() {
        assert!(Cli::try_parse_from(["bailiwick", "sync", "--passphrase", "x"]).is_err());
    }
}
