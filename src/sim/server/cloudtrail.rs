//! CloudTrail `LookupEvents`.
//!
//! Rules from the API reference: one region's management events of the last 90 days, newest first, at most 50 a page and
//! one lookup attribute; `StartTime` and `EndTime` are both inclusive; a `NextToken` goes with the same parameters only.

use super::{
    auth::Signed,
    cloud::{Cloud, input},
    fault::Fault,
    history::Shelf,
    trouble::{Action, Service},
};
use crate::{
    domain::{AccountId, Region, Timestamp},
    sim::events::SimEvent,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// How far back the history goes, in seconds.
const HISTORY: i64 = 90 * 86_400;
/// The largest page, and the size of one where `MaxResults` is not given.
const PAGE: i64 = 50;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    lookup_attributes: Option<Vec<LookupAttribute>>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    event_category: Option<String>,
    max_results: Option<i64>,
    #[serde(skip_serializing)]
    next_token: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LookupAttribute {
    attribute_key: Option<String>,
    attribute_value: Option<String>,
}

/// A checked lookup attribute.
enum Wanted<'a> {
    All,
    Id(&'a str),
    Name(&'a str),
    ReadOnly(bool),
    Username(&'a str),
    ResourceType(&'a str),
    ResourceName(&'a str),
    Source(&'a str),
    AccessKey(&'a str),
}

impl Wanted<'_> {
    fn fits(&self, event: &SimEvent) -> bool {
        match *self {
            Self::All => true,
            Self::Id(id) => event.id == id,
            Self::Name(name) => &*event.name == name,
            Self::ReadOnly(read_only) => event.read_only == read_only,
            Self::Username(name) => event.username.as_deref() == Some(name),
            Self::ResourceType(wanted) => event.resources.iter().any(|(kind, _)| &**kind == wanted),
            Self::ResourceName(wanted) => event.resources.iter().any(|(_, name)| &**name == wanted),
            Self::Source(source) => &*event.source == source,
            Self::AccessKey(key) => event.access_key.as_deref() == Some(key),
        }
    }
}

/// Answers one page.
pub(super) fn lookup_events(cloud: &Cloud, signed: &Signed, region: &Region, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let request: Request = input(body)?;
    let account = cloud.authorize(signed, Action::LookupEvents, "")?;
    let throttled = || Fault::json("ThrottlingException", "Rate exceeded");
    if cloud.is_throttled(Service::CloudTrail, account.id) {
        return Err(throttled());
    }
    if let Some(throttle) = &cloud.throttle
        && !throttle.take(account.id, region, Instant::now())
    {
        return Err(throttled());
    }
    let size = page_size(request.max_results)?;
    let size = cloud.faults.page_rows(Service::CloudTrail, account.id, region.as_str(), size);
    let wanted = wanted(request.lookup_attributes.as_deref().unwrap_or_default())?;
    let now = cloud.clock.now();
    let (start, end) = window(request.start_time, request.end_time, now)?;
    let insight = is_insight(request.event_category.as_deref())?;

    let binding = serde_json::to_vec(&(account.id, region, &request)).unwrap_or_default();
    let shelf = cloud.history.of(cloud.index_of(account.id), &account.events, region);
    let mut span = if insight { 0..0 } else { shelf.span(start, end) };
    if let Some(token) = &request.next_token {
        let position = cloud.tokens.read(token, &binding).map_err(|_| {
            Fault::json(
                "InvalidNextTokenException",
                "The NextToken is not valid, or the parameters differ from the first request.",
            )
        })?;
        span.end = span.end.min(usize::try_from(position).unwrap_or(usize::MAX));
    }
    let faults = cloud.faults.running();
    let fits = |event: &SimEvent| {
        wanted.fits(event) && faults.as_ref().is_none_or(|faults| faults.shows(event, account.id, region, now))
    };
    let (page, rest) = page(shelf, span, fits, size);
    let answer = Answer {
        events: page.iter().map(|event| Row::new(event, account.id)).collect(),
        next_token: rest.map(|position| cloud.tokens.issue(position as u64, &binding)),
    };
    Ok(serde_json::to_vec(&answer).unwrap_or_default())
}

/// The newest `size` events that fit, and the end position of the next page if one more fits.
fn page<'a>(
    shelf: Shelf<'a>,
    span: std::ops::Range<usize>,
    fits: impl Fn(&SimEvent) -> bool,
    size: usize,
) -> (Vec<&'a SimEvent>, Option<usize>) {
    let mut fitting = span.rev().filter_map(|at| shelf.get(at).map(|event| (at, event))).filter(|(_, e)| fits(e));
    let page = fitting.by_ref().take(size).map(|(_, event)| event).collect();
    (page, fitting.next().map(|(at, _)| at + 1))
}

fn page_size(asked: Option<i64>) -> Result<usize, Fault> {
    match asked.unwrap_or(PAGE) {
        size @ 1..=PAGE => Ok(usize::try_from(size).unwrap_or(1)),
        _ => Err(Fault::json("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")),
    }
}

fn wanted(attributes: &[LookupAttribute]) -> Result<Wanted<'_>, Fault> {
    let invalid = |message: &str| Err(Fault::json("InvalidLookupAttributesException", message));
    let attribute = match attributes {
        [] => return Ok(Wanted::All),
        [one] => one,
        _ => return invalid("You can only specify one lookup attribute."),
    };
    let (Some(key), Some(value)) = (attribute.attribute_key.as_deref(), attribute.attribute_value.as_deref()) else {
        return invalid("A lookup attribute needs AttributeKey and AttributeValue.");
    };
    match (key, value) {
        (_, "") => invalid("AttributeValue must not be empty."),
        ("EventId", id) => Ok(Wanted::Id(id)),
        ("EventName", name) => Ok(Wanted::Name(name)),
        ("ReadOnly", "true") => Ok(Wanted::ReadOnly(true)),
        ("ReadOnly", "false") => Ok(Wanted::ReadOnly(false)),
        ("ReadOnly", _) => invalid("The value of ReadOnly is true or false."),
        ("Username", name) => Ok(Wanted::Username(name)),
        ("ResourceType", kind) => Ok(Wanted::ResourceType(kind)),
        ("ResourceName", name) => Ok(Wanted::ResourceName(name)),
        ("EventSource", source) => Ok(Wanted::Source(source)),
        ("AccessKeyId", key) => Ok(Wanted::AccessKey(key)),
        _ => invalid(
            "The AttributeKey is not one of EventId, EventName, ReadOnly, Username, ResourceType, ResourceName, EventSource, AccessKeyId.",
        ),
    }
}

/// The window to search, inclusive at both ends: what was asked for within the 90 days before `now`.
fn window(start: Option<f64>, end: Option<f64>, now: Timestamp) -> Result<(Timestamp, Timestamp), Fault> {
    let oldest = now.plus(-HISTORY);
    let start = start.map_or(oldest, |seconds| Timestamp::from_second(seconds.ceil() as i64));
    let end = end.map_or(now, |seconds| Timestamp::from_second(seconds.floor() as i64));
    if start > end && start <= now {
        return Err(Fault::json("InvalidTimeRangeException", "The start time is after the end time."));
    }
    if end < oldest {
        let message = "The time range is outside of the last 90 days of event history.";
        return Err(Fault::json("InvalidTimeRangeException", message));
    }
    Ok((start.max(oldest), end.min(now)))
}

fn is_insight(category: Option<&str>) -> Result<bool, Fault> {
    match category {
        None => Ok(false),
        Some("insight") => Ok(true),
        Some(_) => Err(Fault::json("InvalidEventCategoryException", "The only event category is insight.")),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    events: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    event_id: &'a str,
    event_name: &'a str,
    read_only: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    event_time: i64,
    event_source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    resources: Vec<Resource<'a>>,
    cloud_trail_event: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource<'a> {
    resource_type: &'a str,
    resource_name: &'a str,
}

impl<'a> Row<'a> {
    fn new(event: &'a SimEvent, account: AccountId) -> Self {
        let resources = event.resources.iter();
        Self {
            event_id: &event.id,
            event_name: &event.name,
            read_only: if event.read_only { "true" } else { "false" },
            access_key_id: event.access_key.as_deref(),
            event_time: event.time.second(),
            event_source: &event.source,
            username: event.username.as_deref(),
            resources: resources.map(|(kind, name)| Resource { resource_type: kind, resource_name: name }).collect(),
            cloud_trail_event: event.record(account),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const NOW: i64 = 1_790_000_000;

    #[rstest]
    #[case(None, None, Ok((NOW - HISTORY, NOW)))]
    #[case(Some(0.0), None, Ok((NOW - HISTORY, NOW)))]
    #[case(Some(NOW as f64 - 10.5), Some(NOW as f64 - 0.5), Ok((NOW - 10, NOW - 1)))]
    #[case(Some(NOW as f64), Some(NOW as f64), Ok((NOW, NOW)))]
    #[case(Some(NOW as f64 - 1.0), Some(NOW as f64 - 2.0), Err("after the end"))]
    #[case(Some(0.0), Some(1e6), Err("last 90 days"))]
    #[case(None, Some(1e300), Ok((NOW - HISTORY, NOW)))]
    fn windows(#[case] start: Option<f64>, #[case] end: Option<f64>, #[case] expected: Result<(i64, i64), &str>) {
        let window = window(start, end, Timestamp::from_second(NOW));
        match (window, expected) {
            (Ok((start, end)), Ok(expected)) => assert_eq!((start.second(), end.second()), expected),
            (Err(fault), Err(words)) => assert!(fault.message.contains(words), "{}", fault.message),
            (window, expected) => panic!("{window:?} instead of {expected:?}"),
        }
    }
}
