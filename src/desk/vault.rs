//! The vault's own health.

use super::{
    AuditFilter, DeskError,
    data::Desk,
    view::{BackupRow, SlotRow, VaultMode, VaultView},
};
use crate::vault::{BackupInfo, SlotInfo};

/// A backup older than this is overdue where one is made every day, in seconds.
const OVERDUE_SECONDS: i64 = 49 * 3_600;

impl Desk {
    /// The vault at first glance.
    pub fn vault_view(&self) -> Result<VaultView, DeskError> {
        let clients = self.vault.clients();
        let mut notices = self.vault.notices().to_vec();
        let bytes = self.vault.size().unwrap_or_else(|error| {
            notices.push(error.to_string());
            0
        });
        let (backups, backup_problem) = self.backup_rows();
        let newest = AuditFilter { limit: Some(VaultView::AUDIT_LIMIT), ..AuditFilter::default() };
        let audit = match self.audit(&newest) {
            Ok(audit) => {
                notices.extend(audit.problems);
                audit.rows
            }
            Err(error) => {
                notices.push(error.to_string());
                Vec::new()
            }
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(VaultView {
            as_of: self.now(),
            id: self.vault.id().iter().map(|b| format!("{b:02x}")).collect(),
            epoch: self.vault.revision(),
            connections: count(clients.iter().map(|client| self.vault.connections(client).len()).sum()),
            clients: count(clients.len()),
            records: self.vault.records(),
            bytes,
            mode: match self.vault.read_only() {
                None => VaultMode::Writable,
                Some(why) => VaultMode::ReadOnly { why: why.to_string() },
            },
            slots: self.vault.slots().iter().map(slot_row).collect(),
            backups,
            backup_directory: self.backups.as_ref().map_or_else(String::new, |p| p.backups.dir().display().to_string()),
            backup_problem,
            audit,
            notices,
        })
    }

    /// The backups, and what is wrong with them as a whole.
    fn backup_rows(&self) -> (Vec<BackupRow>, Option<String>) {
        let Some(plan) = &self.backups else { return (Vec::new(), None) };
        let list = match plan.backups.list() {
            Ok(list) => list,
            Err(error) => return (Vec::new(), Some(error.to_string())),
        };
        let newest = list.iter().find(|backup| backup.problem.is_none());
        let problem = match newest {
            None => Some("there is no backup yet: b makes one, or `bailiwick backup create`".to_owned()),
            Some(newest) if plan.automatic && self.now().since(newest.made_at) > OVERDUE_SECONDS => Some(format!(
                "the newest backup is of {}: b makes one, or `bailiwick backup create`",
                newest.made_at.day()
            )),
            Some(_) if self.vault.pending_work() => {
                Some("some backups still open with former secrets: `bailiwick backup prune` brings them in line".into())
            }
            Some(_) => None,
        };
        (list.iter().map(backup_row).collect(), problem)
    }
}

fn slot_row(slot: &SlotInfo) -> SlotRow {
    let cost = |c: crate::vault::KdfCost| format!("Argon2id, {} MiB, {} passes", c.memory_kib() / 1024, c.passes());
    SlotRow {
        id: slot.id.to_string(),
        kind: slot.kind.to_owned(),
        made_at: slot.made_at,
        cost: slot.cost.map(cost),
        opened: slot.opened,
    }
}

/// A backup is read back before it gets its name, so one that is whole has been verified.
fn backup_row(backup: &BackupInfo) -> BackupRow {
    BackupRow {
        name: backup.name.clone(),
        made_at: backup.made_at,
        bytes: backup.bytes,
        records: backup.records,
        verified: backup.problem.is_none(),
        what: backup.problem.clone(),
    }
}
