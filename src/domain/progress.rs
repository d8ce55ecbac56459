//! What a running sync tells: jobs, their progress, failures in words, requests and their price.

use super::{AccountId, ClientId, Day, Failure, Region, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The trust test of a connection: STS only.
    Gate,
    /// Organizations `ListAccounts`.
    Accounts,
    /// Cost Explorer `GetCostAndUsage`.
    Costs,
    /// CloudTrail `LookupEvents`.
    Events,
    /// The evaluation of checks.
    Checks,
    /// What CloudTrail says of our own sessions.
    Footprint,
}

impl Source {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Accounts => "accounts",
            Self::Costs => "costs",
            Self::Events => "events",
            Self::Checks => "checks",
            Self::Footprint => "own use",
        }
    }
}

/// Number of a job within one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct JobId(pub u32);

/// What a job reads, the same in every run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct JobKey {
    /// Whose.
    pub client: ClientId,
    /// Of which account.
    pub account: AccountId,
    /// Reading what.
    pub source: Source,
}

/// What somebody may want of a sync that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncOrder {
    /// No new request of any job; those under way end.
    Pause,
    /// Go on.
    Resume,
    /// The same of one job.
    PauseJob(JobId),
    /// Go on with it.
    ResumeJob(JobId),
    /// End it; what it has stored stays.
    CancelJob(JobId),
    /// Plan it anew from what is stored, and run it again; a run of its own if none goes on.
    Retry(JobKey),
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// Not begun.
    Waiting,
    /// At work.
    Running,
    /// Complete.
    Done,
    /// Complete as far as it could be; these parts failed.
    Partial {
        /// The parts' failures.
        failures: Vec<Failure>,
    },
    /// Nothing was read.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Somebody cancelled it; what it had stored by then is kept.
    Cancelled,
}

impl JobState {
    /// Whether it is over, however it ended.
    pub fn is_ended(&self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }

    /// Whether it left something unread, so that it may be tried again.
    pub fn may_be_retried(&self) -> bool {
        matches!(self, Self::Partial { .. } | Self::Failed { .. } | Self::Cancelled)
    }
}

/// Requests sent, by API. Only successful Cost Explorer pages cost money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// STS.
    pub sts: u64,
    /// Organizations.
    pub organizations: u64,
    /// CloudTrail.
    pub cloudtrail: u64,
    /// Cost Explorer.
    pub ce: u64,
}

impl RequestCounts {
    /// All together.
    pub fn total(&self) -> u64 {
        self.sts + self.organizations + self.cloudtrail + self.ce
    }
}

impl std::ops::AddAssign for RequestCounts {
    fn add_assign(&mut self, o: Self) {
        self.sts += o.sts;
        self.organizations += o.organizations;
        self.cloudtrail += o.cloudtrail;
        self.ce += o.ce;
    }
}

/// One job of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobProgress {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub client: ClientId,
    /// Of which account.
    pub account: AccountId,
    /// Reading what.
    pub source: Source,
    /// In which region at the moment, for events.
    pub region: Option<Region>,
    /// State.
    pub state: JobState,
    /// Steps finished (regions, cost windows, pages).
    pub done: u32,
    /// Steps known so far.
    pub total: u32,
    /// Rows read (events, cost cells, accounts).
    pub rows: u64,
    /// Requests sent.
    pub requests: RequestCounts,
    /// Cost Explorer pages that AWS charges for: what it refused costs nothing.
    pub paid_pages: u64,
    /// Attempts that had to be repeated.
    pub retries: u32,
    /// Whether it is held back by itself; a pause of the whole run is told once for all.
    pub paused: bool,
    /// Requests that were planned, at least.
    pub planned: u64,
    /// Requests a minute over the last while; unknown at the beginning.
    pub requests_per_minute: Option<u32>,
    /// About how many seconds are left; unknown until the first step is done.
    pub remaining_seconds: Option<u64>,
    /// What last went wrong, in words, also where it was repeated with success.
    pub last_error: Option<String>,
}

impl JobProgress {
    /// One that has not begun, of which so many requests are planned.
    pub fn waiting(id: JobId, JobKey { client, account, source }: JobKey, planned: u64) -> Self {
        Self {
            id,
            client,
            account,
            source,
            region: None,
            state: JobState::Waiting,
            done: 0,
            total: 0,
            rows: 0,
            requests: RequestCounts::default(),
            paid_pages: 0,
            retries: 0,
            paused: false,
            planned,
            requests_per_minute: None,
            remaining_seconds: None,
            last_error: None,
        }
    }

    /// What it reads.
    pub fn key(&self) -> JobKey {
        JobKey { client: self.client.clone(), account: self.account, source: self.source }
    }
}

/// What a run removed of one client because it was older than events are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Whose.
    pub client: ClientId,
    /// The first day of which events are kept.
    pub kept_from: Day,
    /// Days of events, each of one account.
    pub days: u64,
    /// Pieces of evidence of findings.
    pub evidence: u64,
    /// Why nothing could be removed, if so.
    pub failure: Option<Failure>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncSummary {
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Jobs that read all they should.
    pub jobs_done: u32,
    /// Jobs that read a part.
    pub jobs_partial: u32,
    /// Jobs that read nothing.
    pub jobs_failed: u32,
    /// Jobs that somebody cancelled.
    pub jobs_cancelled: u32,
    /// New events stored.
    pub events: u64,
    /// Cost cells read.
    pub cost_cells: u64,
    /// Accounts known.
    pub accounts: u64,
    /// Findings new or seen again in this run.
    pub findings: u64,
    /// All requests.
    pub requests: RequestCounts,
    /// What the Cost Explorer pages of this run cost the clients, in US dollars.
    pub ce_spend_usd: Decimal,
    /// What was removed because it was too old, of each client of whom something was or could not be.
    pub purged: Vec<Purged>,
    /// Every failure with its job, in order of appearance.
    pub failures: Vec<JobProgress>,
}

/// What the engine tells while it runs. A job's newer `Job` replaces the older one; one that is tried again may be new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SyncEvent {
    /// The plan, all jobs waiting.
    Planned {
        /// The jobs.
        jobs: Vec<JobProgress>,
        /// Whether these are jobs that are tried again: what is known of others stays.
        again: bool,
    },
    /// The whole run is held: no new request is sent.
    Paused,
    /// It goes on.
    Resumed,
    /// One job moved on.
    Job {
        /// Its new standing.
        job: JobProgress,
    },
    /// A slice is durable in the vault: what shows this client may be read again.
    Committed {
        /// Whose.
        client: ClientId,
        /// What.
        source: Source,
    },
    /// The run is over.
    Finished {
        /// What it did.
        summary: SyncSummary,
    },
    /// The run could not go on.
    Aborted {
        /// Why.
        failure: Failure,
    },
}
