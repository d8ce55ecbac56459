//! What the event selectors of a trail leave out. Shapes: CloudTrail, `PutEventSelectors`.

use crate::trail::{Part, flag};

/// Whether a request sets selectors of which none records all management events, reads and writes.
pub(super) fn management_is_lost(json: Part<'_>) -> bool {
    let list = |name: &str| {
        let members = json.get("requestParameters")?.get(name)?.members()?;
        members.clone().next().is_some().then_some(members)
    };
    match (list("eventSelectors"), list("advancedEventSelectors")) {
        (None, None) => false,
        (basic, advanced) => {
            !basic.into_iter().flatten().any(basic_is_whole) && !advanced.into_iter().flatten().any(advanced_is_whole)
        }
    }
}

/// Both members may be absent; their defaults are `true` and `All`.
fn basic_is_whole(selector: Part<'_>) -> bool {
    flag(selector.get("includeManagementEvents")) != Some(false)
        && selector.get("readWriteType").and_then(Part::as_str).is_none_or(|kind| kind == "All")
}

fn advanced_is_whole(selector: Part<'_>) -> bool {
    let fields = selector.get("fieldSelectors").and_then(Part::members);
    let names = |wanted: &str, field: Part<'_>| field.get("field").and_then(Part::as_str) == Some(wanted);
    let management = |field: Part<'_>| {
        names("eventCategory", field)
            && field
                .get("equals")
                .and_then(Part::members)
                .is_some_and(|mut v| v.any(|v| v.as_str() == Some("Management")))
    };
    fields.is_some_and(|fields| fields.clone().any(management) && !fields.clone().any(|f| names("readOnly", f)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Json;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn advanced(fields: Value) -> Value {
        json!({"advancedEventSelectors": [{"name": "x", "fieldSelectors": fields}]})
    }

    #[rstest]
    #[case(json!({"eventSelectors": [{"readWriteType": "All", "includeManagementEvents": true}]}), false)]
    #[case(json!({"eventSelectors": [{"dataResources": []}]}), false)]
    #[case(json!({"eventSelectors": [{"readWriteType": "All", "includeManagementEvents": false}]}), true)]
    #[case(json!({"eventSelectors": [{"readWriteType": "ReadOnly", "includeManagementEvents": true}]}), true)]
    #[case(json!({"eventSelectors": [{"includeManagementEvents": "false"}, {"includeManagementEvents": true}]}), false)]
    #[case(advanced(json!([{"field": "eventCategory", "equals": ["Management"]}])), false)]
    #[case(advanced(json!([{"field": "eventCategory", "equals": ["Management"]}, {"field": "readOnly", "equals": ["true"]}])), true)]
    #[case(advanced(json!([{"field": "eventCategory", "equals": ["Data"]}, {"field": "resources.type", "equals": ["AWS::S3::Object"]}])), true)]
    #[case(json!({"eventSelectors": []}), false)]
    #[case(json!("HIDDEN_DUE_TO_SECURITY_REASONS"), false)]
    fn selectors_without_all_management_events_are_known(#[case] asked: Value, #[case] lost: bool) {
        assert_eq!(management_is_lost(Json::from(&json!({"requestParameters": asked})).root()), lost);
    }
}
