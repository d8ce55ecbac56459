//! Faults of the machine under the real binary: it is killed, its file operations fail, its disk is full, its backups
//! are damaged. `FAULTS.md` beside this file says what each test does and counts, and how to run all of them.
#![cfg(target_os = "linux")]

mod program;

#[path = "faults/preload.rs"]
mod preload;
#[path = "faults/run.rs"]
mod run;
#[path = "faults/cases.rs"]
mod cases;
#[path = "faults/fleet.rs"]
mod fleet;
#[path = "faults/checks.rs"]
mod checks;
#[path = "faults/scenario.rs"]
mod scenario;

#[path = "faults/sync.rs"]
mod sync;
#[path = "faults/rotate.rs"]
mod rotate;
#[path = "faults/backup.rs"]
mod backup;
#[path = "faults/restore.rs"]
mod restore;
#[path = "faults/remove.rs"]
mod remove;
#[path = "faults/backup_damage.rs"]
mod backup_damage;
#[path = "faults/passphrase.rs"]
mod passphrase;
#[path = "faults/disk_full.rs"]
mod disk_full;
