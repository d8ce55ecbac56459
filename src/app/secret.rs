//! Where secrets come from: files, or the terminal. Never an argument.

use super::{Setting, report::Report};
use crate::vault::Unlock;
use secrecy::{ExposeSecret as _, SecretBox, SecretSlice, SecretString};
use std::{
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};
use zeroize::{Zeroize, Zeroizing};

/// Bytes in a credential or key file that this program makes.
const RANDOM_BYTES: usize = 32;

/// A secret that opens the vault.
pub enum Secret {
    /// A passphrase.
    Passphrase(SecretString),
    /// A passphrase and the contents of the key file that belongs to it.
    PassphraseAndKeyFile(SecretString, SecretSlice<u8>),
    /// A recovery code.
    RecoveryCode(SecretString),
    /// The contents of a credential file.
    Credential(SecretSlice<u8>),
}

impl Secret {
    /// For the vault.
    pub fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::Passphrase(text) => Unlock::Passphrase(text),
            Self::PassphraseAndKeyFile(text, file) => Unlock::PassphraseAndKeyFile(text, file),
            Self::RecoveryCode(code) => Unlock::RecoveryCode(code),
            Self::Credential(bytes) => Unlock::CredentialFile(bytes),
        }
    }

    /// Whether it begins with something a person typed or wrote.
    pub fn is_passphrase(&self) -> bool {
        matches!(self, Self::Passphrase(_) | Self::PassphraseAndKeyFile(..))
    }
}

/// What people call the file that opens the vault without a question, if one is configured.
pub fn configured(setting: &Setting) -> Option<&'static str> {
    if setting.recovery_code_file.is_some() {
        Some("recovery code file")
    } else if setting.credential_file.is_some() {
        Some("credential file")
    } else {
        setting.passphrase_file.as_ref().map(|_| "passphrase file")
    }
}

/// The secret of the file that is configured.
pub fn from_file(setting: &Setting) -> Result<Secret, Report> {
    if let Some(file) = &setting.recovery_code_file {
        return Ok(Secret::RecoveryCode(first_line("recovery code", file)?));
    }
    if let Some(file) = &setting.credential_file {
        return Ok(Secret::Credential(random_file("credential", file)?));
    }
    match &setting.passphrase_file {
        Some(file) => with_key_file(setting, first_line("passphrase", file)?),
        None => Err(Report::input("no credential file and no passphrase file is configured")),
    }
}

/// The configured secret, or a passphrase that is asked for.
pub fn given_or_asked(setting: &Setting) -> Result<Secret, Report> {
    match configured(setting) {
        Some(_) => from_file(setting),
        None => with_key_file(setting, ask("Passphrase: ")?),
    }
}

/// A passphrase together with the key file, if one is configured.
pub fn with_key_file(setting: &Setting, passphrase: SecretString) -> Result<Secret, Report> {
    Ok(match &setting.key_file {
        Some(file) => Secret::PassphraseAndKeyFile(passphrase, random_file("key", file)?),
        None => Secret::Passphrase(passphrase),
    })
}

/// A new passphrase, from the first line of a file or twice from the terminal.
pub fn new_passphrase(file: Option<&Path>) -> Result<SecretString, Report> {
    if let Some(file) = file {
        return first_line("passphrase", file);
    }
    let (first, again) = (ask("New passphrase: ")?, ask("The same again: ")?);
    if first.expose_secret() == again.expose_secret() {
        Ok(first)
    } else {
        Err(Report::input("the two passphrases differ: nothing was changed, try again"))
    }
}

fn ask(prompt: &str) -> Result<SecretString, Report> {
    ask_or(prompt, "no passphrase", "use --passphrase-file or BAILIWICK_PASSPHRASE_FILE")
}

/// Asks at the terminal without showing what is typed; where there is none, says that `what` could be read and what to do
/// `instead`.
pub fn ask_or(prompt: &str, what: &str, instead: &str) -> Result<SecretString, Report> {
    let typed = rpassword::prompt_password(prompt).map(SecretString::from);
    typed.map_err(|e| Report::input(format!("{what} could be read from the terminal ({e}): {instead}")))
}

fn first_line(what: &str, file: &Path) -> Result<SecretString, Report> {
    refuse_readable_by_others(file)?;
    let text = Zeroizing::new(fs::read_to_string(file).map_err(|e| unreadable(what, file, &e))?);
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(SecretString::from(line.to_owned())),
        _ => Err(Report::input(format!("the {what} file {} has an empty first line", file.display()))),
    }
}

/// The contents of a credential or key file.
pub fn random_file(what: &str, file: &Path) -> Result<SecretSlice<u8>, Report> {
    refuse_readable_by_others(file)?;
    let bytes = fs::read(file).map_err(|e| unreadable(what, file, &e))?;
    Ok(SecretBox::new(bytes.into_boxed_slice()))
}

/// The same; a file that does not exist is made, readable by its owner only.
pub fn random_file_or_new(what: &str, file: &Path) -> Result<SecretSlice<u8>, Report> {
    if !file.exists() {
        let mut bytes = random()?;
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
            .and_then(|mut f| f.write_all(&bytes[..]).and_then(|()| f.sync_all()));
        bytes.zeroize();
        written.map_err(|e| Report::failed(format!("the {what} file {} cannot be written: {e}", file.display())))?;
    }
    random_file(what, file)
}

fn unreadable(what: &str, file: &Path, error: &std::io::Error) -> Report {
    Report::input(format!("the {what} file {} cannot be read: {error}", file.display()))
}

/// A secret that others can read is none. Files that are not regular (a pipe of `<(…)`) pass.
pub fn refuse_readable_by_others(file: &Path) -> Result<(), Report> {
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

/// Random bytes for a file or a vault nobody keeps the key of.
pub fn random() -> Result<[u8; RANDOM_BYTES], Report> {
    let mut bytes = [0u8; RANDOM_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|e| Report::failed(format!("the operating system gives no random bytes: {e}")))?;
    Ok(bytes)
}
