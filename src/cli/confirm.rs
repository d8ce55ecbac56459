//! Asking a person to mean it.

use super::print::sentence;
use std::io::{self, BufRead as _, IsTerminal as _};

/// Asks on the terminal for `word` and says whether it was typed; `None` if there is nobody to ask.
pub fn typed(question: &str, word: &str) -> Option<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    sentence(question);
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    Some(read.is_ok() && line.trim() == word)
}
