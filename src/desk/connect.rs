//! Connecting accounts: what is tried, what is kept, and what is done with a connection that does not prove itself.

use super::{
    Action, DeskError,
    attempt::{Attempt, Tried, proved},
    data::{ClientData, Desk},
    view::{ConnectReport, ConnectionView},
};
use crate::{
    aws::{Assume, AwsError, Identity, KeyPair, Pacer},
    connect::{Diagnosis, Subject, caller, diagnose, import::cannot_be_told},
    domain::{
        Access, AccountId, Client, ClientId, Connection, ConnectionId, ConnectionKind, Depth, ExternalId, GateResult,
        GateState, Label, Note, ProfileName, RoleArn, TrustedPrincipal, Untrusted,
    },
    sync::{Caps, ClientStore, StoredKey, SyncOptions, judge_connections},
    vault::Batch,
};
use secrecy::ExposeSecret;
use std::time::Duration;

/// Accounts named in one entry of the audit log at most.
const ACCOUNTS_NOTED: usize = 20;
/// Longest wait for who we are.
const CALLER_LIMIT: Duration = Duration::from_secs(65);

/// How an account is to be reached.
pub enum Way {
    /// A role that trusts us.
    Role(RoleArn),
    /// The same, put there by the organization's stack set.
    StackSetRole(RoleArn),
    /// A profile of this machine's AWS configuration.
    Profile(ProfileName),
    /// A long-lived access key, which is sealed in the vault.
    AccessKey(KeyPair),
}

impl Way {
    /// The account, where the way itself tells.
    pub(super) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Role(role) | Self::StackSetRole(role) => Some(role.account()),
            Self::Profile(_) | Self::AccessKey(_) => None,
        }
    }
}

/// What to connect.
pub struct ConnectRequest {
    /// Whose account.
    pub client: ClientId,
    /// How it is reached.
    pub way: Way,
    /// An existing role's ExternalId; `None` for the client's own.
    pub external_id: Option<ExternalId>,
    /// The operator's name for the account.
    pub alias: Option<Label>,
    /// Its kind; `None` to find out.
    pub kind: Option<ConnectionKind>,
    /// Which events are read; `None` for what it was, or the essential ones.
    pub depth: Option<Depth>,
}

/// What AWS work of the desk needs: who asks, how fast, and who we are.
pub struct Line<'a, C> {
    /// AWS.
    pub cloud: &'a C,
    /// Gives each request its turn.
    pub pacer: &'a Pacer,
    /// Who connects, for the session's name.
    pub operator: &'a str,
    /// Whom the roles we render trust.
    pub trusted: Option<TrustedPrincipal>,
    /// What the clients pay at most for Cost Explorer.
    pub caps: Caps,
    /// Who we are.
    pub caller: Result<Identity, AwsError>,
}

impl<'a, C: Assume> Line<'a, C> {
    /// A line on which who we are was asked already.
    pub async fn open(cloud: &'a C, pacer: &'a Pacer, options: &'a SyncOptions) -> Self {
        let caller = caller(cloud, CALLER_LIMIT).await;
        Self { cloud, pacer, operator: &options.operator, trusted: options.trusted.clone(), caps: options.caps, caller }
    }
}

/// Connections of a client that are kept together, with what it took to test them.
pub(super) struct Keeping {
    pub(super) client: Client,
    pub(super) connections: Vec<Connection>,
}

/// Accounts, as an entry of the audit log names them.
pub(super) fn named(accounts: &[AccountId]) -> String {
    let first: Vec<String> = accounts.iter().take(ACCOUNTS_NOTED).map(ToString::to_string).collect();
    match accounts.len().saturating_sub(ACCOUNTS_NOTED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

impl Desk {
    /// Keeps a connection without testing it; the next sync's gate decides whether it is used.
    pub fn add_connections(&self, client: &Client, connections: &[Connection]) -> Result<(), DeskError> {
        let accounts: Vec<_> = connections.iter().map(Connection::account).collect();
        let detail = format!("accounts {}, without a test", named(&accounts));
        self.permit(Action::ConnectionAdd, Some(&client.id), &detail)?;
        self.keep(client, connections, None)
    }

    pub(super) fn keep(
        &self,
        client: &Client,
        connections: &[Connection],
        key: Option<&KeyPair>,
    ) -> Result<(), DeskError> {
        let ids: Vec<ConnectionId> = connections.iter().map(|c| c.id.clone()).collect();
        self.vault.add_connections(&client.id, &ids)?;
        self.vault.commit(self.drafted(client, connections, key)?)?;
        Ok(())
    }

    /// The same for several clients with one commit: all or none.
    pub(super) fn keep_together(&self, kept: &[Keeping]) -> Result<(), DeskError> {
        let ids = kept.iter().flat_map(|kept| kept.connections.iter().map(|c| (&kept.client.id, &c.id)));
        self.vault.add_connections_of(ids)?;
        let mut batch = Batch::new();
        for Keeping { client, connections } in kept {
            batch.append(self.drafted(client, connections, None)?);
        }
        self.vault.commit(batch)?;
        Ok(())
    }

    /// What is written of connections whose keys are there.
    fn drafted(&self, client: &Client, connections: &[Connection], key: Option<&KeyPair>) -> Result<Batch, DeskError> {
        let store = ClientStore::new(self.vault.clone(), client.id.clone());
        let mut draft = store.draft();
        draft.profile(client)?.connections(connections)?;
        for connection in connections {
            draft.adopt(connection.account())?;
            match (&connection.access, key) {
                (Access::AccessKey { id, .. }, Some(key)) => {
                    let secret = key.secret().expose_secret().to_owned();
                    draft.access_key(&connection.id, &StoredKey { id: id.reveal().to_owned(), secret })?;
                }
                _ => {
                    draft.drop_access_key(&connection.id)?;
                }
            }
        }
        Ok(draft.into_batch())
    }

    /// Tests a way in and keeps it if it may be used, or in quarantine if the role opens without its ExternalId. One
    /// that does not open at all is not kept, and an existing connection stays as it was. Tells each result as it comes.
    ///
    /// # Errors
    /// When it must not be tried: an ExternalId or an account that belongs to another client, a cap that is reached, or an
    /// audit log that cannot be written. How the test itself went is in the report.
    pub async fn connect<C: Assume>(
        &self,
        line: &Line<'_, C>,
        request: &ConnectRequest,
        tell: &dyn Fn(&GateResult),
    ) -> Result<ConnectReport, DeskError> {
        let data = self.client_data(&request.client)?;
        let client = self.with_external_id(&data, request)?;
        let (access, caller_is_it) = match self.way(line, &request.way).await {
            Ok(found) => found,
            Err(failure) => return Ok(ConnectReport::unreachable(&request.client, &request.way, self.now(), failure)),
        };
        let account = access.account();
        self.belongs_to(&client.id, account)?;
        self.permit(Action::ConnectionAdd, Some(&client.id), &format!("{access} of {account}, if it passes the gate"))?;
        let kind = request.kind.or_else(|| caller_is_it.then_some(ConnectionKind::Own));
        let key = match &request.way {
            Way::AccessKey(key) => Some(key),
            _ => None,
        };
        let own = (client.external_id != data.profile.external_id).then_some(&data.profile.external_id);
        let attempt = Attempt {
            client: &client,
            own,
            access,
            kind,
            alias: request.alias.clone().map(Untrusted::from),
            depth: request.depth,
            known: data.connection(account),
            key,
            evidence: |connection: &Connection| {
                self.evidence(connection, &data.connections, data.accounts.values(), line)
            },
        };
        let Tried { connection, requests } = self.attempt(line, attempt, tell).await?;
        let kept = proved(&connection);
        if kept {
            if own.is_some() {
                let detail = format!("that of {} takes the place of the one made here", connection.access);
                self.permit(Action::ExternalIdImport, Some(&client.id), &detail)?;
            }
            self.keep(&client, std::slice::from_ref(&connection), key)?;
            judge_connections(&data.store, &self.checks, self.now())?;
        }
        Ok(ConnectReport { kept, requests, connection: ConnectionView::new(&connection, None, self.now()) })
    }

    /// Tests a connection that is kept, at any time, and keeps what came out.
    ///
    /// # Errors
    /// When there is no such connection, a cap is reached, or the vault cannot be written. How the test went is in the report.
    pub async fn test_connection<C: Assume>(
        &self,
        line: &Line<'_, C>,
        client: &ClientId,
        id: &ConnectionId,
        tell: &dyn Fn(&GateResult),
    ) -> Result<ConnectReport, DeskError> {
        let (data, mut connection) = self.kept(client, id)?;
        self.permit(Action::ConnectionTest, Some(client), &format!("connection {id}"))?;
        let key = data.store.key_pair(&connection)?;
        let evidence = self.evidence(&connection, &data.connections, data.accounts.values(), line);
        let subject = Subject::of(&connection, &data.profile.external_id, key.as_ref(), evidence);
        let verdict = self.verdict(line, client, &subject, tell).await?;
        let requests = verdict.requests;
        verdict.apply(&mut connection);
        self.renew(&data, &connection)?;
        let view = ConnectionView::new(&connection, data.sources.get(&connection.account()), self.now());
        Ok(ConnectReport { kept: true, requests, connection: view })
    }

    /// Changes an operator's own settings of a connection.
    ///
    /// # Errors
    /// When there is no such connection, or nothing can be noted.
    pub fn edit_connection(
        &self,
        client: &ClientId,
        id: &ConnectionId,
        alias: Option<Label>,
        depth: Option<Depth>,
    ) -> Result<ConnectionView, DeskError> {
        let (data, mut connection) = self.kept(client, id)?;
        let told: Vec<String> = alias
            .iter()
            .map(|_| "its alias".to_owned())
            .chain(depth.map(|d| format!("its depth to {}", d.word())))
            .collect();
        self.permit(Action::ConnectionEdit, Some(client), &format!("connection {id}: {}", told.join(" and ")))?;
        connection.alias = alias.map(Untrusted::from).or(connection.alias);
        connection.depth = depth.unwrap_or(connection.depth);
        self.renew(&data, &connection)?;
        Ok(ConnectionView::new(&connection, data.sources.get(&connection.account()), self.now()))
    }

    /// Lets a quarantined role be used all the same. The finding stays until the role passes the gate.
    ///
    /// # Errors
    /// When the connection is not in quarantine, or nothing can be noted.
    pub fn override_gate(
        &self,
        client: &ClientId,
        id: &ConnectionId,
        reason: &Note,
    ) -> Result<ConnectionView, DeskError> {
        let (data, mut connection) = self.kept(client, id)?;
        let reason = Untrusted::from(reason.clone());
        if reason.is_empty() {
            return Err(DeskError::Refused("an override needs a reason, which is noted in the audit log".into()));
        }
        if !matches!(connection.gate, GateState::Quarantined { .. }) {
            return Err(DeskError::Refused(format!(
                "connection {id} of {client} is not in quarantine (its gate: {}): there is nothing to override",
                connection.gate.word()
            )));
        }
        let detail =
            format!("connection {id} is used although its role opens without the ExternalId: {}", reason.for_log());
        self.permit(Action::GateOverride, Some(client), &detail)?;
        connection.gate = GateState::Overridden { at: self.now(), reason };
        self.renew(&data, &connection)?;
        Ok(ConnectionView::new(&connection, data.sources.get(&connection.account()), self.now()))
    }

    /// Why a role does not open to `us`, from the document that its owner sees of it.
    ///
    /// # Errors
    /// When there is no such client, or the document is none.
    pub fn diagnose(
        &self,
        client: &ClientId,
        role: &RoleArn,
        document: &str,
        us: &str,
    ) -> Result<Diagnosis, DeskError> {
        let external_id = &self.client_data(client)?.profile.external_id;
        diagnose(document, role, external_id, us).map_err(|e| DeskError::Refused(e.to_string()))
    }

    /// One connection in full.
    pub fn connection_view(&self, client: &ClientId, id: &ConnectionId) -> Result<ConnectionView, DeskError> {
        let (data, connection) = self.kept(client, id)?;
        Ok(ConnectionView::new(&connection, data.sources.get(&connection.account()), self.now()))
    }

    /// What should be said each time connections are used: long-lived access keys and overrides.
    pub fn connection_warnings(&self, client: Option<&ClientId>) -> Result<Vec<String>, DeskError> {
        let now = self.now();
        let of = |c: &Connection| {
            let overridden = matches!(c.gate, GateState::Overridden { .. })
                .then(|| format!("{} opens without its ExternalId and is used because of an override", c.access));
            let said: Vec<String> = c.access.warning(now).into_iter().chain(overridden).collect();
            said.into_iter().map(|w| format!("{} {}: {w}", c.client, c.account())).collect::<Vec<_>>()
        };
        Ok(self.connections(client)?.iter().flat_map(of).collect())
    }

    fn kept(
        &self,
        client: &ClientId,
        id: &ConnectionId,
    ) -> Result<(std::sync::Arc<ClientData>, Connection), DeskError> {
        let data = self.client_data(client)?;
        let connection = data.connections.iter().find(|c| c.id == *id).cloned();
        let unknown = || crate::vault::VaultError::UnknownConnection { client: client.clone(), connection: id.clone() };
        let connection = connection.ok_or_else(unknown)?;
        Ok((data, connection))
    }

    fn renew(&self, data: &ClientData, connection: &Connection) -> Result<(), DeskError> {
        let mut draft = data.store.draft();
        draft.connections(std::slice::from_ref(connection))?;
        draft.commit()?;
        judge_connections(&data.store, &self.checks, self.now())?;
        Ok(())
    }

    /// The client with the ExternalId that is to open the role.
    fn with_external_id(&self, data: &ClientData, request: &ConnectRequest) -> Result<Client, DeskError> {
        let mut client = data.profile.clone();
        let Some(imported) = &request.external_id else { return Ok(client) };
        let roles = data.connections.iter().any(|c| c.access.role().is_some());
        if *imported != client.external_id && roles {
            return Err(DeskError::Refused(format!(
                "client {} already has connections with another ExternalId; all roles of a client share one: \
                 add the role's account as a client of its own, or change its trust policy",
                client.id
            )));
        }
        if *imported != client.external_id {
            self.is_free(&client.id, imported)?;
        }
        client.external_id = imported.clone();
        Ok(client)
    }

    /// An ExternalId that two clients share would let one confuse us into the other's account.
    fn is_free(&self, client: &ClientId, imported: &ExternalId) -> Result<(), DeskError> {
        let damaged = self.damaged_clients().into_iter().map(|c| (c.id, c.external_id));
        let clients = self.all_clients().0.into_iter().map(|c| (c.id().clone(), Some(c.profile.external_id.clone())));
        for (other, external_id) in clients.chain(damaged).filter(|(other, _)| other != client) {
            match external_id {
                None => return Err(DeskError::Refused(cannot_be_told(&other))),
                Some(taken) if taken == *imported => {
                    return Err(DeskError::Refused(format!(
                        "client {other} already uses this ExternalId, and two clients must never share one: \
                         give the role the ExternalId that `bailiwick client add` made"
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    pub(super) fn belongs_to(&self, client: &ClientId, account: AccountId) -> Result<(), DeskError> {
        let (clients, damaged) = (self.all_clients().0, self.damaged_clients());
        let owners = clients.iter().filter(|c| c.connection(account).is_some()).map(|c| c.id());
        let damaged = damaged.iter().filter(|c| c.accounts.contains(&account)).map(|c| &c.id);
        match owners.chain(damaged).find(|owner| *owner != client) {
            None => Ok(()),
            Some(other) => Err(DeskError::Refused(format!(
                "account {account} is already connected for client {other}: an account belongs to one client"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::fixtures,
        domain::ClientFacts,
        vault::{Name, Scope},
    };

    #[test]
    fn what_a_damaged_client_has_is_not_given_to_another() {
        let dir = tempfile::tempdir().unwrap();
        let desk = fixtures::desk(dir.path());
        let (acme, torn): (ClientId, ClientId) = ("acme".parse().unwrap(), "torn".parse().unwrap());
        for client in [&acme, &torn] {
            desk.add_client(client, &ClientFacts::default()).unwrap();
        }
        let account: AccountId = "111122223333".parse().unwrap();
        desk.vault.add_connections(&torn, &[account.to_string().parse().unwrap()]).unwrap();
        let ruin = |scope: &Scope, name: &str| {
            let mut batch = Batch::new();
            batch.put(scope, &Name::new(name).unwrap(), 1, vec![0xff; 3]);
            desk.vault.commit(batch).unwrap();
        };
        let refused = |imported: &ExternalId| desk.is_free(&acme, imported).unwrap_err().to_string();
        let (own, another) = (desk.client(&torn).unwrap().external_id, "bw-another".parse().unwrap());

        ruin(&Scope::Connection(torn.clone(), account.to_string().parse().unwrap()), "connection");
        assert!(desk.client(&torn).is_err());
        assert!(refused(&own).contains("client torn already uses this ExternalId"));
        assert_eq!(desk.is_free(&acme, &another), Ok(()));
        let taken = desk.belongs_to(&acme, account).unwrap_err().to_string();
        assert!(taken.contains("already connected for client torn"), "{taken}");
        assert_eq!(desk.belongs_to(&torn, account), Ok(()));

        ruin(&Scope::Client(torn.clone()), "client");
        for imported in [&own, &another] {
            assert!(refused(imported).contains("client torn cannot be read"));
        }
        assert_eq!(desk.is_free(&torn, &another), Ok(()));
    }
}
