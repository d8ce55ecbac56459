//! Whatever happens, the terminal is given back as it was.

use std::io::{self, Write};

/// Alternate screen, cursor away, pasted text marked.
pub const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?2004h";
/// The reverse, with synchronized output and styles ended whatever was on its way.
pub const LEAVE: &str = "\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// Who sets the line discipline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// This process, on its own terminal.
    Own,
    /// Whoever serves the streams.
    Served,
}

/// Undoes every mode when dropped: on return, on error, when unwinding.
#[derive(Debug)]
pub struct TerminalGuard<W: Write> {
    out: W,
    line: Line,
    entered: bool,
}

impl<W: Write> TerminalGuard<W> {
    /// Takes the terminal.
    pub fn enter(out: W, line: Line) -> io::Result<Self> {
        let mut guard = Self { out, line, entered: false };
        guard.again()?;
        Ok(guard)
    }

    /// Takes it again after [`TerminalGuard::leave`].
    pub fn again(&mut self) -> io::Result<()> {
        self.entered = true;
        if self.line == Line::Own {
            crossterm::terminal::enable_raw_mode()?;
        }
        self.out.write_all(ENTER.as_bytes())?;
        self.out.flush()
    }

    /// Gives it back. Every step is tried even if one before it fails: the terminal may be gone.
    pub fn leave(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.entered) {
            return Ok(());
        }
        let written = self.out.write_all(LEAVE.as_bytes()).and_then(|()| self.out.flush());
        if self.line == Line::Own {
            crossterm::terminal::disable_raw_mode()?;
        }
        written
    }
}

impl<W: Write> Drop for TerminalGuard<W> {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_mode_is_undone_once_even_while_unwinding() {
        let out = Shared::default();
        let copy = out.clone();
        let unwound = std::panic::catch_unwind(move || {
            let _guard = TerminalGuard::enter(copy, Line::Served).unwrap();
            std::panic::resume_unwind(Box::new("broken"));
        });
        assert!(unwound.is_err());
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, format!("{ENTER}{LEAVE}"));
        for mode in ["?1049", "?2004"] {
            assert!(LEAVE.contains(&format!("\x1b[{mode}l")), "{mode}");
        }
        assert!(LEAVE.contains("\x1b[?25h"));
    }

    #[test]
    fn leaving_and_coming_back_leaves_once_at_the_end() {
        let out = Shared::default();
        let mut guard = TerminalGuard::enter(out.clone(), Line::Served).unwrap();
        guard.leave().unwrap();
        guard.leave().unwrap();
        guard.again().unwrap();
        drop(guard);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, [ENTER, LEAVE, ENTER, LEAVE].concat());
    }
}
