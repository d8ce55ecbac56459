//! What the desk holds of each client between two questions: read from the vault once per change.

use super::{Actor, Answer, BackupPlan, DeskError, Query, glance::Glance, part::Part};
use crate::{
    analysis::Ledger,
    checks::Checks,
    connect::import::DamagedClient,
    domain::{
        Account, AccountId, Client, ClientId, Clock, Connection, ConnectionId, Day, Finding, FindingState, Freshness,
        Severity, SeverityCounts, SourceState, Timestamp, Untrusted,
    },
    sync::{ClientStore, Coverage, Sources, SyncOptions, gate_failure, oldest_first},
    vault::{Vault, VaultError},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// Costs that were read longer ago than this are stale, in seconds: Cost Explorer renews them every day.
pub(super) const COSTS_STALE_SECONDS: i64 = 36 * 3_600;

/// What was read of each client, at which revision of it.
type Cache = HashMap<ClientId, ((u64, usize), Arc<ClientData>)>;

/// The desk: answers questions from the vault, never from AWS.
pub struct Desk {
    pub(super) vault: Arc<Vault>,
    pub(super) checks: Arc<Checks>,
    pub(super) actor: Actor,
    clock: Arc<dyn Clock>,
    pub(super) backups: Option<BackupPlan>,
    pub(super) sync: Option<SyncOptions>,
    cache: Mutex<Cache>,
}

/// One client's records, decoded.
pub(super) struct ClientData {
    pub(super) profile: Client,
    pub(super) connections: Vec<Connection>,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) sources: BTreeMap<AccountId, Sources>,
    pub(super) coverage: BTreeMap<AccountId, Coverage>,
    pub(super) ledger: Ledger,
    pub(super) findings: Vec<Finding>,
    pub(super) store: ClientStore,
    /// What all this was made from, by connection.
    pub(super) parts: BTreeMap<ConnectionId, Arc<Part>>,
    clock: Arc<dyn Clock>,
    /// The last one that was made.
    pub(super) glance: Mutex<Option<Arc<Glance>>>,
}

impl From<VaultError> for DeskError {
    fn from(error: VaultError) -> Self {
        Self::Vault(error.to_string())
    }
}

impl Desk {
    /// A desk over an open vault, used by the program itself; see [`Desk::acting`].
    pub fn new(vault: Arc<Vault>, checks: Arc<Checks>, clock: Arc<dyn Clock>) -> Self {
        Self { vault, checks, actor: Actor::default(), clock, backups: None, sync: None, cache: Mutex::default() }
    }

    /// With a place for backups: what is deleted or loses its secret here is brought in line there.
    pub fn with_backups(self, plan: BackupPlan) -> Self {
        Self { backups: Some(plan), ..self }
    }

    /// With what the settings say of a sync, for its plan.
    pub fn with_sync(self, options: SyncOptions) -> Self {
        Self { sync: Some(options), ..self }
    }

    /// Answers any question.
    pub fn ask(&self, query: &Query) -> Result<Answer, DeskError> {
        Ok(match query {
            Query::Overview => Answer::Overview(Arc::new(self.overview()?)),
            Query::Accounts(client) => Answer::Accounts(Arc::new(self.accounts(client.as_ref())?)),
            Query::Connection { client, id } => Answer::Connection(Arc::new(self.connection_view(client, id)?)),
            Query::Costs(scope) => Answer::Costs(Arc::new(self.costs(scope)?)),
            Query::Usage(scope, metric) => Answer::Usage(Arc::new(self.usage_shown(scope, *metric)?)),
            Query::Access(scope) => Answer::Access(Arc::new(self.access(scope)?)),
            Query::Findings(scope) => Answer::Findings(Arc::new(self.findings(scope)?)),
            Query::Finding(id) => Answer::Finding(Arc::new(self.finding(*id)?)),
            Query::SyncPlan | Query::SyncSpend => Answer::Sync(Arc::new(self.sync_view()?)),
            Query::Vault | Query::VaultBackups | Query::VaultBackup(_) | Query::VaultEntry(_) => {
                Answer::Vault(Arc::new(self.vault_view()?))
            }
        })
    }

    /// Where its backups go, if it has any.
    pub fn backups(&self) -> Option<&BackupPlan> {
        self.backups.as_ref()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Forgets what is held of a client that changed its shape or is gone.
    pub(super) fn forget(&self, client: &ClientId) {
        self.cached().remove(client);
    }

    /// Every client that can be read, in order of id, and a sentence for each that cannot: one damaged record must not
    /// hide the other clients.
    pub(super) fn all_clients(&self) -> (Vec<Arc<ClientData>>, Vec<String>) {
        let (mut clients, mut troubles) = (Vec::new(), Vec::new());
        for id in self.vault.clients() {
            match self.client_data(&id) {
                Ok(data) => clients.push(data),
                Err(error) => troubles.push(trouble(&id, &error)),
            }
        }
        (clients, troubles)
    }

    /// What can be told of the clients that cannot be read. One that was added only in part has nothing yet.
    pub(super) fn damaged_clients(&self) -> Vec<DamagedClient> {
        let clients = self.vault.clients().into_iter();
        let damaged = clients.filter(|id| {
            let read = self.client_data(id);
            read.is_err_and(|error| !matches!(error, DeskError::UnknownClient(_)))
        });
        let told = damaged.map(|id| DamagedClient {
            external_id: ClientStore::new(self.vault.clone(), id.clone())
                .profile()
                .ok()
                .flatten()
                .map(|c| c.external_id),
            // A connection is named by its account.
            accounts: self.vault.connections(&id).iter().filter_map(|id| id.as_str().parse().ok()).collect(),
            id,
        });
        told.collect()
    }

    /// The clients of a scope: one, or all.
    pub(super) fn scoped(&self, client: Option<&ClientId>) -> Result<Vec<Arc<ClientData>>, DeskError> {
        match client {
            Some(client) => Ok(vec![self.client_data(client)?]),
            None => Ok(self.all_clients().0),
        }
    }

    /// One client's records; of what is held of it, only what changed is read again.
    pub(super) fn client_data(&self, id: &ClientId) -> Result<Arc<ClientData>, DeskError> {
        let revision = self.vault.client_revision(id).ok_or_else(|| DeskError::UnknownClient(id.clone()))?;
        let before = self.cached().get(id).cloned();
        if let Some((at, data)) = &before
            && *at == revision
        {
            return Ok(data.clone());
        }
        let before = before.as_ref().map(|(_, data)| data.as_ref());
        let data = Arc::new(ClientData::read(self.vault.clone(), id, self.clock.clone(), before)?);
        self.cached().insert(id.clone(), (revision, data.clone()));
        Ok(data)
    }

    fn cached(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientData {
    fn read(vault: Arc<Vault>, id: &ClientId, clock: Arc<dyn Clock>, before: Option<&Self>) -> Result<Self, DeskError> {
        let store = ClientStore::new(vault.clone(), id.clone());
        let profile = store.profile()?.ok_or_else(|| DeskError::UnknownClient(id.clone()))?;
        let mut parts = BTreeMap::new();
        for id in vault.connections(id) {
            let part = Part::read(&store, &id, before.and_then(|before| before.parts.get(&id)))?;
            parts.extend(part.map(|part| (id, part)));
        }
        let mut connections: Vec<Connection> = parts.values().map(|part| part.connection.clone()).collect();
        oldest_first(&mut connections);
        let listed = store.accounts()?.map(|l| l.accounts).unwrap_or_default();
        let mut accounts: BTreeMap<AccountId, Account> = listed.into_iter().map(|a| (a.id, a)).collect();
        let (mut sources, mut coverage, mut months) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for connection in &connections {
            let Some(part) = parts.get(&connection.id) else { continue };
            let account = connection.account();
            let entry = accounts.entry(account).or_insert_with(|| Account::bare(account));
            entry.alias = connection.alias.clone().or(entry.alias.take());
            entry.linked_at = entry.linked_at.or(Some(connection.linked_at));
            let mut of_connection = part.sources.clone();
            if let Some(failure) = gate_failure(connection) {
                of_connection.unusable(&failure);
            }
            if !connection.kind.has_costs() {
                of_connection.costs = SourceState::NotApplicable;
                of_connection.accounts = SourceState::NotApplicable;
            }
            sources.insert(account, of_connection);
            coverage.insert(account, part.coverage.clone());
            months.extend(part.months.values().map(|(_, month)| month.clone()));
        }
        let mut findings = store.findings_under(None)?;
        findings.extend(parts.values().flat_map(|part| part.findings.iter().cloned()));
        Ok(Self {
            profile,
            connections,
            accounts,
            sources,
            coverage,
            ledger: Ledger::new(months),
            findings,
            store,
            parts,
            clock,
            glance: Mutex::default(),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn id(&self) -> &ClientId {
        &self.profile.id
    }

    /// The connection through which an account is read itself.
    pub(super) fn connection(&self, account: AccountId) -> Option<&Connection> {
        self.connections.iter().find(|c| c.account() == account)
    }

    /// What to call an account.
    pub(super) fn account_label(&self, account: AccountId) -> Option<Untrusted> {
        self.accounts.get(&account)?.label().cloned()
    }

    /// The day on which the oldest of the costs was read: what came later is not known, however late it is now.
    pub(super) fn costs_day(&self, today: Day) -> Day {
        self.freshness().costs_at.map_or(today, |at| at.day().min(today))
    }

    /// How the costs stand over all connections that have them: the worst of them.
    pub(super) fn cost_source(&self) -> SourceState {
        match self.worst(|s| &s.costs, |c| c.kind.has_costs()) {
            SourceState::Fresh { at } if self.clock.now().since(at) > COSTS_STALE_SECONDS => {
                SourceState::Stale { at, reason: "they were not read since: press R, or run `bailiwick sync`".into() }
            }
            state => state,
        }
    }

    fn worst(&self, of: fn(&Sources) -> &SourceState, has: fn(&Connection) -> bool) -> SourceState {
        let states =
            self.connections.iter().filter(|c| has(c)).filter_map(|c| Some(of(self.sources.get(&c.account())?)));
        let rank = |s: &SourceState| match s {
            SourceState::NotApplicable => 0,
            SourceState::Fresh { .. } => 1,
            SourceState::Stale { .. } => 2,
            SourceState::Never => 3,
            SourceState::Unavailable { .. } => 4,
        };
        states.max_by_key(|s| rank(s)).cloned().unwrap_or(SourceState::Never)
    }

    /// Age and trouble of all sources.
    pub(super) fn freshness(&self) -> Freshness {
        let oldest = |of: fn(&Sources) -> &SourceState, has: fn(&Connection) -> bool| {
            let connections = self.connections.iter().filter(|c| has(c));
            connections.filter_map(|c| read_at(of(self.sources.get(&c.account())?))).min()
        };
        let mut problems = Vec::new();
        for connection in &self.connections {
            let Some(sources) = self.sources.get(&connection.account()) else { continue };
            let states = [("costs", &sources.costs), ("events", &sources.events), ("accounts", &sources.accounts)];
            for (what, state) in states {
                if let SourceState::Stale { reason, .. } | SourceState::Unavailable { reason } = state {
                    problems.push(format!("{} {what} of {}: {reason}", self.id(), connection.account()));
                }
            }
            for (region, failure) in &sources.regions_failed {
                let account = connection.account();
                problems.push(format!("{} {region} of {account}: {}; {}", self.id(), failure.what, failure.next_step));
            }
        }
        Freshness {
            costs_at: oldest(|s| &s.costs, |c| c.kind.has_costs()),
            events_at: oldest(|s| &s.events, |_| true),
            problems,
        }
    }

    /// Open findings, counted.
    pub(super) fn open_findings(&self, of: impl Fn(&Finding) -> bool) -> SeverityCounts {
        let mut counts = SeverityCounts::default();
        self.findings.iter().filter(|f| f.state == FindingState::Open && of(f)).for_each(|f| counts.add(f.severity));
        counts
    }

    /// The worst open finding, the newest of equals.
    pub(super) fn worst_finding(&self) -> Option<&Finding> {
        let open = self.findings.iter().filter(|f| f.state == FindingState::Open && f.severity > Severity::Info);
        open.max_by_key(|f| (f.severity, f.last_seen))
    }
}

/// What is wrong with a client that cannot be shown.
pub(super) fn trouble(id: &ClientId, error: &DeskError) -> String {
    match error {
        DeskError::UnknownClient(_) => format!("{id} was added only in part: run `bailiwick client add {id}` again"),
        error => format!("{id} cannot be read: {error}"),
    }
}

/// When a source was last read completely.
pub(super) fn read_at(state: &SourceState) -> Option<Timestamp> {
    match state {
        SourceState::Fresh { at } | SourceState::Stale { at, .. } => Some(*at),
        _ => None,
    }
}
