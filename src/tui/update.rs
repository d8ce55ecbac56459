//! One message in, the model changed, effects out.

use super::{
    Effect, Model, Msg,
    actions::{self, keymap, keys::Key},
    connect,
    model::Deadline,
    overlays,
    panes::PaneId,
    unlock,
};
use crate::domain::SyncEvent;

/// The greatest window drawn; a bigger one is drawn in its upper left corner.
pub const LARGEST: (u16, u16) = (500, 200);

/// Takes one message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let seen = matches!(msg, Msg::Now(_) | Msg::Drawn(_) | Msg::Resize(..));
    match (seen, &model.locked) {
        (false, Some(_)) => return unlock::update(model, msg),
        // Whatever comes, a key too, comes too late.
        (false, None) => {
            if let Some(effects) = model.lock_if_idle() {
                return effects;
            }
        }
        (true, _) => {}
    }
    match msg {
        Msg::Key(event) => Key::of(event).map_or_else(Vec::new, |key| on_key(model, key)),
        Msg::Paste(text) => overlays::paste(model, &text),
        Msg::Resize(columns, rows) => {
            model.size = (columns.min(LARGEST.0), rows.min(LARGEST.1));
            Vec::new()
        }
        Msg::Answer { request, result } => {
            model.answered(request, result);
            Vec::new()
        }
        Msg::Sync(event) => on_sync(model, vec![event]),
        Msg::Progress(events) => on_sync(model, events),
        Msg::Notice { level, text } => {
            model.notify(level, text);
            Vec::new()
        }
        Msg::Status(text) => {
            model.status = Some(text);
            Vec::new()
        }
        Msg::Due(Deadline::Toast(number)) => {
            model.toast = model.toast.take().filter(|(shown, _)| *shown != number);
            Vec::new()
        }
        Msg::Due(Deadline::Refresh(number)) => model.refresh_due(number),
        Msg::Due(Deadline::Idle(number)) => model.idle_due(number),
        Msg::Locked { note } => {
            let effects = model.lock("locked");
            if model.locked.is_some() {
                unlock::update(model, Msg::Locked { note });
            }
            effects
        }
        Msg::Copy { told, text } => {
            model.notify(super::NoticeLevel::Info, told);
            vec![Effect::Copy(text)]
        }
        Msg::Probe { request, probe } => {
            connect::probed(model, request, &probe);
            Vec::new()
        }
        Msg::ErrandEnded { request, result } => {
            actions::costs::drilled(model, request, &result).unwrap_or_else(|| connect::ended(model, request, result))
        }
        Msg::VaultChanged => model.changed_by_hand(),
        Msg::Unlocked | Msg::UnlockRefused { .. } | Msg::Resumed | Msg::Due(Deadline::Wait(_)) => Vec::new(),
        Msg::Now(now) => {
            model.now = now;
            Vec::new()
        }
        Msg::Drawn(hit) => {
            model.hit = hit;
            if model.locked.is_none() {
                model.level_mut().list.laid_out(hit.table);
            }
            Vec::new()
        }
    }
}

fn on_key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.key_came();
    // A notice has been seen once the next key comes; the key does what it always does.
    model.toast = None;
    if let Some(effects) = keymap::anywhere(model, key) {
        return effects;
    }
    if !model.overlays.is_empty() {
        return overlays::on_key(model, key);
    }
    match keymap::resolve(model, key) {
        keymap::Found::Action(action) => actions::perform(model, action),
        keymap::Found::Prefix => Vec::new(),
        keymap::Found::Nothing(why) => {
            model.notify(super::NoticeLevel::Hint, why);
            Vec::new()
        }
    }
}

fn on_sync(model: &mut Model, events: Vec<SyncEvent>) -> Vec<Effect> {
    let mut changed = false;
    for event in events {
        changed |= matches!(event, SyncEvent::Committed { .. } | SyncEvent::Finished { .. });
        told(model, &event);
        model.sync.apply(event, model.now);
    }
    if model.pane == PaneId::Sync {
        // Whoever stands at the top watches the top: what asks for a look comes there.
        if model.level().list.cursor() == 0 {
            model.level_mut().list.prefer(None);
        }
        model.reorder();
    }
    if changed { model.data_changed() } else { Vec::new() }
}

/// What else there is to say and to do when a run tells something.
fn told(model: &mut Model, event: &SyncEvent) {
    match event {
        SyncEvent::Finished { summary } => {
            let failed = summary.jobs_failed + summary.jobs_partial;
            let kept_too_long = summary.purged.iter().any(|purged| purged.failure.is_some());
            let text = match failed {
                0 if kept_too_long => "sync finished, but old events could not be removed: e shows why".into(),
                0 if summary.jobs_cancelled > 0 => {
                    format!("sync finished: {} new events, {} jobs cancelled", summary.events, summary.jobs_cancelled)
                }
                0 => format!("sync finished: {} new events", summary.events),
                n => format!("sync finished, {n} of {} jobs with errors: e shows them", summary.jobs_done + n),
            };
            let level =
                if failed == 0 && !kept_too_long { super::NoticeLevel::Info } else { super::NoticeLevel::Error };
            model.notify(level, text);
        }
        SyncEvent::Aborted { failure } => {
            model.notify(super::NoticeLevel::Error, format!("{} {}", failure.what, failure.next_step));
        }
        _ => {}
    }
    if matches!(event, SyncEvent::Planned { .. } | SyncEvent::Finished { .. } | SyncEvent::Aborted { .. }) {
        // The numbers of jobs mean others in another run.
        model.overlays.retain(|overlay| !overlay.asks_about_job());
    }
}
