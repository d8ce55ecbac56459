//! The allow-listed facts of a request, in words. What is not listed here is dropped before anything is stored.

use super::{
    instances::{instance_count, instance_type},
    json::{Kind, Part},
    parse::{api, bounded, text},
};
use crate::domain::Untrusted;

/// Longest detail, in characters.
const LIMIT: usize = 200;

/// The facts of one record that may be kept, at most 200 characters; empty where nothing is listed for its event name.
pub fn detail(json: Part<'_>) -> Untrusted {
    let name = api(text(json, "/eventName").unwrap_or(""));
    bounded(&words(name, json).unwrap_or_default(), LIMIT)
}

fn words(name: &str, json: Part<'_>) -> Option<String> {
    let asked = json.get("requestParameters").filter(|v| v.fields().is_some());
    let p = |field: &str| asked?.get(field).and_then(scalar);
    match name {
        "RunInstances" => {
            let kind = instance_type(json)?;
            Some(match instance_count(json) {
                Some(n) => format!("{n} × {kind}"),
                None => kind.to_owned(),
            })
        }
        "TerminateInstances" | "StopInstances" | "StartInstances" => {
            let items = asked?.at("/instancesSet/items")?.members()?;
            Some(items.filter_map(|i| i.get("instanceId")?.as_str()).collect::<Vec<_>>().join(", "))
        }
        "ConsoleLogin" => {
            let mfa = text(json, "/additionalEventData/MFAUsed");
            let mfa = match mfa {
                Some("Yes") => "with MFA",
                _ => "no MFA",
            };
            let federated = text(json, "/userIdentity/type") == Some("AssumedRole");
            Some(match text(json, "/responseElements/ConsoleLogin") {
                Some("Success") if federated => "signed in, federated".to_owned(),
                Some("Success") => format!("signed in, {mfa}"),
                _ => format!("refused, {}", text(json, "/errorMessage").unwrap_or("no reason told")),
            })
        }
        "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity" => {
            Some(join(&[p("roleArn"), p("roleSessionName").map(|s| format!("as {s}"))]))
        }
        "SwitchRole" => text(json, "/additionalEventData/SwitchTo").map(str::to_owned),
        "AttachUserPolicy" | "DetachUserPolicy" | "PutUserPolicy" | "DeleteUserPolicy" => {
            Some(join(&[policy(asked), p("userName").map(|u| format!("user {u}"))]))
        }
        "AttachRolePolicy" | "DetachRolePolicy" | "PutRolePolicy" | "DeleteRolePolicy" => {
            Some(join(&[policy(asked), p("roleName").map(|r| format!("role {r}"))]))
        }
        "AttachGroupPolicy" | "DetachGroupPolicy" | "PutGroupPolicy" | "DeleteGroupPolicy" => {
            Some(join(&[policy(asked), p("groupName").map(|g| format!("group {g}"))]))
        }
        "CreatePolicy" | "CreatePolicyVersion" | "DeletePolicy" | "DeletePolicyVersion" | "SetDefaultPolicyVersion" => {
            policy(asked).or_else(|| p("policyId"))
        }
        "CreateAccessKey"
        | "DeleteAccessKey"
        | "UpdateAccessKey"
        | "CreateUser"
        | "DeleteUser"
        | "CreateLoginProfile"
        | "UpdateLoginProfile"
        | "DeleteLoginProfile"
        | "DeactivateMFADevice"
        | "EnableMFADevice" => p("userName").map(|u| format!("user {u}")),
        "AddUserToGroup" | "RemoveUserFromGroup" => {
            Some(join(&[p("userName").map(|u| format!("user {u}")), p("groupName").map(|g| format!("group {g}"))]))
        }
        "CreateRole" | "DeleteRole" | "UpdateAssumeRolePolicy" | "UpdateRole" => {
            p("roleName").map(|r| format!("role {r}"))
        }
        "StopLogging" | "StartLogging" | "DeleteTrail" | "UpdateTrail" | "CreateTrail" => p("name"),
        "PutEventSelectors" => p("trailName"),
        "StopConfigurationRecorder" | "StartConfigurationRecorder" | "DeleteConfigurationRecorder" => {
            p("configurationRecorderName")
        }
        "PutConfigurationRecorder" => nested(asked, "/configurationRecorder/name"),
        "DeleteDeliveryChannel" => p("deliveryChannelName"),
        "PutDeliveryChannel" => nested(asked, "/deliveryChannel/name"),
        "ScheduleKeyDeletion" => Some(join(&[p("keyId"), p("pendingWindowInDays").map(|d| format!("in {d} days"))])),
        "DisableKey" | "EnableKey" | "CancelKeyDeletion" | "PutKeyPolicy" | "DisableKeyRotation" => p("keyId"),
        "AuthorizeSecurityGroupIngress"
        | "AuthorizeSecurityGroupEgress"
        | "RevokeSecurityGroupIngress"
        | "RevokeSecurityGroupEgress" => {
            let direction = if name.ends_with("Egress") { "to" } else { "from" };
            Some(join(&[group_rules(asked?, direction), p("groupId").or_else(|| p("groupName"))]))
        }
        "CreateSecurityGroup" | "DeleteSecurityGroup" => p("groupName").or_else(|| p("groupId")),
        "ModifySecurityGroupRules" => nested(asked, "/ModifySecurityGroupRulesRequest/GroupId"),
        "CreateNetworkAclEntry" | "ReplaceNetworkAclEntry" | "DeleteNetworkAclEntry" => {
            Some(join(&[p("networkAclId"), p("ruleAction"), p("cidrBlock").or_else(|| p("ipv6CidrBlock"))]))
        }
        "DeleteNetworkAcl" => p("networkAclId"),
        "ReplaceNetworkAclAssociation" => p("networkAclId"),
        "CreateRoute" | "ReplaceRoute" | "DeleteRoute" => {
            let target =
                ["gatewayId", "natGatewayId", "transitGatewayId", "vpcPeeringConnectionId", "networkInterfaceId"]
                    .into_iter()
                    .find_map(p);
            let to = p("destinationCidrBlock").or_else(|| p("destinationIpv6CidrBlock"));
            Some(join(&[p("routeTableId"), to, target.map(|t| format!("via {t}"))]))
        }
        "DeleteRouteTable" | "DisassociateRouteTable" | "ReplaceRouteTableAssociation" => {
            p("routeTableId").or_else(|| p("associationId"))
        }
        "AttachInternetGateway" | "DetachInternetGateway" | "DeleteInternetGateway" => {
            Some(join(&[p("internetGatewayId"), p("vpcId")]))
        }
        "CreateVpc" => p("cidrBlock"),
        "DeleteVpc" | "ModifyVpcAttribute" | "CreateRouteTable" | "CreateNetworkAcl" => p("vpcId"),
        "PutBucketPolicy"
        | "DeleteBucketPolicy"
        | "PutBucketAcl"
        | "PutBucketCors"
        | "DeleteBucketCors"
        | "PutBucketReplication"
        | "PutBucketLifecycle"
        | "DeleteBucket"
        | "CreateBucket"
        | "PutBucketPublicAccessBlock"
        | "DeleteBucketPublicAccessBlock"
        | "PutBucketVersioning"
        | "DeleteBucketEncryption" => p("bucketName"),
        "LeaveOrganization" => Some("leaves its organization".to_owned()),
        "RemoveAccountFromOrganization" | "MoveAccount" | "CloseAccount" => p("accountId"),
        "AttachPolicy" | "DetachPolicy" | "UpdatePolicy" => Some(join(&[p("policyId"), p("targetId")])),
        "ModifySnapshotAttribute" => p("snapshotId"),
        "ModifyImageAttribute" => p("imageId"),
        "GetSecretValue" => p("secretId"),
        _ => None,
    }
}

/// Text, number or truth as text; lists and objects are not facts.
fn scalar(value: Part<'_>) -> Option<String> {
    match value.kind() {
        Kind::Text(s) if !s.is_empty() => Some(s.to_owned()),
        Kind::Number(n) => Some(n.to_string()),
        Kind::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

fn nested(asked: Option<Part<'_>>, path: &str) -> Option<String> {
    asked?.at(path).and_then(scalar)
}

/// `AdministratorAccess` from its ARN, or the name of an inline policy.
fn policy(asked: Option<Part<'_>>) -> Option<String> {
    let asked = asked?;
    match asked.get("policyArn").and_then(Part::as_str) {
        Some(arn) => arn.rsplit('/').next().map(str::to_owned),
        None => asked.get("policyName").and_then(scalar),
    }
}

fn join(parts: &[Option<String>]) -> String {
    parts.iter().flatten().filter(|p| !p.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ")
}

/// `22/tcp from 0.0.0.0/0`, the first four rules of a security-group request.
fn group_rules(asked: Part<'_>, direction: &str) -> Option<String> {
    let items: Vec<Part<'_>> = match asked.at("/ipPermissions/items").and_then(Part::members) {
        Some(items) => items.collect(),
        None => vec![asked],
    };
    let rules: Vec<String> = items.into_iter().filter_map(|item| group_rule(item, direction)).take(4).collect();
    (!rules.is_empty()).then(|| rules.join(", "))
}

fn group_rule(item: Part<'_>, direction: &str) -> Option<String> {
    let protocol = match item.get("ipProtocol").and_then(scalar)?.as_str() {
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        other => other.to_owned(),
    };
    let port = |name| item.get(name)?.as_number()?.as_i64();
    let (from, to) = (port("fromPort"), port("toPort"));
    let ports = match (from, to) {
        _ if protocol == "-1" => "all traffic".to_owned(),
        (Some(from), Some(to)) if from == to => format!("{from}/{protocol}"),
        (Some(from), Some(to)) => format!("{from}-{to}/{protocol}"),
        _ => protocol,
    };
    let mut peers: Vec<&str> = Vec::new();
    for (list, field) in
        [("ipRanges", "cidrIp"), ("ipv6Ranges", "cidrIpv6"), ("groups", "groupId"), ("prefixListIds", "prefixListId")]
    {
        let members = item.get(list).and_then(|l| l.get("items")).and_then(Part::members);
        peers.extend(members.into_iter().flatten().filter_map(|m| m.get(field)?.as_str()));
    }
    peers.extend(["cidrIp", "cidrIpv6"].into_iter().filter_map(|f| item.get(f)?.as_str()));
    peers.truncate(3);
    Some(if peers.is_empty() { ports } else { format!("{ports} {direction} {}", peers.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Json;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn told(record: Value) -> Untrusted {
        detail(Json::from(&record).root())
    }

    #[rstest]
    #[case("RunInstances", json!({"instanceType": "g5.48xlarge", "instancesSet": {"items": [{"minCount": 1, "maxCount": 8}]}}), "8 × g5.48xlarge")]
    #[case("AttachUserPolicy", json!({"userName": "amy", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}), "AdministratorAccess · user amy")]
    #[case("AuthorizeSecurityGroupIngress", json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}}), "22/tcp from 0.0.0.0/0 · sg-1")]
    #[case("AuthorizeSecurityGroupIngress", json!({"groupName": "web", "ipProtocol": "-1", "cidrIp": "10.0.0.0/8"}), "all traffic from 10.0.0.0/8 · web")]
    #[case("StopLogging", json!({"name": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}), "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main")]
    #[case("PutBucketPolicy", json!({"bucketName": "data", "bucketPolicy": {"Statement": []}}), "data")]
    #[case("PutParameter", json!({"name": "/secret", "value": "hunter2"}), "")]
    #[case("CreateFunction20150331", json!({"environment": {"variables": {"K": "V"}}}), "")]
    fn facts_are_told_in_words(#[case] name: &str, #[case] asked: Value, #[case] expected: &str) {
        assert_eq!(told(json!({"eventName": name, "requestParameters": asked})), expected);
    }

    #[test]
    fn a_refused_call_without_parameters_has_no_detail() {
        assert!(told(json!({"eventName": "RunInstances", "requestParameters": null})).is_empty());
        assert!(told(json!({"eventName": "AuthorizeSecurityGroupIngress"})).is_empty());
    }

    #[test]
    fn a_detail_is_bounded() {
        let long = told(json!({"eventName": "CreateUser", "requestParameters": {"userName": "é".repeat(500)}}));
        assert_eq!(long.raw_for_matching().chars().count(), LIMIT);
    }
}
