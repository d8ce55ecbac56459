//! What a vault must still be after a fault.

use crate::program::Program;
use serde_json::{Value, json};

/// The vault opens and everything in it is what was stored. The first one to open it after a fault may have to tell of
/// a mirror that it mended; from then on nobody has anything to complain about.
pub fn verify(program: &Program) {
    let ran = program.run(&["vault", "verify", "--json"]);
    assert_eq!(ran.code, 0, "verify: {} {}", ran.out, ran.error);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["ok"], &report["damaged"]), (&json!(true), &json!([])), "{report}");
}

/// What the vault shows of everything: the same vault shows the same.
pub fn contents(program: &Program, now: &str) -> Value {
    let view = |command: &str| (command.to_owned(), program.json(&["--now", now, command, "--json"]));
    Value::Object(VIEWS.into_iter().map(view).collect())
}

/// The commands that show it.
pub const VIEWS: [&str; 4] = ["accounts", "costs", "access", "findings"];

/// The clients in the vault, by id.
pub fn clients(program: &Program) -> Vec<String> {
    let list = program.json(&["client", "list", "--json"]);
    let ids = list["clients"].as_array().unwrap().iter().map(|c| c["client"].as_str().unwrap().to_owned());
    ids.collect()
}

/// Fails with the parts that differ, and not with all of both.
pub fn same(found: &Value, expected: &Value) {
    let mut differences = Vec::new();
    compare("", found, expected, &mut differences);
    assert!(differences.is_empty(), "not as it should be:\n    {}", differences.join("\n    "));
}

fn compare(at: &str, found: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(f), Value::Object(e)) if f.keys().eq(e.keys()) => {
            f.iter().for_each(|(key, value)| compare(&format!("{at}/{key}"), value, &e[key], differences));
        }
        (Value::Array(f), Value::Array(e)) if f.len() == e.len() => {
            f.iter().zip(e).enumerate().for_each(|(i, (f, e))| compare(&format!("{at}/{i}"), f, e, differences));
        }
        _ if found == expected => {}
        _ if differences.len() < 8 => differences.push(format!("{at}: {} for {}", short(found), short(expected))),
        _ => {}
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}
