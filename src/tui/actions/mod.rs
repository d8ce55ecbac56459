//! The one table of everything a key, the palette or the command line can do.
//!
//! Key map, `?` help, footer, palette, completion and the README's key table are made from [`ACTIONS`].

pub(super) mod costs;
pub mod docs;
pub mod keymap;
pub mod keys;
mod list;
mod run;
mod sync;
mod table;

pub use table::ACTIONS;

use super::{Effect, Model, NoticeLevel, panes::PaneId};

/// Where an action works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere, also while something lies over the pane.
    Everywhere,
    /// In every pane.
    Panes,
    /// In these panes.
    In(&'static [PaneId]),
}

impl Place {
    /// Whether it covers a pane.
    pub fn covers(self, pane: PaneId) -> bool {
        match self {
            Self::Everywhere | Self::Panes => true,
            Self::In(panes) => panes.contains(&pane),
        }
    }

    /// Whether two places share a pane, so that a key may not mean both.
    pub fn overlaps(self, other: Self) -> bool {
        match (self, other) {
            (Self::In(a), Self::In(b)) => a.iter().any(|pane| b.contains(pane)),
            _ => true,
        }
    }
}

/// Something that can be done.
#[derive(Debug)]
pub struct Action {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its default keys, the one shown first; `gg` is the only pair.
    pub keys: &'static [&'static str],
    /// What it does, for help, palette and README.
    pub title: &'static str,
    /// Its word in the footer, if it stands there.
    pub hint: Option<&'static str>,
    /// Where it works.
    pub place: Place,
    /// Whether it can be done now; if not, why not.
    pub when: fn(&Model) -> Result<(), String>,
    /// Does it.
    pub run: fn(&mut Model) -> Vec<Effect>,
}

impl Action {
    /// Whether it can be done now, and if not, why not in a sentence.
    pub fn available(&self, model: &Model) -> Result<(), String> {
        match self.place {
            Place::In(panes) if !panes.contains(&model.pane) => {
                let names: Vec<&str> = panes.iter().map(|id| model.stack(*id).pane().title()).collect();
                Err(format!("works in {}", names.join(", ")))
            }
            _ => (self.when)(model),
        }
    }
}

/// The action with this name.
pub fn by_name(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

/// Does an action, or says why it cannot be done now.
pub fn perform(model: &mut Model, action: &Action) -> Vec<Effect> {
    match action.available(model) {
        Ok(()) => (action.run)(model),
        Err(why) => {
            let key = action.keys.first().map_or_else(|| format!(":{}", action.name), |k| (*k).to_owned());
            model.notify(NoticeLevel::Hint, format!("{key}: {why}"));
            Vec::new()
        }
    }
}
