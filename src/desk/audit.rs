//! Questions to the audit log, and its export.

use super::{
    DeskError,
    data::Desk,
    policy::Action,
    view::{AuditBroken, AuditCheck, AuditRow, AuditView},
};
use crate::{
    domain::{ClientId, Timestamp},
    vault::{AuditGap, AuditOrder, AuditRecord, AuditText},
};
use serde::Serialize;
use std::ops::ControlFlow;

/// Which entries; what is not set lets all pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// By this user.
    pub actor: Option<String>,
    /// About this client. What was said of a removed one is erased and found by nobody.
    pub client: Option<ClientId>,
    /// Of this action.
    pub action: Option<Action>,
    /// So many at most.
    pub limit: Option<usize>,
}

impl AuditFilter {
    fn passes(&self, record: &AuditRecord) -> bool {
        let about = |client| matches!(&record.text, AuditText::Said { client: Some(of), .. } if of == client);
        self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at <= until)
            && self.actor.as_ref().is_none_or(|actor| *actor == record.actor)
            && self.action.is_none_or(|action| action.id() == record.action)
            && self.client.as_ref().is_none_or(about)
    }
}

/// One line of an export.
#[derive(Debug, Clone, Serialize)]
pub struct AuditExported {
    /// The entry.
    #[serde(flatten)]
    pub row: AuditRow,
    /// Its HMAC over the entry before it and itself, in hexadecimal: two exports of one log agree in it.
    pub mac: String,
}

impl Desk {
    /// Entries of the audit log, newest first.
    pub fn audit(&self, filter: &AuditFilter) -> Result<AuditView, DeskError> {
        if let Some(client) = &filter.client
            && !self.vault.clients().contains(client)
        {
            return Err(DeskError::UnknownClient(client.clone()));
        }
        let limit = filter.limit.unwrap_or(usize::MAX);
        let (mut rows, mut more) = (Vec::new(), false);
        let gaps = self.vault.audit_entries(AuditOrder::NewestFirst, &mut |record| {
            if filter.passes(&record) {
                more = rows.len() >= limit;
                if more {
                    return ControlFlow::Break(());
                }
                rows.push(row(record));
            }
            ControlFlow::Continue(())
        })?;
        Ok(AuditView { as_of: self.now(), rows, more, problems: gaps.iter().map(problem).collect() })
    }

    /// Checks the whole log.
    pub fn audit_verify(&self) -> Result<AuditCheck, DeskError> {
        let report = self.vault.audit_verify()?;
        let broken = report.faults.iter();
        let broken = broken.map(|fault| AuditBroken { from: fault.from, to: fault.to, what: fault.wrong.to_string() });
        Ok(AuditCheck { ok: report.is_ok(), entries: report.entries, broken: broken.collect() })
    }

    /// Hands the whole log out, oldest entry first, the last being that of this export. Returns what could not be read.
    pub fn audit_export(
        &self,
        to: &str,
        line: &mut dyn FnMut(AuditExported) -> ControlFlow<()>,
    ) -> Result<Vec<String>, DeskError> {
        self.permit(Action::AuditExport, None, &format!("to {to}"))?;
        let gaps = self.vault.audit_entries(AuditOrder::OldestFirst, &mut |record| {
            let mac = record.mac.iter().map(|byte| format!("{byte:02x}")).collect();
            line(AuditExported { row: row(record), mac })
        })?;
        Ok(gaps.iter().map(problem).collect())
    }
}

fn row(record: AuditRecord) -> AuditRow {
    let AuditRecord { number, at, actor, via, action, text, .. } = record;
    let erased = text == AuditText::Erased;
    let (client, detail) = match text {
        AuditText::Said { client, detail } => (client.map(|client| client.to_string()), detail),
        AuditText::Erased => (None, String::new()),
        AuditText::Unreadable { why } => (None, format!("unreadable: {why}")),
    };
    AuditRow { number, at, actor: actor.into(), via, action, client, detail: detail.into(), erased }
}

fn problem(gap: &AuditGap) -> String {
    match gap.to {
        Some(to) => format!("entries {} to {to} cannot be read: {}", gap.from, gap.why),
        None => format!("entries from {} on cannot be read: {}", gap.from, gap.why),
    }
}
