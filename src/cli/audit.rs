//! `audit`: the log as a table, and what checking it found.

use super::{print::Output, table::Table};
use crate::desk::view::{AuditCheck, AuditView};

/// Entries, newest first.
pub fn audit(out: &mut Output, view: &AuditView) {
    let mut table = Table::new(&[">#", "WHEN", "WHO", "VIA", "ACTION", "CLIENT", "DETAIL"]);
    for row in &view.rows {
        table.row(vec![
            row.number.to_string(),
            row.at.to_string(),
            row.actor.for_tui(24),
            row.via.clone(),
            row.action.clone(),
            row.client.clone().unwrap_or_else(|| "–".into()),
            if row.erased { "erased with its client's key".into() } else { row.detail.for_tui(100) },
        ]);
    }
    if view.rows.is_empty() {
        out.line("no entries: nothing was changed or revealed, or the filter lets none pass");
    } else {
        table.lines().iter().for_each(|line| out.line(line));
    }
    if view.more {
        out.line("there are more: raise --limit, or ask for the time before with --until");
    }
}

/// What checking the log found.
pub fn audit_check(out: &mut Output, check: &AuditCheck) {
    if check.ok {
        return out.line(&format!("the audit log is whole: {} entries, each vouches for all before it", check.entries));
    }
    out.line(&format!("the audit log is broken; {} entries are there", check.entries));
    for broken in &check.broken {
        let which = if broken.from == broken.to {
            format!("entry {}", broken.from)
        } else {
            format!("entries {} to {}", broken.from, broken.to)
        };
        out.line(&format!("  {which}: {}", broken.what));
    }
    out.line("next: `bailiwick vault verify` tells damage of the disk from a change; an earlier backup has the log as it was");
}
