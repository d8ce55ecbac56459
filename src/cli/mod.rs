//! The command line: arguments, one file per subcommand, and the only place that prints.

mod args;
mod backup;
mod audit;
mod check;
mod plan;
mod confirm;
pub mod bulk;
pub mod connection;
mod config;
pub mod import;
mod print;
mod show;
mod sync_bar;
mod table;
mod usage;
pub mod vault;

pub use args::{
    AccessArgs, AccountsArgs, AuditAction, AuditListArgs, BasisArg, CheckArgs, CheckFormat, Cli, ClientAction, Command,
    ConfigArgs, ConnectArgs, ConnectionAction, CostsArgs, DemoArgs, FactsArgs, FindingsArgs, FormatArg, ImportArgs,
    ImportFormatArg, InitArgs, KindArg, MembersArgs, MetricArg, OverviewArgs, RoleAction, RoleRenderArgs, SimAction,
    SyncArgs, TemplateArg, WayArgs, When, WorldArgs, budget, currency,
};
pub use audit::{audit, audit_check};
pub use backup::{BackupAction, backup_check, backup_made, backups, pruned, restored, tended};
pub use check::check;
pub use config::config;
pub use confirm::typed;
pub use plan::{plan, spend};
pub use print::{Output, progress, sentence};
pub use show::{access, accounts, clients, costs, finding, findings, overview, summary};
pub use sync_bar::SyncBar;
pub use usage::usage;
