//! What an S3 request opens. Shapes: the request's headers and XML body, as CloudTrail records them.

use crate::trail::{Kind, Part, flag};

/// Groups that are everybody, or everybody with any AWS account. Source: Amazon S3, "Access control list overview".
const EVERYBODY: [&str; 2] =
    ["acs.amazonaws.com/groups/global/AllUsers", "acs.amazonaws.com/groups/global/AuthenticatedUsers"];
const PARTS: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

/// Whether an ACL in the request, canned or spelt out, grants anything to everybody.
pub(super) fn acl_is_public(json: Part<'_>) -> bool {
    let Some(asked) = json.get("requestParameters") else { return false };
    let open = |text: &str| text.starts_with("public-read") || text == "authenticated-read";
    let canned = asked.get("x-amz-acl").is_some_and(|value| any_text(value, &open));
    canned || any_text(asked, &|text| EVERYBODY.into_iter().any(|group| text.contains(group)))
}

/// Whether a public access block is set with a part of it off. S3 takes an absent part for off.
pub(super) fn public_block_is_off(json: Part<'_>) -> bool {
    let set = json.at("/requestParameters/PublicAccessBlockConfiguration").and_then(Part::fields);
    set.is_some_and(|set| PARTS.into_iter().any(|part| flag(set.get(part)) != Some(true)))
}

fn any_text(value: Part<'_>, test: &dyn Fn(&str) -> bool) -> bool {
    match value.kind() {
        Kind::Text(text) => test(text),
        Kind::List(mut members) => members.any(|member| any_text(member, test)),
        Kind::Object(mut fields) => fields.any(|(_, field)| any_text(field, test)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Json;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn grant(uri: &str) -> Value {
        json!({"AccessControlPolicy": {"AccessControlList": {"Grant": [
            {"Grantee": {"xsi:type": "CanonicalUser", "ID": "1f"}, "Permission": "FULL_CONTROL"},
            {"Grantee": {"xsi:type": "Group", "URI": uri}, "Permission": "READ"}]}}})
    }

    #[rstest]
    #[case(json!({"x-amz-acl": "public-read"}), true)]
    #[case(json!({"x-amz-acl": ["public-read-write"]}), true)]
    #[case(json!({"x-amz-acl": "private"}), false)]
    #[case(json!({"accessControlList": {"x-amz-grant-read": "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\""}}), true)]
    #[case(grant("http://acs.amazonaws.com/groups/global/AuthenticatedUsers"), true)]
    #[case(grant("http://acs.amazonaws.com/groups/s3/LogDelivery"), false)]
    #[case(json!({"bucketName": "public-read", "acl": ""}), false)]
    fn a_public_acl_is_known_in_every_form(#[case] asked: Value, #[case] public: bool) {
        assert_eq!(acl_is_public(Json::from(&json!({"requestParameters": asked})).root()), public);
    }

    #[rstest]
    #[case(json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true}), false)]
    #[case(json!({"BlockPublicAcls": "true", "IgnorePublicAcls": "true", "BlockPublicPolicy": "true", "RestrictPublicBuckets": "true"}), false)]
    #[case(json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": "false", "RestrictPublicBuckets": true}), true)]
    #[case(json!({"BlockPublicAcls": true}), true)]
    #[case(json!("HIDDEN_DUE_TO_SECURITY_REASONS"), false)]
    fn a_part_that_is_off_or_absent_is_off(#[case] set: Value, #[case] off: bool) {
        let json = Json::from(&json!({"requestParameters": {"PublicAccessBlockConfiguration": set}}));
        assert_eq!(public_block_is_off(json.root()), off);
    }
}
