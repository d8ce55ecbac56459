//! What rules cannot compute from one event: cost norms, and how our own reading goes.

pub mod connection;
pub mod cost;

use super::derive::Fields;
use crate::domain::{AccountId, Evidence};

/// One statement about an account that rules of the services `cost` and `connection` are evaluated over.
pub(super) struct Fact {
    /// The account it is about.
    pub account: AccountId,
    /// Its `bw.*` fields.
    pub fields: Fields<'static>,
    /// What it rests on, oldest first.
    pub evidence: Vec<Evidence>,
}
