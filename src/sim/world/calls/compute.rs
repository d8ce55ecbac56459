//! EC2: instances coming and going.

use super::Site;
use crate::sim::events::Call;
use serde_json::{Value, json};

/// `RunInstances` as its record reads; `count` instances of a type from a template or by hand.
pub(crate) fn run_instances(site: Site<'_>, kind: &str, count: u32, key: Option<&str>) -> Call {
    let mut item = json!({"imageId": site.id("ami", "base"), "minCount": count, "maxCount": count});
    if let (Some(key), Value::Object(fields)) = (key, &mut item) {
        fields.insert("keyName".to_owned(), key.into());
    }
    Call::write("ec2", "RunInstances")
        .asks(json!({
            "instancesSet": {"items": [item]},
            "instanceType": kind,
            "blockDeviceMapping": {},
            "monitoring": {"enabled": false},
            "subnetId": site.id("subnet", "a"),
            "disableApiTermination": false,
            "disableApiStop": false,
            "clientToken": "~c08-~k04-4~l03-9~m03-~n12",
            "tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "Name", "value": format!("{}-{}", site.work, site.env)}]}]},
        }))
        .answers(json!({
            "requestId": "~r08-~s04-4~t03-8~u03-~v12",
            "reservationId": "r-0~w16",
            "ownerId": site.account.to_string(),
            "groupSet": {},
            "instancesSet": {"items": instance_answer(site, kind, count, key)},
        }))
        .on("AWS::EC2::Subnet", &site.id("subnet", "a"))
}

/// The instances of an answer.
fn instance_answer(site: Site<'_>, kind: &str, count: u32, key: Option<&str>) -> Vec<Value> {
    let letters = ["a", "b", "e", "f", "g", "h", "i", "j"];
    (0..count)
        .zip(letters)
        .map(|(index, letter)| {
            let mut instance = json!({
                "instanceId": format!("i-0~{letter}16"),
                "imageId": site.id("ami", "base"),
                "instanceState": {"code": 0, "name": "pending"},
                "amiLaunchIndex": index,
                "productCodes": {},
                "instanceType": kind,
                "launchTime": "~M00",
                "placement": {"availabilityZone": format!("{}a", site.region), "tenancy": "default"},
                "monitoring": {"state": "disabled"},
                "subnetId": site.id("subnet", "a"),
                "vpcId": site.id("vpc", "main"),
                "architecture": "x86_64",
                "virtualizationType": "hvm",
                "hypervisor": "xen",
                "groupSet": {"items": [{"groupId": site.id("sg", "app"), "groupName": format!("{}-app", site.work)}]},
            });
            if let (Some(key), Value::Object(fields)) = (key, &mut instance) {
                fields.insert("keyName".to_owned(), key.into());
            }
            instance
        })
        .collect()
}

/// What an auto scaling group does all day.
pub(crate) fn scaling(site: Site<'_>, kind: &str) -> Vec<Call> {
    vec![
        run_instances(site, kind, 1, None),
        Call::write("ec2", "TerminateInstances")
            .asks(json!({"instancesSet": {"items": [{"instanceId": "i-0~a16"}]}}))
            .answers(json!({
                "requestId": "~r08-~s04-4~t03-8~u03-~v12",
                "instancesSet": {"items": [{
                    "instanceId": "i-0~a16",
                    "currentState": {"code": 32, "name": "shutting-down"},
                    "previousState": {"code": 16, "name": "running"},
                }]},
            })),
        Call::write("ec2", "CreateTags")
            .asks(json!({
                "resourcesSet": {"items": [{"resourceId": "i-0~a16"}]},
                "tagSet": {"items": [{"key": "aws:autoscaling:groupName", "value": format!("{}-{}-asg", site.work, site.env)}]},
            }))
            .answers(json!({"requestId": "~r08-~s04-4~t03-8~u03-~v12", "_return": true})),
        Call::write("elasticloadbalancing", "RegisterTargets").asks(json!({
            "targetGroupArn": site.arn("elasticloadbalancing", &format!("targetgroup/{}-{}/{}", site.work, site.env, "6d0ecf831eec9f09")),
            "targets": [{"id": "i-0~a16"}],
        })),
        Call::write("elasticloadbalancing", "DeregisterTargets").asks(json!({
            "targetGroupArn": site.arn("elasticloadbalancing", &format!("targetgroup/{}-{}/{}", site.work, site.env, "6d0ecf831eec9f09")),
            "targets": [{"id": "i-0~a16"}],
        })),
    ]
}
