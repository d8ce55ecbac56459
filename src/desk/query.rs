//! What can be asked, and what comes back.

use super::{
    UsageScope, UsageShown,
    view::{
        AccessView, AccountsView, ConnectionView, CostsView, FindingDetail, FindingsView, Overview, SyncView, VaultView,
    },
};
use crate::domain::{AccountId, ClientId, ConnectionId, Failure, FindingId, Metric, Untrusted};
use std::sync::Arc;

/// How far the costs are drilled into: nothing set = all clients; `client` = its accounts; `account` = its services;
/// `service` = its days. A deeper level without the one above it is an error of the caller and reads as the level above.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CostScope {
    /// One client.
    pub client: Option<ClientId>,
    /// One of its accounts.
    pub account: Option<AccountId>,
    /// One service of that account.
    pub service: Option<Untrusted>,
    /// Which cost basis.
    pub metric: Metric,
}

/// Whose access is looked at: all clients' principals; one client's; or the events of one principal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessScope {
    /// One client.
    pub client: Option<ClientId>,
    /// One account.
    pub account: Option<AccountId>,
    /// One principal, by its stable actor; then events come back instead of principals.
    pub actor: Option<Untrusted>,
}

/// Which findings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingScope {
    /// One client.
    pub client: Option<ClientId>,
    /// One account.
    pub account: Option<AccountId>,
}

/// A question to the desk. None of them waits for AWS: all are answered from the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Every client on one row.
    Overview,
    /// Accounts of one client, or of all.
    Accounts(Option<ClientId>),
    /// One connection, with everything its gate tried.
    Connection {
        /// Whose.
        client: ClientId,
        /// Which.
        id: ConnectionId,
    },
    /// Costs.
    Costs(CostScope),
    /// What is kept of a drill into one service by usage type.
    Usage(UsageScope, Metric),
    /// Principals or events.
    Access(AccessScope),
    /// The triage list.
    Findings(FindingScope),
    /// One finding with its evidence.
    Finding(FindingId),
    /// What a sync would do now, and what the clients paid for.
    SyncPlan,
    /// The same, looked at for the payments.
    SyncSpend,
    /// The vault's own health.
    Vault,
    /// The same, looked at for all its backups.
    VaultBackups,
    /// The same, looked at for one backup, by name.
    VaultBackup(String),
    /// The same, looked at for one entry of the audit log, by number.
    VaultEntry(u64),
}

/// The answer to a [`Query`], shared and never changed.
#[derive(Debug, Clone)]
pub enum Answer {
    /// To [`Query::Overview`].
    Overview(Arc<Overview>),
    /// To [`Query::Accounts`].
    Accounts(Arc<AccountsView>),
    /// To [`Query::Connection`].
    Connection(Arc<ConnectionView>),
    /// To [`Query::Costs`].
    Costs(Arc<CostsView>),
    /// To [`Query::Usage`].
    Usage(Arc<UsageShown>),
    /// To [`Query::Access`].
    Access(Arc<AccessView>),
    /// To [`Query::Findings`].
    Findings(Arc<FindingsView>),
    /// To [`Query::Finding`].
    Finding(Arc<FindingDetail>),
    /// To [`Query::SyncPlan`] and [`Query::SyncSpend`].
    Sync(Arc<SyncView>),
    /// To [`Query::Vault`] and those after it.
    Vault(Arc<VaultView>),
}

/// Why a question could not be answered; a sentence with the next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// No such client.
    #[error("no client \"{0}\": `bailiwick client list` shows all, `bailiwick client add {0}` adds it")]
    UnknownClient(ClientId),
    /// No such finding.
    #[error("no finding {0}: `bailiwick findings` lists them with their ids")]
    UnknownFinding(FindingId),
    /// The vault could not be read.
    #[error("{0}")]
    Vault(String),
    /// It could not be noted, so it was not done.
    #[error("{what} did not happen, because it could not be noted in the audit log first: {why}")]
    Unnoted {
        /// What was wanted.
        what: &'static str,
        /// Why the log could not be written.
        why: String,
    },
    /// A change was refused; a sentence with the next step.
    #[error("{0}")]
    Refused(String),
}

impl DeskError {
    /// A change that was refused for a failure.
    pub(super) fn refused(failure: Failure) -> Self {
        Self::Refused(format!("{}; {}", failure.what, failure.next_step))
    }
}
