//! The one door for `cli` and `tui`: queries that return immutable view data, and commands that change something.

mod access;
mod accounts;
mod attempt;
mod audit;
mod backup;
mod bulk;
mod care;
mod clients;
mod connect;
mod costs;
mod data;
mod files;
mod findings;
#[cfg(test)]
mod fixtures;
mod glance;
mod import;
mod keys;
mod members;
mod overview;
mod part;
mod policy;
mod query;
mod removal;
mod role;
mod sync;
mod usage;
mod vault;
pub mod view;

pub use crate::connect::render::{Format, ROLE_PATH, Template};
pub use crate::vault::Via;
pub use audit::{AuditExported, AuditFilter};
pub use backup::{BackupPlan, Tended};
pub use care::Repaired;
pub use connect::{ConnectRequest, Line, Way};
pub use data::Desk;
pub use files::check_files;
pub use members::MembersPlan;
pub use policy::{Action, Actor, Effect, note_creation, note_restore};
pub use query::{AccessScope, Answer, CostScope, DeskError, FindingScope, Query};
pub use role::RenderRequest;
pub use sync::SourceHealth;
pub use usage::{UsageScope, UsageShown, UsageView};
