//! The vault's own health.

use super::{
    DeskError,
    data::Desk,
    view::{VaultMode, VaultView},
};
use crate::vault::Scope;

impl Desk {
    /// The vault at first glance.
    pub fn vault_view(&self) -> Result<VaultView, DeskError> {
        let (clients, troubles) = self.all_clients();
        let mut notices = self.vault.notices().to_vec();
        notices.extend(troubles);
        let mut records = 0;
        for client in self.vault.clients() {
            match self.vault.list(&Scope::Client(client), "") {
                Ok(names) => records += names.len() as u64,
                Err(error) => notices.push(error.to_string()),
            }
        }
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(VaultView {
            as_of: self.now(),
            id: self.vault.id().iter().map(|b| format!("{b:02x}")).collect(),
            epoch: self.vault.revision(),
            clients: count(self.vault.clients().len()),
            connections: count(clients.iter().map(|c| c.connections.len()).sum()),
            records,
            bytes: 0,
            mode: VaultMode::Writable,
            slots: Vec::new(),
            backups: Vec::new(),
            backup_directory: String::new(),
            backup_problem: None,
            audit: Vec::new(),
            notices,
        })
    }
}
