//! The answer of Cost Explorer's `GetCostAndUsage`, read into rows. A part that is missing or unreadable makes the whole
//! answer unusable, never a zero.

use super::{Api, AwsError, CostPage, CostPeriod, CostRow};
use crate::domain::{Amounts, Currency, Metric, Untrusted};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::{borrow::Cow, collections::BTreeMap};

/// The answer (API reference, `GetCostAndUsage`), as far as it is used.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    #[serde(borrow)]
    results_by_time: Option<Vec<ResultByTime<'a>>>,
    #[serde(borrow)]
    dimension_value_attributes: Option<Vec<DimensionValue<'a>>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResultByTime<'a> {
    #[serde(borrow)]
    time_period: Option<TimePeriod<'a>>,
    estimated: Option<bool>,
    #[serde(borrow)]
    groups: Option<Vec<Group<'a>>>,
    #[serde(borrow)]
    total: Option<BTreeMap<String, MetricValue<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimePeriod<'a> {
    #[serde(borrow)]
    start: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group<'a> {
    #[serde(borrow)]
    keys: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    metrics: Option<Metrics<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics<'a> {
    #[serde(borrow)]
    unblended_cost: Option<MetricValue<'a>>,
    #[serde(borrow)]
    net_unblended_cost: Option<MetricValue<'a>>,
    #[serde(borrow)]
    amortized_cost: Option<MetricValue<'a>>,
    #[serde(borrow)]
    net_amortized_cost: Option<MetricValue<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricValue<'a> {
    #[serde(borrow)]
    amount: Option<Text<'a>>,
    #[serde(borrow)]
    unit: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DimensionValue<'a> {
    #[serde(borrow)]
    value: Option<Text<'a>>,
    #[serde(borrow)]
    attributes: Option<Attributes<'a>>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    description: Option<Text<'a>>,
}

/// A string, copied only where it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Metrics<'a> {
    fn get(&self, metric: Metric) -> Option<&MetricValue<'a>> {
        match metric {
            Metric::Unblended => self.unblended_cost.as_ref(),
            Metric::NetUnblended => self.net_unblended_cost.as_ref(),
            Metric::Amortized => self.amortized_cost.as_ref(),
            Metric::NetAmortized => self.net_amortized_cost.as_ref(),
        }
    }
}

fn text<'t>(text: Option<&'t Text<'_>>) -> &'t str {
    text.map_or("", |text| &text.0)
}

/// Reads a body: an error if it is not the protocol of the service, an unusable answer if it is and says nothing whole.
pub(super) fn page(body: &str) -> serde_json::Result<Result<CostPage, AwsError>> {
    serde_json::from_str(body).map(rows_of)
}

fn rows_of(page: Page<'_>) -> Result<CostPage, AwsError> {
    let name_of = |named: &DimensionValue<'_>| {
        let name = named.attributes.as_ref()?.description.as_ref()?;
        Some((text(named.value.as_ref()).parse().ok()?, Untrusted::from(&*name.0)))
    };
    Ok(CostPage {
        periods: page.results_by_time.iter().flatten().map(period_of).collect::<Result<_, _>>()?,
        names: page.dimension_value_attributes.iter().flatten().filter_map(name_of).collect(),
        next: page.next_page_token.filter(|t| !t.is_empty()),
    })
}

fn period_of(result: &ResultByTime<'_>) -> Result<CostPeriod, AwsError> {
    let groups = result.groups.as_deref().unwrap_or_default();
    let mut rows = Vec::with_capacity(groups.len());
    for group in groups {
        let mut keys = group.keys.iter().flatten();
        let (account, key) = (text(keys.next()), text(keys.next()));
        let account = account.parse().map_err(|e| unusable(&format!("a group has no account ({e})")))?;
        let (amounts, currency) = amounts_of(|metric| group.metrics.as_ref()?.get(metric))?;
        rows.push(CostRow { account: Some(account), key: Some(key.into()), amounts, currency });
    }
    // Where there are groups it is empty.
    if let Some(total) = result.total.as_ref().filter(|total| !total.is_empty()) {
        let (amounts, currency) = amounts_of(|metric| total.get(metric.aws_name()))?;
        rows.push(CostRow { account: None, key: None, amounts, currency });
    }
    let start = text(result.time_period.as_ref().and_then(|period| period.start.as_ref()));
    Ok(CostPeriod {
        start: start.parse().map_err(|_| unusable("a period has no start date"))?,
        estimated: result.estimated.unwrap_or(false),
        rows,
    })
}

/// All four metrics of a row.
fn amounts_of<'m>(of: impl Fn(Metric) -> Option<&'m MetricValue<'m>>) -> Result<(Amounts, Currency), AwsError> {
    let mut amounts = Amounts::default();
    let mut currency = None;
    for metric in Metric::ALL {
        let name = metric.aws_name();
        let value = of(metric).ok_or_else(|| unusable(&format!("{name} is missing")))?;
        amounts.set(
            metric,
            decimal(text(value.amount.as_ref())).ok_or_else(|| unusable(&format!("{name} is not a decimal")))?,
        );
        let unit = Currency::parse(text(value.unit.as_ref()));
        let unit = unit.ok_or_else(|| unusable(&format!("{name} has no currency")))?;
        if *currency.get_or_insert(unit) != unit {
            return Err(unusable("two currencies in one row"));
        }
    }
    Ok((amounts, currency.unwrap_or(Currency::USD)))
}

/// A decimal string, also in the scientific form that very small amounts can have.
fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

fn unusable(what: &str) -> AwsError {
    AwsError::unusable(Api::GetCostAndUsage, format!("the cost answer is unusable: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn metrics(amount: &str, unit: &str) -> Value {
        Metric::ALL.map(|m| (m.aws_name(), json!({"Amount": amount, "Unit": unit}))).into_iter().collect()
    }

    fn amounts(metrics: &Value) -> Result<(Amounts, Currency), AwsError> {
        let text = metrics.to_string();
        let metrics: Metrics<'_> = serde_json::from_str(&text).unwrap();
        amounts_of(|metric| metrics.get(metric))
    }

    #[test]
    fn amounts_keep_every_decimal_and_other_currencies() {
        let (amounts, currency) = amounts(&metrics("0.0000000001", "CNY")).unwrap();
        assert_eq!((amounts.amortized.to_string().as_str(), currency.as_str()), ("0.0000000001", "CNY"));
        assert_eq!(decimal("1.5E-7").unwrap().to_string(), "0.00000015");
        assert_eq!(decimal("-12.3456789012").unwrap().to_string(), "-12.3456789012");
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_a_zero() {
        assert!(amounts_of(|_| None).is_err());
        assert!(amounts(&metrics("", "USD")).is_err());
        assert!(amounts(&metrics("1,5", "USD")).is_err());
        assert!(amounts(&metrics("1.5", "N/A")).is_err());
        let mut one_missing = metrics("1", "USD");
        one_missing.as_object_mut().unwrap().remove("NetAmortizedCost");
        assert!(amounts(&one_missing).unwrap_err().message.for_log().contains("NetAmortizedCost is missing"));
        let mut mixed = metrics("1", "USD");
        mixed["AmortizedCost"] = json!({"Amount": "1", "Unit": "EUR"});
        assert!(amounts(&mixed).is_err());
    }

    #[test]
    fn a_page_is_read_whatever_comes_besides() {
        let group = json!({"Keys": ["111122223333", "EC2 \"Other\""], "Metrics": metrics("1.5", "USD"), "New": [{}]});
        let day = json!({"TimePeriod": {"Start": "2026-11-01", "End": "2026-11-02"}, "Total": {}, "Groups": [group],
            "Estimated": true});
        let whole = json!({"TimePeriod": {"Start": "2026-11-02"}, "Total": metrics("2", "USD"), "Groups": null});
        let name = json!({"Value": "111122223333", "Attributes": {"description": "prod"}});
        let body = json!({"ResultsByTime": [day, whole], "DimensionValueAttributes": [name, {}], "NextPageToken": "",
            "GroupDefinitions": [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}]});
        let read = page(&body.to_string()).unwrap().unwrap();
        assert_eq!((read.periods.len(), read.names.len(), read.next), (2, 1, None));
        let row = &read.periods[0].rows[0];
        assert_eq!((row.account.unwrap().to_string().as_str(), read.periods[0].rows.len()), ("111122223333", 1));
        assert_eq!(row.key.as_ref().unwrap().raw_for_matching(), "EC2 \"Other\"");
        assert_eq!((read.periods[0].estimated, read.periods[1].estimated), (true, false));
        assert_eq!(read.periods[1].rows[0].account, None);
        assert_eq!(read.names[0].1, "prod");
    }

    #[test]
    fn what_is_not_the_protocol_is_told_from_what_is_and_cannot_be_used() {
        assert!(page("<html>").is_err() && page("[]").is_err() && page(r#"{"ResultsByTime": [{"#).is_err());
        assert!(page(r#"{"ResultsByTime": 1}"#).is_err() && page(r#"{"NextPageToken": 7}"#).is_err());
        let unusable = page(r#"{"ResultsByTime": [{"Total": {}}]}"#).unwrap().unwrap_err();
        let other = json!({"ResultsByTime": [{"TimePeriod": {"Start": "2026-11-01"}, "Total": {"BlendedCost": {}}}]});
        assert!(page(&other.to_string()).unwrap().is_err(), "a total of something else is not taken for none");
        assert!(unusable.is_paid() && unusable.message.for_log().contains("no start date"));
        assert_eq!(page("{}").unwrap().unwrap().periods, []);
    }
}
