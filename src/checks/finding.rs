//! From what the checks say to the findings that are kept.

use crate::domain::{EventId, Evidence, Finding, FindingId, FindingKey, FindingState, Severity, Timestamp, Untrusted};
use std::collections::{BTreeMap, BTreeSet};

/// What one evaluation says about one (check, client, account, subject).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Identity.
    pub key: FindingKey,
    /// How bad.
    pub severity: Severity,
    /// One line.
    pub title: Untrusted,
    /// The newest case in words.
    pub what: Untrusted,
    /// First time its cause was seen.
    pub first_seen: Timestamp,
    /// Last time its cause was seen.
    pub last_seen: Timestamp,
    /// How many times.
    pub count: u32,
    /// The newest pieces of evidence, oldest first, at most [`Finding::EVIDENCE_LIMIT`].
    pub evidence: Vec<Evidence>,
    /// Every event it rests on, in the order of time; complete.
    pub event_ids: Vec<EventId>,
    /// Checks that said something worse of an event before this one was known: (check, event).
    pub supersedes: Vec<(String, EventId)>,
}

impl Hit {
    /// One piece of evidence more. `what` and `title` are those of the newest.
    pub(super) fn add(&mut self, piece: Evidence, title: &str, what: &str) {
        if piece.time >= self.last_seen {
            self.title = title.into();
            self.what = what.into();
        }
        self.first_seen = self.first_seen.min(piece.time);
        self.last_seen = self.last_seen.max(piece.time);
        self.count = self.count.saturating_add(1);
        self.event_ids.extend(piece.event);
        self.evidence.push(piece);
        keep_newest(&mut self.evidence);
    }

    /// Takes an event back of which something better is known. Says whether anything is left.
    pub(super) fn take_back(&mut self, event: EventId) -> bool {
        let all_shown = self.evidence.len() == self.event_ids.len();
        let before = self.event_ids.len();
        self.event_ids.retain(|id| *id != event);
        self.evidence.retain(|piece| piece.event != Some(event));
        let taken = u32::try_from(before - self.event_ids.len()).unwrap_or(u32::MAX);
        self.count = self.count.saturating_sub(taken);
        if let ([first, ..], [.., last], true) = (&*self.evidence, &*self.evidence, all_shown) {
            (self.first_seen, self.last_seen) = (first.time, last.time);
        }
        taken == 0 || self.count > 0
    }
}

fn keep_newest(evidence: &mut Vec<Evidence>) {
    evidence.sort_by_key(|e| (e.time, e.event));
    let surplus = evidence.len().saturating_sub(Finding::EVIDENCE_LIMIT);
    evidence.drain(..surplus);
}

/// Merges hits into the findings held. The same cause again raises the count and the last time of the finding it
/// belongs to; an event that is already evidence changes nothing; new evidence reopens what was resolved.
pub fn merge(findings: &mut BTreeMap<FindingId, Finding>, hits: Vec<Hit>) {
    for hit in hits {
        for (check, event) in &hit.supersedes {
            supersede(findings, &hit.key, check, *event);
        }
        match findings.get_mut(&hit.key.id()) {
            Some(finding) => renew(finding, hit),
            None => {
                findings.insert(hit.key.id(), opened(hit));
            }
        }
    }
}

fn opened(hit: Hit) -> Finding {
    Finding {
        key: hit.key,
        severity: hit.severity,
        title: hit.title,
        what: hit.what,
        state: FindingState::Open,
        first_seen: hit.first_seen,
        last_seen: hit.last_seen,
        count: hit.count,
        evidence: hit.evidence,
    }
}

/// What is not an event (a day of cost, a connection) is known by its time.
fn same(a: &Evidence, b: &Evidence) -> bool {
    match (a.event, b.event) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.time == b.time,
        _ => false,
    }
}

fn renew(finding: &mut Finding, hit: Hit) {
    let known = hit.evidence.iter().filter(|e| finding.evidence.iter().any(|held| same(held, e))).count();
    // A hit on events brings only what was not told before; one on days or connections tells all of them each time.
    let told = if hit.event_ids.is_empty() { hit.evidence.len() } else { hit.count as usize };
    let fresh = u32::try_from(told.saturating_sub(known)).unwrap_or(u32::MAX);
    for piece in hit.evidence {
        match finding.evidence.iter_mut().find(|held| same(held, &piece)) {
            Some(held) => *held = piece,
            None => finding.evidence.push(piece),
        }
    }
    keep_newest(&mut finding.evidence);
    finding.first_seen = finding.first_seen.min(hit.first_seen);
    if hit.last_seen >= finding.last_seen {
        finding.last_seen = hit.last_seen;
        finding.title = hit.title;
        finding.what = hit.what;
    }
    finding.severity = hit.severity;
    finding.count = finding.count.saturating_add(fresh);
    if fresh > 0 && finding.state == FindingState::Resolved {
        finding.state = FindingState::Open;
    }
}

/// A finding all of whose evidence is now told by a better one is resolved.
fn supersede(findings: &mut BTreeMap<FindingId, Finding>, by: &FindingKey, check: &str, event: EventId) {
    let same_place = findings
        .values_mut()
        .filter(|f| f.key.check == check && f.key.client == by.client && f.key.account == by.account);
    for finding in same_place {
        let told: BTreeSet<EventId> = finding.evidence.iter().filter_map(|e| e.event).collect();
        if told.contains(&event) {
            if told.len() == 1 && finding.count <= 1 {
                finding.state = FindingState::Resolved;
            } else {
                finding.evidence.retain(|e| e.event != Some(event));
                finding.count = finding.count.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(n: u8, second: i64) -> Evidence {
        Evidence {
            event: Some(EventId::from_bytes([n; 16])),
            time: Timestamp::from_second(second),
            region: None,
            actor: None,
            summary: "x".into(),
            source: None,
        }
    }

    fn hit(check: &str, ids: &[u8]) -> Hit {
        let key = FindingKey {
            check: check.into(),
            client: "acme".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            subject: "s".into(),
        };
        let pieces: Vec<Evidence> = ids.iter().map(|n| piece(*n, i64::from(*n) * 10)).collect();
        Hit {
            key,
            severity: Severity::High,
            title: "t".into(),
            what: format!("{ids:?}").into(),
            first_seen: pieces.first().unwrap().time,
            last_seen: pieces.last().unwrap().time,
            count: u32::try_from(ids.len()).unwrap(),
            event_ids: pieces.iter().filter_map(|p| p.event).collect(),
            evidence: pieces,
            supersedes: Vec::new(),
        }
    }

    #[test]
    fn an_event_that_is_taken_back_leaves_the_others_and_the_last_leaves_nothing() {
        let mut of_three = hit("A", &[1, 2, 3]);
        assert!(of_three.take_back(EventId::from_bytes([9; 16])) && of_three == hit("A", &[1, 2, 3]));
        assert!(of_three.take_back(EventId::from_bytes([1; 16])));
        let left = hit("A", &[2, 3]);
        assert_eq!((of_three.first_seen, of_three.count), (left.first_seen, 2));
        assert_eq!((of_three.evidence, of_three.event_ids), (left.evidence, left.event_ids));
        assert!(!hit("A", &[4]).take_back(EventId::from_bytes([4; 16])));
    }

    #[test]
    fn the_same_event_again_changes_nothing_and_new_evidence_reopens() {
        let mut findings = BTreeMap::new();
        merge(&mut findings, vec![hit("A", &[1, 2])]);
        let before = findings.clone();
        merge(&mut findings, vec![hit("A", &[1, 2])]);
        assert_eq!(findings, before);
        let id = hit("A", &[1]).key.id();
        findings.get_mut(&id).unwrap().state = FindingState::Resolved;
        merge(&mut findings, vec![hit("A", &[2])]);
        assert_eq!((findings[&id].state, findings[&id].count), (FindingState::Resolved, 2));
        merge(&mut findings, vec![hit("A", &[2, 3])]);
        assert_eq!((findings[&id].state, findings[&id].count), (FindingState::Open, 3));
        assert_eq!((findings[&id].first_seen.second(), findings[&id].last_seen.second()), (10, 30));
    }

    #[test]
    fn days_told_each_time_are_counted_once() {
        let mut daily = hit("COST", &(1..=30).collect::<Vec<_>>());
        daily.event_ids.clear();
        daily.evidence.iter_mut().for_each(|e| e.event = None);
        keep_newest(&mut daily.evidence);
        let mut findings = BTreeMap::new();
        merge(&mut findings, vec![daily.clone()]);
        findings.values_mut().for_each(|f| f.state = FindingState::Resolved);
        merge(&mut findings, vec![daily]);
        let finding = findings.values().next().unwrap();
        assert_eq!((finding.count, finding.state), (30, FindingState::Resolved));
    }

    #[test]
    fn evidence_keeps_the_newest_twenty() {
        let mut findings = BTreeMap::new();
        merge(&mut findings, vec![hit("A", &(1..=15).collect::<Vec<_>>()), hit("A", &(16..=40).collect::<Vec<_>>())]);
        let finding = findings.values().next().unwrap();
        assert_eq!((finding.count, finding.evidence.len()), (40, 20));
        assert_eq!(finding.evidence[0].time.second(), 210);
    }

    #[test]
    fn a_better_finding_resolves_what_it_replaces() {
        let mut findings = BTreeMap::new();
        merge(&mut findings, vec![hit("WORSE", &[1])]);
        let mut better = hit("BETTER", &[1, 2]);
        better.supersedes = vec![("WORSE".into(), EventId::from_bytes([1; 16]))];
        merge(&mut findings, vec![better]);
        assert_eq!(findings[&hit("WORSE", &[1]).key.id()].state, FindingState::Resolved);
        assert_eq!(findings[&hit("BETTER", &[1]).key.id()].state, FindingState::Open);
    }
}
