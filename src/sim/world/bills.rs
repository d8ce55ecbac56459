//! Bills: thirteen full months and the current one, day by day, per account.

use super::WorldConfig;
use super::rng::Rng;
use super::roster::{LARGE_FLEET, Plan, Purpose};
use super::tariff::{Cover, Naming, Tariff, monthly_range, tariffs};
use crate::domain::{AccountState, Day, Month};
use crate::sim::costs::{CostLine, SimAmounts, SimCosts};
use rust_decimal::Decimal;

/// Full months before the current one.
const MONTHS: i32 = 13;

/// The days that bills cover, worked out once.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// The first day of the oldest month.
    pub(crate) first: Day,
    /// Every month with the index of its first day.
    pub(crate) months: Vec<(Month, usize)>,
    /// Whether each day is a Saturday or a Sunday.
    weekend: Vec<bool>,
    /// The share of today's and yesterday's cost that has been reported by now.
    reported: [f64; 2],
}

impl Calendar {
    /// Up to and with today.
    pub(crate) fn new(config: &WorldConfig) -> Self {
        let today = config.now.day();
        let oldest = today.month().plus(-MONTHS);
        let first = oldest.first();
        let months = (0..=MONTHS)
            .map(|n| oldest.plus(n))
            .map(|m| (m, usize::try_from(m.first().days_since(first)).unwrap_or(0)))
            .collect();
        let weekday = usize::from(first.weekday());
        let days = usize::try_from(today.days_since(first)).unwrap_or(0) + 1;
        let weekend = (0..days).map(|d| (weekday + d) % 7 >= 5).collect();
        // Cost Explorer lags by a day or so: little of today is there, most of yesterday.
        let elapsed = config.now.since(today.start()) as f64 / 86_400.0;
        Self { first, months, weekend, reported: [0.35 * elapsed, 0.62 + 0.3 * elapsed] }
    }

    /// Number of days, today included.
    pub(crate) fn days(&self) -> usize {
        self.weekend.len()
    }

    /// The share of a day's cost that has been reported by now.
    pub(crate) fn reported(&self, day: usize) -> f64 {
        let [today, yesterday] = self.reported;
        match self.days().saturating_sub(day) {
            0 | 1 => today,
            2 => yesterday,
            _ => 1.0,
        }
    }
}

/// US dollars as Cost Explorer writes them, with ten decimals.
pub(crate) fn dollars(amount: f64) -> Decimal {
    Decimal::new((amount * 1e10).round() as i64, 10)
}

/// All bills of one account except what depends on the whole organization.
pub(crate) fn bills(config: &WorldConfig, calendar: &Calendar, plan: &Plan) -> SimCosts {
    let mut rng = Rng::stream(config.seed, plan.account.id.number(), "bills");
    let (low, high) = monthly_range(plan.purpose);
    // Squared, so that most accounts are small and few are large.
    let share = rng.unit();
    let monthly = low + (high - low) * share * share;
    // In a fleet of hundreds most accounts are simple, which also keeps the world in memory.
    let rich = rng.below(if config.accounts > LARGE_FLEET { 3 } else { 6 }) as usize;
    let chosen: Vec<&Tariff> = tariffs(plan.purpose, rich).collect();
    let parts: f64 = chosen.iter().map(|t| t.parts).sum();
    let born = i64::max(0, plan.account.joined_at.day().days_since(calendar.first));
    let mut bill = Bill { calendar, plan, rng, born: usize::try_from(born).unwrap_or(0), lines: Vec::new() };
    for tariff in chosen {
        bill.tariff(tariff, monthly * tariff.parts / parts / 30.4);
    }
    bill.commitments(monthly);
    bill.flat_fees(monthly);
    SimCosts { lines: bill.lines }
}

struct Bill<'a> {
    calendar: &'a Calendar,
    plan: &'a Plan,
    rng: Rng,
    /// Index of the account's first day.
    born: usize,
    lines: Vec<CostLine>,
}

impl Bill<'_> {
    /// One tariff in the account's main Region, and thinly in a second one for the largest.
    fn tariff(&mut self, tariff: &Tariff, daily: f64) {
        let main = self.plan.account.regions.first().map_or("us-east-1", |r| r.as_str()).to_owned();
        let region = if tariff.naming == Naming::Global { "global".to_owned() } else { main };
        let series = self.series(tariff, daily);
        let covered = match tariff.cover {
            Cover::SavingsPlan if self.plan.purpose == Purpose::Prod => 0.45,
            Cover::Reservation if self.plan.purpose == Purpose::Prod && self.rng.chance(0.5) => 1.0,
            _ => 0.0,
        };
        if covered == 0.0 {
            self.line(tariff, &region, "Usage", &series, |x| same(x, x / tariff.price));
        } else if tariff.cover == Cover::Reservation {
            // Reserved hours cost nothing on the day; the fee stands on the first of the month.
            let amortised = |x: f64| amounts(0.0, 0.62 * x, x / tariff.price);
            self.line(tariff, &region, "DiscountedUsage", &series, amortised);
        } else {
            let (plan, price) = (covered, tariff.price);
            self.line(tariff, &region, "Usage", &series, |x| same((1.0 - plan) * x, (1.0 - plan) * x / price));
            self.line(tariff, &region, "SavingsPlanCoveredUsage", &series, |x| {
                amounts(plan * x, 0.72 * plan * x, plan * x / price)
            });
            self.line(tariff, &region, "SavingsPlanNegation", &series, |x| amounts(-plan * x, 0.0, 0.0));
        }
        // A startup's credits pay for its compute.
        if self.plan.spec().slug == "parcelwise" && tariff.cover != Cover::None {
            self.line(tariff, &region, "Credit", &series, |x| same(-0.6 * x, 0.0));
        }
    }

    /// Weekday dips, slow growth, noise and now and then a step, in US dollars a day.
    fn series(&mut self, tariff: &Tariff, daily: f64) -> Vec<f64> {
        let days = self.calendar.days();
        let growth = 1.0 + self.rng.within(-0.000_15, 0.000_75);
        // Steps are old enough to be ordinary by now.
        let last_step = days.saturating_sub(75) as i64;
        let step_day = self.rng.between(30, last_step.max(31)) as usize;
        let step = if self.rng.chance(0.2) { self.rng.within(0.75, 1.4) } else { 1.0 };
        let closed = matches!(self.plan.account.state, AccountState::Suspended | AccountState::PendingClosure);
        let mut level = daily;
        (0..days)
            .map(|day| {
                level *= growth * if day == step_day { step } else { 1.0 };
                let dip = if self.calendar.weekend.get(day).copied().unwrap_or(false) { tariff.weekend } else { 1.0 };
                let noise = 1.0 + tariff.noise * self.rng.bell();
                let winding_down = if closed && day + 20 > days { 0.02 } else { 1.0 };
                level * dip * noise * winding_down * self.calendar.reported(day)
            })
            .collect()
    }

    fn line(
        &mut self,
        tariff: &Tariff,
        region: &str,
        record_type: &'static str,
        series: &[f64],
        amount: impl Fn(f64) -> SimAmounts,
    ) {
        let net = if self.plan.spec().slug == "quillmark-media" { 0.93 } else { 1.0 };
        let usage_region = if region == "global" { "us-east-1" } else { region };
        let start = self.born.min(series.len());
        self.lines.push(CostLine {
            service: tariff.service,
            region: region.to_owned(),
            usage_type: tariff.usage_type(usage_region),
            record_type,
            grouped: true,
            monthly_only: false,
            first: self.calendar.first.plus(start as i64),
            amounts: series.iter().skip(start).map(|x| discounted(amount(*x), net)).collect(),
        });
    }

    /// Savings Plan and reservation fees: on the first day of each month, nothing when amortised over usage.
    fn commitments(&mut self, monthly: f64) {
        let has = |kind: &str| self.lines.iter().any(|l| l.record_type == kind);
        let (plan, reserved) = (has("SavingsPlanCoveredUsage"), has("DiscountedUsage"));
        if plan {
            let usage = "ComputeSP:1yrNoUpfront";
            self.monthly_fee(
                "Savings Plans for AWS Compute usage",
                usage,
                "SavingsPlanRecurringFee",
                monthly * 0.09,
                0.0,
            );
        }
        if reserved {
            let region = self.plan.account.regions.first().map_or("us-east-1", |r| r.as_str());
            let usage = format!("{}-HeavyUsage:db.r6g.large", super::places::usage_prefix(region));
            self.monthly_fee("Amazon Relational Database Service", &usage, "RIFee", monthly * 0.1, 0.0);
        }
    }

    /// Support and marketplace subscriptions, on the first of the month too.
    fn flat_fees(&mut self, monthly: f64) {
        match self.plan.purpose {
            Purpose::Standalone => {
                self.monthly_fee("AWS Support (Business)", "Dollar", "Support", monthly.max(1_000.0) * 0.1, 1.0)
            }
            Purpose::Prod if self.rng.chance(0.3) => {
                let fee = [199.0, 450.0, 1_200.0];
                let fee = self.rng.pick(&fee).copied().unwrap_or(199.0);
                self.monthly_fee("Tracewell Observability - Contract", "MP:TracewellHosts", "Usage", fee, 1.0);
            }
            _ => {}
        }
    }

    fn monthly_fee(&mut self, service: &'static str, usage: &str, record_type: &'static str, fee: f64, amortised: f64) {
        let born = self.calendar.first.plus(self.born as i64);
        for (month, _) in self.calendar.months.iter().filter(|(m, _)| m.first() >= born) {
            let fee = dollars((fee * 100.0) as i64 as f64 / 100.0);
            let spread = if amortised == 0.0 { Decimal::ZERO } else { fee };
            let one = SimAmounts {
                unblended: fee,
                net_unblended: fee,
                amortized: spread,
                net_amortized: spread,
                usage: Decimal::ONE,
            };
            self.lines.push(once(service, usage, record_type, month.first(), one));
        }
    }
}

/// A line of one amount on one day, of no Region.
pub(crate) fn once(
    service: &'static str,
    usage: &str,
    record_type: &'static str,
    day: Day,
    amount: SimAmounts,
) -> CostLine {
    CostLine {
        service,
        region: "NoRegion".to_owned(),
        usage_type: usage.to_owned(),
        record_type,
        grouped: true,
        monthly_only: false,
        first: day,
        amounts: vec![amount],
    }
}

/// The same on every cost basis.
pub(crate) fn same(cost: f64, usage: f64) -> SimAmounts {
    amounts(cost, cost, usage)
}

fn amounts(unblended: f64, amortized: f64, usage: f64) -> SimAmounts {
    let (unblended, amortized) = (dollars(unblended), dollars(amortized));
    SimAmounts {
        unblended,
        net_unblended: unblended,
        amortized,
        net_amortized: amortized,
        usage: dollars(usage.min(9e8)),
    }
}

fn discounted(mut amounts: SimAmounts, net: f64) -> SimAmounts {
    if net != 1.0 {
        let share = |d: Decimal| Decimal::new((d.mantissa() as f64 * net) as i64, 10);
        amounts.net_unblended = share(amounts.unblended);
        amounts.net_amortized = share(amounts.amortized);
    }
    amounts
}

/// What depends on the whole bill of a client: tax everywhere, and in organizations the support plan. Some
/// organizations see support pro-rated to members, which Cost Explorer then leaves out of every grouped answer.
pub(crate) fn close_books(calendar: &Calendar, plans: &mut [Plan]) {
    for plan in plans.iter_mut() {
        let totals = monthly_totals(calendar, &plan.account.costs);
        let slug = plan.spec().slug;
        let tax = match plan.spec().home.get(..2) {
            Some("eu") => 0.2,
            Some("us") => 0.06,
            _ => 0.1,
        };
        let organization = plan.purpose != Purpose::Standalone;
        let pro_rated = organization && matches!(slug, "halden-outfitters" | "kestrel-freight" | "tessaro-bank");
        let supported = pro_rated || (organization && plan.purpose == Purpose::Management);
        for ((month, _), (_, total)) in calendar.months.iter().zip(totals) {
            let total = total as f64 / 1e10;
            if total <= 0.0 {
                continue;
            }
            let cents = |x: f64| same((x * 100.0) as i64 as f64 / 100.0, 0.0);
            let lines = &mut plan.account.costs.lines;
            if supported {
                let fee = if pro_rated { total * 0.06 } else { 100.0_f64.max(total * 0.1) };
                let mut support = once("AWS Support (Business)", "Dollar", "Support", month.first(), cents(fee));
                support.grouped = !pro_rated;
                lines.push(support);
                if pro_rated {
                    let mut on_support = once("Tax", "NoUsageType", "Tax", month.first(), cents(fee * tax));
                    (on_support.grouped, on_support.monthly_only) = (false, true);
                    lines.push(on_support);
                }
            }
            let mut line = once("Tax", "NoUsageType", "Tax", month.first(), cents(total * tax));
            line.monthly_only = true;
            lines.push(line);
        }
    }
}

/// Unblended cost per month of the calendar in units of 10⁻¹⁰ US dollars: of the lines that grouped answers show, and of all.
pub(crate) fn monthly_totals(calendar: &Calendar, costs: &SimCosts) -> Vec<(i128, i128)> {
    let mut totals = vec![(0i128, 0i128); calendar.months.len()];
    for line in &costs.lines {
        let start = usize::try_from(line.first.days_since(calendar.first)).unwrap_or(0);
        let mut month = calendar.months.iter().rposition(|(_, first)| *first <= start).unwrap_or(0);
        for (i, amount) in line.amounts.iter().enumerate() {
            if calendar.months.get(month + 1).is_some_and(|(_, first)| *first <= start + i) {
                month += 1;
            }
            if let Some((grouped, total)) = totals.get_mut(month) {
                let units = amount.unblended.mantissa() * 10i128.pow(10 - amount.unblended.scale().min(10));
                *total += units;
                *grouped += if line.grouped { units } else { 0 };
            }
        }
    }
    totals
}
