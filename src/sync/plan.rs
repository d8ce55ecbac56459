//! What still has to be asked of costs, as data: a pure function of what was read, the settings and the present.

use crate::{
    aws::{CostQuery, Granularity, Grouping},
    domain::{Day, Month, Timestamp},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Months of monthly costs, the open one included. Cost Explorer keeps 13 full months and the open one.
pub(super) const MONTHS: i32 = 14;
/// Months of daily costs, the open one included.
pub(super) const DAILY_MONTHS: i32 = 13;
/// Closed months that are read again at each sync: late credits and refunds change them.
const VERIFIED_MONTHS: i32 = 3;
/// Days for which the ungrouped total (and so the residual), record types and regions are taken as they are.
const WEEKLY_DAYS: i64 = 7;

/// What was read of the costs of one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostState {
    /// When the last run read everything it wanted, or was told that there is nothing to read.
    pub complete_at: Option<Timestamp>,
    /// When the grouped months were last read.
    pub monthly_at: Option<Timestamp>,
    /// When the ungrouped totals were last read.
    pub total_at: Option<Timestamp>,
    /// When the days of each month were last read, by the month's first day.
    pub daily_at: BTreeMap<Day, Timestamp>,
    /// When costs by record type were last read.
    pub record_type_at: Option<Timestamp>,
    /// When costs by region were last read, or refused: not every account may group by region.
    pub region_at: Option<Timestamp>,
}

/// Whether the costs of a connection have to be read, or what was read is still to be judged.
pub fn costs_due(state: &CostState, now: Timestamp, fresh_hours: u32) -> bool {
    state.complete_at.is_none_or(|at| now.since(at) >= i64::from(fresh_hours) * 3_600)
}

/// The Cost Explorer questions that are due; empty if what is stored is younger than `fresh_hours`.
///
/// Three rules keep Cost Explorer from refusing the dates: a range starts on the first of a month, ends tomorrow at the
/// latest, and start is before end (so that it also works on the first of a month).
pub fn cost_queries(state: &CostState, now: Timestamp, fresh_hours: u32) -> Vec<CostQuery> {
    // By each answer and not only by the whole: a run that was cut off asks nothing again that it had read.
    let fresh = |at: Option<Timestamp>| at.is_some_and(|at| now.since(at) < i64::from(fresh_hours) * 3_600);
    if !costs_due(state, now, fresh_hours) {
        return Vec::new();
    }
    let tomorrow = now.day().plus(1);
    let open = now.day().month();
    let first_month = |known: bool, all: i32| open.plus(if known { -VERIFIED_MONTHS } else { 1 - all }).first();
    let monthly =
        |start: Day, grouping| CostQuery { start, end: tomorrow, granularity: Granularity::Monthly, grouping };
    let mut queries = Vec::new();
    if !fresh(state.monthly_at) {
        queries.push(monthly(first_month(state.monthly_at.is_some(), MONTHS), Grouping::AccountService));
    }
    for (read_at, grouping) in [
        (state.total_at, Grouping::None),
        (state.record_type_at, Grouping::AccountRecordType),
        (state.region_at, Grouping::AccountRegion),
    ] {
        if read_at.is_none_or(|at| now.day().days_since(at.day()) >= WEEKLY_DAYS) {
            queries.push(monthly(first_month(read_at.is_some(), MONTHS), grouping));
        }
    }
    for back in (0..DAILY_MONTHS).rev() {
        let month = open.plus(-back);
        let read_at = state.daily_at.get(&month.first()).copied();
        let due = if month == open { !fresh(read_at) } else { daily_due(read_at, month) };
        if due {
            queries.push(CostQuery {
                start: month.first(),
                end: month.end().min(tomorrow),
                granularity: Granularity::Daily,
                grouping: Grouping::AccountService,
            });
        }
    }
    queries
}

/// A closed month is due until it was read some days after its end, when its last days are complete.
fn daily_due(read_at: Option<Timestamp>, month: Month) -> bool {
    const SETTLING_DAYS: i64 = 3;
    read_at.is_none_or(|at| at.day() < month.end().plus(SETTLING_DAYS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Cost Explorer's own rules, as it states them in its error messages.
    fn accepted(query: &CostQuery, today: Day) -> bool {
        let oldest = today.month().plus(-13).first();
        query.start < query.end
            && query.start <= today
            && query.end <= today.plus(1)
            && query.end <= today.month().end()
            && query.start.of_month() == 1
            && query.start >= oldest
    }

    #[test]
    fn on_every_day_of_four_years_cost_explorer_accepts_the_dates() {
        let mut day = Day::new(2023, 12, 30).unwrap();
        while day < Day::new(2028, 3, 2).unwrap() {
            for second in [0, 86_399] {
                let now = day.start().plus(second);
                let first = cost_queries(&CostState::default(), now, 8);
                assert_eq!(first.len(), 17, "{now}");
                let mut known = CostState {
                    complete_at: Some(now.plus(-40 * 86_400)),
                    monthly_at: Some(now.plus(-40 * 86_400)),
                    total_at: Some(now.plus(-40 * 86_400)),
                    record_type_at: Some(now.plus(-40 * 86_400)),
                    region_at: Some(now.plus(-40 * 86_400)),
                    ..CostState::default()
                };
                for back in 0..20 {
                    known.daily_at.insert(day.month().plus(-back).first(), now.plus(-86_400));
                }
                for query in first.iter().chain(&cost_queries(&known, now, 8)) {
                    assert!(accepted(query, day), "{now}: {query:?}");
                }
            }
            day = day.plus(1);
        }
    }

    #[test]
    fn a_run_that_was_cut_off_asks_nothing_again_that_it_had_read() {
        let now = at("2026-11-22T02:00:00Z");
        let all = cost_queries(&CostState::default(), now, 8);
        let mut state = CostState::default();
        for (read, query) in all.iter().enumerate() {
            assert_eq!(cost_queries(&state, now.plus(60), 8), all[read..], "after {read}");
            match (query.granularity, query.grouping) {
                (Granularity::Daily, _) => drop(state.daily_at.insert(query.start, now)),
                (_, Grouping::AccountService) => state.monthly_at = Some(now),
                (_, Grouping::None) => state.total_at = Some(now),
                (_, Grouping::AccountRecordType) => state.record_type_at = Some(now),
                (_, Grouping::AccountRegion) => state.region_at = Some(now),
            }
        }
        assert_eq!(cost_queries(&state, now.plus(60), 8), []);
    }

    #[test]
    fn a_daily_sync_asks_two_questions_and_an_idle_one_none() {
        let now = at("2026-11-22T02:00:00Z");
        let mut state = CostState {
            complete_at: Some(now),
            monthly_at: Some(now),
            total_at: Some(now),
            record_type_at: Some(now),
            region_at: Some(now),
            ..CostState::default()
        };
        for back in 0..13 {
            state.daily_at.insert(now.day().month().plus(-back).first(), now);
        }
        assert_eq!(cost_queries(&state, now.plus(3_600), 8), []);
        let next = cost_queries(&state, now.plus(86_400), 8);
        assert_eq!(next.len(), 2, "{next:?}");
        assert_eq!((next[0].start.to_string(), next[0].end.to_string()), ("2026-08-01".into(), "2026-11-24".into()));
        assert_eq!((next[1].start.to_string(), next[1].granularity), ("2026-11-01".into(), Granularity::Daily));
        let week = cost_queries(&state, now.plus(7 * 86_400), 8);
        let groupings: Vec<Grouping> = week.iter().map(|q| q.grouping).collect();
        assert_eq!(
            groupings,
            [
                Grouping::AccountService,
                Grouping::None,
                Grouping::AccountRecordType,
                Grouping::AccountRegion,
                Grouping::AccountService
            ],
            "residual, record types and regions are read again after a week"
        );
        // On the first days of December the last days of November are read once more.
        let december = cost_queries(&state, at("2026-12-02T00:00:00Z"), 8);
        assert!(december.iter().any(|q| q.start.to_string() == "2026-11-01" && q.end.to_string() == "2026-12-01"));
    }
}
