//! Cut and flipped files: what is read is intact or named as damaged, never silently wrong and never a panic.
//!
//! sled can break for the rest of its process when its files are damaged, so each case of the store runs in a child
//! process: this test binary again, with one ignored test and the directory in the environment.

use super::*;
use crate::vault::chunk::tests::Seeded;
use rstest::rstest;
use std::{
    process::Command,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

const CASES: u64 = 100;
/// Bytes of the one record that is so large that sled gives it a file of its own.
const BLOB: usize = 600_000;
const DIRECTORY: &str = "BAILIWICK_TEST_VAULT";

/// The records of the vault that is damaged.
fn expected() -> Vec<(Scope, Name, Vec<u8>)> {
    let mut r = Seeded(77);
    let scopes = [Scope::Vault, client("acme-retail"), client("blue-ocean")];
    (0..90usize)
        .map(|i| {
            let words = match i {
                45 => BLOB / 8,
                _ if i % 9 == 0 => 2_500,
                _ => 40,
            };
            let value: Vec<u8> = (0..words).flat_map(|_| r.next().to_le_bytes()).collect();
            (scopes[i % 3].clone(), name(&format!("records/{i:03}")), value)
        })
        .collect()
}

/// A vault made in three commits, closed.
fn template(dir: &Path) {
    let vault = create(dir);
    for part in expected().chunks(30) {
        let mut batch = Batch::new();
        for (scope, name, value) in part {
            batch.put(scope, name, 1, value.clone());
        }
        vault.commit(batch).unwrap();
    }
    drop(vault);
    // Made again by whoever opens a copy; copying it would take longest of all.
    let _ = std::fs::remove_file(dir.join("ballast"));
}

/// Every file that a vault cannot do without, by its name in the vault.
fn files(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["", "store", "store/blobs"] {
        for entry in std::fs::read_dir(dir.join(folder)).unwrap().map(|entry| entry.unwrap()) {
            let name = Path::new(folder).join(entry.file_name()).to_str().unwrap().to_owned();
            if entry.path().is_file() && name != "vault.lock" {
                names.push(name);
            }
        }
    }
    names.sort();
    names
}

fn copy(from: &Path, to: &Path) {
    disk::make_private_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A file to damage, and where it holds anything but zeros.
struct Target {
    content: Vec<u8>,
    used: Vec<usize>,
}

impl Target {
    fn new(file: &Path) -> Self {
        let content = std::fs::read(file).unwrap();
        let used = content.iter().enumerate().filter(|(_, b)| **b != 0).map(|(i, _)| i).collect();
        Self { content, used }
    }

    /// With one bit flipped in a byte that is in use, or cut there.
    fn damaged(&self, seed: u64, cut: bool) -> Vec<u8> {
        let mut r = Seeded(seed);
        let mut content = self.content.clone();
        let at = self.used[r.below(self.used.len() as u64) as usize];
        if cut {
            content.truncate(at);
        } else {
            content[at] ^= 1 << r.below(8);
        }
        content
    }
}

/// `intact`, `named`, or what went wrong.
fn verdict(dir: &Path) -> String {
    let vault = match try_open(dir) {
        Ok(vault) => vault,
        Err(e) if e.is_damage() => return "named".into(),
        Err(e) => return format!("wrong error: {e}"),
    };
    let mut named = false;
    for (scope, name, value) in expected() {
        match vault.get(&scope, &name) {
            Ok(Some(opened)) if opened.bytes[..] == value[..] => {}
            Ok(Some(_)) => return format!("silent: {name} has another value"),
            Ok(None) => return format!("silent: {name} is absent"),
            Err(e) if e.is_damage() => named = true,
            Err(e) => return format!("wrong error: {e}"),
        }
    }
    for scope in [Scope::Vault, client("acme-retail"), client("blue-ocean")] {
        match vault.list(&scope, "") {
            Ok(names) if names.len() == 30 => {}
            Ok(names) => return format!("silent: {} names in {scope}", names.len()),
            Err(e) if e.is_damage() => named = true,
            Err(e) => return format!("wrong error: {e}"),
        }
    }
    // Closing a damaged store may wait for a thread that died; whoever sees damage ends the process anyway.
    std::mem::forget(vault);
    if named { "named".into() } else { "intact".into() }
}

#[rstest]
#[case::flips(false)]
#[case::cuts(true)]
fn damaged_headers_and_mirrors_cost_nothing_while_one_copy_is_good(#[case] cut: bool) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    template(&path);
    for seed in 0..CASES {
        let file = ["vault.hdr", "vault.hdr.b", "manifest.a", "manifest.b"][seed as usize % 4];
        let damaged = Target::new(&path.join(file)).damaged(seed, cut);
        std::fs::write(path.join(file), damaged).unwrap();
        // Each round damages another file: one that was not mended would soon leave no good copy.
        let vault = try_open(&path).unwrap();
        assert_eq!(vault.notices().len(), 1, "seed {seed}: damage to {file}: {:?}", vault.notices());
        assert_eq!(vault.list(&client("blue-ocean"), "").unwrap().len(), 30);
    }
    assert!(try_open(&path).unwrap().notices().is_empty());
}

#[rstest]
#[case::flips(false)]
#[case::cuts(true)]
fn a_header_damaged_in_both_copies_is_named_and_not_called_a_wrong_secret(#[case] cut: bool) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v");
    template(&path);
    let good = Target::new(&path.join("vault.hdr"));
    for seed in 0..CASES {
        for copy in header::COPIES {
            std::fs::write(path.join(copy), good.damaged(seed, cut)).unwrap();
        }
        let error = try_open(&path).err().unwrap();
        assert!(matches!(error, VaultError::HeaderDamaged { .. }), "seed {seed}: {error}");
    }
}

#[rstest]
#[case::flips(false)]
#[case::cuts(true)]
fn a_damaged_store_is_intact_or_named(#[case] cut: bool) {
    let base = tempfile::tempdir().unwrap();
    template(&base.path().join("template"));
    let (_, named) = damaged(base.path(), "store/db", 0..CASES, cut);
    assert!(named >= 20, "the damage must reach what is read: {named} cases did");
}

#[rstest]
#[case::flips(false, 3_000)]
#[case::cuts(true, 1_000)]
#[ignore = "full count: minutes"]
fn full_damage_to_any_file_leaves_it_intact_or_named(#[case] cut: bool, #[case] cases: u64) {
    let base = tempfile::tempdir().unwrap();
    let original = base.path().join("template");
    template(&original);
    let files = files(&original);
    assert!(files.iter().any(|name| name.starts_with("store/blobs/")), "no blob among {files:?}");
    let what = if cut { "cuts" } else { "flips" };
    for (i, file) in (0u64..).zip(&files) {
        let share = |i: u64| cases * i / files.len() as u64;
        let (intact, named) = damaged(base.path(), file, share(i)..share(i + 1), cut);
        println!("{file}: {} {what}, {intact} intact, {named} named", intact + named);
    }
}

/// Damages one file of copies of the vault in `base/template`, once for each seed, and reads each copy in a child
/// process. Counts the intact and the named; anything else fails.
fn damaged(base: &Path, file: &str, seeds: std::ops::Range<u64>, cut: bool) -> (u64, u64) {
    let original = base.join("template");
    let target = Target::new(&original.join(file));
    let next = AtomicU64::new(seeds.start);
    let worker = || {
        let (mut intact, mut named, mut bad) = (0, 0, Vec::new());
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < seeds.end) {
            let dir = base.join(seed.to_string());
            copy(&original, &dir);
            std::fs::write(dir.join(file), target.damaged(seed, cut)).unwrap();
            match child("the_child_that_reads", &dir).as_str() {
                "intact" => intact += 1,
                "named" => named += 1,
                other => bad.push(format!("{file}, seed {seed}: {other}")),
            }
            std::fs::remove_dir_all(&dir).unwrap();
        }
        (intact, named, bad)
    };
    let (one, two) = std::thread::scope(|threads| {
        let other = threads.spawn(worker);
        (worker(), other.join().unwrap())
    });
    assert!(one.2.is_empty() && two.2.is_empty(), "{:?} {:?}", one.2, two.2);
    (one.0 + two.0, one.1 + two.1)
}

/// Runs one ignored test of this file in a process of its own and returns what it says after `VERDICT`.
fn child(test: &str, dir: &Path) -> String {
    // The running program itself, even if its file was replaced by a newer build meanwhile.
    let this = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe().unwrap() };
    let output = Command::new(this)
        .args([&format!("vault::tests::corruption::{test}"), "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, dir)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdict = text.lines().find_map(|l| l.split_once("VERDICT ")).map(|(_, v)| v.to_owned());
    verdict.unwrap_or_else(|| format!("no verdict, {}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// Prints what `check` says of the directory in the environment, or that it hangs. Without one it is a plain run of
/// the ignored tests and there is nothing to do.
fn report(check: fn(&Path) -> String) {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(check(Path::new(&dir))));
    let verdict = receive.recv_timeout(Duration::from_secs(30));
    println!("\nVERDICT {}", verdict.unwrap_or_else(|e| format!("it {e}")));
}

#[test]
#[ignore = "run by the tests above in a child process"]
fn the_child_that_reads() {
    report(verdict);
}

#[test]
#[ignore = "run by the test below in a child process"]
fn the_child_that_hardens_itself() {
    report(|dir| {
        use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
        use std::os::unix::fs::MetadataExt as _;
        harden_process().unwrap();
        std::fs::write(dir.join("f"), b"x").unwrap();
        let mode = std::fs::metadata(dir.join("f")).unwrap().mode() & 0o777;
        let quiet = dumpable_behavior().unwrap() == DumpableBehavior::NotDumpable;
        format!("{mode:o} {:?} {quiet}", getrlimit(Resource::Core).maximum)
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_hardened_process_writes_private_files_and_dumps_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(child("the_child_that_hardens_itself", dir.path()), "600 Some(0) true");
}
