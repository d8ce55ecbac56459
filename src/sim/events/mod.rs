//! Simulated CloudTrail events, kept small and rendered to records on demand.

mod call;
mod identity;
mod record;

pub(crate) use call::session_opened;
pub use call::{Call, EventKind};
pub(crate) use identity::unique;
pub use identity::{Caller, Identity};

use crate::domain::{AccountId, Region, Timestamp};
use std::sync::Arc;

/// One event: what `LookupEvents` filters by, and enough to render the whole record.
///
/// Many events share one caller and one call: an event by itself is its id, its time and its place.
#[derive(Debug, Clone)]
pub struct SimEvent {
    /// A UUID, `eventID`.
    pub id: String,
    /// `eventTime`.
    pub time: Timestamp,
    /// `awsRegion`: whose history holds it.
    pub region: Region,
    /// `eventSource`, e.g. `iam.amazonaws.com`.
    pub source: Arc<str>,
    /// `eventName`.
    pub name: Arc<str>,
    /// `readOnly`.
    pub read_only: bool,
    /// `Username` of the lookup answer: the user's name or the session's name.
    pub username: Option<Arc<str>>,
    /// `AccessKeyId` of the lookup answer.
    pub access_key: Option<Arc<str>>,
    /// `Resources` of the lookup answer: (type, name).
    pub resources: Vec<(Arc<str>, Arc<str>)>,
    /// Who called, from where and with what.
    pub caller: Arc<Caller>,
    /// What was asked and what was answered.
    pub call: Arc<Call>,
}

impl SimEvent {
    /// An event of a caller and a call.
    pub fn new(
        id: String,
        time: Timestamp,
        region: Region,
        caller: Arc<Caller>,
        call: Arc<Call>,
        access_key: Option<Arc<str>>,
    ) -> Self {
        Self {
            id,
            time,
            region,
            source: call.source.clone(),
            name: call.name.clone(),
            read_only: call.read_only,
            username: caller.username.clone(),
            access_key,
            resources: call.touched.clone(),
            caller,
            call,
        }
    }

    /// Whether essential depth reads it: writes, and the read-only calls that open sessions.
    pub fn essential(&self) -> bool {
        !self.read_only || ESSENTIAL_READS.contains(&&*self.name)
    }

    /// The `CloudTrailEvent` text: one record as JSON, in AWS's shape. `account` is the account whose history holds it.
    pub fn record(&self, account: AccountId) -> String {
        record::render(self, account)
    }
}

/// The calls that CloudTrail marks as read-only and that are read nevertheless: they say who became whom.
pub const ESSENTIAL_READS: [&str; 4] =
    ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetSessionToken"];
