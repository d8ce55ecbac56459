//! Texts that an operator types: names, aliases, notes. They are shown on screens and written into templates, so what
//! cannot be seen does not get in.

use super::{IdError, Untrusted};
use std::str::FromStr;

/// A name or an alias: 1 to 120 visible characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(Untrusted);

/// A note: at most 2,000 visible characters on one line; may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note(Untrusted);

impl FromStr for Label {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let expected = "write 1 to 120 visible characters on one line";
        visible("name", text.trim(), 1, 120, expected).map(Self)
    }
}

impl FromStr for Note {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        visible("note", text.trim(), 0, 2_000, "write at most 2,000 visible characters on one line").map(Self)
    }
}

impl From<Label> for Untrusted {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl From<Note> for Untrusted {
    fn from(note: Note) -> Self {
        note.0
    }
}

fn visible(
    what: &'static str,
    text: &str,
    least: usize,
    most: usize,
    expected: &'static str,
) -> Result<Untrusted, IdError> {
    let length = text.chars().take(most + 1).count();
    let taken = Untrusted::new(text);
    // What the exits would change is what cannot be seen.
    if (least..=most).contains(&length) && taken.for_log() == text {
        return Ok(taken);
    }
    Err(IdError::new(what, text, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_does_not_get_in() {
        let name: Untrusted = " Kestrel & Moör 運輸 ".parse::<Label>().unwrap().into();
        assert_eq!(name, "Kestrel & Moör 運輸");
        for bad in ["", "  ", "a\u{1b}[31m", "a\nb", "a\u{202e}b", "zero\u{200b}width", &"x".repeat(10_240)] {
            let error = bad.parse::<Label>().unwrap_err().to_string();
            assert!(error.contains("visible characters") && error.len() < 400, "{error}");
            assert!(!error.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{error}");
        }
        assert!("".parse::<Note>().is_ok() && "n".repeat(2_001).parse::<Note>().is_err());
    }
}
