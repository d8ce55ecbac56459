//! What is due of each connection, by what was read, the settings and the present; and all of it as a plan to be shown.

use super::{
    Coverage, SyncOptions, Wanted,
    footprint::{FOOTPRINT_CALLS, footprint_due},
    plan::{cost_queries, costs_due},
    price,
    regions::{RegionPlan, SESSION_CALLS, region_plans},
    store::ClientStore,
};
use crate::{
    aws::{CostQuery, Granularity, Pace},
    connect::Gate,
    domain::{
        AccountId, Connection, Depth, PlannedJob, PlannedSpend, Region, RequestCounts, Source, SourceState, SyncPlan,
        Timestamp,
    },
    vault::{Vault, VaultError},
};
use std::{collections::BTreeMap, sync::Arc};

/// `AssumeRole` and `GetCallerIdentity` of one session.
const SESSION: u64 = 2;
/// The trust probes: a session, and three with wrong ExternalIds.
const GATE: u64 = SESSION + 3;
/// Accounts on a page of `ListAccounts`.
const LISTED: u64 = 20;
/// Seconds that an answer takes on a usual network, for the estimate.
const ANSWER: f64 = 0.4;

/// What is due of one connection.
pub(super) struct Due {
    pub(super) connection: Connection,
    pub(super) gate: bool,
    pub(super) accounts: bool,
    /// The questions; none where what was read is only to be judged, `None` where nothing is due.
    pub(super) costs: Option<Vec<CostQuery>>,
    pub(super) events: Vec<RegionPlan>,
    pub(super) footprint: bool,
}

/// What is due of a client.
pub(super) fn due(store: &ClientStore, options: &SyncOptions, now: Timestamp) -> Result<Vec<Due>, VaultError> {
    let fresh_seconds = i64::from(options.event_minutes) * 60;
    let listed = store.accounts()?.is_some();
    let of = |connection: Connection| {
        let state = store.cost_state(&connection.id)?;
        let costs = (connection.kind.has_costs() && costs_due(&state, now, options.cost_hours))
            .then(|| cost_queries(&state, now, options.cost_hours));
        // Not by the list alone: Cost Explorer's names make one too, and another connection may have read it.
        let list_due = match store.sources(&connection.id)?.accounts {
            SourceState::Fresh { at } if listed => now.since(at) >= fresh_seconds,
            _ => true,
        };
        let coverage: Coverage = store.coverage(connection.account())?;
        let mut due = Due {
            gate: Gate::<crate::aws::SdkCloud>::is_due(&connection.gate, now),
            accounts: connection.kind.has_costs() && list_due,
            costs,
            footprint: connection.access.role().is_some() && footprint_due(store.footprint_at(&connection.id)?, now),
            events: region_plans(&coverage, connection.partition(), options.reach(connection.depth), now),
            connection,
        };
        due.limit(&options.wanted);
        Ok(due)
    };
    store.connections()?.into_iter().map(of).collect()
}

/// Pages of a client's list of accounts.
pub(super) fn listed_pages(store: &ClientStore) -> Result<u64, VaultError> {
    Ok(store.accounts()?.map_or(1, |list| list.accounts.len() as u64).div_ceil(LISTED).max(1))
}

/// Everything that is due, of one client or of all. Reads the vault and sends nothing.
///
/// # Errors
/// When the vault cannot be read.
pub fn plan(vault: &Arc<Vault>, options: &SyncOptions, now: Timestamp) -> Result<SyncPlan, VaultError> {
    let options = &options.clone().settled();
    let (mut jobs, mut spend) = (Vec::new(), Vec::new());
    let mut lanes = Lanes::default();
    for client in vault.clients().into_iter().filter(|c| options.only.as_ref().is_none_or(|only| only == c)) {
        let store = ClientStore::new(vault.clone(), client.clone());
        if store.profile()?.is_none() {
            continue;
        }
        let listed = listed_pages(&store)?;
        let mut pages = 0;
        for due in due(&store, options, now)? {
            pages += due.questions().len() as u64 + u64::from(due.first_test());
            lanes.add(&due, listed);
            jobs.extend(due.jobs(listed));
        }
        if pages > 0 {
            let ledger = store.spend()?;
            let room = ledger.room(options.caps, now.day()).unwrap_or(u64::MAX);
            spend.push(PlannedSpend {
                client,
                due: pages,
                held_back: pages.saturating_sub(room),
                today: ledger.on(now.day()),
                month: ledger.in_month_of(now.day()),
                day_cap: options.caps.day,
                month_cap: options.caps.month,
            });
        }
    }
    let mut requests = RequestCounts::default();
    jobs.iter().for_each(|job: &PlannedJob| requests += job.requests);
    let asked: u64 = spend.iter().map(|s| s.due - s.held_back).sum();
    Ok(SyncPlan {
        as_of: now,
        seconds: lanes.seconds(options.pace, requests.total()),
        ce_price_usd: price(asked),
        jobs,
        requests,
        spend,
    })
}

impl Due {
    /// The questions to Cost Explorer.
    fn questions(&self) -> &[CostQuery] {
        self.costs.as_deref().unwrap_or_default()
    }

    /// Whether its gate asks every service too: nothing was ever asked through it, for it was in quarantine.
    fn first_test(&self) -> bool {
        self.gate && self.connection.known_kind().is_none()
    }

    /// Takes away what is not wanted.
    fn limit(&mut self, wanted: &Wanted) {
        let only = |source| match wanted {
            Wanted::Everything => true,
            Wanted::Sources(sources) => sources.contains(&source),
            Wanted::Job(key) => key.account == self.connection.account() && key.source == source,
        };
        let [accounts, costs, events] = [Source::Accounts, Source::Costs, Source::Events].map(only);
        // What is tried again is read whenever it was read last.
        let again = matches!(wanted, Wanted::Job(_));
        self.accounts = accounts && (self.accounts || again);
        if !costs {
            self.costs = None;
        }
        if !events {
            self.events.clear();
        }
        // Our own calls are read with the events.
        self.footprint = match wanted {
            Wanted::Everything => self.footprint,
            Wanted::Sources(_) => self.footprint && events,
            Wanted::Job(_) => only(Source::Footprint),
        };
        let anything = self.footprint || self.accounts || self.costs.is_some() || !self.events.is_empty();
        self.gate = match wanted {
            Wanted::Everything => self.gate,
            Wanted::Sources(_) => self.gate && anything,
            Wanted::Job(_) => only(Source::Gate) || self.gate && anything,
        };
    }

    /// Its jobs with their requests, if each answer takes one page.
    pub(super) fn jobs(&self, listed: u64) -> Vec<PlannedJob> {
        let (client, account) = (&self.connection.client, self.connection.account());
        let job =
            |source, what: String, requests| PlannedJob { client: client.clone(), account, source, what, requests };
        // Only a role is opened; a profile or a key is asked who it is.
        let session = if self.connection.access.role().is_some() { SESSION } else { SESSION - 1 };
        let with_session = RequestCounts { sts: session, ..RequestCounts::default() };
        let mut jobs = Vec::new();
        if self.gate {
            let sts = if self.connection.access.role().is_some() { GATE } else { 1 };
            let trust = RequestCounts { sts, ..RequestCounts::default() };
            jobs.push(if self.first_test() {
                let requests = RequestCounts { sts: sts + 3, organizations: 1, ce: 1, cloudtrail: 1 };
                job(Source::Gate, "trust, and where that is tight now each service".into(), requests)
            } else {
                job(Source::Gate, "trust".into(), trust)
            });
        }
        if self.accounts {
            let requests = RequestCounts { organizations: listed, ..with_session };
            jobs.push(job(Source::Accounts, "the organization's list".into(), requests));
        }
        if self.costs.is_some() {
            let questions = self.questions();
            let by_day = questions.iter().filter(|q| q.granularity == Granularity::Daily).count();
            let what = format!("{} by month, {by_day} by day", counted(questions.len() - by_day, "question"));
            let session = if questions.is_empty() { RequestCounts::default() } else { with_session };
            jobs.push(job(Source::Costs, what, RequestCounts { ce: questions.len() as u64, ..session }));
        }
        if !self.events.is_empty() {
            let days = self.events.iter().map(|p| p.range.seconds()).max().unwrap_or(0) as f64 / 86_400.0;
            let mut regions: Vec<&Region> = self.events.iter().map(|p| &p.region).collect();
            regions.dedup();
            let what = format!("{}, {days:.1} days at most", counted(regions.len(), "region"));
            let cloudtrail = self.events.iter().map(lookups).sum();
            jobs.push(job(Source::Events, what, RequestCounts { cloudtrail, ..with_session }));
        }
        if self.footprint {
            let requests = RequestCounts { cloudtrail: FOOTPRINT_CALLS.len() as u64, ..with_session };
            jobs.push(job(Source::Footprint, "our own calls of the last day".into(), requests));
        }
        jobs
    }
}

/// Lookups of one region's plan, at one page each.
fn lookups(plan: &RegionPlan) -> u64 {
    if plan.depth == Depth::Full {
        return 1;
    }
    // All changes; and of the calls that hand out sessions the first, or all where the region is in use.
    1 + if plan.sessions_always { SESSION_CALLS.len() as u64 } else { 1 }
}

/// The longest queue of each kind: lanes run beside each other, a lane's requests one after another.
#[derive(Default)]
struct Lanes {
    lookups: BTreeMap<(AccountId, Region), u64>,
    costs: u64,
    /// Requests of one connection that wait for each other.
    chain: u64,
}

impl Lanes {
    fn add(&mut self, due: &Due, listed: u64) {
        if due.footprint {
            let lane = (due.connection.account(), crate::aws::home_region(due.connection.partition()));
            *self.lookups.entry(lane).or_default() += FOOTPRINT_CALLS.len() as u64;
        }
        for plan in &due.events {
            *self.lookups.entry((due.connection.account(), plan.region.clone())).or_default() += lookups(plan);
        }
        self.costs = self.costs.max(due.questions().len() as u64);
        let gate = if due.gate { GATE } else { 0 };
        let accounts = if due.accounts { SESSION + listed } else { 0 };
        self.chain = self.chain.max(gate + accounts + SESSION);
    }

    fn seconds(&self, pace: Pace, requests: u64) -> u64 {
        let lookups = self.lookups.values().max().copied().unwrap_or(0) as f64;
        let lane = |n: f64, interval: f64| n * interval.max(ANSWER);
        let slowest = lane(lookups, pace.lookup.as_secs_f64()).max(lane(self.costs as f64, pace.costs.as_secs_f64()));
        let crowd = requests as f64 * ANSWER / pace.concurrency.max(1) as f64;
        (self.chain as f64 * ANSWER + slowest.max(crowd)).ceil() as u64
    }
}

fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}
