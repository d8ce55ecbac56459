//! Names of backups: `2026-11-22T02-14-55Z-1207` is of that second and the manifest's epoch 1207; a second one of the
//! same second and epoch ends in `-2`.

use crate::domain::Timestamp;
use std::{fmt, str::FromStr};

/// A backup's name, ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BackupName {
    pub(super) made_at: Timestamp,
    pub(super) epoch: u64,
    /// 1 for the first of this second and epoch.
    pub(super) nth: u32,
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", stamp(self.made_at), self.epoch)?;
        if self.nth > 1 { write!(f, "-{}", self.nth) } else { Ok(()) }
    }
}

/// Not such a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAName;

impl FromStr for BackupName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        parse(text).filter(|name| name.to_string() == text).ok_or(NotAName)
    }
}

fn parse(text: &str) -> Option<BackupName> {
    let (at, rest) = text.split_once("Z-")?;
    let (epoch, nth) = match rest.split_once('-') {
        Some((epoch, nth)) => (epoch, nth.parse().ok()?),
        None => (rest, 1),
    };
    Some(BackupName { made_at: unstamp(&format!("{at}Z"))?, epoch: epoch.parse().ok()?, nth })
}

/// An instant as part of a file name: RFC 3339 without colons.
pub(super) fn stamp(at: Timestamp) -> String {
    at.to_string().replace(':', "-")
}

/// What [`stamp`] made.
pub(super) fn unstamp(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    let at: Timestamp = format!("{date}T{}", time.replace('-', ":")).parse().ok()?;
    (stamp(at) == text).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_says_when_and_of_which_epoch() {
        let made_at: Timestamp = "2026-11-22T02:14:55Z".parse().unwrap();
        let name = BackupName { made_at, epoch: 1207, nth: 1 };
        assert_eq!(name.to_string(), "2026-11-22T02-14-55Z-1207");
        assert_eq!(BackupName { nth: 2, ..name }.to_string(), "2026-11-22T02-14-55Z-1207-2");
        for other in ["2026-11-22T02-14-55Z-01207", "2026-11-22T02-14-55Z-7-1", "2026-11-22T02:14:55Z-7", "", "Z-7"] {
            assert_eq!(other.parse::<BackupName>(), Err(NotAName), "{other}");
        }
    }

    proptest! {
        #[test]
        fn names_come_back_and_sort_by_time(seconds in -60_000_000_000i64..250_000_000_000, epoch in any::<u64>(), nth in 1u32..9, text in "\\PC{0,40}") {
            let name = BackupName { made_at: Timestamp::from_second(seconds), epoch, nth };
            prop_assert_eq!(name.to_string().parse(), Ok(name));
            let later = BackupName { made_at: name.made_at.plus(1), epoch: 0, nth: 1 };
            prop_assert!(name < later);
            let _ = text.parse::<BackupName>();
        }
    }
}
