//! Clients: adding, changing, listing, and showing the ExternalId.

use super::{
    Action, DeskError,
    data::Desk,
    view::{ClientEntry, ClientList},
};
use crate::{
    connect::new_external_id,
    domain::{Client, ClientFacts, ClientId, CostBasis, ExternalId},
    sync::ClientStore,
    vault::{Scope, VaultError, Via},
};
use std::collections::BTreeMap;

impl Desk {
    /// All clients with the health of their connections.
    pub fn clients(&self) -> Result<ClientList, DeskError> {
        let (clients, _) = self.all_clients();
        let entries = clients.iter().map(|c| {
            let mut gates: BTreeMap<&str, usize> = BTreeMap::new();
            for connection in &c.connections {
                *gates.entry(connection.gate.word()).or_default() += 1;
            }
            ClientEntry {
                client: c.id().clone(),
                name: c.profile.name.clone(),
                cost_basis: c.profile.cost_basis,
                connections: u32::try_from(c.connections.len()).unwrap_or(u32::MAX),
                gates: gates.into_iter().map(|(word, n)| format!("{n} {word}")).collect(),
            }
        });
        Ok(ClientList { clients: entries.collect() })
    }

    /// Adds a client with an ExternalId of its own.
    pub fn add_client(&self, id: &ClientId, facts: &ClientFacts) -> Result<Client, DeskError> {
        // The command prints it; the console shows it only with a role that is made, which has an entry of its own.
        let detail = match self.actor.via {
            Via::Cli => "with an ExternalId of its own, which was shown",
            Via::Console | Via::Automatic => "with an ExternalId of its own",
        };
        self.may_add_client(id, facts, detail)
    }

    /// Notes it, and adds the client.
    pub(super) fn may_add_client(&self, id: &ClientId, facts: &ClientFacts, detail: &str) -> Result<Client, DeskError> {
        let store = ClientStore::new(self.vault.clone(), id.clone());
        let has_key = self.vault.has(&Scope::Client(id.clone()));
        if has_key && store.profile()?.is_some() {
            return Err(VaultError::ClientExists(id.clone()).into());
        }
        let external_id = new_external_id().map_err(|e| DeskError::Refused(e.to_string()))?;
        let mut client = Client {
            id: id.clone(),
            name: id.as_str().into(),
            cost_basis: CostBasis::Unknown,
            currency: None,
            notes: None,
            budget: None,
            added_at: self.now(),
            external_id,
        };
        facts.apply(&mut client);
        let mut draft = store.draft();
        draft.profile(&client)?;
        if has_key {
            // Its key was made and then the program was cut off: the profile is still to be written.
            self.permit(Action::ClientAdd, Some(id), detail)?;
            draft.commit()?;
        } else {
            self.permit_new_client(id, detail, draft.into_batch())?;
        }
        Ok(client)
    }

    /// Changes what is known of a client.
    pub fn edit_client(&self, id: &ClientId, facts: &ClientFacts) -> Result<Client, DeskError> {
        let mut client = self.client(id)?;
        self.permit(Action::ClientEdit, Some(id), &format!("its {}", facts.told().join(", ")))?;
        facts.apply(&mut client);
        let store = ClientStore::new(self.vault.clone(), id.clone());
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
}
