//! Principals: who holds an access key.

use super::{SimKey, SimKeyKind, cloud::Cloud, sessions::Session, trouble::Trouble};
use crate::domain::AccountId;
use std::sync::Arc;

/// A principal.
#[derive(Debug)]
pub(super) enum Caller {
    /// The agency's own user, who holds the known access key.
    User,
    /// The holder of another long-lived key, or of temporary credentials that were not given out here.
    Key(Arc<SimKey>),
    /// A session of an assumed role.
    Session(Arc<Session>),
}

impl Caller {
    /// Whether it is a role's session, so that a role it assumes is chained.
    pub fn is_session(&self) -> bool {
        match self {
            Self::User => false,
            Self::Key(key) => matches!(key.kind, SimKeyKind::Session { .. }),
            Self::Session(_) => true,
        }
    }

    /// The session token that belongs to its key.
    fn token(&self) -> Option<&str> {
        match self {
            Self::User => None,
            Self::Key(key) => key.token.as_deref(),
            Self::Session(session) => Some(&session.token),
        }
    }

    /// Whether the token that was sent is the one that belongs to the key. The agency's may come with any.
    pub fn accepts(&self, token: Option<&[u8]>) -> bool {
        matches!(self, Self::User) || self.token().map(str::as_bytes) == token
    }
}

impl Cloud {
    /// The caller's ARN, as error messages and `GetCallerIdentity` give it.
    pub fn arn_of(&self, caller: &Caller) -> String {
        let arn = match caller {
            Caller::User => self.world.agency.user_arn.clone(),
            Caller::Key(key) => key.arn(),
            Caller::Session(session) => session.arn.clone(),
        };
        match arn.strip_prefix("arn:aws:") {
            Some(rest) if self.is_foreign(caller) => format!("arn:aws-cn:{rest}"),
            _ => arn,
        }
    }

    /// The caller's account.
    pub fn account_of(&self, caller: &Caller) -> AccountId {
        match caller {
            Caller::User => self.world.agency.account,
            Caller::Key(key) => key.account,
            Caller::Session(session) => {
                self.world.accounts.get(session.account).map_or(self.world.agency.account, |account| account.id)
            }
        }
    }

    /// Whether the caller's base credentials are of another partition. AWS knows such keys nowhere else: "The security
    /// token included in the request is invalid" (for example serverless/serverless#7480). This server stands for the
    /// STS of both partitions, so it still tells such a caller who it is.
    pub fn is_foreign(&self, caller: &Caller) -> bool {
        !matches!(caller, Caller::Session(_)) && self.troubles.on(&Trouble::WrongPartition, self.account_of(caller))
    }
}
