//! The gate: what passes it is noted first, what cannot be noted does not happen, and nothing goes around it.

use super::*;
use crate::{
    desk::{AuditFilter, fixtures},
    domain::{ClientFacts, Connection},
    vault::Scope,
};
use std::{collections::BTreeSet, fs, path::Path};

fn desk(dir: &Path) -> Desk {
    fixtures::desk(dir).acting(Actor::new("ines", Via::Cli))
}

fn id(text: &str) -> ClientId {
    text.parse().unwrap()
}

/// What the log says, oldest first.
fn noted(desk: &Desk) -> Vec<(String, Option<String>)> {
    let rows = desk.audit(&AuditFilter::default()).unwrap().rows;
    rows.into_iter().rev().map(|row| (row.action, row.client)).collect()
}

/// From now on the vault can acknowledge nothing: the files that are written at the end of every commit are folders.
fn obstruct(dir: &Path) {
    for mirror in ["manifest.a", "manifest.b"] {
        let path = dir.join("v").join(mirror);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.join("in the way")).unwrap();
    }
}

fn add(desk: &Desk, client: &str) -> Result<crate::domain::Client, DeskError> {
    desk.add_client(&id(client), &ClientFacts::default())
}

#[test]
fn what_is_done_is_noted_with_who_did_it() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    note_creation(&desk.vault, &desk.actor, desk.now()).unwrap();
    let acme = add(&desk, "acme").unwrap();
    desk.add_connections(&acme, &[]).unwrap();
    assert_eq!(desk.reveal_external_id(&id("acme")).unwrap(), acme.external_id);
    desk.permit(Action::SyncRun, None, "all").unwrap();
    let acme = || Some("acme".to_owned());
    assert_eq!(
        noted(&desk),
        [
            ("vault.create".to_owned(), None),
            ("client.add".to_owned(), acme()),
            ("connection.add".to_owned(), acme()),
            ("external-id.reveal".to_owned(), acme()),
            ("sync.run".to_owned(), None),
        ]
    );
    let view = desk.audit(&AuditFilter { limit: Some(1), ..AuditFilter::default() }).unwrap();
    let row = &view.rows[0];
    assert_eq!((row.actor.for_log().as_str(), row.via.as_str(), row.number, view.more), ("ines", "cli", 5, true));
    assert!(desk.audit_verify().unwrap().ok);
    // A secret that was shown is not in the log.
    let everything = format!("{:?}", desk.audit(&AuditFilter::default()).unwrap());
    let profile = desk.client(&id("acme")).unwrap();
    assert!(!everything.contains(profile.external_id.reveal()));
}

#[test]
fn an_external_id_is_noted_as_shown_only_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut desk = desk(dir.path());
    for (via, client, shown) in
        [(Via::Cli, "acme", true), (Via::Console, "blue", false), (Via::Automatic, "cyan", false)]
    {
        desk = desk.acting(Actor::new("ines", via));
        add(&desk, client).unwrap();
        let view = desk.audit(&AuditFilter { limit: Some(1), ..AuditFilter::default() }).unwrap();
        assert_eq!(view.rows[0].detail.for_log().contains("which was shown"), shown, "{client}");
    }
}

#[test]
fn a_refusal_that_changed_nothing_leaves_no_entry() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    add(&desk, "acme").unwrap();
    assert!(add(&desk, "acme").is_err());
    let ghost = desk.permit(Action::ClientRemove, Some(&id("ghost")), "x");
    assert_eq!(ghost, Err(DeskError::UnknownClient(id("ghost"))));
    assert_eq!(noted(&desk).len(), 1);
}

#[test]
fn what_cannot_be_noted_does_not_happen() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    let acme = add(&desk, "acme").unwrap();
    obstruct(dir.path());
    let connections: [Connection; 0] = [];
    for refused in [
        desk.add_connections(&acme, &connections).unwrap_err(),
        desk.reveal_external_id(&id("acme")).map(|_| ()).unwrap_err(),
        add(&desk, "blue").map(|_| ()).unwrap_err(),
        desk.audit_export("x", &mut |_| panic!("nothing is handed out")).map(|_| ()).unwrap_err(),
        desk.repairing(|| -> Result<(), VaultError> { panic!("nothing is repaired") }).unwrap_err(),
    ] {
        let DeskError::Unnoted { what, .. } = &refused else { panic!("{refused:?}") };
        let said = refused.to_string();
        assert!(said.starts_with(&format!("{what} did not happen, because it could not be noted in the ")), "{said}");
    }
    assert!(desk.client(&id("blue")).is_err());
    for action in Action::ALL {
        let happens = [Action::BackupCreate, Action::ConsoleUnlock, Action::ConsoleLock].contains(action);
        assert_eq!(desk.permit(*action, None, "x").is_ok(), happens, "{action:?}");
    }
}

#[test]
fn a_client_whose_records_are_damaged_can_still_be_removed_and_the_rest_be_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    let acme = id("acme");
    add(&desk, "acme").unwrap();
    let key = crate::vault::Name::new("audit-key").unwrap();
    desk.vault.damage_for_tests(&Scope::Client(acme.clone()), &key);
    assert!(matches!(desk.permit(Action::SyncRun, Some(&acme), "x"), Err(DeskError::Unnoted { .. })));
    desk.permit(Action::ClientRemove, Some(&acme), "with all its data").unwrap();
    assert_eq!(noted(&desk).last().unwrap(), &("client.remove".to_owned(), None));

    desk.vault.damage_for_tests(&Scope::Vault, &crate::vault::Name::new("audit-chain-key").unwrap());
    assert!(desk.permit(Action::SyncRun, None, "x").is_err());
    assert_eq!(desk.repairing(|| desk.vault.repair()).unwrap().len(), 2);
    assert_eq!(noted(&desk).last().unwrap().0, "vault.repair");
    assert!(!desk.audit_verify().unwrap().ok, "that the log was begun anew is not hidden");
}

#[test]
fn ids_are_distinct_and_parse() {
    let ids: BTreeSet<&str> = Action::ALL.iter().map(|action| action.id()).collect();
    assert_eq!(ids.len(), Action::ALL.len());
    for action in Action::ALL {
        assert_eq!(action.id().parse::<Action>().unwrap(), *action);
        assert!(!action.title().is_empty());
    }
    assert!("client.ad".parse::<Action>().unwrap_err().to_string().contains("client.add"));
}

/// What the desk asks of the vault without the gate: it changes and reveals nothing. `refresh_backups` finishes in the
/// backups what passed the gate before.
const READS: [&str; 24] = [
    "audit_entries",
    "audit_verify",
    "backup_is_due",
    "client_revision",
    "clients",
    "clone",
    "connections",
    "get",
    "has",
    "id",
    "list",
    "notices",
    "pending_work",
    "read_only",
    "record_revision",
    "records",
    "refresh_backups",
    "revision",
    "scope_revision",
    "size",
    "slots",
    "verify",
    "verify_backup",
    "wants_compaction",
];
/// Methods that store something without the gate: a glance is a summary of a client's own records, made anew at will.
const UNNOTED: [&str; 1] = ["keep_glances"];
/// What else changes or hands out.
const OTHERWISE: [&str; 5] =
    [".draft()", "self.keep(", "forget_damaged(", "line(AuditExported", "external_id.clone())"];

/// Where a body first changes or reveals something.
fn first_change(body: &str) -> Option<usize> {
    let calls = body.match_indices("vault.").filter_map(|(at, found)| {
        let rest = &body[at + found.len()..];
        let name = &rest[..rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_'))?];
        (!READS.contains(&name)).then_some(at)
    });
    calls.chain(OTHERWISE.iter().filter_map(|call| body.find(call))).min()
}

/// The public methods of the files of this room: file, name, body.
fn public_methods() -> Vec<(String, String, String)> {
    let mut methods = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/desk")).unwrap() {
        let path = entry.unwrap().path();
        // The gate itself is no change.
        if path.extension().is_none_or(|e| e != "rs") || path.ends_with("policy.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        for start in ["    pub fn ", "    pub async fn "] {
            for part in shipped.split(&format!("\n{start}")).skip(1) {
                // A method of an `impl` ends with a brace at its own depth.
                let body = part.split("\n    }\n").next().unwrap();
                let name = part.split(['(', '<']).next().unwrap();
                methods.push((path.display().to_string(), name.to_owned(), body.to_owned()));
            }
        }
    }
    methods
}

#[test]
fn every_public_method_that_changes_or_reveals_passes_the_gate_first() {
    let mut seen = 0;
    for (file, name, body) in public_methods() {
        let Some(change) = first_change(&body).filter(|_| !UNNOTED.contains(&name.as_str())) else { continue };
        seen += 1;
        let gate = ["self.permit(", "self.permit_new_client(", "self.repairing(", "self.may_"];
        let gate = gate.iter().filter_map(|call| body.find(call)).min();
        assert!(gate.is_some_and(|gate| gate <= change), "{name} of {file} changes something and does not ask first");
    }
    assert!(seen >= 10, "{seen}");
}
