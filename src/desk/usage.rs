//! The drill into one service of one account and month: by usage type and day. One question to Cost Explorer, asked only
//! when somebody wants it, and kept: of a month that is settled for ever.

use super::{
    Action, DeskError, Line,
    data::{ClientData, Desk},
};
use crate::{
    aws::{Api, Assume, AwsError, Costs, Job, UsageQuery, session_policy},
    connect::{Opener, Secrets},
    domain::{
        AccountId, ClientId, Connection, Currency, Metric, Month, Untrusted, UsageCell, UsageMonth, UsageTypeSum,
    },
    sync::{Pages, gate_failure, price},
};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::HashSet;

/// What is drilled into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageScope {
    /// The client.
    pub client: ClientId,
    /// The account.
    pub account: AccountId,
    /// The service, as Cost Explorer names it.
    pub service: Untrusted,
    /// The month.
    pub month: Month,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct UsageView {
    /// The client.
    pub client: ClientId,
    /// Cost Explorer requests that it took now; none where it was kept from before.
    pub requests: u64,
    /// What they cost the client, in US dollars.
    pub ce_spend_usd: Decimal,
    /// The month by usage type and day.
    #[serde(flatten)]
    pub usage: UsageMonth,
}

/// The drill as it stands, for the console: what is kept of it, and whether asking would bring anything.
#[derive(Debug, Clone)]
pub struct UsageShown {
    /// What is drilled into.
    pub scope: UsageScope,
    /// Which cost basis.
    pub metric: Metric,
    /// What is kept, if it was ever asked.
    pub usage: Option<UsageMonth>,
    /// The same by usage type, the most expensive first.
    pub rows: Vec<UsageTypeSum>,
    /// Whether Cost Explorer would be asked again: it is old, not settled, or not there.
    pub due: bool,
}

/// Hours for which the drill into a month that is not settled is not asked again.
const FRESH_SECONDS: i64 = 8 * 3_600;
/// The day of the next month from which a month that is no estimate any more is taken for settled.
const SETTLED_DAY: i64 = 8;

impl Desk {
    /// A month that was drilled into before and is still good, if there is one. Nothing is sent.
    pub fn usage_kept(&self, scope: &UsageScope) -> Result<Option<UsageView>, DeskError> {
        let view = |usage| UsageView { client: scope.client.clone(), requests: 0, ce_spend_usd: price(0), usage };
        Ok(self.usage_held(scope)?.filter(|usage| self.is_good(usage)).map(view))
    }

    /// What is kept of a drill, however old. Nothing is sent.
    pub fn usage_shown(&self, scope: &UsageScope, metric: Metric) -> Result<UsageShown, DeskError> {
        let usage = self.usage_held(scope)?;
        let rows = usage.as_ref().map(|usage| usage.by_type(metric)).unwrap_or_default();
        let due = !usage.as_ref().is_some_and(|usage| self.is_good(usage));
        Ok(UsageShown { scope: scope.clone(), metric, usage, rows, due })
    }

    fn usage_held(&self, scope: &UsageScope) -> Result<Option<UsageMonth>, DeskError> {
        let data = self.client_data(&scope.client)?;
        let connection = self.paying(&data, scope)?;
        Ok(data.store.usage(&connection.id, scope.account, scope.month, &scope.service)?)
    }

    fn is_good(&self, usage: &UsageMonth) -> bool {
        usage.settled || self.now().since(usage.read_at) < FRESH_SECONDS
    }

    /// Drills into a month: from what is kept, or by asking Cost Explorer, within the caps.
    ///
    /// # Errors
    /// When nothing can be asked, a cap is reached, or AWS refuses; in words.
    pub async fn drill_usage<C: Assume>(&self, line: &Line<'_, C>, scope: &UsageScope) -> Result<UsageView, DeskError> {
        if let Some(kept) = self.usage_kept(scope)? {
            return Ok(kept);
        }
        let data = self.client_data(&scope.client)?;
        let connection = self.paying(&data, scope)?;
        if let Some(failure) = gate_failure(connection) {
            return Err(DeskError::refused(failure));
        }
        let detail = format!("{} in {} by usage type, {}", scope.service.for_tui(60), scope.account, scope.month);
        self.permit(Action::CostDrill, Some(&scope.client), &detail)?;
        let session_name = self.session_name(line.operator);
        let opener = Opener::new(line.cloud, line.pacer, &session_name);
        let key = data.store.key_pair(connection)?;
        let secrets = Secrets { external_id: Some(&data.profile.external_id), key: key.as_ref() };
        let failed = |error: AwsError| DeskError::refused(error.failure());
        let session =
            opener.open(&connection.access, secrets, &session_policy(Job::Costs, &[]), 900).await.map_err(failed)?;
        opener
            .identity(&connection.access, &session)
            .await
            .map_err(failed)?
            .must_be(connection.account())
            .map_err(DeskError::refused)?;
        let now = self.now();
        let query = UsageQuery {
            account: scope.account,
            service: scope.service.clone(),
            start: scope.month.first(),
            end: scope.month.end().min(now.day().plus(1)),
        };
        let mut usage = UsageMonth {
            account: scope.account,
            service: scope.service.clone(),
            month: scope.month,
            currency: Currency::USD,
            estimated: false,
            settled: false,
            cells: Vec::new(),
            read_at: now,
        };
        let (mut pages, mut requests) = (Pages::of_costs(), 0);
        let mut known = HashSet::new();
        let read: Result<(), DeskError> = async {
            loop {
                data.store.reserve_page(line.caps, now)?.map_err(DeskError::refused)?;
                let account = connection.account();
                let ask = || session.usage_page(&query, pages.token());
                let (answered, _) = line.pacer.call(Api::GetCostAndUsage, account, None, ask).await;
                match AwsError::was_paid(&answered) {
                    true => requests += 1,
                    false => data.store.take_back_page(now)?,
                }
                let page = answered.map_err(failed)?;
                let new = !page.periods.is_empty();
                for period in page.periods {
                    usage.estimated |= period.estimated;
                    for row in period.rows {
                        usage.currency = row.currency;
                        let Some(usage_type) = row.key else { continue };
                        // Each usage type has one row a day, so one that is there already was only repeated.
                        if known.insert((period.start, usage_type.clone())) {
                            usage.cells.push(UsageCell { day: period.start, usage_type, amounts: row.amounts });
                        }
                    }
                }
                // What leads nowhere is not called read, and is not kept.
                if !pages.turn(page.next, new).map_err(|astray| DeskError::refused(astray.in_costs()))? {
                    break;
                }
            }
            Ok(())
        }
        .await;
        read.map_err(|error| match requests {
            0 => error,
            paid => DeskError::Refused(format!("{error}; what was asked counts as paid, {paid} at ${}", price(paid))),
        })?;
        usage.settled = !usage.estimated && now.day() >= scope.month.end().plus(SETTLED_DAY - 1);
        let mut draft = data.store.draft();
        draft.usage(&connection.id, &usage)?;
        draft.commit()?;
        Ok(UsageView { client: scope.client.clone(), requests, ce_spend_usd: price(requests), usage })
    }

    /// The connection through which an account's costs are read: its own, or its payer's.
    fn paying<'a>(&self, data: &'a ClientData, scope: &UsageScope) -> Result<&'a Connection, DeskError> {
        let has_costs = |c: &&Connection| c.kind.has_costs();
        let own = data.connections.iter().filter(has_costs).find(|c| c.account() == scope.account);
        let payer = data.accounts.get(&scope.account).and_then(|account| account.management);
        let payers = || data.connections.iter().filter(has_costs).find(|c| Some(c.account()) == payer);
        own.or_else(payers).ok_or_else(|| {
            DeskError::Refused(format!(
                "no connection of {} reads the costs of {}: connect its payer",
                scope.client, scope.account
            ))
        })
    }
}
