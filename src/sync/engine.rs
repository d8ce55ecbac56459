//! One run over all connections: gates first, then accounts, then costs and events side by side, then the checks on
//! the connections themselves.

use super::{
    Coverage, Sources,
    costs::store_failure,
    plan::cost_queries,
    progress::{Board, Listener},
    regions::{Reach, region_plans},
    retention::{Purge, kept_from},
    store::ClientStore,
};
use crate::{
    aws::{Assume, Pace, Pacer, RetryPolicy},
    checks::{Checks, ConnectionFact},
    connect::{Gate, session_name},
    domain::{
        AccountId, Client, ClientId, Clock, Connection, Failure, FailureKind, GateState, JobId, JobState, Purged,
        Region, Source, SourceState, SyncSummary, Timestamp,
    },
    vault::{Vault, VaultError},
};
use futures::future::{join, join_all};
use std::{collections::BTreeSet, sync::Arc};

/// How a run is done.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// How fast.
    pub pace: Pace,
    /// When to give up on a request.
    pub retry: RetryPolicy,
    /// Days of events that a first sync reads.
    pub event_days: u32,
    /// Days for which events and the evidence taken from them are kept.
    pub event_retention_days: u32,
    /// Minutes for which events are not read again.
    pub event_minutes: u32,
    /// Hours for which costs are not read again.
    pub cost_hours: u32,
    /// Regions that are always read.
    pub always_regions: Vec<Region>,
    /// Who runs it, for the session's name.
    pub operator: String,
    /// Only this client.
    pub only: Option<ClientId>,
}

impl SyncOptions {
    /// How far events are read, and how often.
    pub(super) fn reach(&self) -> Reach<'_> {
        Reach {
            always: &self.always_regions,
            days: self.event_days,
            retention_days: self.event_retention_days,
            fresh_minutes: self.event_minutes,
        }
    }
}

/// What all jobs of a run share. One per run, on one thread.
pub(super) struct Context<C> {
    pub(super) cloud: C,
    pub(super) pacer: Pacer,
    pub(super) checks: Arc<Checks>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) board: Board,
    pub(super) options: SyncOptions,
    pub(super) session_name: String,
    /// The operator's own account, whose sessions in the clients' accounts are no third party.
    pub(super) agency: Option<AccountId>,
}

/// What the jobs of one client share.
pub(super) struct ClientRun {
    pub(super) store: ClientStore,
    pub(super) profile: Client,
    /// Held while records of this client are read, changed and committed.
    lock: tokio::sync::Mutex<()>,
}

/// The jobs of one connection in this run; `None` where nothing is due.
struct Jobs {
    connection: Connection,
    gate: Option<JobId>,
    accounts: Option<JobId>,
    costs: Option<JobId>,
    events: Option<JobId>,
}

/// Runs one sync and tells `listener` all the way.
///
/// # Errors
/// When the vault cannot be read at the start. Later failures belong to their jobs and are in the summary.
pub async fn run<C: Assume>(
    cloud: C,
    vault: Arc<Vault>,
    checks: Arc<Checks>,
    clock: Arc<dyn Clock>,
    options: SyncOptions,
    listener: Listener,
) -> Result<SyncSummary, VaultError> {
    let started = clock.now();
    let run_number = u32::try_from(started.second() & 0xffff_ffff).unwrap_or(0);
    let pacer = Pacer::new(options.pace, options.retry, started.second().unsigned_abs());
    let mut context = Context {
        session_name: session_name(vault.id(), run_number, &options.operator),
        board: Board::new(listener),
        cloud,
        pacer,
        checks,
        clock,
        options,
        agency: None,
    };
    let mut clients = Vec::new();
    for client in vault.clients() {
        if context.options.only.as_ref().is_none_or(|only| *only == client) {
            let store = ClientStore::new(vault.clone(), client);
            if let Some(profile) = store.profile()? {
                // First, so that the plan knows what is held.
                context.purge(&store);
                let jobs = context.plan(&store)?;
                clients.push((ClientRun { store, profile, lock: tokio::sync::Mutex::new(()) }, jobs));
            }
        }
    }
    context.board.announce();
    let anything = clients.iter().any(|(_, jobs)| jobs.iter().any(Jobs::any));
    if anything {
        context.agency = context.learn_agency().await;
        join_all(clients.into_iter().map(|(run, jobs)| context.client(run, jobs))).await;
    }
    let ended = context.clock.now();
    Ok(context.board.conclude(started, ended, context.pacer.counts()))
}

impl Jobs {
    fn any(&self) -> bool {
        self.gate.or(self.accounts).or(self.costs).or(self.events).is_some()
    }
}

impl<C: Assume> Context<C> {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Removes what is older than it may be kept. A client of whom this fails is read all the same, and the failure told.
    fn purge(&self, store: &ClientStore) {
        let kept_from = kept_from(self.now(), self.options.event_retention_days);
        let purged = Purge::before(store, kept_from).and_then(Purge::commit);
        self.board.purged(purged.unwrap_or_else(|error| Purged {
            client: store.client().clone(),
            kept_from,
            days: 0,
            evidence: 0,
            failure: Some(store_failure(error)),
        }));
    }

    /// What is due, as jobs on the board.
    fn plan(&self, store: &ClientStore) -> Result<Vec<Jobs>, VaultError> {
        let now = self.now();
        let (client, options) = (store.client(), &self.options);
        let accounts_read = store.accounts()?.map(|a| a.read_at);
        let mut planned = Vec::new();
        for connection in store.connections()? {
            let account = connection.account();
            let add = |due: bool, source| due.then(|| self.board.add(client, account, source));
            let fresh_seconds = i64::from(options.event_minutes) * 60;
            let list_due = accounts_read.is_none_or(|at| now.since(at) >= fresh_seconds);
            let costs = connection.kind.has_costs()
                && !cost_queries(&store.cost_state(&connection.id)?, now, options.cost_hours).is_empty();
            let regions = region_plans(&store.coverage(account)?, connection.role.partition(), options.reach(), now);
            planned.push(Jobs {
                gate: add(Gate::<C>::is_due(&connection.gate, now), Source::Gate),
                accounts: add(connection.kind.has_costs() && list_due, Source::Accounts),
                costs: add(costs, Source::Costs),
                events: add(!regions.is_empty(), Source::Events),
                connection,
            });
        }
        Ok(planned)
    }

    /// Whose sessions are our own. Not knowing it costs only a label, so a failure is not one.
    async fn learn_agency(&self) -> Option<AccountId> {
        let asked = tokio::time::timeout(self.options.retry.per_attempt, self.cloud.caller()).await;
        asked.ok()?.ok().map(|identity| identity.account)
    }

    async fn client(&self, run: ClientRun, mut jobs: Vec<Jobs>) {
        self.gates(&run, &mut jobs).await;
        join_all(jobs.iter().filter_map(|j| Some(self.accounts(&run, &j.connection, self.open(j, j.accounts)?)))).await;
        let own = match own_accounts(&run, &jobs) {
            Ok(own) => own,
            // Without them every member would look like a third party.
            Err(error) => {
                let failure = store_failure(error);
                for job in jobs.iter().flat_map(|j| [j.costs, j.events]).flatten() {
                    self.board.finish(job, vec![failure.clone()], false);
                }
                return;
            }
        };
        let roles: Vec<_> = jobs.iter().map(|j| j.connection.role.clone()).collect();
        let costs = join_all(jobs.iter().filter_map(|j| Some(self.costs(&run, &j.connection, self.open(j, j.costs)?))));
        let events = join_all(
            jobs.iter().filter_map(|j| Some(self.events(&run, &j.connection, &own, &roles, self.open(j, j.events)?))),
        );
        join(costs, events).await;
        self.judge_connections(&run, &jobs).await;
    }

    /// Tries the gates that are due and keeps their outcome. A job of a connection whose gate did not pass fails here.
    async fn gates(&self, run: &ClientRun, jobs: &mut [Jobs]) {
        let gate = Gate { cloud: &self.cloud, pacer: &self.pacer, session_name: &self.session_name, now: self.now() };
        let due: Vec<_> = jobs.iter_mut().filter_map(|j| j.gate.map(|job| (job, &mut j.connection))).collect();
        if due.is_empty() {
            return;
        }
        join_all(due.into_iter().map(async |(job, connection)| {
            self.board.update(job, |j| {
                j.state = JobState::Running;
                j.total = 1;
            });
            let (state, requests) = gate.test(connection, &run.profile.external_id).await;
            connection.gate = state;
            self.board.update(job, |j| {
                j.requests += requests;
                j.done = 1;
            });
            self.board.finish(job, gate_failure(connection).into_iter().collect(), false);
        }))
        .await;
        let (store, tested) = (run.store.clone(), jobs.iter().map(|j| j.connection.clone()).collect::<Vec<_>>());
        let kept = self
            .blocking(run, move || {
                let mut draft = store.draft();
                draft.connections(&tested)?;
                draft.commit()
            })
            .await;
        if let Err(failure) = kept {
            for job in jobs.iter().filter_map(|j| j.gate) {
                self.board.finish(job, vec![failure.clone()], false);
            }
        }
        self.board.committed(run.store.client(), Source::Gate);
    }

    /// A job that may run; one whose connection may not be used is failed on the board instead.
    fn open(&self, jobs: &Jobs, job: Option<JobId>) -> Option<JobId> {
        let job = job?;
        match gate_failure(&jobs.connection) {
            None => Some(job),
            Some(failure) => {
                self.board.finish(job, vec![failure], false);
                None
            }
        }
    }

    /// Lets the connection checks judge how this run went.
    async fn judge_connections(&self, run: &ClientRun, jobs: &[Jobs]) {
        let (store, checks, now) = (run.store.clone(), self.checks.clone(), self.now());
        let connections: Vec<Connection> = jobs.iter().map(|j| j.connection.clone()).collect();
        let judged = self
            .blocking(run, move || {
                let mut facts = Vec::with_capacity(connections.len());
                for connection in &connections {
                    let sources = store.sources(&connection.id)?;
                    facts.push(fact(connection, sources, &store.coverage(connection.account())?));
                }
                let hits = checks.evaluate_connections(store.client(), &facts, now);
                let accounts = connections.iter().map(Connection::account).collect();
                let mut draft = store.draft();
                let found = store.replace_connection_hits(&mut draft, &checks, accounts, hits)?;
                draft.commit()?;
                Ok(found)
            })
            .await;
        match judged {
            Ok(found) => self.board.found(found),
            Err(failure) => tracing::error!(kind = failure.kind.code(), "connection checks could not be stored"),
        }
        self.board.committed(run.store.client(), Source::Checks);
    }

    /// Runs vault and check work on another thread, one piece per client at a time.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        run: &ClientRun,
        work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Failure> {
        let _one_at_a_time = run.lock.lock().await;
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done.map_err(store_failure),
            Err(panic) => Err(Failure {
                kind: FailureKind::Bug,
                what: format!("a worker stopped unexpectedly: {panic}"),
                next_step: "please report this; nothing that was stored is lost".into(),
            }),
        }
    }
}

/// The accounts that belong to the client: connected or listed.
fn own_accounts(run: &ClientRun, jobs: &[Jobs]) -> Result<BTreeSet<AccountId>, VaultError> {
    let listed = run.store.accounts()?.map(|l| l.accounts).unwrap_or_default();
    Ok(jobs.iter().map(|j| j.connection.account()).chain(listed.iter().map(|a| a.id)).collect())
}

/// Why a connection may not be used, if so.
pub fn gate_failure(connection: &Connection) -> Option<Failure> {
    match &connection.gate {
        GateState::Passed { .. } | GateState::Untested => None,
        GateState::Quarantined { .. } => Some(Failure {
            kind: FailureKind::Quarantined,
            what: format!("the role {} can be assumed without its ExternalId, so it is not used", connection.role),
            next_step:
                "ask the client to add the sts:ExternalId condition to its trust policy; it is tried again every day, \
                        or at once with `bailiwick connect`"
                    .into(),
        }),
        GateState::Failed { failure, .. } => Some(failure.clone()),
    }
}

fn fact(connection: &Connection, sources: Sources, coverage: &Coverage) -> ConnectionFact {
    let read = coverage.regions().map(|(r, _)| r).filter(|r| !sources.regions_failed.contains_key(*r));
    let read: Vec<_> = read.map(|r| (Source::Events, Some(r.clone()), None)).collect();
    let whole = sources.failures.into_iter().map(|(source, failure)| (source, None, Some(failure)));
    let regions = sources.regions_failed.into_iter().map(|(r, failure)| (Source::Events, Some(r), Some(failure)));
    ConnectionFact {
        account: connection.account(),
        role: connection.role.clone(),
        gate: connection.gate.clone(),
        sources: whole.chain(regions).chain(read).collect(),
    }
}

impl Sources {
    /// Shows that the gate did not pass: nothing can be read, and what is stored grows stale.
    pub fn unusable(&mut self, failure: &Failure) {
        let reason = format!("{}; {}", failure.what, failure.next_step);
        for state in [&mut self.accounts, &mut self.costs, &mut self.events] {
            *state = match state {
                SourceState::Fresh { at } | SourceState::Stale { at, .. } => {
                    SourceState::Stale { at: *at, reason: reason.clone() }
                }
                _ => SourceState::Unavailable { reason: reason.clone() },
            };
        }
    }
}
