//! Keys as people write them: `j`, `G`, `Ctrl-d`, `Enter`, `PgDn`.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::fmt;

/// One key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key; a letter comes as the character it writes.
    pub code: KeyCode,
    /// Whether Ctrl is held.
    pub ctrl: bool,
}

const NAMED: [(&str, KeyCode); 14] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
];

impl Key {
    /// A key without Ctrl.
    pub fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false }
    }

    /// From the terminal's event; `None` for releases and for keys held with Alt or Super, which are never bound.
    pub fn of(event: KeyEvent) -> Option<Self> {
        let held = event.modifiers.difference(KeyModifiers::SHIFT | KeyModifiers::CONTROL);
        if event.kind == KeyEventKind::Release || !held.is_empty() {
            return None;
        }
        Some(Self { code: event.code, ctrl: event.modifiers.contains(KeyModifiers::CONTROL) })
    }

    /// From its written form.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((_, code)) = NAMED.into_iter().find(|(name, _)| *name == text) {
            return Some(Self::plain(code));
        }
        let (ctrl, rest) = text.strip_prefix("Ctrl-").map_or((false, text), |rest| (true, rest));
        let mut letters = rest.chars();
        let letter = letters.next()?;
        letters.next().is_none().then_some(Self { code: KeyCode::Char(letter), ctrl })
    }

    /// The character it writes.
    pub fn char(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        for text in ["j", "G", "/", "Ctrl-d", "Enter", "PgDn", "Shift-Tab", "Space", "-"] {
            assert_eq!(Key::parse(text).unwrap().to_string(), text);
        }
        assert!(Key::parse("").is_none() && Key::parse("gg").is_none());
    }

    #[test]
    fn releases_and_alt_are_not_keys() {
        let mut event = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::ALT);
        assert!(Key::of(event).is_none());
        event.modifiers = KeyModifiers::SHIFT;
        assert_eq!(Key::of(event), Key::parse("j"));
        event.kind = KeyEventKind::Release;
        assert!(Key::of(event).is_none());
    }
}
