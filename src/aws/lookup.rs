//! CloudTrail `LookupEvents`, one page at a time.

use super::{
    Api, AwsError, LookupFilter, LookupPage, LookupQuery, RawEvent, SdkSession, Trail,
    answer::{Answer, Text},
};
use crate::domain::{EventId, FailureKind, Timestamp};
use aws_sdk_cloudtrail::{
    operation::lookup_events::LookupEventsOutput,
    types::{LookupAttribute, LookupAttributeKey},
};
use aws_smithy_runtime_api::client::interceptors::context::Output;
use aws_smithy_types::DateTime;
use serde::Deserialize;

/// The most that one page holds (API reference, `MaxResults`).
const PAGE: i32 = 50;

impl Trail for SdkSession {
    async fn lookup_page(&self, query: &LookupQuery, next: Option<&str>) -> Result<LookupPage, AwsError> {
        let api = Api::LookupEvents;
        let attribute = |key, value: &str| {
            let attribute = LookupAttribute::builder().attribute_key(key).attribute_value(value).build();
            attribute.map(|one| vec![one]).map_err(|e| AwsError::ours(api, FailureKind::Bug, &e.to_string()))
        };
        let attributes = match query.filter {
            LookupFilter::All => None,
            LookupFilter::Writes => Some(attribute(LookupAttributeKey::ReadOnly, "false")?),
            LookupFilter::EventName(name) => Some(attribute(LookupAttributeKey::EventName, name)?),
        };
        let answer = Answer::new(page, || Output::erase(LookupEventsOutput::builder().build()));
        self.trail(&query.region)
            .lookup_events()
            .set_lookup_attributes(attributes)
            .start_time(DateTime::from_secs(query.range.start.second()))
            // CloudTrail's end is inclusive to the second; ours is exclusive.
            .end_time(DateTime::from_secs(query.range.end.second() - 1))
            .max_results(PAGE)
            .set_next_token(next.map(str::to_owned))
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(|e| AwsError::from_sdk(api, e))?;
        answer.take(api)
    }
}

/// The answer (API reference, `LookupEvents`), as far as it is used.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    #[serde(borrow)]
    events: Option<Vec<Option<Event<'a>>>>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow)]
    event_id: Option<Text<'a>>,
    /// Seconds since the epoch.
    event_time: Option<f64>,
    cloud_trail_event: Option<String>,
}

fn page(body: &str) -> serde_json::Result<LookupPage> {
    let page: Page<'_> = serde_json::from_str(body)?;
    let events = page.events.into_iter().flatten().flatten().filter_map(|event| {
        Some(RawEvent {
            id: event.event_id.filter(|Text(id)| !id.is_empty()).map(|Text(id)| EventId::of(&id)),
            time: Timestamp::from_second(event.event_time.map_or(0, |t| t.floor() as i64)),
            record: event.cloud_trail_event?,
        })
    });
    Ok(LookupPage { events: events.collect(), next: page.next_token.filter(|t| !t.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_whatever_comes_besides() {
        let body = r#"{"Events": [
            {"EventId": "a", "EventTime": 1.7950000009E9, "CloudTrailEvent": "{\"x\":\"\u00e9\"}", "Resources": [{}]},
            null, {"EventId": "b", "EventTime": 1, "CloudTrailEvent": null}, {"CloudTrailEvent": "{}"}],
            "NextToken": "", "New": {}}"#;
        let read = page(body).unwrap();
        let first = RawEvent {
            id: Some(EventId::of("a")),
            time: Timestamp::from_second(1_795_000_000),
            record: r#"{"x":"é"}"#.into(),
        };
        let bare = RawEvent { id: None, time: Timestamp::from_second(0), record: "{}".into() };
        assert_eq!((read.events, read.next), (vec![first, bare], None));
        assert_eq!(page("{}").unwrap(), LookupPage { events: Vec::new(), next: None });
        assert_eq!(page(r#"{"NextToken": "n"}"#).unwrap().next.as_deref(), Some("n"));
    }

    #[test]
    fn what_is_not_the_protocol_is_an_error() {
        let bodies =
            ["<html>", "[]", "null", r#"{"Events": ["#, r#"{"Events": [1]}"#, r#"{"Events": [{"EventTime": "x"}]}"#];
        for body in bodies {
            assert!(page(body).is_err(), "{body}");
        }
    }
}
