//! One slice of events: parsed, checked, merged into the stored days and committed together with the coverage it adds.

use super::{events::RegionRead, store::ClientStore};
use crate::{
    checks::{AccountContext, CheckSource, Checks, Hit},
    domain::{AccessEvent, AccountId, ConnectionId, Day, EventId, FindingId, FindingState, Region, RoleArn, TimeRange},
    trail::{self, Home, Record},
    vault::{VaultError, chunk::encode_events},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

/// Session names of this program start so.
const OWN_SESSIONS: &str = "bailiwick-";

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
        let Self { store, checks, connection, account, own, roles, agency, reads } = self;
        let mut coverage = store.coverage(account)?;
        let mut sources = store.sources(&connection)?;
        let mut seen: HashSet<EventId> = HashSet::new();
        let mut records: Vec<Record> = Vec::new();
        let mut unreadable = 0;
        for read in reads {
            let region = read.plan.region;
            let events = match read.events {
                Ok(events) => events,
                Err(failure) => {
                    sources.regions_failed.insert(region, failure);
                    continue;
                }
            };
            sources.regions_failed.remove(&region);
            coverage.add(&region, read.plan.range, !events.is_empty());
            if let Some(overlap) = read.plan.overlap {
                seen.extend(stored_ids(&store, account, &region, overlap)?);
            }
            let home = Home { account: Some(account), region: Some(region.clone()) };
            for raw in events {
                match parse(&raw.record, &home) {
                    Some(record) if seen.insert(record.event.id) => records.push(record),
                    Some(_) => {}
                    None => unreadable += 1,
                }
            }
        }
        let mut draft = store.draft();
        let mut state = store.check_state(account)?;
        let context = AccountContext {
            client: store.client(),
            account,
            own_accounts: &own,
            agency_account: agency,
            own_roles: &roles,
            session_prefix: OWN_SESSIONS,
        };
        let hits = checks.evaluate_events(&context, &mut state, &records);
        let found = store.merge_hits(&mut draft, hits)?;
        let stored = records.len() as u64;
        for ((region, day), mut events) in by_day(records) {
            if let Some(chunk) = store.events(account, &region, day)? {
                events.extend(chunk.iter().map(|row| row.to_event()));
            }
            draft.events(account, &region, day, encode_events(&events)?)?;
        }
        draft.check_state(account, &state)?;
        draft.coverage(account, &coverage)?;
        draft.sources(&connection, &sources)?;
        draft.commit()?;
        Ok(SliceOutcome { stored, found, unreadable })
    }
}

/// One record of a region's history. Its place in the store is that history, whatever it says of itself.
fn parse(text: &str, home: &Home) -> Option<Record> {
    let mut record = trail::record(serde_json::from_str(text).ok()?, home).ok()?;
    if let Some(region) = &home.region {
        record.event.region = region.clone();
    }
    if let Some(account) = home.account {
        record.event.account = account;
    }
    Some(record)
}

fn by_day(records: Vec<Record>) -> BTreeMap<(Region, Day), Vec<AccessEvent>> {
    let mut days: BTreeMap<(Region, Day), Vec<AccessEvent>> = BTreeMap::new();
    for record in records {
        let event = record.event;
        days.entry((event.region.clone(), event.time.day())).or_default().push(event);
    }
    days
}

/// Ids of the events that are stored already for a range.
fn stored_ids(
    store: &ClientStore,
    account: AccountId,
    region: &Region,
    range: TimeRange,
) -> Result<Vec<EventId>, VaultError> {
    let mut ids = Vec::new();
    let mut day = range.start.day();
    while day.start() < range.end {
        if let Some(chunk) = store.events(account, region, day)? {
            ids.extend(chunk.iter().map(|row| row.id));
        }
        day = day.plus(1);
    }
    Ok(ids)
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
