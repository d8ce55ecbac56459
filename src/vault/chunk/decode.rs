//! Unpacking events. Every index is checked here once, so that rows can be read without looking again.

use super::{
    ChunkError, FORMAT, MAGIC, RAW_LIMIT,
    row::{Call, Caller, Column, EventChunk},
    width,
};
use crate::domain::{AccountId, KeyHint, Outcome, Principal, PrincipalKind, Region, Untrusted};
use crate::vault::{packing::unpack, wire::Reader};

impl EventChunk {
    /// Unpacks what [`encode_events`](super::encode_events) packed. Hostile bytes give an error; memory stays within
    /// 64 MiB and what that can describe.
    pub fn decode(bytes: &[u8]) -> Result<Self, ChunkError> {
        let mut r = Reader::new(bytes);
        match (r.u8(), r.u8()) {
            (Some(MAGIC), Some(FORMAT)) => {}
            (Some(MAGIC), Some(newer)) if newer > FORMAT => return Err(ChunkError::NewerFormat(newer)),
            _ => return Err(ChunkError::Malformed("not a chunk")),
        }
        let length = r.u32().and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= RAW_LIMIT);
        let length = length.ok_or(ChunkError::Malformed("impossible length"))?;
        let packed = r.take(r.remaining()).unwrap_or_default();
        let raw = unpack(packed, length).map_err(|_| ChunkError::Malformed("cut short or altered"))?;
        if raw.len() != length {
            return Err(ChunkError::Malformed("wrong length"));
        }
        columns(&raw).ok_or(ChunkError::Malformed("inconsistent columns"))
    }
}

/// So many entries of a dictionary get room before they are read.
const BELIEVED: usize = 1024;

/// A count of things that take at least one byte each.
fn count(r: &mut Reader<'_>) -> Option<usize> {
    let n = r.size()?;
    (n <= r.remaining()).then_some(n)
}

fn many<'a, T>(r: &mut Reader<'a>, mut one: impl FnMut(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
    let n = count(r)?;
    // A vector that grows by itself ends up half empty; what is claimed is believed only so far.
    let mut all = Vec::with_capacity(n.min(BELIEVED));
    for _ in 0..n {
        all.push(one(r)?);
    }
    Some(all)
}

fn columns(raw: &[u8]) -> Option<EventChunk> {
    let mut r = Reader::new(raw);
    let lengths = many(&mut r, Reader::size)?;
    // One look at all of the text is cheaper than one at each.
    let total = lengths.iter().try_fold(0usize, |sum, length| sum.checked_add(*length))?;
    let mut text = std::str::from_utf8(r.take(total)?).ok()?;
    let mut strings: Vec<Untrusted> = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (string, rest) = text.split_at_checked(length)?;
        strings.push(string.into());
        text = rest;
    }
    let strings = Strings(strings);
    let places = many(&mut r, |r| place(r, &strings))?;
    let callers = many(&mut r, |r| caller(r, &strings))?;
    let calls = many(&mut r, |r| call(r, &strings))?;
    let details = many(&mut r, |r| strings.get(r))?;

    let rows = r.size()?;
    let ids_size = rows.checked_mul(16)?;
    (ids_size <= r.remaining()).then_some(())?;
    let mut time = r.i64()?;
    let mut times = Vec::with_capacity(rows);
    for _ in 0..rows {
        time = time.checked_add_unsigned(r.varint()?)?;
        times.push(time);
    }
    let place = column(&mut r, rows, places.len())?;
    let caller = column(&mut r, rows, callers.len())?;
    let call = column(&mut r, rows, calls.len())?;
    let detail = column(&mut r, rows, details.len())?;
    let ids = r.take(ids_size)?.as_chunks::<16>().0.to_vec();
    r.is_empty().then_some(EventChunk { ids, times, places, callers, calls, details, place, caller, call, detail })
}

fn column(r: &mut Reader<'_>, rows: usize, entries: usize) -> Option<Column> {
    let width = width(entries);
    let bytes = r.take(rows.checked_mul(width)?)?.to_vec();
    let column = Column { bytes, width };
    let largest = match width {
        0 => (rows > 0).then_some(0),
        1 => column.bytes.iter().max().map(|i| usize::from(*i)),
        _ => (0..rows).filter_map(|row| column.get(row)).max(),
    };
    largest.is_none_or(|i| i < entries).then_some(column)
}

struct Strings(Vec<Untrusted>);

impl Strings {
    fn get(&self, r: &mut Reader<'_>) -> Option<Untrusted> {
        self.0.get(r.size()?).cloned()
    }

    /// Outer `None`: malformed. Inner `None`: no text.
    fn optional(&self, r: &mut Reader<'_>) -> Option<Option<Untrusted>> {
        match r.size()?.checked_sub(1) {
            None => Some(None),
            Some(i) => self.0.get(i).cloned().map(Some),
        }
    }
}

fn place(r: &mut Reader<'_>, strings: &Strings) -> Option<(AccountId, Region)> {
    let account = AccountId::from_number(r.varint()?).ok()?;
    Some((account, strings.get(r)?.raw_for_matching().parse().ok()?))
}

fn caller(r: &mut Reader<'_>, strings: &Strings) -> Option<Caller> {
    let kind = match r.varint()? {
        0 => PrincipalKind::Unknown,
        1 => PrincipalKind::Root,
        2 => PrincipalKind::User,
        3 => PrincipalKind::Role,
        4 => PrincipalKind::Account,
        5 => PrincipalKind::Service,
        6 => PrincipalKind::Federated,
        _ => return None,
    };
    let (actor, session) = (strings.get(r)?, strings.optional(r)?);
    let account = match r.varint()?.checked_sub(1) {
        None => None,
        Some(number) => Some(AccountId::from_number(number).ok()?),
    };
    let (source, agent) = (strings.get(r)?, strings.get(r)?);
    let key = match (strings.optional(r)?, strings.optional(r)?) {
        (Some(prefix), Some(last4)) => Some(KeyHint { prefix, last4 }),
        (None, None) => None,
        _ => return None,
    };
    let mfa = match r.varint()? {
        0 => None,
        1 => Some(false),
        2 => Some(true),
        _ => return None,
    };
    Some(Caller { principal: Principal { kind, actor, session, account }, source, agent, key, mfa })
}

fn call(r: &mut Reader<'_>, strings: &Strings) -> Option<Call> {
    let (service, name) = (strings.get(r)?, strings.get(r)?);
    let read_only = match r.varint()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let outcome = match (r.varint()?, strings.optional(r)?) {
        (0, None) => Outcome::Ok,
        (1, Some(code)) => Outcome::Denied(code),
        (2, Some(code)) => Outcome::Failed(code),
        _ => return None,
    };
    Some(Call { service, name, read_only, outcome })
}
