//! Wrong passphrases in a row make the next try wait. The try is counted on disk before its key is derived, so that
//! ending the process does not give a free one.
//!
//! This slows a person at the keyboard. Whoever can copy the files tries elsewhere: there only Argon2id's cost helps.

use super::{VaultError, disk};
use crate::domain::Timestamp;
use std::path::Path;

const NAME: &str = "vault.attempts";
/// Wrong tries without a wait.
const FREE: u32 = 5;
/// The first wait in seconds; each one after it is twice as long.
const FIRST_WAIT: u64 = 30;
const LONGEST_WAIT: u64 = 3_600;

/// Tries since the last right secret, and when the last of them was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Attempts {
    wrong: u32,
    last: i64,
}

/// Counts a try, unless it comes too early. Call [`succeeded`] when the secret was right.
pub(super) fn begin(dir: &Path, now: Timestamp) -> Result<(), VaultError> {
    let before = read(dir)?;
    let seconds = before.wait(now);
    if seconds > 0 {
        return Err(VaultError::TooManyAttempts { wrong: before.wrong, seconds });
    }
    let next = Attempts { wrong: before.wrong.saturating_add(1), last: now.second() };
    disk::replace(dir, NAME, &[&next.wrong.to_le_bytes()[..], &next.last.to_le_bytes()].concat())
}

/// Forgets all tries.
pub(super) fn succeeded(dir: &Path) -> Result<(), VaultError> {
    disk::remove_file(&dir.join(NAME))
}

/// A file that is cut or altered counts as the most wrong tries without a wait: it costs an honest person nothing.
fn read(dir: &Path) -> Result<Attempts, VaultError> {
    let Some(bytes) = disk::read(dir, NAME, 64)? else { return Ok(Attempts::default()) };
    let parsed = bytes.split_first_chunk::<4>().and_then(|(wrong, rest)| {
        Some(Attempts { wrong: u32::from_le_bytes(*wrong), last: i64::from_le_bytes(rest.try_into().ok()?) })
    });
    Ok(parsed.unwrap_or(Attempts { wrong: FREE - 1, last: 0 }))
}

impl Attempts {
    /// Seconds until the next try is allowed. A clock that was set back does not shorten the wait.
    fn wait(self, now: Timestamp) -> u64 {
        if self.wrong < FREE {
            return 0;
        }
        let wait = FIRST_WAIT.saturating_mul(1 << (self.wrong - FREE).min(10)).min(LONGEST_WAIT);
        let passed = u64::try_from(now.second() - self.last).unwrap_or(0);
        wait.saturating_sub(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second)
    }

    fn waits(dir: &Path, now: i64) -> Option<u64> {
        match begin(dir, at(now)) {
            Ok(()) => None,
            Err(VaultError::TooManyAttempts { seconds, .. }) => Some(seconds),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn five_tries_are_free_and_then_each_waits_twice_as_long_up_to_an_hour() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..5 {
            assert_eq!(waits(dir.path(), 1_000), None);
        }
        assert_eq!(waits(dir.path(), 1_000), Some(30));
        assert_eq!(waits(dir.path(), 1_029), Some(1));
        assert_eq!(waits(dir.path(), 500), Some(30), "a clock set back shortens nothing");
        let mut now = 1_030;
        for wait in [60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            assert_eq!(waits(dir.path(), now), None);
            assert_eq!(waits(dir.path(), now), Some(wait));
            now += i64::try_from(wait).unwrap();
        }
        succeeded(dir.path()).unwrap();
        assert_eq!(waits(dir.path(), now), None);
    }

    #[test]
    fn a_damaged_count_neither_locks_out_nor_gives_five_more() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), b"x").unwrap();
        assert_eq!(waits(dir.path(), 1_000), None);
        assert_eq!(waits(dir.path(), 1_000), Some(30));
    }
}
