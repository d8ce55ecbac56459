//! Who makes a role that the demo renders: accounts of the simulated AWS that no client of the demo has yet.

use crate::{
    desk::Desk,
    domain::{AccountId, ClientId},
    sim::{server::Installer, world::World},
};

/// Accounts outside the fleet, for clients that are added by hand.
pub struct Newcomers {
    installer: Installer,
    /// Their roles are made as rendered.
    careful: Vec<AccountId>,
    /// Its role demands no ExternalId, whatever is rendered.
    careless: AccountId,
}

impl Newcomers {
    /// The newcomers of a world that has some.
    pub fn of(world: &World, installer: Installer) -> Option<Self> {
        let open = |id: &AccountId| {
            let account = world.accounts.iter().find(|account| account.id == *id);
            account.is_some_and(|account| account.roles.iter().any(|role| role.external_id.is_none()))
        };
        let (careless, careful): (Vec<_>, Vec<_>) = world.newcomers.iter().copied().partition(open);
        Some(Self { installer, careful, careless: careless.first().copied()? })
    }

    /// A role was rendered for a client: makes it in an account that is free or that client's already. Says what was
    /// made, for whoever has to type it.
    pub fn make_role(&self, desk: &Desk, client: &ClientId) -> Option<String> {
        let profile = desk.client(client).ok()?;
        let connected = desk.connections(None).ok()?;
        let free = |account: &AccountId| connected.iter().all(|c| c.account() != *account || c.client == *client);
        let made = self.careful.iter().copied().find(free);
        if let Some(account) = made {
            self.installer.install(account, profile.external_id.reveal());
        }
        let careless = Some(self.careless).filter(free);
        let careless = careless.map(|account| format!("in {account} it forgets the condition on the ExternalId"));
        let made = made.map(|account| format!("the simulated client makes this role in account {account}"));
        match (made, careless) {
            (Some(made), Some(careless)) => Some(format!("demo: {made}; {careless}")),
            (Some(one), None) | (None, Some(one)) => Some(format!("demo: {one}")),
            (None, None) => Some("demo: all simulated accounts are connected already".to_owned()),
        }
    }
}
