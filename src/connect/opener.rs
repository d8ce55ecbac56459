//! Opening a session through a connection, whatever kind of access it is.

use crate::{
    aws::{Api, Assume, AssumeRequest, AwsError, Identity, KeyPair, Pacer, home_region},
    domain::{Access, AccountId, ExternalId, FailureKind, RequestCounts},
};
use std::{cell::Cell, time::Duration};

/// Opens sessions and counts what that takes. One per job.
#[derive(Debug)]
pub struct Opener<'a, C> {
    /// STS.
    pub cloud: &'a C,
    /// Gives each request its turn.
    pub pacer: &'a Pacer,
    /// `RoleSessionName`.
    pub session_name: &'a str,
    /// Requests sent through this one.
    pub spent: Cell<RequestCounts>,
}

/// What opens a connection, besides what is written in it.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    /// The client's ExternalId; `None` for the gate's own probe that none is refused.
    pub external_id: Option<&'a ExternalId>,
    /// The access key, where the connection is one.
    pub key: Option<&'a KeyPair>,
}

/// Who we are ourselves, asked once for many gates.
///
/// # Errors
/// When our own credentials are missing or do not work, or there was no answer within `limit`.
pub async fn caller<C: Assume>(cloud: &C, limit: Duration) -> Result<Identity, AwsError> {
    let asked = tokio::time::timeout(limit, cloud.caller()).await;
    asked.unwrap_or_else(|_| Err(AwsError::timed_out(Api::GetCallerIdentity)))
}

impl<'a, C: Assume> Opener<'a, C> {
    /// An opener that has sent nothing yet.
    pub fn new(cloud: &'a C, pacer: &'a Pacer, session_name: &'a str) -> Self {
        Self { cloud, pacer, session_name, spent: Cell::default() }
    }

    /// Opens a session for `duration` seconds that may do what `policy` allows, if it is a role's. A profile or an
    /// access key is not limited by it, and is asked for nothing here: whether it works, its first request tells.
    ///
    /// # Errors
    /// When the role does not open, or the vault has no key for a connection that needs one.
    pub async fn open(
        &self,
        access: &Access,
        secrets: Secrets<'_>,
        policy: &str,
        duration: i32,
    ) -> Result<C::Session, AwsError> {
        match access {
            Access::Role { role } | Access::StackSetRole { role } => {
                let request = AssumeRequest {
                    role,
                    external_id: secrets.external_id,
                    session_name: self.session_name,
                    policy,
                    duration,
                    region: &home_region(role.partition()),
                };
                self.call(Api::AssumeRole, role.account(), || self.cloud.assume(&request)).await
            }
            Access::Profile { name, partition, .. } => Ok(self.cloud.profile(name, *partition)),
            Access::AccessKey { partition, .. } => match secrets.key {
                Some(key) => Ok(self.cloud.access_key(key, *partition)),
                None => Err(AwsError::ours(
                    Api::GetCallerIdentity,
                    FailureKind::CredentialsMissing,
                    "the vault holds no access key for this connection any more: connect it again",
                )),
            },
        }
    }

    /// Who a session is.
    ///
    /// # Errors
    /// When its credentials do not work.
    pub async fn identity(&self, access: &Access, session: &C::Session) -> Result<Identity, AwsError> {
        let region = home_region(access.partition());
        let asked = self.call(Api::GetCallerIdentity, access.account(), || self.cloud.identity(session, &region)).await;
        let access = Some(access).filter(|access| access.role().is_none()).cloned();
        asked.map_err(|error| match (error.kind, access) {
            // A role's session that is over says nothing of our own credentials, which have just opened it.
            (FailureKind::CredentialsExpired, None) => AwsError { kind: FailureKind::Expired, ..error },
            (_, access) => AwsError { access, ..error },
        })
    }

    async fn call<T, F>(&self, api: Api, account: AccountId, request: impl FnMut() -> F) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let (answer, attempts) = self.pacer.call(api, account, None, request).await;
        let mut spent = self.spent.get();
        spent += attempts.counts(api);
        self.spent.set(spent);
        answer
    }
}
