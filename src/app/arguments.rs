//! Reading the arguments. What was typed may come from anywhere, and clap repeats it in its errors as it is: here it is
//! made safe to print and cut short first.

use crate::{
    cli::{Cli, sentence},
    domain::Untrusted,
};
use clap::{
    Parser,
    error::{ContextValue, ErrorKind},
};
use std::process::ExitCode;

/// Columns of something that was typed, in an error.
const ECHO: usize = 60;

/// The arguments, or how the program ends without them: help, the version, or an error.
pub fn read() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nothing of what was typed is in it.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        _ => {
            sentence(&explain(&error));
            ExitCode::from(2)
        }
    })
}

/// An error in clap's words, with what was typed made safe.
fn explain(error: &clap::Error) -> String {
    let mut text = error.render().to_string();
    for (_, value) in error.context() {
        let typed: &[String] = match value {
            ContextValue::String(one) => std::slice::from_ref(one),
            ContextValue::Strings(many) => many,
            _ => &[],
        };
        for raw in typed.iter().filter(|raw| !raw.is_empty()) {
            text = text.replace(raw.as_str(), &Untrusted::new(raw.as_str()).for_tui(ECHO));
        }
    }
    let lines: Vec<String> = text.trim_end().lines().map(|line| Untrusted::new(line).for_log()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_shown_safely_and_cut_short() {
        let long = "x".repeat(10_240);
        let shut = "acme\u{1b}[31m\u{202e}";
        for arguments in [
            vec!["bailiwick", "client", "add", shut],
            vec!["bailiwick", "client", "add", &long],
            vec!["bailiwick", shut],
            vec!["bailiwick", &long],
            vec!["bailiwick", "sync", "--\u{202e}evil"],
            vec!["bailiwick", "connect", "acme", "--role-arn", &long],
        ] {
            let text = explain(&Cli::try_parse_from(&arguments).unwrap_err());
            assert!(text.starts_with("error: ") && text.len() < 1_500, "{text}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        }
    }
}
