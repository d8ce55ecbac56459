//! A line to type in and a list below it: help, palette, completion.

use super::{After, edit};
use crate::tui::{
    Model,
    actions::{ACTIONS, Action, keys::Key},
    widgets::filter::matcher,
};
use crossterm::event::KeyCode;
use nucleo_matcher::{
    Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use tui_input::Input;

/// What was typed and what is selected.
#[derive(Debug, Clone, Default)]
pub struct Picker {
    /// The line.
    pub input: Input,
    /// The selected place in the list.
    pub cursor: usize,
}

impl Picker {
    /// Types, moves, closes, or runs what is selected.
    pub(super) fn on_key(&mut self, key: Key, items: impl Fn(&str) -> Vec<&'static Action>) -> After {
        match key.code {
            KeyCode::Esc => return After::Close(Vec::new()),
            KeyCode::Enter => {
                let chosen = items(self.input.value()).get(self.cursor).copied();
                return chosen.map_or(After::Stay, After::Run);
            }
            _ => {}
        }
        let count = items(self.input.value()).len();
        if !self.moved(key, count) && edit(&mut self.input, key) {
            self.cursor = 0;
        }
        After::Stay
    }

    /// Moves in a list of `count`; `false` for a key that does not move.
    pub(super) fn moved(&mut self, key: Key, count: usize) -> bool {
        self.cursor = match (key.code, key.ctrl) {
            (KeyCode::Down, _) | (KeyCode::Char('n'), true) => self.cursor + 1,
            (KeyCode::Up, _) | (KeyCode::Char('p'), true) => self.cursor.saturating_sub(1),
            (KeyCode::PageDown, _) => self.cursor + 10,
            (KeyCode::PageUp, _) => self.cursor.saturating_sub(10),
            _ => return false,
        }
        .min(count.saturating_sub(1));
        true
    }
}

/// All actions, the best match first; in the table's order while nothing is typed.
pub fn ranked(query: &str) -> Vec<&'static Action> {
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = matcher();
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, &'static Action)> = ACTIONS
        .iter()
        .filter_map(|action| {
            let text = format!("{} {} {}", action.name, action.title, action.keys.join(" "));
            Some((pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?, action))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, action)| action).collect()
}

/// The actions that belong here, in the table's order.
pub fn here(model: &Model, query: &str) -> Vec<&'static Action> {
    let matching = ranked(query);
    let mut out: Vec<&'static Action> =
        ACTIONS.iter().filter(|a| a.place.covers(model.pane) && matching.iter().any(|m| m.name == a.name)).collect();
    if !query.is_empty() {
        out.sort_by_key(|a| matching.iter().position(|m| m.name == a.name));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_match_comes_first() {
        assert_eq!(ranked("metric").first().unwrap().name, "metric");
        assert_eq!(ranked("syncnow").first().unwrap().name, "sync-now");
        assert_eq!(ranked("").len(), ACTIONS.len());
        assert!(ranked("zzzz").is_empty());
    }
}
