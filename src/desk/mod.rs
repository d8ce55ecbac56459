//! The one door for `cli` and `tui`: queries that return immutable view data, and commands that change something.

mod access;
mod accounts;
mod audit;
mod command;
mod costs;
mod data;
mod files;
mod findings;
mod overview;
mod policy;
mod query;
pub mod view;

pub use crate::vault::Via;
pub use audit::{AuditExported, AuditFilter};
pub use command::ConnectRequest;
pub use data::Desk;
pub use files::check_files;
pub use policy::{Action, Actor, Effect, note_creation};
pub use query::{AccessScope, Answer, CostScope, DeskError, FindingScope, Query};
