//! Accounts that no client has yet: whoever adds a client to the demo connects one of them.

use super::{AccountId, SimAccount, SimClient, SimRole, World, roster::account_id};

/// Their numbers, easy to type.
const NUMBERS: [u64; 3] = [121_212_121_212, 343_434_343_434, 565_656_565_656];
/// What opens the role of a newcomer that has not made it yet: nothing.
const NOT_MADE: &str = "not-made-yet";

impl World {
    /// Adds three accounts that stand alone. They have costs and no events, and their role opens for nobody until it is
    /// made; in the last one it opens without an ExternalId. Call it when the fleet is connected: they are clients of a
    /// kind that no fleet has.
    pub fn add_newcomers(&mut self) {
        let told: Vec<AccountId> = self.truth.iter().map(|story| story.account).collect();
        let plain = |account: &&SimAccount| account.ou_path.is_empty() && !told.contains(&account.id);
        let Some(like) = self.accounts.iter().find(plain).cloned() else { return };
        for (n, number) in NUMBERS.into_iter().enumerate() {
            let mut id = account_id(number);
            while self.accounts.iter().any(|account| account.id == id) {
                id = account_id(id.number() + 1);
            }
            let careless = n + 1 == NUMBERS.len();
            let role =
                |role: &SimRole| SimRole { external_id: (!careless).then(|| NOT_MADE.to_owned()), ..role.clone() };
            let client = self.clients.len();
            let roles = like.roles.iter().map(role).collect();
            let name = format!("newcomer-{}", n + 1);
            self.accounts.push(SimAccount {
                id,
                client,
                name: name.clone(),
                roles,
                events: Vec::new(),
                ..like.clone()
            });
            self.clients.push(SimClient {
                id: name.clone(),
                name,
                external_id: NOT_MADE.to_owned(),
                pro_forma: false,
                accounts: vec![id],
                organization: None,
            });
            self.newcomers.push(id);
        }
        self.accounts.sort_by_key(|account| account.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::world::WorldConfig;

    #[test]
    fn newcomers_come_after_the_fleet_and_change_nothing_of_it() {
        let config = WorldConfig { seed: 1, now: "2026-03-01T05:00:00Z".parse().unwrap(), accounts: 24, events: 1_000 };
        let (fleet, mut world) = (World::generate(config.clone()), World::generate(config));
        world.add_newcomers();
        assert_eq!(world.accounts.len(), fleet.accounts.len() + NUMBERS.len());
        assert!(world.accounts.is_sorted_by_key(|account| account.id));
        for account in &fleet.accounts {
            let same = world.accounts.iter().find(|a| a.id == account.id).unwrap();
            assert_eq!((same.client, same.events.len()), (account.client, account.events.len()));
        }
        let open = |id: &AccountId| {
            let account = world.accounts.iter().find(|a| a.id == *id).unwrap();
            assert!(account.events.is_empty() && !account.costs.lines.is_empty());
            assert_eq!(world.clients[account.client].accounts, [*id]);
            account.roles.iter().all(|role| role.external_id.is_none())
        };
        assert_eq!(world.newcomers.iter().map(open).collect::<Vec<_>>(), [false, false, true]);
    }
}
