//! Costs as Cost Explorer reports them, kept to the last decimal.

use super::{AccountId, Currency, Day, Month, Timestamp, Untrusted};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use std::{
    collections::BTreeMap,
    ops::{Add, AddAssign, Sub},
};

/// A cost basis; all four come with every request at no extra price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// `UnblendedCost`.
    #[default]
    Unblended,
    /// `NetUnblendedCost`.
    NetUnblended,
    /// `AmortizedCost`.
    Amortized,
    /// `NetAmortizedCost`.
    NetAmortized,
}

impl Metric {
    /// All four in the order they are stored.
    pub const ALL: [Self; 4] = [Self::Unblended, Self::NetUnblended, Self::Amortized, Self::NetAmortized];

    /// The name Cost Explorer takes and gives.
    pub fn aws_name(self) -> &'static str {
        match self {
            Self::Unblended => "UnblendedCost",
            Self::NetUnblended => "NetUnblendedCost",
            Self::Amortized => "AmortizedCost",
            Self::NetAmortized => "NetAmortizedCost",
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unblended => "unblended",
            Self::NetUnblended => "net unblended",
            Self::Amortized => "amortized",
            Self::NetAmortized => "net amortized",
        }
    }
}

/// One amount per [`Metric`], in one currency held beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Amounts {
    /// `UnblendedCost`.
    pub unblended: Decimal,
    /// `NetUnblendedCost`.
    pub net_unblended: Decimal,
    /// `AmortizedCost`.
    pub amortized: Decimal,
    /// `NetAmortizedCost`.
    pub net_amortized: Decimal,
}

impl Serialize for Amounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut amounts = serializer.serialize_struct("Amounts", Metric::ALL.len())?;
        let mut text = Text::of(self.unblended);
        amounts.serialize_field("unblended", &text)?;
        for (name, amount) in [
            ("net_unblended", self.net_unblended),
            ("amortized", self.amortized),
            ("net_amortized", self.net_amortized),
        ] {
            // Most often all four are one and the same.
            if amount.serialize() != text.amount.serialize() {
                text = Text::of(amount);
            }
            amounts.serialize_field(name, &text)?;
        }
        amounts.end()
    }
}

/// What the decimal's own serialisation writes, made without the division of 96 bits that it takes for each digit: amounts
/// are most of what is stored of costs.
struct Text {
    amount: Decimal,
    /// A sign, a point and as many digits as the largest scale takes, or the largest mantissa; from the end.
    digits: [u8; 32],
    length: usize,
}

impl Text {
    fn of(amount: Decimal) -> Self {
        let mut text = Self { amount, digits: [0; 32], length: 0 };
        let Ok(mut digits) = u64::try_from(amount.mantissa().unsigned_abs()) else { return text };
        let scale = amount.scale();
        let mut room = text.digits.iter_mut().rev();
        let mut write = |byte| {
            if let Some(place) = room.next() {
                *place = byte;
                text.length += 1;
            }
        };
        let mut written = 0;
        while digits > 0 || written <= scale {
            if written == scale && scale > 0 {
                write(b'.');
            }
            write(b'0' + (digits % 10) as u8);
            digits /= 10;
            written += 1;
        }
        if amount.is_sign_negative() {
            write(b'-');
        }
        text
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.digits.get(self.digits.len() - self.length..).and_then(|text| std::str::from_utf8(text).ok());
        match text.filter(|text| !text.is_empty()) {
            Some(text) => serializer.serialize_str(text),
            // A mantissa of more than 64 bits.
            None => Serialize::serialize(&self.amount, serializer),
        }
    }
}

impl Amounts {
    /// The amount of one metric.
    pub fn get(&self, metric: Metric) -> Decimal {
        match metric {
            Metric::Unblended => self.unblended,
            Metric::NetUnblended => self.net_unblended,
            Metric::Amortized => self.amortized,
            Metric::NetAmortized => self.net_amortized,
        }
    }

    /// Sets the amount of one metric.
    pub fn set(&mut self, metric: Metric, amount: Decimal) {
        match metric {
            Metric::Unblended => self.unblended = amount,
            Metric::NetUnblended => self.net_unblended = amount,
            Metric::Amortized => self.amortized = amount,
            Metric::NetAmortized => self.net_amortized = amount,
        }
    }
}

impl Add for Amounts {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self {
            unblended: self.unblended + o.unblended,
            net_unblended: self.net_unblended + o.net_unblended,
            amortized: self.amortized + o.amortized,
            net_amortized: self.net_amortized + o.net_amortized,
        }
    }
}

impl AddAssign for Amounts {
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

impl Sub for Amounts {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self {
            unblended: self.unblended - o.unblended,
            net_unblended: self.net_unblended - o.net_unblended,
            amortized: self.amortized - o.amortized,
            net_amortized: self.net_amortized - o.net_amortized,
        }
    }
}

/// One month of costs split in two further ways. Each split sums up to the same groups, but the two cannot be crossed:
/// Cost Explorer groups by two dimensions at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSplit {
    /// The month.
    pub month: Month,
    /// The currency of all amounts.
    pub currency: Currency,
    /// By account and `RECORD_TYPE`; `None` if never read.
    pub by_record_type: Option<Vec<SplitCell>>,
    /// By account and `REGION`; `None` if never read, or not offered.
    pub by_region: Option<Vec<SplitCell>>,
    /// When it was last read.
    pub read_at: Timestamp,
}

/// One service of one account in one month, by usage type and day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageMonth {
    /// The linked account.
    pub account: AccountId,
    /// Cost Explorer's `SERVICE`.
    pub service: Untrusted,
    /// The month.
    pub month: Month,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Whether AWS called any of it an estimate.
    pub estimated: bool,
    /// Whether it is taken for final, and never asked for again.
    pub settled: bool,
    /// What was spent, oldest day first.
    pub cells: Vec<UsageCell>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// What one usage type cost in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsageTypeSum {
    /// `EUW1-NatGateway-Bytes`.
    pub usage_type: Untrusted,
    /// In the month's currency.
    pub amount: Decimal,
    /// The same by day of the month, the first at 0; `None` where nothing was booked.
    pub days: Vec<Option<Decimal>>,
}

impl UsageMonth {
    /// Summed by usage type, the most expensive first.
    pub fn by_type(&self, metric: Metric) -> Vec<UsageTypeSum> {
        let mut sums: BTreeMap<&Untrusted, UsageTypeSum> = BTreeMap::new();
        for cell in self.cells.iter().filter(|cell| cell.day.month() == self.month) {
            let sum = sums.entry(&cell.usage_type).or_insert_with(|| UsageTypeSum {
                usage_type: cell.usage_type.clone(),
                amount: Decimal::ZERO,
                days: vec![None; self.month.days().into()],
            });
            let amount = cell.amounts.get(metric);
            sum.amount += amount;
            if let Some(day) = sum.days.get_mut(usize::from(cell.day.of_month()).saturating_sub(1)) {
                *day = Some(day.unwrap_or_default() + amount);
            }
        }
        let mut rows: Vec<_> = sums.into_values().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.amount));
        rows
    }
}

/// What one usage type cost on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageCell {
    /// The day.
    pub day: Day,
    /// `EUW1-NatGateway-Bytes`.
    pub usage_type: Untrusted,
    /// The amounts.
    pub amounts: Amounts,
}

/// What one account spent under one key of a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitCell {
    /// The linked account.
    pub account: AccountId,
    /// `Usage`, `Credit`, … or `eu-west-1`, `global`, …
    pub key: Untrusted,
    /// The amounts.
    pub amounts: Amounts,
}

/// What one account spent on one service in one period (a month, or a day within [`DayCosts`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostCell {
    /// The linked account.
    pub account: AccountId,
    /// Cost Explorer's `SERVICE`, e.g. `EC2 - Other`.
    pub service: Untrusted,
    /// The amounts, in the currency of the [`CostMonth`].
    pub amounts: Amounts,
}

/// The cells of one UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCosts {
    /// The day.
    pub day: Day,
    /// `Estimated` of that day's result.
    pub estimated: bool,
    /// Account × service; a pair that had no cost is absent.
    pub cells: Vec<CostCell>,
}

/// One billing month of one payer or standalone connection: what the vault keeps as one record.
///
/// `monthly` is authoritative for the ledger; `daily` only for trends (Cost Explorer books tax by month, and
/// reservation, Savings Plan and support fees on day 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostMonth {
    /// The month.
    pub month: Month,
    /// The one currency of all amounts in it.
    pub currency: Currency,
    /// `Estimated` of the month's result.
    pub estimated: bool,
    /// Account × service by month.
    pub monthly: Vec<CostCell>,
    /// The ungrouped total of the month; `None` if it was not read. Support and its tax may be missing from the
    /// groups, so the difference is shown as the residual and never dropped.
    pub total: Option<Amounts>,
    /// Account × service by day, oldest first.
    pub daily: Vec<DayCosts>,
    /// When it was read.
    pub read_at: Timestamp,
}

impl CostMonth {
    /// The sum of all groups.
    pub fn grouped(&self) -> Amounts {
        self.monthly.iter().fold(Amounts::default(), |sum, cell| sum + cell.amounts)
    }

    /// Ungrouped total less the groups: what Cost Explorer leaves out of them.
    pub fn residual(&self) -> Option<Amounts> {
        self.total.map(|total| total - self.grouped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    /// As JSON, where it is text as it is in the vault.
    fn written(amount: Decimal) -> String {
        let amounts = Amounts { unblended: amount, ..Amounts::default() };
        serde_json::to_value(amounts).unwrap()["unblended"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_month_by_usage_type_is_summed_by_day_and_the_most_expensive_stands_first() {
        let month = "2026-10-01".parse::<Day>().unwrap().month();
        let cell = |day: i64, name: &str, dollars: i64| UsageCell {
            day: month.first().plus(day - 1),
            usage_type: name.into(),
            amounts: Amounts { net_unblended: Decimal::from(dollars), ..Amounts::default() },
        };
        let usage = UsageMonth {
            account: "111122223333".parse().unwrap(),
            service: "EC2 - Other".into(),
            month,
            currency: Currency::USD,
            estimated: false,
            settled: true,
            // The last is of another month.
            cells: vec![
                cell(1, "Hours", 2),
                cell(1, "Bytes", 5),
                cell(3, "Bytes", 4),
                cell(3, "Bytes", 1),
                cell(32, "Hours", 99),
            ],
            read_at: Timestamp::from_second(0),
        };
        let rows = usage.by_type(Metric::NetUnblended);
        let told: Vec<_> = rows.iter().map(|row| (row.usage_type.raw_for_matching(), row.amount)).collect();
        assert_eq!(told, [("Bytes", Decimal::from(10)), ("Hours", Decimal::from(2))]);
        assert_eq!((rows[0].days.len(), &rows[0].days[..3]), (31, &[Some(5.into()), None, Some(5.into())][..]));
    }

    #[rstest]
    #[case("0")]
    #[case("0.0000000000")]
    #[case("-0.05")]
    #[case("7")]
    #[case("100")]
    #[case("-12.3456789012")]
    #[case("18446744073709551615")]
    #[case("18446744073709551616")]
    #[case("0.0000000000000000000000000001")]
    #[case("79228162514264337593543950335")]
    fn an_amount_is_written_as_it_was_read(#[case] text: &str) {
        assert_eq!(written(text.parse().unwrap()), text);
    }

    proptest! {
        #[test]
        fn an_amount_is_written_as_the_decimal_itself_is(mantissa in any::<i64>(), scale in 0u32..=28, negative: bool) {
            let mut amount = Decimal::from_i128_with_scale(i128::from(mantissa), scale);
            amount.set_sign_negative(negative);
            prop_assert_eq!(serde_json::Value::from(written(amount)), serde_json::to_value(amount).unwrap());
        }

        #[test]
        fn four_amounts_are_written_each_as_itself(values in prop::collection::vec((-2i64..2, 0u32..2, any::<bool>()), 4)) {
            let amount = |n: usize| {
                let (tens, scale, negative) = values[n];
                let mut amount = Decimal::new(tens * 10, scale);
                // There is a negative zero, too.
                amount.set_sign_negative(negative);
                amount
            };
            let amounts = Amounts {
                unblended: amount(0),
                net_unblended: amount(1),
                amortized: amount(2),
                net_amortized: amount(3),
            };
            let written = serde_json::to_value(amounts).unwrap();
            for (metric, n) in Metric::ALL.into_iter().zip(0..) {
                let name = serde_json::to_value(metric).unwrap();
                prop_assert_eq!(&written[name.as_str().unwrap()], &serde_json::to_value(amount(n)).unwrap());
            }
            prop_assert_eq!(written.as_object().unwrap().len(), 4);
            let stored = postcard::to_stdvec(&amounts).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Amounts>(&stored).unwrap(), amounts);
        }
    }
}
