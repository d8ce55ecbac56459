//! Flipped and cut backups: each is intact, or its damage is named with exit code 1, and never a panic.

use crate::{
    backup::create,
    cases::{Seeded, each},
    fleet::{Fleet, NOW},
    program::{Program, copy_directory},
};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A backup has these. Of the header there are two copies, so damage to one of them costs nothing.
const FILES: [&str; 3] = ["records", "vault.hdr", "vault.hdr.b"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Flip,
    Cut,
}

struct Backup {
    fleet: Fleet,
    original: PathBuf,
}

impl Backup {
    fn new() -> Self {
        let fleet = Fleet::synced();
        let name = create(fleet.template(), NOW);
        let original = fleet.template().path("bailiwick/backups").join(name);
        Self { fleet, original }
    }

    /// One damage to each of `cases` copies.
    fn suffers(&self, damage: Damage, cases: u64) {
        let named = each(&format!("{damage:?} with seed"), 0..cases, |seed| {
            let program = self.fleet.home();
            let (file, copy) = (FILES[seed as usize % FILES.len()], program.path("damaged"));
            copy_directory(&self.original, &copy);
            damage_file(&copy.join(file), damage, seed);
            let named = is_named(&program, &copy);
            assert!(named || file != "records", "damage to the records went unseen");
            u64::from(named)
        });
        let named: u64 = named.iter().sum();
        println!("backups, {damage:?}: {cases} cases, {} intact, {named} named", cases - named);
    }
}

fn damage_file(file: &Path, damage: Damage, seed: u64) {
    let mut random = Seeded(seed);
    let mut bytes = std::fs::read(file).unwrap();
    let at = random.below(bytes.len() as u64) as usize;
    match damage {
        Damage::Flip => bytes[at] ^= 1 << random.below(8),
        Damage::Cut => bytes.truncate(at),
    }
    std::fs::write(file, bytes).unwrap();
}

/// Whether `backup verify` names the damage; otherwise it must say that all is well.
fn is_named(program: &Program, backup: &Path) -> bool {
    let ran = program.run(&["backup", "verify", backup.to_str().unwrap(), "--json"]);
    let report = serde_json::from_str::<Value>(&ran.out).unwrap_or_default();
    match ran.code {
        0 => {
            assert_eq!((&report["ok"], ran.error.lines().count()), (&true.into(), 0), "{} {}", ran.out, ran.error);
            // One copy of the header was enough, and the other one is told of.
            assert_eq!(report["notices"].as_array().map(Vec::len), Some(1), "{}", ran.out);
        }
        1 if ran.error.is_empty() => {
            assert_eq!(report["ok"], false, "{}", ran.out);
            assert!(!report["damaged"].as_array().unwrap().is_empty(), "{}", ran.out);
        }
        1 => assert_eq!(ran.error.lines().count(), 1, "{}", ran.error),
        code => panic!("exit code {code}: {} {}", ran.out, ran.error),
    }
    ran.code == 1
}

#[test]
fn a_backup_flipped_or_cut_100_times_is_intact_or_named() {
    let backup = Backup::new();
    backup.suffers(Damage::Flip, 100);
    backup.suffers(Damage::Cut, 100);
}

#[test]
#[ignore = "full count: minutes"]
fn full_a_backup_flipped_3000_times_and_cut_1000_times_is_intact_or_named() {
    let backup = Backup::new();
    backup.suffers(Damage::Flip, 3_000);
    backup.suffers(Damage::Cut, 1_000);
}
