//! Removing a client or one connection: the keys are dropped here and in every backup that can be reached, and the
//! report says where they are gone.

use super::{Action, DeskError, data::Desk, view::RemovalReport};
use crate::{
    domain::{AccountId, ClientId, Connection, ConnectionId},
    sync::ClientStore,
    vault::Removed,
};

impl Desk {
    /// The connections of one client, or of all.
    pub fn connections(&self, client: Option<&ClientId>) -> Result<Vec<Connection>, DeskError> {
        Ok(self.scoped(client)?.iter().flat_map(|c| c.connections.iter().cloned()).collect())
    }

    /// Shreds a client with everything that was ever read of it.
    pub fn remove_client(&self, client: &ClientId) -> Result<RemovalReport, DeskError> {
        if !self.vault.clients().contains(client) {
            return Err(DeskError::UnknownClient(client.clone()));
        }
        self.permit(Action::ClientRemove, Some(client), "its keys are dropped")?;
        let removed = self.vault.remove_client(client, self.now())?;
        self.forget(client);
        self.report(client, None, &removed)
    }

    /// Shreds what was read through one connection; the client and its other connections stay.
    pub fn remove_connection(&self, client: &ClientId, connection: &ConnectionId) -> Result<RemovalReport, DeskError> {
        self.client(client)?;
        if !self.vault.connections(client).contains(connection) {
            return Err(crate::vault::VaultError::UnknownConnection {
                client: client.clone(),
                connection: connection.clone(),
            }
            .into());
        }
        self.permit(Action::ConnectionRemove, Some(client), &format!("connection {connection}: its key is dropped"))?;
        let removed = self.vault.remove_connection(client, connection, self.now())?;
        if let Ok(account) = connection.as_str().parse() {
            self.unlist(client, account)?;
        }
        self.forget(client);
        self.report(client, Some(connection.clone()), &removed)
    }

    /// Takes the accounts that only this connection told of out of the client's list.
    fn unlist(&self, client: &ClientId, account: AccountId) -> Result<(), DeskError> {
        let store = ClientStore::new(self.vault.clone(), client.clone());
        let Some(mut list) = store.accounts()? else { return Ok(()) };
        let still: Vec<AccountId> = store.connections()?.iter().map(Connection::account).collect();
        let before = list.accounts.len();
        // A member is still told of by its payer; what a payer told goes with it, unless it is connected itself.
        let payer_gone = |a: &crate::domain::Account| a.management == Some(account) && !still.contains(&a.id);
        let told_by_payer = |a: &crate::domain::Account| a.management.is_some_and(|payer| still.contains(&payer));
        list.accounts.retain(|a| !(payer_gone(a) || (a.id == account && !told_by_payer(a))));
        if list.accounts.len() != before {
            let mut draft = store.draft();
            draft.accounts(&list)?;
            draft.commit()?;
        }
        Ok(())
    }

    fn report(
        &self,
        client: &ClientId,
        connection: Option<ConnectionId>,
        removed: &Removed,
    ) -> Result<RemovalReport, DeskError> {
        let backups = self.settle()?;
        Ok(RemovalReport {
            client: client.clone(),
            connection,
            records: removed.records,
            keys_dropped: removed.scopes.len() as u64,
            live_shredded: true,
            backups: backups.of.into(),
            backups_shredded: backups.rewritten.into(),
            backups_unreachable: backups.unreachable,
            elsewhere: "copies of backups that were taken elsewhere cannot be reached from here",
        })
    }
}
