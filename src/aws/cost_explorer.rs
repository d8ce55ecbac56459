//! Cost Explorer `GetCostAndUsage`. The SDK has no paginator for it, so pages are followed by hand.

use super::{
    Api, AwsError, CostPage, CostPeriod, CostQuery, CostRow, Costs, Granularity, Grouping, SdkSession, UsageQuery,
    home_region,
};
use crate::domain::{Amounts, Currency, Day, FailureKind, Metric, Untrusted};
use aws_sdk_costexplorer::types::{
    DateInterval, Dimension, DimensionValues, Expression, Granularity as WireGranularity, GroupDefinition,
    GroupDefinitionType, MetricValue, ResultByTime,
};
use rust_decimal::Decimal;
use std::collections::HashMap;

const API: Api = Api::GetCostAndUsage;

impl Costs for SdkSession {
    async fn cost_page(&self, query: &CostQuery, next: Option<&str>) -> Result<CostPage, AwsError> {
        let groups = match query.grouping {
            Grouping::None => None,
            Grouping::AccountService => Some(["LINKED_ACCOUNT", "SERVICE"].map(dimension).to_vec()),
            Grouping::AccountRecordType => Some(["LINKED_ACCOUNT", "RECORD_TYPE"].map(dimension).to_vec()),
            Grouping::AccountRegion => Some(["LINKED_ACCOUNT", "REGION"].map(dimension).to_vec()),
        };
        let granularity = match query.granularity {
            Granularity::Monthly => WireGranularity::Monthly,
            Granularity::Daily => WireGranularity::Daily,
        };
        self.page((query.start, query.end), granularity, groups, None, next).await
    }

    async fn usage_page(&self, query: &UsageQuery, next: Option<&str>) -> Result<CostPage, AwsError> {
        let one = |dimension, value: &str| {
            let values = DimensionValues::builder().key(dimension).values(value).build();
            Expression::builder().dimensions(values).build()
        };
        // Two operands: Cost Explorer refuses an `And` of one.
        let filter = Expression::builder()
            .and(one(Dimension::LinkedAccount, &query.account.to_string()))
            .and(one(Dimension::Service, query.service.raw_for_matching()))
            .build();
        let groups = ["LINKED_ACCOUNT", "USAGE_TYPE"].map(dimension).to_vec();
        self.page((query.start, query.end), WireGranularity::Daily, Some(groups), Some(filter), next).await
    }
}

impl SdkSession {
    async fn page(
        &self,
        (start, end): (Day, Day),
        granularity: WireGranularity,
        groups: Option<Vec<GroupDefinition>>,
        filter: Option<Expression>,
        next: Option<&str>,
    ) -> Result<CostPage, AwsError> {
        let period = DateInterval::builder()
            .start(start.to_string())
            .end(end.to_string())
            .build()
            .map_err(|e| AwsError::ours(API, FailureKind::Bug, &e.to_string()))?;
        let answer = aws_sdk_costexplorer::Client::new(&self.in_region(&home_region(self.partition)))
            .get_cost_and_usage()
            .time_period(period)
            .granularity(granularity)
            .set_metrics(Some(Metric::ALL.map(|m| m.aws_name().to_owned()).to_vec()))
            .set_group_by(groups)
            .set_filter(filter)
            .set_next_page_token(next.map(str::to_owned))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk(API, e))?;
        Ok(CostPage {
            periods: answer.results_by_time().iter().map(period_of).collect::<Result<_, _>>()?,
            names: answer
                .dimension_value_attributes()
                .iter()
                .filter_map(|d| {
                    let name = d.attributes().and_then(|a| a.get("description"))?;
                    Some((d.value()?.parse().ok()?, Untrusted::from(name.as_str())))
                })
                .collect(),
            next: answer.next_page_token.filter(|t| !t.is_empty()),
        })
    }
}

fn dimension(key: &str) -> GroupDefinition {
    GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key(key).build()
}

fn period_of(result: &ResultByTime) -> Result<CostPeriod, AwsError> {
    let start = result.time_period().map(|p| p.start().to_owned()).unwrap_or_default();
    let mut rows = Vec::with_capacity(result.groups().len());
    for group in result.groups() {
        let mut keys = group.keys().iter();
        let (account, key) = (keys.next(), keys.next());
        let account = account.map(String::as_str).unwrap_or_default();
        let account = account.parse().map_err(|e| unusable(&format!("a group has no account ({e})")))?;
        let (amounts, currency) = amounts_of(group.metrics())?;
        rows.push(CostRow {
            account: Some(account),
            key: Some(key.map(String::as_str).unwrap_or_default().into()),
            amounts,
            currency,
        });
    }
    if let Some(total) = result.total().filter(|t| !t.is_empty()) {
        let (amounts, currency) = amounts_of(Some(total))?;
        rows.push(CostRow { account: None, key: None, amounts, currency });
    }
    Ok(CostPeriod {
        start: start.parse().map_err(|_| unusable("a period has no start date"))?,
        estimated: result.estimated(),
        rows,
    })
}

/// All four metrics of a row. A missing or unreadable amount is an error, never a zero.
fn amounts_of(metrics: Option<&HashMap<String, MetricValue>>) -> Result<(Amounts, Currency), AwsError> {
    let mut amounts = Amounts::default();
    let mut currency = None;
    for metric in Metric::ALL {
        let name = metric.aws_name();
        let value = metrics.and_then(|m| m.get(name)).ok_or_else(|| unusable(&format!("{name} is missing")))?;
        amounts.set(
            metric,
            decimal(value.amount().unwrap_or_default()).ok_or_else(|| unusable(&format!("{name} is not a decimal")))?,
        );
        let unit = value.unit().unwrap_or_default();
        let unit = Currency::parse(unit).ok_or_else(|| unusable(&format!("{name} has no currency")))?;
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
    AwsError::unusable(API, format!("the cost answer is unusable: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(amount: &str, unit: &str) -> HashMap<String, MetricValue> {
        Metric::ALL
            .iter()
            .map(|m| (m.aws_name().to_owned(), MetricValue::builder().amount(amount).unit(unit).build()))
            .collect()
    }

    #[test]
    fn amounts_keep_every_decimal_and_other_currencies() {
        let (amounts, currency) = amounts_of(Some(&metrics("0.0000000001", "CNY"))).unwrap();
        assert_eq!((amounts.amortized.to_string().as_str(), currency.as_str()), ("0.0000000001", "CNY"));
        assert_eq!(decimal("1.5E-7").unwrap().to_string(), "0.00000015");
        assert_eq!(decimal("-12.3456789012").unwrap().to_string(), "-12.3456789012");
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_a_zero() {
        assert!(amounts_of(None).is_err());
        assert!(amounts_of(Some(&metrics("", "USD"))).is_err());
        assert!(amounts_of(Some(&metrics("1,5", "USD"))).is_err());
        assert!(amounts_of(Some(&metrics("1.5", "N/A"))).is_err());
        let mut one_missing = metrics("1", "USD");
        one_missing.remove("NetAmortizedCost");
        assert!(amounts_of(Some(&one_missing)).unwrap_err().message.for_log().contains("NetAmortizedCost is missing"));
        let mut mixed = metrics("1", "USD");
        mixed.insert("AmortizedCost".into(), MetricValue::builder().amount("1").unit("EUR").build());
        assert!(amounts_of(Some(&mixed)).is_err());
    }
}
