//! The one door for `cli` and `tui`: queries that return immutable view data, and commands that change something.

mod access;
mod accounts;
mod backup;
mod command;
mod costs;
mod data;
mod files;
mod findings;
mod overview;
mod query;
pub mod view;

pub use backup::{BackupPlan, Tended};
pub use command::ConnectRequest;
pub use data::Desk;
pub use files::check_files;
pub use query::{AccessScope, Answer, CostScope, DeskError, FindingScope, Query};
