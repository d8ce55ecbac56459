//! Words and comments of a POSIX shell.
//!
//! Comments hold letters, digits, spaces and a little punctuation only: pasted into a zsh that does not know comments at
//! its prompt, a line behind `#` is a command like any other, and quotes or `$(…)` in it would count.

/// A word as the shell takes it literally.
pub fn word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:=,@%+".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else if text.contains('\'') && !text.contains(['"', '$', '`', '\\', '!']) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A command with its options, each with its value on a line of its own if there are several.
pub fn command(name: &str, options: &[(&str, &str)]) -> String {
    let between = if options.len() > 1 { " \\\n  " } else { " " };
    let mut text = name.to_owned();
    for (option, value) in options {
        text.push_str(&format!("{between}{option} {}", word(value)));
    }
    text + "\n"
}

/// A file that the script writes; nothing in it is expanded.
pub fn file(name: &str, text: &str) -> String {
    format!("cat > {} <<'END_OF_TEMPLATE'\n{}\nEND_OF_TEMPLATE\n", word(name), text.trim_end())
}

/// Lines behind `#`.
pub fn comment<L: AsRef<str>>(lines: &[L]) -> String {
    let line = |line: &L| format!("# {}", line.as_ref()).trim_end().to_owned() + "\n";
    lines.iter().map(line).collect()
}

/// What of a name can stand in a comment of any format: letters, digits, spaces, `.`, `,`, `-` and `_`; anything else is
/// `-`.
pub fn harmless(name: &str) -> String {
    let clean = crate::domain::Untrusted::new(name).for_tui(60);
    clean.chars().map(|c| if c.is_alphanumeric() || " .,-_".contains(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_taken_literally() {
        assert_eq!(word("arn:aws:iam::1:role/x"), "arn:aws:iam::1:role/x");
        assert_eq!(
            (word("").as_str(), word("a b").as_str(), word("it's $x").as_str()),
            ("''", "'a b'", r"'it'\''s $x'")
        );
    }

    #[test]
    fn nothing_of_a_name_is_left_that_a_shell_would_heed() {
        assert_eq!(harmless("O'Neil & Søns, Ltd."), "O-Neil - Søns, Ltd.");
        assert_eq!(harmless("$(rm -rf) `x` ${y}\n\u{202e}z"), "--rm -rf- -x- --y---U-202E-z");
    }
}
