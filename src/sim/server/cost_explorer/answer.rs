//! One page of an answer, and how it is written.

use super::{
    Metric,
    period::Span,
    table::{Dimension, Scope, Table},
};
use crate::{domain::Day, sim::costs::SimAmounts};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The periods of one page, and the position of the next.
#[derive(Debug)]
pub(super) struct Page<'t> {
    periods: Vec<Rows<'t>>,
    grouped: bool,
    /// Where the next page begins, if there is one: the period in the upper, its row in the lower 32 bits.
    pub next: Option<u64>,
}

#[derive(Debug)]
struct Rows<'t> {
    period: Span,
    estimated: bool,
    /// Keys and sums; one row without keys where there are no groups.
    rows: Vec<(&'t [&'t str], SimAmounts)>,
}

impl<'t> Page<'t> {
    /// The page that begins at `from` and has at most `size` rows. Only the periods on it are added up.
    pub fn build(table: &'t Table<'t>, periods: &[Span], today: Day, from: u64, size: usize) -> Self {
        let (first, skipped) = ((from >> 32) as usize, (from & 0xffff_ffff) as usize);
        let mut page = Self { periods: Vec::new(), grouped: table.grouped, next: None };
        let mut room = size;
        for (index, &period) in periods.iter().enumerate().skip(first) {
            let start = if index == first { skipped } else { 0 };
            if room == 0 {
                page.next = Some((index as u64) << 32);
                break;
            }
            let mut rows = rows(table, period, today);
            let end = start.saturating_add(room).min(rows.len());
            let cut = end < rows.len();
            rows.truncate(end);
            rows.drain(..start.min(end));
            room -= rows.len();
            page.periods.push(Rows { period, estimated: period.is_estimated(today), rows });
            if cut {
                page.next = Some((index as u64) << 32 | end as u64);
                break;
            }
        }
        page
    }

    /// The JSON of the page.
    pub fn body(
        &self,
        metrics: &[Metric],
        dimensions: &[Dimension],
        scope: &Scope<'_>,
        token: Option<String>,
    ) -> Vec<u8> {
        let definitions = dimensions.iter().map(|dimension| Definition { kind: "DIMENSION", key: dimension.key() });
        let results = self.periods.iter().map(|period| {
            let (total, groups) = if self.grouped {
                let groups = period.rows.iter().map(|(keys, sums)| Group { keys, metrics: values(sums, metrics) });
                (BTreeMap::new(), groups.collect())
            } else {
                let total = period.rows.first().map(|(_, sums)| values(sums, metrics));
                (total.unwrap_or_default(), Vec::new())
            };
            let time_period = TimePeriod { start: period.period.start, end: period.period.end };
            ResultByTime { time_period, total, groups, estimated: period.estimated }
        });
        let answer = Answer {
            group_definitions: definitions.collect(),
            results_by_time: results.collect(),
            dimension_value_attributes: self.names(dimensions, scope),
            next_page_token: token,
        };
        serde_json::to_vec(&answer).unwrap_or_default()
    }

    /// The names of the linked accounts on the page.
    fn names<'s>(&'s self, dimensions: &[Dimension], scope: &Scope<'s>) -> Vec<Attributes<'s>> {
        let Some(at) = dimensions.iter().position(|&dimension| dimension == Dimension::LinkedAccount) else {
            return Vec::new();
        };
        let rows = self.periods.iter().flat_map(|period| &period.rows);
        let ids: BTreeSet<&str> = rows.filter_map(|(keys, _)| keys.get(at).copied()).collect();
        let names = ids.into_iter().filter_map(|value| {
            let description = scope.name_of(value)?;
            Some(Attributes { value, attributes: Description { description } })
        });
        names.collect()
    }
}

fn rows<'t>(table: &'t Table<'t>, period: Span, today: Day) -> Vec<(&'t [&'t str], SimAmounts)> {
    let sums = table.sums(period, today);
    if table.grouped {
        let pairs = table.keys.iter().zip(sums);
        pairs.filter_map(|(keys, sum)| sum.map(|sum| (keys.as_slice(), sum))).collect()
    } else {
        vec![(&[], sums.into_iter().flatten().next().unwrap_or_default())]
    }
}

/// The metrics asked for, as decimal texts with ten places.
fn values(sums: &SimAmounts, metrics: &[Metric]) -> BTreeMap<&'static str, MetricValue> {
    let value = |metric: Metric| {
        let amount = match metric {
            Metric::AmortizedCost => sums.amortized,
            Metric::NetAmortizedCost => sums.net_amortized,
            Metric::NetUnblendedCost => sums.net_unblended,
            Metric::UnblendedCost | Metric::BlendedCost => sums.unblended,
            Metric::UsageQuantity => sums.usage,
            // No simulated account has reserved instances of several sizes to normalise.
            Metric::NormalizedUsageAmount => Decimal::ZERO,
        };
        MetricValue { amount: format!("{amount:.10}"), unit: metric.unit() }
    };
    metrics.iter().map(|&metric| (metric.name(), value(metric))).collect()
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    group_definitions: Vec<Definition>,
    results_by_time: Vec<ResultByTime<'a>>,
    dimension_value_attributes: Vec<Attributes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Definition {
    #[serde(rename = "Type")]
    kind: &'static str,
    #[serde(rename = "Key")]
    key: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResultByTime<'a> {
    time_period: TimePeriod,
    total: BTreeMap<&'static str, MetricValue>,
    groups: Vec<Group<'a>>,
    estimated: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TimePeriod {
    start: Day,
    end: Day,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Group<'a> {
    keys: &'a [&'a str],
    metrics: BTreeMap<&'static str, MetricValue>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricValue {
    amount: String,
    unit: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes<'a> {
    value: &'a str,
    attributes: Description<'a>,
}

#[derive(Debug, Serialize)]
struct Description<'a> {
    description: &'a str,
}
