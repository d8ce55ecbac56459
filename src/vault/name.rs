//! Logical names of records, and whose they are.

use super::VaultError;
use crate::domain::{ClientId, ConnectionId, Untrusted};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// Whose record it is: its key decides what can open it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// The vault's own: settings, networks, session state.
    Vault,
    /// One client's own: its profile, what is not read through one connection alone.
    Client(ClientId),
    /// What is read through one connection of a client; it has a key of its own, so that it can be shredded alone.
    Connection(ClientId, ConnectionId),
}

impl Scope {
    /// The client it belongs to.
    pub fn client(&self) -> Option<&ClientId> {
        match self {
            Self::Vault => None,
            Self::Client(client) | Self::Connection(client, _) => Some(client),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault => f.write_str("the vault"),
            Self::Client(id) => write!(f, "client {id}"),
            Self::Connection(client, id) => write!(f, "client {client}, connection {id}"),
        }
    }
}

/// A checked logical name: segments of letters, digits and `._:+=@-`, separated by `/`, 1 to 200 bytes in all, e.g.
/// `events/123456789012/2026-11-20`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// Checks the text.
    pub fn new(text: impl AsRef<str>) -> Result<Self, VaultError> {
        let text = text.as_ref();
        let good = |b: u8| b.is_ascii_alphanumeric() || b"._:+=@-".contains(&b);
        let ok = (1..=200).contains(&text.len()) && text.split('/').all(|s| !s.is_empty() && s.bytes().all(good));
        if ok { Ok(Self(text.into())) } else { Err(VaultError::Name { given: Untrusted::from(text).for_tui(80) }) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("events/123456789012/2026-11-20", true)]
    #[case("a", true)]
    #[case("", false)]
    #[case("/a", false)]
    #[case("a/", false)]
    #[case("a//b", false)]
    #[case("a b", false)]
    #[case("é", false)]
    #[case("a\u{1b}[2J", false)]
    fn names_follow_the_rules(#[case] text: &str, #[case] ok: bool) {
        assert_eq!(Name::new(text).is_ok(), ok);
        assert!(!Name::new("x".repeat(201)).unwrap_err().to_string().contains(&"x".repeat(100)));
    }
}
