//! One run over all connections: gates first, then accounts, then costs and events side by side, then the checks on
//! the connections themselves.

use super::{
    Control,
    costs::store_failure,
    due::{due, listed_pages},
    gates::gate_failure,
    judge::judge_connections,
    ledger::{LedgerEntry, RunLedger, beginning, keep},
    options::{SyncOptions, Wanted},
    progress::{Board, Listener},
    reserve::Reservations,
    retention::{Purge, kept_from},
    store::ClientStore,
};
use crate::{
    aws::{Api, Assume, AwsError, Identity, Pacer},
    checks::Checks,
    connect::{caller, session_name},
    domain::{
        AccountId, AccountState, Client, Clock, Connection, Failure, FailureKind, JobId, JobKey, Purged, Source,
        SyncSummary, Timestamp,
    },
    vault::{Vault, VaultError},
};
use futures::{
    FutureExt, StreamExt,
    future::{LocalBoxFuture, join_all, join3},
    stream::FuturesUnordered,
};
use std::{cell::RefCell, collections::BTreeSet, rc::Rc, sync::Arc};

/// What all jobs of a run share. One per run, on one thread.
pub(super) struct Context<C> {
    pub(super) cloud: C,
    pub(super) pacer: Pacer,
    pub(super) checks: Arc<Checks>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) board: Board,
    pub(super) options: SyncOptions,
    pub(super) control: Control,
    pub(super) vault: Arc<Vault>,
    pub(super) reservations: Reservations,
    /// The clients that this run has read so far.
    pub(super) clients: RefCell<Vec<Rc<ClientRun>>>,
    pub(super) session_name: String,
    /// Who the operator is, or why that is not known.
    pub(super) caller: Result<Identity, AwsError>,
    /// The operator's own account, whose sessions in the clients' accounts are no third party.
    pub(super) agency: Option<AccountId>,
}

/// What the jobs of one client share.
pub(super) struct ClientRun {
    pub(super) store: ClientStore,
    pub(super) profile: Client,
    /// What this run did in its accounts.
    pub(super) ledger: RefCell<RunLedger>,
    /// Held while records of this client are read, changed and committed.
    lock: tokio::sync::Mutex<()>,
    /// Held while gates of this client are tried.
    pub(super) testing: tokio::sync::Mutex<()>,
}

impl ClientRun {
    pub(super) fn new(store: ClientStore, profile: Client) -> Rc<Self> {
        let (lock, testing) = Default::default();
        Rc::new(Self { store, profile, ledger: RefCell::default(), lock, testing })
    }
}

/// The jobs of one connection in this run; `None` where nothing is due.
pub(super) struct Jobs {
    pub(super) connection: Connection,
    pub(super) gate: Option<JobId>,
    pub(super) accounts: Option<JobId>,
    pub(super) costs: Option<JobId>,
    pub(super) events: Option<JobId>,
    pub(super) footprint: Option<JobId>,
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
    run_under(Control::default(), cloud, vault, checks, clock, options, listener).await
}

/// The same, while others hold, cancel and repeat its jobs through `control`, which is used up by it.
///
/// # Errors
/// As [`run`].
pub async fn run_under<C: Assume>(
    control: Control,
    cloud: C,
    vault: Arc<Vault>,
    checks: Arc<Checks>,
    clock: Arc<dyn Clock>,
    options: SyncOptions,
    listener: Listener,
) -> Result<SyncSummary, VaultError> {
    let options = options.settled();
    let started = clock.now();
    let run_number = u32::try_from(started.second() & 0xffff_ffff).unwrap_or(0);
    let pacer = Pacer::new(options.pace, options.retry, started.second().unsigned_abs());
    let mut context = Context {
        session_name: session_name(vault.id(), run_number, &options.operator),
        board: Board::new(listener, clock.clone()),
        cloud,
        pacer,
        checks,
        clock,
        options,
        control,
        vault,
        reservations: Reservations::default(),
        clients: RefCell::default(),
        caller: Err(AwsError::timed_out(Api::GetCallerIdentity)),
        agency: None,
    };
    let mut planned = Vec::new();
    for client in context.vault.clients() {
        if context.options.only.as_ref().is_none_or(|only| *only == client) {
            let store = ClientStore::new(context.vault.clone(), client);
            if let Some(profile) = store.profile()? {
                // First, so that the plan knows what is held.
                context.purge(&store);
                let jobs = context.plan(&store)?;
                planned.push((context.enter(ClientRun::new(store, profile), &jobs), jobs));
            }
        }
    }
    context.board.announce(matches!(context.options.wanted, Wanted::Job(_)));
    let anything = planned.iter().any(|(_, jobs)| jobs.iter().any(Jobs::any));
    if anything {
        // This one passes no pacer. A run that is held before it began waits here.
        context.hold_back().await;
        // Not knowing it costs only a label; where it matters, the gates tell.
        context.caller = caller(&context.cloud, context.options.retry.per_attempt).await;
        context.agency = context.caller.as_ref().ok().map(|identity| identity.account);
    } else {
        planned.clear();
    }
    context.work(planned).await;
    let ended = context.clock.now();
    Ok(context.board.conclude(started, ended, context.pacer.counts()))
}

impl Jobs {
    /// A connection of which nothing is to be done.
    pub(super) fn none(connection: Connection) -> Self {
        Self { connection, gate: None, accounts: None, costs: None, events: None, footprint: None }
    }

    /// One of them is to be done.
    pub(super) fn set(&mut self, source: Source, job: JobId) {
        match source {
            Source::Gate => self.gate = Some(job),
            Source::Accounts => self.accounts = Some(job),
            Source::Costs => self.costs = Some(job),
            Source::Events => self.events = Some(job),
            Source::Footprint => self.footprint = Some(job),
            // Checks follow what is read; they are no job.
            Source::Checks => {}
        }
    }

    fn any(&self) -> bool {
        self.all().next().is_some()
    }

    /// All of them that there are.
    pub(super) fn all(&self) -> impl Iterator<Item = JobId> + use<> {
        [self.gate, self.accounts, self.costs, self.events, self.footprint].into_iter().flatten()
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
        let listed = listed_pages(store)?;
        let due = due(store, &self.options, self.now())?.into_iter().map(|due| {
            let mut jobs = Jobs::none(due.connection.clone());
            for job in due.jobs(listed) {
                let key = JobKey { client: job.client, account: job.account, source: job.source };
                jobs.set(job.source, self.board.add(key, job.requests.total()));
            }
            jobs
        });
        Ok(due.collect())
    }

    /// Remembers a client of this run, and that its requests belong together.
    pub(super) fn enter(&self, run: Rc<ClientRun>, jobs: &[Jobs]) -> Rc<ClientRun> {
        let mut clients = self.clients.borrow_mut();
        let party = u32::try_from(clients.len() + 1).unwrap_or(u32::MAX);
        jobs.iter().for_each(|j| self.pacer.belongs(j.connection.account(), party));
        clients.push(run.clone());
        run
    }

    /// The pacer as a job uses it: none of its requests is sent while the job or the run is held.
    pub(super) fn pacer_of(&self, job: JobId) -> Pacer {
        self.pacer.through(self.control.valve(job))
    }

    /// Does what is planned, and whatever is wanted meanwhile, until nothing is left to be done.
    async fn work(&self, planned: Vec<(Rc<ClientRun>, Vec<Jobs>)>) {
        let mut work: FuturesUnordered<LocalBoxFuture<'_, ()>> = FuturesUnordered::new();
        work.extend(planned.into_iter().map(|(run, jobs)| self.client(run, jobs).boxed_local()));
        loop {
            tokio::select! {
                biased;
                () = self.control.changed() => {
                    work.extend(self.obey().into_iter().map(|key| self.again(key).boxed_local()));
                }
                done = work.next() => {
                    if done.is_none() && self.control.end() {
                        break;
                    }
                }
            }
        }
    }

    /// Does one client's jobs, each after those it depends on.
    pub(super) async fn client(&self, run: Rc<ClientRun>, mut jobs: Vec<Jobs>) {
        // Before anything is sent, so that no session of ours is ever a stranger's.
        let now = self.now();
        let begun = jobs.iter().filter(|j| j.any()).map(|j| beginning(&self.session_name, j.connection.account(), now));
        if let Err(failure) = self.keep_ledger(&run, begun.collect()).await {
            for job in jobs.iter().flat_map(Jobs::all) {
                self.board.finish(job, vec![failure.clone()], false);
            }
            return;
        }
        self.jobs_of(&run, &mut jobs).await;
        let did = run.ledger.borrow_mut().take(&self.session_name);
        if let Err(failure) = self.keep_ledger(&run, did).await {
            tracing::error!(kind = failure.kind.code(), "what this run did could not be stored");
        }
    }

    async fn keep_ledger(&self, run: &ClientRun, entries: Vec<LedgerEntry>) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        let (store, now) = (run.store.clone(), self.now());
        self.blocking(run, move || {
            let mut draft = store.draft();
            keep(&store, &mut draft, entries, now)?;
            draft.commit()
        })
        .await
    }

    async fn jobs_of(&self, run: &ClientRun, jobs: &mut [Jobs]) {
        self.gates(run, jobs).await;
        join_all(jobs.iter().filter_map(|j| Some(self.accounts(run, &j.connection, self.open(j, j.accounts)?)))).await;
        let own = match own_accounts(run, jobs) {
            Ok(own) => own,
            // Without them every member would look like a third party.
            Err(error) => {
                let failure = store_failure(error);
                for job in jobs.iter().flat_map(|j| [j.costs, j.events, j.footprint]).flatten() {
                    self.board.finish(job, vec![failure.clone()], false);
                }
                return;
            }
        };
        let roles: Vec<_> = jobs.iter().filter_map(|j| j.connection.access.role().cloned()).collect();
        let costs = join_all(jobs.iter().filter_map(|j| Some(self.costs(run, &j.connection, self.open(j, j.costs)?))));
        let events = join_all(
            jobs.iter().filter_map(|j| Some(self.events(run, &j.connection, &own, &roles, self.open(j, j.events)?))),
        );
        let footprints = join_all(
            jobs.iter()
                .filter_map(|j| Some(self.footprint(run, &j.connection, &own, &roles, self.open(j, j.footprint)?))),
        );
        join3(costs, events, footprints).await;
        self.judge(run).await;
    }

    /// A job that may run; one whose connection may not be used is failed on the board instead.
    fn open(&self, jobs: &Jobs, job: Option<JobId>) -> Option<JobId> {
        let job = job?;
        if self.control.is_cancelled(job) {
            self.board.cancelled(job);
            return None;
        }
        match gate_failure(&jobs.connection) {
            None => Some(job),
            Some(failure) => {
                self.board.finish(job, vec![failure], false);
                None
            }
        }
    }

    /// Lets the connection checks judge how this run went.
    async fn judge(&self, run: &ClientRun) {
        let (store, checks, now) = (run.store.clone(), self.checks.clone(), self.now());
        let judged = self.blocking(run, move || judge_connections(&store, &checks, now)).await;
        match judged {
            Ok(found) => {
                self.board.found(found);
                self.board.committed(run.store.client(), Source::Checks);
            }
            Err(failure) => tracing::error!(kind = failure.kind.code(), "connection checks could not be stored"),
        }
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
    let listed = listed.iter().filter(|a| a.state != AccountState::Left).map(|a| a.id);
    Ok(jobs.iter().map(|j| j.connection.account()).chain(listed).collect())
}
