//! The answer of Cost Explorer's `GetCostAndUsage`, read into rows. A part that is missing or unreadable makes the whole
//! answer unusable, never a zero.

use super::{Api, AwsError, CostPage, CostPeriod, CostRow, answer::Text};
use crate::domain::{Amounts, Currency, Metric, Untrusted};
use foldhash::fast::RandomState;
use rust_decimal::Decimal;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::{collections::HashMap, fmt};

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
    total: Option<Metrics>,
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
    keys: Option<Keys<'a>>,
    metrics: Option<Metrics>,
}

/// What it is grouped by: the account and one thing more.
#[derive(Default)]
struct Keys<'a>([Option<Text<'a>>; 2]);

/// The four that are asked for.
#[derive(Default)]
struct Metrics {
    /// Whether nothing at all is there, whatever it would be.
    empty: bool,
    found: [Option<Value>; Metric::ALL.len()],
}

/// One of them, as far as it can be read.
#[derive(Clone, Copy)]
struct Value {
    amount: Option<Decimal>,
    unit: Option<Currency>,
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

impl<'de: 'a, 'a> Deserialize<'de> for Keys<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Keys<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of keys")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Keys<'de>, A::Error> {
                let mut keys = Keys::default();
                for place in &mut keys.0 {
                    *place = members.next_element()?;
                }
                while members.next_element::<IgnoredAny>()?.is_some() {}
                Ok(keys)
            }
        }
        deserializer.deserialize_seq(Members)
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Metrics;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("metrics by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Metrics, A::Error> {
                let mut metrics = Metrics { empty: true, ..Metrics::default() };
                let mut before: Option<(MetricValue<'de>, Value)> = None;
                while let Some(Text(name)) = members.next_key()? {
                    metrics.empty = false;
                    let place = Metric::ALL.iter().position(|metric| metric.aws_name() == name);
                    let Some(place) = place.and_then(|place| metrics.found.get_mut(place)) else {
                        members.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    let Some(text) = members.next_value::<Option<MetricValue<'de>>>()? else { continue };
                    // Most often all four are one and the same.
                    let value = match &before {
                        Some((known, value)) if known.is(&text) => *value,
                        _ => text.read(),
                    };
                    *place = Some(value);
                    before = Some((text, value));
                }
                Ok(metrics)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl MetricValue<'_> {
    fn is(&self, other: &Self) -> bool {
        text(self.amount.as_ref()) == text(other.amount.as_ref())
            && text(self.unit.as_ref()) == text(other.unit.as_ref())
    }

    /// The amount may be in the scientific form that very small ones can have.
    fn read(&self) -> Value {
        let amount = text(self.amount.as_ref());
        Value {
            amount: Decimal::from_str_exact(amount).or_else(|_| Decimal::from_scientific(amount)).ok(),
            unit: Currency::parse(text(self.unit.as_ref())),
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
    let mut known = Known::default();
    Ok(CostPage {
        periods: page.results_by_time.iter().flatten().map(|r| period_of(r, &mut known)).collect::<Result<_, _>>()?,
        names: page.dimension_value_attributes.iter().flatten().filter_map(name_of).collect(),
        next: page.next_page_token.filter(|t| !t.is_empty()),
    })
}

/// The keys of a page: each is in it once for every account and day.
#[derive(Default)]
struct Known<'p>(HashMap<&'p str, Untrusted, RandomState>);

impl<'p> Known<'p> {
    fn take(&mut self, key: &'p str) -> Untrusted {
        self.0.entry(key).or_insert_with(|| key.into()).clone()
    }
}

fn period_of<'p>(result: &'p ResultByTime<'_>, known: &mut Known<'p>) -> Result<CostPeriod, AwsError> {
    let groups = result.groups.as_deref().unwrap_or_default();
    let mut rows = Vec::with_capacity(groups.len().max(1));
    for group in groups {
        let [account, key] = group.keys.as_ref().map_or([None; 2], |keys| keys.0.each_ref().map(Option::as_ref));
        let account = text(account).parse().map_err(|e| unusable(&format!("a group has no account ({e})")))?;
        let (amounts, currency) = amounts_of(group.metrics.as_ref())?;
        rows.push(CostRow { account: Some(account), key: Some(known.take(text(key))), amounts, currency });
    }
    // Where there are groups it is empty.
    if let Some(total) = result.total.as_ref().filter(|total| !total.empty) {
        let (amounts, currency) = amounts_of(Some(total))?;
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
fn amounts_of(metrics: Option<&Metrics>) -> Result<(Amounts, Currency), AwsError> {
    let mut amounts = Amounts::default();
    let mut currency = None;
    for (place, metric) in Metric::ALL.into_iter().enumerate() {
        let failed = |what| unusable(&format!("{} {what}", metric.aws_name()));
        let value =
            metrics.and_then(|metrics| metrics.found.get(place)?.as_ref()).ok_or_else(|| failed("is missing"))?;
        amounts.set(metric, value.amount.ok_or_else(|| failed("is not a decimal"))?);
        let unit = value.unit.ok_or_else(|| failed("has no currency"))?;
        if *currency.get_or_insert(unit) != unit {
            return Err(unusable("two currencies in one row"));
        }
    }
    Ok((amounts, currency.unwrap_or(Currency::USD)))
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
        amounts_of(Some(&serde_json::from_str(&metrics.to_string()).unwrap()))
    }

    #[test]
    fn amounts_keep_every_decimal_and_other_currencies() {
        let (amounts, currency) = amounts(&metrics("0.0000000001", "CNY")).unwrap();
        assert_eq!((amounts.amortized.to_string().as_str(), currency.as_str()), ("0.0000000001", "CNY"));
        for (given, kept) in [("1.5E-7", "0.00000015"), ("-12.3456789012", "-12.3456789012")] {
            assert_eq!(super::tests::amounts(&metrics(given, "USD")).unwrap().0.unblended.to_string(), kept);
        }
    }

    #[test]
    fn amounts_that_differ_are_read_each_as_itself() {
        let mut given = metrics("1.50", "USD");
        given["NetUnblendedCost"]["Amount"] = json!("1.5");
        given["NetAmortizedCost"]["Amount"] = json!("-2");
        let (read, _) = amounts(&given).unwrap();
        assert_eq!(Metric::ALL.map(|metric| read.get(metric).to_string()), ["1.50", "1.5", "1.50", "-2"]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_a_zero() {
        assert!(amounts_of(None).is_err());
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
        assert_eq!(read.periods[1].rows[0].amounts.net_amortized, Decimal::from(2));
        assert_eq!((read.periods[0].estimated, read.periods[1].estimated), (true, false));
        assert_eq!(read.periods[1].rows[0].account, None);
        assert_eq!(read.names[0].1, "prod");
    }

    #[test]
    fn what_is_not_the_protocol_is_told_from_what_is_and_cannot_be_used() {
        assert!(page("<html>").is_err() && page("[]").is_err() && page(r#"{"ResultsByTime": [{"#).is_err());
        assert!(page(r#"{"ResultsByTime": 1}"#).is_err() && page(r#"{"NextPageToken": 7}"#).is_err());
        for group in [
            r#"{"Keys": "x"}"#,
            r#"{"Keys": [1]}"#,
            r#"{"Metrics": []}"#,
            r#"{"Metrics": {"AmortizedCost": 1}}"#,
            r#"{"Metrics": {"AmortizedCost": {"Amount": 1}}}"#,
            r#"{"Metrics": {"AmortizedCost": {"Unit": []}}}"#,
        ] {
            assert!(page(&format!(r#"{{"ResultsByTime": [{{"Groups": [{group}]}}]}}"#)).is_err(), "{group}");
        }
        let unusable = page(r#"{"ResultsByTime": [{"Total": {}}]}"#).unwrap().unwrap_err();
        let other = json!({"ResultsByTime": [{"TimePeriod": {"Start": "2026-11-01"}, "Total": {"BlendedCost": {}}}]});
        assert!(page(&other.to_string()).unwrap().is_err(), "a total of something else is not taken for none");
        assert!(unusable.is_paid() && unusable.message.for_log().contains("no start date"));
        assert_eq!(page("{}").unwrap().unwrap().periods, []);
    }
}
