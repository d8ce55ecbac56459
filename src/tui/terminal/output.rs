//! The one writer to the terminal: a frame is one write, inside synchronized output, and as short as it can be.

use super::scroll;
use ratatui::{
    Terminal,
    backend::{Backend, ClearType, WindowSize},
    buffer::{Buffer, Cell},
    layout::{Position, Rect, Size},
    style::{Color, Modifier, Style},
};
use std::io::{self, Write};
use zeroize::Zeroize;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// Room for a frame before the buffer has to grow.
const BUFFER: usize = 64 * 1024;
/// Blanks from this many on are erased instead of printed.
const ERASE_FROM: u16 = 5;
/// With fewer changed rows than this a scroll is not looked for.
const MANY: usize = 6;

/// A ratatui backend over any stream. The size is told to it, never asked of the terminal.
#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    frame: Vec<u8>,
    size: Size,
    cursor: Option<Position>,
    cursor_shown: Option<bool>,
    style: Style,
    /// What the terminal shows.
    shown: Buffer,
    written: u64,
}

impl<W: Write> Screen<W> {
    /// Over a stream, at a size.
    pub fn new(out: W, size: (u16, u16)) -> Self {
        Self {
            out,
            frame: Vec::with_capacity(BUFFER),
            size: Size::new(size.0, size.1),
            cursor: None,
            cursor_shown: None,
            style: Style::new(),
            shown: Buffer::empty(Rect::new(0, 0, size.0, size.1)),
            written: 0,
        }
    }

    /// The terminal has a new size.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.size = Size::new(size.0, size.1);
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes control sequences that are not part of a frame, at once.
    pub fn control(&mut self, sequence: &str) -> io::Result<()> {
        // Whatever they do, nothing is known of cursor and style afterwards.
        self.cursor = None;
        self.cursor_shown = None;
        self.write(sequence.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.frame.is_empty() {
            self.frame.extend_from_slice(BEGIN);
        }
        self.frame.extend_from_slice(bytes);
    }

    fn push_str(&mut self, text: &str) {
        self.push(text.as_bytes());
    }

    /// Moves by the shortest of: nothing, a step right, an absolute position.
    fn go(&mut self, to: Position) {
        match self.cursor {
            Some(at) if at == to => {}
            Some(at) if at.y == to.y && at.x < to.x => match to.x - at.x {
                1 => self.push(b"\x1b[C"),
                n => self.push_str(&format!("\x1b[{n}C")),
            },
            Some(at) if to.x == 0 && to.y == at.y.saturating_add(1) && at.x < self.size.width => self.push(b"\r\n"),
            _ if to.x == 0 => self.push_str(&format!("\x1b[{}H", to.y + 1)),
            _ => self.push_str(&format!("\x1b[{};{}H", to.y + 1, to.x + 1)),
        }
        self.cursor = Some(to);
    }

    fn set_style(&mut self, style: Style) {
        if style == self.style {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        let (old, new) = (self.style, style);
        if !old.add_modifier.difference(new.add_modifier).is_empty() || new == Style::new() {
            codes.push(String::new());
            modifier_codes(new.add_modifier, &mut codes);
            codes.extend(new.fg.into_iter().filter_map(|c| colour_code(c, 30)));
            codes.extend(new.bg.into_iter().filter_map(|c| colour_code(c, 40)));
        } else {
            modifier_codes(new.add_modifier.difference(old.add_modifier), &mut codes);
            if old.fg != new.fg {
                codes.push(new.fg.and_then(|c| colour_code(c, 30)).unwrap_or_else(|| "39".into()));
            }
            if old.bg != new.bg {
                codes.push(new.bg.and_then(|c| colour_code(c, 40)).unwrap_or_else(|| "49".into()));
            }
        }
        self.push_str(&format!("\x1b[{}m", codes.join(";")));
        self.style = style;
    }

    /// Prints cells, left to right and top to bottom.
    fn print(&mut self, changes: &[(u16, u16, &Cell)]) {
        let mut cells = changes.iter().peekable();
        while let Some(&(x, y, cell)) = cells.next() {
            let style = style_of(cell);
            if blank(cell) {
                // A run of blanks looks the same in any foreground.
                let mut run = 1;
                while cells.next_if(|(nx, ny, c)| *ny == y && *nx == x + run && blank(c)).is_some() {
                    run += 1;
                }
                self.go(Position { x, y });
                if style_of(cell).add_modifier != self.style.add_modifier || self.style.bg.is_some() {
                    self.set_style(Style::new());
                }
                if run >= ERASE_FROM {
                    self.push_str(&if x + run >= self.size.width {
                        "\x1b[K".to_owned()
                    } else {
                        format!("\x1b[{run}X")
                    });
                } else {
                    self.push_str(&" ".repeat(run.into()));
                    self.cursor = Some(Position { x: x + run, y });
                }
                continue;
            }
            self.go(Position { x, y });
            self.set_style(style);
            self.push_str(cell.symbol());
            self.cursor = Some(Position { x: x.saturating_add(columns(cell)), y });
        }
        if self.cursor.is_some_and(|c| c.x >= self.size.width) {
            // At the right edge terminals differ in where the cursor is.
            self.cursor = None;
        }
    }
}

/// Clears the terminal and forgets every cell that was drawn: ratatui keeps the last two frames, we what the terminal
/// shows and the bytes of the last frame.
pub fn forget<W: Write>(terminal: &mut Terminal<Screen<W>>) -> io::Result<()> {
    // Nothing is known of the cursor either.
    terminal.backend_mut().control("")?;
    terminal.backend_mut().frame.zeroize();
    terminal.current_buffer_mut().reset();
    // The frame before, the screen, and what we know of it.
    terminal.clear()
}

/// A cell that looks the same in any foreground.
fn blank(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED) && cell.bg == Color::Reset
}

/// Does to a buffer what printing the cells does to the terminal.
fn take_in(buffer: &mut Buffer, changes: &[(u16, u16, &Cell)]) {
    for (x, y, cell) in changes {
        for covered in 1..columns(cell) {
            if let Some(beside) = buffer.cell_mut((x.saturating_add(covered), *y)) {
                beside.reset();
            }
        }
        if let Some(place) = buffer.cell_mut((*x, *y)) {
            (*cell).clone_into(place);
        }
    }
}

/// Columns a cell's symbol takes.
fn columns(cell: &Cell) -> u16 {
    u16::try_from(unicode_width::UnicodeWidthStr::width(cell.symbol())).unwrap_or(1)
}

fn modifier_codes(modifier: Modifier, codes: &mut Vec<String>) {
    let all = [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
    ];
    codes.extend(all.into_iter().filter(|(m, _)| modifier.contains(*m)).map(|(_, code)| code.to_owned()));
}

/// SGR parameters of a colour; `base` is 30 for the foreground and 40 for the background.
fn colour_code(colour: Color, base: u8) -> Option<String> {
    let basic =
        [Color::Black, Color::Red, Color::Green, Color::Yellow, Color::Blue, Color::Magenta, Color::Cyan, Color::Gray];
    let bright = [
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let place = |list: &[Color]| list.iter().position(|c| *c == colour).map(|i| i as u8);
    match colour {
        Color::Reset => None,
        Color::Indexed(i) => Some(format!("{};5;{i}", base + 8)),
        Color::Rgb(r, g, b) => Some(format!("{};2;{r};{g};{b}", base + 8)),
        _ => place(&basic).map(|i| base + i).or_else(|| place(&bright).map(|i| base + 60 + i)).map(|n| n.to_string()),
    }
}

/// A cell's style with nothing said where the terminal's own is meant.
fn style_of(cell: &Cell) -> Style {
    let own = |colour| (colour != Color::Reset).then_some(colour);
    Style { fg: own(cell.fg), bg: own(cell.bg), add_modifier: cell.modifier, ..Style::new() }
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let changes: Vec<(u16, u16, &Cell)> = content.collect();
        let rows = changes.chunk_by(|(_, a, _), (_, b, _)| a == b).count();
        if rows < MANY {
            self.print(&changes);
            take_in(&mut self.shown, &changes);
            return Ok(());
        }
        let mut next = self.shown.clone();
        take_in(&mut next, &changes);
        let mut shown = std::mem::take(&mut self.shown);
        match scroll::find(&shown, &next) {
            Some(scroll) => {
                // What comes in has the style of the moment.
                self.set_style(Style::new());
                self.push_str(&scroll.sequence());
                self.cursor = None;
                scroll.apply(&mut shown);
                self.print(&shown.diff(&next));
            }
            None => self.print(&changes),
        }
        self.shown = next;
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown != Some(false) {
            self.push(b"\x1b[?25l");
            self.cursor_shown = Some(false);
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown != Some(true) {
            self.push(b"\x1b[?25h");
            self.cursor_shown = Some(true);
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.go(position.into());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        self.push(b"\x1b[m\x1b[2J");
        self.style = Style::new();
        self.cursor = None;
        self.shown = Buffer::empty(Rect::new(0, 0, self.size.width, self.size.height));
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::default() })
    }

    /// Ends the frame and writes it in one piece; nothing changed, nothing written.
    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        if self.style != Style::new() {
            self.set_style(Style::new());
        }
        let mut frame = std::mem::take(&mut self.frame);
        frame.extend_from_slice(END);
        let result = self.write(&frame);
        frame.clear();
        self.frame = frame;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{Terminal, widgets::Paragraph};

    fn frame(terminal: &mut Terminal<Screen<Vec<u8>>>, text: &str) -> String {
        terminal.backend_mut().out.clear();
        terminal.draw(|f| f.render_widget(Paragraph::new(text.to_owned()), f.area())).unwrap();
        String::from_utf8(terminal.backend().out.clone()).unwrap()
    }

    #[test]
    fn a_frame_is_one_synchronized_write_and_an_unchanged_one_is_none() {
        let mut terminal = Terminal::new(Screen::new(Vec::new(), (20, 3))).unwrap();
        assert_eq!(frame(&mut terminal, "a\nbc"), "\x1b[?2026h\x1b[1Ha\r\nbc\x1b[?25l\x1b[?2026l");
        assert_eq!(frame(&mut terminal, "a\nbc"), "");
        assert_eq!(frame(&mut terminal, "a\nbd"), "\x1b[?2026h\x1b[2;2Hd\x1b[?2026l");
    }

    #[test]
    fn long_blanks_are_erased_and_short_ones_printed() {
        let mut terminal = Terminal::new(Screen::new(Vec::new(), (20, 1))).unwrap();
        frame(&mut terminal, "abcdefghijklmnopqrst");
        assert_eq!(frame(&mut terminal, "ab        klmnopqrst"), "\x1b[?2026h\x1b[1;3H\x1b[8X\x1b[?2026l");
        assert_eq!(frame(&mut terminal, "ab        kl"), "\x1b[?2026h\x1b[10C\x1b[K\x1b[?2026l");
    }

    #[test]
    fn what_was_drawn_is_forgotten_in_every_buffer() {
        let mut terminal = Terminal::new(Screen::new(Vec::new(), (20, 3))).unwrap();
        let mut shown = vt100::Parser::new(3.try_into().unwrap(), 20.try_into().unwrap(), 0);
        for text in ["northwind", "northwind again", "kestrel"] {
            shown.process(frame(&mut terminal, text).as_bytes());
            terminal.get_frame().render_widget(Paragraph::new("halden, half drawn"), Rect::new(0, 0, 20, 3));
        }
        terminal.backend_mut().out.clear();
        assert!(format!("{terminal:?}").contains("kestrel") && format!("{terminal:?}").contains("halden"));
        forget(&mut terminal).unwrap();
        let kept = format!("{terminal:?}");
        for name in ["northwind", "kestrel", "halden"] {
            assert!(!kept.contains(name), "{name} is kept");
        }
        terminal.backend_mut().flush().unwrap();
        let bytes = std::mem::take(&mut terminal.backend_mut().out);
        shown.process(&bytes);
        assert_eq!(shown.screen().contents().trim(), "");
    }

    #[test]
    fn what_is_written_is_what_a_terminal_shows() {
        let mut terminal = Terminal::new(Screen::new(Vec::new(), (24, 4))).unwrap();
        let mut shown = vt100::Parser::new(4.try_into().unwrap(), 24.try_into().unwrap(), 0);
        for text in ["one\ntwo 漢字 x\n\nfour", "one      two\n漢 x\nthree", "", "exactly twenty-four col.\nx"] {
            let bytes = frame(&mut terminal, text);
            shown.process(bytes.as_bytes());
            let expected: Vec<&str> = text.lines().collect();
            let lines: Vec<String> = shown.screen().rows(0, 24).map(|l| l.trim_end().to_owned()).collect();
            assert_eq!(lines.iter().take(expected.len()).map(String::as_str).collect::<Vec<_>>(), expected);
            assert!(lines.iter().skip(expected.len()).all(String::is_empty), "{lines:?}");
        }
    }
}
