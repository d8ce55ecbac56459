//! A CloudTrail record made into an [`AccessEvent`](crate::domain::AccessEvent), and the readers of log files.
//!
//! One tolerant parser serves the sync, the import and `bailiwick check`: whatever a record lacks, it lacks in the same
//! way everywhere. Nothing here fetches.

mod detail;
mod files;
mod instances;
mod json;
mod parse;
mod principal;
mod split;

pub use detail::detail;
pub use files::{FileError, Problem, Reading, read_path, read_stream};
pub use instances::{instance_count, instance_type, is_large};
pub use json::{Fields, Json, Kind, Members, Part};
pub(crate) use parse::flag;
pub use parse::{Home, Record, RecordError, api, parse, read, record};
pub use principal::principal;
