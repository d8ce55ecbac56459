//! Asking whether something that cannot be undone is meant.

use super::report::Report;
use crate::cli::typed;

/// Goes on only if `words` were given by `given`, or are typed at a terminal.
pub fn confirm(question: &str, words: &str, given: Option<&str>, headless: &str) -> Result<(), Report> {
    let meant = match given {
        Some(given) => Some(given == words),
        None => typed(&format!("{question}\nType {words} to go on:"), words),
    };
    match meant {
        Some(true) => Ok(()),
        Some(false) => Err(Report::input(format!("that is not \"{words}\": nothing was changed"))),
        None => Err(Report::input(format!("{question} Confirm with {headless}; nothing was changed"))),
    }
}
