//! Spend of a service far above its norm.
//!
//! The norm of a day is its weekday's usual share of a week times the level of the last week, both medians. What is
//! left over is scored against the service's own scatter. Day 1 of a month carries fees and is neither judged nor
//! learnt; the newest days are still filling up, so days are only ever judged upward.

use super::{super::derive::Fields, Fact};
use crate::domain::{AccountId, Currency, Day, Evidence, Money, Month, SpentCell, SpentMonth, Timestamp, Untrusted};
use rust_decimal::{Decimal, prelude::FromPrimitive};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Days back that are judged.
const JUDGED: i64 = 60;
/// Same weekdays that make up a weekday's norm, at most and at least.
const WEEKS: (usize, usize) = (8, 3);
/// Days of scatter, at most and at least.
const SCATTER: (usize, usize) = (56, 14);
/// A service with fewer days of cost than this in four weeks has no norm.
const USED_DAYS: usize = 14;
/// Robust z-score above which a day stands out.
const Z: f64 = 3.5;
/// The scatter is taken to be at least this, so that a very steady bill does not alarm at cents.
const LEAST_SCATTER: f64 = 0.03;
/// A day must exceed its norm by this factor.
const FACTOR: f64 = 1.25;
/// A day nearer than this to today still changes.
const SETTLING: i64 = 2;
/// High days in a row that are not learnt, so that a rise does not become its own norm at once; a lasting one does.
const HELD: usize = 4;
/// Normal days after which a run of days is over.
const CLOSE: i64 = 3;

/// One day that stands out.
#[derive(Debug, Clone, PartialEq)]
struct HighDay {
    day: Day,
    actual: f64,
    expected: f64,
}

/// The daily costs of one client, as far as they are judged. Months are added one by one, so that only one of them needs
/// to be in memory.
#[derive(Debug, Default)]
pub struct Spending(BTreeMap<Currency, OfCurrency>);

#[derive(Debug, Default)]
struct OfCurrency {
    /// What each month came to in all groups.
    grouped: BTreeMap<Month, f64>,
    days: BTreeSet<Day>,
    series: BTreeMap<AccountId, BTreeMap<Untrusted, BTreeMap<Day, f64>>>,
}

impl Spending {
    /// Adds a month.
    pub fn add(&mut self, month: &SpentMonth<'_>) {
        let all = self.0.entry(month.currency).or_default();
        *all.grouped.entry(month.month).or_default() += month.monthly.iter().map(SpentCell::amount).sum::<f64>();
        for costs in &month.daily {
            all.days.insert(costs.day);
            for cell in &costs.cells {
                let services = all.series.entry(cell.account).or_default();
                match services.get_mut(cell.service) {
                    Some(series) => *series.entry(costs.day).or_default() += cell.amount(),
                    None => {
                        services.insert(cell.service.into(), BTreeMap::from([(costs.day, cell.amount())]));
                    }
                }
            }
        }
    }
}

/// The facts: each (account, service) whose spend stands out within the days judged.
pub(in super::super) fn facts(spending: &Spending, now: Timestamp) -> Vec<Fact> {
    let today = now.day();
    let mut facts = Vec::new();
    for (currency, all) in &spending.0 {
        let floor = floor(&all.grouped, today);
        let days: Vec<Day> = all.days.iter().copied().filter(|day| *day < today).collect();
        let series = all.series.iter().flat_map(|(account, services)| services.iter().map(move |s| (*account, s)));
        // What costs less in all than a run must cost above its norm cannot have one that matters.
        let judged = today.plus(-JUDGED);
        let spent =
            |amounts: &BTreeMap<Day, f64>| amounts.range(judged..).map(|(_, amount)| amount.max(0.0)).sum::<f64>();
        for (account, (service, amounts)) in series.filter(|(_, (_, amounts))| spent(amounts) >= floor) {
            let values: Vec<(Day, f64)> =
                days.iter().map(|day| (*day, amounts.get(day).copied().unwrap_or(0.0))).collect();
            let high: Vec<HighDay> = runs(high_days(&values, today))
                .into_iter()
                .filter(|run| matters(run, floor, today))
                .flatten()
                .collect();
            facts.extend(fact(account, service, *currency, high));
        }
    }
    facts
}

/// What a run must cost above the norm: 1 % of the client's last whole month, at least 10.
fn floor(months: &BTreeMap<Month, f64>, today: Day) -> f64 {
    let whole = months.iter().rev().find(|(month, _)| month.end() <= today).or(months.iter().next_back());
    (whole.map_or(0.0, |(_, grouped)| *grouped) * 0.01).max(10.0)
}

/// All judged days that stand out, oldest first. `values` is one value for each day, oldest first.
fn high_days(values: &[(Day, f64)], today: Day) -> Vec<HighDay> {
    let mut learnt = History::default();
    let mut scatter: Vec<f64> = Vec::new();
    let mut high = Vec::new();
    let mut in_a_row = 0;
    for (day, actual) in values.iter().copied().filter(|(day, _)| day.of_month() != 1) {
        let norm = learnt.expected(day);
        let left_over = norm.map(|expected| (actual.max(0.01) / expected).ln());
        let scored = || left_over.and_then(|left_over| score(&scatter, left_over));
        // What a day costs is compared first: to score it takes more work, and most days are ordinary.
        match norm.filter(|expected| actual > expected * FACTOR && scored().is_some_and(|z| z > Z)) {
            Some(expected) => {
                in_a_row += 1;
                if today.days_since(day) <= JUDGED {
                    high.push(HighDay { day, actual, expected });
                }
            }
            None => in_a_row = 0,
        }
        if in_a_row == 0 || in_a_row > HELD {
            learnt.learn(day, actual);
            scatter.extend(left_over);
            let surplus = scatter.len().saturating_sub(SCATTER.0);
            scatter.drain(..surplus);
        }
    }
    high
}

/// The days learnt so far.
#[derive(Default)]
struct History {
    /// Weekday and cost, oldest first.
    days: Vec<(usize, f64)>,
    weekdays: [Weekday; 7],
}

/// What is known of one weekday.
#[derive(Default)]
struct Weekday {
    /// The newest days' shares of the week that ends with each, where there was such a week.
    shares: VecDeque<Option<f64>>,
    /// Their median. It changes only when such a day is learnt, and is wanted eight times a day.
    usual: Option<f64>,
}

impl History {
    fn learn(&mut self, day: Day, cost: f64) {
        let before = self.days.iter().rev().take(6).map(|(_, cost)| *cost);
        let mean = before.chain([cost]).sum::<f64>() / 7.0;
        let share = (self.days.len() >= 6 && mean > 0.0).then(|| cost / mean);
        let weekday = usize::from(day.weekday());
        self.days.push((weekday, cost));
        if let Some(weekday) = self.weekdays.get_mut(weekday) {
            weekday.learn(share);
        }
    }

    /// The norm of a day from the days before it, or nothing where there is no norm.
    ///
    /// Shares, not amounts, make up the weekday's profile: when a bill moves to another level, the profile stays.
    fn expected(&self, day: Day) -> Option<f64> {
        let recent = self.days.get(self.days.len().checked_sub(28)?..)?;
        if recent.iter().filter(|(_, cost)| *cost > 0.0).count() < USED_DAYS {
            return None;
        }
        let usual = |weekday: usize| self.weekdays.get(weekday)?.usual;
        let week = recent.get(recent.len().checked_sub(7)?..)?;
        let levels = week.iter().filter_map(|(weekday, cost)| {
            let share = usual(*weekday)?;
            (share > 0.0).then(|| cost / share)
        });
        Some(usual(usize::from(day.weekday()))? * median_of_few(levels)?).filter(|e| *e > 0.01)
    }
}

impl Weekday {
    fn learn(&mut self, share: Option<f64>) {
        self.shares.push_back(share);
        if self.shares.len() > WEEKS.0 {
            self.shares.pop_front();
        }
        let shares = self.shares.iter().flatten().copied();
        self.usual = if shares.clone().count() >= WEEKS.1 { median_of_few(shares) } else { None };
    }
}

fn score(scatter: &[f64], left_over: f64) -> Option<f64> {
    if scatter.len() < SCATTER.1 {
        return None;
    }
    let mut values = scatter.to_vec();
    let middle = median(&mut values)?;
    values.iter_mut().for_each(|value| *value = (*value - middle).abs());
    let spread = median(&mut values)?;
    Some(0.6745 * (left_over - middle) / spread.max(LEAST_SCATTER))
}

/// The median of at most as many values as a week has days, or as weeks make up a norm.
fn median_of_few(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut few = [0.0; WEEKS.0];
    let mut known = 0;
    for (place, value) in few.iter_mut().zip(values) {
        *place = value;
        known += 1;
    }
    median(few.get_mut(..known)?)
}

/// The median of values, which are put into another order.
fn median(values: &mut [f64]) -> Option<f64> {
    let half = values.len() / 2;
    if half >= values.len() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if !even {
        return Some(*middle);
    }
    let below = below.iter().copied().max_by(f64::total_cmp)?;
    Some(f64::midpoint(below, *middle))
}

/// High days that belong together.
fn runs(high: Vec<HighDay>) -> Vec<Vec<HighDay>> {
    let mut runs: Vec<Vec<HighDay>> = Vec::new();
    for day in high {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| day.day.days_since(last.day) <= CLOSE) => run.push(day),
            _ => runs.push(vec![day]),
        }
    }
    runs
}

/// A run matters when it costs enough and does not rest on days that still change, unless it costs 100 already.
fn matters(run: &[HighDay], floor: f64, today: Day) -> bool {
    let impact = |days: &mut dyn Iterator<Item = &HighDay>| days.map(|d| d.actual - d.expected).sum::<f64>();
    let settled = impact(&mut run.iter().filter(|d| today.days_since(d.day) >= SETTLING));
    let all = impact(&mut run.iter());
    settled >= floor || (all >= floor && all >= 100.0)
}

fn fact(account: AccountId, service: &Untrusted, currency: Currency, high: Vec<HighDay>) -> Option<Fact> {
    let money = |amount: f64| {
        let exact = Decimal::from_f64(amount).unwrap_or_default();
        format!("{} {currency}", Money::new(exact, currency).display())
    };
    let last = runs(high.clone()).pop()?;
    let peak = last.iter().max_by(|a, b| a.actual.total_cmp(&b.actual))?;
    let (first, newest) = (last.first()?, last.last()?);
    let above: f64 = last.iter().map(|d| d.actual - d.expected).sum();
    let span = match last.len() {
        1 => format!("on {}", first.day),
        n => format!("over {n} days from {} to {}", first.day, newest.day),
    };
    let mut fields = Fields::default();
    fields.set("bw.fact", "service_above_norm");
    fields.set("bw.service", service.raw_for_matching().to_owned());
    fields.set("bw.cost.peak", money(peak.actual));
    fields.set("bw.cost.expected", money(peak.expected));
    fields.set("bw.cost.peak_day", peak.day.to_string());
    fields.set("bw.cost.factor", format!("{:.1}", peak.actual / peak.expected));
    fields.set("bw.cost.above", money(above));
    fields.set("bw.cost.impact", above);
    fields.set("bw.cost.span", span);
    let evidence = high.iter().map(|d| Evidence {
        event: None,
        time: d.day.start(),
        region: None,
        actor: None,
        summary: format!("{}: {} where about {} was expected", d.day, money(d.actual), money(d.expected)).into(),
        source: None,
    });
    Some(Fact { account, fields, evidence: evidence.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{
        prelude::*,
        test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
    };

    use rstest::rstest;

    const LENGTH: i64 = 150;

    fn first() -> Day {
        Day::new(2026, 6, 20).unwrap()
    }

    /// An ordinary service: weekday dips, fees on day 1, growth of 20 % over the time, and noise of `noise`.
    fn ordinary(noise: &[f64], size: f64) -> Vec<(Day, f64)> {
        let day = |n: i64| {
            let day = first().plus(n);
            let weekday = if day.weekday() >= 5 { 0.6 } else { 1.0 };
            let fee = if day.of_month() == 1 { 4.0 } else { 1.0 };
            let random = noise[usize::try_from(n).unwrap() % noise.len()];
            (day, size * weekday * fee * (1.0 + 0.2 * n as f64 / LENGTH as f64) * random)
        };
        (0..LENGTH).map(day).collect()
    }

    #[rstest]
    #[case::usual_noise(0.07, 2.5)]
    #[case::much_noise(0.2, 3.5)]
    fn ordinary_bills_do_not_alarm_and_a_planted_rise_does(#[case] noise: f64, #[case] rise: f64) {
        let today = first().plus(LENGTH);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut runner = TestRunner::new_with_rng(Config { cases: 200, ..Config::default() }, rng);
        let noise = proptest::collection::vec(1.0 - noise..1.0 + noise, usize::try_from(LENGTH).unwrap());
        runner
            .run(&noise, |noise| {
                let mut values = ordinary(&noise, 40.0);
                let alarms = |values: &[(Day, f64)]| {
                    runs(high_days(values, today)).into_iter().filter(|run| matters(run, 40.0, today)).count()
                };
                let false_alarms = alarms(&values);
                let begin = values.len() - 12;
                values.iter_mut().skip(begin).take(3).for_each(|(_, v)| *v *= rise);
                let true_alarms = alarms(&values);
                prop_assert_eq!((false_alarms, true_alarms), (0, 1));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_rise_that_goes_on_is_told_day_by_day_and_a_lasting_one_becomes_the_norm() {
        let today = first().plus(LENGTH);
        let rise = |days: usize| {
            let mut values = ordinary(&[1.0, 0.98, 1.03], 40.0);
            let begin = values.len() - days;
            values.iter_mut().skip(begin).for_each(|(_, v)| *v *= 4.0);
            high_days(&values, today).len()
        };
        assert_eq!(rise(8), 8);
        assert!((8..=10).contains(&rise(40)), "{}", rise(40));
    }

    #[test]
    fn what_has_no_norm_is_not_judged() {
        let today = first().plus(LENGTH);
        let sporadic: Vec<(Day, f64)> =
            (0..LENGTH).map(|n| (first().plus(n), if n % 9 == 0 { 50.0 } else { 0.0 })).collect();
        assert_eq!(high_days(&sporadic, today), []);
        let short: Vec<(Day, f64)> = (0..20).map(|n| (today.plus(n - 20), 10.0 * n as f64)).collect();
        assert_eq!(high_days(&short, today), []);
    }

    #[test]
    fn a_day_that_still_changes_waits_unless_it_costs_a_hundred() {
        let today = first();
        let run = |ago: i64, above: f64| vec![HighDay { day: today.plus(-ago), actual: 10.0 + above, expected: 10.0 }];
        assert!(matters(&run(2, 20.0), 10.0, today));
        assert!(!matters(&run(1, 20.0), 10.0, today));
        assert!(matters(&run(1, 120.0), 10.0, today));
        assert!(!matters(&run(5, 20.0), 30.0, today));
    }

    #[test]
    fn a_service_that_costs_next_to_nothing_is_judged_where_one_day_of_it_matters() {
        use crate::domain::{Amounts, CostCell, CostMonth, DayCosts};
        let today = first().plus(LENGTH);
        let mut spending = Spending::default();
        for day in (0..LENGTH).map(|n| first().plus(n)) {
            let unblended = if today.days_since(day) == 10 { Decimal::new(105, 1) } else { Decimal::new(5, 2) };
            let amounts = Amounts { unblended, ..Amounts::default() };
            let cell = CostCell { account: "111122223333".parse().unwrap(), service: "Small".into(), amounts };
            let month = CostMonth {
                month: day.month(),
                currency: Currency::USD,
                estimated: false,
                monthly: Vec::new(),
                total: None,
                daily: vec![DayCosts { day, estimated: false, cells: vec![cell] }],
                read_at: today.start(),
            };
            spending.add(&(&month).into());
        }
        // Little more than the least that matters, in two months together.
        assert_eq!(facts(&spending, today.start()).len(), 1);
    }
}
