//! Text that somebody else chose. CloudTrail strings (names, user agents, error messages) are chosen by attackers too.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};
use std::{
    borrow::{Borrow, Cow},
    fmt,
    sync::Arc,
};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// No field is shown longer than this many characters.
const FIELD_LIMIT: usize = 4_096;
/// No grapheme cluster is shown longer than this many bytes.
const GRAPHEME_BYTES: usize = 32;
/// No grapheme cluster is shown with more combining marks than this.
const GRAPHEME_MARKS: usize = 4;

/// A remote text that has no `Display`: it reaches people only through [`for_tui`](Self::for_tui),
/// [`for_log`](Self::for_log), [`for_csv`](Self::for_csv) and [`for_json`](Self::for_json).
///
/// All four make control characters visible pictures (`␛`), write bidirectional and zero-width characters as
/// `⟨U+202E⟩`, and bound graphemes and length. `Debug` is as safe as [`for_log`](Self::for_log). Serialised into a
/// human-readable format it goes through [`for_json`](Self::for_json); into a binary one (the vault) it is kept raw.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Untrusted(Arc<str>);

impl Untrusted {
    /// Takes the text in as it came.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Safe, on one line, cut with `…` to at most `width` terminal columns.
    pub fn for_tui(&self, width: usize) -> String {
        if let Some(plain) = self.plain()
            && plain.len() <= width
        {
            return plain.to_owned();
        }
        cut(&cleaned(&self.0), width)
    }

    /// Safe, on one line, for logs and error messages.
    pub fn for_log(&self) -> String {
        cleaned(&self.0).into_owned()
    }

    /// Safe, and not read as a formula by a spreadsheet; the caller's CSV writer adds the quotes.
    pub fn for_csv(&self) -> String {
        let text = cleaned(&self.0);
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.into_owned() }
    }

    /// Safe for a JSON string on a terminal or in a file; the caller's JSON writer adds quotes and escapes.
    pub fn for_json(&self) -> String {
        cleaned(&self.0).into_owned()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes as they came, for sealing, matching and comparing inside the program; never for output.
    pub fn raw_for_matching(&self) -> &str {
        &self.0
    }

    /// The text itself when it is short printable ASCII, the common case.
    fn plain(&self) -> Option<&str> {
        (self.0.len() <= FIELD_LIMIT && self.0.bytes().all(|b| (0x20..0x7f).contains(&b))).then_some(&*self.0)
    }
}

impl PartialEq<str> for Untrusted {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Untrusted {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

/// For look-ups by the raw text.
impl Borrow<str> for Untrusted {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.for_log())
    }
}

impl Serialize for Untrusted {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.serialize_str(&self.for_json()) } else { s.serialize_str(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Untrusted {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(Text)
    }
}

/// Takes a text in without a copy of it in between.
struct Text;

impl Visitor<'_> for Text {
    type Value = Untrusted;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Untrusted, E> {
        Ok(text.into())
    }
}

/// Characters that change how their neighbours are shown while being invisible themselves.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

fn cleaned(text: &str) -> Cow<'_, str> {
    if text.len() <= FIELD_LIMIT && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(FIELD_LIMIT * 2));
    let mut written = 0usize;
    for grapheme in text.graphemes(true) {
        if written >= FIELD_LIMIT {
            out.push('…');
            break;
        }
        let before = out.len();
        let mut marks = 0;
        for c in grapheme.chars() {
            match c {
                '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('␀')),
                '\u{7f}' => out.push('␡'),
                c if c.is_control() || invisible(c) => out.push_str(&format!("⟨U+{:04X}⟩", c as u32)),
                c => {
                    // A combining mark has no width of its own and rides on the character before it.
                    if unicode_width::UnicodeWidthChar::width(c) == Some(0) {
                        marks += 1;
                        if marks > GRAPHEME_MARKS || out.len() - before + c.len_utf8() > GRAPHEME_BYTES {
                            continue;
                        }
                    }
                    out.push(c);
                }
            }
            written += 1;
        }
    }
    Cow::Owned(out)
}

/// Cuts to `width` columns at a grapheme boundary, ending in `…` if anything was cut.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let w = grapheme.width();
        if used + w + 1 > width {
            break;
        }
        used += w;
        out.push_str(grapheme);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn controls_become_pictures_and_bidi_becomes_its_code() {
        let t = Untrusted::from("a\u{1b}[2J\r\nb\u{202e}c\u{200b}\u{7f}\u{9b}");
        let safe = "a␛[2J␍␊b⟨U+202E⟩c⟨U+200B⟩␡⟨U+009B⟩";
        assert_eq!(t.for_log(), safe);
        assert_eq!(t.for_json(), safe);
        assert_eq!(serde_json::to_string(&t).unwrap(), format!("\"{safe}\""));
        assert_eq!(format!("{t:?}"), format!("\"{safe}\""));
    }

    #[test]
    fn a_spreadsheet_never_sees_a_formula() {
        for text in ["=1+1", "+cmd", "-2", "@x"] {
            assert!(Untrusted::from(text).for_csv().starts_with('\''), "{text}");
        }
        assert_eq!(Untrusted::from("plain").for_csv(), "plain");
    }

    #[test]
    fn zalgo_and_length_are_bounded() {
        let zalgo = format!("e{}", "\u{301}".repeat(500));
        assert!(Untrusted::from(zalgo.as_str()).for_log().chars().count() <= 1 + GRAPHEME_MARKS);
        let long = "é".repeat(10_000);
        assert_eq!(Untrusted::from(long.as_str()).for_log().chars().count(), FIELD_LIMIT + 1);
        assert_eq!(Untrusted::from("x".repeat(5_000)).for_log().chars().count(), FIELD_LIMIT + 1);
    }

    #[test]
    fn the_vault_keeps_the_raw_bytes() {
        let t = Untrusted::from("a\u{1b}b");
        let bytes = postcard::to_stdvec(&t).unwrap();
        assert_eq!(postcard::from_bytes::<Untrusted>(&bytes).unwrap(), t);
    }

    proptest! {
        #[test]
        fn nothing_dangerous_ever_leaves(text in any::<String>(), width in 0usize..200) {
            let t = Untrusted::from(text);
            for out in [t.for_tui(width), t.for_log(), t.for_csv(), t.for_json()] {
                prop_assert!(!out.chars().any(|c| c.is_control() || invisible(c)), "{out:?}");
            }
            prop_assert!(t.for_tui(width).width() <= width);
        }
    }
}
