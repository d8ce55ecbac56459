//! The demo as a newcomer runs it, through the real binary, without the screen.

use assert_cmd::Command;
use serde_json::Value;

fn demo(extra: &[&str]) -> Value {
    let mut command = Command::cargo_bin("bailiwick").unwrap();
    let output = command
        .args(["demo", "--headless", "--json"])
        .args(extra)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // The demo must not look at any of these.
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_PROFILE", "does-not-exist")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_planted_story_is_found_at_aws_speed_limits() {
    let outcome = demo(&["--accounts", "24", "--events", "4000", "--seed", "7", "--now", "2026-03-01T05:00:00Z"]);
    assert_eq!(outcome["stories_planted"], 8);
    assert_eq!(outcome["stories_found"], 8, "{outcome}");
    assert_eq!((&outcome["clients"], &outcome["accounts"]), (&12.into(), &24.into()));
    assert!(outcome["requests"]["ce"].as_u64().unwrap() > 100);
    let by_severity = outcome["findings_by_severity"].as_object().unwrap();
    let sum: u64 = by_severity.values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(outcome["findings"].as_u64().unwrap(), sum);
}

#[test]
#[ignore = "the whole default world takes over a minute in an unoptimised build; benches/README.md has the release figure"]
fn the_default_world_is_triaged() {
    let outcome = demo(&[]);
    assert_eq!((&outcome["stories_found"], &outcome["accounts"]), (&8.into(), &64.into()), "{outcome}");
}
