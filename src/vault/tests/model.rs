//! Random operations beside a plain map: the vault must never differ from it, also after reopening, rotating, deleting
//! and restoring.

use super::*;
use crate::vault::backup::{Backups, restore_backup};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

#[derive(Debug, Clone)]
enum Op {
    Commit(Vec<(u8, u16, Option<Vec<u8>>)>),
    Reopen,
    RotateClient(u8),
    RotateAll,
    RotateRoot,
    Remove(u8),
    Add(u8),
    Backup,
    Restore(u8),
    Refresh,
    Compact,
    Verify,
}

fn commit(edits: usize) -> impl Strategy<Value = Op> {
    let value = proptest::option::weighted(0.7, vec(any::<u8>(), 0..40));
    vec((0u8..4, 0u16..700, value), 1..edits).prop_map(Op::Commit)
}

/// Commits and reopening alone: large directories.
fn plain() -> impl Strategy<Value = Op> {
    prop_oneof![8 => commit(200), 1 => Just(Op::Reopen)]
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        9 => commit(20),
        2 => Just(Op::Reopen),
        2 => (0u8..2).prop_map(Op::RotateClient),
        1 => Just(Op::RotateAll),
        1 => Just(Op::RotateRoot),
        2 => (0u8..2).prop_map(Op::Remove),
        2 => (0u8..2).prop_map(Op::Add),
        3 => Just(Op::Backup),
        2 => any::<u8>().prop_map(Op::Restore),
        1 => Just(Op::Refresh),
        1 => Just(Op::Compact),
        1 => Just(Op::Verify),
    ]
}

const CLIENTS: [&str; 2] = ["acme-retail", "blue-ocean"];

/// The vault's own, two clients, and a connection of the first.
fn scope(number: u8) -> Scope {
    match number {
        0 => Scope::Vault,
        1 | 2 => client(CLIENTS[usize::from(number) - 1]),
        _ => Scope::Connection(CLIENTS[0].parse().unwrap(), "111122223333".parse().unwrap()),
    }
}

fn key(number: u16) -> Name {
    name(&format!("kind{}/{:012}/{number}", number % 3, number / 7))
}

/// What there should be: owners, each with a number of its own that no later owner of the same name has, and records.
#[derive(Clone, Default)]
struct Model {
    owners: BTreeMap<Scope, u32>,
    records: BTreeMap<(Scope, Name), Vec<u8>>,
}

impl Model {
    /// Forgets the owners that are not among those `kept`.
    fn retain(&mut self, kept: impl Fn(&Scope, u32) -> bool) {
        self.owners.retain(|scope, number| kept(scope, *number));
        let owners = &self.owners;
        self.records.retain(|(scope, _), _| *scope == Scope::Vault || owners.contains_key(scope));
    }
}

/// A vault, what it should hold, and its backups.
struct World {
    dir: tempfile::TempDir,
    vault: Option<Vault>,
    model: Model,
    backups: BTreeMap<String, Model>,
    deleted: BTreeSet<u32>,
    /// Owners and instants so far.
    count: u32,
}

impl World {
    fn new() -> Self {
        // In memory where there is such a place: all that these sequences wait for is the disk.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let vault =
            Vault::create(&dir.path().join("v"), Unlock::CredentialFile(&key_file()), KdfCost::default(), &owner());
        let (model, backups, deleted) = Default::default();
        let mut world = Self { dir, vault: Some(vault.unwrap()), model, backups, deleted, count: 0 };
        (0..2).for_each(|number| world.add(number));
        world
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("v")
    }

    fn vault(&self) -> &Vault {
        self.vault.as_ref().unwrap()
    }

    fn directory(&self) -> Backups {
        Backups::new(self.dir.path().join("backups"))
    }

    fn now(&mut self) -> Timestamp {
        self.count += 1;
        Timestamp::from_second(1_795_000_000 + i64::from(self.count))
    }

    fn reopen(&mut self) {
        drop(self.vault.take());
        self.vault = Some(try_open(&self.path()).unwrap());
        assert!(self.vault().notices().is_empty(), "{:?}", self.vault().notices());
    }

    fn add(&mut self, number: u8) {
        let id: ClientId = CLIENTS[usize::from(number)].parse().unwrap();
        let scopes: &[u8] = if number == 0 { &[1, 3] } else { &[2] };
        if self.model.owners.contains_key(&client(id.as_str())) {
            return assert!(matches!(self.vault().add_client(&id), Err(VaultError::ClientExists(_))));
        }
        self.vault().add_client(&id).unwrap();
        if number == 0 {
            self.vault().add_connections(&id, &["111122223333".parse().unwrap()]).unwrap();
        }
        for number in scopes {
            self.count += 1;
            self.model.owners.insert(scope(*number), self.count);
        }
    }

    fn remove(&mut self, number: u8) {
        let (id, now) = (CLIENTS[usize::from(number)].parse::<ClientId>().unwrap(), self.now());
        let removed = self.vault().remove_client(&id, now);
        if !self.model.owners.contains_key(&client(id.as_str())) {
            return assert!(matches!(removed, Err(VaultError::UnknownClient(_))));
        }
        let of_it = |scope: &Scope| scope.client() == Some(&id);
        let records = self.model.records.keys().filter(|(scope, _)| of_it(scope)).count();
        assert_eq!(removed.unwrap().records, records as u64);
        self.deleted.extend(self.model.owners.iter().filter(|(scope, _)| of_it(scope)).map(|(_, number)| number));
        self.model.retain(|scope, _| !of_it(scope));
    }

    fn commit(&mut self, edits: Vec<(u8, u16, Option<Vec<u8>>)>) {
        let mut batch = Batch::new();
        for (owner, number, value) in edits {
            let at = (scope(owner), key(number));
            if at.0 != Scope::Vault && !self.model.owners.contains_key(&at.0) {
                continue;
            }
            match value {
                Some(value) => {
                    batch.put(&at.0, &at.1, 1, value.clone());
                    self.model.records.insert(at, value);
                }
                None => {
                    batch.remove(&at.0, &at.1);
                    self.model.records.remove(&at);
                }
            }
        }
        self.vault().commit(batch).unwrap();
    }

    fn back_up(&mut self) {
        let now = self.now();
        let made = self.vault().backup(&self.directory(), now).unwrap();
        assert_eq!(made.records, self.model.records.len() as u64);
        self.backups.insert(made.name, self.model.clone());
    }

    fn restore(&mut self, which: u8) {
        let Some((name, model)) = self.backups.iter().nth(usize::from(which) % self.backups.len().max(1)) else {
            return;
        };
        let (backup, mut model) = (self.directory().find(name).unwrap(), model.clone());
        drop(self.vault.take());
        let now = self.now();
        restore_backup(&backup, &self.path(), Unlock::CredentialFile(&key_file()), &owner(), now).unwrap();
        model.retain(|_, number| !self.deleted.contains(&number));
        self.model = model;
        self.reopen();
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Commit(edits) => self.commit(edits),
            Op::Reopen => self.reopen(),
            Op::RotateClient(number) => {
                let id = CLIENTS[usize::from(number)].parse().unwrap();
                let known = self.model.owners.contains_key(&client(CLIENTS[usize::from(number)]));
                assert_eq!(self.vault().rotate_client(&id, &mut |_, _| {}).is_ok(), known);
            }
            Op::RotateAll => drop(self.vault().rotate_all(&mut |_, _| {}).unwrap()),
            Op::RotateRoot => {
                let (now, root_may_change) = (self.now(), self.vault().state().header.work.previous_root.is_none());
                let rotated =
                    self.vault().rotate_root(&[(Unlock::CredentialFile(&key_file()), KdfCost::default())], now);
                assert_eq!(rotated.is_ok(), root_may_change);
            }
            Op::Remove(number) => self.remove(number),
            Op::Add(number) => self.add(number),
            Op::Backup => self.back_up(),
            Op::Restore(which) => self.restore(which),
            Op::Refresh => {
                assert_eq!(self.vault().refresh_backups(&self.directory()).unwrap().unreachable, Vec::<String>::new());
                assert!(!self.vault().pending_work());
            }
            Op::Compact => drop(self.vault().compact().unwrap()),
            Op::Verify => {
                let verified = self.vault().verify().unwrap();
                assert_eq!((verified.records, verified.damaged), (self.model.records.len() as u64, Vec::new()));
            }
        }
    }

    fn compare(&self, probe: u16) -> Result<(), TestCaseError> {
        let (vault, model) = (self.vault(), &self.model);
        let clients: Vec<String> = vault.clients().iter().map(ToString::to_string).collect();
        prop_assert_eq!(
            clients,
            CLIENTS.into_iter().filter(|c| model.owners.contains_key(&client(c))).collect::<Vec<_>>()
        );
        for number in 0..4 {
            let owner = scope(number);
            if number > 0 && !model.owners.contains_key(&owner) {
                prop_assert!(vault.list(&owner, "").is_err());
                continue;
            }
            let of_it = model.records.iter().filter(|((s, _), _)| *s == owner);
            let expected: Vec<_> = of_it.map(|((_, n), v)| (n, v)).collect();
            let all: Vec<_> = expected.iter().map(|e| e.0.clone()).collect();
            prop_assert_eq!(&vault.list(&owner, "").unwrap(), &all);
            for prefix in ["kind1/", "kind2/00000000004"] {
                let some: Vec<_> = all.iter().filter(|n| n.as_str().starts_with(prefix)).cloned().collect();
                prop_assert_eq!(vault.list(&owner, prefix).unwrap(), some);
            }
            for (n, value) in &expected {
                prop_assert_eq!(&vault.get(&owner, n).unwrap().unwrap().bytes[..], &value[..]);
            }
            let absent = key(probe);
            let there = model.records.contains_key(&(owner.clone(), absent.clone()));
            prop_assert_eq!(vault.get(&owner, &absent).unwrap().is_some(), there);
        }
        Ok(())
    }
}

/// Runs sequences of operations from a vault with two clients, and compares at the end of each.
fn sequences(cases: u32, ops: impl Strategy<Value = Vec<Op>>) {
    let config = ProptestConfig { cases, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() };
    let run = |(ops, probe): (Vec<Op>, u16)| {
        let mut world = World::new();
        ops.into_iter().for_each(|op| world.apply(op));
        world.compare(probe)
    };
    if let Err(failure) = TestRunner::new(config).run(&(ops, 0u16..700), run) {
        panic!("{failure}");
    }
}

#[test]
fn a_vault_behaves_like_a_map() {
    sequences(6, vec(plain(), 1..14));
}

#[test]
fn a_vault_that_is_rotated_deleted_from_and_restored_behaves_like_a_map() {
    sequences(100, vec(any_op(), 1..12));
}

#[test]
#[ignore = "the full count; many minutes"]
fn a_vault_that_is_rotated_deleted_from_and_restored_behaves_like_a_map_in_full() {
    sequences(2_000, vec(any_op(), 1..30));
}
