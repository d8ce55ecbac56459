//! Every command line the console names can be typed.

use crate::{
    cli::Cli,
    tui::{
        driver::Driver,
        fixtures::{FakeDesk, HOSTILE},
        panes::{PaneId, shell_quoted},
        tests::source,
    },
};
use clap::{Parser, error::ErrorKind};
use rstest::rstest;

/// The words a POSIX shell makes of a command line of bare and single-quoted words.
fn words(line: &str) -> Vec<String> {
    let (mut out, mut word, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            _ if std::mem::take(&mut escaped) => word.push(c),
            '\\' if !quoted => escaped = true,
            '\'' => quoted = !quoted,
            ' ' if !quoted => out.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    out.push(word);
    out
}

fn parses(line: &str) {
    let parsed = Cli::try_parse_from(words(line));
    assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
}

#[rstest]
#[case("")]
#[case("2")]
#[case("2 <enter>")]
#[case("2 <enter> <enter>")]
#[case("3")]
#[case("3 m")]
#[case("3 m m m")]
#[case("<enter>")]
#[case("<enter> <enter>")]
#[case("<enter> j <enter>")]
#[case("<enter> <enter> <enter>")]
#[case("4")]
#[case("a")]
#[case("4 <enter>")]
#[case("4 j j j <enter>")]
#[case("5")]
#[case("f")]
#[case("5 <enter>")]
#[case("<enter> <enter> u [")]
#[case("5 <enter> <enter>")]
#[case("7")]
#[case("8")]
#[case("8 <enter>")]
#[case("8 B")]
#[case("8 B <enter>")]
fn the_copied_command_is_one(#[case] keys: &str) {
    let mut driver = Driver::new(120, 40);
    // The last Enter may find nothing more to open.
    driver.press(keys).press("y c");
    parses(driver.copied().unwrap_or_else(|| panic!("nothing was copied after {keys}")));
}

#[test]
fn a_hostile_name_stays_one_word() {
    let line = format!("bailiwick costs --client a --account 123456789012 --service {}", shell_quoted("x' --json '\\"));
    parses(&line);
    assert_eq!(words(&line).last().unwrap(), "x' --json '\\");
    assert_eq!(words(&shell_quoted(HOSTILE)), [HOSTILE]);
}

#[test]
fn the_commands_named_in_texts_exist() {
    let mut found = 0;
    for (name, text) in source::all() {
        let text = source::shipped(&text).replace("\\\n", " ");
        for line in text.split('`').filter(|part| part.starts_with("bailiwick ") && !part.contains('\n')) {
            let line = line.replace("NAME", "name").replace("{", "").replace("}", "");
            found += 1;
            // What is left out of a text may be missing; nothing in it may be unknown.
            if let Err(error) = Cli::try_parse_from(words(&line)) {
                assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument, "{name}: {line}: {error}");
            }
        }
    }
    assert!(found >= 4, "found only {found}");
}

#[test]
fn an_empty_console_names_a_way_on() {
    let mut driver = Driver::with_desk(100, 24, FakeDesk { clients: 0, ..FakeDesk::default() });
    driver.expect("`bailiwick client add");
    assert_eq!(driver.model.pane, PaneId::Overview);
}
