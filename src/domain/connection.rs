//! Connections: how the accounts of a client are reached, and what can be read there.

use super::{
    AccountId, ClientId, ConnectionId, GateResult, GateState, IdError, Partition, Probe, RoleArn, Timestamp, Untrusted,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a connection can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// The management (payer) account: accounts, costs of the whole organization, its own events.
    Payer,
    /// A member account: its own events only.
    Member,
    /// An account outside any organization: its own costs and events.
    Standalone,
    /// The operator's own account: costs and events, and its organization's accounts if it may list them.
    Own,
}

impl ConnectionKind {
    /// Whether costs are read through it.
    pub fn has_costs(self) -> bool {
        self != Self::Member
    }

    /// From its word.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        [Self::Payer, Self::Member, Self::Standalone, Self::Own].into_iter().find(|kind| kind.word() == text)
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Member => "member",
            Self::Standalone => "standalone",
            Self::Own => "own",
        }
    }
}

/// Which events are read; and of a check, which it needs: below that it counts as not evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// All changes, and the calls that open sessions.
    Essential,
    /// All management events, reads too.
    #[default]
    Full,
}

impl Depth {
    /// From its word.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        [Self::Essential, Self::Full].into_iter().find(|depth| depth.word() == text)
    }

    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Essential => "essential",
            Self::Full => "full",
        }
    }
}

/// The name of a profile in this machine's AWS configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

impl ProfileName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProfileName {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits =
            (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'[' && b != b']');
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(IdError::new(
            "profile",
            text,
            "a profile is named as in ~/.aws/config, in at most 128 printable characters",
        ))
    }
}

impl TryFrom<String> for ProfileName {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a long-lived access key. It names an identity, so it is shown only in part: serialised into a
/// human-readable format it is cut too, into a binary one (the vault) it is kept whole.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    /// The whole id, for the one request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `AKIA…7Q2M`.
    pub fn short(&self) -> String {
        let end = self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default();
        format!("{}…{end}", self.0.get(..4).unwrap_or_default())
    }
}

impl Serialize for AccessKeyId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.serialize_str(&self.short()) } else { s.serialize_str(&self.0) }
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for AccessKeyId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let shape =
            (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if shape && text.starts_with("AKIA") {
            return Ok(Self(text.to_owned()));
        }
        // What was given may be half of somebody's key: it is not echoed.
        let given = format!("of {} characters", text.chars().count());
        let expected = if text.starts_with("ASIA") {
            "ASIA… is a temporary key, which is over within hours: put it into a profile and use --profile"
        } else {
            "a long-lived access key begins with AKIA and has at least 16 capital letters and digits"
        };
        Err(IdError { what: "access key", given, expected })
    }
}

/// How a connection gets its credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// A role in the client's account, assumed with the client's ExternalId. What we recommend.
    Role {
        /// The role.
        role: RoleArn,
    },
    /// The same, put into a member account by the organization's stack set.
    StackSetRole {
        /// The role.
        role: RoleArn,
    },
    /// A profile of this machine's AWS configuration, IAM Identity Center (SSO) included.
    Profile {
        /// Its name.
        name: ProfileName,
        /// The account it leads into.
        account: AccountId,
        /// Where that is.
        partition: Partition,
    },
    /// A long-lived access key, sealed in the vault. The fallback: it does not expire, and its user's policy is all
    /// that limits it.
    AccessKey {
        /// Its id.
        id: AccessKeyId,
        /// The account it leads into.
        account: AccountId,
        /// Where that is.
        partition: Partition,
        /// Since when the vault keeps it. How old the key itself is, our three actions do not tell.
        kept_since: Timestamp,
    },
}

impl Access {
    /// The account it leads into.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Role { role } | Self::StackSetRole { role } => role.account(),
            Self::Profile { account, .. } | Self::AccessKey { account, .. } => *account,
        }
    }

    /// Where that account is.
    pub fn partition(&self) -> Partition {
        match self {
            Self::Role { role } | Self::StackSetRole { role } => role.partition(),
            Self::Profile { partition, .. } | Self::AccessKey { partition, .. } => *partition,
        }
    }

    /// The role, if it is one.
    pub fn role(&self) -> Option<&RoleArn> {
        match self {
            Self::Role { role } | Self::StackSetRole { role } => Some(role),
            Self::Profile { .. } | Self::AccessKey { .. } => None,
        }
    }

    /// Its kind, in words.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Role { .. } => "role",
            Self::StackSetRole { .. } => "stack set role",
            Self::Profile { .. } => "profile",
            Self::AccessKey { .. } => "access key",
        }
    }

    /// Safe to repeat at every use.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let Self::AccessKey { id, kept_since, .. } = self else { return None };
        let days = now.since(*kept_since) / 86_400;
        let age = match days {
            0 => "since today".to_owned(),
            1 => "for 1 day".to_owned(),
            days => format!("for {days} days"),
        };
        Some(format!(
            "the long-lived access key {} is kept here {age}: it does not expire by itself, and no session policy limits \
             it; a role with an ExternalId needs no stored secret",
            id.short()
        ))
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { role } | Self::StackSetRole { role } => write!(f, "{role}"),
            Self::Profile { name, .. } => write!(f, "profile {name}"),
            Self::AccessKey { id, .. } => write!(f, "access key {}", id.short()),
        }
    }
}

/// One way into one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Unique within the client.
    pub id: ConnectionId,
    /// Whose it is.
    pub client: ClientId,
    /// What it can read.
    pub kind: ConnectionKind,
    /// How it is reached.
    pub access: Access,
    /// When it was connected.
    pub linked_at: Timestamp,
    /// The operator's own name for the account.
    pub alias: Option<Untrusted>,
    /// Which of its events are read.
    pub depth: Depth,
    /// Whether it may be used, by the gate's last outcome.
    pub gate: GateState,
    /// What the gate tried, each with its own age.
    pub results: Vec<GateResult>,
}

impl Connection {
    /// The account it reads.
    pub fn account(&self) -> AccountId {
        self.access.account()
    }

    /// Where that account is.
    pub fn partition(&self) -> Partition {
        self.access.partition()
    }

    /// What it can read, unless that was never found out: a role in quarantine is not used, not even to ask.
    pub fn known_kind(&self) -> Option<ConnectionKind> {
        let asked = |result: &GateResult| matches!(result.probe, Probe::Accounts | Probe::Costs | Probe::Events);
        let shut_in = matches!(self.gate, GateState::Quarantined { .. } | GateState::Overridden { .. });
        (!shut_in || self.results.iter().any(asked)).then_some(self.kind)
    }

    /// Takes in what the gate found; what it did not try this time stays, with its age.
    pub fn take(&mut self, state: GateState, results: Vec<GateResult>) {
        self.gate = state;
        for result in results {
            match self.results.iter_mut().find(|known| known.probe == result.probe) {
                Some(known) => *known = result,
                None => self.results.push(result),
            }
        }
        self.results.sort_by_key(|result| result.probe);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_shows_its_ends_and_a_temporary_one_is_refused() {
        let id: AccessKeyId = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        assert_eq!((format!("{id:?}"), id.short()), ("AKIA…MPLE".into(), "AKIA…MPLE".into()));
        let temporary = "ASIAIOSFODNN7EXAMPLE".parse::<AccessKeyId>().unwrap_err().to_string();
        assert!(temporary.contains("--profile") && !temporary.contains("ASIAIOSF"), "{temporary}");
        assert!("akiaiosfodnn7example".parse::<AccessKeyId>().is_err());
    }

    #[test]
    fn the_warning_tells_how_long_the_key_is_kept() {
        let now = Timestamp::from_second(1_000_000_000);
        let access = Access::AccessKey {
            id: "AKIAIOSFODNN7EXAMPLE".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            partition: Partition::Aws,
            kept_since: now.plus(-41 * 86_400),
        };
        assert!(access.warning(now).unwrap().contains("kept here for 41 days"));
        let role = Access::Role { role: "arn:aws:iam::111122223333:role/x".parse().unwrap() };
        assert_eq!(role.warning(now), None);
    }

    #[test]
    fn profiles_are_named_as_in_the_configuration() {
        assert!("acme-admin.prod@2".parse::<ProfileName>().is_ok());
        for bad in ["", "a b", "x]y", "a\u{202e}", &"p".repeat(10_240)] {
            let error = bad.parse::<ProfileName>().unwrap_err().to_string();
            assert!(error.contains("128 printable") && error.len() < 400 && !error.contains('\u{202e}'), "{error}");
        }
    }
}
