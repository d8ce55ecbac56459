//! Honest states: a value on a screen says what it is, and an error is never a zero.

use super::Timestamp;
use serde::{Deserialize, Serialize};

/// What one cell of a table can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Cell<T> {
    /// A settled value (zero included).
    Value {
        /// The value.
        value: T,
    },
    /// A value that AWS still calls an estimate.
    Estimated {
        /// The value.
        value: T,
    },
    /// The last value known, older than it should be.
    Stale {
        /// The value.
        value: T,
        /// When it was read.
        as_of: Timestamp,
    },
    /// Read, and there is nothing there.
    Empty,
    /// Not known, and why, in plain words.
    Unavailable {
        /// One sentence.
        reason: String,
    },
}

impl<T> Cell<T> {
    /// The value, if there is one, whatever its quality.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value { value } | Self::Estimated { value } | Self::Stale { value, .. } => Some(value),
            Self::Empty | Self::Unavailable { .. } => None,
        }
    }
}

/// How one source of one client or account stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Never read yet.
    Never,
    /// Read completely at this time.
    Fresh {
        /// When.
        at: Timestamp,
    },
    /// Read once, but the last attempt failed.
    Stale {
        /// The last complete read.
        at: Timestamp,
        /// Why it could not be renewed, in plain words with the next step.
        reason: String,
    },
    /// Never read, because of this.
    Unavailable {
        /// In plain words with the next step.
        reason: String,
    },
    /// This connection does not have this source (a member role has no costs).
    NotApplicable,
}

/// The age and health of what a row shows, summed up over its sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// The oldest complete read among the costs shown; `None` before the first.
    pub costs_at: Option<Timestamp>,
    /// The oldest complete read among the events shown.
    pub events_at: Option<Timestamp>,
    /// Sources in trouble, as sentences; empty when all is well.
    pub problems: Vec<String>,
}
