//! The copy menu.

use super::After;
use crate::{
    domain::Untrusted,
    tui::{
        Effect, Model, NoticeLevel,
        actions::keys::Key,
        panes::{
            Copyable,
            listing::{csv, markdown},
        },
        terminal::clipboard,
    },
};
use crossterm::event::KeyCode;

/// What can be copied here and now.
pub fn items(model: &Model) -> Vec<Copyable> {
    let (pane, source, level) = (model.current(), model.source(), model.level());
    let listing = pane.listing(&source);
    let mut out = pane.copies(model);
    let row = listing.cells(&source, &level.list, model.now, true);
    if let Some(cells) = row.get(1) {
        out.push(Copyable { key: 'r', label: "row", text: cells.join("\t") });
    }
    if !level.list.order().is_empty() {
        let table = listing.cells(&source, &level.list, model.now, false);
        out.push(Copyable { key: 't', label: "table as CSV", text: csv(&table) });
        out.push(Copyable { key: 'm', label: "table as Markdown", text: markdown(&table) });
    }
    out.push(Copyable {
        key: 'c',
        label: "the command that prints this view",
        text: pane.command(level.query.as_ref()),
    });
    out
}

/// Chooses by letter, or with the arrows and `Enter`.
pub(super) fn on_key(model: &mut Model, items: &[Copyable], cursor: &mut usize, key: Key) -> After {
    let last = items.len().saturating_sub(1);
    if let Some(item) = key.char().and_then(|c| items.iter().find(|item| item.key == c)) {
        return After::Close(copy(model, item));
    }
    match key.code {
        KeyCode::Esc | KeyCode::Char('q' | 'y') => return After::Close(Vec::new()),
        KeyCode::Enter => {
            return After::Close(items.get(*cursor).map_or_else(Vec::new, |item| copy(model, item)));
        }
        KeyCode::Down | KeyCode::Char('j') => *cursor = (*cursor + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') => *cursor = cursor.saturating_sub(1),
        _ => {}
    }
    After::Stay
}

fn copy(model: &mut Model, item: &Copyable) -> Vec<Effect> {
    let instead = model.current().command(model.level().query.as_ref());
    if is_too_large(model, item.label, &item.text, &format!("filter the list first, or use `{instead}`")) {
        return Vec::new();
    }
    let shown = Untrusted::from(item.text.lines().next().unwrap_or_default()).for_tui(50);
    let told = format!("sent to terminal: {} {shown}", item.label);
    vec![Effect::NoteCopy { what: item.label.to_string(), told, text: item.text.clone() }]
}

/// Copies a text as a whole. `what` is for the audit log and names no client; `label` is for the screen.
pub(in crate::tui) fn copy_text(model: &mut Model, what: &str, label: &str, text: &str) -> Vec<Effect> {
    if is_too_large(model, label, text, "write it to a file") {
        return Vec::new();
    }
    vec![Effect::NoteCopy { what: what.to_owned(), told: format!("sent to terminal: {label}"), text: text.to_owned() }]
}

fn is_too_large(model: &mut Model, label: &str, text: &str, instead: &str) -> bool {
    let size = clipboard::encoded_len(text.len());
    let large = size > clipboard::LIMIT;
    if large {
        let text = format!(
            "{label} is too large for a terminal's clipboard ({size} of {} bytes): {instead}",
            clipboard::LIMIT
        );
        model.notify(NoticeLevel::Error, text);
    }
    large
}
