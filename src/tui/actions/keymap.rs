//! From a key to an action.

use super::{ACTIONS, Action, Place, keys::Key, perform};
use crate::tui::{Effect, Model};

/// What a key means.
pub enum Found {
    /// This action.
    Action(&'static Action),
    /// The first of two keys.
    Prefix,
    /// Nothing here; says what it would mean elsewhere.
    Nothing(String),
}

/// What the keys that work everywhere do, also while something lies over the pane.
pub fn anywhere(model: &mut Model, key: Key) -> Option<Vec<Effect>> {
    let name = key.to_string();
    let action = ACTIONS.iter().find(|a| a.place == Place::Everywhere && a.keys.contains(&name.as_str()))?;
    model.pending_g = false;
    Some(perform(model, action))
}

/// What a key means in the pane shown.
pub fn resolve(model: &mut Model, key: Key) -> Found {
    let mut name = key.to_string();
    if std::mem::take(&mut model.pending_g) {
        name.insert(0, 'g');
    } else if name == "g" {
        model.pending_g = true;
        return Found::Prefix;
    }
    let bound = || ACTIONS.iter().filter(|a| a.keys.contains(&name.as_str()));
    match (bound().find(|a| a.place.covers(model.pane)), bound().next()) {
        (Some(action), _) | (None, Some(action)) => Found::Action(action),
        (None, None) => Found::Nothing(format!("{name} does nothing here: ? shows the keys")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (i, a) in ACTIONS.iter().enumerate() {
            for b in &ACTIONS[i + 1..] {
                assert_ne!(a.name, b.name);
                for key in a.keys.iter().filter(|key| b.keys.contains(key)) {
                    assert!(!a.place.overlaps(b.place), "{key} is both {} and {}", a.name, b.name);
                }
            }
        }
    }

    #[test]
    fn every_key_can_be_pressed_and_none_is_one_that_terminals_take() {
        for key in ACTIONS.iter().flat_map(|a| a.keys) {
            assert!(*key == "gg" || Key::parse(key).is_some_and(|k| k.to_string() == *key), "{key}");
            assert!(!["Ctrl-b", "Ctrl-a", "Ctrl-s", "Ctrl-q", "Ctrl-h", "Ctrl-i", "Ctrl-m"].contains(key), "{key}");
        }
    }

    #[test]
    fn names_are_words_for_the_command_line() {
        for action in ACTIONS {
            assert!(action.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", action.name);
            assert!(!action.title.is_empty() && !action.title.ends_with('.'), "{}", action.name);
        }
    }
}
