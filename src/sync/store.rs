//! What is kept of a client and under which name: the one place for record names and schema numbers.

mod draft;

pub use draft::Draft;

use super::{CostState, Coverage, LedgerEntry, SpendLedger, migrate};
use crate::{
    aws::KeyPair,
    checks::CheckState,
    domain::{
        Access, Account, AccountId, Client, ClientId, Connection, ConnectionId, CostMonth, CostSplit, Day, Finding,
        FindingId, Month, Region, Restatement, SourceState, SpentMonth, Timestamp, Untrusted, UsageMonth,
    },
    vault::{Batch, Name, Scope, Vault, VaultError, chunk::EventChunk, packing::unpack},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};

/// Version of every postcard record below but those of [`migrate`], which changed since.
const SCHEMA: u16 = 1;

/// Restatements that are kept of one connection.
const RESTATEMENTS: usize = 500;

/// Largest unpacked month of costs: some three million cells. What is larger is refused when it is written.
const PACKED_LIMIT: usize = 256 << 20;

/// The accounts of a client as last listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountList {
    /// The accounts, by id.
    pub accounts: Vec<Account>,
    /// When they were read.
    pub read_at: Timestamp,
}

/// How the sources of one connection stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// Organizations.
    pub accounts: SourceState,
    /// Cost Explorer.
    pub costs: SourceState,
    /// CloudTrail, all regions together.
    pub events: SourceState,
    /// Regions of which the last read failed, and why.
    pub regions_failed: BTreeMap<Region, crate::domain::Failure>,
    /// The failures behind `accounts`, `costs` and `events`, for the checks.
    pub failures: Vec<(crate::domain::Source, crate::domain::Failure)>,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            accounts: SourceState::Never,
            costs: SourceState::Never,
            events: SourceState::Never,
            regions_failed: BTreeMap::new(),
            failures: Vec::new(),
        }
    }
}

/// A long-lived access key, as it is sealed. It is nowhere else, and has neither `Debug` nor `Clone`.
#[derive(Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct StoredKey {
    /// `AKIA…`.
    pub id: String,
    /// The secret half.
    pub secret: String,
}

/// The months of costs of one connection by record, each with the commit that wrote it.
pub type KnownMonths = BTreeMap<Name, (u64, Arc<CostMonth>)>;

/// Reads and drafts the records of one client.
#[derive(Clone)]
pub struct ClientStore {
    vault: Arc<Vault>,
    client: ClientId,
    scope: Scope,
}

impl ClientStore {
    /// The records of a client of this vault.
    pub fn new(vault: Arc<Vault>, client: ClientId) -> Self {
        let scope = Scope::Client(client.clone());
        Self { vault, client, scope }
    }

    /// Whose records these are.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// The vault they are in.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// The client itself.
    pub fn profile(&self) -> Result<Option<Client>, VaultError> {
        migrate::client(self.vault.get(&self.scope, &Name::new("client")?)?)
    }

    /// Its connections, in the order they were made.
    pub fn connections(&self) -> Result<Vec<Connection>, VaultError> {
        let mut connections: Vec<Connection> = Vec::new();
        for id in self.vault.connections(&self.client) {
            connections.extend(self.connection(&id)?);
        }
        oldest_first(&mut connections);
        Ok(connections)
    }

    /// One of them. One whose key was made and then the program was cut off has no record yet.
    pub fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>, VaultError> {
        migrate::connection(self.vault.get(&self.of(id), &Name::new("connection")?)?)
    }

    /// Changes whenever a record of a connection does; `None` if there is no such connection. For caches, which ask it before
    /// they read.
    pub fn connection_revision(&self, id: &ConnectionId) -> Option<u64> {
        self.vault.scope_revision(&self.of(id))
    }

    /// Its accounts, if they were ever listed.
    pub fn accounts(&self) -> Result<Option<AccountList>, VaultError> {
        migrate::accounts(self.vault.get(&self.scope, &Name::new("accounts")?)?)
    }

    /// The sealed access key of a connection that has one.
    pub fn access_key(&self, connection: &ConnectionId) -> Result<Option<StoredKey>, VaultError> {
        self.get_of(&self.of(connection), "access-key")
    }

    /// The list of accounts with the names that Cost Explorer told, if they add to it: a payer whose organization may
    /// not be listed still shows its accounts.
    pub(super) fn accounts_with_names(
        &self,
        names: &BTreeMap<AccountId, Untrusted>,
        now: Timestamp,
    ) -> Result<Option<AccountList>, VaultError> {
        let mut list = self.accounts()?.unwrap_or_else(|| AccountList { accounts: Vec::new(), read_at: now });
        let mut changed = false;
        for (id, name) in names {
            let known = list.accounts.iter().position(|a| a.id == *id);
            let account = match known.and_then(|i| list.accounts.get_mut(i)) {
                Some(account) => account,
                None => {
                    list.accounts.push(Account { name: Some(name.clone()), ..Account::bare(*id) });
                    changed = true;
                    continue;
                }
            };
            if account.name.is_none() {
                account.name = Some(name.clone());
                changed = true;
            }
        }
        list.accounts.sort_by_key(|a| a.id);
        Ok(changed.then_some(list))
    }

    /// What was read of a connection's costs.
    pub fn cost_state(&self, connection: &ConnectionId) -> Result<CostState, VaultError> {
        let name = Name::new(format!("costs/{connection}/state"))?;
        Ok(migrate::cost_state(self.vault.get(&self.of(connection), &name)?)?.unwrap_or_default())
    }

    /// All months of costs of a connection, oldest first.
    pub fn cost_months(&self, connection: &ConnectionId) -> Result<Vec<CostMonth>, VaultError> {
        let scope = self.of(connection);
        let names = self.vault.list(&scope, &format!("costs/{connection}/month/"))?;
        names.iter().filter_map(|name| self.packed(&scope, name).transpose()).collect()
    }

    /// What was spent in each of them, one by one: all of them together may take a hundred megabytes.
    pub fn each_spent_month(
        &self,
        connection: &ConnectionId,
        mut see: impl FnMut(&SpentMonth<'_>),
    ) -> Result<(), VaultError> {
        let scope = self.of(connection);
        for name in self.vault.list(&scope, &format!("costs/{connection}/month/"))? {
            self.unpacked(&scope, &name, |raw| postcard::from_bytes(raw).map(|month| see(&month)))?;
        }
        Ok(())
    }

    /// All of them, oldest first; those of `known` that were not written since are not opened again.
    pub fn cost_months_since(&self, id: &ConnectionId, known: &KnownMonths) -> Result<KnownMonths, VaultError> {
        let scope = self.of(id);
        let mut months = KnownMonths::new();
        for name in self.vault.list(&scope, &format!("costs/{id}/month/"))? {
            // Before it is read, so that it is never older than this says.
            let Some(revision) = self.vault.record_revision(&scope, &name)? else { continue };
            let month = match known.get(&name) {
                Some((at, month)) if *at == revision => Some(month.clone()),
                _ => self.packed(&scope, &name)?.map(Arc::new),
            };
            months.extend(month.map(|month| (name, (revision, month))));
        }
        Ok(months)
    }

    /// One month of costs.
    pub fn cost_month(&self, connection: &ConnectionId, first: Day) -> Result<Option<CostMonth>, VaultError> {
        self.packed(&self.of(connection), &Name::new(month_name(connection, first))?)
    }

    /// One month of costs by record type and region.
    pub fn cost_split(&self, connection: &ConnectionId, first: Day) -> Result<Option<CostSplit>, VaultError> {
        self.packed(&self.of(connection), &Name::new(split_name(connection, first))?)
    }

    /// One service of one account in one month, by usage type and day, if it was ever drilled into.
    pub fn usage(
        &self,
        connection: &ConnectionId,
        account: AccountId,
        month: Month,
        service: &Untrusted,
    ) -> Result<Option<UsageMonth>, VaultError> {
        let name = Name::new(usage_name(connection, account, month, service))?;
        self.packed(&self.of(connection), &name)
    }

    /// What AWS changed of past months, oldest first.
    pub fn restatements(&self, connection: &ConnectionId) -> Result<Vec<Restatement>, VaultError> {
        Ok(self.get_of(&self.of(connection), &format!("costs/{connection}/restated"))?.unwrap_or_default())
    }

    /// How a connection's sources stand.
    pub fn sources(&self, connection: &ConnectionId) -> Result<Sources, VaultError> {
        Ok(self.get_of(&self.of(connection), &format!("sources/{connection}"))?.unwrap_or_default())
    }

    /// What was read of an account's events.
    pub fn coverage(&self, account: AccountId) -> Result<Coverage, VaultError> {
        let name = Name::new(format!("coverage/{account}"))?;
        Ok(migrate::coverage(self.vault.get(&self.of_account(account)?, &name)?)?.unwrap_or_default())
    }

    /// What the checks remember of an account.
    pub fn check_state(&self, account: AccountId) -> Result<CheckState, VaultError> {
        Ok(self.get_of(&self.of_account(account)?, &format!("checks/{account}"))?.unwrap_or_default())
    }

    /// The findings of one account, by id.
    pub fn findings(&self, account: AccountId) -> Result<BTreeMap<FindingId, Finding>, VaultError> {
        let name = format!("findings/{account}");
        let list: Vec<Finding> = self.get_of(&self.of_account(account)?, &name)?.unwrap_or_default();
        Ok(list.into_iter().map(|f| (f.key.id(), f)).collect())
    }

    /// The findings of all accounts.
    pub fn all_findings(&self) -> Result<Vec<Finding>, VaultError> {
        let mut all = self.findings_under(None)?;
        for id in self.vault.connections(&self.client) {
            all.extend(self.findings_under(Some(&id))?);
        }
        Ok(all)
    }

    /// The findings that lie under a connection's key, or under the client's own.
    pub fn findings_under(&self, connection: Option<&ConnectionId>) -> Result<Vec<Finding>, VaultError> {
        let scope = connection.map_or_else(|| self.scope.clone(), |id| self.of(id));
        let mut all = Vec::new();
        for name in self.vault.list(&scope, "findings/")? {
            let list: Option<Vec<Finding>> = self.vault.get_record(&scope, &name, SCHEMA)?;
            all.extend(list.unwrap_or_default());
        }
        Ok(all)
    }

    /// The days of events held of an account, oldest first.
    pub fn event_days(&self, account: AccountId) -> Result<Vec<Day>, VaultError> {
        let names = self.vault.list(&self.of_account(account)?, &format!("events/{account}/"))?;
        Ok(names.iter().filter_map(|name| name.as_str().rsplit('/').next()?.parse().ok()).collect())
    }

    /// One day of events, of all regions.
    pub fn events(&self, account: AccountId, day: Day) -> Result<Option<EventChunk>, VaultError> {
        let name = Name::new(event_name(account, day))?;
        let Some(opened) = self.vault.get(&self.of_account(account)?, &name)? else { return Ok(None) };
        Ok(Some(EventChunk::decode(&opened.bytes)?))
    }

    /// What the tool itself cost this client.
    pub fn spend(&self) -> Result<SpendLedger, VaultError> {
        Ok(migrate::spend(self.vault.get(&self.scope, &Name::new("spend")?)?)?.unwrap_or_default())
    }

    /// The access key of a connection that is one, ready to sign with.
    pub fn key_pair(&self, connection: &Connection) -> Result<Option<KeyPair>, VaultError> {
        let Access::AccessKey { id, .. } = &connection.access else { return Ok(None) };
        let stored = self.access_key(&connection.id)?.filter(|stored| stored.id == id.reveal());
        Ok(stored.map(|stored| KeyPair::new(id.clone(), SecretString::from(stored.secret.as_str()))))
    }

    /// What we ourselves did in its accounts on a day.
    pub fn ledger(&self, day: Day) -> Result<Vec<LedgerEntry>, VaultError> {
        Ok(self.get(&format!("ledger/{day}"))?.unwrap_or_default())
    }

    /// The days of that ledger, oldest first.
    pub fn ledger_days(&self) -> Result<Vec<Day>, VaultError> {
        let names = self.vault.list(&self.scope, "ledger/")?;
        Ok(names.iter().filter_map(|name| name.as_str().rsplit('/').next()?.parse().ok()).collect())
    }

    /// Until when our own footprint was read in an account.
    pub fn footprint_at(&self, connection: &ConnectionId) -> Result<Option<Timestamp>, VaultError> {
        self.get_of(&self.of(connection), "footprint")
    }

    /// A draft of changes to this client, committed as one.
    pub fn draft(&self) -> Draft<'_> {
        Draft { store: self, batch: Batch::new() }
    }

    /// A record that is compressed before it is sealed: costs repeat their accounts and services thousands of times.
    fn packed<T: DeserializeOwned>(&self, scope: &Scope, name: &Name) -> Result<Option<T>, VaultError> {
        self.unpacked(scope, name, |raw| postcard::from_bytes(raw))
    }

    fn unpacked<T>(
        &self,
        scope: &Scope,
        name: &Name,
        read: impl FnOnce(&[u8]) -> postcard::Result<T>,
    ) -> Result<Option<T>, VaultError> {
        let Some(opened) = self.vault.get(scope, name)? else { return Ok(None) };
        let codec = |why: String| VaultError::Codec { name: name.to_string(), done: "unpacked", why };
        let raw = unpack(&opened.bytes, PACKED_LIMIT).map_err(|e| codec(e.to_string()))?;
        read(&raw).map(Some).map_err(|e| codec(e.to_string()))
    }

    fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, VaultError> {
        self.get_of(&self.scope, name)
    }

    fn get_of<T: DeserializeOwned>(&self, scope: &Scope, name: &str) -> Result<Option<T>, VaultError> {
        self.vault.get_record(scope, &Name::new(name)?, SCHEMA)
    }

    /// What is read through a connection has that connection's key.
    fn of(&self, connection: &ConnectionId) -> Scope {
        Scope::Connection(self.client.clone(), connection.clone())
    }

    /// The scope of an account's records: its connection's, or the client's for an account that is only listed (a
    /// payer's costs raise findings for those too).
    fn of_account(&self, account: AccountId) -> Result<Scope, VaultError> {
        let scope = self.of(&connection_id(account)?);
        Ok(if self.vault.has(&scope) { scope } else { self.scope.clone() })
    }
}

/// The order in which connections are shown and tried.
pub fn oldest_first(connections: &mut [Connection]) {
    connections.sort_by(|a, b| (a.linked_at, &a.id).cmp(&(b.linked_at, &b.id)));
}

/// A connection is named by the account it leads into.
pub fn connection_id(account: AccountId) -> Result<ConnectionId, VaultError> {
    account.to_string().parse().map_err(|_| VaultError::Name { given: account.to_string() })
}

/// One record for all regions of a day: most regions have few events in a day, and each record has its own price.
fn event_name(account: AccountId, day: Day) -> String {
    format!("events/{account}/{day}")
}

/// Services are named in ways that a record's name cannot take, so it has a digest of that.
fn usage_name(connection: &ConnectionId, account: AccountId, month: Month, service: &Untrusted) -> String {
    let digest = Sha256::digest(service.raw_for_matching());
    let short: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("costs/{connection}/usage/{account}/{}/{short}", month.first())
}

fn split_name(connection: &ConnectionId, first: Day) -> String {
    format!("costs/{connection}/split/{first}")
}

fn month_name(connection: &ConnectionId, first: Day) -> String {
    format!("costs/{connection}/month/{first}")
}
