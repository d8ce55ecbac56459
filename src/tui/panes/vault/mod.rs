//! 8 Vault: what opens it, how it is backed up, and the audit log; then one backup or one entry.

mod columns;
mod detail;

use super::{Copyable, Listing, Pane, PaneId, Source, Step, shell_quoted};
use crate::{
    desk::{
        Answer, Query,
        view::{AuditRow, BackupRow, VaultMode, VaultView},
    },
    domain::ClientId,
    tui::{
        model::Model,
        theme::Tone,
        widgets::{
            canvas::{Canvas, Piece, dim, plain},
            words,
        },
    },
};
use ratatui::layout::Rect;

/// The pane.
#[derive(Debug)]
pub struct Vault;

/// What a level draws from.
fn data_of<'a>(source: &Source<'a>) -> Option<&'a VaultView> {
    match source.answer {
        Some(Answer::Vault(view)) => Some(view),
        _ => None,
    }
}

/// What is looked at: the question with the newest answer to it.
fn data(model: &Model) -> Option<(&Query, &VaultView)> {
    let level = model.stack(PaneId::Vault).top();
    match &level.answer {
        Some(Answer::Vault(view)) => Some((level.query.as_ref()?, view)),
        _ => None,
    }
}

fn backup_named<'a>(view: &'a VaultView, name: &str) -> Option<&'a BackupRow> {
    view.backups.iter().find(|row| row.name == name)
}

/// The entries a level lists: all; those since a backup was made, which restoring it would not bring back; or those
/// before an entry.
fn entries<'a>(query: Option<&Query>, view: &'a VaultView) -> &'a [AuditRow] {
    let audit = view.audit.as_slice();
    match query {
        Some(Query::VaultBackup(name)) => {
            let since = backup_named(view, name).map_or(0, |b| audit.partition_point(|row| row.at > b.made_at));
            audit.get(..since).unwrap_or_default()
        }
        Some(Query::VaultEntry(number)) => {
            audit.get(audit.partition_point(|row| row.number >= *number)..).unwrap_or_default()
        }
        _ => audit,
    }
}

fn place(model: &Model) -> Option<usize> {
    model.stack(PaneId::Vault).top().list.selected_row()
}

fn selected_entry(model: &Model) -> Option<&AuditRow> {
    let (query, view) = data(model)?;
    (*query != Query::VaultBackups).then(|| entries(Some(query), view).get(place(model)?))?
}

/// The selected backup of the list, or the one shown in full.
fn selected_backup(model: &Model) -> Option<&BackupRow> {
    let (query, view) = data(model)?;
    match query {
        Query::VaultBackups => view.backups.get(place(model)?),
        Query::VaultBackup(name) => backup_named(view, name),
        _ => None,
    }
}

/// Whether there are backups to list, and that they are not listed already.
pub fn can_list_backups(model: &Model) -> Result<(), String> {
    match data(model) {
        None => Err("the vault is still being read".into()),
        Some((Query::VaultBackups, _)) => Err("these are all backups: Enter opens one".into()),
        Some((_, view)) if view.backups.is_empty() => Err("there are no backups yet: b makes one".into()),
        Some(_) => Ok(()),
    }
}

impl Pane for Vault {
    fn id(&self) -> PaneId {
        PaneId::Vault
    }

    fn title(&self) -> &'static str {
        "Vault"
    }

    fn root(&self) -> Option<Query> {
        Some(Query::Vault)
    }

    fn crumb(&self, query: &Query) -> String {
        match query {
            Query::VaultBackups => "backups".into(),
            Query::VaultBackup(name) => name.clone(),
            Query::VaultEntry(number) => format!("entry {}", words::count(*number)),
            _ => String::new(),
        }
    }

    fn listing(&self, source: &Source) -> &'static dyn Listing {
        if matches!(source.query, Some(Query::VaultBackups)) { &columns::Backups } else { &columns::Entries }
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        let Some((query, view)) = data(model) else { return Vec::new() };
        match query {
            Query::VaultBackups => backups_headline(model, view),
            Query::VaultBackup(name) => match backup_named(view, name) {
                Some(row) => detail::backup_headline(model.now, row),
                None => Vec::new(),
            },
            Query::VaultEntry(number) => match view.audit.iter().find(|row| row.number == *number) {
                Some(row) => detail::headline(row),
                None => Vec::new(),
            },
            _ => headline(view),
        }
    }

    fn enter(&self, model: &Model) -> Result<Step, String> {
        let query = if let Some((Query::VaultBackups, _)) = data(model) {
            Query::VaultBackup(selected_backup(model).ok_or("no backup is selected")?.name.clone())
        } else {
            Query::VaultEntry(selected_entry(model).ok_or("no entry of the audit log is selected")?.number)
        };
        Ok(Step::into(PaneId::Vault, query))
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        selected_entry(model)?.client.as_ref()?.parse().ok()
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        let mut out = Vec::new();
        if let (Some(backup), Some((_, view))) = (selected_backup(model), data(model)) {
            out.push(Copyable { key: 'i', label: "backup's name", text: backup.name.clone() });
            if !view.backup_directory.is_empty() {
                let text = format!("{}/{}", view.backup_directory, backup.name);
                out.push(Copyable { key: 'p', label: "backup's directory", text });
            }
        }
        if let Some(row) = selected_entry(model) {
            out.push(Copyable { key: 'd', label: "detail of the entry", text: row.detail.for_log() });
        }
        out
    }

    fn command(&self, query: Option<&Query>) -> String {
        match query {
            Some(Query::VaultBackups) => "bailiwick backup list".into(),
            Some(Query::VaultBackup(name)) => format!("bailiwick backup verify {}", shell_quoted(name)),
            Some(Query::VaultEntry(_)) => "bailiwick audit list".into(),
            _ => "bailiwick vault status".into(),
        }
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        match data(model)? {
            (Query::VaultBackups, _) => selected_backup(model).map(|backup| backup.name.clone()),
            (Query::VaultBackup(name), _) => Some(name.clone()),
            (Query::VaultEntry(number), _) => Some(format!("entry {}", words::count(*number))),
            _ => Some("slots and backups".into()),
        }
    }

    fn detail_rows(&self, model: &Model) -> u16 {
        data(model).map_or(5, |(query, view)| detail::rows(model, query, view))
    }

    fn detail_first(&self, model: &Model) -> bool {
        !matches!(model.stack(PaneId::Vault).top().query, Some(Query::VaultBackups))
    }

    fn table_title(&self, model: &Model) -> &'static str {
        match model.stack(PaneId::Vault).top().query {
            Some(Query::VaultBackup(_)) => "done since, and not in this backup",
            Some(Query::VaultEntry(_)) => "before it",
            _ => "audit log",
        }
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        if let Some((query, view)) = data(model) {
            detail::draw(model, query, view, canvas, area);
        }
    }
}

fn headline(view: &VaultView) -> Vec<Piece> {
    let mode = match view.mode {
        VaultMode::Writable => ("writable".into(), Tone::Good),
        VaultMode::ReadOnly { .. } => ("read-only".into(), Tone::Bad),
    };
    let mut out = vec![
        mode,
        plain(format!(" · {}", words::plural(view.clients.into(), "client", "clients"))),
        plain(format!(" · {}", words::plural(view.connections.into(), "connection", "connections"))),
        dim(format!(" · epoch {}", words::count(view.epoch))),
    ];
    let troubles = view.notices.len() + usize::from(view.backup_problem.is_some());
    if troubles > 0 {
        out.extend([dim(" · "), (words::plural(troubles as u64, "problem", "problems").into(), Tone::Warn)]);
    }
    out
}

fn backups_headline(model: &Model, view: &VaultView) -> Vec<Piece> {
    let mut out = detail::backups_sentence(model.now, view);
    if !view.backup_directory.is_empty() {
        out.push(dim(format!(" · in {}", view.backup_directory)));
    }
    out
}
