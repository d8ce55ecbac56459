//! The units in `assets/systemd/` say what systemd and this program understand.

use bailiwick::cli::{Cli, Command};
use clap::Parser;
use std::{
    collections::BTreeSet,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command as Process,
};

const UNITS: [&str; 3] = ["bailiwick-sync.service", "bailiwick-sync.timer", "bailiwick-watch.service"];

fn place(unit: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/systemd").join(unit)
}

/// Section, key and value of each line.
fn unit(name: &str) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(place(name)).unwrap();
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(named) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = named.to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{name}: {line}"));
        lines.push((section.clone(), key.to_owned(), value.to_owned()));
    }
    lines
}

fn values<'a>(lines: &'a [(String, String, String)], section: &str, key: &str) -> Vec<&'a str> {
    let of = lines.iter().filter(|(s, k, _)| s == section && k == key);
    of.map(|(.., value)| value.as_str()).collect()
}

/// Keys of systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.timer(5) that are used.
fn known(section: &str) -> BTreeSet<&'static str> {
    let keys: &[&str] = match section {
        "Unit" => &["Description", "Documentation", "Wants", "After"],
        "Timer" => &["OnCalendar", "RandomizedDelaySec", "Persistent"],
        "Install" => &["WantedBy"],
        "Service" => &[
            "Type",
            "ExecStart",
            "Restart",
            "RestartSec",
            "TimeoutStopSec",
            "User",
            "Group",
            "StateDirectory",
            "StateDirectoryMode",
            "Environment",
            "EnvironmentFile",
            "LoadCredential",
            "ProtectSystem",
            "ProtectHome",
            "PrivateTmp",
            "PrivateDevices",
            "NoNewPrivileges",
            "CapabilityBoundingSet",
            "AmbientCapabilities",
            "ProtectKernelTunables",
            "ProtectKernelModules",
            "ProtectKernelLogs",
            "ProtectControlGroups",
            "ProtectClock",
            "ProtectHostname",
            "ProtectProc",
            "ProcSubset",
            "RestrictAddressFamilies",
            "RestrictNamespaces",
            "RestrictRealtime",
            "RestrictSUIDSGID",
            "LockPersonality",
            "MemoryDenyWriteExecute",
            "RemoveIPC",
            "SystemCallArchitectures",
            "SystemCallFilter",
            "SystemCallErrorNumber",
            "UMask",
            "LimitCORE",
        ],
        other => panic!("a section [{other}]"),
    };
    keys.iter().copied().collect()
}

#[test]
fn every_key_is_one_of_its_section() {
    for name in UNITS {
        for (section, key, _) in unit(name) {
            assert!(known(&section).contains(key.as_str()), "{name}: {key} in [{section}]");
        }
    }
}

#[test]
fn what_they_start_is_a_command_of_this_program() {
    for (name, watch) in [("bailiwick-sync.service", false), ("bailiwick-watch.service", true)] {
        let lines = unit(name);
        let [start] = values(&lines, "Service", "ExecStart")[..] else { panic!("{name}") };
        let mut words = start.split_whitespace();
        assert_eq!(words.next(), Some("/usr/local/bin/bailiwick"));
        let cli = Cli::try_parse_from(["bailiwick"].into_iter().chain(words)).unwrap();
        assert!(cli.wait, "another command may have the vault");
        let Some(Command::Sync(args)) = cli.command else { panic!("{name}: {start}") };
        assert_eq!(args.watch, watch);
        // The program looks for the credential by this name (`Environment::loaded_credential`).
        assert_eq!(values(&lines, "Service", "LoadCredential"), ["bailiwick:/etc/bailiwick/credential"]);
        // What it may write is where it keeps everything.
        assert_eq!(values(&lines, "Service", "StateDirectory"), ["bailiwick"]);
        let [environment] = values(&lines, "Service", "Environment")[..] else { panic!("{name}") };
        assert!(environment.split(' ').any(|one| one == "BAILIWICK_HOME=/var/lib/bailiwick"), "{environment}");
        assert_eq!(values(&lines, "Service", "ProtectSystem"), ["strict"]);
        for on in ["NoNewPrivileges", "PrivateTmp", "MemoryDenyWriteExecute", "ProtectHome"] {
            assert_eq!(values(&lines, "Service", on), ["yes"], "{name}: {on}");
        }
        let families = values(&lines, "Service", "RestrictAddressFamilies").join(" ");
        assert!(["AF_INET", "AF_INET6", "AF_UNIX"].iter().all(|f| families.split(' ').any(|one| one == *f)));
        for wall in ["PrivateNetwork", "IPAddressDeny", "RestrictNetworkInterfaces"] {
            assert!(values(&lines, "Service", wall).is_empty(), "{name}: {wall} would keep AWS away");
        }
    }
    let timer = unit("bailiwick-sync.timer");
    assert_eq!(values(&timer, "Timer", "OnCalendar"), ["*:0/15"]);
    assert_eq!(values(&timer, "Install", "WantedBy"), ["timers.target"]);
}

/// systemd's own opinion, where it is installed.
#[test]
fn systemd_finds_nothing_wrong() {
    if let Err(error) = Process::new("systemd-analyze").arg("--version").output() {
        // Past the capture of what a test prints: a check that was left out is seen.
        writeln!(std::io::stderr(), "LEFT OUT: systemd-analyze cannot be run, so the units are not checked: {error}")
            .unwrap();
        return;
    }
    // The program is not installed where these tests run, and the unit's user is not there: that alone may be said.
    let copies = tempfile::tempdir().unwrap();
    for name in UNITS {
        let text = std::fs::read_to_string(place(name)).unwrap();
        std::fs::write(copies.path().join(name), text.replace("/usr/local/bin/bailiwick", "/bin/true")).unwrap();
    }
    for name in UNITS {
        let ran = Process::new("systemd-analyze").args(["verify", "--man=no"]).arg(copies.path().join(name)).output();
        let ran = ran.unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        // A warning is no failure of it; then it could not look at all.
        assert!(ran.status.success(), "{name}: {}: {said}", ran.status);
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("bailiwick-")).collect();
        assert!(ours.is_empty(), "{name}: {said}");
    }
}
