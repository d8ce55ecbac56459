//! Access: who acted in which account, and the events of one of them.

use super::{
    AccessScope, DeskError,
    data::{ClientData, Desk},
    view::{AccessView, EventRow, PrincipalRow},
};
use crate::{
    domain::{
        AccountId, Finding, FindingState, Outcome, Principal, PrincipalKind, SeverityCounts, TimeRange, Timestamp,
        Untrusted,
    },
    sync::{Coverage, HISTORY_SECONDS},
    vault::{VaultError, chunk::EventChunk},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::Ipv4Addr,
    sync::Arc,
};

/// A network first seen this recently is new, in seconds, if the account was known for a week before.
const NEW_SECONDS: i64 = 2 * 86_400;
const LEARNED_SECONDS: i64 = 7 * 86_400;

/// What one account's events say about each principal.
pub(super) struct AccountAccess {
    account: AccountId,
    principals: BTreeMap<Untrusted, Activity>,
    heat: [[u32; 4]; 7],
    first: Timestamp,
    last: Timestamp,
}

/// What one principal did.
struct Activity {
    principal: Principal,
    first: Timestamp,
    last: Timestamp,
    actions: u64,
    denied: u64,
    /// First sight of each network.
    networks: HashMap<Untrusted, Timestamp>,
    heat: [[u32; 4]; 7],
}

impl Desk {
    /// Principals of a scope, or the events of one.
    pub fn access(&self, scope: &AccessScope) -> Result<AccessView, DeskError> {
        let now = self.now();
        let mut view = AccessView {
            as_of: now,
            days: 0,
            principals: Vec::new(),
            events: Vec::new(),
            events_total: 0,
            heat: [[0; 4]; 7],
            not_evaluated: Vec::new(),
        };
        let (mut first, mut last): (Option<Timestamp>, Option<Timestamp>) = (None, None);
        for client in self.scoped(scope.client.as_ref())? {
            let within = |account: AccountId| scope.account.is_none_or(|a| a == account);
            for access in client.access()?.into_iter().filter(|a| within(a.account)) {
                first = Some(first.map_or(access.first, |f| f.min(access.first)));
                last = last.max(Some(access.last));
                match &scope.actor {
                    None => {
                        add(&mut view.heat, &access.heat);
                        view.principals
                            .extend(access.principals.values().map(|a| client.principal_row(access, a, now)));
                    }
                    Some(actor) => {
                        if let Some(activity) = access.principals.get(actor) {
                            add(&mut view.heat, &activity.heat);
                            view.events_total += activity.actions;
                            view.events.extend(client.events_of(access.account, actor)?);
                        }
                    }
                }
            }
            view.not_evaluated.extend(client.not_evaluated(scope.account));
        }
        view.days = first.zip(last).map_or(0, |(f, l)| u32::try_from(l.since(f) / 86_400 + 1).unwrap_or(0));
        view.principals.sort_by_cached_key(|p| std::cmp::Reverse(rank(p)));
        view.events.sort_by_key(|e| std::cmp::Reverse((e.time, e.id)));
        view.events.truncate(AccessView::EVENT_LIMIT);
        Ok(view)
    }
}

/// What is new or risky first: findings, then strangers, then new networks, then refusals, then the latest.
fn rank(row: &PrincipalRow) -> impl Ord + use<> {
    let findings = row.findings;
    (
        (findings.critical, findings.high),
        row.kind == PrincipalKind::Root,
        row.third_party,
        row.new_networks > 0,
        row.denied > 0,
        row.last_seen,
        std::cmp::Reverse(row.actor.clone()),
    )
}

impl ClientData {
    /// All accounts' access, each decoded once per change of its account.
    fn access(&self) -> Result<Vec<&AccountAccess>, DeskError> {
        let mut all = Vec::new();
        for connection in &self.connections {
            let Some(part) = self.parts.get(&connection.id) else { continue };
            if part.access.get().is_none() {
                let read = self.read_account(connection.account())?;
                // Another question may have come first; it read the same.
                let _ = part.access.set(read);
            }
            all.extend(part.access.get().and_then(Option::as_ref));
        }
        Ok(all)
    }

    fn chunks(&self, account: AccountId) -> Result<Vec<EventChunk>, VaultError> {
        let days = self.store.event_days(account)?;
        days.iter().filter_map(|day| self.store.events(account, *day).transpose()).collect()
    }

    fn read_account(&self, account: AccountId) -> Result<Option<AccountAccess>, VaultError> {
        let mut access: Option<AccountAccess> = None;
        for chunk in self.chunks(account)? {
            for row in chunk.iter() {
                let access = access.get_or_insert_with(|| AccountAccess {
                    account,
                    principals: BTreeMap::new(),
                    heat: [[0; 4]; 7],
                    first: row.time,
                    last: row.time,
                });
                access.first = access.first.min(row.time);
                access.last = access.last.max(row.time);
                let principal = &row.caller.principal;
                let activity = access.principals.entry(principal.actor.clone()).or_insert_with(|| Activity {
                    principal: principal.clone(),
                    first: row.time,
                    last: row.time,
                    actions: 0,
                    denied: 0,
                    networks: HashMap::new(),
                    heat: [[0; 4]; 7],
                });
                activity.first = activity.first.min(row.time);
                activity.last = activity.last.max(row.time);
                activity.actions += 1;
                activity.denied += u64::from(matches!(row.call.outcome, Outcome::Denied(_)));
                let seen = activity.networks.entry(network(&row.caller.source)).or_insert(row.time);
                *seen = (*seen).min(row.time);
                if !row.call.read_only {
                    warm(&mut access.heat, row.time);
                    warm(&mut activity.heat, row.time);
                }
            }
        }
        Ok(access)
    }

    fn principal_row(&self, access: &AccountAccess, activity: &Activity, now: Timestamp) -> PrincipalRow {
        let is_new =
            |first: &&Timestamp| now.since(**first) <= NEW_SECONDS && first.since(access.first) >= LEARNED_SECONDS;
        let principal = &activity.principal;
        PrincipalRow {
            client: self.id().clone(),
            account: access.account,
            actor: principal.actor.clone(),
            name: short_name(principal),
            kind: principal.kind,
            third_party: self.is_third_party(principal),
            first_seen: activity.first,
            last_seen: activity.last,
            actions: activity.actions,
            denied: activity.denied,
            networks: u32::try_from(activity.networks.len()).unwrap_or(u32::MAX),
            new_networks: u32::try_from(activity.networks.values().filter(is_new).count()).unwrap_or(u32::MAX),
            findings: self.findings_about(access.account, &principal.actor),
        }
    }

    /// Whether a principal belongs to an account that is none of this client's.
    fn is_third_party(&self, principal: &Principal) -> bool {
        principal.kind != PrincipalKind::Service && principal.account.is_some_and(|a| !self.accounts.contains_key(&a))
    }

    fn findings_about(&self, account: AccountId, actor: &Untrusted) -> SeverityCounts {
        let about = |f: &Finding| {
            f.key.account == account
                && (f.key.subject == *actor || f.evidence.iter().any(|e| e.actor.as_ref() == Some(actor)))
        };
        self.open_findings(|f| f.state == FindingState::Open && about(f))
    }

    fn events_of(self: &Arc<Self>, account: AccountId, actor: &Untrusted) -> Result<Vec<EventRow>, DeskError> {
        let mut events = Vec::new();
        for chunk in self.chunks(account)? {
            // The dictionary is asked once, the rows only by their index.
            let wanted: BTreeSet<usize> = chunk
                .callers()
                .iter()
                .enumerate()
                .filter(|(_, caller)| caller.principal.actor == *actor)
                .map(|(index, _)| index)
                .collect();
            for row in chunk.iter().filter(|row| wanted.contains(&row.caller_index)) {
                events.push(EventRow {
                    id: row.id,
                    time: row.time,
                    client: self.id().clone(),
                    account,
                    region: row.region.clone(),
                    service: row.call.service.clone(),
                    name: row.call.name.clone(),
                    outcome: row.call.outcome.clone(),
                    source: row.caller.source.clone(),
                    agent: row.caller.agent.clone(),
                    session: row.caller.principal.session.clone(),
                    key: row
                        .caller
                        .key
                        .as_ref()
                        .map(|k| format!("{}…{}", k.prefix.raw_for_matching(), k.last4.raw_for_matching()).into()),
                    detail: row.detail.clone(),
                });
            }
        }
        Ok(events)
    }

    /// What was not read of the scope, in words.
    fn not_evaluated(&self, account: Option<AccountId>) -> Vec<String> {
        let mut lines = Vec::new();
        for connection in self.connections.iter().filter(|c| account.is_none_or(|a| a == c.account())) {
            let Some(sources) = self.sources.get(&connection.account()) else { continue };
            let account = connection.account();
            for (region, failure) in &sources.regions_failed {
                lines.push(format!("{region} of {account}: {}", failure.what));
            }
            if let crate::domain::SourceState::Unavailable { reason } = &sources.events {
                lines.push(format!("{account}: {reason}"));
            }
            lines.extend(self.coverage.get(&account).into_iter().flat_map(|c| self.lost_of(account, c)));
        }
        lines
    }
}

impl ClientData {
    /// What was read of an account once and is not known to be complete any more.
    fn lost_of(&self, account: AccountId, coverage: &Coverage) -> Vec<String> {
        let oldest = self.now().plus(-HISTORY_SECONDS);
        let lost = coverage.regions().flat_map(|(region, read)| {
            let until = read.looked_at.max(read.read_until()).unwrap_or(oldest);
            read.gaps(until).into_iter().map(move |gap| (region, gap))
        });
        lost.map(|(region, TimeRange { start, end })| {
            let outlook = match (start >= oldest, end > oldest) {
                (true, _) => "the next sync reads it again",
                (_, true) => "the next sync reads again what CloudTrail still has",
                _ => "CloudTrail no longer has it",
            };
            format!("{region} of {account}: from {start} to {end} it is no longer complete; {outlook}")
        })
        .collect()
    }
}

/// The /16 of an IPv4 address, the whole of anything else.
fn network(source: &Untrusted) -> Untrusted {
    match source.raw_for_matching().parse::<Ipv4Addr>() {
        Ok(address) => {
            let [a, b, _, _] = address.octets();
            format!("{a}.{b}.0.0/16").into()
        }
        Err(_) => source.clone(),
    }
}

/// What stands after the last `/` of an ARN, or after the `:` of `account:…` and `service:…`.
fn short_name(principal: &Principal) -> Untrusted {
    let actor = principal.actor.raw_for_matching();
    match principal.kind {
        PrincipalKind::Root => "root".into(),
        PrincipalKind::User | PrincipalKind::Role | PrincipalKind::Federated => {
            actor.rsplit('/').next().unwrap_or(actor).into()
        }
        _ => actor.into(),
    }
}

fn warm(heat: &mut [[u32; 4]; 7], time: Timestamp) {
    let cell = heat.get_mut(usize::from(time.day().weekday())).and_then(|d| d.get_mut(usize::from(time.hour() / 6)));
    if let Some(cell) = cell {
        *cell = cell.saturating_add(1);
    }
}

fn add(sum: &mut [[u32; 4]; 7], more: &[[u32; 4]; 7]) {
    for (day, other) in sum.iter_mut().zip(more) {
        day.iter_mut().zip(other).for_each(|(a, b)| *a = a.saturating_add(*b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_16_bits_wide_and_services_are_themselves() {
        assert_eq!(network(&"203.0.113.7".into()), "203.0.0.0/16");
        assert_eq!(network(&"config.amazonaws.com".into()), "config.amazonaws.com");
        assert_eq!(network(&"2001:db8::1".into()), "2001:db8::1");
    }
}
