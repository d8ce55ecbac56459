//! A decoded chunk and its rows, which borrow from its dictionaries.

use crate::domain::{AccessEvent, AccountId, EventId, KeyHint, Outcome, Principal, Region, Timestamp, Untrusted};

/// Who called, from where and with what: one entry of a chunk's dictionary of callers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// `sourceIPAddress`.
    pub source: Untrusted,
    /// `userAgent`.
    pub agent: Untrusted,
    /// The key it was signed with.
    pub key: Option<KeyHint>,
    /// Whether the session had a second factor, if told.
    pub mfa: Option<bool>,
}

/// What was called and how it ended: one entry of a chunk's dictionary of calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// `eventSource` without `.amazonaws.com`.
    pub service: Untrusted,
    /// `eventName`.
    pub name: Untrusted,
    /// Whether CloudTrail calls it read-only.
    pub read_only: bool,
    /// How it ended.
    pub outcome: Outcome,
}

/// One event of a chunk; copies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRow<'a> {
    /// The event's id.
    pub id: EventId,
    /// When.
    pub time: Timestamp,
    /// The account whose history it is from.
    pub account: AccountId,
    /// The region whose history it is from.
    pub region: &'a Region,
    /// Who.
    pub caller: &'a Caller,
    /// Its place in [`EventChunk::callers`]: test a dictionary entry once, not every row.
    pub caller_index: usize,
    /// What.
    pub call: &'a Call,
    /// Its place in [`EventChunk::calls`].
    pub call_index: usize,
    /// Allow-listed request facts.
    pub detail: &'a Untrusted,
}

impl EventRow<'_> {
    /// The event on its own; its texts are shared, not copied.
    pub fn to_event(&self) -> AccessEvent {
        let (caller, call) = (self.caller.clone(), self.call.clone());
        AccessEvent {
            id: self.id,
            time: self.time,
            account: self.account,
            region: self.region.clone(),
            service: call.service,
            name: call.name,
            read_only: call.read_only,
            principal: caller.principal,
            outcome: call.outcome,
            source: caller.source,
            agent: caller.agent,
            key: caller.key,
            mfa: caller.mfa,
            detail: self.detail.clone(),
        }
    }
}

/// A column of indices into a dictionary.
pub(super) struct Column {
    pub(super) bytes: Vec<u8>,
    pub(super) width: usize,
}

impl Column {
    pub(super) fn get(&self, row: usize) -> Option<usize> {
        let start = row.checked_mul(self.width)?;
        match *self.bytes.get(start..start + self.width)? {
            [] => Some(0),
            [a] => Some(usize::from(a)),
            [a, b] => Some(usize::from(u16::from_le_bytes([a, b]))),
            [a, b, c, d] => usize::try_from(u32::from_le_bytes([a, b, c, d])).ok(),
            _ => None,
        }
    }
}

/// The events of one chunk, sorted by time and id, each id once.
pub struct EventChunk {
    pub(super) ids: Vec<[u8; 16]>,
    pub(super) times: Vec<i64>,
    pub(super) places: Vec<(AccountId, Region)>,
    pub(super) callers: Vec<Caller>,
    pub(super) calls: Vec<Call>,
    pub(super) details: Vec<Untrusted>,
    pub(super) place: Column,
    pub(super) caller: Column,
    pub(super) call: Column,
    pub(super) detail: Column,
}

impl EventChunk {
    /// Number of events.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Every distinct caller, in order of first appearance.
    pub fn callers(&self) -> &[Caller] {
        &self.callers
    }

    /// Every distinct call, in order of first appearance.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The `i`-th event in order of time.
    pub fn row(&self, i: usize) -> Option<EventRow<'_>> {
        let (account, region) = self.places.get(self.place.get(i)?)?;
        let (caller_index, call_index) = (self.caller.get(i)?, self.call.get(i)?);
        Some(EventRow {
            id: EventId::from_bytes(*self.ids.get(i)?),
            time: Timestamp::from_second(*self.times.get(i)?),
            account: *account,
            region,
            caller: self.callers.get(caller_index)?,
            caller_index,
            call: self.calls.get(call_index)?,
            call_index,
            detail: self.details.get(self.detail.get(i)?)?,
        })
    }

    /// The `i`-th event on its own.
    pub fn event(&self, i: usize) -> Option<AccessEvent> {
        self.row(i).map(|row| row.to_event())
    }

    /// All events in order of time.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = EventRow<'_>> {
        (0..self.len()).filter_map(|i| self.row(i))
    }
}
