//! A third party's role, unused for eleven days, wakes and reads secrets; other third parties come daily and weekly, and
//! a role used from within the client has the same gap.

use super::super::cast::BOTO;
use super::super::roster::{Purpose, account_id};
use super::Stage;
use crate::sim::events::{Call, Caller, Identity, unique};
use crate::sim::world::Story;
use serde_json::json;
use std::sync::Arc;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const REGION: &str = "us-east-1";
const ROLE: &str = "vendor/StockpulseConnector";
const SESSION: &str = "stockpulse-sync";

/// Plants the story in Lumenvale's web account.
pub(super) fn plant(stage: &mut Stage<'_>) -> Option<Story> {
    let now = stage.config.now;
    let plan = stage.find("lumenvale-retail", Purpose::Prod)?;
    let mut scene = stage.scene(plan, "vendor-wakes")?;
    let home = scene.home();
    let account = scene.plan.account.id;
    let vendor = account_id(588_240_117_935);
    let from = |address: &str| {
        let principal = format!("{}:{SESSION}", unique("AROA", vendor, "sync"));
        Arc::new(Caller::new(Identity::Account { account: vendor, principal }, account, address, BOTO))
    };
    let assume = || Call::assume_role(account, ROLE, SESSION, Some("stockpulse-5f2c81d09a7b4e63"));
    let usual = from("198.18.203.8");
    for hours in [2, 9, 15, 22, 31] {
        scene.plant(now.plus(-14 * DAY + hours * HOUR), REGION, &usual, assume());
    }
    let wakes = now.plus(-DAY - 40 * 60);
    scene.plant(wakes, REGION, &from("198.51.100.23"), assume());
    let identity = Identity::Role { role: ROLE.to_owned(), session: SESSION.to_owned(), invoked_by: None };
    let agent = "Boto3/1.26.90 Python/3.10.6 Linux/5.15.0-58-generic Botocore/1.29.90";
    let session = Arc::new(Caller::new(identity, account, "198.51.100.23", agent).since(wakes));
    let site = scene.site(&home);
    let secret = |name: &str| {
        Call::read("secretsmanager", "GetSecretValue")
            .asks(json!({"secretId": site.arn("secretsmanager", &format!("secret:{name}"))}))
    };
    let reads = [
        Call::read("secretsmanager", "ListSecrets").asks(json!({"maxResults": 100})),
        secret("web/prod/database-Ab12Cd"),
        secret("web/prod/payments-Ef34Gh"),
        secret("web/prod/mail-Ij56Kl"),
        Call::read("s3", "ListBuckets").asks(json!({"Host": format!("s3.{home}.amazonaws.com")})),
    ];
    let volume = site.id("vol", "data");
    let writes = [
        Call::write("ec2", "CreateSnapshot")
            .asks(json!({"volumeId": volume, "description": "sync"}))
            .answers(json!({
                "requestId": "~r08-~s04-4~t03-8~u03-~v12", "snapshotId": "snap-0~g16", "volumeId": volume,
                "status": "pending", "startTime": "~M00", "volumeSize": "200", "encrypted": true,
            }))
            .on("AWS::EC2::Volume", &volume),
        Call::write("lambda", "UpdateFunctionConfiguration20150331v2")
            .asks(json!({"functionName": "web-prod-api", "environment": {}, "timeout": 30}))
            .on("AWS::Lambda::Function", "web-prod-api"),
    ];
    for (n, call) in (1i64..).zip(reads.into_iter().chain(writes)) {
        scene.plant(wakes.plus(n * 47), &home, &session, call);
    }
    let size = scene.planted;
    let subject = format!("arn:aws:iam::{account}:role/{ROLE}");
    let mut story = stage.story(plan, "vendor-wakes", "CT-STS-026", subject, wakes)?;
    story.summary =
        "The role of a third party, unused for more than eleven days, is assumed from a new address; its session \
                     reads secrets and changes a function."
            .to_owned();
    (story.size, story.look_alikes) = (size, look_alikes(stage, plan)?);
    Some(story)
}

/// Two uses a fortnight apart from the client's own management account and by a person; the other third parties of the
/// account are there anyway and are counted.
fn look_alikes(stage: &mut Stage<'_>, story: usize) -> Option<usize> {
    let now = stage.config.now;
    let client = stage.plans.get(story)?.client;
    let own = stage.clients.get(client)?.accounts.first().copied()?;
    let mut scene = stage.scene(story, "internal role")?;
    let account = scene.plan.account.id;
    let principal = format!("{}:report", unique("AROA", own, "report"));
    let internal = Arc::new(Caller::new(Identity::Account { account: own, principal }, account, "198.19.3.40", BOTO));
    for at in [now.plus(-13 * DAY), now.plus(-30 * HOUR)] {
        scene.plant(at, REGION, &internal, Call::assume_role(account, "shared/FortnightlyReport", "report", None));
    }
    let planted = scene.planted;
    let third_party = |e: &&crate::sim::events::SimEvent| {
        let vendor_role = e.resources.iter().any(|(_, name)| name.contains(":role/vendor/") && !name.ends_with(ROLE));
        &*e.name == "AssumeRole" && vendor_role
    };
    Some(planted + scene.plan.account.events.iter().filter(third_party).count())
}
