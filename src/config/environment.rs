//! The environment variables that matter, read once at start.

use std::{env, path::PathBuf};

/// A snapshot of what the environment says.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `BAILIWICK_HOME`: one directory for everything, instead of the XDG places.
    pub home: Option<PathBuf>,
    /// `BAILIWICK_PASSPHRASE_FILE`: a file whose first line is the passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// `BAILIWICK_CREDENTIAL_FILE`: the key of a credential-file slot, for headless use.
    pub credential_file: Option<PathBuf>,
    /// `BAILIWICK_KEY_FILE`: the key file that belongs to the passphrase.
    pub key_file: Option<PathBuf>,
    /// `CREDENTIALS_DIRECTORY`: where systemd puts what a unit's `LoadCredential=` names (systemd.exec(5)).
    pub credentials_directory: Option<PathBuf>,
    /// `USER` or `LOGNAME`, otherwise the user's number, for the lock's owner and session names.
    pub user: String,
}

impl Environment {
    /// Reads the process's environment.
    pub fn read() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|v| !v.is_empty());
        let path = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        Self {
            home: path("BAILIWICK_HOME"),
            passphrase_file: path("BAILIWICK_PASSPHRASE_FILE"),
            credential_file: path("BAILIWICK_CREDENTIAL_FILE"),
            key_file: path("BAILIWICK_KEY_FILE"),
            credentials_directory: path("CREDENTIALS_DIRECTORY"),
            user: text("USER")
                .or_else(|| text("LOGNAME"))
                .unwrap_or_else(|| format!("uid {}", rustix::process::geteuid().as_raw())),
        }
    }

    /// The credential that systemd loaded for this unit as `LoadCredential=bailiwick:…`, if it did.
    pub fn loaded_credential(&self) -> Option<PathBuf> {
        self.credentials_directory.as_ref().map(|dir| dir.join("bailiwick")).filter(|file| file.exists())
    }

    /// One variable, for what the terminal can do.
    pub fn variable(name: &str) -> Option<String> {
        env::var(name).ok()
    }
}
