//! Somebody signs in as root without a second factor; elsewhere root signs in with one, and people sign in whose second
//! factor CloudTrail does not see.

use super::super::cast::BROWSER;
use super::super::roster::Purpose;
use super::{Scene, Stage};
use crate::domain::Timestamp;
use crate::sim::events::{Call, Caller, Identity};
use crate::sim::world::Story;
use serde_json::json;
use std::sync::Arc;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const REGION: &str = "us-east-1";

/// Plants the story in Coppermill's only account.
pub(super) fn plant(stage: &mut Stage<'_>) -> Option<Story> {
    let at = stage.ago(30 * HOUR);
    let plan = stage.find("coppermill-studio", Purpose::Standalone)?;
    let mut scene = stage.scene(plan, "root-no-mfa")?;
    let account = scene.plan.account.id;
    let root =
        Arc::new(Caller::new(Identity::Root { mfa: false }, account, "192.0.2.77", BROWSER).in_console().since(at));
    let failed = Call::console_login(REGION, false, false).fails_sign_in();
    scene.plant(at.plus(-95), REGION, &root, failed);
    scene.plant(at, REGION, &root, Call::console_login(REGION, false, true));
    let contact = Call::write("account", "PutAlternateContact").asks(json!({
        "alternateContactType": "BILLING", "name": "HIDDEN_DUE_TO_SECURITY_REASONS", "title": "HIDDEN_DUE_TO_SECURITY_REASONS",
        "emailAddress": "HIDDEN_DUE_TO_SECURITY_REASONS", "phoneNumber": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }));
    scene.plant(at.plus(310), REGION, &root, contact);
    let reads = Call::read("iam", "GetAccountSummary");
    scene.plant(at.plus(420), REGION, &root, reads);
    let size = scene.planted;
    let mut story = stage.story(plan, "root-no-mfa", "CT-ROOT-004", format!("arn:aws:iam::{account}:root"), at)?;
    story.summary = "The root user signs in to the console from a new address without a second factor.".to_owned();
    (story.size, story.look_alikes) = (size, look_alikes(stage, plan)?);
    Some(story)
}

fn look_alikes(stage: &mut Stage<'_>, story: usize) -> Option<usize> {
    // Root with a second factor, at two other clients.
    let mut planted = 0;
    for (slug, days) in [("fennmark-energy", 9), ("quillmark-media", 4)] {
        let at = stage.ago(days * DAY + 3 * HOUR);
        let plan = stage.find(slug, Purpose::Management)?;
        let mut scene = stage.scene(plan, "root with mfa")?;
        let office = scene.cast().office();
        let root = Arc::new(
            Caller::new(Identity::Root { mfa: true }, scene.plan.account.id, &office, BROWSER).in_console().since(at),
        );
        scene.plant(at, REGION, &root, Call::console_login(REGION, true, true));
        planted += scene.planted;
    }
    // An IAM user with a second factor in the same account, every few days, once mistyping the password.
    let now = stage.config.now;
    let mut scene = stage.scene(story, "user with mfa")?;
    let office = scene.cast().office();
    let identity = Identity::User { name: "studio-admin".to_owned(), mfa: Some(true) };
    let user = Arc::new(Caller::new(identity, scene.plan.account.id, &office, BROWSER).in_console());
    for days in [13, 10, 7, 3, 1] {
        sign_in(&mut scene, &user, now.plus(-days * DAY + 2 * HOUR));
    }
    scene.plant(
        now.plus(-3 * DAY + 2 * HOUR - 40),
        REGION,
        &user,
        Call::console_login(REGION, true, false).fails_sign_in(),
    );
    Some(planted + scene.planted)
}

fn sign_in(scene: &mut Scene<'_>, user: &Arc<Caller>, at: Timestamp) {
    scene.plant(at, REGION, user, Call::console_login(REGION, true, true));
}
