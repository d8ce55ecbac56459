//! Where the vault's secret comes from: a credential file, a passphrase file, or the terminal. Never an argument.

use super::{Setting, report::Report};
use crate::{
    desk::{Via, note_creation},
    vault::{KdfCost, LockOwner, Unlock, Vault},
};
use secrecy::{SecretBox, SecretSlice, SecretString};
use std::{
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use zeroize::{Zeroize, Zeroizing};

/// Bytes in a credential file that this program makes.
const CREDENTIAL_BYTES: usize = 32;

/// A secret that opens the vault.
pub enum Secret {
    /// A passphrase.
    Passphrase(SecretString),
    /// The contents of a credential file.
    Credential(SecretSlice<u8>),
}

impl Secret {
    fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::Passphrase(text) => Unlock::Passphrase(text),
            Self::Credential(bytes) => Unlock::CredentialFile(bytes),
        }
    }
}

/// Opens the user's vault.
pub fn open(setting: &Setting) -> Result<Vault, Report> {
    let dir = setting.paths()?.vault;
    if !Vault::exists(&dir) {
        return Err(Report::failed(format!(
            "there is no vault in {}: `bailiwick init` creates it, `bailiwick demo` shows everything without one",
            dir.display()
        )));
    }
    let secret = secret(setting, "Passphrase: ")?;
    let vault = Vault::open(&dir, secret.unlock(), &owner(setting))?;
    vault.notices().iter().for_each(|notice| crate::cli::sentence(notice));
    Ok(vault)
}

/// Creates the user's vault.
pub fn create(setting: &Setting, credential_file: Option<&Path>) -> Result<PathBuf, Report> {
    let dir = setting.paths()?.vault;
    let (secret, cost) = match credential_file {
        Some(file) => {
            if !file.exists() {
                make_credential_file(file)?;
            }
            (Secret::Credential(read_credential(file)?), KdfCost::default())
        }
        None => (new_passphrase(setting)?, KdfCost::calibrated()?),
    };
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).map_err(|e| {
            Report::failed(format!("{} cannot be created: {e}; check its owner and permissions", parent.display()))
        })?;
    }
    let vault = Vault::create(&dir, secret.unlock(), cost, &owner(setting))?;
    note_creation(&vault, &setting.actor(Via::Cli), setting.clock.now())?;
    Ok(dir)
}

/// A vault that lives as long as its directory, opened by a key that nobody keeps.
pub fn create_throwaway(setting: &Setting, dir: &Path) -> Result<Vault, Report> {
    let secret = SecretSlice::from(random()?.to_vec());
    Ok(Vault::create(dir, Unlock::CredentialFile(&secret), KdfCost::default(), &owner(setting))?)
}

fn secret(setting: &Setting, prompt: &str) -> Result<Secret, Report> {
    if let Some(file) = &setting.credential_file {
        return Ok(Secret::Credential(read_credential(file)?));
    }
    if let Some(file) = &setting.passphrase_file {
        return Ok(Secret::Passphrase(first_line(file)?));
    }
    ask(prompt).map(Secret::Passphrase)
}

fn new_passphrase(setting: &Setting) -> Result<Secret, Report> {
    if setting.passphrase_file.is_some() {
        return secret(setting, "");
    }
    let first = ask("New passphrase: ")?;
    let again = ask("The same again: ")?;
    use secrecy::ExposeSecret;
    if first.expose_secret() == again.expose_secret() {
        Ok(Secret::Passphrase(first))
    } else {
        Err(Report::input("the two passphrases differ: nothing was created, try again"))
    }
}

fn ask(prompt: &str) -> Result<SecretString, Report> {
    rpassword::prompt_password(prompt).map(SecretString::from).map_err(|e| {
        Report::input(format!(
            "no passphrase could be read from the terminal ({e}): use --passphrase-file or BAILIWICK_PASSPHRASE_FILE"
        ))
    })
}

fn first_line(file: &Path) -> Result<SecretString, Report> {
    refuse_readable_by_others(file)?;
    let text = Zeroizing::new(fs::read_to_string(file).map_err(|e| unreadable("passphrase", file, &e))?);
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(SecretString::from(line.to_owned())),
        _ => Err(Report::input(format!("the passphrase file {} has an empty first line", file.display()))),
    }
}

fn read_credential(file: &Path) -> Result<SecretSlice<u8>, Report> {
    refuse_readable_by_others(file)?;
    let bytes = fs::read(file).map_err(|e| unreadable("credential", file, &e))?;
    Ok(SecretBox::new(bytes.into_boxed_slice()))
}

fn unreadable(what: &str, file: &Path, error: &std::io::Error) -> Report {
    Report::input(format!("the {what} file {} cannot be read: {error}", file.display()))
}

/// A secret that others can read is none. Files that are not regular (a pipe of `<(…)`, systemd's credentials) pass.
fn refuse_readable_by_others(file: &Path) -> Result<(), Report> {
    match fs::metadata(file) {
        Ok(meta) if meta.is_file() && meta.mode() & 0o077 != 0 => Err(Report::input(format!(
            "{} can be read by others (mode {:o}): run `chmod 600 {}`",
            file.display(),
            meta.mode() & 0o777,
            file.display()
        ))),
        _ => Ok(()),
    }
}

fn make_credential_file(file: &Path) -> Result<(), Report> {
    let mut bytes = random()?;
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut f| f.write_all(&bytes[..]).and_then(|()| f.sync_all()));
    bytes.zeroize();
    written.map_err(|e| Report::failed(format!("the credential file {} cannot be written: {e}", file.display())))
}

fn random() -> Result<[u8; CREDENTIAL_BYTES], Report> {
    let mut bytes = [0u8; CREDENTIAL_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|e| Report::failed(format!("the operating system gives no random bytes: {e}")))?;
    Ok(bytes)
}

fn owner(setting: &Setting) -> LockOwner {
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
