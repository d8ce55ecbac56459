//! The vault at first glance, one backup, one entry of the audit log.

use super::{backup_named, selected_backup};
use crate::{
    desk::{
        Query,
        view::{AuditRow, BackupRow, SlotRow, VaultMode, VaultView},
    },
    domain::Timestamp,
    tui::{
        model::Model,
        panes::shell_quoted,
        theme::Tone,
        widgets::{
            canvas::{Canvas, Fact, Piece, dim, plain, width, wrap_pieces},
            words,
        },
    },
};
use ratatui::layout::Rect;

const LABEL: u16 = 10;
/// From this height on every slot and the newest backups have lines of their own.
const HIGH: u16 = 30;
/// Backups with a line of their own where there is room.
const NEWEST: usize = 6;

/// Draws what a level is about.
pub fn draw(model: &Model, query: &Query, view: &VaultView, canvas: &mut Canvas, area: Rect) {
    canvas.facts(area, LABEL, &facts(model, query, view));
}

/// Rows it takes to say all of it.
pub fn rows(model: &Model, query: &Query, view: &VaultView) -> u16 {
    let room = model.size.0.saturating_sub(LABEL + 2);
    let facts = facts(model, query, view);
    let lines = facts.iter().map(|(_, pieces)| match width(pieces) > room {
        true => wrap_pieces(pieces, room).len(),
        false => 1,
    });
    u16::try_from(lines.sum::<usize>()).unwrap_or(u16::MAX)
}

fn facts(model: &Model, query: &Query, view: &VaultView) -> Vec<Fact> {
    let now = model.now;
    match query {
        Query::VaultBackups => selected_backup(model).map_or_else(Vec::new, |row| backup(now, view, row)),
        Query::VaultBackup(name) => match backup_named(view, name) {
            Some(row) => backup(now, view, row),
            None => gone("this backup is not in the backup directory any more: Esc goes back"),
        },
        Query::VaultEntry(number) => match view.audit.iter().find(|row| row.number == *number) {
            Some(row) => entry(now, row),
            None => gone("this entry is not among the newest any more: Esc goes back"),
        },
        _ => glance(model, view),
    }
}

fn gone(text: &'static str) -> Vec<Fact> {
    vec![("", vec![(text.into(), Tone::Warn)])]
}

/// All of it, the troubles first.
fn glance(model: &Model, view: &VaultView) -> Vec<Fact> {
    let now = model.now;
    let mut out: Vec<Fact> = Vec::new();
    if let VaultMode::ReadOnly { why } = &view.mode {
        out.push(("read-only", vec![(why.clone().into(), Tone::Bad)]));
    }
    if let Some(problem) = &view.backup_problem {
        out.push(("backup", vec![(problem.clone().into(), Tone::Bad)]));
    }
    out.extend(view.notices.iter().map(|notice| ("notice", vec![(notice.clone().into(), Tone::Warn)])));
    out.push(("store", store(view)));
    if model.size.1 < HIGH {
        out.push(("slots", slots_sentence(view)));
        out.push(("backups", backups_sentence(now, view)));
        return out;
    }
    out.extend(labelled("slots", view.slots.iter().map(|slot| slot_line(now, slot)), || vec![dim("none is known")]));
    let mut backups: Vec<Vec<Piece>> = view.backups.iter().take(NEWEST).map(|row| backup_line(now, row)).collect();
    let older = view.backups.len().saturating_sub(NEWEST);
    if older > 0 {
        backups.push(vec![dim(format!("… {older} older: ")), ("B".into(), Tone::Accent), dim(" lists all")]);
    }
    out.extend(labelled("backups", backups.into_iter(), || backups_sentence(now, view)));
    out
}

/// Lines of which only the first has the label.
fn labelled(label: &'static str, lines: impl Iterator<Item = Vec<Piece>>, none: impl Fn() -> Vec<Piece>) -> Vec<Fact> {
    let mut out: Vec<Fact> = lines.enumerate().map(|(i, line)| (if i == 0 { label } else { "" }, line)).collect();
    if out.is_empty() {
        out.push((label, none()));
    }
    out
}

fn store(view: &VaultView) -> Vec<Piece> {
    let size =
        if view.bytes == 0 { "size not known".to_owned() } else { format!("{} on disk", words::bytes(view.bytes)) };
    let id = view.id.get(..12).unwrap_or(&view.id);
    vec![
        plain(words::plural(view.records, "record", "records")),
        plain(format!(" · {size}")),
        dim(format!(" · vault {id}")),
    ]
}

fn slots_sentence(view: &VaultView) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for slot in &view.slots {
        if !out.is_empty() {
            out.push(dim(" · "));
        }
        out.push(plain(slot.kind.clone()));
        if slot.opened {
            out.push((" opened this session".into(), Tone::Good));
        }
    }
    if out.is_empty() { vec![dim("none is known")] } else { out }
}

fn slot_line(now: Timestamp, slot: &SlotRow) -> Vec<Piece> {
    let cost = slot.cost.as_deref().map(|cost| format!("  {cost}")).unwrap_or_default();
    let opened = if slot.opened { "  opened this session" } else { "" };
    vec![
        plain(format!("{:<26}", slot.kind)),
        dim(format!("made {:<9}", words::when(now, slot.made_at))),
        (opened.into(), Tone::Good),
        dim(cost),
    ]
}

fn backup_line(now: Timestamp, row: &BackupRow) -> Vec<Piece> {
    let mut out = vec![
        plain(format!("{:<24}", row.name)),
        plain(format!("{:>7}", words::ago(now, row.made_at))),
        plain(format!("{:>11}  ", words::bytes(row.bytes))),
        state(row),
    ];
    out.extend(row.what.iter().map(|what| (format!("  {what}").into(), Tone::Warn)));
    out
}

/// How the backups stand, in one line.
pub fn backups_sentence(now: Timestamp, view: &VaultView) -> Vec<Piece> {
    let Some(newest) = view.backups.first() else {
        return vec![("no backups yet".into(), Tone::Warn), dim(": "), ("b".into(), Tone::Accent), dim(" makes one")];
    };
    let unproven = view.backups.iter().filter(|row| !row.verified).count();
    let noted = view.backups.iter().filter(|row| row.what.is_some()).count();
    let mut out = vec![
        plain(format!("{} held", view.backups.len())),
        dim(" · newest "),
        plain(format!("{} old", words::ago(now, newest.made_at)).replace("now old", "just made")),
        dim(", "),
        state(newest),
    ];
    for (n, word) in [(unproven, "not verified"), (noted, "with a note")] {
        if n > 0 {
            out.extend([dim(" · "), (format!("{n} {word}").into(), Tone::Warn)]);
        }
    }
    out
}

/// Whether a backup was read back, in a word.
pub fn state(row: &BackupRow) -> Piece {
    if row.verified { ("verified".into(), Tone::Good) } else { ("not verified".into(), Tone::Warn) }
}

/// Its age and whether it was read back.
pub fn backup_headline(now: Timestamp, row: &BackupRow) -> Vec<Piece> {
    let age = format!("made {}", words::since(now, row.made_at));
    vec![plain(age), dim(" · "), state(row)]
}

fn backup(now: Timestamp, view: &VaultView, row: &BackupRow) -> Vec<Fact> {
    let age = format!(" ({})", words::since(now, row.made_at));
    let mut out: Vec<Fact> = Vec::new();
    out.extend(row.what.iter().map(|what| ("note", vec![(what.clone().into(), Tone::Warn)])));
    out.push(("made", vec![plain(format!("{} {} UTC", row.made_at.day(), row.made_at.clock_time())), dim(age)]));
    out.push((
        "holds",
        vec![
            plain(words::plural(row.records, "record", "records")),
            plain(format!(" · {} · ", words::bytes(row.bytes))),
            state(row),
        ],
    ));
    if !view.backup_directory.is_empty() {
        out.push(("lies in", vec![plain(view.backup_directory.clone())]));
    }
    let name = shell_quoted(&row.name);
    out.push(("verify", vec![plain(format!("bailiwick backup verify {name}"))]));
    out.push(("restore", vec![plain(format!("bailiwick backup restore {name}"))]));
    out
}

/// What was done, and to whom.
pub fn headline(row: &AuditRow) -> Vec<Piece> {
    let mut out = vec![(row.action.clone().into(), Tone::Strong)];
    if let Some(client) = &row.client {
        out.extend([dim(" · "), plain(client.clone())]);
    }
    out
}

fn entry(now: Timestamp, row: &AuditRow) -> Vec<Fact> {
    let age = format!(" ({})", words::since(now, row.at));
    let detail = match row.erased {
        true => vec![dim("erased with its client's key; the entry still counts in the chain")],
        false => vec![(row.detail.for_tui(2_000).into(), Tone::Strong)],
    };
    vec![
        ("detail", detail),
        ("action", headline(row)),
        ("when", vec![plain(format!("{} {} UTC", row.at.day(), row.at.clock_time())), dim(age)]),
        ("who", vec![plain(row.actor.for_tui(200)), dim(format!(" · through {}", row.via))]),
        ("number", vec![plain(words::count(row.number)), dim(" in the chain")]),
    ]
}
