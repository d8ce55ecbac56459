//! What is written of a client: changes that are gathered under the names of its parent and become durable together.

use super::{
    AccountList, ClientStore, PACKED_LIMIT, RESTATEMENTS, SCHEMA, Sources, StoredKey, event_name, month_name,
    split_name, usage_name,
};
use crate::{
    checks::CheckState,
    domain::{
        AccountId, Client, Connection, ConnectionId, CostMonth, CostSplit, Day, Finding, FindingId, Restatement,
        Timestamp, UsageMonth,
    },
    sync::{CostState, Coverage, LedgerEntry, SpendLedger, migrate},
    vault::{Batch, Name, Scope, VaultError, packing::pack},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Changes to one client that become durable together or not at all.
pub struct Draft<'a> {
    pub(super) store: &'a ClientStore,
    pub(super) batch: Batch,
}

impl Draft<'_> {
    /// The client itself.
    pub fn profile(&mut self, client: &Client) -> Result<&mut Self, VaultError> {
        self.batch.put_record(&self.store.scope, &Name::new("client")?, migrate::SCHEMA, client)?;
        Ok(self)
    }

    /// Seals the access key of a connection.
    pub fn access_key(&mut self, connection: &ConnectionId, key: &StoredKey) -> Result<&mut Self, VaultError> {
        self.put_of(self.store.of(connection), "access-key", key)
    }

    /// Drops the access key of a connection that has none any more.
    pub fn drop_access_key(&mut self, connection: &ConnectionId) -> Result<&mut Self, VaultError> {
        self.batch.remove(&self.store.of(connection), &Name::new("access-key")?);
        Ok(self)
    }

    /// Connections, new or changed; their keys must be there ([`crate::vault::Vault::add_connections`]).
    pub fn connections(&mut self, connections: &[Connection]) -> Result<&mut Self, VaultError> {
        for connection in connections {
            let (scope, name) = (self.store.of(&connection.id), Name::new("connection")?);
            self.batch.put_record(&scope, &name, migrate::SCHEMA, connection)?;
        }
        Ok(self)
    }

    /// Moves the findings of an account that was only listed to the connection it has now.
    pub fn adopt(&mut self, account: AccountId) -> Result<&mut Self, VaultError> {
        let name = format!("findings/{account}");
        if let Some(findings) = self.store.get::<Vec<Finding>>(&name)? {
            self.batch.remove(&self.store.scope, &Name::new(&name)?);
            self.put_of(self.store.of_account(account)?, &name, &findings)?;
        }
        Ok(self)
    }

    /// Its accounts.
    pub fn accounts(&mut self, accounts: &AccountList) -> Result<&mut Self, VaultError> {
        self.batch.put_record(&self.store.scope, &Name::new("accounts")?, migrate::SCHEMA, accounts)?;
        Ok(self)
    }

    /// What was read of a connection's costs.
    pub fn cost_state(&mut self, connection: &ConnectionId, state: &CostState) -> Result<&mut Self, VaultError> {
        let name = Name::new(format!("costs/{connection}/state"))?;
        self.batch.put_record(&self.store.of(connection), &name, migrate::SCHEMA, state)?;
        Ok(self)
    }

    /// One month of costs.
    pub fn cost_month(&mut self, connection: &ConnectionId, month: &CostMonth) -> Result<&mut Self, VaultError> {
        self.put_packed(connection, &month_name(connection, month.month.first()), month)
    }

    /// One month of costs by record type and region.
    pub fn cost_split(&mut self, connection: &ConnectionId, split: &CostSplit) -> Result<&mut Self, VaultError> {
        self.put_packed(connection, &split_name(connection, split.month.first()), split)
    }

    /// One service of one account in one month, by usage type and day.
    pub fn usage(&mut self, connection: &ConnectionId, usage: &UsageMonth) -> Result<&mut Self, VaultError> {
        self.put_packed(connection, &usage_name(connection, usage.account, usage.month, &usage.service), usage)
    }

    /// What AWS changed of past months; the oldest beyond 500 go.
    pub fn restated(&mut self, connection: &ConnectionId, new: Vec<Restatement>) -> Result<&mut Self, VaultError> {
        let mut all = self.store.restatements(connection)?;
        all.extend(new);
        let kept = all.split_off(all.len().saturating_sub(RESTATEMENTS));
        self.put_of(self.store.of(connection), &format!("costs/{connection}/restated"), &kept)
    }

    fn put_packed<T: Serialize>(
        &mut self,
        connection: &ConnectionId,
        name: &str,
        record: &T,
    ) -> Result<&mut Self, VaultError> {
        let name = Name::new(name)?;
        let codec = |why: String| VaultError::Codec { name: name.to_string(), done: "packed", why };
        let raw = postcard::to_stdvec(record).map_err(|e| codec(e.to_string()))?;
        if raw.len() > PACKED_LIMIT {
            return Err(codec("a month of costs takes more than 256 MiB; please report this".into()));
        }
        let packed = pack(&raw).map_err(|e| codec(e.to_string()))?;
        self.batch.put(&self.store.of(connection), &name, SCHEMA, packed);
        Ok(self)
    }

    /// How a connection's sources stand.
    pub fn sources(&mut self, connection: &ConnectionId, sources: &Sources) -> Result<&mut Self, VaultError> {
        self.put_of(self.store.of(connection), &format!("sources/{connection}"), sources)
    }

    /// What was read of an account's events.
    pub fn coverage(&mut self, account: AccountId, coverage: &Coverage) -> Result<&mut Self, VaultError> {
        let name = Name::new(format!("coverage/{account}"))?;
        self.batch.put_record(&self.store.of_account(account)?, &name, migrate::SCHEMA, coverage)?;
        Ok(self)
    }

    /// What the checks remember of an account.
    pub fn check_state(&mut self, account: AccountId, state: &CheckState) -> Result<&mut Self, VaultError> {
        self.put_of(self.store.of_account(account)?, &format!("checks/{account}"), state)
    }

    /// All findings of an account.
    pub fn findings(
        &mut self,
        account: AccountId,
        findings: &BTreeMap<FindingId, Finding>,
    ) -> Result<&mut Self, VaultError> {
        let list: Vec<&Finding> = findings.values().collect();
        self.put_of(self.store.of_account(account)?, &format!("findings/{account}"), &list)
    }

    /// One day of events, of all regions, encoded.
    pub fn events(&mut self, account: AccountId, day: Day, encoded: Vec<u8>) -> Result<&mut Self, VaultError> {
        let name = Name::new(event_name(account, day))?;
        self.batch.put(&self.store.of_account(account)?, &name, SCHEMA, encoded);
        Ok(self)
    }

    /// Removes one day of events.
    pub fn remove_events(&mut self, account: AccountId, day: Day) -> Result<&mut Self, VaultError> {
        let name = Name::new(event_name(account, day))?;
        self.batch.remove(&self.store.of_account(account)?, &name);
        Ok(self)
    }

    /// What we ourselves did in its accounts on a day.
    pub fn ledger(&mut self, day: Day, entries: &[LedgerEntry]) -> Result<&mut Self, VaultError> {
        self.put_of(self.store.scope.clone(), &format!("ledger/{day}"), entries)
    }

    /// Lets go of a day of that ledger.
    pub fn remove_ledger(&mut self, day: Day) -> Result<&mut Self, VaultError> {
        self.batch.remove(&self.store.scope, &Name::new(format!("ledger/{day}"))?);
        Ok(self)
    }

    /// Until when our own footprint was read in an account.
    pub fn footprint_at(&mut self, connection: &ConnectionId, at: Timestamp) -> Result<&mut Self, VaultError> {
        self.put_of(self.store.of(connection), "footprint", &at)
    }

    /// Our own footprint in an account is read as if for the first time.
    pub fn forget_footprint(&mut self, connection: &ConnectionId) -> Result<&mut Self, VaultError> {
        self.batch.remove(&self.store.of(connection), &Name::new("footprint")?);
        Ok(self)
    }

    /// What the tool itself cost this client.
    pub fn spend(&mut self, spend: &SpendLedger) -> Result<&mut Self, VaultError> {
        self.batch.put_record(&self.store.scope, &Name::new("spend")?, migrate::SCHEMA, spend)?;
        Ok(self)
    }

    /// The changes, to be committed with others.
    pub fn into_batch(self) -> Batch {
        self.batch
    }

    /// Makes it durable; when this returns, it is.
    pub fn commit(self) -> Result<(), VaultError> {
        self.store.vault.commit(self.batch)
    }

    fn put_of<T: Serialize + ?Sized>(&mut self, scope: Scope, name: &str, record: &T) -> Result<&mut Self, VaultError> {
        self.batch.put_record(&scope, &Name::new(name)?, SCHEMA, record)?;
        Ok(self)
    }
}
