//! The command line: arguments, one file per subcommand, and the only place that prints.

mod args;
mod check;
mod print;
mod show;
mod table;
pub mod vault;

pub use args::{
    AccessArgs, AccountsArgs, CheckArgs, CheckFormat, Cli, ClientAction, Command, ConnectArgs, CostsArgs, DemoArgs,
    FindingsArgs, InitArgs, KindArg, MetricArg, OverviewArgs, SimAction, SyncArgs, WorldArgs,
};
pub use check::check;
pub use print::{Output, progress, sentence};
pub use show::{access, accounts, clients, costs, finding, findings, overview, summary};
