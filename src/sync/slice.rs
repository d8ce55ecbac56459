//! One slice of events: parsed, checked, merged into the stored days and committed together with the coverage it adds.

use super::{RegionCoverage, events::RegionRead, regions::RegionPlan, store::ClientStore};
use crate::{
    aws::RawEvent,
    checks::{AccountContext, CheckSource, Checks, Hit},
    domain::{
        AccessEvent, AccountId, ConnectionId, Day, EventIds, FindingId, FindingState, RoleArn, Source, Timestamp,
    },
    trail::{self, Home, Record},
    vault::{
        VaultError,
        chunk::{EventChunk, encode_events},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    rc::Rc,
    sync::Arc,
};

/// Session names of this program start so.
const OWN_SESSIONS: &str = "bailiwick-";

/// Records that are parsed at once: few enough to stay near the processor.
const PIECE: usize = if cfg!(test) { 7 } else { 250 };

/// Where records were found, and what was held of it before.
struct Place {
    home: Home,
    held: RegionCoverage,
}

/// What was fetched, and where it goes.
pub(super) struct Slice {
    pub(super) store: ClientStore,
    pub(super) checks: Arc<Checks>,
    pub(super) connection: ConnectionId,
    pub(super) account: AccountId,
    pub(super) own: BTreeSet<AccountId>,
    pub(super) roles: Vec<RoleArn>,
    pub(super) agency: Option<AccountId>,
    pub(super) reads: Vec<RegionRead>,
    /// It is the last slice of a run that read something, and the run began then: the source is fresh with it.
    pub(super) complete: Option<Timestamp>,
    /// Whether the ranges count as read: not where only some calls were asked for.
    pub(super) claims: bool,
}

/// What became of it.
pub(super) struct SliceOutcome {
    /// New events.
    pub(super) stored: u64,
    /// Findings, new or seen again.
    pub(super) found: u64,
    /// Records that could not be parsed.
    pub(super) unreadable: u64,
}

impl Slice {
    /// Events, coverage, check state and findings in one commit: all of them are durable, or none.
    pub(super) fn commit(self) -> Result<SliceOutcome, VaultError> {
        let Self { store, checks, connection, account, own, roles, agency, reads, complete, claims } = self;
        let mut coverage = store.coverage(account)?;
        let mut sources = store.sources(&connection)?;
        let mut failed = Vec::new();
        let mut fetched: Vec<(Rc<Place>, RawEvent)> = Vec::new();
        for read in reads {
            let RegionPlan { region, range, depth, .. } = read.plan;
            let events = match read.events {
                Ok(events) => events,
                Err(failure) => {
                    failed.push((region, failure));
                    continue;
                }
            };
            if claims {
                sources.regions_failed.remove(&region);
            }
            // What was held before was judged when it was stored. What is stored and was not covered is judged again: its
            // coverage was forgotten, maybe together with what the checks made of it.
            let held = coverage.region(&region).cloned().unwrap_or_default();
            if claims {
                coverage.add_at(depth, &region, range, !events.is_empty());
            }
            let place = Rc::new(Place { home: Home { account: Some(account), region: Some(region) }, held });
            fetched.extend(events.into_iter().map(|event| (place.clone(), event)));
        }
        let mut state = store.check_state(account)?;
        let context = AccountContext {
            client: store.client(),
            account,
            own_accounts: &own,
            agency_account: agency,
            own_roles: &roles,
            session_prefix: OWN_SESSIONS,
        };
        let mut days = Days::default();
        let (mut unreadable, mut stored) = (0, 0);
        let (mut evaluation, mut judged) = (checks.evaluation(context, &mut state), false);
        // Oldest first, and a piece at a time: a parsed record takes several times the memory of its text.
        fetched.sort_by_key(|(_, event)| (event.time, event.id));
        let mut fetched = fetched.into_iter().peekable();
        while fetched.peek().is_some() {
            let (mut records, mut new) = (Vec::with_capacity(PIECE.min(fetched.len())), Vec::new());
            for (place, raw) in fetched.by_ref().take(PIECE) {
                let Some(record) = parse(&raw.record, &place.home) else {
                    unreadable += 1;
                    continue;
                };
                // Several lookups may answer with the same event: it is new once, and judged once.
                let is_new = days.take(&store, &record.event)?;
                stored += u64::from(is_new);
                if is_new || !place.held.holds(record.event.time) {
                    records.push(record);
                    new.push(is_new);
                }
            }
            if !records.is_empty() {
                judged = true;
                evaluation.take(&records);
            }
            records.into_iter().zip(new).filter(|(_, new)| *new).for_each(|(record, _)| days.keep(record.event));
        }
        sources.regions_failed.extend(failed);
        if let Some(began) = complete {
            sources.record(Source::Events, began, None);
        }
        let mut draft = store.draft();
        let found = store.merge_hits(&mut draft, evaluation.end())?;
        for (day, events) in days.changed() {
            draft.events(account, day, encode_events(&events)?)?;
        }
        if judged {
            draft.check_state(account, &state)?;
        }
        draft.coverage(account, &coverage)?;
        draft.sources(&connection, &sources)?;
        draft.commit()?;
        Ok(SliceOutcome { stored, found, unreadable })
    }
}

/// One record of a region's history. Its place in the store is that history, whatever it says of itself.
fn parse(text: &str, home: &Home) -> Option<Record> {
    let mut record = trail::read(text, home).ok()?;
    if let Some(region) = &home.region {
        record.event.region = region.clone();
    }
    if let Some(account) = home.account {
        record.event.account = account;
    }
    Some(record)
}

/// The stored days that a slice touches, each read once, with all regions.
#[derive(Default)]
struct Days(BTreeMap<Day, StoredDay>);

/// One of them, with what the slice adds to it.
struct StoredDay {
    chunk: Option<EventChunk>,
    ids: EventIds,
    new: Vec<AccessEvent>,
}

impl Days {
    /// Takes note of an event. Says whether it is new: then it is to be kept.
    fn take(&mut self, store: &ClientStore, event: &AccessEvent) -> Result<bool, VaultError> {
        let stored = match self.0.entry(event.time.day()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unread) => {
                let chunk = store.events(event.account, *unread.key())?;
                let ids = chunk.iter().flat_map(|c| c.iter().map(|row| row.id)).collect();
                unread.insert(StoredDay { chunk, ids, new: Vec::new() })
            }
        };
        Ok(stored.ids.insert(event.id))
    }

    /// Adds a new event to its day.
    fn keep(&mut self, event: AccessEvent) {
        if let Some(day) = self.0.get_mut(&event.time.day()) {
            day.new.push(event);
        }
    }

    /// All events of each day that got new ones.
    fn changed(self) -> impl Iterator<Item = (Day, Vec<AccessEvent>)> {
        self.0.into_iter().filter(|(_, stored)| !stored.new.is_empty()).map(|(day, stored)| {
            let mut events = stored.new;
            events.extend(stored.chunk.iter().flat_map(|c| c.iter().map(|row| row.to_event())));
            (day, events)
        })
    }
}

impl ClientStore {
    /// Works hits into the stored findings of their accounts. Says how many findings they touch.
    pub(super) fn merge_hits(&self, draft: &mut super::store::Draft<'_>, hits: Vec<Hit>) -> Result<u64, VaultError> {
        let mut by_account: BTreeMap<AccountId, Vec<Hit>> = BTreeMap::new();
        for hit in hits {
            by_account.entry(hit.key.account).or_default().push(hit);
        }
        let mut touched: BTreeSet<FindingId> = BTreeSet::new();
        for (account, hits) in by_account {
            touched.extend(hits.iter().map(|h| h.key.id()));
            let mut findings = self.findings(account)?;
            crate::checks::merge(&mut findings, hits);
            draft.findings(account, &findings)?;
        }
        Ok(touched.len() as u64)
    }

    /// As [`merge_hits`](Self::merge_hits) for the connection checks, which judge the whole of each account every time:
    /// a finding of theirs that is not among the hits has lost its cause and is resolved.
    pub(super) fn replace_connection_hits(
        &self,
        draft: &mut super::store::Draft<'_>,
        checks: &Checks,
        accounts: BTreeSet<AccountId>,
        hits: Vec<Hit>,
    ) -> Result<u64, VaultError> {
        let present: BTreeSet<FindingId> = hits.iter().map(|h| h.key.id()).collect();
        let ours = |check: &str| checks.info(check).is_some_and(|i| i.source == CheckSource::Connection);
        for account in accounts {
            let mut findings = self.findings(account)?;
            let (of_account, _): (Vec<Hit>, Vec<Hit>) = hits.iter().cloned().partition(|h| h.key.account == account);
            let before = findings.clone();
            crate::checks::merge(&mut findings, of_account);
            for (id, finding) in &mut findings {
                if ours(&finding.key.check) && !present.contains(id) {
                    finding.state = FindingState::Resolved;
                }
            }
            if findings != before {
                draft.findings(account, &findings)?;
            }
        }
        Ok(present.len() as u64)
    }
}

#[cfg(test)]
mod tests;
