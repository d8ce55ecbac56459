//! A person stops the trail and starts it again 41 minutes later; nearby, trails are created, changed and started.

use super::super::roster::Purpose;
use super::Stage;
use crate::sim::events::Call;
use crate::sim::world::Story;
use serde_json::json;
use std::sync::Arc;

const DAY: i64 = 86_400;
const TRAIL: &str = "orbitane-org-trail";

/// Plants the story in Orbitane's log archive.
pub(super) fn plant(stage: &mut Stage<'_>) -> Option<Story> {
    let at = stage.ago(3 * DAY + 2 * 3_600);
    let plan = stage.find("orbitane-games", Purpose::Security)?;
    let mut scene = stage.scene(plan, "trail-off-on")?;
    let home = scene.home();
    let email = scene.cast().people().first().cloned()?;
    let person = Arc::new(scene.cast().person(&email, true));
    let arn = scene.site(&home).arn("cloudtrail", &format!("trail/{TRAIL}"));
    let switch =
        |name: &str| Call::write("cloudtrail", name).asks(json!({"name": arn})).on("AWS::CloudTrail::Trail", TRAIL);
    scene.plant(at, &home, &person, switch("StopLogging"));
    scene.plant(at.plus(41 * 60), &home, &person, switch("StartLogging"));
    let size = scene.planted;
    let mut story = stage.story(plan, "trail-off-on", "CT-TRAIL-050", TRAIL.to_owned(), at)?;
    story.summary = format!("{email} stops the trail and starts it again 41 minutes later.");
    (story.size, story.look_alikes) = (size, look_alikes(stage, plan)?);
    Some(story)
}

fn look_alikes(stage: &mut Stage<'_>, story: usize) -> Option<usize> {
    let now = stage.config.now;
    // The same trail is changed by the pipeline.
    let mut scene = stage.scene(story, "trail changes")?;
    let home = scene.home();
    let pipeline = Arc::new(scene.cast().pipeline());
    let arn = scene.site(&home).arn("cloudtrail", &format!("trail/{TRAIL}"));
    let bucket = scene.site(&home).bucket("trail");
    let update = Call::write("cloudtrail", "UpdateTrail")
        .asks(json!({"name": TRAIL, "s3BucketName": bucket, "isMultiRegionTrail": true, "enableLogFileValidation": true}))
        .answers(json!({"name": TRAIL, "trailARN": arn, "s3BucketName": bucket, "isMultiRegionTrail": true, "logFileValidationEnabled": true}))
        .on("AWS::CloudTrail::Trail", TRAIL);
    scene.plant(now.plus(-9 * DAY), &home, &pipeline, update);
    let tags = Call::write("cloudtrail", "AddTags")
        .asks(json!({"resourceId": arn, "tagsList": [{"key": "owner", "value": "security"}]}));
    scene.plant(now.plus(-9 * DAY + 30), &home, &pipeline, tags);
    let mut planted = scene.planted;
    // A new trail is created and started in another account, and a recorder of AWS Config is started.
    let other = stage.find("orbitane-games", Purpose::Prod)?;
    let mut scene = stage.scene(other, "new trail")?;
    let home = scene.home();
    let pipeline = Arc::new(scene.cast().pipeline());
    let arn = scene.site(&home).arn("cloudtrail", "trail/orbitane-data-events");
    let bucket = scene.site(&home).bucket("data-trail");
    let name = "orbitane-data-events";
    let create = Call::write("cloudtrail", "CreateTrail")
        .asks(json!({"name": name, "s3BucketName": bucket, "isMultiRegionTrail": false, "includeGlobalServiceEvents": false}))
        .answers(json!({"name": name, "trailARN": arn, "s3BucketName": bucket, "includeGlobalServiceEvents": false, "isMultiRegionTrail": false, "logFileValidationEnabled": false, "isOrganizationTrail": false}))
        .on("AWS::CloudTrail::Trail", name);
    let start = Call::write("cloudtrail", "StartLogging").asks(json!({"name": arn})).on("AWS::CloudTrail::Trail", name);
    let recorder =
        Call::write("config", "StartConfigurationRecorder").asks(json!({"configurationRecorderName": "default"}));
    for (n, call) in (0i64..).zip([create, start, recorder]) {
        scene.plant(now.plus(-6 * DAY + n * 20), &home, &pipeline, call);
    }
    planted += scene.planted;
    Some(planted)
}
