//! Checking the log from its first entry to its end.

use super::chain::{CHUNKS, ChainKey, Chunk, Head, Mac, SCHEMA, START, chunk_number};
use crate::vault::{DamageKind, Name, Scope, Vault, VaultError, manifest::AUDIT_HEAD};
use std::{cmp::Reverse, fmt, sync::PoisonError};

/// What checking the log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditVerified {
    /// Entries that are there.
    pub entries: u64,
    /// What is wrong, in the order of the first entries, the widest first; empty if all is well.
    pub faults: Vec<AuditFault>,
}

impl AuditVerified {
    /// Whether the log is whole.
    pub fn is_ok(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, from: u64, to: u64, wrong: AuditWrong) {
        self.faults.push(AuditFault { from, to, wrong });
    }
}

/// Entries that do not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditFault {
    /// The first of them.
    pub from: u64,
    /// The last of them.
    pub to: u64,
    /// What is wrong with them.
    pub wrong: AuditWrong,
}

/// In which way entries do not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditWrong {
    /// They are not what was written.
    Changed,
    /// They are missing from the middle.
    Removed,
    /// They are not in the order in which they were written.
    Reordered,
    /// They are missing from the end.
    Truncated,
    /// The manifest does not know of them.
    Unknown,
    /// The end of the chain is missing from the manifest, or is not what was written there.
    HeadMissing,
    /// The key of the chain is missing or damaged, so nothing can be checked.
    NoKey,
    /// An earlier chain lost its end or its key, so nothing vouches for it any more; a new one began after it.
    BegunAnew,
    /// Their stored bytes are damaged, so they cannot be checked.
    Damaged(DamageKind),
}

impl fmt::Display for AuditWrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("changed after it was written"),
            Self::Removed => f.write_str("removed"),
            Self::Reordered => f.write_str("not in the order it was written in"),
            Self::Truncated => f.write_str("cut off the end of the log"),
            Self::Unknown => f.write_str("added without the end of the log being moved"),
            Self::HeadMissing => f.write_str("the end of the log is not where it was noted, so it may be cut short"),
            Self::NoKey => f.write_str("the log's key is missing or damaged, so it cannot be checked"),
            Self::BegunAnew => f.write_str("the log lost its end or its key here and was begun anew"),
            Self::Damaged(kind) => write!(f, "cannot be checked: {kind}"),
        }
    }
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "entry {}: {}", self.from, self.wrong)
        } else {
            write!(f, "entries {} to {}: {}", self.from, self.to, self.wrong)
        }
    }
}

/// A walk along the chain.
struct Walk<'k> {
    key: &'k ChainKey,
    /// The next entry's number.
    next: u64,
    /// The MAC of the entry before it; `None` where that cannot be known.
    before: Option<Mac>,
    report: AuditVerified,
}

impl Vault {
    /// Checks every entry and the end of the log. Commits wait. Only the failing of the directory or the store itself
    /// is an error; everything else is in the report.
    pub fn audit_verify(&self) -> Result<AuditVerified, VaultError> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let names = self.list(&Scope::Vault, CHUNKS)?;
        let sealed = self.state().manifest.extra(AUDIT_HEAD).map(<[u8]>::to_vec);
        let key = match self.chain_key() {
            Ok(key) => key,
            Err(VaultError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        let Some(key) = key else {
            let mut report = AuditVerified::default();
            let newest = names.iter().filter_map(chunk_number).max();
            if newest.is_some() || sealed.is_some() {
                report.fault(1, newest.unwrap_or(1), AuditWrong::NoKey);
            } else if !self.clients().is_empty() {
                // A client is never added without an entry.
                report.fault(1, 1, AuditWrong::HeadMissing);
            }
            return Ok(report);
        };
        let head = sealed.as_deref().and_then(|sealed| key.open_head(sealed));
        let mut walk = Walk { key: &key, next: 1, before: Some(START), report: AuditVerified::default() };
        let since = head.as_ref().map_or(1, |head| head.since);
        if since > 1 {
            walk.report.fault(1, since - 1, AuditWrong::BegunAnew);
        }
        for (at, name) in names.iter().enumerate() {
            let after = names.get(at + 1).and_then(chunk_number);
            let end = after.map(|first| first.saturating_sub(1)).or(head.as_ref().map(|head| head.count));
            self.walk_chunk(&mut walk, name, end, since)?;
        }
        walk.end(head.as_ref());
        let mut report = walk.report;
        report.faults.sort_by_key(|fault| (fault.from, Reverse(fault.to)));
        Ok(report)
    }

    fn walk_chunk(&self, walk: &mut Walk<'_>, name: &Name, end: Option<u64>, since: u64) -> Result<(), VaultError> {
        let Some(first) = chunk_number(name) else {
            walk.report.fault(walk.next, walk.next, AuditWrong::Unknown);
            return Ok(());
        };
        if first == since && since > 1 {
            // The entries before it are reported already.
            (walk.next, walk.before) = (first, Some(START));
        }
        if first > walk.next {
            walk.report.fault(walk.next, first - 1, AuditWrong::Removed);
            (walk.next, walk.before) = (first, None);
        }
        let wrong = match self.get_record::<Chunk>(&Scope::Vault, name, SCHEMA) {
            Ok(Some(chunk)) if first < walk.next => {
                let last = chunk.end().map_or(first, |(number, _)| number);
                walk.report.fault(first, last.max(first), AuditWrong::Reordered);
                return Ok(());
            }
            Ok(Some(chunk)) => {
                walk.chunk(&chunk);
                return Ok(());
            }
            Ok(None) => AuditWrong::Removed,
            Err(VaultError::Damaged(damage)) => AuditWrong::Damaged(damage.kind),
            Err(VaultError::Codec { .. } | VaultError::Schema { .. }) => AuditWrong::Changed,
            Err(error) => return Err(error),
        };
        let last = end.unwrap_or(first).max(first);
        walk.report.fault(first, last, wrong);
        (walk.next, walk.before) = (last + 1, None);
        Ok(())
    }
}

impl Walk<'_> {
    fn chunk(&mut self, chunk: &Chunk) {
        if self.before.is_some_and(|before| before != chunk.before) {
            self.report.fault(self.next, self.next, AuditWrong::Changed);
        }
        let numbers: Vec<u64> = chunk.links.iter().map(|link| link.entry.number).collect();
        let mut before = chunk.before;
        // One fault for a chunk: behind a hole or a swap the rest of it does not fit either.
        let mut told = false;
        for (number, link) in (self.next..).zip(&chunk.links) {
            self.report.entries += 1;
            let fits = self.key.mac(&before, &link.entry).is_ok_and(|mac| mac == link.mac);
            before = link.mac;
            if told || (fits && link.entry.number == number) {
                continue;
            }
            told = true;
            if link.entry.number == number {
                self.report.fault(number, number, AuditWrong::Changed);
            } else if !numbers.contains(&number) && link.entry.number > number && numbers.is_sorted() {
                self.report.fault(number, link.entry.number - 1, AuditWrong::Removed);
            } else {
                self.report.fault(number, number, AuditWrong::Reordered);
            }
        }
        let last = numbers.iter().max().copied().unwrap_or(0);
        (self.next, self.before) = (self.next.max(last.saturating_add(1)), Some(before));
    }

    fn end(&mut self, head: Option<&Head>) {
        let last = self.next - 1;
        match head {
            None => self.report.fault(last.max(1), last.max(1), AuditWrong::HeadMissing),
            Some(head) if head.count > last => self.report.fault(last + 1, head.count, AuditWrong::Truncated),
            Some(head) if head.count < last => self.report.fault(head.count + 1, last, AuditWrong::Unknown),
            Some(head) if self.before.is_some_and(|before| before != head.mac) => {
                self.report.fault(last, last, AuditWrong::Changed);
            }
            Some(_) => {}
        }
    }
}
