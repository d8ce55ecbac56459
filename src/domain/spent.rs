//! A month of costs as the checks judge it: what was spent each day, in one metric and as floating point.

use super::{AccountId, CostCell, CostMonth, Currency, Day, Metric, Month, Timestamp};
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, de::Error};

/// The unblended side of a [`CostMonth`]. From the vault it is read out of the same bytes: most of what is stored of a
/// month is not looked at, and nothing is copied.
#[derive(Debug, PartialEq, Deserialize)]
pub struct SpentMonth<'a> {
    /// The month.
    pub month: Month,
    /// The one currency of all amounts in it.
    pub currency: Currency,
    estimated: bool,
    /// Account × service by month.
    #[serde(borrow)]
    pub monthly: Vec<SpentCell<'a>>,
    total: Option<Unblended>,
    /// Account × service by day, oldest first.
    #[serde(borrow)]
    pub daily: Vec<SpentDay<'a>>,
    read_at: Timestamp,
}

/// One UTC day of it.
#[derive(Debug, PartialEq, Deserialize)]
pub struct SpentDay<'a> {
    /// The day.
    pub day: Day,
    estimated: bool,
    /// Account × service.
    #[serde(borrow)]
    pub cells: Vec<SpentCell<'a>>,
}

/// What one account spent on one service.
#[derive(Debug, PartialEq, Deserialize)]
pub struct SpentCell<'a> {
    /// The linked account.
    pub account: AccountId,
    /// Cost Explorer's `SERVICE`: remote text, to be shown through [`Untrusted`](super::Untrusted) only.
    pub service: &'a str,
    amount: Unblended,
}

/// The first of the four amounts of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Unblended(f64);

impl SpentCell<'_> {
    /// `UnblendedCost`.
    pub fn amount(&self) -> f64 {
        self.amount.0
    }
}

impl<'de> Deserialize<'de> for Unblended {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [unblended, ..] = <[&str; Metric::ALL.len()]>::deserialize(deserializer)?;
        unblended.parse().map(Self).map_err(|_| D::Error::custom("an amount is no decimal"))
    }
}

impl<'a> From<&'a CostMonth> for SpentMonth<'a> {
    fn from(month: &'a CostMonth) -> Self {
        let cells = |cells: &'a [CostCell]| cells.iter().map(SpentCell::from).collect();
        let day = |d: &'a super::DayCosts| SpentDay { day: d.day, estimated: d.estimated, cells: cells(&d.cells) };
        Self {
            month: month.month,
            currency: month.currency,
            estimated: month.estimated,
            monthly: cells(&month.monthly),
            total: month.total.map(|total| unblended(&total)),
            daily: month.daily.iter().map(day).collect(),
            read_at: month.read_at,
        }
    }
}

impl<'a> From<&'a CostCell> for SpentCell<'a> {
    fn from(cell: &'a CostCell) -> Self {
        Self { account: cell.account, service: cell.service.raw_for_matching(), amount: unblended(&cell.amounts) }
    }
}

fn unblended(amounts: &super::Amounts) -> Unblended {
    Unblended(amounts.get(Metric::Unblended).to_f64().unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amounts, DayCosts};
    use rust_decimal::Decimal;

    #[test]
    fn it_is_read_out_of_what_is_stored_of_a_month() {
        let amounts = |cents: i64| Amounts {
            unblended: Decimal::new(cents, 2),
            net_unblended: Decimal::new(7, 0),
            amortized: Decimal::new(-3, 10),
            net_amortized: Decimal::ZERO,
        };
        let cell = |service: &str, cents| CostCell {
            account: "111122223333".parse().unwrap(),
            service: service.into(),
            amounts: amounts(cents),
        };
        let first: Day = "2026-10-01".parse().unwrap();
        let month = CostMonth {
            month: first.month(),
            currency: Currency::USD,
            estimated: true,
            monthly: vec![cell("EC2 - Other", 12_345), cell("Tax", -50)],
            total: Some(amounts(12_400)),
            daily: vec![
                DayCosts { day: first, estimated: false, cells: vec![cell("EC2 - Other", 1)] },
                DayCosts { day: first.plus(1), estimated: true, cells: Vec::new() },
            ],
            read_at: Timestamp::from_second(1_795_000_000),
        };
        let stored = postcard::to_stdvec(&month).unwrap();
        let read: SpentMonth<'_> = postcard::from_bytes(&stored).unwrap();
        assert_eq!(read, SpentMonth::from(&month));
        assert_eq!((read.monthly[0].service, read.monthly[0].amount()), ("EC2 - Other", 123.45));
        assert_eq!((read.daily.len(), read.daily[0].cells[0].amount()), (2, 0.01));
        assert!(postcard::from_bytes::<SpentMonth<'_>>(&stored[..stored.len() - 1]).is_err());
    }
}
