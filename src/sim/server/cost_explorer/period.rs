//! Cost Explorer's rules of dates, and the periods of an answer.

use super::invalid;
use crate::{domain::Day, sim::server::fault::Fault};

/// Months of history beside the current one at any granularity ("up to 13 months of historical data").
const HISTORY_MONTHS: i32 = 13;
/// Months of MONTHLY history, the current one included, where multi-year data is enabled, as it is here.
const MULTI_YEAR_MONTHS: i32 = 38;
/// The day of the next month from which a month's numbers are final.
const FINAL_ON: u8 = 6;

/// How long one period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granularity {
    Daily,
    Monthly,
}

impl Granularity {
    /// From the request. HOURLY exists but has to be enabled, which no simulated account has done.
    pub fn parse(text: Option<&str>) -> Result<Self, Fault> {
        let failed = |value: String, constraint: &str| {
            let detail = format!("Value {value} at 'granularity' failed to satisfy constraint: {constraint}");
            invalid(format!("1 validation error detected: {detail}"))
        };
        match text {
            Some("DAILY") => Ok(Self::Daily),
            Some("MONTHLY") => Ok(Self::Monthly),
            Some("HOURLY") => Err(invalid("Hourly granularity is not enabled for this account")),
            Some(other) => {
                Err(failed(format!("'{other}'"), "Member must satisfy enum value set: [DAILY, MONTHLY, HOURLY]"))
            }
            None => Err(failed("null".to_owned(), "Member must not be null")),
        }
    }
}

/// Days from `start` up to, and without, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub start: Day,
    pub end: Day,
}

impl Span {
    /// From the request's `YYYY-MM-DD`.
    pub fn parse(start: Option<&str>, end: Option<&str>) -> Result<Self, Fault> {
        let day = |name: &str, text: Option<&str>| {
            let text = text.ok_or_else(|| invalid(format!("TimePeriod {name} is required")))?;
            if text.len() == 20 && text.ends_with('Z') {
                return Err(invalid("Hourly timePeriod is not supported for this request"));
            }
            let strict = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            let day = strict.then(|| text.parse().ok()).flatten();
            day.ok_or_else(|| invalid(format!("TimePeriod {name} must be a date YYYY-MM-DD")))
        };
        Ok(Self { start: day("Start", start)?, end: day("End", end)? })
    }

    /// Applies the rules; messages 1, 3 and 4 are AWS's own words.
    pub fn check(self, granularity: Granularity, today: Day) -> Result<(), Fault> {
        let month = today.month();
        let multi_year = month.plus(1 - MULTI_YEAR_MONTHS).first();
        if self.start >= self.end {
            return Err(invalid("Start date (and hour) should be before end date (and hour)"));
        }
        if self.start > today {
            return Err(invalid("start date must not be after today"));
        }
        if self.end > month.end() {
            return Err(invalid("end date past the beginning of next month"));
        }
        if self.start >= month.plus(-HISTORY_MONTHS).first() {
            return Ok(());
        }
        if self.start.of_month() != 1 {
            return Err(invalid(
                "To retrieve data beyond the past 14 months, your start date needs to be the first day of the month",
            ));
        }
        if granularity == Granularity::Daily {
            return Err(invalid("Data beyond the past 14 months is only available at MONTHLY granularity"));
        }
        if self.start < multi_year {
            return Err(invalid(format!("Data is only available from {multi_year} on")));
        }
        Ok(())
    }

    /// The periods it holds; the first and the last may be parts of a month.
    pub fn periods(self, granularity: Granularity) -> Vec<Span> {
        let mut periods = Vec::new();
        let mut start = self.start;
        while start < self.end {
            let end = match granularity {
                Granularity::Daily => start.plus(1),
                Granularity::Monthly => start.month().end(),
            };
            periods.push(Span { start, end: end.min(self.end) });
            // At the calendar's end a day has no successor.
            if end <= start {
                break;
            }
            start = end;
        }
        periods
    }

    /// Whether its numbers may still change on `today`: a month is final some days after its end.
    pub fn is_estimated(self, today: Day) -> bool {
        today < self.start.month().end().plus(i64::from(FINAL_ON) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn span(start: &str, end: &str) -> Span {
        Span::parse(Some(start), Some(end)).unwrap()
    }

    #[rstest]
    #[case("2026-11-01", "2026-11-23", Granularity::Daily, None)]
    #[case("2026-11-22", "2026-12-01", Granularity::Daily, None)]
    #[case(
        "2026-11-01",
        "2026-11-01",
        Granularity::Daily,
        Some("Start date (and hour) should be before end date (and hour)")
    )]
    #[case(
        "2026-11-02",
        "2026-11-01",
        Granularity::Monthly,
        Some("Start date (and hour) should be before end date (and hour)")
    )]
    #[case("2026-11-23", "2026-11-24", Granularity::Daily, Some("start date must not be after today"))]
    #[case("2026-11-01", "2026-12-02", Granularity::Daily, Some("end date past the beginning of next month"))]
    #[case("2025-10-01", "2025-11-01", Granularity::Daily, None)]
    #[case(
        "2025-09-30",
        "2025-11-01",
        Granularity::Daily,
        Some("your start date needs to be the first day of the month")
    )]
    #[case(
        "2025-09-02",
        "2025-11-01",
        Granularity::Monthly,
        Some("your start date needs to be the first day of the month")
    )]
    #[case("2025-09-01", "2025-11-01", Granularity::Daily, Some("only available at MONTHLY"))]
    #[case("2025-09-01", "2025-11-01", Granularity::Monthly, None)]
    #[case("2023-10-01", "2025-11-01", Granularity::Monthly, None)]
    #[case("2023-09-01", "2025-11-01", Granularity::Monthly, Some("only available from 2023-10-01"))]
    fn the_rules_of_dates(
        #[case] start: &str,
        #[case] end: &str,
        #[case] granularity: Granularity,
        #[case] refused: Option<&str>,
    ) {
        let outcome = span(start, end).check(granularity, day("2026-11-22"));
        match (outcome, refused) {
            (Ok(()), None) => (),
            (Err(fault), Some(words)) => assert!(fault.message.contains(words), "{}", fault.message),
            (outcome, refused) => panic!("{outcome:?} instead of {refused:?}"),
        }
    }

    #[rstest]
    #[case(None, Some("2026-11-01"), "Start is required")]
    #[case(Some("2026-11-01"), None, "End is required")]
    #[case(Some("2026-11-31"), Some("2026-12-01"), "must be a date")]
    #[case(Some("20261101"), Some("2026-12-01"), "must be a date")]
    #[case(Some("2026-11-01T00:00:00Z"), Some("2026-12-01"), "Hourly timePeriod")]
    fn malformed_dates(#[case] start: Option<&str>, #[case] end: Option<&str>, #[case] words: &str) {
        let message = Span::parse(start, end).unwrap_err().message;
        assert!(message.contains(words), "{message}");
    }

    #[test]
    fn first_of_month_to_tomorrow_is_accepted_on_every_day_of_four_years() {
        let mut today = day("2024-01-01");
        while today < day("2028-01-01") {
            let first = today.month().first();
            assert_eq!(Span { start: first, end: today.plus(1) }.check(Granularity::Daily, today), Ok(()), "{today}");
            let oldest = today.month().plus(-13).first();
            assert_eq!(Span { start: oldest, end: today.plus(1) }.check(Granularity::Daily, today), Ok(()), "{today}");
            assert!(Span { start: oldest.plus(-1), end: today }.check(Granularity::Daily, today).is_err(), "{today}");
            today = today.plus(1);
        }
    }

    #[test]
    fn periods_are_cut_at_the_ends_of_the_request() {
        let months = span("2026-09-15", "2026-11-23").periods(Granularity::Monthly);
        assert_eq!(
            months,
            [span("2026-09-15", "2026-10-01"), span("2026-10-01", "2026-11-01"), span("2026-11-01", "2026-11-23")]
        );
        let days = span("2024-02-28", "2024-03-02").periods(Granularity::Daily);
        assert_eq!(days.len(), 3);
        assert_eq!(days[1], span("2024-02-29", "2024-03-01"));
    }

    #[test]
    fn a_month_is_final_on_the_sixth_of_the_next() {
        let october = span("2026-10-01", "2026-11-01");
        assert!(october.is_estimated(day("2026-11-05")) && !october.is_estimated(day("2026-11-06")));
    }
}
