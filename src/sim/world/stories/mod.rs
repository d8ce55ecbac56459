//! What is planted: eight stories, each in a client of its own, and around each of them ordinary things that look alike.

mod leaked_key;
mod nat_runaway;
mod root_no_mfa;
mod setup;
mod trail_off_on;
mod vendor_wakes;

use super::activity::Scribe;
use super::bills::Calendar;
use super::calls::Site;
use super::cast::Cast;
use super::places::regions;
use super::roster::{CLIENTS, Plan, Purpose};
use super::{SimClient, Story, WorldConfig};
use crate::domain::{Region, Timestamp};
use crate::sim::events::{Call, Caller};
use std::sync::Arc;

/// The addresses attackers come from are those reserved for documentation (RFC 5737); nobody else uses them here.
const ATTACKER: &str = "203.0.113.66";

/// The half-made world on which stories are planted.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) config: &'a WorldConfig,
    pub(crate) clients: &'a [SimClient],
    pub(crate) plans: &'a mut [Plan],
}

impl Stage<'_> {
    /// Index of a client's first account of this purpose, or of its last account where it has none.
    fn find(&self, slug: &str, purpose: Purpose) -> Option<usize> {
        let of_client = |p: &Plan| p.spec().slug == slug && p.alive();
        let wanted = self.plans.iter().position(|p| of_client(p) && p.purpose == purpose);
        wanted.or_else(|| self.plans.iter().rposition(of_client))
    }

    /// `seconds` before now.
    fn ago(&self, seconds: i64) -> Timestamp {
        self.config.now.plus(-seconds)
    }

    /// A story's entry, still without its counts.
    fn story(
        &self,
        plan: usize,
        story: &'static str,
        check: &'static str,
        subject: String,
        at: Timestamp,
    ) -> Option<Story> {
        let plan = self.plans.get(plan)?;
        Some(Story {
            story,
            client: plan.spec().slug.to_owned(),
            account: plan.account.id,
            check,
            subject,
            at,
            summary: String::new(),
            look_alikes: 0,
            size: 0,
        })
    }

    /// Opens an account for planting.
    fn scene(&mut self, plan: usize, purpose: &str) -> Option<Scene<'_>> {
        let seed = self.config.seed;
        let plan = self.plans.get_mut(plan)?;
        let scribe = Scribe::new(seed, plan.account.id.number(), purpose);
        Some(Scene { plan, scribe, planted: 0 })
    }
}

/// One account into which events are planted.
struct Scene<'a> {
    plan: &'a mut Plan,
    scribe: Scribe,
    planted: usize,
}

impl Scene<'_> {
    fn cast(&self) -> Cast<'_> {
        Cast::new(self.plan)
    }

    /// The account's main Region.
    fn home(&self) -> String {
        self.plan.account.regions.first().map_or("us-east-1", |r| r.as_str()).to_owned()
    }

    /// The place of a Region, for building calls.
    fn site<'s>(&self, region: &'s str) -> Site<'s> {
        let spec = CLIENTS.get(self.plan.client).unwrap_or(&CLIENTS[0]);
        Site { account: self.plan.account.id, region, tag: spec.tag, env: self.plan.purpose.word(), work: "web" }
    }

    /// Plants one event.
    fn plant(&mut self, time: Timestamp, region: &str, caller: &Arc<Caller>, call: Call) {
        let call = Arc::new(call);
        for region in regions([region]) {
            let event = self.scribe.event(time, &region, caller, &call);
            self.plan.account.events.push(event);
            self.planted += 1;
        }
    }

    /// Whether the account works in a Region.
    fn works_in(&self, region: &Region) -> bool {
        self.plan.account.regions.contains(region)
    }
}

/// Plants what changes bills; comes before the books are closed.
pub(crate) fn plant_costs(stage: &mut Stage<'_>, calendar: &Calendar) -> Vec<Story> {
    nat_runaway::plant(stage, calendar).into_iter().collect()
}

/// Plants the rest.
pub(crate) fn plant_events(stage: &mut Stage<'_>) -> Vec<Story> {
    let planted = [
        leaked_key::plant(stage),
        root_no_mfa::plant(stage),
        vendor_wakes::plant(stage),
        trail_off_on::plant(stage),
        setup::no_external_id(stage),
        setup::cost_explorer_never_enabled(stage),
        setup::denied_region(stage),
    ];
    planted.into_iter().flatten().collect()
}
