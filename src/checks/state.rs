//! What the checks remember of one account: when things were first seen, and the recent events that later ones refer to.
//!
//! One value per (client, account), loaded and stored by the caller. Everything is bounded, and nothing in it depends on
//! the order in which batches arrive: first times only move back, uses merge.

use crate::{
    domain::{AccessEvent, EventId, Evidence, Outcome, PrincipalKind, Region, Timestamp, Untrusted},
    trail,
};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

const DAY: i64 = 86_400;
/// Nothing is called new during the first seven days of the history held.
const LEARNING: i64 = 7 * DAY;
/// How many names each first-seen baseline holds; the one seen longest ago goes first.
const NAMES: usize = 4_096;
/// Uses of a role closer together than this are one stretch of use.
const STRETCH: i64 = DAY;
const STRETCHES: usize = 64;
const ROLES: usize = 1_024;
const TRAILS: usize = 64;
const SWITCHES: usize = 256;
const STARTS: usize = 256;
const MATCHES: usize = 2_000;
const TOLD: usize = 4_096;

/// When a name was first and last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    first: (Timestamp, EventId),
    last: Timestamp,
}

/// What the baselines know an event by, as hashes: its principal, region, source address and agent family.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names([u64; 4]);

/// The hashes of names that a batch has shown so far: most events show names that others showed before.
#[derive(Debug, Default)]
pub(super) struct Hashes<'a>(HashMap<&'a str, u64, RandomState>);

impl<'a> Hashes<'a> {
    pub fn names_of(&mut self, event: &'a AccessEvent) -> Names {
        let principal = event.principal.actor.raw_for_matching();
        let source = event.source.raw_for_matching();
        let names = [principal, event.region.as_str(), source, agent_family(event)];
        Names(names.map(|name| *self.0.entry(name).or_insert_with(|| hash(&[name]))))
    }
}

/// A baseline of names, kept as hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Baseline(BTreeMap<u64, Seen>);

impl Baseline {
    fn learn(&mut self, name: u64, at: (Timestamp, EventId)) {
        let seen = self.0.entry(name).or_insert(Seen { first: at, last: at.0 });
        seen.first = seen.first.min(at);
        seen.last = seen.last.max(at.0);
        if self.0.len() > NAMES {
            // An eighth at a time, so that a flood of names does not search for the oldest at each of them.
            let mut lasts: Vec<Timestamp> = self.0.values().map(|seen| seen.last).collect();
            let (_, cut, _) = lasts.select_nth_unstable(NAMES / 8);
            let cut = *cut;
            self.0.retain(|_, seen| seen.last > cut);
        }
    }

    fn first(&self, name: u64) -> Option<(Timestamp, EventId)> {
        self.0.get(&name).map(|seen| seen.first)
    }
}

/// A trail switched on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Switch {
    pub on: bool,
    pub evidence: Evidence,
}

/// A start of large instances, kept because history that arrives later may show that its region was new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LargeStart {
    pub evidence: Evidence,
    pub instance_type: Untrusted,
    pub count: u64,
    pub summary: Untrusted,
}

/// An event that matched a rule some correlation counts, with the fields it counts by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Match {
    pub rule: String,
    pub evidence: Evidence,
    pub fields: Vec<(String, String)>,
}

/// What has been told of already: hashes in the order of telling, with an index that is not stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Told {
    order: VecDeque<u64>,
    #[serde(skip)]
    index: HashSet<u64>,
}

impl PartialEq for Told {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Told {}

/// The memory of the checks for one account of one client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckState {
    history_start: Option<Timestamp>,
    principals: Baseline,
    regions: Baseline,
    sources: Baseline,
    agents: Baseline,
    /// The first write of a person or a role in each region, by region code.
    region_writes: BTreeMap<String, (Timestamp, EventId)>,
    /// Stretches of use of each role, oldest first.
    roles: BTreeMap<String, Vec<(Timestamp, Timestamp)>>,
    trails: BTreeMap<String, Vec<Switch>>,
    pub(super) starts: Vec<LargeStart>,
    pub(super) matches: Vec<Match>,
    /// (check, subject, event) already told of, as hashes, oldest first.
    told: Told,
}

impl CheckState {
    /// Takes one event into the baselines. Learning it twice changes nothing.
    pub(super) fn learn(&mut self, event: &AccessEvent, names: Names, role: Option<&str>, trail: Option<&str>) {
        let at = (event.time, event.id);
        let Names([principal, region, source, agent]) = names;
        self.history_start = Some(self.history_start.map_or(event.time, |start| start.min(event.time)));
        self.principals.learn(principal, at);
        self.regions.learn(region, at);
        self.sources.learn(source, at);
        self.agents.learn(agent, at);
        if is_regional_write(event) {
            match self.region_writes.get_mut(event.region.as_str()) {
                Some(first) => *first = at.min(*first),
                None => drop(self.region_writes.insert(event.region.as_str().to_owned(), at)),
            }
        }
        if event.outcome != Outcome::Ok {
            return;
        }
        if let Some(role) = role {
            self.use_role(role, event.time);
        }
        if let (Some(trail), "StopLogging" | "StartLogging") = (trail, event.name.raw_for_matching()) {
            self.switch(trail, Switch { on: event.name == "StartLogging", evidence: evidence(event) });
        }
    }

    /// Whether `at` is the first sight of a name, once there is enough history to say so.
    fn is_new(&self, first: Option<(Timestamp, EventId)>, event: &AccessEvent) -> bool {
        self.learnt_by(event.time) && first.is_none_or(|first| (event.time, event.id) <= first)
    }

    fn learnt_by(&self, time: Timestamp) -> bool {
        self.history_start.is_some_and(|start| time.since(start) >= LEARNING)
    }

    /// Principal, region, source address and agent family: which of them this event is the first to show.
    pub(super) fn first_seen(&self, event: &AccessEvent, names: Names) -> [(&'static str, bool); 4] {
        let of = |baseline: &Baseline, name: u64| self.is_new(baseline.first(name), event);
        let Names([principal, region, source, agent]) = names;
        [
            ("bw.first_seen.principal", of(&self.principals, principal)),
            ("bw.first_seen.region", of(&self.regions, region)),
            ("bw.first_seen.ip", of(&self.sources, source)),
            ("bw.first_seen.agent", of(&self.agents, agent)),
        ]
    }

    /// Whole hours since the account's first write in a region that was new to it then; nothing for a region in use
    /// since the learning period.
    pub(super) fn new_region_hours(&self, region: &Region, time: Timestamp) -> Option<i64> {
        let (first, _) = self.region_writes.get(region.as_str())?;
        (self.learnt_by(*first) && time >= *first).then(|| time.since(*first) / 3_600)
    }

    fn use_role(&mut self, role: &str, time: Timestamp) {
        let stretches = self.roles.entry(role.to_owned()).or_default();
        stretches.push((time, time));
        stretches.sort_unstable();
        let mut merged: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(stretches.len());
        for (start, end) in stretches.drain(..) {
            match merged.last_mut() {
                Some(last) if start.since(last.1) < STRETCH => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        let surplus = merged.len().saturating_sub(STRETCHES);
        merged.drain(..surplus);
        *stretches = merged;
        if self.roles.len() > ROLES {
            let oldest = self.roles.iter().min_by_key(|(_, uses)| uses.last().map(|u| u.1)).map(|(r, _)| r.clone());
            oldest.map(|role| self.roles.remove(&role));
        }
    }

    /// Seconds the role lay unused before the use at `time`; nothing for its first use, and 0 within a stretch.
    pub(super) fn silence_of(&self, role: &str, time: Timestamp) -> Option<i64> {
        let uses = self.roles.get(role)?;
        let at = uses.iter().position(|(start, end)| *start <= time && time <= *end)?;
        let (start, _) = uses.get(at)?;
        if time > *start {
            return Some(0);
        }
        let (_, before) = uses.get(at.checked_sub(1)?)?;
        Some(start.since(*before))
    }

    fn switch(&mut self, trail: &str, switch: Switch) {
        let switches = self.trails.entry(trail.to_owned()).or_default();
        if switches.iter().all(|s| s.evidence.event != switch.evidence.event) {
            switches.push(switch);
            switches.sort_by_key(|s| (s.evidence.time, s.evidence.event));
            let surplus = switches.len().saturating_sub(SWITCHES);
            switches.drain(..surplus);
        }
        if self.trails.len() > TRAILS {
            let oldest =
                self.trails.iter().min_by_key(|(_, s)| s.last().map(|s| s.evidence.time)).map(|(t, _)| t.clone());
            oldest.map(|trail| self.trails.remove(&trail));
        }
    }

    /// The stops that the start `event` of `trail` ended, oldest first: those since the start before it.
    pub(super) fn stops_before(&self, trail: &str, event: &AccessEvent) -> Vec<Evidence> {
        let switches = self.trails.get(trail).map_or(&[][..], Vec::as_slice);
        let at = switches.iter().position(|s| s.evidence.event == Some(event.id)).unwrap_or(0);
        let before = switches.iter().take(at).rev().take_while(|s| !s.on);
        let mut stops: Vec<Evidence> = before.map(|s| s.evidence.clone()).collect();
        stops.reverse();
        stops
    }

    /// Seconds from the stop `event` of `trail` to the start that ended it, if one has been seen.
    pub(super) fn restarted_after(&self, trail: &str, event: &AccessEvent) -> Option<i64> {
        let switches = self.trails.get(trail)?;
        let at = switches.iter().position(|s| s.evidence.event == Some(event.id))?;
        let start = switches.iter().skip(at + 1).find(|s| s.on)?;
        Some(start.evidence.time.since(event.time))
    }

    /// Remembers a start of large instances.
    pub(super) fn remember_start(&mut self, start: LargeStart) {
        if self.starts.iter().all(|s| s.evidence.event != start.evidence.event) {
            self.starts.push(start);
            self.starts.sort_by_key(|s| (s.evidence.time, s.evidence.event));
            let surplus = self.starts.len().saturating_sub(STARTS);
            self.starts.drain(..surplus);
        }
    }

    /// Keeps the matches that a window of `span` seconds may still need, given a day for what arrives late.
    pub(super) fn prune_matches(&mut self, span: i64) {
        let newest = self.matches.iter().map(|m| m.evidence.time).max();
        if let Some(newest) = newest {
            self.matches.retain(|m| newest.since(m.evidence.time) <= span + DAY);
        }
        let surplus = self.matches.len().saturating_sub(MATCHES);
        self.matches.drain(..surplus);
    }

    /// Whether a check has not told of this event yet; remembers that it has now.
    pub(super) fn count(&mut self, check: &str, subject: &str, event: EventId) -> bool {
        if self.told.index.len() != self.told.order.len() {
            self.told.index = self.told.order.iter().copied().collect();
        }
        let key = hash(&[check, subject, &event.to_string()]);
        let new = self.told.index.insert(key);
        if new {
            self.told.order.push_back(key);
        }
        new
    }

    /// Drops the events that are remembered from before `cut`; says whether there were any. What was learnt from them
    /// stays.
    pub fn forget_before(&mut self, cut: Timestamp) -> bool {
        let held = |state: &Self| {
            state.starts.len() + state.matches.len() + state.trails.values().map(Vec::len).sum::<usize>()
        };
        let before = held(self);
        self.starts.retain(|start| start.evidence.time >= cut);
        self.matches.retain(|found| found.evidence.time >= cut);
        self.trails.values_mut().for_each(|switches| switches.retain(|switch| switch.evidence.time >= cut));
        self.trails.retain(|_, switches| !switches.is_empty());
        held(self) < before
    }

    /// The same, but nothing was told of yet: events that are read again raise their findings again.
    #[must_use]
    pub fn telling_again(self) -> Self {
        Self { told: Told::default(), ..self }
    }

    /// Drops what is remembered beyond the bound; called once a batch, so that one batch never counts twice.
    pub(super) fn settle(&mut self) {
        let surplus = self.told.order.len().saturating_sub(TOLD);
        self.told.order.drain(..surplus).for_each(|key| {
            self.told.index.remove(&key);
        });
    }
}

/// The first part of a user agent, which stays the same over versions: `aws-cli`, `Boto3`, `console.amazonaws.com`.
fn agent_family(event: &AccessEvent) -> &str {
    let agent = event.agent.raw_for_matching().trim_start_matches('[');
    agent.split(['/', ' ', ']']).next().unwrap_or(agent)
}

/// A write that shows somebody at work in a region: not a sign-in (its region says nothing), not a service's own
/// housekeeping (which reaches every region).
fn is_regional_write(event: &AccessEvent) -> bool {
    let by_service = matches!(event.principal.kind, PrincipalKind::Service)
        || event.principal.actor.raw_for_matching().contains(":role/aws-service-role/")
        || event.source.raw_for_matching().ends_with(".amazonaws.com")
        || event.source == "AWS Internal";
    let placeless = ["signin", "sts", "sso", "health", "support", "iam", "organizations"]
        .into_iter()
        .any(|service| event.service == service);
    // Instances started by a service still show that the region is in use.
    event.name == "RunInstances" || (!event.read_only && !by_service && !placeless)
}

/// One event as evidence.
pub(super) fn evidence(event: &AccessEvent) -> Evidence {
    Evidence {
        event: Some(event.id),
        time: event.time,
        region: Some(event.region.clone()),
        actor: Some(event.principal.actor.clone()),
        summary: summary(event).into(),
        source: Some(event.source.clone()),
    }
}

/// `iam AttachUserPolicy denied · AdministratorAccess`.
fn summary(event: &AccessEvent) -> String {
    let mut text = format!("{} {}", event.service.raw_for_matching(), trail::api(event.name.raw_for_matching()));
    match &event.outcome {
        Outcome::Ok => {}
        Outcome::Denied(_) => text.push_str(" denied"),
        Outcome::Failed(code) => text.push_str(&format!(" failed ({})", code.raw_for_matching())),
    }
    if !event.detail.is_empty() {
        text.push_str(" · ");
        text.push_str(event.detail.raw_for_matching());
    }
    text
}

/// The first eight bytes of SHA-256 over the length-prefixed parts.
fn hash(parts: &[&str]) -> u64 {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part.as_bytes());
    }
    let mut first = [0u8; 8];
    first.iter_mut().zip(sha.finalize()).for_each(|(to, from)| *to = from);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000).plus(day * DAY)
    }

    #[test]
    fn the_silence_of_a_role_does_not_depend_on_the_order_of_learning() {
        let days = [0, 1, 2, 30, 31];
        for rotation in 0..days.len() {
            let mut state = CheckState::default();
            days.iter().cycle().skip(rotation).take(days.len()).for_each(|d| state.use_role("r", at(*d)));
            assert_eq!(state.silence_of("r", at(0)), None);
            assert_eq!(state.silence_of("r", at(30)), Some(28 * DAY));
            assert_eq!(state.silence_of("r", at(31)), Some(DAY));
        }
    }

    #[test]
    fn events_from_before_a_cut_are_forgotten_and_what_was_learnt_from_them_is_not() {
        let piece = |day: i64| Evidence {
            event: Some(EventId::from_bytes([day as u8; 16])),
            time: at(day),
            region: None,
            actor: None,
            summary: "x".into(),
            source: None,
        };
        let mut state = CheckState::default();
        state.use_role("r", at(1));
        for day in [1, 5] {
            state.switch("t", Switch { on: day == 5, evidence: piece(day) });
            state.matches.push(Match { rule: "m".into(), evidence: piece(day), fields: Vec::new() });
            let evidence = piece(day);
            state.remember_start(LargeStart { evidence, instance_type: "i".into(), count: 1, summary: "x".into() });
            assert!(state.count("c", "s", piece(day).event.unwrap()));
        }
        assert!(state.forget_before(at(5)));
        assert_eq!((state.trails["t"].len(), state.matches.len(), state.starts.len()), (1, 1, 1));
        assert_eq!(state.silence_of("r", at(1)), None);
        assert!(state.roles.contains_key("r") && !state.forget_before(at(5)));
        assert!(!state.count("c", "s", piece(1).event.unwrap()), "what was told of stays told");
        assert!(state.telling_again().count("c", "s", piece(1).event.unwrap()));
    }

    #[test]
    fn the_state_is_bounded() {
        let mut state = CheckState::default();
        for n in 0..2_000 {
            state.use_role(&format!("role-{n}"), at(n));
            state.use_role("busy", at(n * 3));
        }
        assert!(state.roles.len() <= ROLES && state.roles["busy"].len() == STRETCHES);
        let mut baseline = Baseline::default();
        (0..5_000).for_each(|n| baseline.learn(n, (at(n as i64), EventId::from_bytes([0; 16]))));
        assert_eq!((baseline.0.len() <= NAMES, baseline.first(0), baseline.first(4_999).is_some()), (true, None, true));
    }
}
