//! Findings: what is wrong, where, since when, and what to do.

use super::{AccountId, ClientId, EventId, Region, Timestamp, Untrusted};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// How bad it is; ordered so that the worst sorts last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look when there is time.
    Low,
    /// Look this week.
    Medium,
    /// Look today.
    High,
    /// Look now.
    Critical,
}

impl Severity {
    /// All, worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// In lower case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl FromStr for Severity {
    type Err = super::IdError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|v| v.word() == s)
            .ok_or_else(|| super::IdError::new("severity", s, "one of critical, high, medium, low, info"))
    }
}

/// Number of findings by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityCounts {
    /// Critical.
    pub critical: u32,
    /// High.
    pub high: u32,
    /// Medium.
    pub medium: u32,
    /// Low.
    pub low: u32,
    /// Info.
    pub info: u32,
}

impl SeverityCounts {
    /// Counts one more.
    pub fn add(&mut self, severity: Severity) {
        let slot = match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
        };
        *slot += 1;
    }

    /// The count of one severity.
    pub fn get(&self, severity: Severity) -> u32 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => self.info,
        }
    }

    /// All together.
    pub fn total(&self) -> u32 {
        Severity::ALL.iter().map(|s| self.get(*s)).sum()
    }
}

/// What makes a finding the same finding: its cause and its subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingKey {
    /// The check, e.g. `CT-ROOT-004`.
    pub check: String,
    /// The client.
    pub client: ClientId,
    /// The account.
    pub account: AccountId,
    /// What it is about within the account: an actor, a role ARN, a trail, a service, a region.
    pub subject: Untrusted,
}

impl FindingKey {
    /// The stable id: the first 8 bytes of SHA-256 over the length-prefixed parts.
    pub fn id(&self) -> FindingId {
        let mut hash = Sha256::new();
        for part in [&self.check, self.client.as_str(), &self.account.to_string(), self.subject.raw_for_matching()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut id = [0u8; 8];
        id.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        FindingId(u64::from_be_bytes(id))
    }
}

/// A finding's stable id, 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(u64);

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for FindingId {
    type Err = super::IdError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        (s.len() == 16).then(|| u64::from_str_radix(s, 16).ok()).flatten().map(Self).ok_or_else(|| {
            super::IdError::new("finding id", s, "16 hexadecimal digits, as `bailiwick findings` prints them")
        })
    }
}

impl Serialize for FindingId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FindingId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// Nobody has taken it up.
    #[default]
    Open,
    /// Somebody knows.
    Acknowledged,
    /// Its cause is gone.
    Resolved,
}

/// One piece of evidence: a bounded summary, never the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The CloudTrail event, where it is one.
    pub event: Option<EventId>,
    /// When.
    pub time: Timestamp,
    /// Where.
    pub region: Option<Region>,
    /// Who.
    pub actor: Option<Untrusted>,
    /// What, in one line: `iam AttachUserPolicy denied · AdministratorAccess`.
    pub summary: Untrusted,
    /// From where.
    pub source: Option<Untrusted>,
}

/// A finding as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Identity.
    pub key: FindingKey,
    /// How bad.
    pub severity: Severity,
    /// One line, e.g. `Root sign-in with no second factor`.
    pub title: Untrusted,
    /// This case in words: numbers, names, times.
    pub what: Untrusted,
    /// State.
    pub state: FindingState,
    /// First and last time its cause was seen.
    pub first_seen: Timestamp,
    /// Last time its cause was seen.
    pub last_seen: Timestamp,
    /// How many times it was seen.
    pub count: u32,
    /// At most [`Finding::EVIDENCE_LIMIT`] pieces, the newest kept.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// How many pieces of evidence one finding keeps.
    pub const EVIDENCE_LIMIT: usize = 20;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(check: &str, subject: &str) -> FindingKey {
        FindingKey {
            check: check.into(),
            client: "acme".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
            subject: subject.into(),
        }
    }

    #[test]
    fn the_id_is_stable_over_releases_and_parts_do_not_run_together() {
        assert_eq!(key("CT-ROOT-004", "root").id().to_string(), "120f7ea3e1feaf07");
        assert_ne!(key("AB", "C").id(), key("A", "BC").id());
        let id = key("CT-ROOT-004", "root").id();
        assert_eq!(id.to_string().parse::<FindingId>().unwrap(), id);
    }

    #[test]
    fn severities_sort_with_the_worst_last() {
        assert!(Severity::Critical > Severity::High && Severity::Low > Severity::Info);
        assert_eq!("high".parse::<Severity>().unwrap(), Severity::High);
        assert!("HIGH".parse::<Severity>().unwrap_err().to_string().contains("one of critical"));
    }
}
