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
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `TERM`.
    pub term: String,
    /// Whether the locale is UTF-8 (`LC_ALL`, `LC_CTYPE`, `LANG`, the first that is set).
    pub utf8: bool,
    /// Whether the session came over SSH (`SSH_TTY` or `SSH_CONNECTION`).
    pub ssh: bool,
    /// Whether `TMUX` is set.
    pub tmux: bool,
    /// `USER` or `LOGNAME`, for the lock's owner and session names.
    pub user: String,
}

impl Environment {
    /// Reads the process's environment.
    pub fn read() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|v| !v.is_empty());
        let path = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text).unwrap_or_default().to_lowercase();
        Self {
            home: path("BAILIWICK_HOME"),
            passphrase_file: path("BAILIWICK_PASSPHRASE_FILE"),
            credential_file: path("BAILIWICK_CREDENTIAL_FILE"),
            no_color: text("NO_COLOR").is_some(),
            term: text("TERM").unwrap_or_default(),
            utf8: locale.contains("utf-8") || locale.contains("utf8"),
            ssh: text("SSH_TTY").or_else(|| text("SSH_CONNECTION")).is_some(),
            tmux: text("TMUX").is_some(),
            user: text("USER").or_else(|| text("LOGNAME")).unwrap_or_else(|| "unknown".into()),
        }
    }
}
