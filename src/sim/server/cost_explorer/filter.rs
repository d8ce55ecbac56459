//! `Filter`: Cost Explorer's expressions over dimensions.

use super::{
    invalid,
    table::{Dimension, Line},
};
use crate::sim::server::fault::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One expression: exactly one of its members is set.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Expression {
    and: Option<Vec<Expression>>,
    or: Option<Vec<Expression>>,
    not: Option<Box<Expression>>,
    dimensions: Option<DimensionValues>,
    tags: Option<Value>,
    cost_categories: Option<Value>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DimensionValues {
    key: Option<String>,
    values: Option<Vec<String>>,
    match_options: Option<Vec<String>>,
}

impl Expression {
    /// Refuses what Cost Explorer refuses. Tags and cost categories are not simulated.
    pub fn check(&self) -> Result<(), Fault> {
        let roots = [
            self.and.is_some(),
            self.or.is_some(),
            self.not.is_some(),
            self.dimensions.is_some(),
            self.tags.is_some(),
            self.cost_categories.is_some(),
        ];
        if roots.into_iter().filter(|&set| set).count() != 1 {
            return Err(invalid("Expression must have exactly one root operator"));
        }
        for (name, operands) in [("And", &self.and), ("Or", &self.or)] {
            if operands.as_ref().is_some_and(|operands| operands.len() < 2) {
                return Err(invalid(format!("{name} expression must have at least 2 operands")));
            }
        }
        if self.tags.is_some() || self.cost_categories.is_some() {
            return Err(invalid("Filters by tag or cost category are not simulated"));
        }
        self.dimensions.as_ref().map_or(Ok(()), DimensionValues::check)?;
        self.operands().try_for_each(Expression::check)
    }

    fn operands(&self) -> impl Iterator<Item = &Expression> {
        self.and.iter().chain(&self.or).flatten().chain(self.not.as_deref())
    }

    /// Whether a line passes a checked expression.
    pub fn passes(&self, line: &Line<'_>) -> bool {
        match self {
            Self { and: Some(all), .. } => all.iter().all(|one| one.passes(line)),
            Self { or: Some(any), .. } => any.iter().any(|one| one.passes(line)),
            Self { not: Some(inner), .. } => !inner.passes(line),
            Self { dimensions: Some(values), .. } => values.pass(line),
            _ => false,
        }
    }
}

impl DimensionValues {
    fn check(&self) -> Result<(), Fault> {
        let key = self.key.as_deref().unwrap_or_default();
        if Dimension::parse(key).is_none() {
            return Err(invalid(format!("Filter dimension {key} is not supported")));
        }
        if self.values.as_ref().is_none_or(Vec::is_empty) {
            return Err(invalid(format!("Filter dimension {key} needs at least one value")));
        }
        match self.match_options.as_deref().unwrap_or_default() {
            [] => Ok(()),
            [option] if option == "EQUALS" => Ok(()),
            _ => Err(invalid("MatchOptions other than EQUALS are not supported")),
        }
    }

    fn pass(&self, line: &Line<'_>) -> bool {
        let value = self.key.as_deref().and_then(Dimension::parse).map(|dimension| dimension.of(line));
        value.is_some_and(|value| self.values.iter().flatten().any(|wanted| wanted == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Day, sim::costs::CostLine};
    use rstest::rstest;

    fn passes(filter: &str) -> Result<bool, String> {
        let line = CostLine {
            service: "AmazonCloudWatch",
            region: "eu-west-1".to_owned(),
            usage_type: "EUW1-Requests".to_owned(),
            record_type: "Usage",
            grouped: true,
            monthly_only: false,
            first: Day::new(2026, 11, 1).unwrap(),
            amounts: Vec::new(),
        };
        let expression: Expression = serde_json::from_str(filter).unwrap();
        expression.check().map_err(|fault| fault.message)?;
        Ok(expression.passes(&Line { account: "111122223333", costs: &line }))
    }

    #[rstest]
    #[case(r#"{"Dimensions":{"Key":"REGION","Values":["us-east-1","eu-west-1"]}}"#, true)]
    #[case(r#"{"Dimensions":{"Key":"SERVICE","Values":["amazoncloudwatch"],"MatchOptions":["EQUALS"]}}"#, false)]
    #[case(r#"{"Not":{"Dimensions":{"Key":"RECORD_TYPE","Values":["Credit","Refund"]}}}"#, true)]
    #[case(r#"{"And":[{"Dimensions":{"Key":"LINKED_ACCOUNT","Values":["111122223333"]}},{"Dimensions":{"Key":"RECORD_TYPE","Values":["Tax"]}}]}"#, false)]
    #[case(r#"{"Or":[{"Dimensions":{"Key":"USAGE_TYPE","Values":["EUW1-Requests"]}},{"Dimensions":{"Key":"RECORD_TYPE","Values":["Tax"]}}]}"#, true)]
    fn expressions(#[case] filter: &str, #[case] expected: bool) {
        assert_eq!(passes(filter), Ok(expected));
    }

    #[rstest]
    #[case(
        r#"{"And":[{"Dimensions":{"Key":"REGION","Values":["x"]}}]}"#,
        "And expression must have at least 2 operands"
    )]
    #[case(r#"{"Or":[]}"#, "Or expression must have at least 2 operands")]
    #[case("{}", "exactly one root")]
    #[case(r#"{"Not":{"Not":{}}}"#, "exactly one root")]
    #[case(
        r#"{"Dimensions":{"Key":"REGION","Values":["x"]},"Not":{"Dimensions":{"Key":"REGION","Values":["x"]}}}"#,
        "exactly one root"
    )]
    #[case(r#"{"Dimensions":{"Key":"LINKED_ACCOUNT_NAME","Values":["x"]}}"#, "LINKED_ACCOUNT_NAME is not supported")]
    #[case(r#"{"Dimensions":{"Key":"REGION","Values":[]}}"#, "at least one value")]
    #[case(r#"{"Dimensions":{"Key":"REGION","Values":["x"],"MatchOptions":["STARTS_WITH"]}}"#, "other than EQUALS")]
    #[case(r#"{"Tags":{"Key":"team","Values":["x"]}}"#, "not simulated")]
    fn refused_expressions(#[case] filter: &str, #[case] words: &str) {
        let message = passes(filter).unwrap_err();
        assert!(message.contains(words), "{message}");
    }
}
