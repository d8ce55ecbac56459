//! What the actions do that are not about the list.

use crate::{
    desk::Query,
    tui::{
        Effect, Model, NoticeLevel,
        overlays::{self, Overlay},
        panes::{self, PANES, PaneId, Step, overview, vault},
    },
};

/// Shows a pane as it was left; pressed in that pane, its first level.
pub fn pane(model: &mut Model, id: PaneId) -> Vec<Effect> {
    if model.pane == id { model.to_root(id) } else { model.show(id) }
}

/// The next pane, or the one before.
pub fn neighbour(model: &mut Model, by: isize) -> Vec<Effect> {
    let here = PANES.iter().position(|p| p.id() == model.pane).unwrap_or(0);
    let there = here.wrapping_add_signed(by).checked_rem(PANES.len()).filter(|_| here != 0 || by > 0);
    let id = PANES.get(there.unwrap_or(PANES.len() - 1)).map_or(model.pane, |p| p.id());
    model.show(id)
}

pub fn can_open(model: &Model) -> Result<(), String> {
    if model.awaits_answer() {
        return Err("the list is still being read".into());
    }
    model.current().enter(model).map(|_| ())
}

pub fn open(model: &mut Model) -> Vec<Effect> {
    match model.current().enter(model) {
        Ok(Step { pane, queries }) => model.open(pane, queries),
        Err(_) => Vec::new(),
    }
}

pub fn can_go_back(model: &Model) -> Result<(), String> {
    let at_first = model.stack(model.pane).depth() == 0;
    if at_first && model.level().list.filter().is_empty() {
        return Err("this is the first level: 1 shows the overview, q quits".into());
    }
    Ok(())
}

/// One level back; at the first level it takes the filter away.
pub fn back(model: &mut Model) -> Vec<Effect> {
    model.back().unwrap_or_else(|| {
        model.level_mut().list.set_filter("");
        model.reorder();
        model.notify(NoticeLevel::Info, "filter taken away");
        Vec::new()
    })
}

pub fn has_last(model: &Model) -> Result<(), String> {
    model.last.map(|_| ()).ok_or_else(|| "no other pane was shown yet".into())
}

pub fn last_view(model: &mut Model) -> Vec<Effect> {
    model.last.map_or_else(Vec::new, |id| model.show(id))
}

fn over(model: &mut Model, overlay: Overlay) -> Vec<Effect> {
    model.overlays.push(overlay);
    Vec::new()
}

pub fn filter(model: &mut Model) -> Vec<Effect> {
    let now = model.level().list.filter().to_owned();
    let anchor = model.level().list.selected_id().map(str::to_owned);
    over(model, Overlay::Filter { input: now.as_str().into(), before: now, anchor })
}

pub fn help(model: &mut Model) -> Vec<Effect> {
    over(model, Overlay::Help(overlays::Picker::default()))
}

pub fn palette(model: &mut Model) -> Vec<Effect> {
    over(model, Overlay::Palette(overlays::Picker::default()))
}

pub fn command_line(model: &mut Model) -> Vec<Effect> {
    over(model, Overlay::Command(overlays::Picker::default()))
}

pub fn errors(model: &mut Model) -> Vec<Effect> {
    over(model, Overlay::Errors { top: 0 })
}

pub fn messages(model: &mut Model) -> Vec<Effect> {
    over(model, Overlay::Messages { top: 0 })
}

pub fn copy_menu(model: &mut Model) -> Vec<Effect> {
    let items = overlays::copy::items(model);
    over(model, Overlay::Copy { items, cursor: 0 })
}

pub fn has_client(model: &Model) -> Result<(), String> {
    model.current().client(model).map(|_| ()).ok_or_else(|| "no client is selected".into())
}

pub fn client_findings(model: &mut Model) -> Vec<Effect> {
    go_for_client(model, overview::findings_of)
}

pub fn client_access(model: &mut Model) -> Vec<Effect> {
    go_for_client(model, overview::access_of)
}

fn go_for_client(model: &mut Model, step: fn(crate::domain::ClientId) -> panes::Step) -> Vec<Effect> {
    let Some(client) = model.current().client(model) else { return Vec::new() };
    let Step { pane, queries } = step(client);
    model.open(pane, queries)
}

pub fn can_sync(model: &Model) -> Result<(), String> {
    if model.sync.running() { Err("a sync is running: 7 shows it".into()) } else { Ok(()) }
}

pub fn sync_now(model: &mut Model) -> Vec<Effect> {
    model.notify(NoticeLevel::Info, "sync begun: 7 shows it");
    vec![Effect::SyncNow]
}

pub fn lock(model: &mut Model) -> Vec<Effect> {
    model.lock("locked by hand")
}

pub fn backup_now(_: &mut Model) -> Vec<Effect> {
    vec![Effect::BackupNow]
}

pub fn verify(_: &mut Model) -> Vec<Effect> {
    vec![Effect::VerifyVault]
}

pub fn has_backups(model: &Model) -> Result<(), String> {
    vault::can_list_backups(model)
}

pub fn backups(model: &mut Model) -> Vec<Effect> {
    let mut effects = model.to_root(PaneId::Vault);
    effects.extend(model.open(PaneId::Vault, vec![Query::VaultBackups]));
    effects
}

pub fn repaint(_: &mut Model) -> Vec<Effect> {
    vec![Effect::Repaint]
}

pub fn suspend(_: &mut Model) -> Vec<Effect> {
    vec![Effect::Suspend]
}

pub fn at_root(model: &Model) -> Result<(), String> {
    if model.stack(model.pane).depth() == 0 {
        Ok(())
    } else {
        Err("quits from a pane's first level only: Esc goes back, Ctrl-c quits from anywhere".into())
    }
}

pub fn quit(_: &mut Model) -> Vec<Effect> {
    vec![Effect::Quit]
}
