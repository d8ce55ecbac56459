//! Vaults of every released format, and their backups, open for ever. Each lies in `tests/golden/<format>/`, every file of
//! it compressed; what they hold is below. A new format adds a directory and never changes an old one.

use bailiwick::{
    domain::{ClientId, ConnectionId, Timestamp},
    vault::{
        AuditEntry, Backups, Batch, KdfCost, LockOwner, Name, Scope, Unlock, Vault, Via, restore_backup, verify_backup,
    },
};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use rstest::rstest;
use secrecy::{SecretSlice, SecretString};
use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

const CODE: &str = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ";

/// The secrets of these vaults; they protect nothing.
struct Secrets {
    file: SecretSlice<u8>,
    key: SecretSlice<u8>,
    word: SecretString,
    code: SecretString,
}

impl Secrets {
    fn new() -> Self {
        let (file, key) = (SecretSlice::from(vec![0x11; 32]), SecretSlice::from(vec![0x22; 40]));
        Self { file, key, word: SecretString::from("a golden passphrase"), code: SecretString::from(CODE) }
    }

    fn all(&self) -> [Unlock<'_>; 4] {
        [
            Unlock::CredentialFile(&self.file),
            Unlock::Passphrase(&self.word),
            Unlock::PassphraseAndKeyFile(&self.word, &self.key),
            Unlock::RecoveryCode(&self.code),
        ]
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000)
}

fn owner() -> LockOwner {
    LockOwner { user: "golden".into(), pid: 1, tty: "pts/0".into(), since: now() }
}

fn ids() -> (ClientId, ConnectionId) {
    ("acme-retail".parse().unwrap(), "123456789012".parse().unwrap())
}

/// What every golden vault holds.
fn records() -> Vec<(Scope, Name, Vec<u8>)> {
    let (client, connection) = ids();
    let scopes = [Scope::Vault, Scope::Client(client.clone()), Scope::Connection(client, connection)];
    let mut records = Vec::new();
    for (number, scope) in scopes.iter().enumerate() {
        for i in 0..120usize {
            let bytes = (0..i * 2).map(|b| (b * (number + 3) % 251) as u8).collect();
            records.push((scope.clone(), Name::new(format!("records/{i:03}")).unwrap(), bytes));
        }
    }
    // Large enough for a file of its own.
    records.push((
        scopes[2].clone(),
        Name::new("large").unwrap(),
        (0..270_000usize).map(|b| (b / 1_000) as u8).collect(),
    ));
    records
}

fn golden(format: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format)
}

#[rstest]
#[case("format-1")]
fn every_secret_opens_it_and_everything_is_there(#[case] format: &str) {
    let secrets = Secrets::new();
    for unlock in secrets.all() {
        let home = unpacked(format);
        let vault = Vault::open(&home.path().join("vault"), unlock, &owner()).unwrap();
        holds_everything(&vault);
        let log = vault.audit_verify().unwrap();
        assert!(log.faults.is_empty(), "{log:?}");
        assert_eq!(log.entries, 1);
    }
}

#[rstest]
#[case("format-1")]
fn its_backup_verifies_and_is_restored(#[case] format: &str, #[values(true, false)] vault_is_there: bool) {
    let (secrets, home) = (Secrets::new(), unpacked(format));
    let live = home.path().join("vault");
    let backup = Backups::new(home.path().join("backups")).newest().unwrap();
    let unlock = Unlock::RecoveryCode(&secrets.code);
    let check = verify_backup(&backup, &live, unlock, now()).unwrap();
    assert!(check.verified.damaged.is_empty(), "{check:?}");
    if !vault_is_there {
        // Everything has to come out of the backup.
        fs::remove_dir_all(&live).unwrap();
    }
    restore_backup(&backup, &live, unlock, &owner(), now()).unwrap();
    holds_everything(&Vault::open(&live, unlock, &owner()).unwrap());
}

fn holds_everything(vault: &Vault) {
    assert!(vault.notices().is_empty(), "{:?}", vault.notices());
    for (scope, name, bytes) in records() {
        let opened = vault.get(&scope, &name).unwrap().unwrap_or_else(|| panic!("{name} of {scope} is gone"));
        assert!(opened.schema == 7 && opened.bytes[..] == bytes[..], "{name} of {scope} differs");
    }
    assert!(vault.verify().unwrap().damaged.is_empty());
}

/// Makes `tests/golden/format-1`; run by hand when a format is released, never again for that format.
#[test]
#[ignore = "writes into the source tree"]
fn make_golden() {
    let (secrets, home) = (Secrets::new(), tempfile::tempdir().unwrap());
    let cheap = KdfCost::new(8 * 1024, 1, 1).unwrap();
    let vault = Vault::create(&home.path().join("vault"), secrets.all()[0], cheap, &owner()).unwrap();
    for unlock in &secrets.all()[1..] {
        vault.add_slot(*unlock, cheap, now()).unwrap();
    }
    let (client, connection) = ids();
    vault.add_client(&client).unwrap();
    vault.add_connections(&client, &[connection]).unwrap();
    vault
        .audit_append(&AuditEntry {
            at: now(),
            actor: "golden".into(),
            via: Via::Cli,
            action: "client.add".into(),
            client: Some(client),
            detail: "for ever".into(),
        })
        .unwrap();
    for part in records().chunks(100) {
        let mut batch = Batch::new();
        part.iter().for_each(|(scope, name, bytes)| batch.put(scope, name, 7, bytes.clone()));
        vault.commit(batch).unwrap();
    }
    vault.backup(&Backups::new(home.path().join("backups")), now()).unwrap();
    drop(vault);
    pack(home.path(), &golden("format-1"));
}

fn pack(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            pack(&entry.path(), &to.join(name));
            continue;
        }
        let file = fs::File::create(to.join(format!("{name}.gz"))).unwrap();
        let mut packed = GzEncoder::new(file, Compression::best());
        packed.write_all(&fs::read(entry.path()).unwrap()).unwrap();
        packed.finish().unwrap();
    }
}

fn unpacked(format: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    unpack(&golden(format), home.path());
    home
}

fn unpack(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        match name.strip_suffix(".gz") {
            Some(name) => {
                let mut bytes = Vec::new();
                GzDecoder::new(fs::File::open(entry.path()).unwrap()).read_to_end(&mut bytes).unwrap();
                fs::write(to.join(name), bytes).unwrap();
            }
            None => {
                fs::DirBuilder::new().mode(0o700).create(to.join(&name)).unwrap();
                unpack(&entry.path(), &to.join(name));
            }
        }
    }
}
