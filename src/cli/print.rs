//! The one place that writes to standard output and error.

use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where a command writes: standard output, or a test's buffer.
pub struct Output {
    to: Box<dyn Write>,
    failed: bool,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Output")
    }
}

impl Output {
    /// Standard output, buffered.
    pub fn stdout() -> Self {
        Self { to: Box::new(io::BufWriter::new(io::stdout())), failed: false }
    }

    /// Any writer.
    pub fn to(writer: impl Write + 'static) -> Self {
        Self { to: Box::new(writer), failed: false }
    }

    /// One line. A reader that went away (`| head`) is not an error: the rest is dropped.
    pub fn line(&mut self, text: &str) {
        if !self.failed {
            self.failed = self.to.write_all(text.as_bytes()).and_then(|()| self.to.write_all(b"\n")).is_err();
        }
    }

    /// A value as indented JSON.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(&text),
            Err(e) => sentence(&format!("the result could not be written as JSON: {e}")),
        }
    }

    /// A value as one line of JSON, written through at once.
    pub fn json_line<T: Serialize + ?Sized>(&mut self, value: &T) {
        match serde_json::to_string(value) {
            Ok(text) => self.line(&text),
            Err(e) => sentence(&format!("the result could not be written as JSON: {e}")),
        }
        self.flush();
    }

    /// Writes through what is buffered.
    pub fn flush(&mut self) {
        self.failed |= self.to.flush().is_err();
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.flush();
    }
}

/// A sentence to standard error, for people.
pub fn sentence(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether anybody sees progress: standard error is a terminal.
pub(super) fn progress_is_seen() -> bool {
    io::stderr().is_terminal()
}

/// A line that replaces the one before it, if standard error is a terminal; otherwise nothing.
pub fn progress(text: &str) {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\u{1b}[K{text}");
        let _ = stderr.flush();
    }
}
