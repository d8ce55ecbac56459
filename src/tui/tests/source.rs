//! Bans that clippy cannot see.

use std::{fs, path::Path};

fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The part of a file that ships.
pub fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

pub fn all() -> Vec<(String, String)> {
    let mut out = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui"), &mut out);
    assert!(out.len() > 40);
    out.retain(|(name, _)| !["/tests/", "driver.rs", "/fixtures"].iter().any(|part| name.contains(part)));
    out
}

#[test]
fn buffers_are_never_indexed_and_symbols_are_set_in_one_place() {
    for (name, text) in all() {
        let text = shipped(&text);
        for banned in ["buf[(", "buffer[(", "buffer_mut()[("] {
            assert!(!text.contains(banned), "{name} indexes a buffer");
        }
        let sets = text.contains("set_symbol(") || text.contains("set_char(");
        assert_eq!(sets, name.ends_with("theme/ascii.rs"), "{name} sets a cell's symbol");
    }
}

#[test]
fn the_console_imports_the_domain_and_the_desk_only() {
    let rooms =
        ["vault", "aws", "sync", "connect", "checks", "trail", "config", "export", "cli", "sim", "app", "analysis"];
    for (name, text) in all() {
        for room in rooms {
            for banned in [format!("crate::{room}::"), format!("crate::{{{room}")] {
                assert!(!text.contains(&banned), "{name} imports {room}");
            }
        }
        for banned in ["sled::", "std::fs", "aws_sdk", "std::env", "SystemTime::now", "Timestamp::now("] {
            assert!(!shipped(&text).contains(banned), "{name} uses {banned}");
        }
    }
}

#[test]
fn escape_codes_live_in_the_terminal_folder() {
    for (name, text) in all().into_iter().filter(|(name, _)| !name.contains("/terminal/")) {
        assert!(!shipped(&text).contains(r"\x1b") && !shipped(&text).contains(r"\u{1b}"), "{name}");
    }
}

/// Why is said in `terminal/reader.rs`.
#[test]
fn the_terminal_is_read_in_one_place() {
    for (name, text) in all().into_iter().filter(|(name, _)| !name.ends_with("/terminal/reader.rs")) {
        for banned in ["EventStream", "event::poll", "event::read"] {
            assert!(!shipped(&text).contains(banned), "{name} uses {banned}");
        }
    }
}
