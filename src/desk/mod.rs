//! The one door for `cli` and `tui`: queries that return immutable view data, and commands that change something.

mod query;
pub mod view;

pub use query::{AccessScope, Answer, CostScope, DeskError, FindingScope, Query};
