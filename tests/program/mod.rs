//! The real binary, with a home of its own and nothing of ours in its environment.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use bailiwick::vault::{LockOwner, Unlock, Vault};
use secrecy::SecretSlice;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

/// No command of these tests takes longer; one that waits for an answer at a terminal would.
const LIMIT: Duration = Duration::from_secs(120);

/// A program with its home.
pub struct Program {
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// How it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub error: String,
}

impl Program {
    /// Without a vault.
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// With a vault that a credential file opens.
    pub fn with_vault() -> Self {
        let program = Self::new();
        let key = program.credential_file();
        program.ok(&["init", "--with-credential-file", key.to_str().unwrap()]);
        program.opened_by_key()
    }

    /// The same, opening its vault with the credential file from now on.
    pub fn opened_by_key(self) -> Self {
        let key = self.credential_file();
        self.with("BAILIWICK_CREDENTIAL_FILE", key.to_str().unwrap())
    }

    /// The same with one more variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a variable.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// The same, opening its vault with the credential file again.
    pub fn with_credential_file(self) -> Self {
        self.without("BAILIWICK_CREDENTIAL_FILE").opened_by_key()
    }

    /// Has the vault open, as another process would.
    pub fn hold(&self) -> Vault {
        let secret = SecretSlice::from(std::fs::read(self.credential_file()).unwrap());
        let since = "2026-11-22T02:00:00Z".parse().unwrap();
        let owner = LockOwner { user: "holder".into(), pid: 7, tty: "pts/7".into(), since };
        Vault::open(&self.vault(), Unlock::CredentialFile(&secret), &owner).unwrap()
    }

    /// Returns once a process waits for the lock of the vault (`/proc/locks` marks it with an arrow).
    pub fn until_somebody_waits(&self) {
        use std::os::unix::fs::MetadataExt;
        let inode = format!(":{} ", std::fs::metadata(self.vault().join("vault.lock")).unwrap().ino());
        let began = std::time::Instant::now();
        let waits = |line: &str| line.contains("->") && line.contains(&inode);
        while !std::fs::read_to_string("/proc/locks").unwrap().lines().any(waits) {
            assert!(began.elapsed() < LIMIT, "nobody waits");
            std::thread::yield_now();
        }
    }

    /// The same, calling an AWS at `url` with these keys.
    pub fn calling(self, url: &str, key: &str, secret: &str) -> Self {
        self.with("AWS_ENDPOINT_URL", url)
            .with("AWS_ACCESS_KEY_ID", key)
            .with("AWS_SECRET_ACCESS_KEY", secret)
            .with("AWS_REGION", "us-east-1")
    }

    /// A place in its home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Its vault.
    pub fn vault(&self) -> PathBuf {
        self.path("bailiwick/vault")
    }

    /// Where its credential file is, or will be.
    pub fn credential_file(&self) -> PathBuf {
        self.path("key")
    }

    /// Another one with a copy of its home; secrets are still read where they are.
    pub fn copy(&self) -> Self {
        let copy = Self { home: tempfile::tempdir().unwrap(), variables: self.variables.clone() };
        copy_directory(self.home.path(), copy.home.path());
        copy
    }

    /// The command, ready to start: without a terminal, with nothing of ours in its environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("bailiwick"));
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("BAILIWICK_HOME", self.path("bailiwick"))
            .env("USER", "ines")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", self.path("aws-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.path("aws-credentials"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path())
            .args(arguments);
        command
    }

    /// Runs it to its end, without a terminal and with nothing to read.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = assert_cmd::Command::from_std(self.command(arguments));
        let output = command.timeout(LIMIT).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or_else(|| panic!("{arguments:?} ended by a signal: {output:?}")),
            out: text(&output.stdout),
            error: text(&output.stderr),
        };
        speaks_to_people(&ran.error);
        ran
    }

    /// Its output, where it must succeed and have nothing to complain about.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.error.as_str()), (0, ""), "{arguments:?}");
        ran.out
    }

    /// The same, as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// What it says where it must refuse: one sentence of ours, nothing on standard output.
    pub fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{arguments:?}: {}", ran.error);
        assert_eq!(ran.error.lines().count(), 1, "{arguments:?}: {}", ran.error);
        let sentence = ran.error.strip_prefix("bailiwick: ");
        sentence.unwrap_or_else(|| panic!("{arguments:?}: {}", ran.error)).trim_end().to_owned()
    }
}

/// What goes to standard error is for people: no word of a panic.
pub fn speaks_to_people(error: &str) {
    for word in ["panicked", "RUST_BACKTRACE", "unwrap"] {
        assert!(!error.contains(word), "{error}");
    }
}

/// Copies a directory with everything in it, and who may read it.
pub fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
}

/// A file that only its owner can read.
pub fn private_file(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
