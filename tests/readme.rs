//! What the README says is what the program does.

use bailiwick::{cli::Cli, tui::actions::docs::key_table};
use clap::{CommandFactory, Parser};

const README: &str = include_str!("../README.md");

#[test]
fn the_key_table_is_the_one_the_console_is_made_from() {
    assert!(README.contains(&key_table()), "put this into README.md under \"Keys\":\n{}", key_table());
}

/// Every `bailiwick …` line of the code blocks parses.
#[test]
fn the_commands_exist() {
    let mut seen = 0;
    for line in README.lines().map(str::trim).filter(|l| l.starts_with("bailiwick ")) {
        let line = line.split("  #").next().unwrap_or(line);
        let words: Vec<String> =
            line.replace("\"Acme Retail\"", "Acme").split_whitespace().map(str::to_owned).collect();
        if words.get(1).is_some_and(|w| w == "▸" || w == "demo" && words.len() > 2) {
            continue;
        }
        Cli::try_parse_from(&words).unwrap_or_else(|e| panic!("{line}: {e}"));
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
    let commands: Vec<String> = Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in commands.iter().filter(|n| n.as_str() != "help") {
        assert!(README.contains(name.as_str()), "{name} is not mentioned");
    }
}
