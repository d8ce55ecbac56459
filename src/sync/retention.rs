//! Retention: access events that are older than they may be kept, and the evidence taken from them, are removed.
//!
//! Events are kept in whole days. The day on which the limit falls is kept until all of it is too old, so an event lives
//! for at most one day longer than the setting says. Evidence goes by the same day, so that a finding never names an
//! event that is gone. What is no access event stays: a day of costs, the state of a connection, and what the checks
//! learnt (names as hashes, and when roles were used).

use super::store::{ClientStore, Draft};
use crate::{
    domain::{Day, Purged, Timestamp},
    vault::VaultError,
};

/// The first day of which events are kept.
pub fn kept_from(now: Timestamp, retention_days: u32) -> Day {
    now.plus(-i64::from(retention_days) * 86_400).day()
}

/// What is due to be removed of one client: counted, but not removed until [`commit`](Self::commit).
pub struct Purge<'a> {
    draft: Draft<'a>,
    purged: Purged,
}

impl<'a> Purge<'a> {
    /// Everything of a client from before `kept_from`.
    pub fn before(store: &'a ClientStore, kept_from: Day) -> Result<Self, VaultError> {
        let mut draft = store.draft();
        let mut purged = Purged { client: store.client().clone(), kept_from, days: 0, evidence: 0, failure: None };
        let cut = kept_from.start();
        for connection in store.connections()? {
            let account = connection.account();
            for day in store.event_days(account)?.into_iter().filter(|day| *day < kept_from) {
                draft.remove_events(account, day)?;
                purged.days += 1;
            }
            let before = store.coverage(account)?;
            let mut coverage = before.clone();
            coverage.trim(cut);
            if coverage != before {
                draft.coverage(account, &coverage)?;
            }
            let mut findings = store.findings(account)?;
            let held = |findings: &std::collections::BTreeMap<_, crate::domain::Finding>| -> usize {
                findings.values().map(|f| f.evidence.len()).sum()
            };
            let pieces = held(&findings);
            for finding in findings.values_mut() {
                finding.evidence.retain(|piece| piece.event.is_none() || piece.time >= cut);
            }
            let gone = pieces - held(&findings);
            if gone > 0 {
                draft.findings(account, &findings)?;
                purged.evidence += gone as u64;
            }
            let mut state = store.check_state(account)?;
            if state.forget_before(cut) {
                draft.check_state(account, &state)?;
            }
        }
        Ok(Self { draft, purged })
    }

    /// What would be removed.
    pub fn counts(&self) -> &Purged {
        &self.purged
    }

    /// Removes it, all or nothing.
    pub fn commit(self) -> Result<Purged, VaultError> {
        self.draft.commit()?;
        Ok(self.purged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::CheckState,
        domain::{EventId, Evidence, Finding, FindingKey, FindingState, Region, Severity, TimeRange},
        sync::{
            Coverage,
            fixtures::{account, now, store},
        },
        vault::chunk::encode_events,
    };
    use std::collections::BTreeMap;

    fn evidence(event: Option<u8>, time: Timestamp) -> Evidence {
        let event = event.map(|n| EventId::from_bytes([n; 16]));
        Evidence { event, time, region: None, actor: None, summary: "x".into(), source: None }
    }

    #[test]
    fn the_day_of_the_limit_is_kept_until_all_of_it_is_too_old() {
        assert_eq!(kept_from(now(), 30).to_string(), "2026-10-23");
        let midnight: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        assert_eq!(kept_from(midnight, 30).to_string(), "2026-10-23", "its first second is exactly old enough to stay");
        assert_eq!(kept_from(midnight.plus(-1), 30).to_string(), "2026-10-22");
    }

    #[test]
    fn whole_days_and_old_evidence_go_and_everything_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let account = account();
        let region: Region = "eu-west-1".parse().unwrap();
        let kept = kept_from(now(), 30);
        let key = |subject: &str| FindingKey {
            check: "CT-ROOT-004".into(),
            client: store.client().clone(),
            account,
            subject: subject.into(),
        };
        let finding = |subject: &str, evidence: Vec<Evidence>| Finding {
            key: key(subject),
            severity: Severity::High,
            title: "t".into(),
            what: "w".into(),
            state: FindingState::Open,
            first_seen: now(),
            last_seen: now(),
            count: 40,
            evidence,
        };
        let old = kept.start().plus(-1);
        let findings: BTreeMap<_, _> = [
            finding("both", vec![evidence(Some(1), old), evidence(Some(2), kept.start())]),
            finding("old", vec![evidence(Some(3), old)]),
            finding("cost", vec![evidence(None, old)]),
        ]
        .into_iter()
        .map(|f| (f.key.id(), f))
        .collect();
        let mut coverage = Coverage::default();
        coverage.add(&region, TimeRange::new(kept.plus(-20).start(), now()), true);
        let mut draft = store.draft();
        draft.findings(account, &findings).unwrap();
        draft.coverage(account, &coverage).unwrap().check_state(account, &CheckState::default()).unwrap();
        for back in -3i64..3 {
            draft.events(account, kept.plus(back), encode_events(&[]).unwrap()).unwrap();
        }
        draft.commit().unwrap();

        let before = store.vault().revision();
        let purge = Purge::before(&store, kept).unwrap();
        assert_eq!((purge.counts().days, purge.counts().evidence), (3, 2));
        assert_eq!(store.event_days(account).unwrap().len(), 6, "nothing goes before it is committed");
        purge.commit().unwrap();
        assert_eq!(store.vault().revision(), before + 1, "one commit");
        assert_eq!(store.event_days(account).unwrap(), [kept, kept.plus(1), kept.plus(2)]);
        let held = store.findings(account).unwrap();
        let pieces = |subject: &str| held[&key(subject).id()].evidence.len();
        assert_eq!((held.len(), pieces("both"), pieces("old"), pieces("cost")), (3, 1, 0, 1));
        assert_eq!(held[&key("old").id()].count, 40);
        let ranges = store.coverage(account).unwrap().region(&region).unwrap().ranges().to_vec();
        assert_eq!(ranges, [TimeRange::new(kept.start(), now())]);

        let revision = store.vault().revision();
        let again = Purge::before(&store, kept).unwrap().commit().unwrap();
        assert_eq!(
            (again.days, again.evidence, store.vault().revision()),
            (0, 0, revision),
            "nothing is written twice"
        );
    }
}
