//! Cost Explorer `GetCostAndUsage`. The SDK has no paginator for it, so pages are followed by hand.

use super::{
    Api, AwsError, CostPage, CostQuery, Costs, Granularity, Grouping, SdkSession, UsageQuery, answer::Answer,
    cost_page::page,
};
use crate::domain::{Day, FailureKind, Metric};
use aws_sdk_costexplorer::{
    operation::get_cost_and_usage::GetCostAndUsageOutput,
    types::{
        DateInterval, Dimension, DimensionValues, Expression, Granularity as WireGranularity, GroupDefinition,
        GroupDefinitionType,
    },
};
use aws_smithy_runtime_api::client::interceptors::context::Output;

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
        let answer = Answer::new(page, || Output::erase(GetCostAndUsageOutput::builder().build()));
        self.explorer()
            .get_cost_and_usage()
            .time_period(period)
            .granularity(granularity)
            .set_metrics(Some(Metric::ALL.map(|m| m.aws_name().to_owned()).to_vec()))
            .set_group_by(groups)
            .set_filter(filter)
            .set_next_page_token(next.map(str::to_owned))
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(|e| AwsError::from_sdk(API, e))?;
        answer.take(API)?
    }
}

fn dimension(key: &str) -> GroupDefinition {
    GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key(key).build()
}
