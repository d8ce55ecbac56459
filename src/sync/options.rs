//! How a run is done, and what of what is due it reads.

use super::{Caps, regions::Reach};
use crate::{
    aws::{Pace, RetryPolicy},
    domain::{ClientId, Depth, JobKey, Region, Source, TrustedPrincipal},
};
use std::collections::BTreeSet;

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
    /// Pages of one lookup that are kept in memory, and lost when a run is cut off: what is longer is read in pieces.
    pub slice_pages: u32,
    /// Hours for which costs are not read again.
    pub cost_hours: u32,
    /// Cost Explorer requests that one client pays for at most.
    pub caps: Caps,
    /// Regions that are always read.
    pub always_regions: Vec<Region>,
    /// Who runs it, for the session's name.
    pub operator: String,
    /// Whom the roles we render trust.
    pub trusted: Option<TrustedPrincipal>,
    /// Only this client.
    pub only: Option<ClientId>,
    /// What of it.
    pub wanted: Wanted,
}

/// What a run reads of what is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    #[default]
    Everything,
    /// These sources; a gate comes with what is read through it.
    Sources(BTreeSet<Source>),
    /// One job that is tried again, however short ago its source was read.
    Job(JobKey),
}

impl SyncOptions {
    /// 3,000 events, some 4 MB of records.
    pub const SLICE_PAGES: u32 = 60;

    /// The same as the run does it: a job that is tried again is not told that its source was read a moment ago.
    pub(super) fn settled(mut self) -> Self {
        if let Wanted::Job(key) = &self.wanted {
            self.only = Some(key.client.clone());
            (self.event_minutes, self.cost_hours) = (0, 0);
        }
        self
    }

    /// How far events are read, and how often.
    pub(super) fn reach(&self, depth: Depth) -> Reach<'_> {
        Reach {
            always: &self.always_regions,
            days: self.event_days,
            retention_days: self.event_retention_days,
            fresh_minutes: self.event_minutes,
            depth,
        }
    }
}
