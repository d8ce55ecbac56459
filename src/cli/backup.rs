//! `backup …`: its arguments, and what it prints.

use super::{print::Output, table::Table};
use crate::{
    desk::Tended,
    vault::{BackupCheck, BackupInfo, Backups, Deletions, Pruned, Restored},
};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// `backup …`.
#[derive(Debug, Subcommand)]
pub enum BackupAction {
    /// Make a backup and read it back whole.
    Create {
        /// Put it into this directory instead of the usual one.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the backups, also those that cannot be used; needs no secret.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Read a backup whole: exit code 0 if all is well, 1 if something is damaged.
    Verify {
        /// Its name, or a path (with a / in it); by default the newest.
        #[arg(value_name = "NAME|PATH")]
        backup: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a backup in the place of the vault; the vault that was there is kept beside it.
    Restore {
        /// Its name, or a path (with a / in it).
        #[arg(value_name = "NAME|PATH")]
        backup: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove the backups that are no longer wanted, once the newest was read whole.
    Prune {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A backup that was made.
pub fn backup_made(out: &mut Output, made: &BackupInfo, json: bool) {
    if json {
        return out.json(&described(made));
    }
    out.line(&format!("backed up {} records, {}, and read back whole:", made.records, size(made.bytes)));
    out.line(&format!("  {}", made.path.display()));
}

/// All backups.
pub fn backups(out: &mut Output, from: &Backups, all: &[BackupInfo], json: bool) {
    if json {
        let all: Vec<Value> = all.iter().map(described).collect();
        return out.json(&json!({ "directory": from.dir(), "backups": all }));
    }
    if all.is_empty() {
        return out.line(&format!("no backups in {} yet: `bailiwick backup create` makes one", from.dir().display()));
    }
    let mut table = Table::new(&["BACKUP", "MADE", ">RECORDS", ">SIZE", "STATE"]);
    for backup in all {
        let whole = backup.problem.is_none();
        table.row(vec![
            backup.name.clone(),
            backup.made_at.to_string(),
            if whole { backup.records.to_string() } else { "–".into() },
            size(backup.bytes),
            backup.problem.clone().unwrap_or_else(|| "whole".into()),
        ]);
    }
    table.lines().iter().for_each(|line| out.line(line));
}

/// What reading a backup found.
pub fn backup_check(out: &mut Output, backup: &BackupInfo, check: &BackupCheck, json: bool) {
    let verified = &check.verified;
    if json {
        let damaged: Vec<Value> = verified
            .damaged
            .iter()
            .map(|d| json!({ "client": d.whose.client(), "name": d.name, "what": d.kind.to_string() }))
            .collect();
        return out.json(&json!({
            "backup": backup.name,
            "ok": damaged.is_empty(),
            "records": verified.records,
            "bytes": verified.bytes,
            "damaged": damaged,
            "notices": check.notices,
        }));
    }
    match verified.damaged.len() {
        0 => out.line(&format!("{}: all {} records are intact", backup.name, verified.records)),
        n => out.line(&format!("{}: {n} of {} are damaged", backup.name, verified.records)),
    }
    verified.damaged.iter().for_each(|d| out.line(&format!("  {} of {}: {}", d.name, d.whose, d.kind)));
    check.notices.iter().for_each(|notice| out.line(&format!("  {notice}; the other copy was used")));
}

/// What a restore did.
pub fn restored(out: &mut Output, done: &Restored, vault: &Path, json: bool) {
    let (kept, dropped, why) = match &done.deletions {
        Deletions::Kept { dropped } => (true, Some(*dropped), None),
        Deletions::OnlyThoseOfTheBackup { why } => (false, None, Some(why)),
    };
    if json {
        return out.json(&json!({
            "backup": done.backup,
            "made_at": done.made_at,
            "vault": vault,
            "before": done.before,
            "records": done.records,
            "clients": done.clients,
            "deletions_kept": kept,
            "dropped": dropped,
            "why": why,
        }));
    }
    out.line(&format!(
        "restored {}: {} records, {} client{}, as of {}",
        done.backup,
        done.records,
        done.clients,
        if done.clients == 1 { "" } else { "s" },
        done.made_at
    ));
    if let Some(before) = &done.before {
        out.line(&format!("the vault that was here is kept in {}", before.display()));
    }
    match why {
        None => out.line("what was deleted here since stays deleted"),
        Some(why) => out.line(&format!(
            "what was deleted after that backup was made is back, because deletions since are not known ({why}): delete it again"
        )),
    }
    out.line("next: `bailiwick sync` reads what is newer");
}

/// What pruning did.
pub fn pruned(out: &mut Output, done: &Pruned, json: bool) {
    if json {
        return out.json(&json!({ "kept": done.kept, "removed": done.removed, "why_not": done.why_not }));
    }
    done.removed.iter().for_each(|name| out.line(&format!("removed {name}")));
    match &done.why_not {
        Some(why) => out.line(why),
        None => out.line(&format!("{} removed, {} kept", done.removed.len(), done.kept.len())),
    }
}

/// One line on the daily backup, if one was made.
pub fn tended(out: &mut Output, done: &Tended) {
    if let Some(made) = &done.made {
        let removed = match done.removed.len() {
            0 => String::new(),
            n => format!("; {n} older removed"),
        };
        out.line(&format!("backed up as {} ({} records, {}){removed}", made.name, made.records, size(made.bytes)));
    }
}

fn described(backup: &BackupInfo) -> Value {
    json!({
        "name": backup.name,
        "path": backup.path,
        "made_at": backup.made_at,
        "records": backup.records,
        "bytes": backup.bytes,
        "whole": backup.problem.is_none(),
        "problem": backup.problem,
    })
}

/// Bytes in KiB or MiB, rounded up.
fn size(bytes: u64) -> String {
    if bytes < 1 << 20 {
        format!("{} KiB", bytes.div_ceil(1 << 10))
    } else {
        format!("{} MiB", bytes.div_ceil(1 << 20))
    }
}
