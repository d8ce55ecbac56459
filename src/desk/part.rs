//! What is held of one connection. It is read again only if something of that connection changed: a sync changes the
//! records of many of them in turn, and the others need not be opened again for each.

use super::access::AccountAccess;
use crate::{
    domain::{Connection, ConnectionId, Finding},
    sync::{ClientStore, Coverage, KnownMonths, Sources},
    vault::VaultError,
};
use std::sync::{Arc, OnceLock};

/// One connection's records, decoded.
pub(super) struct Part {
    revision: Option<u64>,
    pub(super) connection: Connection,
    pub(super) sources: Sources,
    pub(super) coverage: Coverage,
    pub(super) findings: Vec<Finding>,
    pub(super) months: KnownMonths,
    /// Decoded on the first question about access.
    pub(super) access: OnceLock<Option<AccountAccess>>,
}

impl Part {
    /// The part as it is now: the one `before` if nothing changed, otherwise read again but for the months of costs that did
    /// not. `None` for a connection whose key was made and then the program was cut off.
    pub(super) fn read(
        store: &ClientStore,
        id: &ConnectionId,
        before: Option<&Arc<Self>>,
    ) -> Result<Option<Arc<Self>>, VaultError> {
        // Asked first: what changes from here on is newer than this says, and is read again the next time.
        let revision = store.connection_revision(id);
        if let Some(before) = before
            && revision.is_some()
            && before.revision == revision
        {
            return Ok(Some(before.clone()));
        }
        let Some(connection) = store.connection(id)? else { return Ok(None) };
        let none = KnownMonths::default();
        let months = store.cost_months_since(id, before.map_or(&none, |before| &before.months))?;
        Ok(Some(Arc::new(Self {
            revision,
            sources: store.sources(id)?,
            coverage: store.coverage(connection.account())?,
            findings: store.findings_under(Some(id))?,
            connection,
            months,
            access: OnceLock::new(),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::{
            data::ClientData,
            fixtures::{self, now},
        },
        domain::{
            Access, AccountId, ClientFacts, ClientId, ConnectionKind, CostMonth, Currency, Day, Depth, GateState,
            Partition, RoleArn,
        },
    };

    const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];

    fn id(account: &str) -> ConnectionId {
        account.parse().unwrap()
    }

    fn connection(client: &ClientId, account: &str) -> Connection {
        let account: AccountId = account.parse().unwrap();
        Connection {
            id: id(&account.to_string()),
            client: client.clone(),
            kind: ConnectionKind::Payer,
            access: Access::Role { role: RoleArn::new(Partition::Aws, account, "bailiwick/x").unwrap() },
            linked_at: now(),
            alias: None,
            depth: Depth::Essential,
            gate: GateState::Passed { at: now() },
            results: Vec::new(),
        }
    }

    fn month(first: &str) -> CostMonth {
        let month = first.parse::<Day>().unwrap().month();
        CostMonth {
            month,
            currency: Currency::USD,
            estimated: false,
            monthly: Vec::new(),
            total: None,
            daily: Vec::new(),
            read_at: now(),
        }
    }

    /// How many connections were read again, and how many of all months of costs.
    fn read_again(before: &ClientData, after: &ClientData) -> (usize, usize) {
        let parts = after.parts.iter().filter(|(id, part)| !Arc::ptr_eq(part, &before.parts[*id])).count();
        let of = |data: &ClientData| -> Vec<Arc<CostMonth>> {
            data.parts.values().flat_map(|part| part.months.values().map(|(_, month)| month.clone())).collect()
        };
        let known = of(before);
        let months = of(after).iter().filter(|month| !known.iter().any(|known| Arc::ptr_eq(known, month))).count();
        (parts, months)
    }

    #[test]
    fn after_a_commit_only_the_connection_and_the_months_that_it_changed_are_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let desk = fixtures::desk(dir.path());
        let (vault, client): (_, ClientId) = (desk.vault.clone(), "acme".parse().unwrap());
        desk.add_client(&client, &ClientFacts::default()).unwrap();
        vault.add_connections(&client, &ACCOUNTS.map(id)).unwrap();
        let store = ClientStore::new(vault, client.clone());
        let mut draft = store.draft();
        draft.connections(&ACCOUNTS.map(|account| connection(&client, account))).unwrap();
        for account in ACCOUNTS {
            draft.cost_month(&id(account), &month("2026-10-01")).unwrap();
            draft.cost_month(&id(account), &month("2026-11-01")).unwrap();
        }
        draft.commit().unwrap();

        let first = desk.client_data(&client).unwrap();
        assert_eq!((first.parts.len(), first.ledger.months().len()), (3, 2));
        assert!(Arc::ptr_eq(&first, &desk.client_data(&client).unwrap()), "nothing changed");
        let glance = first.glance(now());
        assert!(Arc::ptr_eq(&glance, &first.glance(now().plus(60))), "a row is made once");
        assert!(!Arc::ptr_eq(&glance, &first.glance(now().plus(86_400))), "until something turns stale");

        // Fifty commits, seen by one question: one connection is read once, none of its costs.
        for _ in 0..50 {
            let mut draft = store.draft();
            draft.sources(&id(ACCOUNTS[1]), &Sources::default()).unwrap();
            draft.commit().unwrap();
        }
        let second = desk.client_data(&client).unwrap();
        assert_eq!(read_again(&first, &second), (1, 0));

        let mut draft = store.draft();
        let read_later = CostMonth { estimated: true, ..month("2026-11-01") };
        draft.cost_month(&id(ACCOUNTS[2]), &read_later).unwrap();
        draft.commit().unwrap();
        let third = desk.client_data(&client).unwrap();
        assert_eq!(read_again(&second, &third), (1, 1));
        assert!(third.ledger.totals(crate::domain::Metric::Unblended).values().any(|slot| slot.estimated));

        // What is the client's own touches no connection.
        let mut draft = store.draft();
        draft.profile(&third.profile).unwrap();
        draft.commit().unwrap();
        let fourth = desk.client_data(&client).unwrap();
        assert!(!Arc::ptr_eq(&third, &fourth));
        assert_eq!(read_again(&third, &fourth), (0, 0));
    }
}
