//! What AWS changed of the past: a month that was closed and final, and read with another amount later.

use super::{AccountId, Amounts, Currency, Month, Timestamp, Untrusted};
use serde::{Deserialize, Serialize};

/// A month that reads differently than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restatement {
    /// The month.
    pub month: Month,
    /// When the other amount was first seen.
    pub seen_at: Timestamp,
    /// When the former one was last seen.
    pub before_at: Timestamp,
    /// The currency of both.
    pub currency: Currency,
    /// The sum of all groups before.
    pub before: Amounts,
    /// The sum of all groups now.
    pub after: Amounts,
    /// The cells that changed most, by what they changed; at most [`Restatement::CELLS`].
    pub cells: Vec<RestatedCell>,
}

/// One account and service of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestatedCell {
    /// The account.
    pub account: AccountId,
    /// The service.
    pub service: Untrusted,
    /// Before; zero if it was not there.
    pub before: Amounts,
    /// Now; zero if it is gone.
    pub after: Amounts,
}

impl Restatement {
    /// Cells that are kept of one restatement.
    pub const CELLS: usize = 20;
}
