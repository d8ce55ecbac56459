//! The `backup` commands of the real binary.

mod program;

use program::{Program, private_file};
use serde_json::{Value, json};
use std::path::Path;

const NOW: &str = "2026-11-22T02:14:55Z";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn clients(program: &Program) -> Vec<String> {
    let list = program.json(&["client", "list", "--json"]);
    list["clients"].as_array().unwrap().iter().map(|c| c["client"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_backup_is_made_listed_verified_and_restored_over_what_came_later() {
    let program = Program::with_vault();
    program.ok(&["client", "add", "acme", "--name", "Acme Ltd"]);
    let none = program.ok(&["backup", "list"]);
    assert!(none.starts_with("no backups in ") && none.contains("`bailiwick backup create`"), "{none}");
    assert!(program.refused(2, &["backup", "verify"]).contains("there is no backup in "));

    let made = program.json(&["--now", NOW, "backup", "create", "--json"]);
    let name = made["name"].as_str().unwrap();
    assert!(name.starts_with("2026-11-22T02-14-55Z-"), "{made}");
    assert_eq!((&made["made_at"], &made["whole"], &made["problem"]), (&json!(NOW), &json!(true), &Value::Null));
    assert_eq!(program.json(&["backup", "list", "--json"])["backups"], json!([made]));
    assert!(program.ok(&["backup", "list"]).contains(name));
    assert!(program.ok(&["backup", "verify", name]).contains("records are intact"));
    let check = program.json(&["backup", "verify", "--json"]);
    assert_eq!((&check["ok"], &check["damaged"], &check["records"]), (&json!(true), &json!([]), &made["records"]));

    program.ok(&["client", "add", "later"]);
    let said = program.refused(2, &["backup", "restore", name]);
    assert!(said.contains("--yes") && said.contains(name), "{said}");
    let said = program.refused(2, &["backup", "restore", "2020-01-01T00-00-00Z-1", "--yes"]);
    assert!(said.starts_with("there is no backup 2020-01-01T00-00-00Z-1 in "), "{said}");
    assert_eq!(clients(&program), ["acme", "later"]);
    let restored = program.json(&["--now", NOW, "backup", "restore", name, "--yes", "--json"]);
    assert_eq!((&restored["clients"], &restored["deletions_kept"]), (&json!(1), &json!(true)));
    let before = program.path("bailiwick/vault.before-2026-11-22T02-14-55Z");
    assert_eq!(restored["before"], json!(before));
    assert!(before.join("vault.hdr").exists());
    assert_eq!(clients(&program), ["acme"]);
}

#[test]
fn a_backup_and_a_passphrase_are_enough_on_another_machine() {
    let one = Program::new();
    let words = one.path("words");
    private_file(&words, "correct horse battery staple\n");
    let words = words.to_str().unwrap();
    one.ok(&["--passphrase-file", words, "init"]);
    one.ok(&["--passphrase-file", words, "client", "add", "acme"]);
    let stick = one.path("stick");
    let made = one.json(&["--passphrase-file", words, "backup", "create", "--to", stick.to_str().unwrap(), "--json"]);
    assert_eq!(one.json(&["backup", "list", "--json"])["backups"], json!([]), "it is elsewhere");

    let other = Program::new();
    let carried = other.path("carried");
    copy(Path::new(made["path"].as_str().unwrap()), &carried);
    let carried = carried.to_str().unwrap();
    let wrong = other.path("wrong");
    private_file(&wrong, "incorrect horse\n");
    let said = other.refused(1, &["--passphrase-file", wrong.to_str().unwrap(), "backup", "restore", carried]);
    assert!(said.starts_with("wrong passphrase"), "{said}");
    assert!(!other.vault().exists());
    let said = other.ok(&["--passphrase-file", words, "backup", "restore", carried]);
    assert!(said.contains("1 client") && said.contains("delete it again"), "{said}");
    let list = other.json(&["--passphrase-file", words, "client", "list", "--json"]);
    assert_eq!(list["clients"][0]["client"], "acme");
}

#[test]
fn damage_is_named_with_exit_code_1_and_not_restored() {
    let program = Program::with_vault();
    program.ok(&["client", "add", "acme"]);
    let made = program.json(&["backup", "create", "--json"]);
    let (name, path) = (made["name"].as_str().unwrap(), made["path"].as_str().unwrap());
    let records = Path::new(path).join("records");
    let mut content = std::fs::read(&records).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(&records, &content).unwrap();
    let ran = program.run(&["backup", "verify", name, "--json"]);
    assert_eq!((ran.code, ran.error.as_str()), (1, ""));
    let check: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&check["ok"], &check["damaged"][0]["name"]), (&json!(false), &json!("records")));
    let said = program.refused(1, &["backup", "restore", name, "--yes"]);
    assert!(said.contains("is damaged, so nothing was restored"), "{said}");

    content.truncate(middle);
    std::fs::write(&records, &content).unwrap();
    let list = program.json(&["backup", "list", "--json"]);
    assert_eq!(list["backups"][0]["problem"], "its records are cut short or altered");
    assert!(program.refused(2, &["backup", "verify"]).contains("there is no backup in"), "the newest whole one");
    assert_eq!(clients(&program), ["acme"]);
}

#[test]
fn sync_backs_up_once_a_day_and_prunes() {
    let program = Program::with_vault();
    let sync = |now: &str| program.ok(&["--now", now, "sync"]);
    assert!(sync("2026-11-22T02:00:00Z").contains("backed up as 2026-11-22T02-00-00Z-"));
    assert!(!sync("2026-11-22T23:00:00Z").contains("backed up"));
    let day = |n: u32| format!("2026-{:02}-{:02}T02:30:00Z", 8 + n / 28, 1 + n % 28);
    assert_eq!(program.ok(&["--now", "2026-11-23T02:00:00Z", "sync", "--json"]).lines().count(), sync_lines(&program));
    assert_eq!(program.json(&["backup", "list", "--json"])["backups"].as_array().unwrap().len(), 2);

    let other = Program::with_vault();
    (0..12).for_each(|n| drop(other.ok(&["--now", &day(n), "sync"])));
    // Seven days and one week more: all are of one month.
    let kept = other.json(&["backup", "list", "--json"])["backups"].as_array().unwrap().len();
    assert!((7..=8).contains(&kept), "{kept}");
    let pruned = other.json(&["--now", &day(12), "backup", "prune", "--json"]);
    assert_eq!((&pruned["removed"], &pruned["why_not"]), (&json!([]), &Value::Null));
    let wrong = other.ok(&["--now", "2020-01-01T00:00:00Z", "backup", "prune"]);
    assert!(wrong.contains("from the future"), "{wrong}");
}

/// Lines of JSON of a sync that has nothing to do: the backup adds none.
fn sync_lines(program: &Program) -> usize {
    program.ok(&["--now", "2026-11-23T02:00:01Z", "sync", "--json"]).lines().count()
}

#[test]
fn a_backup_directory_that_cannot_be_written_costs_the_sync_nothing() {
    let program = Program::with_vault();
    std::fs::write(program.path("bailiwick/backups"), "a file").unwrap();
    let ran = program.run(&["--now", NOW, "sync"]);
    assert_eq!(ran.code, 0);
    assert!(ran.error.starts_with("bailiwick: no backup was made: cannot list "), "{}", ran.error);
    let said = program.refused(1, &["backup", "create"]);
    assert!(said.starts_with("cannot create "), "{said}");
}
