//! A pipeline's access key leaks and somebody mines with it; nearby, people run GPUs and pipelines enter new Regions as
//! part of their work.

use super::super::calls::run_instances;
use super::super::cast::{CLI, TERRAFORM};
use super::super::places::{DEFAULT_REGIONS, regions};
use super::super::roster::Purpose;
use super::{ATTACKER, Scene, Stage};
use crate::domain::Timestamp;
use crate::sim::events::{Call, Caller, Identity};
use crate::sim::world::Story;
use serde_json::json;
use std::sync::Arc;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Plants the story in Kestrel's web account.
pub(super) fn plant(stage: &mut Stage<'_>) -> Option<Story> {
    let start = stage.ago(18 * HOUR);
    let plan = stage.find("kestrel-freight", Purpose::Prod)?;
    let mut scene = stage.scene(plan, "leaked-key-gpu")?;
    let never_used = regions(DEFAULT_REGIONS.iter().map(|(code, _)| *code)).into_iter().rev();
    let target = never_used.into_iter().filter(|r| r.as_str() != "sa-east-1").find(|r| !scene.works_in(r))?;
    let account = scene.plan.account.id;
    let thief = Arc::new(Caller::new(
        Identity::User { name: "ci-deploy".to_owned(), mfa: None },
        account,
        ATTACKER,
        "aws-cli/2.15.30 Python/3.11.8 Linux/6.6.9-amd64 exe/x86_64.kali.2024 prompt/off",
    ));
    look_around(&mut scene, &thief, start);
    let mining = start.plus(31 * 60);
    mine(&mut scene, &thief, target.as_str(), mining);
    let size = scene.planted;

    let subject = format!("arn:aws:iam::{account}:user/ci-deploy");
    let mut story = stage.story(plan, "leaked-key-gpu", "CT-SEQ-010", subject, mining.plus(11 * 60))?;
    story.summary = format!(
        "The access key of ci-deploy is used from {ATTACKER}: a failed try at AdministratorAccess, then a key pair, a \
         security group and 8 g5.48xlarge in {target}, where the account never wrote before."
    );
    (story.size, story.look_alikes) = (size, look_alikes(stage, plan)?);
    Some(story)
}

/// Who am I, and what may I do: nearly everything is refused.
fn look_around(scene: &mut Scene<'_>, thief: &Arc<Caller>, start: Timestamp) {
    let account = scene.plan.account.id;
    let user = format!("arn:aws:iam::{account}:user/ci-deploy");
    let denied = |action: &str, on: &str| {
        format!(
            "User: {user} is not authorized to perform: {action} on resource: {on} because no identity-based policy allows the {action} action"
        )
    };
    let who = Call::read("sts", "GetCallerIdentity");
    scene.plant(start, "us-east-1", thief, who);
    let list = Call::read("iam", "ListUsers")
        .fails("AccessDenied", &denied("iam:ListUsers", &format!("arn:aws:iam::{account}:user/")));
    scene.plant(start.plus(42), "us-east-1", thief, list);
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let attach = Call::write("iam", "AttachUserPolicy")
        .asks(json!({"userName": "ci-deploy", "policyArn": admin}))
        .fails("AccessDenied", &denied("iam:AttachUserPolicy", "user ci-deploy"));
    scene.plant(start.plus(97), "us-east-1", thief, attach);
    let create = Call::write("iam", "CreateUser")
        .asks(json!({"userName": "aws-support-sync"}))
        .fails("AccessDenied", &denied("iam:CreateUser", &format!("arn:aws:iam::{account}:user/aws-support-sync")));
    scene.plant(start.plus(131), "us-east-1", thief, create);
    let key = Call::write("iam", "CreateAccessKey")
        .asks(json!({"userName": "root-backup"}))
        .fails("AccessDenied", &denied("iam:CreateAccessKey", "user root-backup"));
    scene.plant(start.plus(166), "us-east-1", thief, key);
    let quota =
        Call::read("servicequotas", "GetServiceQuota").asks(json!({"serviceCode": "ec2", "quotaCode": "L-DB2E81BA"}));
    scene.plant(start.plus(240), "us-east-1", thief, quota);
}

/// A key pair, a security group and GPUs where nobody looks.
fn mine(scene: &mut Scene<'_>, thief: &Arc<Caller>, region: &str, start: Timestamp) {
    let site = scene.site(region);
    let request = "~r08-~s04-4~t03-8~u03-~v12";
    let pair = Call::write("ec2", "CreateKeyPair")
        .asks(json!({"keyName": "kp1", "keyType": "rsa", "keyFormat": "pem"}))
        .answers(json!({
            "requestId": request, "keyName": "kp1", "keyPairId": "key-0~k16",
            "keyFingerprint": "~f02:~g02:~h02:~i02:~j02", "keyMaterial": "<sensitiveDataRemoved>",
        }))
        .on("AWS::EC2::KeyPair", "kp1");
    scene.plant(start, region, thief, pair);
    let group = site.id("sg", "launch-wizard-9");
    let create = Call::write("ec2", "CreateSecurityGroup")
        .asks(json!({"groupName": "launch-wizard-9", "groupDescription": "launch-wizard-9", "vpcId": site.id("vpc", "default")}))
        .answers(json!({"requestId": request, "_return": true, "groupId": group}))
        .on("AWS::EC2::SecurityGroup", &group);
    scene.plant(start.plus(64), region, thief, create);
    let open = Call::write("ec2", "AuthorizeSecurityGroupIngress")
        .asks(json!({"groupId": group, "ipPermissions": {"items": [{
            "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": {}, "ipv6Ranges": {}, "prefixListIds": {},
            "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
        }]}}))
        .answers(json!({"requestId": request, "_return": true, "securityGroupRuleSet": {"items": [{
            "groupOwnerId": scene.plan.account.id.to_string(), "groupId": group, "securityGroupRuleId": "sgr-0~g16",
            "isEgress": false, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "0.0.0.0/0",
        }]}}))
        .on("AWS::EC2::SecurityGroup", &group);
    scene.plant(start.plus(90), region, thief, open);
    // Eight g5.48xlarge are 1,536 vCPUs: all that the quota allows.
    let tries = [
        (200, "p4d.24xlarge", 8, 0),
        (260, "p3.16xlarge", 8, 0),
        (380, "g5.48xlarge", 16, 1_536),
        (1_440, "g5.48xlarge", 2, 1_536),
    ];
    for (wait, kind, count, limit) in tries {
        let refused =
            run_instances(site, kind, count, Some("kp1")).fails("Client.VcpuLimitExceeded", &over_quota(limit));
        scene.plant(start.plus(wait), region, thief, refused);
    }
    scene.plant(start.plus(11 * 60), region, thief, run_instances(site, "g5.48xlarge", 8, Some("kp1")));
}

/// EC2's words when a quota of vCPUs is exceeded.
fn over_quota(limit: u32) -> String {
    format!(
        "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket that \
         the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an \
         adjustment to this limit."
    )
}

/// GPUs in their usual Region, a planned new Region without GPUs, and refusals of known people.
fn look_alikes(stage: &mut Stage<'_>, story: usize) -> Option<usize> {
    let now = stage.config.now;
    // Robots are trained on GPUs every day, always in the same Region.
    let team = stage.find("ventrybay-robotics", Purpose::Dev)?;
    let mut scene = stage.scene(team, "gpu team")?;
    let home = scene.home();
    let email = scene.cast().people().first().cloned()?;
    let trainer = Arc::new(scene.cast().person(&email, false));
    for day in 0..14 {
        let kind = if day % 3 == 2 { "g5.48xlarge" } else { "g5.12xlarge" };
        let call = run_instances(scene.site(&home), kind, 2, Some("training"));
        scene.plant(now.plus(-14 * DAY + day * DAY + 9 * HOUR + day * 311), &home, &trainer, call);
    }
    let mut planted = scene.planted;
    // Kestrel's pipeline rolls out to a Region that is new to its development account.
    let dev = stage.find("kestrel-freight", Purpose::Dev).filter(|p| *p != story);
    if let Some(mut scene) = dev.and_then(|p| stage.scene(p, "new region")) {
        let fresh = regions(["us-west-1"]).into_iter().find(|r| !scene.works_in(r))?;
        let pipeline = Arc::new(scene.cast().pipeline());
        let site = scene.site(fresh.as_str());
        let start = now.plus(-4 * DAY);
        let group = Call::write("logs", "CreateLogGroup").asks(json!({"logGroupName": "/ecs/web-dev"}));
        scene.plant(start, fresh.as_str(), &pipeline, group);
        for (minutes, kind) in [(4, "t3.medium"), (5, "t3.medium"), (9, "m6i.large")] {
            scene.plant(start.plus(minutes * 60), fresh.as_str(), &pipeline, run_instances(site, kind, 1, None));
        }
        planted += scene.planted;
    }
    // In the account itself: the pipeline is refused a policy by its boundary, a developer a GPU by quota.
    let mut scene = stage.scene(story, "refusals")?;
    let home = scene.home();
    let pipeline = Arc::new(scene.cast().pipeline());
    let email = scene.cast().people().first().cloned()?;
    let developer = Arc::new(Caller { agent: CLI.into(), ..scene.cast().person(&email, false) });
    debug_assert_eq!(&*pipeline.agent, TERRAFORM);
    let attach = Call::write("iam", "AttachRolePolicy")
        .asks(json!({"roleName": "web-prod-lambda", "policyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}))
        .fails("AccessDenied", "User is not authorized to perform: iam:AttachRolePolicy because no permissions boundary allows the iam:AttachRolePolicy action");
    scene.plant(now.plus(-5 * DAY), "us-east-1", &pipeline, attach);
    let gpu = run_instances(scene.site(&home), "g5.xlarge", 1, None).fails("Client.VcpuLimitExceeded", &over_quota(0));
    scene.plant(now.plus(-2 * DAY), &home, &developer, gpu);
    Some(planted + scene.planted)
}
