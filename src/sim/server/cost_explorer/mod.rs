//! Cost Explorer `GetCostAndUsage`.
//!
//! A payer sees its whole organization, every other account itself. Costs are only known up to the clock's today.

mod answer;
mod filter;
mod period;
mod table;

use super::{
    auth::Signed,
    cloud::{Cloud, input},
    fault::Fault,
    token::TokenError,
    trouble::{Action, Service, Trouble},
};
use crate::sim::world::SimAccount;
use answer::Page;
use filter::Expression;
use period::{Granularity, Span};
use serde::{Deserialize, Serialize};
use table::{Dimension, Scope, Table};

/// Group rows on one page. AWS does not publish its number; a client has to count pages, not guess.
const PAGE_ROWS: usize = 1_000;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    time_period: Option<TimePeriod>,
    granularity: Option<String>,
    metrics: Option<Vec<String>>,
    group_by: Option<Vec<GroupDefinition>>,
    filter: Option<Expression>,
    #[serde(skip_serializing)]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TimePeriod {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupDefinition {
    #[serde(rename = "Type")]
    kind: Option<String>,
    key: Option<String>,
}

/// The metrics of `GetCostAndUsage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Metric {
    AmortizedCost,
    BlendedCost,
    NetAmortizedCost,
    NetUnblendedCost,
    NormalizedUsageAmount,
    UnblendedCost,
    UsageQuantity,
}

impl Metric {
    const ALL: [(&'static str, Self); 7] = [
        ("AmortizedCost", Self::AmortizedCost),
        ("BlendedCost", Self::BlendedCost),
        ("NetAmortizedCost", Self::NetAmortizedCost),
        ("NetUnblendedCost", Self::NetUnblendedCost),
        ("NormalizedUsageAmount", Self::NormalizedUsageAmount),
        ("UnblendedCost", Self::UnblendedCost),
        ("UsageQuantity", Self::UsageQuantity),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, metric)| *metric == self).map_or("", |(name, _)| name)
    }

    /// Quantities of different units are added up, so they have none.
    fn unit(self) -> &'static str {
        match self {
            Self::NormalizedUsageAmount | Self::UsageQuantity => "N/A",
            _ => "USD",
        }
    }
}

/// A `ValidationException`.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::json("ValidationException", message)
}

/// Answers one page.
pub(super) fn get_cost_and_usage(cloud: &Cloud, signed: &Signed, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let request: Request = input(body)?;
    let account = authorized(cloud, signed)?;
    let granularity = Granularity::parse(request.granularity.as_deref())?;
    let metrics = metrics(request.metrics.as_deref().unwrap_or_default())?;
    let dimensions = dimensions(request.group_by.as_deref().unwrap_or_default())?;
    let today = cloud.clock.now().day();
    let time = request.time_period.as_ref();
    let span = Span::parse(time.and_then(|t| t.start.as_deref()), time.and_then(|t| t.end.as_deref()))?;
    span.check(granularity, today)?;
    if let Some(filter) = &request.filter {
        filter.check()?;
    }

    let binding = serde_json::to_vec(&(account.id, &request)).unwrap_or_default();
    let from = match &request.next_page_token {
        None => 0,
        Some(token) => cloud.tokens.read(token, &binding).map_err(|error| match error {
            TokenError::Garbage => Fault::json("InvalidNextTokenException", "The pagination token is invalid."),
            TokenError::Changed => {
                Fault::json("RequestChangedException", "Your request parameters changed between pages.")
            }
        })?,
    };
    let accounts = visible(cloud, account);
    let more = accounts.iter().flat_map(|seen| {
        cloud.faults.restatements(seen, account.id).into_iter().map(|line| (seen.id.to_string(), line))
    });
    let more = more.collect();
    let scope = Scope::new(accounts, more);
    let table = Table::new(&scope, &dimensions, request.filter.as_ref(), granularity);
    let rows = cloud.faults.page_rows(Service::CostExplorer, account.id, &signed.region, PAGE_ROWS);
    let page = Page::build(&table, &span.periods(granularity), today, from, rows);
    let token = page.next.map(|position| cloud.tokens.issue(position, &binding));
    Ok(page.body(&metrics, &dimensions, &scope, token))
}

/// The caller's account, if it may use Cost Explorer and has it. The troubles of Cost Explorer are applied here.
fn authorized<'c>(cloud: &'c Cloud, signed: &Signed) -> Result<&'c SimAccount, Fault> {
    let id = cloud.account_of(&signed.caller);
    if cloud.is_throttled(Service::CostExplorer, id) {
        return Err(Fault::json("LimitExceededException", "Rate limit exceeded"));
    }
    let on = format!(" on resource: arn:aws:ce:us-east-1:{id}:/GetCostAndUsage");
    let account = cloud.authorize(signed, Action::GetCostAndUsage, &on)?;
    if !account.cost_explorer || cloud.troubles.on(&Trouble::CostExplorerNeverEnabled, id) {
        return Err(Fault::json("AccessDeniedException", "User not enabled for cost explorer access"));
    }
    if cloud.binds_member(&Trouble::CostExplorerBlockedByPayer, account) {
        // No published message was found. This one is by analogy with "Linked account doesn't have access to cost
        // allocation tags." (hashicorp/terraform-provider-aws#37636).
        return Err(Fault::json("AccessDeniedException", "Linked account doesn't have access to cost explorer."));
    }
    if cloud.troubles.on(&Trouble::CostExplorerNoData, id) {
        let message = "Data is not available. Please try to adjust the time period. If just enabled Cost Explorer, data \
                       might not be ingested yet";
        return Err(Fault::json("DataUnavailableException", message));
    }
    Ok(account)
}

/// The accounts whose costs this one sees.
fn visible<'c>(cloud: &'c Cloud, account: &'c SimAccount) -> Vec<&'c SimAccount> {
    let client = cloud.world.clients.get(account.client);
    let pays = client.and_then(|c| c.organization.as_ref()).is_some_and(|o| o.management == account.id);
    match client {
        Some(client) if pays => client.accounts.iter().filter_map(|&id| cloud.account(id)).collect(),
        _ => vec![account],
    }
}

fn metrics(names: &[String]) -> Result<Vec<Metric>, Fault> {
    if names.is_empty() {
        return Err(invalid("Metrics must not be empty: at least one metric is required"));
    }
    let mut metrics = names
        .iter()
        .map(|name| {
            let known = Metric::ALL.iter().find(|(known, _)| known == name).map(|&(_, metric)| metric);
            known.ok_or_else(|| invalid(format!("Metric {name} is not supported")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    metrics.sort_unstable();
    metrics.dedup();
    Ok(metrics)
}

fn dimensions(groups: &[GroupDefinition]) -> Result<Vec<Dimension>, Fault> {
    if groups.len() > 2 {
        return Err(invalid("Group Definition list size should be less than or equal to 2"));
    }
    let dimensions = groups
        .iter()
        .map(|group| match (group.kind.as_deref(), group.key.as_deref()) {
            (Some("DIMENSION"), Some(key)) => Dimension::parse(key)
                .ok_or_else(|| invalid(format!("Group Definition dimension {key} is not supported"))),
            _ => Err(invalid("Group Definition type must be DIMENSION, with a key")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    match dimensions.as_slice() {
        [a, b] if a == b => Err(invalid("Group Definitions must not repeat a dimension")),
        _ => Ok(dimensions),
    }
}
