//! Which backups are kept: the newest of each of the last days, weeks and months that have one.

use crate::domain::{Day, Timestamp};
use std::collections::BTreeSet;

/// Never fewer than this are kept.
const LEAST: usize = 3;
/// A newest backup older than this means a clock that is wrong.
const LONGEST_SILENCE: i64 = 400 * 86_400;

/// How many days, weeks and months keep a backup of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// UTC days.
    pub daily: u32,
    /// Weeks, from Monday.
    pub weekly: u32,
    /// Calendar months.
    pub monthly: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { daily: 7, weekly: 4, monthly: 12 }
    }
}

/// Why nothing is pruned.
pub(super) type ClockWrong = &'static str;

/// Says of each backup, the newest first, whether it is kept.
pub(super) fn kept(newest_first: &[Timestamp], keep: Keep, now: Timestamp) -> Result<Vec<bool>, ClockWrong> {
    let Some(newest) = newest_first.first() else { return Ok(Vec::new()) };
    if now < *newest {
        return Err("the newest backup is from the future, so the clock is wrong or was; nothing was pruned");
    }
    if now.since(*newest) > LONGEST_SILENCE {
        return Err("the newest backup is more than 400 days old, so the clock may be wrong; nothing was pruned");
    }
    let mut kept: Vec<bool> = vec![false; newest_first.len()];
    let week = |day: Day| day.plus(-i64::from(day.weekday()));
    let month = |day: Day| day.month().first();
    mark(newest_first, keep.daily, |day| day, &mut kept);
    mark(newest_first, keep.weekly, week, &mut kept);
    mark(newest_first, keep.monthly, month, &mut kept);
    if let Some(newest) = kept.first_mut() {
        *newest = true;
    }
    let mut missing = LEAST.saturating_sub(kept.iter().filter(|k| **k).count());
    for more in kept.iter_mut().filter(|k| !**k) {
        if missing == 0 {
            break;
        }
        *more = true;
        missing -= 1;
    }
    Ok(kept)
}

/// Marks the newest of each of the last `count` periods.
fn mark(newest_first: &[Timestamp], count: u32, period: impl Fn(Day) -> Day, kept: &mut [bool]) {
    let mut seen = BTreeSet::new();
    for (at, kept) in newest_first.iter().zip(kept) {
        if seen.len() < count as usize && seen.insert(period(at.day())) {
            *kept = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// What is left of daily backups at noon, the newest first, as days.
    fn left(days: i64, keep: Keep) -> Vec<String> {
        let now = at("2026-11-22T12:00:00Z");
        let all: Vec<Timestamp> = (0..days).map(|n| now.plus(-n * 86_400)).collect();
        let kept = kept(&all, keep, now).unwrap();
        all.iter().zip(kept).filter(|(_, k)| *k).map(|(t, _)| t.day().to_string()).collect()
    }

    #[test]
    fn a_year_of_daily_backups_leaves_seven_days_four_weeks_and_twelve_months() {
        // 2026-11-22 is a Sunday, so the weeks' newest are Sundays.
        let expected = [
            "2026-11-22",
            "2026-11-21",
            "2026-11-20",
            "2026-11-19",
            "2026-11-18",
            "2026-11-17",
            "2026-11-16",
            "2026-11-15",
            "2026-11-08",
            "2026-11-01",
            "2026-10-31",
            "2026-09-30",
            "2026-08-31",
            "2026-07-31",
            "2026-06-30",
            "2026-05-31",
            "2026-04-30",
            "2026-03-31",
            "2026-02-28",
            "2026-01-31",
            "2025-12-31",
        ];
        assert_eq!(left(500, Keep::default()), expected);
        assert_eq!(left(2, Keep::default()).len(), 2);
        assert_eq!(left(90, Keep { daily: 1, weekly: 1, monthly: 1 }).len(), 3, "never fewer than three");
    }

    #[test]
    fn a_clock_that_looks_wrong_prunes_nothing() {
        let all = [at("2026-11-22T12:00:00Z"), at("2026-11-22T11:00:00Z")];
        assert!(kept(&all, Keep::default(), at("2026-11-22T11:59:59Z")).is_err());
        assert!(kept(&all, Keep::default(), at("2026-11-22T12:00:00Z")).is_ok());
        assert!(kept(&all, Keep::default(), at("2027-12-27T12:00:00Z")).is_ok());
        assert!(kept(&all, Keep::default(), at("2027-12-27T12:00:01Z")).is_err());
        assert_eq!(kept(&[], Keep::default(), at("2026-11-22T12:00:00Z")), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn the_newest_and_at_least_three_stay_and_doing_it_twice_is_doing_it_once(
            seconds in proptest::collection::vec(0i64..70_000_000, 0..90),
            (daily, weekly, monthly) in (0u32..12, 0u32..8, 0u32..15),
            later in 0i64..30_000_000,
        ) {
            let mut all: Vec<Timestamp> = seconds.iter().map(|s| Timestamp::from_second(1_700_000_000 + s)).collect();
            all.sort();
            all.reverse();
            let Some(newest) = all.first().copied() else { return Ok(()) };
            let now = newest.plus(later);
            let keep = Keep { daily, weekly, monthly };
            let marks = kept(&all, keep, now).unwrap();
            let stay: Vec<Timestamp> = all.iter().zip(&marks).filter(|(_, k)| **k).map(|(t, _)| *t).collect();
            prop_assert_eq!(stay.first(), Some(&newest));
            prop_assert!(stay.len() >= all.len().min(3));
            prop_assert!(stay.len() <= (daily + weekly + monthly).max(3) as usize);
            prop_assert!(kept(&stay, keep, now).unwrap().iter().all(|k| *k), "a second time removes more");
            prop_assert!(kept(&all, keep, newest.plus(-1)).is_err());
        }
    }
}
