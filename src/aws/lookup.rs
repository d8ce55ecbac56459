//! CloudTrail `LookupEvents`, one page at a time.

use super::{Api, AwsError, LookupFilter, LookupPage, LookupQuery, RawEvent, SdkSession, Trail};
use crate::domain::{FailureKind, Timestamp};
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;

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
        let answer = self
            .trail(&query.region)
            .lookup_events()
            .set_lookup_attributes(attributes)
            .start_time(DateTime::from_secs(query.range.start.second()))
            // CloudTrail's end is inclusive to the second; ours is exclusive.
            .end_time(DateTime::from_secs(query.range.end.second() - 1))
            .max_results(PAGE)
            .set_next_token(next.map(str::to_owned))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk(api, e))?;
        let events = answer
            .events
            .unwrap_or_default()
            .into_iter()
            .filter_map(|event| {
                Some(RawEvent {
                    id: event.event_id.unwrap_or_default(),
                    time: Timestamp::from_second(event.event_time.map_or(0, |t| t.secs())),
                    record: event.cloud_trail_event?,
                })
            })
            .collect();
        Ok(LookupPage { events, next: answer.next_token.filter(|t| !t.is_empty()) })
    }
}
