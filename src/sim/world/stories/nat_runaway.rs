//! A NAT gateway's traffic multiplies; elsewhere traffic rises for ordinary reasons.

use super::super::bills::Calendar;
use super::super::roster::Purpose;
use super::Stage;
use crate::sim::costs::{CostLine, SimAmounts};
use crate::sim::world::Story;
use rust_decimal::Decimal;

const FACTOR: f64 = 11.0;
const DAYS: usize = 8;
/// What the gateway's traffic costs on a weekday before, in US dollars.
const USUAL: f64 = 42.0;

/// Plants the story in Halden's web account.
pub(super) fn plant(stage: &mut Stage<'_>, calendar: &Calendar) -> Option<Story> {
    let first = calendar.days().checked_sub(1 + DAYS)?;
    let plan = stage.find("halden-outfitters", Purpose::Prod)?;
    let line = nat_line(stage, plan)?;
    let offset = usize::try_from(line.first.days_since(calendar.first)).ok()?;
    let recent = line.amounts.iter().rev().skip(DAYS + 1).take(56).map(|a| dollars(a.unblended)).sum::<f64>() / 56.0;
    for (day, amounts) in line.amounts.iter_mut().enumerate() {
        let surge = if day + offset >= first { FACTOR } else { 1.0 };
        scale(amounts, surge * USUAL / recent.max(0.01));
    }
    let at = calendar.first.plus(first as i64).start();
    let look_alikes = look_alikes(stage, calendar, plan);
    let mut story = stage.story(plan, "nat-runaway", "COST-ANOM-002", "EC2 - Other".to_owned(), at)?;
    story.summary = format!("NAT gateway traffic costs {FACTOR} times as much as before, from {} on.", at.day());
    (story.size, story.look_alikes) = (DAYS, look_alikes);
    Some(story)
}

fn nat_line<'s>(stage: &'s mut Stage<'_>, plan: usize) -> Option<&'s mut CostLine> {
    let lines = &mut stage.plans.get_mut(plan)?.account.costs.lines;
    lines.iter_mut().find(|l| l.usage_type.ends_with("NatGateway-Bytes"))
}

/// Four accounts, of the same client if it has them, the smallest first: a spike of one day, a batch every week, a batch
/// every month, and a planned step six weeks ago.
fn look_alikes(stage: &mut Stage<'_>, calendar: &Calendar, story: usize) -> usize {
    let client = stage.plans.get(story).map_or(0, |p| p.client);
    let mut others: Vec<(bool, Decimal, usize)> = (0..stage.plans.len())
        .filter(|p| *p != story)
        .filter_map(|p| {
            let same = stage.plans.get(p).is_some_and(|plan| plan.client == client);
            let line = nat_line(stage, p)?;
            Some((!same, line.amounts.iter().map(|a| a.unblended).sum(), p))
        })
        .collect();
    others.sort();
    let days = calendar.days();
    let month_day = |day: usize| calendar.first.plus(day as i64).of_month();
    let shapes: [&dyn Fn(usize) -> f64; 4] = [
        &|day| if day + 12 == days { 4.0 } else { 1.0 },
        &|day| if day % 7 == 2 { 3.0 } else { 1.0 },
        &|day| if (3..=5).contains(&month_day(day)) { 2.5 } else { 1.0 },
        &|day| if day + 45 >= days { 1.3 } else { 1.0 },
    ];
    let mut planted = 0;
    for ((_, _, plan), shape) in others.into_iter().zip(shapes) {
        if let Some(line) = nat_line(stage, plan) {
            let offset = usize::try_from(line.first.days_since(calendar.first)).unwrap_or(0);
            for (day, amounts) in line.amounts.iter_mut().enumerate() {
                scale(amounts, shape(day + offset));
            }
            planted += 1;
        }
    }
    planted
}

fn dollars(amount: Decimal) -> f64 {
    amount.mantissa() as f64 / 1e10
}

fn scale(amounts: &mut SimAmounts, factor: f64) {
    let scaled = |d: Decimal| Decimal::new((d.mantissa() as f64 * factor) as i64, d.scale());
    for amount in [
        &mut amounts.unblended,
        &mut amounts.net_unblended,
        &mut amounts.amortized,
        &mut amounts.net_amortized,
        &mut amounts.usage,
    ] {
        *amount = scaled(*amount);
    }
}
