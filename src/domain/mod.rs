//! Plain types of the product: ids, money, time, accounts, costs, access events, findings.
//!
//! Nothing here does I/O or knows tokio, ratatui, sled or the AWS SDK, so every other room may import it.

mod account;
mod arn;
mod cell;
mod client;
mod connection;
mod cost;
mod event;
mod failure;
mod finding;
mod gate;
mod ids;
mod label;
mod meter;
mod money;
mod principal;
mod progress;
mod restatement;
mod role_pattern;
mod spent;
mod sync_plan;
mod template_url;
mod time;
mod untrusted;
mod wildcard;

pub use account::{Account, AccountState, JoinedMethod};
pub use arn::{ArnError, Partition, RoleArn};
pub use cell::{Cell, Freshness, SourceState};
pub use client::{Client, ClientFacts, CostBasis, parse_budget};
pub use connection::{Access, AccessKeyId, Connection, ConnectionKind, Depth, ProfileName};
pub use cost::{
    Amounts, CostCell, CostMonth, CostSplit, DayCosts, Metric, SplitCell, UsageCell, UsageMonth, UsageTypeSum,
};
pub use event::{AccessEvent, EventId, EventIds, KeyHint, Outcome, Principal, PrincipalKind};
pub use failure::{Failure, FailureClass, FailureKind};
pub use finding::{Evidence, Finding, FindingId, FindingKey, FindingState, Severity, SeverityCounts};
pub use gate::{GateResult, GateState, Probe, ProbeOutcome};
pub use ids::{AccountId, ClientId, ConnectionId, ExternalId, IdError, Region};
pub use label::{Label, Note};
pub use meter::Meter;
pub use money::{Currency, Money};
pub use principal::{PrincipalError, TrustedPrincipal};
pub use progress::{
    JobId, JobKey, JobProgress, JobState, Purged, RequestCounts, Source, SyncEvent, SyncOrder, SyncSummary,
};
pub use restatement::{RestatedCell, Restatement};
pub use role_pattern::RolePattern;
pub use spent::{SpentCell, SpentDay, SpentMonth};
pub use sync_plan::{PlannedJob, PlannedSpend, SyncPlan};
pub use template_url::{TemplateUrl, TemplateUrlError};
pub use time::{Clock, Day, FixedClock, Month, TimeRange, Timestamp};
pub use untrusted::Untrusted;
pub use wildcard::fits;
