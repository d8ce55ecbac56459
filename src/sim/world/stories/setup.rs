//! Stories that lie in how an account is set up: a trust policy with a hole, a Cost Explorer nobody opened, a Region that
//! is forbidden. Their look-alikes are the accounts of the fleet where the same thing is in order.

use super::super::places::regions;
use super::super::roster::Purpose;
use super::Stage;
use crate::sim::world::{SimAccount, Story};

/// A member role of Ventrybay demands no ExternalId.
pub(super) fn no_external_id(stage: &mut Stage<'_>) -> Option<Story> {
    let plan = stage.find("ventrybay-robotics", Purpose::Prod)?;
    let account = &mut stage.plans.get_mut(plan)?.account;
    let role = account.roles.first_mut()?;
    role.external_id = None;
    let subject = format!("arn:aws:iam::{}:role/{}", account.id, role.resource);
    let mut story = stage.story(plan, "no-external-id", "CONN-035", subject, stage.config.now)?;
    story.summary =
        "The role can be assumed by anybody in the agency's account without the client's ExternalId.".to_owned();
    let guarded = |a: &SimAccount| a.roles.iter().all(|r| r.external_id.is_some());
    (story.size, story.look_alikes) = (1, count(stage, guarded));
    Some(story)
}

/// Nobody at Saltmarsh ever opened Cost Explorer.
pub(super) fn cost_explorer_never_enabled(stage: &mut Stage<'_>) -> Option<Story> {
    let plan = stage.find("saltmarsh-foods", Purpose::Standalone)?;
    stage.plans.get_mut(plan)?.account.cost_explorer = false;
    let mut story = stage.story(plan, "ce-never-enabled", "CONN-002", "Cost Explorer".to_owned(), stage.config.now)?;
    story.summary =
        "Cost Explorer was never enabled in this account, so every request for costs is refused.".to_owned();
    (story.size, story.look_alikes) = (1, count(stage, |a| a.cost_explorer));
    Some(story)
}

/// A service control policy of Tessaro denies everything in one Region that is enabled by default.
pub(super) fn denied_region(stage: &mut Stage<'_>) -> Option<Story> {
    let plan = stage.find("tessaro-bank", Purpose::Prod)?;
    let account = &mut stage.plans.get_mut(plan)?.account;
    account.denied_regions = regions(["sa-east-1"]);
    let mut story = stage.story(plan, "denied-region", "CONN-018", "sa-east-1".to_owned(), stage.config.now)?;
    story.summary = "A service control policy denies everything in sa-east-1: its events cannot be read.".to_owned();
    (story.size, story.look_alikes) = (1, count(stage, |a| a.denied_regions.is_empty()));
    Some(story)
}

fn count(stage: &Stage<'_>, in_order: impl Fn(&SimAccount) -> bool) -> usize {
    stage.plans.iter().filter(|p| in_order(&p.account)).count()
}
