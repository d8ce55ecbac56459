//! Colours by meaning. Sixteen colours first, no background but the terminal's own, and nothing said by colour alone.

mod ascii;

pub use ascii::{to_ascii, twin};

use crate::domain::Severity;
use ratatui::style::{Color, Modifier, Style};

/// What a piece of text means; the theme decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// Quiet: hints, rules, what does not apply now.
    Dim,
    /// Loud without colour: the number that matters.
    Strong,
    /// The one accent: where one is, titles, keys.
    Accent,
    /// Column heads.
    Head,
    /// All is well.
    Good,
    /// Needs a look: stale, partial, partly refused.
    Warn,
    /// Failed or refused.
    Bad,
    /// More money than before.
    Rise,
    /// Less money than before.
    Fall,
    /// A severity.
    Severity(Severity),
    /// The selected row's marker and name.
    Cursor,
}

/// How tones look, and whether only ASCII may be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours may be used (`NO_COLOR` unset).
    pub colours: bool,
    /// Whether every glyph is replaced by its ASCII twin.
    pub ascii: bool,
}

impl Theme {
    /// The dark theme, written for 16 colours.
    pub const DARK: Self = Self { colours: true, ascii: false };
    /// Without colours: bold, dim and reverse only.
    pub const MONO: Self = Self { colours: false, ascii: false };

    /// The style of a tone.
    pub fn style(&self, tone: Tone) -> Style {
        let plain = Style::new();
        let (colour, modifier) = match tone {
            Tone::Plain => (None, Modifier::empty()),
            Tone::Dim => (None, Modifier::DIM),
            Tone::Strong => (None, Modifier::BOLD),
            Tone::Accent => (Some(Color::Cyan), Modifier::BOLD),
            Tone::Head => (None, Modifier::BOLD),
            Tone::Good | Tone::Fall => (Some(Color::Green), Modifier::empty()),
            Tone::Warn | Tone::Rise => (Some(Color::Yellow), Modifier::empty()),
            Tone::Bad => (Some(Color::Red), Modifier::empty()),
            Tone::Severity(Severity::Critical) => (Some(Color::Red), Modifier::BOLD),
            Tone::Severity(Severity::High) => (Some(Color::Yellow), Modifier::BOLD),
            Tone::Severity(Severity::Medium) => (Some(Color::Magenta), Modifier::empty()),
            Tone::Severity(Severity::Low) => (None, Modifier::empty()),
            Tone::Severity(Severity::Info) => (None, Modifier::DIM),
            Tone::Cursor => (None, Modifier::REVERSED),
        };
        match colour {
            Some(colour) if self.colours => plain.fg(colour).add_modifier(modifier),
            _ => plain.add_modifier(modifier),
        }
    }
}

/// The glyph that stands before a severity, so that it is told without colour too.
pub fn severity_glyph(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "●",
        Severity::High => "▲",
        Severity::Medium => "◆",
        Severity::Low => "○",
        Severity::Info => "·",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_no_tone_has_one() {
        let tones = [Tone::Plain, Tone::Accent, Tone::Good, Tone::Warn, Tone::Bad, Tone::Rise, Tone::Cursor];
        for tone in tones.into_iter().chain(Severity::ALL.map(Tone::Severity)) {
            assert_eq!((Theme::MONO.style(tone).fg, Theme::MONO.style(tone).bg), (None, None), "{tone:?}");
        }
        assert_eq!(Theme::DARK.style(Tone::Bad).fg, Some(Color::Red));
    }

    #[test]
    fn every_severity_has_its_own_glyph() {
        let glyphs: std::collections::BTreeSet<_> = Severity::ALL.into_iter().map(severity_glyph).collect();
        assert_eq!(glyphs.len(), Severity::ALL.len());
    }
}
