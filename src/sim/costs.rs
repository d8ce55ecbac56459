//! Simulated costs of one account.

use crate::domain::Day;
use rust_decimal::Decimal;

/// All cost lines of one account.
#[derive(Debug, Clone, Default)]
pub struct SimCosts {
    /// The lines.
    pub lines: Vec<CostLine>,
}

/// One (service, region, usage type, record type) of one account over days.
#[derive(Debug, Clone)]
pub struct CostLine {
    /// `SERVICE`, e.g. `EC2 - Other`.
    pub service: &'static str,
    /// `REGION`, e.g. `eu-west-1`, `global` or `NoRegion`.
    pub region: String,
    /// `USAGE_TYPE`, e.g. `EUW1-NatGateway-Bytes`.
    pub usage_type: String,
    /// `RECORD_TYPE`, e.g. `Usage`, `Tax`, `Credit`.
    pub record_type: &'static str,
    /// Whether it shows in grouped results. Pro-rated support and its tax do not: they are only in ungrouped totals.
    pub grouped: bool,
    /// Whether it shows only at MONTHLY granularity (tax).
    pub monthly_only: bool,
    /// The day of the first amount.
    pub first: Day,
    /// One per day from `first`; zero where nothing was billed.
    pub amounts: Vec<SimAmounts>,
}

/// The cost metrics of one line on one day; at most ten decimal places.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimAmounts {
    /// `UnblendedCost`; `BlendedCost` is the same here.
    pub unblended: Decimal,
    /// `NetUnblendedCost`.
    pub net_unblended: Decimal,
    /// `AmortizedCost`.
    pub amortized: Decimal,
    /// `NetAmortizedCost`.
    pub net_amortized: Decimal,
    /// `UsageQuantity`.
    pub usage: Decimal,
}
