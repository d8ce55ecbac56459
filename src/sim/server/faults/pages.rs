//! Pages that are not as they should be: their tokens and rows changed after the action answered.

use super::{
    FaultKind, Service,
    request::{Asked, EMPTY_MARK, members},
    rules::Running,
};
use serde_json::{Map, Value};

/// The page of an answer, worked over.
pub(super) fn changed(
    body: &[u8],
    asked: &Asked,
    kind: Option<FaultKind>,
    bits: u64,
    running: &Running,
) -> Option<Vec<u8>> {
    let mut page: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let (token, rows) = members(asked.service);
    let next = page.get(token).and_then(Value::as_str).map(str::to_owned);
    let held = page.get(rows).and_then(Value::as_array).cloned().unwrap_or_default();
    let (first_token, before) = running.note(asked, next.as_deref(), &held);
    match kind? {
        FaultKind::TokenLoop => {
            page.insert(token.to_owned(), asked.sent.clone()?.into());
        }
        FaultKind::TokenCycle => {
            // The second page goes on as it should, or the circle would have only one page.
            let first = first_token.filter(|first| asked.sent.as_ref() != Some(first))?;
            page.insert(token.to_owned(), first.into());
        }
        FaultKind::EmptyPage => {
            let inner = asked.token.as_deref().unwrap_or_default();
            page.insert(token.to_owned(), format!("e{bits:016x}{EMPTY_MARK}{inner}").into());
            page.insert(rows.to_owned(), Value::Array(Vec::new()));
        }
        FaultKind::Duplicates => {
            let mut doubled = last_groups(asked.service, before);
            doubled.extend(held);
            page.insert(rows.to_owned(), doubled.into());
        }
        FaultKind::HugePage(megabytes) => swell(&mut page, asked.service, (megabytes as usize) << 20),
        _ => return None,
    }
    serde_json::to_vec(&page).ok()
}

/// Of a period of costs only the last group is given again, as a piece of the period on the next page.
fn last_groups(service: Service, mut rows: Vec<Value>) -> Vec<Value> {
    if service != Service::CostExplorer {
        return rows;
    }
    let mut period = rows.pop().unwrap_or_default();
    if let Some(groups) = period.get_mut("Groups").and_then(Value::as_array_mut) {
        let all = groups.len();
        groups.drain(..all.saturating_sub(1));
    }
    vec![period]
}

/// Fills a page up with what no reader knows: in the records of events, where most of such a page would be, or beside
/// the rows.
fn swell(page: &mut Map<String, Value>, service: Service, bytes: usize) {
    let events = page.get_mut("Events").and_then(Value::as_array_mut).filter(|events| !events.is_empty());
    match events {
        Some(events) if service == Service::CloudTrail => {
            let each = "x".repeat(bytes / events.len());
            for event in events {
                let record = event.get("CloudTrailEvent").and_then(Value::as_str);
                let record = record.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
                if let (Some(mut record), Some(fields)) = (record, event.as_object_mut()) {
                    record.insert("filling".to_owned(), each.as_str().into());
                    fields.insert("CloudTrailEvent".to_owned(), Value::Object(record).to_string().into());
                }
            }
        }
        _ => {
            page.insert("Filling".to_owned(), "x".repeat(bytes).into());
        }
    }
}
