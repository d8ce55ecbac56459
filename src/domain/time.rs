//! UTC time: instants, billing days and months, half-open ranges, and the injected clock.

use jiff::{SignedDuration, Timestamp as JiffTimestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A UTC instant in whole seconds since the Unix epoch. AWS times carry no more (fractions lose precision on the wire).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From seconds since the epoch.
    pub fn from_second(second: i64) -> Self {
        // Within what a calendar can show, so that formatting never fails.
        Self(second.clamp(JiffTimestamp::MIN.as_second() + 1, JiffTimestamp::MAX.as_second() - 1))
    }

    /// Seconds since the epoch.
    pub fn second(self) -> i64 {
        self.0
    }

    /// The UTC day it falls on.
    pub fn day(self) -> Day {
        Day(self.jiff().to_zoned(TimeZone::UTC).date())
    }

    /// Hour of the UTC day, 0–23.
    pub fn hour(self) -> u8 {
        (self.0.rem_euclid(86_400) / 3_600) as u8
    }

    /// Later by `seconds`, earlier if negative.
    pub fn plus(self, seconds: i64) -> Self {
        Self::from_second(self.0.saturating_add(seconds))
    }

    /// `self − earlier`, in seconds.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `14:02:31`, UTC.
    pub fn clock_time(self) -> String {
        self.jiff().strftime("%H:%M:%S").to_string()
    }

    fn jiff(self) -> JiffTimestamp {
        JiffTimestamp::from_second(self.0).unwrap_or_default()
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;
    /// RFC 3339 with `Z` or an offset.
    fn from_str(s: &str) -> Result<Self, jiff::Error> {
        Ok(Self::from_second(s.parse::<JiffTimestamp>()?.as_second()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, `2026-11-22T02:14:55Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.jiff(), f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self) } else { s.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
        } else {
            Ok(Self::from_second(i64::deserialize(d)?))
        }
    }
}

/// A UTC calendar day; Cost Explorer's billing day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// A day by its parts, if the calendar has it.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        Date::new(year, month, day).ok().map(Self)
    }

    /// Midnight UTC at its start.
    pub fn start(self) -> Timestamp {
        let zoned = self.0.to_zoned(TimeZone::UTC);
        Timestamp::from_second(zoned.map(|z| z.timestamp().as_second()).unwrap_or(0))
    }

    /// `days` later, earlier if negative; stops at the calendar's ends.
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(SignedDuration::from_secs(days.saturating_mul(86_400))))
    }

    /// Days from `earlier` to `self`.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.start().since(earlier.start()).div_euclid(86_400)
    }

    /// Its month.
    pub fn month(self) -> Month {
        Month { year: self.0.year(), month: self.0.month() }
    }

    /// Day of the month, 1–31.
    pub fn of_month(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// 0 = Monday … 6 = Sunday.
    pub fn weekday(self) -> u8 {
        self.0.weekday().to_monday_zero_offset().unsigned_abs()
    }
}

impl FromStr for Day {
    type Err = jiff::Error;
    /// `YYYY-MM-DD`.
    fn from_str(s: &str) -> Result<Self, jiff::Error> {
        s.parse().map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            s.collect_str(self)
        } else {
            s.serialize_i64(self.start().second().div_euclid(86_400))
        }
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
        } else {
            Ok(Timestamp::from_second(i64::deserialize(d)?.saturating_mul(86_400)).day())
        }
    }
}

/// A UTC calendar month; a billing period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// Its first day.
    pub fn first(self) -> Day {
        Day(Date::new(self.year, self.month, 1).unwrap_or(Date::ZERO))
    }

    /// The first day of the next month: the exclusive end.
    pub fn end(self) -> Day {
        self.plus(1).first()
    }

    /// Number of days, 28–31.
    pub fn days(self) -> u8 {
        self.first().0.days_in_month().unsigned_abs()
    }

    /// `months` later, earlier if negative.
    pub fn plus(self, months: i32) -> Self {
        let index = i32::from(self.year) * 12 + i32::from(self.month) - 1 + months;
        Self {
            year: i16::try_from(index.div_euclid(12)).unwrap_or(self.year),
            month: i8::try_from(index.rem_euclid(12) + 1).unwrap_or(1),
        }
    }

    /// `NOV`, for column heads.
    pub fn short_name(self) -> &'static str {
        const NAMES: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
        NAMES.get(usize::from(self.month.unsigned_abs()).saturating_sub(1)).copied().unwrap_or("???")
    }

    /// `November 2026`.
    pub fn long_name(self) -> String {
        self.first().0.strftime("%B %Y").to_string()
    }
}

impl fmt::Display for Month {
    /// `2026-11`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A half-open span of time, `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// Inclusive.
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
}

impl TimeRange {
    /// `[start, end)`; empty if `end` is not after `start`.
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Whether it holds no instant.
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// How long it is, in seconds.
    pub fn seconds(&self) -> i64 {
        self.end.since(self.start).max(0)
    }

    /// Whether `t` lies within.
    pub fn contains(&self, t: Timestamp) -> bool {
        self.start <= t && t < self.end
    }
}

/// Where the present comes from. `app` supplies the system's clock; tests and `--now` supply a fixed one.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_follow_the_calendar() {
        let t: Timestamp = "2024-02-28T23:59:59Z".parse().unwrap();
        assert_eq!(t.day().plus(2).to_string(), "2024-03-01");
        assert_eq!(t.day().month().days(), 29);
        assert_eq!(t.day().month().plus(-2).to_string(), "2023-12");
        assert_eq!(t.day().month().plus(11).end().to_string(), "2025-02-01");
        assert_eq!(t.day().plus(400).days_since(t.day()), 400);
        assert_eq!((t.hour(), t.day().weekday(), t.to_string().as_str()), (23, 2, "2024-02-28T23:59:59Z"));
        assert_eq!("2026-11-22T03:00:00+01:00".parse::<Timestamp>().unwrap().to_string(), "2026-11-22T02:00:00Z");
    }

    #[test]
    fn binary_and_text_forms_round_trip() {
        let day = Day::new(2026, 11, 22).unwrap();
        let t = day.start().plus(5);
        let bytes = postcard::to_stdvec(&(day, t)).unwrap();
        assert_eq!(postcard::from_bytes::<(Day, Timestamp)>(&bytes).unwrap(), (day, t));
        let text = serde_json::to_string(&(day, t)).unwrap();
        assert_eq!(text, r#"["2026-11-22","2026-11-22T00:00:05Z"]"#);
        assert_eq!(serde_json::from_str::<(Day, Timestamp)>(&text).unwrap(), (day, t));
    }

    #[test]
    fn absurd_instants_are_clamped_not_a_panic() {
        assert!(!Timestamp::from_second(i64::MAX).to_string().is_empty());
        assert!(!Timestamp::from_second(i64::MIN).to_string().is_empty());
        assert!(Timestamp::from_second(i64::MAX).plus(1).day().plus(i64::MAX) >= Day::new(9999, 1, 1).unwrap());
    }
}
