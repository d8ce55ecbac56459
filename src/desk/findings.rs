//! The triage list and one finding in full.

use super::{
    DeskError, FindingScope,
    data::Desk,
    view::{FindingDetail, FindingRow, FindingsView},
};
use crate::domain::{Finding, FindingId, FindingState, SeverityCounts};

impl Desk {
    /// Findings of a scope: open before the rest, worst first, then newest.
    pub fn findings(&self, scope: &FindingScope) -> Result<FindingsView, DeskError> {
        let clients = self.scoped(scope.client.as_ref())?;
        let mut open = SeverityCounts::default();
        let mut rows: Vec<FindingRow> = Vec::new();
        for finding in clients.iter().flat_map(|c| &c.findings) {
            if scope.account.is_none_or(|a| a == finding.key.account) {
                if finding.state == FindingState::Open {
                    open.add(finding.severity);
                }
                rows.push(row(finding));
            }
        }
        rows.sort_by(|a, b| (a.state, b.severity, b.last_seen, a.id).cmp(&(b.state, a.severity, a.last_seen, b.id)));
        Ok(FindingsView { as_of: self.now(), open, rows })
    }

    /// One finding with what its check says and its evidence, newest first.
    pub fn finding(&self, id: FindingId) -> Result<FindingDetail, DeskError> {
        for client in self.all_clients().0 {
            if let Some(finding) = client.findings.iter().find(|f| f.key.id() == id) {
                let info = self.checks.info(&finding.key.check);
                let text = |of: fn(&crate::checks::CheckInfo) -> &String| info.map(of).cloned().unwrap_or_default();
                let mut evidence = finding.evidence.clone();
                evidence.sort_by_key(|e| std::cmp::Reverse(e.time));
                return Ok(FindingDetail {
                    row: row(finding),
                    what: finding.what.clone(),
                    why: text(|i| &i.why),
                    remediation: text(|i| &i.remediation),
                    false_positives: info.map(|i| i.false_positives.join("; ")).unwrap_or_default(),
                    attack: info.map(|i| i.attack.clone()).unwrap_or_default(),
                    cis: info.map(|i| i.cis.clone()).unwrap_or_default(),
                    author: text(|i| &i.author),
                    evidence,
                    evidence_note: evidence_note(finding),
                });
            }
        }
        Err(DeskError::UnknownFinding(id))
    }
}

/// Evidence goes by age and by number; the finding and its count stay.
fn evidence_note(finding: &Finding) -> Option<String> {
    let (held, seen, most) = (finding.evidence.len(), finding.count, Finding::EVIDENCE_LIMIT);
    if held == 0 {
        Some("it was purged: all of it is older than events are kept (event_retention_days)".into())
    } else if held < usize::try_from(seen).unwrap_or(usize::MAX) {
        Some(format!(
            "the newest {held} of {seen}: at most {most} are kept, and none for longer than events (event_retention_days)"
        ))
    } else {
        None
    }
}

fn row(finding: &Finding) -> FindingRow {
    FindingRow {
        id: finding.key.id(),
        check: finding.key.check.clone(),
        severity: finding.severity,
        client: finding.key.client.clone(),
        account: finding.key.account,
        subject: finding.key.subject.clone(),
        title: finding.title.clone(),
        state: finding.state,
        first_seen: finding.first_seen,
        last_seen: finding.last_seen,
        count: finding.count,
    }
}
