//! Which cost lines a request asks for, how they fall into groups, and the sums of a period.

use super::{
    filter::Expression,
    period::{Granularity, Span},
};
use crate::{
    domain::Day,
    sim::{
        costs::{CostLine, SimAmounts},
        world::SimAccount,
    },
};
use std::collections::BTreeMap;

/// The dimensions that are simulated, for grouping and for filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    LinkedAccount,
    Service,
    Region,
    RecordType,
    UsageType,
}

impl Dimension {
    /// From AWS's name.
    pub fn parse(key: &str) -> Option<Self> {
        match key {
            "LINKED_ACCOUNT" => Some(Self::LinkedAccount),
            "SERVICE" => Some(Self::Service),
            "REGION" => Some(Self::Region),
            "RECORD_TYPE" => Some(Self::RecordType),
            "USAGE_TYPE" => Some(Self::UsageType),
            _ => None,
        }
    }

    /// AWS's name.
    pub fn key(self) -> &'static str {
        match self {
            Self::LinkedAccount => "LINKED_ACCOUNT",
            Self::Service => "SERVICE",
            Self::Region => "REGION",
            Self::RecordType => "RECORD_TYPE",
            Self::UsageType => "USAGE_TYPE",
        }
    }

    /// Its value for one line.
    pub fn of<'w>(self, line: &Line<'w>) -> &'w str {
        match self {
            Self::LinkedAccount => line.account,
            Self::Service => line.costs.service,
            Self::Region => &line.costs.region,
            Self::RecordType => line.costs.record_type,
            Self::UsageType => &line.costs.usage_type,
        }
    }
}

/// One cost line and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'w> {
    /// The 12 digits of its account.
    pub account: &'w str,
    /// Its costs.
    pub costs: &'w CostLine,
}

/// The accounts an answer is about.
#[derive(Debug)]
pub(super) struct Scope<'w> {
    accounts: Vec<(String, &'w SimAccount)>,
    /// Lines that came later, each with its account.
    more: Vec<(String, CostLine)>,
}

impl<'w> Scope<'w> {
    /// From the accounts the caller sees, and the lines that were added to them since.
    pub fn new(accounts: Vec<&'w SimAccount>, more: Vec<(String, CostLine)>) -> Self {
        Self { accounts: accounts.into_iter().map(|account| (account.id.to_string(), account)).collect(), more }
    }

    /// The name of an account of the scope.
    pub fn name_of(&self, id: &str) -> Option<&'w str> {
        self.accounts.iter().find(|(known, _)| known == id).map(|(_, account)| account.name.as_str())
    }
}

/// The lines a request asks for, each with the group it belongs to.
#[derive(Debug)]
pub(super) struct Table<'w> {
    /// Whether there are groups at all; without them everything is one total.
    pub grouped: bool,
    /// The keys of the groups, in order.
    pub keys: Vec<Vec<&'w str>>,
    lines: Vec<Placed<'w>>,
}

#[derive(Debug)]
struct Placed<'w> {
    group: usize,
    first: i64,
    amounts: &'w [SimAmounts],
}

/// A day as a number, so that positions in a line are plain subtraction.
fn number(day: Day) -> i64 {
    day.start().second().div_euclid(86_400)
}

impl<'w> Table<'w> {
    /// Chooses the lines. Lines that Cost Explorer leaves out of groups count only where there are none, and what is
    /// only monthly is missing at DAILY.
    pub fn new(
        scope: &'w Scope<'w>,
        dimensions: &[Dimension],
        filter: Option<&Expression>,
        granularity: Granularity,
    ) -> Self {
        let grouped = !dimensions.is_empty();
        let all = scope
            .accounts
            .iter()
            .flat_map(|(id, account)| account.costs.lines.iter().map(move |costs| Line { account: id, costs }))
            .chain(scope.more.iter().map(|(account, costs)| Line { account, costs }));
        let chosen = all
            .filter(|line| line.costs.grouped || !grouped)
            .filter(|line| !line.costs.monthly_only || granularity == Granularity::Monthly)
            .filter(|line| filter.is_none_or(|filter| filter.passes(line)));
        let mut groups: BTreeMap<Vec<&'w str>, Vec<&'w CostLine>> = BTreeMap::new();
        for line in chosen {
            groups
                .entry(dimensions.iter().map(|dimension| dimension.of(&line)).collect())
                .or_default()
                .push(line.costs);
        }
        let mut table = Self { grouped, keys: Vec::new(), lines: Vec::new() };
        for (group, (key, lines)) in groups.into_iter().enumerate() {
            table.keys.push(key);
            table.lines.extend(lines.into_iter().map(|line| Placed {
                group,
                first: number(line.first),
                amounts: &line.amounts,
            }));
        }
        table
    }

    /// The sums of one period up to and with `today`, by group; `None` where nothing at all was billed.
    pub fn sums(&self, period: Span, today: Day) -> Vec<Option<SimAmounts>> {
        let mut sums = vec![None; self.keys.len()];
        let (start, end) = (number(period.start), number(period.end).min(number(today) + 1));
        for line in &self.lines {
            let from = usize::try_from(start - line.first).unwrap_or(0);
            let to = usize::try_from(end - line.first).unwrap_or(0).min(line.amounts.len());
            let days = line.amounts.get(from..to).unwrap_or_default().iter().filter(|amounts| !is_zero(amounts));
            if let Some(sum) = sums.get_mut(line.group) {
                for amounts in days {
                    add(sum.get_or_insert_with(SimAmounts::default), amounts);
                }
            }
        }
        sums
    }
}

fn is_zero(a: &SimAmounts) -> bool {
    [a.unblended, a.net_unblended, a.amortized, a.net_amortized, a.usage].iter().all(|amount| amount.is_zero())
}

fn add(sum: &mut SimAmounts, more: &SimAmounts) {
    sum.unblended += more.unblended;
    sum.net_unblended += more.net_unblended;
    sum.amortized += more.amortized;
    sum.net_amortized += more.net_amortized;
    sum.usage += more.usage;
}
