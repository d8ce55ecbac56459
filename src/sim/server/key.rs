//! Access keys that are known beside the agency's: IAM users and roots of client accounts, and the temporary credentials
//! of a local profile.

use super::sessions::unique_id;
use crate::domain::AccountId;
use sha2::{Digest, Sha256};

/// An access key and whose it is. Any secret goes with it.
#[derive(Debug, Clone)]
pub struct SimKey {
    /// `AWS_ACCESS_KEY_ID`: `AKIA…`, or `ASIA…` if it is temporary.
    pub access_key: String,
    /// `AWS_SESSION_TOKEN`, if it is temporary; requests without it are refused.
    pub token: Option<String>,
    /// The account it belongs to, one of the world's or the agency's.
    pub account: AccountId,
    /// Whose it is.
    pub kind: SimKeyKind,
    /// Actions its holder may do, e.g. `ce:GetCostAndUsage`; `*` for everything.
    pub allowed: Vec<String>,
}

/// Whose an access key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SimKeyKind {
    /// An IAM user's.
    User {
        /// Its name, without a path.
        name: String,
    },
    /// A role session's that was opened elsewhere, as IAM Identity Center does.
    Session {
        /// The role's name, without its path.
        role: String,
        /// The session's name.
        name: String,
    },
    /// The account's root.
    Root,
}

impl SimKey {
    /// The ARN that `GetCallerIdentity` and refusals give.
    pub(super) fn arn(&self) -> String {
        let account = self.account;
        match &self.kind {
            SimKeyKind::User { name } => format!("arn:aws:iam::{account}:user/{name}"),
            SimKeyKind::Session { role, name } => format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
            SimKeyKind::Root => format!("arn:aws:iam::{account}:root"),
        }
    }

    /// The unique id that `GetCallerIdentity` gives; a root's is its account.
    pub(super) fn user_id(&self) -> String {
        let unique = |of: &str| unique_id(&Sha256::digest(of));
        match &self.kind {
            SimKeyKind::User { .. } => format!("AIDA{}", unique(&self.arn())),
            SimKeyKind::Session { role, name } => format!("AROA{}:{name}", unique(role)),
            SimKeyKind::Root => self.account.to_string(),
        }
    }
}
