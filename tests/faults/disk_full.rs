//! A disk that is full: what is stored stays readable, verifies and can be backed up elsewhere; with space it goes on.
//! Needs root, for a file system in memory of any size.

use crate::{
    cases::Seeded,
    checks::{contents, same, verify},
    fleet::{Fleet, NOW, sync},
    program::{Program, copy_directory, speaks_to_people},
    run::{Trouble, run},
};
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

    fn grows_to(&self, bytes: u64) {
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

/// Bytes that a directory's files take, in whole pages.
fn size(directory: &Path) -> u64 {
    const PAGE: u64 = 4_096;
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let sizes = entries.map(|entry| match entry.metadata().unwrap() {
        meta if meta.is_dir() => PAGE + size(&entry.path()),
        meta => meta.len().next_multiple_of(PAGE),
    });
    sizes.sum()
}

const ROOM: u64 = 256 << 20;

/// A vault on a disk of `bytes` is filled by a sync. Says whether it was too small.
fn fills_up(template: &Program, complete: &serde_json::Value, bytes: u64) -> bool {
    let program = template.copy();
    let home = program.path("bailiwick");
    let aside = program.path("aside");
    std::fs::rename(&home, &aside).unwrap();
    let disk = Disk::new(&home, bytes);
    copy_directory(&aside, &home);

    let ended = run(&program, &["--now", NOW, "sync", "--json"], Trouble::default());
    let code = ended.code.unwrap();
    assert!((0..=2).contains(&code), "exit code {code}: {}", ended.error);
    speaks_to_people(&ended.error);
    verify(&program);
    contents(&program, NOW);
    let elsewhere = program.path("elsewhere");
    program.ok(&["--now", NOW, "backup", "create", "--to", elsewhere.to_str().unwrap()]);

    disk.grows_to(ROOM);
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
    let least = size(&program.path("bailiwick"));
    sync(&program, NOW);
    let most = size(&program.path("bailiwick"));
    let complete = contents(&program, NOW);
    let mut random = Seeded(50);
    let full = (0..50).filter(|case| {
        let bytes = least + 16_384 + random.below(most - least);
        let outcome = crate::cases::attempt(|| fills_up(fleet.template(), &complete, bytes));
        outcome.unwrap_or_else(|why| panic!("case {case}, {bytes} bytes: {why}"))
    });
    println!("disk full: 50 sizes of {least} to {most} bytes, {} of them too small", full.count());
}
