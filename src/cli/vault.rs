//! `vault …`, `connection …` and the removal of clients: arguments and what is printed.

use super::{print::Output, table::Table};
use crate::{
    desk::view::{RemovalReport, VaultMode, VaultView},
    domain::ClientId,
    vault::{Compacted, Damage, SlotInfo, Verified},
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;

/// `vault …`.
#[derive(Debug, Subcommand)]
pub enum VaultAction {
    /// Show the vault's health: slots, size, backups, the last entries of the audit log.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Read every record and name what is damaged; exit code 1 if anything is.
    Verify {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Drop what is damaged, so that the next sync reads again what AWS still has.
    Repair {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give back the space of what is no longer used.
    Compact {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add, list and remove what opens the vault.
    Slot {
        /// What to do with them.
        #[command(subcommand)]
        action: SlotAction,
    },
    /// Change keys.
    Rotate {
        /// Which.
        #[command(subcommand)]
        what: RotateWhat,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Open the store of a vault and read its keys (done in a process of its own after an unclean end).
    #[command(hide = true)]
    Probe {
        /// The vault's directory.
        dir: PathBuf,
    },
}

/// Kinds of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SlotKindArg {
    /// A passphrase.
    Passphrase,
    /// A passphrase together with a key file.
    PassphraseKeyFile,
    /// A file with random bytes, for runs without a person.
    CredentialFile,
    /// A code that is shown once, for the day on which all else is lost.
    RecoveryCode,
}

/// `vault slot …`.
#[derive(Debug, Subcommand)]
pub enum SlotAction {
    /// Add a slot; it is tried before this returns.
    Add {
        /// Of which kind.
        #[arg(value_enum)]
        kind: SlotKindArg,
        /// The key file (passphrase-key-file) or credential file (credential-file); made if it does not exist.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Read the new passphrase from the first line of this file instead of the terminal.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the slots.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a slot; its secret then opens neither the vault nor its backups here.
    Remove {
        /// Its name, as `vault slot list` shows it.
        id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `vault rotate …`.
#[derive(Debug, Subcommand)]
pub enum RotateWhat {
    /// A new passphrase in the place of the one that opened the vault.
    Passphrase {
        /// Read the new passphrase from the first line of this file instead of the terminal.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// A new root key. Only the slot that opened the vault stays: the secrets of the others are not here.
    Root {
        /// Do not ask whether the other slots may go.
        #[arg(long)]
        yes: bool,
    },
    /// New keys for a client and its connections; every record of theirs is sealed anew.
    Client {
        /// The client.
        client: ClientId,
    },
    /// New keys for everything, the root key included.
    All {
        /// Do not ask whether the other slots may go.
        #[arg(long)]
        yes: bool,
    },
}

/// `client remove`.
#[derive(Debug, Args)]
pub struct ClientRemoveArgs {
    /// The client.
    pub client: ClientId,
    /// Confirm without a terminal, by naming the client again.
    #[arg(long, value_name = "CLIENT")]
    pub yes: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// So many things, `s` added where there is not one.
pub fn counted(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// The vault at first glance.
pub fn status(out: &mut Output, view: &VaultView) {
    out.line(&format!("vault {}, edition {}", view.id.get(..8).unwrap_or(&view.id), view.epoch));
    out.line(&format!(
        "{}, {}, {}, {:.1} MiB on disk",
        counted(view.clients.into(), "client"),
        counted(view.connections.into(), "connection"),
        counted(view.records, "record"),
        view.bytes as f64 / 1_048_576.0
    ));
    if let VaultMode::ReadOnly { why } = &view.mode {
        out.line(why);
    }
    out.line("");
    let mut table = Table::new(&["SLOT", "OPENED BY", "MADE", "COST OF A TRY"]);
    for slot in &view.slots {
        let kind = if slot.opened { format!("{} (now)", slot.kind) } else { slot.kind.clone() };
        let cost = slot.cost.clone().unwrap_or_else(|| "–".into());
        table.row(vec![slot.id.clone(), kind, slot.made_at.to_string(), cost]);
    }
    table.lines().iter().for_each(|line| out.line(line));
    out.line("");
    match view.backups.first() {
        Some(newest) => out.line(&format!(
            "{} in {}, the newest of {}",
            counted(view.backups.len() as u64, "backup"),
            view.backup_directory,
            newest.made_at
        )),
        None => out.line(&format!("no backups in {}", view.backup_directory)),
    }
    view.backup_problem.iter().chain(&view.notices).for_each(|line| out.line(line));
}

fn damage(damage: &Damage) -> Value {
    json!({ "client": damage.whose.client(), "scope": damage.whose.to_string(), "name": damage.name, "what": damage.kind.to_string() })
}

/// What reading everything found, as JSON.
pub fn verified_json(report: &Verified) -> Value {
    json!({
        "ok": report.damaged.is_empty(),
        "records": report.records,
        "bytes": report.bytes,
        "damaged": report.damaged.iter().map(damage).collect::<Vec<_>>(),
    })
}

/// What reading everything found.
pub fn verified(out: &mut Output, report: &Verified) {
    out.line(&format!("{}, {:.1} MiB read", counted(report.records, "record"), report.bytes as f64 / 1_048_576.0));
    damaged(out, &report.damaged);
    match report.damaged.len() {
        0 => out.line("everything is what was stored"),
        n => out.line(&format!(
            "{n} damaged: `bailiwick vault repair` drops them, `bailiwick sync` reads again what AWS has"
        )),
    }
}

fn damaged(out: &mut Output, list: &[Damage]) {
    let mut table = Table::new(&["WHOSE", "WHAT", "HOW"]);
    for one in list {
        table.row(vec![one.whose.to_string(), one.name.clone(), one.kind.to_string()]);
    }
    if !list.is_empty() {
        table.lines().iter().for_each(|line| out.line(line));
    }
}

/// What a repair dropped and what follows, as JSON.
pub fn repaired_json(dropped: &[Damage], follows: &[String]) -> Value {
    json!({ "dropped": dropped.iter().map(damage).collect::<Vec<_>>(), "follows": follows })
}

/// What a repair dropped and what follows.
pub fn repaired(out: &mut Output, dropped: &[Damage], follows: &[String]) {
    if dropped.is_empty() {
        return out.line("nothing is damaged");
    }
    damaged(out, dropped);
    follows.iter().for_each(|line| out.line(line));
}

/// Slots, as JSON.
pub fn slots_json(slots: &[SlotInfo]) -> Value {
    let slot = |s: &SlotInfo| {
        let cost = s.cost.map(|c| json!({ "memory_kib": c.memory_kib(), "passes": c.passes(), "lanes": c.lanes() }));
        json!({ "id": s.id.to_string(), "kind": s.kind, "made_at": s.made_at, "cost": cost, "opened": s.opened })
    };
    json!({ "slots": slots.iter().map(slot).collect::<Vec<_>>() })
}

/// Slots.
pub fn slots(out: &mut Output, slots: &[SlotInfo]) {
    let mut table = Table::new(&["SLOT", "OPENED BY", "MADE", "COST OF A TRY", ""]);
    for slot in slots {
        let cost = slot.cost.map_or_else(|| "–".into(), |c| format!("{} MiB × {}", c.memory_kib() / 1024, c.passes()));
        let used = if slot.opened { "opened the vault now" } else { "" };
        table.row(vec![slot.id.to_string(), slot.kind.into(), slot.made_at.to_string(), cost, used.into()]);
    }
    table.lines().iter().for_each(|line| out.line(line));
}

/// What became of what was removed.
pub fn removed(out: &mut Output, report: &RemovalReport) {
    let what = match &report.connection {
        Some(connection) => format!("connection {connection} of {}", report.client),
        None => report.client.to_string(),
    };
    out.line(&format!(
        "{what} is shredded: {} dropped, {} cannot be read any more",
        counted(report.keys_dropped, "key"),
        counted(report.records, "record")
    ));
    out.line(&format!("backups here: {} of {} shredded", report.backups_shredded, report.backups));
    report.backups_unreachable.iter().for_each(|line| out.line(&format!("  not reached: {line}")));
    out.line(&format!("elsewhere: {}", report.elsewhere));
}

/// What compaction did.
pub fn compacted(out: &mut Output, sizes: Compacted) {
    out.line(&format!("the store takes {} MiB, it took {} MiB", sizes.after >> 20, sizes.before >> 20));
}
