//! Clients and the connections through which their accounts are read.

use super::{AccountId, ClientId, ConnectionId, ExternalId, Failure, RoleArn, Timestamp, Untrusted};
use serde::{Deserialize, Serialize};

/// What the numbers in a client's Cost Explorer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostBasis {
    /// What AWS bills.
    Billable,
    /// A reseller's pro forma numbers (Billing Conductor, Billing Transfer), not the invoice.
    ProForma,
    /// Not told yet.
    #[default]
    Unknown,
}

/// One client of the agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The operator's short name.
    pub id: ClientId,
    /// The full name for screens and statements.
    pub name: Untrusted,
    /// What its costs mean.
    pub cost_basis: CostBasis,
    /// When it was added.
    pub added_at: Timestamp,
    /// The ExternalId of all its connections; never shared with another client.
    pub external_id: ExternalId,
}

/// What a connection can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// The management (payer) account: accounts, costs of the whole organization, its own events.
    Payer,
    /// A member account: its own events only.
    Member,
    /// An account outside any organization: its own costs and events.
    Standalone,
}

impl ConnectionKind {
    /// Whether costs are read through it.
    pub fn has_costs(self) -> bool {
        self != Self::Member
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Member => "member",
            Self::Standalone => "standalone",
        }
    }
}

/// The outcome of the gate: can the role be assumed with the right ExternalId and only with it?
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// Not tried yet.
    #[default]
    Untested,
    /// The right ExternalId works; none and a random one are refused.
    Passed {
        /// When.
        at: Timestamp,
    },
    /// The role can be assumed without the right ExternalId: it is not used.
    Quarantined {
        /// When.
        at: Timestamp,
    },
    /// The role could not be assumed at all, or the test could not be finished.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        failure: Failure,
    },
}

impl GateState {
    /// Whether the role's trust was once tried to the end.
    pub fn is_conclusive(&self) -> bool {
        matches!(self, Self::Passed { .. } | Self::Quarantined { .. })
    }
}

/// One role through which an account is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Unique within the client.
    pub id: ConnectionId,
    /// Whose it is.
    pub client: ClientId,
    /// What it can read.
    pub kind: ConnectionKind,
    /// The role to assume.
    pub role: RoleArn,
    /// When it was connected.
    pub linked_at: Timestamp,
    /// The operator's own name for the account.
    pub alias: Option<Untrusted>,
    /// The gate's last outcome.
    pub gate: GateState,
}

impl Connection {
    /// The account it reads.
    pub fn account(&self) -> AccountId {
        self.role.account()
    }
}
