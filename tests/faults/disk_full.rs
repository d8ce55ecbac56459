//! A disk that is full: what is stored stays readable, verifies and can be backed up elsewhere; with space it goes on.
//! Needs root, for a file system in memory of any size.

use crate::{
    cases::each,
    checks::{VIEWS, contents, same, verify},
    fleet::{Fleet, NOW, sync},
    program::{Program, copy_directory, speaks_to_people},
    run::{Trouble, run},
};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A file system in memory; it is gone when this is dropped.
struct Disk {
    at: PathBuf,
}

impl Disk {
    fn new(at: &Path, bytes: u64) -> Self {
        std::fs::create_dir_all(at).unwrap();
        system("mount", &["-t", "tmpfs", "-o", &format!("size={bytes},mode=700"), "tmpfs", at.to_str().unwrap()]);
        Self { at: at.to_owned() }
    }

    fn resizes_to(&self, bytes: u64) {
        system("mount", &["-o", &format!("remount,size={bytes}"), self.at.to_str().unwrap()]);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.at).status();
    }
}

fn system(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Bytes taken of the file system that holds a directory.
fn taken(directory: &Path) -> u64 {
    let fs = rustix::fs::statvfs(directory).unwrap();
    (fs.f_blocks - fs.f_bfree) * fs.f_frsize
}

/// How every command begins to tell of a disk that is nearly full.
const READ_ONLY: &str = "the vault is read-only, because its disk has ";

/// Room enough for everything, the vault's reserve included.
const ROOM: u64 = 64 << 20;
/// A little more than what a vault wants left free on a small disk (2 MiB) and what a first sync takes.
const MOST: u64 = 5 << 19;

/// What a command gives that changes nothing in the vault: a full disk is told of, and is no hindrance.
fn reads(program: &Program, arguments: &[&str]) -> String {
    let ran = program.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.error);
    let told: Vec<&str> = ran.error.lines().collect();
    assert!(told.len() <= 1 && told.iter().all(|line| line.starts_with(READ_ONLY)), "{arguments:?}: {told:?}");
    ran.out
}

/// A vault on a disk with so many bytes to spare is filled by a sync. Says whether they were too few.
fn fills_up(template: &Program, complete: &Value, spare: u64) -> bool {
    let program = template.copy();
    let (home, aside) = (program.path("bailiwick"), program.path("aside"));
    std::fs::rename(&home, &aside).unwrap();
    let disk = Disk::new(&home, ROOM);
    copy_directory(&aside, &home);
    // Whoever opens it while there is room makes the reserve.
    verify(&program);
    disk.resizes_to(taken(&home) + spare);

    let ended = run(&program, &["--now", NOW, "sync", "--json"], Trouble::default());
    let code = ended.code.unwrap();
    assert!((0..=2).contains(&code), "exit code {code}: {}", ended.error);
    speaks_to_people(&ended.error);
    verify(&program);
    for view in VIEWS {
        serde_json::from_str::<Value>(&reads(&program, &["--now", NOW, view, "--json"])).unwrap();
    }
    let elsewhere = program.path("elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    reads(&program, &["--now", NOW, "backup", "create", "--to", elsewhere]);

    disk.resizes_to(ROOM);
    sync(&program, NOW);
    same(&contents(&program, NOW), complete);
    verify(&program);
    code != 0
}

#[test]
#[ignore = "full count: minutes, and needs root to mount a file system"]
fn full_a_disk_of_50_sizes_fills_up_and_grows() {
    let fleet = Fleet::connected();
    let program = fleet.home();
    sync(&program, NOW);
    let complete = contents(&program, NOW);
    let template = fleet.home();
    // From no byte at all to plenty.
    let full = each("disk", 0..50, |case| fills_up(&template, &complete, case * MOST / 50));
    let too_small = full.iter().filter(|full| **full).count();
    println!("disk full: 50 sizes with 0 to {MOST} bytes to spare, {too_small} of them too small");
    assert!(0 < too_small && too_small < 50);
}
