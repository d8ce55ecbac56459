//! The one way text gets into the frame's buffer: bounded, made safe, cut with `…`.

use super::super::theme::{Theme, Tone};
use crate::domain::Untrusted;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr;

/// A text and what it means.
pub type Piece = (Cow<'static, str>, Tone);

/// A piece of plain text.
pub fn plain(text: impl Into<Cow<'static, str>>) -> Piece {
    (text.into(), Tone::Plain)
}

/// A quiet piece.
pub fn dim(text: impl Into<Cow<'static, str>>) -> Piece {
    (text.into(), Tone::Dim)
}

/// Columns a list of pieces takes.
pub fn width(pieces: &[Piece]) -> u16 {
    let sum = pieces.iter().map(|(text, _)| text.width()).sum::<usize>();
    u16::try_from(sum).unwrap_or(u16::MAX)
}

/// Draws into a frame's buffer.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
}

impl<'a> Canvas<'a> {
    /// Over a buffer, with a theme.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme }
    }

    /// Everything there is.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Puts `text` at a place, in at most `columns` columns; what does not fit ends in `…`. Every text is made safe
    /// once more here, so that nothing reaches the terminal past this line. Returns the columns used.
    pub fn put(&mut self, x: u16, y: u16, columns: u16, text: &str, tone: Tone) -> u16 {
        let area = self.buffer.area;
        if x >= area.right() || y >= area.bottom() || x < area.x || y < area.y {
            return 0;
        }
        let columns = columns.min(area.right() - x);
        let plain = text.len() <= usize::from(columns) && text.bytes().all(|b| (0x20..0x7f).contains(&b));
        let safe = if plain { Cow::Borrowed(text) } else { Cow::Owned(Untrusted::new(text).for_tui(columns.into())) };
        // In place of what was there, its style included.
        let style = Style::reset().patch(self.theme.style(tone));
        let (end, _) = self.buffer.set_stringn(x, y, safe, columns.into(), style);
        end.saturating_sub(x)
    }

    /// Puts pieces one after the other; the one that does not fit is cut and the rest left out. Returns the columns used.
    pub fn pieces(&mut self, x: u16, y: u16, columns: u16, pieces: &[Piece]) -> u16 {
        let mut used = 0;
        for (text, tone) in pieces {
            let left = columns.saturating_sub(used);
            if left == 0 {
                break;
            }
            let wide = u16::try_from(text.width()).unwrap_or(u16::MAX);
            used += self.put(x.saturating_add(used), y, left, text, *tone);
            if wide > left {
                break;
            }
        }
        used
    }

    /// As [`Canvas::pieces`], ending at the right edge of the `columns`.
    pub fn pieces_right(&mut self, x: u16, y: u16, columns: u16, pieces: &[Piece]) {
        let free = columns.saturating_sub(width(pieces));
        self.pieces(x.saturating_add(free), y, columns - free, pieces);
    }

    /// A thin rule over a whole row, with a title in it if one is given.
    pub fn rule(&mut self, x: u16, y: u16, columns: u16, title: &str) {
        self.put(x, y, columns, &"─".repeat(columns.into()), Tone::Dim);
        if !title.is_empty() && columns > 6 {
            let used = self.put(x + 2, y, 1, " ", Tone::Plain);
            let used = used + self.put(x + 2 + used, y, columns - 5, title, Tone::Accent);
            self.put(x + 2 + used, y, 1, " ", Tone::Plain);
        }
    }

    /// Writes sentences one under the other, wrapped at words. Returns the rows used, at most the area's height; what
    /// does not fit ends in `…`.
    pub fn paragraph(&mut self, area: Rect, text: &str, tone: Tone) -> u16 {
        let lines = wrap(text, area.width.into());
        for (row, line) in (0..area.height).zip(&lines) {
            let cut = row + 1 == area.height && lines.len() > usize::from(area.height);
            let shown = if cut { Cow::Owned(format!("{line} …")) } else { Cow::Borrowed(line.as_str()) };
            self.put(area.x, area.y + row, area.width, &shown, tone);
        }
        u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height)
    }

    /// Labelled facts, one under the other. A fact too long for its line is wrapped while there are rows to spare.
    /// Returns the rows used.
    pub fn facts(&mut self, area: Rect, label_width: u16, facts: &[Fact]) -> u16 {
        let room = area.width.saturating_sub(label_width + 2);
        let mut spare = usize::from(area.height).saturating_sub(facts.len());
        let mut y = area.y;
        for (label, pieces) in facts {
            if y >= area.bottom() {
                break;
            }
            self.put(area.x + 1, y, label_width.saturating_sub(1), label, Tone::Dim);
            let lines =
                if spare > 0 && width(pieces) > room { wrap_pieces(pieces, room) } else { vec![pieces.clone()] };
            let fits = lines.len() <= spare + 1;
            let shown = if fits { lines } else { vec![pieces.clone()] };
            spare = spare.saturating_sub(shown.len() - 1);
            for line in &shown {
                self.pieces(area.x + 1 + label_width, y, room, line);
                y += 1;
            }
        }
        y - area.y
    }

    /// Blanks an area.
    pub fn clear(&mut self, area: Rect) {
        for y in area.top()..area.bottom() {
            self.put(area.x, y, area.width, &" ".repeat(area.width.into()), Tone::Plain);
        }
        self.buffer.set_style(area, Style::reset());
    }
}

/// A label and what is to be said of it.
pub type Fact = (&'static str, Vec<Piece>);

/// Breaks pieces at spaces into lines of at most `columns`; a word longer than a line keeps its own and is cut there.
pub fn wrap_pieces(pieces: &[Piece], columns: u16) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    for (text, tone) in pieces {
        for word in text.split_inclusive(' ') {
            let wide = u16::try_from(word.trim_end().width()).unwrap_or(u16::MAX);
            if used > 0 && used + wide > columns {
                lines.push(Vec::new());
                used = 0;
            }
            used = used.saturating_add(u16::try_from(word.width()).unwrap_or(u16::MAX));
            if let Some(line) = lines.last_mut() {
                line.push((word.to_owned().into(), *tone));
            }
        }
    }
    // A blank at the end of a full line would be taken for more text that does not fit.
    for (text, _) in lines.iter_mut().filter_map(|line| line.last_mut()) {
        *text = text.trim_end().to_owned().into();
    }
    lines
}

/// Breaks a text at spaces into lines of at most `columns`; a longer word is cut into pieces.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let gap = usize::from(!line.is_empty());
            if !line.is_empty() && line.width() + gap + word.width() > columns {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            for c in word.chars() {
                let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
                if columns > 0 && line.width() + wide > columns {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(buffer: &Buffer) -> String {
        buffer.content.iter().map(|c| c.symbol()).collect()
    }

    #[test]
    fn what_does_not_fit_is_cut_with_a_mark_and_nothing_leaves_the_buffer() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        let mut canvas = Canvas::new(&mut buffer, &Theme::DARK);
        assert_eq!(canvas.put(2, 0, 99, "northwind", Tone::Plain), 6);
        for (x, y) in [(8, 0), (0, 1), (u16::MAX, u16::MAX)] {
            assert_eq!(canvas.put(x, y, 9, "x", Tone::Plain), 0);
        }
        assert_eq!(text(&buffer), "  north…");
    }

    #[test]
    fn hostile_text_is_made_safe_even_when_a_caller_forgot() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 24, 1));
        Canvas::new(&mut buffer, &Theme::DARK).put(0, 0, 24, "a\u{1b}[2J\u{202e}b", Tone::Plain);
        assert_eq!(text(&buffer).trim_end(), "a␛[2J⟨U+202E⟩b");
    }

    #[test]
    fn a_fact_that_fills_its_line_is_not_marked_as_cut() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 2));
        let fact: Fact = ("", vec![plain("ab cdefg hij")]);
        Canvas::new(&mut buffer, &Theme::DARK).facts(Rect::new(0, 0, 10, 2), 0, &[fact]);
        assert_eq!(text(&buffer), " ab cdefg  hij      ");
    }

    #[test]
    fn sentences_wrap_at_words_and_long_words_are_broken() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("a\nb", 9), ["a", "b"]);
        let lines = wrap_pieces(&[plain("one two "), dim("three")], 8);
        let texts: Vec<String> = lines.iter().map(|l| l.iter().map(|p| p.0.as_ref()).collect()).collect();
        assert_eq!(texts, ["one two", "three"]);
    }
}
