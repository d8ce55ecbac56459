//! What changes something: adding a client, connecting a role.

use super::{
    Action, DeskError,
    data::Desk,
    view::{ClientEntry, ClientList},
};
use crate::{
    aws::{Assume, Pacer},
    connect::{Gate, detect_kind, new_external_id, session_name},
    domain::{
        Client, ClientId, Connection, ConnectionId, ConnectionKind, CostBasis, ExternalId, GateState, RoleArn,
        Untrusted,
    },
    sync::{ClientStore, connection_id},
    vault::{Scope, VaultError},
};
use std::collections::BTreeMap;

/// Accounts named in one entry of the audit log at most.
const ACCOUNTS_NOTED: usize = 20;

/// What to connect.
#[derive(Debug, Clone)]
pub struct ConnectRequest {
    /// Whose account.
    pub client: ClientId,
    /// The role.
    pub role: RoleArn,
    /// An existing role's ExternalId; `None` for the client's own.
    pub external_id: Option<ExternalId>,
    /// The operator's name for the account.
    pub alias: Option<Untrusted>,
    /// Its kind; `None` to find out.
    pub kind: Option<ConnectionKind>,
    /// Who connects it.
    pub operator: String,
}

impl Desk {
    /// All clients with the health of their connections.
    pub fn clients(&self) -> Result<ClientList, DeskError> {
        let (clients, _) = self.all_clients();
        let entries = clients.iter().map(|c| {
            let mut gates: BTreeMap<&str, usize> = BTreeMap::new();
            for connection in &c.connections {
                *gates.entry(gate_word(&connection.gate)).or_default() += 1;
            }
            ClientEntry {
                client: c.id().clone(),
                name: c.profile.name.clone(),
                connections: u32::try_from(c.connections.len()).unwrap_or(u32::MAX),
                gates: gates.into_iter().map(|(word, n)| format!("{n} {word}")).collect(),
            }
        });
        Ok(ClientList { clients: entries.collect() })
    }

    /// Adds a client with an ExternalId of its own.
    pub fn add_client(&self, id: &ClientId, name: Option<Untrusted>, basis: CostBasis) -> Result<Client, DeskError> {
        let store = ClientStore::new(self.vault.clone(), id.clone());
        let detail = "with an ExternalId of its own, which was shown";
        if !self.vault.has(&Scope::Client(id.clone())) {
            self.permit_new_client(id, detail)?;
        } else if store.profile()?.is_none() {
            // Its key was made and then the program was cut off: the profile is still to be written.
            self.permit(Action::ClientAdd, Some(id), detail)?;
        } else {
            return Err(VaultError::ClientExists(id.clone()).into());
        }
        let external_id = new_external_id().map_err(|e| DeskError::Refused(e.to_string()))?;
        let client = Client {
            id: id.clone(),
            name: name.unwrap_or_else(|| id.as_str().into()),
            cost_basis: basis,
            added_at: self.now(),
            external_id,
        };
        let mut draft = store.draft();
        draft.profile(&client)?;
        draft.commit()?;
        Ok(client)
    }

    /// The client's profile with its ExternalId.
    pub fn client(&self, id: &ClientId) -> Result<Client, DeskError> {
        Ok(self.client_data(id)?.profile.clone())
    }

    /// The client's ExternalId, to be shown.
    pub fn reveal_external_id(&self, id: &ClientId) -> Result<ExternalId, DeskError> {
        self.permit(Action::ExternalIdReveal, Some(id), "shown")?;
        Ok(self.client_data(id)?.profile.external_id.clone())
    }

    /// Keeps a connection without testing it; the next sync's gate decides whether it is used.
    pub fn add_connections(&self, client: &Client, connections: &[Connection]) -> Result<(), DeskError> {
        let accounts: Vec<String> = connections.iter().take(ACCOUNTS_NOTED).map(|c| c.account().to_string()).collect();
        let more = match connections.len().saturating_sub(ACCOUNTS_NOTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let detail = format!("accounts {}{more}, without a test", accounts.join(", "));
        self.permit(Action::ConnectionAdd, Some(&client.id), &detail)?;
        self.keep(client, connections)
    }

    fn keep(&self, client: &Client, connections: &[Connection]) -> Result<(), DeskError> {
        let store = ClientStore::new(self.vault.clone(), client.id.clone());
        let ids: Vec<ConnectionId> = connections.iter().map(|c| c.id.clone()).collect();
        self.vault.add_connections(&client.id, &ids)?;
        let mut draft = store.draft();
        draft.profile(client)?.connections(connections)?;
        for connection in connections {
            draft.adopt(connection.account())?;
        }
        draft.commit()?;
        Ok(())
    }

    /// Tests a role and keeps it if the gate passes. A quarantined role is not kept: AWS's guidance is not to store it.
    pub async fn connect<C: Assume>(
        &self,
        cloud: &C,
        pacer: &Pacer,
        request: &ConnectRequest,
    ) -> Result<Connection, DeskError> {
        let data = self.client_data(&request.client)?;
        let mut client = data.profile.clone();
        if let Some(imported) = &request.external_id {
            if *imported != client.external_id && !data.connections.is_empty() {
                return Err(DeskError::Refused(format!(
                    "client {} already has connections with another ExternalId; all roles of a client share one: \
                     add the role's account as a client of its own, or change its trust policy",
                    client.id
                )));
            }
            self.refuse_shared(&client.id, imported)?;
            client.external_id = imported.clone();
        }
        let account = request.role.account();
        if let Some(other) =
            self.all_clients().0.iter().find(|c| c.id() != &client.id && c.connection(account).is_some())
        {
            return Err(DeskError::Refused(format!(
                "account {account} is already connected for client {}: an account belongs to one client",
                other.id()
            )));
        }
        self.permit(Action::ConnectionAdd, Some(&client.id), &format!("role {}, if it passes the gate", request.role))?;
        let now = self.now();
        let session =
            session_name(self.vault.id(), u32::try_from(now.second() & 0xffff_ffff).unwrap_or(0), &request.operator);
        let id = connection_id(account)?;
        let mut connection = Connection {
            id,
            client: client.id.clone(),
            kind: request.kind.unwrap_or(ConnectionKind::Member),
            role: request.role.clone(),
            linked_at: now,
            alias: request.alias.clone(),
            gate: GateState::Untested,
        };
        let gate = Gate { cloud, pacer, session_name: &session, now };
        connection.gate = gate.test(&connection, &client.external_id).await.0;
        match &connection.gate {
            GateState::Passed { .. } => {}
            GateState::Quarantined { .. } => {
                return Err(DeskError::Refused(format!(
                    "{} can be assumed without its ExternalId, so it was not connected: add the condition \
                     sts:ExternalId to its trust policy, then connect it again",
                    request.role
                )));
            }
            GateState::Failed { failure, .. } => {
                return Err(DeskError::Refused(format!("{}; {}", failure.what, failure.next_step)));
            }
            GateState::Untested => return Err(DeskError::Refused("the gate was not tried; please report this".into())),
        }
        if request.kind.is_none() {
            connection.kind = detect_kind(cloud, pacer, &request.role, &client.external_id, &session)
                .await
                .map_err(|e| DeskError::Refused(e.to_string()))?;
        }
        if client.external_id != data.profile.external_id {
            let detail = format!("that of role {} takes the place of the one made here", request.role);
            self.permit(Action::ExternalIdImport, Some(&client.id), &detail)?;
        }
        self.keep(&client, std::slice::from_ref(&connection))?;
        Ok(connection)
    }

    /// An ExternalId that two clients share would let one confuse us into the other's account.
    fn refuse_shared(&self, client: &ClientId, external_id: &ExternalId) -> Result<(), DeskError> {
        match self.all_clients().0.iter().find(|c| c.id() != client && c.profile.external_id == *external_id) {
            None => Ok(()),
            Some(other) => Err(DeskError::Refused(format!(
                "client {} already uses this ExternalId, and two clients must never share one: \
                 give the role the ExternalId that `bailiwick client add` made",
                other.id()
            ))),
        }
    }
}

fn gate_word(gate: &GateState) -> &'static str {
    match gate {
        GateState::Untested => "untested",
        GateState::Passed { .. } => "passed",
        GateState::Quarantined { .. } => "quarantined",
        GateState::Failed { .. } => "failed",
    }
}
