//! What the gate tries of a connection, and what it found.

use super::{Failure, Timestamp};
use serde::{Deserialize, Serialize};

/// Whether a connection may be used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// Not tried yet.
    #[default]
    Untested,
    /// It proved what it has to: it leads into the registered account, and a role opens with the right ExternalId alone.
    Passed {
        /// When.
        at: Timestamp,
    },
    /// The role can be assumed without the right ExternalId: it is not used.
    Quarantined {
        /// When.
        at: Timestamp,
    },
    /// It could not be opened at all, leads elsewhere, or the test could not be finished.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// Quarantined, and used all the same because an operator said so.
    Overridden {
        /// When the operator said so.
        at: Timestamp,
        /// Why.
        reason: super::Untrusted,
    },
}

impl GateState {
    /// Whether the trust was once tried to the end.
    pub fn is_conclusive(&self) -> bool {
        matches!(self, Self::Passed { .. } | Self::Quarantined { .. } | Self::Overridden { .. })
    }

    /// Whether a connection whose gate stands like this is used.
    pub fn may_be_used(&self) -> bool {
        matches!(self, Self::Passed { .. } | Self::Overridden { .. })
    }

    /// In one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Untested => "untested",
            Self::Passed { .. } => "passed",
            Self::Quarantined { .. } => "quarantined",
            Self::Failed { .. } => "failed",
            Self::Overridden { .. } => "overridden",
        }
    }

    /// When it came about.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Untested => None,
            Self::Passed { at } | Self::Quarantined { at } | Self::Failed { at, .. } | Self::Overridden { at, .. } => {
                Some(*at)
            }
        }
    }
}

/// One thing the gate tries, in the order in which it is tried and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Our own credentials are there and fit.
    Caller,
    /// The session policies of all jobs stay below what STS takes.
    SessionPolicy,
    /// The role opens with the client's ExternalId, or the credentials of a profile or key work.
    Opens,
    /// It leads into the registered account.
    Account,
    /// The role stays shut without an ExternalId.
    NoExternalId,
    /// It stays shut for a random one of another form.
    RandomExternalId,
    /// It stays shut for a made-up one of the same form as the right one.
    DecoyExternalId,
    /// Organizations answers.
    Accounts,
    /// Cost Explorer answers.
    Costs,
    /// CloudTrail answers.
    Events,
}

impl Probe {
    /// What it tries, in words that a tick or a cross can stand before.
    pub fn title(self) -> &'static str {
        match self {
            Self::Caller => "our own credentials",
            Self::SessionPolicy => "session policies fit",
            Self::Opens => "opens with the right ExternalId",
            Self::Account => "leads into the registered account",
            Self::NoExternalId => "refuses no ExternalId",
            Self::RandomExternalId => "refuses a random ExternalId",
            Self::DecoyExternalId => "refuses a decoy of the same form",
            Self::Accounts => "Organizations answers",
            Self::Costs => "Cost Explorer answers",
            Self::Events => "CloudTrail answers",
        }
    }
}

/// How one probe ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeOutcome {
    /// As it should be.
    Passed {
        /// What was seen, in a few words.
        note: String,
    },
    /// Not as it should be.
    Failed {
        /// What is wrong.
        failure: Failure,
    },
    /// A known state that is nobody's fault: a service that was never enabled, an account that stands alone.
    State {
        /// Which.
        failure: Failure,
    },
    /// Not tried, or not needed.
    Skipped {
        /// Why.
        why: String,
    },
}

/// What became of one probe, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateResult {
    /// Which.
    pub probe: Probe,
    /// When it was tried.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: ProbeOutcome,
}
