//! One CloudTrail event, normalised and bounded: what is kept of it, and all that is kept.

use super::{AccountId, Region, Timestamp, Untrusted};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::HashSet, fmt};

/// CloudTrail's `eventID`, a UUID. Text that is no UUID is folded into one by its hash, so that de-duplication holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId([u8; 16]);

/// A set of them. They are as random as any hash, so the quick one does.
pub type EventIds = HashSet<EventId, foldhash::fast::RandomState>;

impl EventId {
    /// From the 16 bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From any text that names an event: the UUID it is, or one made of its hash.
    pub fn of(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| {
            let mut id = [0u8; 16];
            id.iter_mut().zip(Sha256::digest(text)).for_each(|(to, from)| *to = from);
            Self(id)
        })
    }

    /// From a UUID in its 36-character form, any case.
    pub fn parse(s: &str) -> Option<Self> {
        let mut out = [0u8; 16];
        let mut hex = s.bytes().filter(|b| *b != b'-');
        if s.len() != 36 {
            return None;
        }
        for byte in &mut out {
            let (hi, lo) = (hex.next()?, hex.next()?);
            *byte = (char::from(hi).to_digit(16)? as u8) << 4 | char::from(lo).to_digit(16)? as u8;
        }
        hex.next().is_none().then_some(Self(out))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self) } else { self.0.serialize(s) }
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            let text = String::deserialize(d)?;
            Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a UUID"))
        } else {
            <[u8; 16]>::deserialize(d).map(Self)
        }
    }
}

/// What sort of identity acted. CloudTrail's `userIdentity.type` is an open set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// The account's root user.
    Root,
    /// An IAM user.
    User,
    /// A role, through a session.
    Role,
    /// Another AWS account (seen on AssumeRole from outside).
    Account,
    /// An AWS service acting for itself.
    Service,
    /// A federated, SAML, web-identity or Identity Center user.
    Federated,
    /// None of these, or not told.
    Unknown,
}

impl PrincipalKind {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::User => "user",
            Self::Role => "role",
            Self::Account => "account",
            Self::Service => "service",
            Self::Federated => "federated",
            Self::Unknown => "unknown",
        }
    }
}

/// Who acted, in a form that stays the same over sessions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// What sort.
    pub kind: PrincipalKind,
    /// The stable name: the ARN of the user, role (not of its session) or root; `account:<id>` of another account;
    /// `service:<host>` of an AWS service.
    pub actor: Untrusted,
    /// The role session's name, where there is one.
    pub session: Option<Untrusted>,
    /// The account the identity belongs to.
    pub account: Option<AccountId>,
}

/// How the call ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "code", rename_all = "snake_case")]
pub enum Outcome {
    /// It succeeded.
    Ok,
    /// It was refused for lack of permission; the error code.
    Denied(Untrusted),
    /// It failed for another reason; the error code.
    Failed(Untrusted),
}

/// The end of an access key id (`7Q2M`), enough for a person to recognise it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyHint {
    /// `AKIA` long-lived or `ASIA` temporary, the first four characters.
    pub prefix: Untrusted,
    /// The last four characters.
    pub last4: Untrusted,
}

/// One event as it is kept. The payload is not: of the request only the allow-listed facts in `detail` remain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessEvent {
    /// For de-duplication and evidence.
    pub id: EventId,
    /// `eventTime`.
    pub time: Timestamp,
    /// The account whose history it is from.
    pub account: AccountId,
    /// The region whose history it is from.
    pub region: Region,
    /// `eventSource` without `.amazonaws.com`, e.g. `iam`.
    pub service: Untrusted,
    /// `eventName`, e.g. `AttachUserPolicy`.
    pub name: Untrusted,
    /// Whether CloudTrail calls it read-only.
    pub read_only: bool,
    /// Who.
    pub principal: Principal,
    /// How it ended.
    pub outcome: Outcome,
    /// `sourceIPAddress`: an address, or a service's name.
    pub source: Untrusted,
    /// `userAgent`, cut to 160 characters.
    pub agent: Untrusted,
    /// The key it was signed with.
    pub key: Option<KeyHint>,
    /// Whether the session was opened with a second factor; `None` if the record does not say.
    pub mfa: Option<bool>,
    /// Allow-listed request facts in words, e.g. `8 × g5.48xlarge`, at most 200 characters.
    pub detail: Untrusted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_round_trip_and_refuse_what_is_no_uuid() {
        let text = "10e1548f-893e-46f6-852a-25a9f8cf93e1";
        assert_eq!(EventId::parse(text).unwrap().to_string(), text);
        for bad in [
            "",
            "10e1548f893e46f6852a25a9f8cf93e1",
            "10e1548f-893e-46f6-852a-25a9f8cf93eg",
            "10e1548f-893e-46f6-852a-25a9f8cf93e1a",
        ] {
            assert!(EventId::parse(bad).is_none(), "{bad}");
        }
    }
}
