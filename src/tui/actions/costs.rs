//! What is done in the costs: another month, another metric, and the drill by usage type.

use crate::{
    desk::{CostScope, Query, UsageScope},
    domain::Month,
    tui::{
        Effect, Model, NoticeLevel, RequestId,
        connect::{Done, Errand},
        overlays::{Overlay, Sure},
        panes::{
            PaneId,
            costs::{self, usage},
        },
    },
};

/// Months for which Cost Explorer has days, the open one included.
const MONTHS: i32 = 14;

fn months_held(model: &Model) -> (Month, Month) {
    let open = model.now.day().month();
    (open.plus(1 - MONTHS), open)
}

pub fn has_earlier_month(model: &Model) -> Result<(), String> {
    let earlier = match usage::shown_scope(model) {
        Some((scope, _)) => scope.month > months_held(model).0,
        None => model.level().months_back + 1 < costs::month_count(model),
    };
    if earlier { Ok(()) } else { Err("this is the earliest month held".into()) }
}

pub fn has_later_month(model: &Model) -> Result<(), String> {
    let later = match usage::shown_scope(model) {
        Some((scope, _)) => scope.month < months_held(model).1,
        None => model.level().months_back > 0,
    };
    if later { Ok(()) } else { Err("this is the newest month".into()) }
}

/// So many months back.
pub fn step_month(model: &mut Model, by: i8) -> Vec<Effect> {
    if let Some((scope, metric)) = usage::shown_scope(model) {
        let month = scope.month.plus(-i32::from(by));
        let scope = UsageScope { month, ..scope.clone() };
        return model.requery(Query::Usage(scope, metric));
    }
    let level = model.level_mut();
    level.months_back = level.months_back.saturating_add_signed(by.into());
    Vec::new()
}

pub fn next_metric(model: &mut Model) -> Vec<Effect> {
    let (metric, query) = match usage::shown_scope(model) {
        Some((scope, metric)) => {
            let metric = costs::next_metric(metric);
            (metric, Query::Usage(scope.clone(), metric))
        }
        None => {
            let scope = costs::scope(model);
            let metric = costs::next_metric(scope.metric);
            (metric, Query::Costs(CostScope { metric, ..scope }))
        }
    };
    model.notify(NoticeLevel::Info, format!("metric: {}", metric.word()));
    model.requery(query)
}

/// What `u` would open: the service selected, or the one whose days are shown, in the month shown.
fn drill_target(model: &Model) -> Result<Query, String> {
    let scope = costs::service(model).ok_or("open an account and select one of its services first")?;
    let (Some(client), Some(account), Some(service)) = (scope.client, scope.account, scope.service) else {
        return Err("open an account and select one of its services first".into());
    };
    let month = costs::month(model).ok_or("there are no months yet")?;
    Ok(Query::Usage(UsageScope { client, account, service, month }, scope.metric))
}

pub fn can_drill(model: &Model) -> Result<(), String> {
    if usage::shown_scope(model).is_none() {
        return drill_target(model).map(|_| ());
    }
    let looked_up = || model.level().failed.clone().unwrap_or("what was read before is still being looked up".into());
    let view = usage::data(model).ok_or_else(looked_up)?;
    match &view.usage {
        _ if model.drilling.is_some() => Err("Cost Explorer is being asked already".into()),
        Some(usage) if usage.settled => Err("this month is settled: asking again would bring nothing".into()),
        Some(_) if !view.due => Err("this was read within the last 8 hours: asking again would bring nothing".into()),
        _ => Ok(()),
    }
}

/// Opens what was read of a service by usage type; there, asks Cost Explorer, once that is confirmed with its price.
pub fn drill(model: &mut Model) -> Vec<Effect> {
    let Some((scope, _)) = usage::shown_scope(model) else {
        return drill_target(model).map_or_else(|_| Vec::new(), |query| model.open(PaneId::Costs, vec![query]));
    };
    let question = format!(
        "Ask Cost Explorer for {} in {} by usage type, {}? US$0.01 a page, and it is one as a rule; {} pays. A settled \
         month is kept for ever.",
        scope.service.for_tui(60),
        scope.account,
        scope.month.long_name(),
        scope.client
    );
    let then = Sure::Drill(scope.clone());
    model.overlays.push(Overlay::Confirm { question, then });
    Vec::new()
}

/// It is sure: asks.
pub fn ask(model: &mut Model, scope: UsageScope) -> Vec<Effect> {
    let request = RequestId(model.number());
    model.drilling = Some((request, scope.clone()));
    vec![Effect::Errand { request, errand: Errand::Drill(scope) }]
}

/// The answer came, or did not; `None` if it is not one to a drill.
pub fn drilled(model: &mut Model, request: RequestId, result: &Result<Done, String>) -> Option<Vec<Effect>> {
    let (_, scope) = model.drilling.take_if(|(asked, _)| *asked == request)?;
    let service = scope.service.for_tui(40);
    match result {
        Ok(Done::Drilled { requests, ce_spend_usd }) => {
            let paid =
                format!("{service}: {requests} asked of Cost Explorer, ${ce_spend_usd} paid by {}", scope.client);
            model.notify(NoticeLevel::Info, paid);
        }
        Ok(_) => model.notify(NoticeLevel::Error, "the answer is not one to this question; please report this"),
        Err(why) => model.notify(NoticeLevel::Error, format!("{service}: {why}")),
    }
    // Also where it failed: what was answered before that is in the ledger.
    Some(model.changed_by_hand())
}
