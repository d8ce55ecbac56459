//! Opening and creating the user's vault.

use super::{
    Setting,
    report::Report,
    secret::{self, Secret},
};
use crate::{
    cli::{progress, sentence},
    desk::{Via, note_creation},
    vault::{KdfCost, LockOwner, Unlock, Vault, VaultError},
};
use secrecy::SecretSlice;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Why a vault did not open, for a screen.
pub struct Refused {
    /// A sentence with the next step.
    pub text: String,
    /// How long it takes no other try.
    pub wait_seconds: Option<u64>,
}

impl From<Report> for Refused {
    fn from(report: Report) -> Self {
        Self { text: report.to_string(), wait_seconds: None }
    }
}

impl From<VaultError> for Refused {
    fn from(error: VaultError) -> Self {
        let wait_seconds = match error {
            VaultError::TooManyAttempts { seconds, .. } => Some(seconds),
            _ => None,
        };
        Self { text: error.to_string(), wait_seconds }
    }
}

/// Refuses a directory without a vault, before a secret is asked for.
pub fn expect_vault(dir: &Path) -> Result<(), Report> {
    if Vault::exists(dir) {
        return Ok(());
    }
    Err(Report::failed(format!(
        "there is no vault in {}: `bailiwick init` creates it, `bailiwick demo` shows everything without one",
        dir.display()
    )))
}

/// Opens the user's vault for a command, and says on standard error what was wrong with it. For one that needs the
/// secret once more.
pub fn open_keeping_secret(setting: &Setting) -> Result<(Vault, Secret), Report> {
    expect_vault(&setting.paths()?.vault)?;
    let secret = secret::given_or_asked(setting)?;
    Ok((open_told(setting, &secret)?, secret))
}

/// The same with a secret that is there already.
pub fn open_told(setting: &Setting, secret: &Secret) -> Result<Vault, Report> {
    expect_vault(&setting.paths()?.vault)?;
    let (vault, notices) = open_with(setting, secret)?;
    notices.iter().for_each(|notice| sentence(notice));
    Ok(vault)
}

/// Opens the user's vault with a secret; prints nothing. After a process that was ended with the vault open, the store
/// is first tried in a process of its own, and then everything is read once. Also returns what was found.
pub fn open_with(setting: &Setting, secret: &Secret) -> Result<(Vault, Vec<String>), VaultError> {
    let dir = setting.paths().map(|paths| paths.vault).unwrap_or_default();
    if Vault::seems_cut_off(&dir) {
        probe(&dir)?;
    }
    let owner = owner(setting);
    let vault = if setting.wait {
        let waiting = |held: &VaultError| progress(&format!("waiting: {held}"));
        let vault = Vault::open_waiting(&dir, secret.unlock(), &owner, &waiting);
        progress("");
        vault?
    } else {
        Vault::open(&dir, secret.unlock(), &owner)?
    };
    vault.keep_ballast();
    let mut notices = vault.notices().to_vec();
    notices.extend(vault.read_only().map(|why| why.to_string()));
    if vault.was_cut_off() {
        let found = vault.verify()?;
        notices.extend(found.damaged.iter().map(|damage| damage.to_string()));
    }
    Ok((vault, notices))
}

/// sled can break for the rest of a process when its files are damaged: let that be another process than this one.
fn probe(dir: &Path) -> Result<(), VaultError> {
    let failed = |why: String| VaultError::Store { doing: "trying it after an unclean end", why };
    let this = std::env::current_exe().map_err(|e| failed(e.to_string()))?;
    let mut command = Command::new(this);
    command.args(["vault", "probe"]).arg(dir).stdin(Stdio::null()).stdout(Stdio::null());
    let ended = command.output().map_err(|e| failed(e.to_string()))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said = said.lines().next().map(|line| crate::domain::Untrusted::from(line).for_log());
    Err(failed(said.unwrap_or_else(|| format!("it ended with {}", ended.status))))
}

/// Creates the user's vault.
pub fn create(setting: &Setting, credential_file: Option<&Path>) -> Result<PathBuf, Report> {
    let dir = setting.paths()?.vault;
    let (secret, cost) = match credential_file {
        Some(file) => (Secret::Credential(secret::random_file_or_new("credential", file)?), KdfCost::default()),
        None => {
            let passphrase = secret::new_passphrase(setting.passphrase_file.as_deref())?;
            (secret::with_key_file(setting, passphrase)?, KdfCost::calibrated()?)
        }
    };
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).map_err(|e| {
            Report::failed(format!("{} cannot be created: {e}; check its owner and permissions", parent.display()))
        })?;
    }
    let vault = Vault::create(&dir, secret.unlock(), cost, &owner(setting))?;
    vault.keep_ballast();
    note_creation(&vault, &setting.actor(Via::Cli), setting.clock.now())?;
    Ok(dir)
}

/// A vault that lives as long as its directory, opened by a key that nobody keeps.
pub fn create_throwaway(setting: &Setting, dir: &Path) -> Result<Vault, Report> {
    let secret = SecretSlice::from(secret::random()?.to_vec());
    Ok(Vault::create(dir, Unlock::CredentialFile(&secret), KdfCost::default(), &owner(setting))?)
}

/// Who opens it, for the lock.
pub fn owner(setting: &Setting) -> LockOwner {
    let terminal = fs::read_link("/proc/self/fd/0").ok().filter(|path| path.starts_with("/dev/"));
    LockOwner {
        user: setting.environment.user.clone(),
        pid: std::process::id(),
        tty: terminal.map_or_else(
            || "no terminal".into(),
            |path| path.strip_prefix("/dev").unwrap_or(&path).display().to_string().trim_start_matches('/').to_owned(),
        ),
        since: setting.clock.now(),
    }
}
