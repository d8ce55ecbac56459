//! What an open month will cost: a weekday profile at the level of the last week.
//!
//! Month-start fees break a plain run-rate, and medians over weekdays bear steps and spikes, so: the days so far as they
//! are, the days to come by profile × level, and the usual day-1 excess if the 1st is still to come.

use super::ledger::UNSETTLED_DAYS;
use crate::domain::{Day, Month};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Weeks of history that the profile is made from.
const WEEKS: i64 = 8;
/// The least history for a forecast, in days.
const LEAST_DAYS: usize = 14;

/// Forecasts the whole of `today`'s month from daily spend; `None` with less than two weeks of settled days.
pub fn forecast(days: &BTreeMap<Day, Decimal>, today: Day) -> Option<Decimal> {
    let settled_until = today.plus(1 - UNSETTLED_DAYS);
    let history: BTreeMap<Day, Decimal> = days
        .range(today.plus(-7 * WEEKS - UNSETTLED_DAYS)..settled_until)
        .filter(|(day, _)| day.of_month() != 1)
        .map(|(day, amount)| (*day, *amount))
        .collect();
    if history.len() < LEAST_DAYS {
        return None;
    }
    let mean = median(history.values().copied().collect())?;
    let profile: Vec<Decimal> = (0..7)
        .map(|weekday| {
            let same: Vec<Decimal> = history.iter().filter(|(d, _)| d.weekday() == weekday).map(|(_, a)| *a).collect();
            ratio(median(same).unwrap_or(mean), mean)
        })
        .collect();
    let weight = |day: Day| profile.get(usize::from(day.weekday())).copied().unwrap_or(Decimal::ONE);
    let level = median(history.iter().rev().take(7).map(|(day, amount)| ratio(*amount, weight(*day))).collect())?;
    let month = today.month();
    let so_far: Decimal = days.range(month.first()..settled_until.max(month.first())).map(|(_, a)| *a).sum();
    let mut total = so_far;
    let mut day = settled_until.max(month.first());
    while day < month.end() {
        total += level * weight(day);
        if day.of_month() == 1 {
            total += day_one_excess(days, month);
        }
        day = day.plus(1);
    }
    Some(total.round_dp(2))
}

/// The median, over the last three months, of what the 1st cost above that month's middle day.
fn day_one_excess(days: &BTreeMap<Day, Decimal>, month: Month) -> Decimal {
    let excess: Vec<Decimal> = (1..=3)
        .filter_map(|back| {
            let earlier = month.plus(-back);
            let first = days.get(&earlier.first())?;
            let middle = median(days.range(earlier.first().plus(1)..earlier.end()).map(|(_, a)| *a).collect())?;
            Some((*first - middle).max(Decimal::ZERO))
        })
        .collect();
    median(excess).unwrap_or_default()
}

fn ratio(amount: Decimal, by: Decimal) -> Decimal {
    amount.checked_div(by).unwrap_or(Decimal::ONE)
}

fn median(mut values: Vec<Decimal>) -> Option<Decimal> {
    values.sort_unstable();
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(*upper);
    }
    Some((*upper + *values.get(middle.checked_sub(1)?)?) / Decimal::TWO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// Weekdays 100, weekends 60, a fee of 500 on each 1st.
    fn bill(from: Day, until: Day) -> BTreeMap<Day, Decimal> {
        let mut days = BTreeMap::new();
        let mut d = from;
        while d < until {
            let base = if d.weekday() < 5 { 100 } else { 60 };
            let fee = if d.of_month() == 1 { 500 } else { 0 };
            days.insert(d, Decimal::from(base + fee));
            d = d.plus(1);
        }
        days
    }

    #[test]
    fn a_regular_bill_is_forecast_exactly_on_any_day_of_the_month() {
        let whole = bill(day("2026-08-01"), day("2026-12-01"));
        let truth: Decimal = whole.range(day("2026-11-01")..).map(|(_, a)| *a).sum();
        for n in 1..=30 {
            let today = day("2026-11-01").plus(n - 1);
            let mut known: BTreeMap<Day, Decimal> = whole.range(..today).map(|(d, a)| (*d, *a)).collect();
            // Today and yesterday are only half in the books.
            known.insert(today, Decimal::from(3));
            known.insert(today.plus(-1), Decimal::from(7));
            assert_eq!(forecast(&known, today), Some(truth), "{today}");
        }
    }

    #[test]
    fn one_spike_does_not_move_it_much_and_too_little_history_gives_none() {
        let mut days = bill(day("2026-08-01"), day("2026-11-20"));
        let truth: Decimal = bill(day("2026-11-01"), day("2026-12-01")).values().sum();
        days.insert(day("2026-11-10"), Decimal::from(1_100));
        assert_eq!(forecast(&days, day("2026-11-20")).unwrap(), truth + Decimal::from(1_000));
        let short = bill(day("2026-11-10"), day("2026-11-20"));
        assert_eq!(forecast(&short, day("2026-11-20")), None);
        assert_eq!(forecast(&BTreeMap::new(), day("2026-11-20")), None);
    }
}
