//! AWS accounts as Organizations lists them.

use super::{AccountId, Timestamp, Untrusted};
use serde::{Deserialize, Serialize};

/// `Account.State` of Organizations `ListAccounts` (it replaced `Status` in 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    /// Created, not usable yet.
    PendingActivation,
    /// In use.
    Active,
    /// Suspended by AWS or by its organization.
    Suspended,
    /// Being closed.
    PendingClosure,
    /// Closed.
    Closed,
    /// Not told: a standalone account, or a state this version does not know.
    Unknown,
    /// Its organization does not list it any more. Our own word, not AWS's.
    Left,
}

impl AccountState {
    /// From AWS's word; anything new is [`AccountState::Unknown`].
    pub fn parse(s: &str) -> Self {
        match s {
            "PENDING_ACTIVATION" => Self::PendingActivation,
            "ACTIVE" => Self::Active,
            "SUSPENDED" => Self::Suspended,
            "PENDING_CLOSURE" => Self::PendingClosure,
            "CLOSED" => Self::Closed,
            _ => Self::Unknown,
        }
    }

    /// Whether roles in it can be expected to work.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Unknown)
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::PendingActivation => "activating",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::PendingClosure => "closing",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
            Self::Left => "left",
        }
    }
}

/// How an account came into its organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JoinedMethod {
    /// Joined by invitation.
    Invited,
    /// Created within the organization.
    Created,
}

/// One account of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The 12-digit id.
    pub id: AccountId,
    /// The name in Organizations, or Cost Explorer's description where there is no organization.
    pub name: Option<Untrusted>,
    /// The operator's own name for it, shown before `name`.
    pub alias: Option<Untrusted>,
    /// Its state.
    pub state: AccountState,
    /// How it joined the organization.
    pub joined_method: Option<JoinedMethod>,
    /// When it joined the organization: "linked at".
    pub linked_at: Option<Timestamp>,
    /// The organizational-unit path (`o-…/r-…/ou-…/`), where AWS tells it.
    pub ou_path: Option<Untrusted>,
    /// The management account of its organization, from its ARN.
    pub management: Option<AccountId>,
    /// When its organization was first seen not to list it any more.
    pub left_at: Option<Timestamp>,
}

impl Account {
    /// An account of which nothing but the id is known.
    pub fn bare(id: AccountId) -> Self {
        Self {
            id,
            name: None,
            alias: None,
            state: AccountState::Unknown,
            joined_method: None,
            linked_at: None,
            ou_path: None,
            management: None,
            left_at: None,
        }
    }

    /// The operator's alias, or else AWS's name.
    pub fn label(&self) -> Option<&Untrusted> {
        self.alias.as_ref().or(self.name.as_ref())
    }
}
