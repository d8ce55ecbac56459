//! One attempt on an account: the way in, what is known of it, and the gate.

use super::{DeskError, Line, Way, data::Desk};
use crate::{
    aws::{Api, Assume, AwsError, Identity, KeyPair, home_region},
    connect::{Evidence, Gate, Subject, Verdict, session_name},
    domain::{
        Access, Account, AccountId, Client, ClientId, Connection, ConnectionKind, Depth, ExternalId, Failure,
        GateResult, GateState, Partition, RequestCounts, Untrusted,
    },
    sync::{ClientStore, connection_id, evidence},
};

/// What is tried.
pub(super) struct Attempt<'a, E> {
    /// Whose account, with the ExternalId that is to open it.
    pub(super) client: &'a Client,
    /// The ExternalId that the client has, where another one is tried.
    pub(super) own: Option<&'a ExternalId>,
    /// The way in.
    pub(super) access: Access,
    /// What it can read; `None` to find out.
    pub(super) kind: Option<ConnectionKind>,
    /// The operator's name for the account; `None` leaves it as it is.
    pub(super) alias: Option<Untrusted>,
    /// Which of its events are read; `None` leaves it as it is.
    pub(super) depth: Option<Depth>,
    /// The connection that the account has.
    pub(super) known: Option<&'a Connection>,
    /// The access key, if it is one.
    pub(super) key: Option<&'a KeyPair>,
    /// Says what is known of the role besides AWS's answer.
    pub(super) evidence: E,
}

/// What came of it.
pub(super) struct Tried {
    /// The connection as it would be kept.
    pub(super) connection: Connection,
    /// Requests it took.
    pub(super) requests: RequestCounts,
}

/// Whether a connection that was just made may stay: it may be used, or is in quarantine.
pub(super) fn proved(connection: &Connection) -> bool {
    !matches!(connection.gate, GateState::Failed { .. } | GateState::Untested)
}

impl Desk {
    /// Puts an attempt to the gate.
    ///
    /// # Errors
    /// When the account cannot name a connection, or as [`verdict`](Self::verdict).
    pub(super) async fn attempt<'a, C: Assume>(
        &self,
        line: &Line<'_, C>,
        attempt: Attempt<'a, impl FnOnce(&Connection) -> Evidence>,
        tell: &dyn Fn(&GateResult),
    ) -> Result<Tried, DeskError> {
        let account = attempt.access.account();
        let known = attempt.known;
        let mut connection = Connection {
            id: connection_id(account)?,
            client: attempt.client.id.clone(),
            kind: attempt.kind.unwrap_or(ConnectionKind::Member),
            access: attempt.access,
            linked_at: known.map_or_else(|| self.now(), |known| known.linked_at),
            depth: attempt.depth.or_else(|| known.map(|known| known.depth)).unwrap_or(Depth::Essential),
            alias: attempt.alias.or_else(|| known.and_then(|known| known.alias.clone())),
            gate: GateState::Untested,
            results: Vec::new(),
        };
        let evidence = (attempt.evidence)(&connection);
        let subject = Subject {
            kind: attempt.kind,
            own_external_id: attempt.own,
            ..Subject::of(&connection, &attempt.client.external_id, attempt.key, evidence)
        };
        let verdict = self.verdict(line, &attempt.client.id, &subject, tell).await?;
        let requests = verdict.requests;
        connection.kind = verdict.kind;
        connection.take(verdict.state, verdict.results);
        Ok(Tried { connection, requests })
    }

    /// What the gate finds. The one page of Cost Explorer that it may ask for is in the client's ledger before, whatever
    /// becomes of the connection.
    ///
    /// # Errors
    /// When a cap is reached, or the ledger cannot be written.
    pub(super) async fn verdict<C: Assume>(
        &self,
        line: &Line<'_, C>,
        client: &ClientId,
        subject: &Subject<'_>,
        tell: &dyn Fn(&GateResult),
    ) -> Result<Verdict, DeskError> {
        let now = self.now();
        let store = ClientStore::new(self.vault.clone(), client.clone());
        let asks_costs = subject.kind.is_none_or(ConnectionKind::has_costs);
        if asks_costs {
            store.reserve_page(line.caps, now)?.map_err(DeskError::refused)?;
        }
        let session_name = self.session_name(line.operator);
        let gate =
            Gate { cloud: line.cloud, pacer: line.pacer, session_name: &session_name, now, caller: &line.caller };
        let verdict = gate.test(subject, tell).await;
        if asks_costs && !verdict.paid {
            store.take_back_page(now)?;
        }
        Ok(verdict)
    }

    pub(super) fn session_name(&self, operator: &str) -> String {
        session_name(self.vault.id(), u32::try_from(self.now().second() & 0xffff_ffff).unwrap_or(0), operator)
    }

    /// What is known of a role besides AWS's answer.
    pub(super) fn evidence<'a, C>(
        &self,
        connection: &Connection,
        known: &[Connection],
        mut accounts: impl Iterator<Item = &'a Account>,
        line: &Line<'_, C>,
    ) -> Evidence {
        let listed: Vec<Account> = accounts.find(|a| a.id == connection.account()).cloned().into_iter().collect();
        evidence(connection, known, &listed, line.trusted.clone())
    }

    /// What a way is, in full; a profile or a key is asked where it leads. Also whether that is our own account.
    pub(super) async fn way<C: Assume>(&self, line: &Line<'_, C>, way: &Way) -> Result<(Access, bool), Failure> {
        let ours = |account: AccountId| line.caller.as_ref().is_ok_and(|caller| caller.account == account);
        Ok(match way {
            Way::Role(role) => (Access::Role { role: role.clone() }, ours(role.account())),
            Way::StackSetRole(role) => (Access::StackSetRole { role: role.clone() }, ours(role.account())),
            Way::Profile(name) => {
                let session = line.cloud.profile(name, Partition::Aws);
                let identity = identity(line, &session).await.map_err(|error| {
                    let access = Access::Profile { name: name.clone(), account: NOBODY, partition: Partition::Aws };
                    AwsError { access: Some(access), ..error }.failure()
                })?;
                let (account, partition) = (identity.account, identity.partition());
                (Access::Profile { name: name.clone(), account, partition }, ours(account))
            }
            Way::AccessKey(key) => {
                let session = line.cloud.access_key(key, Partition::Aws);
                let access = |account, partition| Access::AccessKey {
                    id: key.id().clone(),
                    account,
                    partition,
                    kept_since: self.now(),
                };
                let identity = identity(line, &session)
                    .await
                    .map_err(|error| AwsError { access: Some(access(NOBODY, Partition::Aws)), ..error }.failure())?;
                (access(identity.account, identity.partition()), ours(identity.account))
            }
        })
    }
}

/// Stands for the account of credentials that did not work.
const NOBODY: AccountId = AccountId::ZERO;

async fn identity<C: Assume>(line: &Line<'_, C>, session: &C::Session) -> Result<Identity, AwsError> {
    let region = home_region(Partition::Aws);
    line.pacer.call(Api::GetCallerIdentity, NOBODY, None, || line.cloud.identity(session, &region)).await.0
}
