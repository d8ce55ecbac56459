//! Newtypes for the identifiers that must never be mixed up.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};

/// Why a text is not the identifier it should be. The message is a plain sentence with the expected shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {given} is not valid: {expected}")]
pub struct IdError {
    /// What was being parsed, e.g. "account id".
    pub what: &'static str,
    /// What was given, quoted, cut short and made safe to print.
    pub given: String,
    /// The shape that was expected, in words.
    pub expected: &'static str,
}

impl IdError {
    /// Builds the error; `given` is quoted, made printable and cut to 60 columns here.
    pub fn new(what: &'static str, given: &str, expected: &'static str) -> Self {
        let safe = super::Untrusted::new(given).for_tui(60);
        Self { what, given: format!("\"{safe}\""), expected }
    }
}

/// A 12-digit AWS account id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

impl AccountId {
    /// The id that AWS gives nobody, for what leads into no account.
    pub const ZERO: Self = Self(0);

    /// The id as a number below 10^12.
    pub fn number(self) -> u64 {
        self.0
    }

    /// From a number below 10^12.
    pub fn from_number(n: u64) -> Result<Self, IdError> {
        if n < 1_000_000_000_000 { Ok(Self(n)) } else { Err(Self::error(&n.to_string())) }
    }

    /// First and last four digits, `4471…9921`, for narrow columns.
    pub fn short(self) -> String {
        let text = self.to_string();
        format!("{}…{}", text.get(..4).unwrap_or(""), text.get(8..).unwrap_or(""))
    }

    fn error(given: &str) -> IdError {
        IdError::new("account id", given, "an AWS account id has exactly 12 digits")
    }
}

impl FromStr for AccountId {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        if s.len() == 12 && s.bytes().all(|b| b.is_ascii_digit()) {
            s.parse().map(Self).map_err(|_| Self::error(s))
        } else {
            Err(Self::error(s))
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for AccountId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self) } else { s.serialize_u64(self.0) }
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
        } else {
            Self::from_number(u64::deserialize(d)?).map_err(serde::de::Error::custom)
        }
    }
}

/// Declares a checked, cheaply cloned text identifier.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(s: &str) -> Result<Self, IdError> {
                let check: fn(&str) -> bool = $check;
                if check(s) { Ok(Self(s.into())) } else { Err(IdError::new($what, s, $expected)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

fn is_slug(s: &str) -> bool {
    (1..=40).contains(&s.len())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !s.starts_with('-')
        && !s.ends_with('-')
}

/// `us-east-1`, `us-gov-west-1`, `ap-southeast-2`: lower-case words joined by `-`, the last a number.
fn is_region(s: &str) -> bool {
    let parts: Vec<&str> = s.split('-').collect();
    s.len() <= 25
        && parts.len() >= 3
        && parts.last().is_some_and(|p| p.len() <= 2 && p.bytes().all(|b| b.is_ascii_digit()) && !p.is_empty())
        && parts.iter().rev().skip(1).all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase()))
}

text_id!(
    /// The operator's own short name of a client: 1–40 lower-case letters, digits and inner `-`.
    ClientId,
    "client id",
    "use 1 to 40 lower-case letters, digits and inner hyphens, e.g. acme-retail",
    is_slug
);

text_id!(
    /// Names one connection inside its client: an account id, or a word of the operator's.
    ConnectionId,
    "connection id",
    "use 1 to 40 lower-case letters, digits and inner hyphens",
    is_slug
);

text_id!(
    /// An AWS Region code such as `eu-west-1`.
    Region,
    "region",
    "a region looks like eu-west-1",
    is_region
);

impl ClientId {
    /// A client id that is written in this program.
    pub(crate) fn known(name: &'static str) -> Self {
        Self(name.into())
    }
}

impl Region {
    /// A region whose name is written in this program.
    pub(crate) fn known(name: &'static str) -> Self {
        Self(name.into())
    }
}

/// The ExternalId of a client: 2–1224 characters of `[\w+=,.@:/-]` (STS `AssumeRole`). Not a secret to AWS, yet shown
/// only on request, so it has no `Display` and its `Debug` is masked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalId(Arc<str>);

impl ExternalId {
    /// The text for the one request that needs it, or for an explicit reveal.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExternalId {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        let ok =
            (2..=1224).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b));
        if ok {
            Ok(Self(s.into()))
        } else {
            // What was given may be somebody's real ExternalId with one wrong character: it is not echoed.
            Err(IdError {
                what: "ExternalId",
                given: format!("of {} characters", s.chars().count()),
                expected: "it has 2 to 1224 letters, digits and _+=,.@:/-",
            })
        }
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_keep_leading_zeros_and_refuse_everything_else() {
        let id: AccountId = "000123456789".parse().unwrap();
        assert_eq!(id.to_string(), "000123456789");
        assert_eq!(id.short(), "0001…6789");
        for bad in ["", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２", "+12345678901"]
        {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_of_every_partition_parse_and_labels_do_not() {
        for good in
            ["us-east-1", "us-gov-west-1", "cn-northwest-1", "ap-southeast-2", "eusc-de-east-1", "us-isob-east-1"]
        {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in ["global", "NoRegion", "us-east-", "us-east-1a", "US-EAST-1", "us-east-1\u{202e}", "-east-1"] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_external_id_never_prints() {
        let id: ExternalId = "c0ffee-secret".parse().unwrap();
        assert!(!format!("{id:?}").contains("c0ffee"));
        let bad = "has space".parse::<ExternalId>().unwrap_err();
        assert!(!bad.to_string().contains("has space"));
    }

    #[test]
    fn hostile_text_in_an_id_error_is_made_safe() {
        let e = "abc\u{1b}[31m\u{202e}".parse::<ClientId>().unwrap_err();
        assert!(!e.to_string().contains('\u{1b}') && !e.to_string().contains('\u{202e}'));
    }
}
