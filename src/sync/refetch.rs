//! After damage: what the vault had to drop is taken out of what counts as read, so that the next sync reads it again
//! as far as AWS still has it, and what cannot come back is said by name.

use super::{
    CostState, Coverage, HISTORY_SECONDS,
    plan::{DAILY_MONTHS, MONTHS},
    regions::candidate_regions,
    store::{ClientStore, connection_id},
};
use crate::{
    checks::CheckState,
    domain::{AccountId, ClientId, ConnectionId, Day, FindingId, Partition, Region, TimeRange, Timestamp},
    vault::{Damage, Scope, VaultError},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of what was lost, in sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Whose it was.
    pub client: ClientId,
    /// What is read again.
    pub again: Vec<String>,
    /// What cannot be, with the next step.
    pub lost: Vec<String>,
}

/// The way back to what AWS no longer has.
const BACKUPS: &str = "a backup may hold it: `bailiwick backup list`";

/// Forgets what a repair dropped of a client, in one commit; what it dropped of others is passed over.
///
/// # Errors
/// If what is left cannot be read or the change cannot be stored; then nothing was changed.
pub fn forget_damaged(store: &ClientStore, dropped: &[Damage], now: Timestamp) -> Result<Forgotten, VaultError> {
    let connected = store.connections()?.iter().map(|c| c.account()).collect();
    let said = Forgotten { client: store.client().clone(), again: Vec::new(), lost: Vec::new() };
    let mut work = Forgetting {
        store,
        now,
        connected,
        said,
        events: BTreeMap::new(),
        unknown: BTreeMap::new(),
        costs: BTreeMap::new(),
    };
    for damage in dropped {
        match (&damage.whose, damage.kind.is_page()) {
            (Scope::Client(client), true) if client == store.client() => work.page_of_client()?,
            (Scope::Connection(client, id), true) if client == store.client() => work.page_of(id)?,
            (whose, false) if whose.client() == Some(store.client()) => work.record(whose, &damage.name)?,
            _ => {}
        }
    }
    work.settle()
}

/// Why all events of an account are read again.
#[derive(Debug, Clone, Copy, Default)]
struct Unknown {
    /// What had been read is not known any more.
    coverage: bool,
    /// What the checks remembered is gone.
    checks: bool,
    /// Its findings are gone.
    findings: bool,
}

/// What is known of the damage to one client.
struct Forgetting<'a> {
    store: &'a ClientStore,
    now: Timestamp,
    connected: BTreeSet<AccountId>,
    said: Forgotten,
    events: BTreeMap<AccountId, BTreeSet<Day>>,
    unknown: BTreeMap<AccountId, Unknown>,
    costs: BTreeMap<ConnectionId, CostState>,
}

impl Forgetting<'_> {
    /// Sorts one record to its place.
    fn record(&mut self, whose: &Scope, name: &str) -> Result<(), VaultError> {
        let parts: Vec<&str> = name.split('/').collect();
        let known = match parts.as_slice() {
            ["events", account, day] => self.event_day(account, day),
            ["coverage", account] => self.whole(account, |u| u.coverage = true),
            ["checks", account] => self.whole(account, |u| u.checks = true),
            ["findings", account] => self.whole(account, |u| u.findings = true),
            ["costs", connection, "month", first] => self.cost_month(connection, first)?,
            // A drill that is lost is asked again when somebody drills there again.
            ["costs", connection, "usage", account, month, _] => {
                let what = format!("the usage types of a service of {account} in {month}, read through {connection}");
                self.said.again.push(format!("{what}, are asked again when they are wanted again"));
                Some(())
            }
            ["costs", connection, "split", _] => self.cost_split(connection)?,
            ["costs", connection, "restated"] => {
                self.said
                    .lost
                    .push(format!("what AWS restated of the costs of {connection} is counted from now on: {BACKUPS}"));
                Some(())
            }
            ["costs", connection, "state"] => self.cost_state(connection),
            ["sources", connection] => self.sources(connection)?,
            ["ledger", day] => {
                self.said.lost.push(format!("what bailiwick itself did on {day} is not known any more: {BACKUPS}"));
                Some(())
            }
            [own] => self.own(whose, own),
            _ => None,
        };
        if known.is_none() {
            self.said.lost.push(format!("the record {name} of {whose} cannot be read again: {BACKUPS}"));
        }
        Ok(())
    }

    fn event_day(&mut self, account: &str, day: &str) -> Option<()> {
        let (account, day) = (account.parse().ok()?, day.parse().ok()?);
        self.events.entry(account).or_default().insert(day);
        Some(())
    }

    fn whole(&mut self, account: &str, why: impl FnOnce(&mut Unknown)) -> Option<()> {
        why(self.unknown.entry(account.parse().ok()?).or_default());
        Some(())
    }

    /// Cost Explorer answers for many months at the price of one, so all are asked again; the days only of this month.
    fn cost_month(&mut self, connection: &str, first: &str) -> Result<Option<()>, VaultError> {
        let (Ok(connection), Ok(first)) = (connection.parse::<ConnectionId>(), first.parse::<Day>()) else {
            return Ok(None);
        };
        let state = self.costs_of(&connection)?;
        state.daily_at.remove(&first);
        (state.complete_at, state.monthly_at, state.total_at) = (None, None, None);
        let open = self.now.day().month();
        let (month, what) = (first.month(), format!("the costs of {connection} in {}", first.month()));
        if month <= open.plus(-MONTHS) {
            self.said.lost.push(format!("{what} cannot be read again, Cost Explorer keeps 13 months: {BACKUPS}"));
        } else {
            self.said.again.push(format!("{what} are asked again {}", self.when(account_of(&connection))));
            if month <= open.plus(-DAILY_MONTHS) {
                self.said.lost.push(format!("{what} come back without their days: {BACKUPS}"));
            }
        }
        Ok(Some(()))
    }

    /// Both splits of all months come with one question each.
    fn cost_split(&mut self, connection: &str) -> Result<Option<()>, VaultError> {
        let Ok(connection) = connection.parse::<ConnectionId>() else { return Ok(None) };
        let state = self.costs_of(&connection)?;
        (state.complete_at, state.record_type_at, state.region_at) = (None, None, None);
        let when = self.when(account_of(&connection));
        let again = format!("the costs of {connection} by record type and region are asked again {when}");
        if !self.said.again.contains(&again) {
            self.said.again.push(again);
        }
        Ok(Some(()))
    }

    fn cost_state(&mut self, connection: &str) -> Option<()> {
        let connection: ConnectionId = connection.parse().ok()?;
        let when = self.when(account_of(&connection));
        self.said.again.push(format!("all costs of {connection} that Cost Explorer still has are asked again {when}"));
        self.costs.insert(connection, CostState::default());
        Some(())
    }

    /// Events tell how they stand a few minutes later by themselves; costs would be silent for hours.
    fn sources(&mut self, connection: &str) -> Result<Option<()>, VaultError> {
        let Ok(connection) = connection.parse::<ConnectionId>() else { return Ok(None) };
        self.costs_of(&connection)?.complete_at = None;
        let when = self.when(account_of(&connection));
        self.said.again.push(format!("how the sources of {connection} stand is found out again {when}"));
        Ok(Some(()))
    }

    fn own(&mut self, whose: &Scope, name: &str) -> Option<()> {
        let client = &self.said.client;
        match (whose, name) {
            (_, "accounts") => self.said.again.push("the list of accounts is read again by the next sync".into()),
            // What is shown at first glance is made anew from the other records.
            (_, "glance" | "footprint") => {}
            (_, "client") => self.said.lost.push(format!(
                "the name and the ExternalId of {client} cannot be read again, and nothing of it is read without them: \
                 {BACKUPS}; or run `bailiwick client add {client}` and give its roles the new ExternalId"
            )),
            (Scope::Connection(_, id), "connection") => self.said.lost.push(format!(
                "the role of connection {id} cannot be read again: {BACKUPS}; or connect it anew with \
                 `bailiwick connect {client} --role-arn ARN`, what was read of it is kept"
            )),
            (Scope::Connection(_, id), "access-key") => self.said.lost.push(format!(
                "the access key of connection {id} is gone, and nothing is read through it: {BACKUPS}; or connect it anew \
                 with `bailiwick connect {client} --access-key`"
            )),
            (_, "spend") => self.said.lost.push(format!(
                "what the questions to Cost Explorer have cost {client} is counted from now on: {BACKUPS}"
            )),
            _ => return None,
        }
        Some(())
    }

    /// Everything of the connection may be gone that is no longer there.
    fn page_of(&mut self, id: &ConnectionId) -> Result<(), VaultError> {
        self.costs.insert(id.clone(), CostState::default());
        self.said.lost.push(format!(
            "which records of connection {id} were lost is not known: what AWS no longer has of them does not come \
             back, and {BACKUPS}"
        ));
        let Some(account) = account_of(id) else { return Ok(()) };
        if !self.connected.contains(&account) {
            self.own(&Scope::Connection(self.said.client.clone(), id.clone()), "connection");
        }
        let has_costs = self.store.connections()?.iter().any(|c| c.id == *id && c.kind.has_costs());
        if has_costs {
            let when = self.when(Some(account));
            self.said.again.push(format!("all costs of {id} that Cost Explorer still has are asked again {when}"));
        }
        let (checks, findings) = (self.store.check_state(account)?, self.store.findings(account)?);
        let unknown = self.unknown.entry(account).or_default();
        unknown.coverage = true;
        unknown.checks |= checks == CheckState::default();
        unknown.findings |= findings.is_empty();
        Ok(())
    }

    /// The client's own records are few, so that most of them tell by their absence.
    fn page_of_client(&mut self) -> Result<(), VaultError> {
        let whose = Scope::Client(self.said.client.clone());
        if self.store.profile()?.is_none() {
            self.own(&whose, "client");
        }
        if self.store.accounts()?.is_none() {
            self.own(&whose, "accounts");
        }
        self.said
            .again
            .push("findings on costs of accounts that are not connected come back when costs are next read".into());
        self.said.lost.push(format!("which other records of {whose} itself were lost is not known: {BACKUPS}"));
        Ok(())
    }

    /// Writes down what has to be read again.
    fn settle(mut self) -> Result<Forgotten, VaultError> {
        let mut draft = self.store.draft();
        let touched: BTreeSet<AccountId> = self.events.keys().chain(self.unknown.keys()).copied().collect();
        for account in touched {
            let coverage = self.coverage(account)?;
            if coverage != self.store.coverage(account)? {
                draft.coverage(account, &coverage)?;
            }
            if let Some(first) = self.events.get(&account).and_then(|days| days.first()) {
                // Our own calls of that day are read again too.
                draft.footprint_at(&connection_id(account)?, first.start())?;
            }
            if self.unknown.contains_key(&account) {
                draft.forget_footprint(&connection_id(account)?)?;
            }
        }
        for (account, unknown) in self.unknown.clone() {
            let state = self.store.check_state(account)?;
            if unknown.findings && state != CheckState::default() {
                draft.check_state(account, &state.telling_again())?;
            }
            let mut findings = self.store.findings(account)?;
            if unknown.checks && !findings.is_empty() {
                // The checks no longer know what they told, so they tell all of it again.
                recount(&mut findings, self.now);
                draft.findings(account, &findings)?;
            }
            self.say_whole(account, unknown)?;
        }
        self.say_days();
        for (connection, state) in &self.costs {
            if *state != self.store.cost_state(connection)? {
                draft.cost_state(connection, state)?;
            }
        }
        draft.commit()?;
        Ok(self.said)
    }

    /// The coverage of an account without what was lost of it.
    fn coverage(&self, account: AccountId) -> Result<Coverage, VaultError> {
        let mut coverage = self.store.coverage(account)?;
        let lost = self.events.get(&account).into_iter().flatten();
        // A region in which nothing was ever seen has nothing to lose.
        let used: Vec<Region> =
            coverage.regions().filter(|(_, r)| r.in_use).map(|(region, _)| region.clone()).collect();
        for day in lost.clone() {
            used.iter().for_each(|region| coverage.remove(region, range_of(*day)));
        }
        if self.unknown.contains_key(&account) {
            for day in self.store.event_days(account)? {
                let mut seen: BTreeMap<&Region, Timestamp> = BTreeMap::new();
                let chunk = self.store.events(account, day)?;
                // Rows are in order of time: the first of a region is met first.
                for row in chunk.iter().flat_map(|chunk| chunk.iter()) {
                    seen.entry(row.region).or_insert(row.time);
                }
                for (region, first) in seen {
                    // Nothing was there before the first event of the first day.
                    coverage.expect(region, TimeRange::new(first, range_of(day).end));
                }
            }
            coverage.remove_all();
        }
        if let (true, Some(first)) = (used.is_empty(), lost.min()) {
            // Which regions the lost days had is not known any more, so all of them are asked.
            let seen: Vec<Region> = coverage.regions().map(|(region, _)| region.clone()).collect();
            for region in candidate_regions(self.partition(account)?, &seen) {
                coverage.hold_since(&region, first.start());
            }
        }
        Ok(coverage)
    }

    /// The partition of an account that is connected; of others the ordinary one is assumed.
    fn partition(&self, account: AccountId) -> Result<Partition, VaultError> {
        let connections = self.store.connections()?;
        Ok(connections
            .iter()
            .find(|c| c.account() == account)
            .map_or(Partition::Aws, crate::domain::Connection::partition))
    }

    fn say_whole(&mut self, account: AccountId, unknown: Unknown) -> Result<(), VaultError> {
        let when = self.when(Some(account));
        let read = self.connected.contains(&account) || !self.store.event_days(account)?.is_empty();
        let again = &mut self.said.again;
        if read || unknown.coverage {
            again.push(format!(
                "the events of {account} that CloudTrail still has are read again {when}; older ones that are stored \
                 stay as they are"
            ));
        }
        if unknown.checks {
            again.push(format!(
                "the checks learn {account} anew from what is read again: what was last seen before that may be called \
                 new, and how often a finding was seen is counted again"
            ));
        }
        if unknown.findings {
            again.push(format!(
                "the findings of {account} come back from the events that are read again, and those on costs when costs \
                 are next read"
            ));
            self.said.lost.push(format!(
                "findings of {account} on events that CloudTrail no longer has, and who took up which, do not come \
                 back: {BACKUPS}"
            ));
        }
        Ok(())
    }

    fn say_days(&mut self) {
        let oldest = self.now.plus(-HISTORY_SECONDS);
        for (account, days) in std::mem::take(&mut self.events) {
            let (again, lost): (Vec<Day>, Vec<Day>) = days.into_iter().partition(|day| range_of(*day).end > oldest);
            let when = self.when(Some(account));
            if let Some(days) = in_words(&again) {
                self.said.again.push(format!("events of {account}: {days} read again {when}"));
            }
            if let Some(days) = in_words(&lost) {
                self.said.lost.push(format!("events of {account}: {days} lost, CloudTrail keeps 90 days: {BACKUPS}"));
            }
        }
    }

    fn when(&self, account: Option<AccountId>) -> String {
        match account.filter(|account| !self.connected.contains(account)) {
            Some(account) => format!("once {account} is connected again"),
            None => "by the next sync".into(),
        }
    }

    fn costs_of(&mut self, connection: &ConnectionId) -> Result<&mut CostState, VaultError> {
        if !self.costs.contains_key(connection) {
            self.costs.insert(connection.clone(), self.store.cost_state(connection)?);
        }
        Ok(self.costs.entry(connection.clone()).or_default())
    }
}

/// A connection is named after the account it reads.
fn account_of(connection: &ConnectionId) -> Option<AccountId> {
    connection.as_str().parse().ok()
}

fn range_of(day: Day) -> TimeRange {
    TimeRange::new(day.start(), day.plus(1).start())
}

/// Findings on events that are read again count what they still know, so that nothing is counted twice.
fn recount(findings: &mut BTreeMap<FindingId, crate::domain::Finding>, now: Timestamp) {
    for finding in findings.values_mut() {
        let on_events = finding.evidence.iter().any(|piece| piece.event.is_some());
        if on_events && now.since(finding.last_seen) < HISTORY_SECONDS {
            finding.count = u32::try_from(finding.evidence.len()).unwrap_or(u32::MAX);
        }
    }
}

/// `2026-11-03 is`, `3 days from 2026-11-03 to 2026-11-07 are`.
fn in_words(days: &[Day]) -> Option<String> {
    Some(match (days.first()?, days.last()?) {
        (first, last) if first == last => format!("{first} is"),
        (first, last) => format!("{} days from {first} to {last} are", days.len()),
    })
}

#[cfg(test)]
mod tests;
