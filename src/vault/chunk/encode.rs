//! Packing events.

use super::{ChunkError, FORMAT, MAGIC, PREFIX, RAW_LIMIT, width};
use crate::domain::{AccessEvent, Outcome, PrincipalKind, Untrusted};
use crate::vault::{
    packing::pack,
    wire::{put_size, put_varint},
};
use foldhash::fast::RandomState;
use std::{collections::HashMap, hash::Hash};

/// Numbers distinct values in order of first appearance.
struct Dictionary<K> {
    numbers: HashMap<K, usize, RandomState>,
    /// The entries as they are written.
    written: Vec<u8>,
}

impl<K: Eq + Hash> Dictionary<K> {
    fn new() -> Self {
        Self { numbers: HashMap::default(), written: Vec::new() }
    }

    /// The number of `key`; a new one is written by `put`.
    fn number(&mut self, key: K, put: impl FnOnce(&K, &mut Vec<u8>)) -> usize {
        let next = self.numbers.len();
        if let Some(known) = self.numbers.get(&key) {
            return *known;
        }
        put(&key, &mut self.written);
        self.numbers.insert(key, next);
        next
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_size(out, self.numbers.len());
        out.extend_from_slice(&self.written);
    }
}

/// Every distinct text once.
struct Strings<'a> {
    lengths: Dictionary<&'a str>,
    text: Vec<u8>,
}

impl<'a> Strings<'a> {
    fn number(&mut self, text: &'a Untrusted) -> usize {
        self.text(text.raw_for_matching())
    }

    fn text(&mut self, text: &'a str) -> usize {
        let all = &mut self.text;
        self.lengths.number(text, |text, out| {
            put_size(out, text.len());
            all.extend_from_slice(text.as_bytes());
        })
    }

    /// 0 for none.
    fn optional(&mut self, text: Option<&'a Untrusted>) -> usize {
        text.map_or(0, |t| self.number(t) + 1)
    }
}

/// Packs events: each id once (of several the first given is kept), sorted by time, then id. Events of several
/// accounts, regions or days are allowed and only pack worse. Fails beyond 64 MiB of unpacked columns.
pub fn encode_events(events: &[AccessEvent]) -> Result<Vec<u8>, ChunkError> {
    let mut order: Vec<&AccessEvent> = events.iter().collect();
    order.sort_by_key(|e| e.id);
    order.dedup_by_key(|e| e.id);
    order.sort_by_key(|e| (e.time, e.id));

    let mut strings = Strings { lengths: Dictionary::new(), text: Vec::new() };
    let (mut places, mut callers, mut calls, mut details) =
        (Dictionary::new(), Dictionary::new(), Dictionary::new(), Dictionary::new());
    let mut rows = Vec::with_capacity(order.len());
    for event in &order {
        let place = [event.account.number(), strings.text(event.region.as_str()) as u64];
        let place = places.number(place, put_all);
        let caller = callers.number(caller_fields(event, &mut strings), put_all);
        let call = calls.number(call_fields(event, &mut strings), put_all);
        let detail = details.number([strings.number(&event.detail) as u64], put_all);
        rows.push([place, caller, call, detail]);
    }

    let mut raw = Vec::new();
    strings.lengths.put(&mut raw);
    raw.extend_from_slice(&strings.text);
    places.put(&mut raw);
    callers.put(&mut raw);
    calls.put(&mut raw);
    details.put(&mut raw);
    put_size(&mut raw, order.len());
    let first = order.first().map_or(0, |e| e.time.second());
    raw.extend_from_slice(&first.to_le_bytes());
    let mut before = first;
    for event in &order {
        put_varint(&mut raw, event.time.second().saturating_sub(before).unsigned_abs());
        before = event.time.second();
    }
    let sizes = [places.numbers.len(), callers.numbers.len(), calls.numbers.len(), details.numbers.len()];
    for (column, size) in sizes.into_iter().enumerate() {
        let width = width(size);
        for index in rows.iter().filter_map(|row| row.get(column)) {
            raw.extend((*index as u32).to_le_bytes().into_iter().take(width));
        }
    }
    for event in &order {
        raw.extend_from_slice(event.id.bytes());
    }
    if raw.len() > RAW_LIMIT {
        return Err(ChunkError::TooLarge);
    }

    let packed = pack(&raw).map_err(|e| ChunkError::Compressor(e.to_string()))?;
    let mut out = Vec::with_capacity(PREFIX + packed.len());
    out.extend_from_slice(&[MAGIC, FORMAT]);
    out.extend_from_slice(&(raw.len() as u32).to_le_bytes());
    out.extend_from_slice(&packed);
    Ok(out)
}

fn put_all<const N: usize>(fields: &[u64; N], out: &mut Vec<u8>) {
    for field in fields {
        put_varint(out, *field);
    }
}

/// Kind, actor, session, account, source, agent, key prefix, key end, second factor.
fn caller_fields<'a>(event: &'a AccessEvent, strings: &mut Strings<'a>) -> [u64; 9] {
    let principal = &event.principal;
    [
        kind_number(principal.kind),
        strings.number(&principal.actor) as u64,
        strings.optional(principal.session.as_ref()) as u64,
        principal.account.map_or(0, |a| a.number() + 1),
        strings.number(&event.source) as u64,
        strings.number(&event.agent) as u64,
        strings.optional(event.key.as_ref().map(|k| &k.prefix)) as u64,
        strings.optional(event.key.as_ref().map(|k| &k.last4)) as u64,
        event.mfa.map_or(0, |mfa| 1 + u64::from(mfa)),
    ]
}

/// Service, name, read-only, outcome, error code.
fn call_fields<'a>(event: &'a AccessEvent, strings: &mut Strings<'a>) -> [u64; 5] {
    let (outcome, code) = match &event.outcome {
        Outcome::Ok => (0, None),
        Outcome::Denied(code) => (1, Some(code)),
        Outcome::Failed(code) => (2, Some(code)),
    };
    [
        strings.number(&event.service) as u64,
        strings.number(&event.name) as u64,
        u64::from(event.read_only),
        outcome,
        strings.optional(code) as u64,
    ]
}

/// The number is part of the format.
fn kind_number(kind: PrincipalKind) -> u64 {
    match kind {
        PrincipalKind::Unknown => 0,
        PrincipalKind::Root => 1,
        PrincipalKind::User => 2,
        PrincipalKind::Role => 3,
        PrincipalKind::Account => 4,
        PrincipalKind::Service => 5,
        PrincipalKind::Federated => 6,
    }
}
