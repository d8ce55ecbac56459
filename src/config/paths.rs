//! The four directories: the vault, its backups, the configuration, the logs.

use super::Environment;
use directories::ProjectDirs;
use std::path::PathBuf;

/// Where this user's files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The vault's directory.
    pub vault: PathBuf,
    /// Where backups go unless another place is set.
    pub backups: PathBuf,
    /// `config.toml` and the user's own `checks/`.
    pub config: PathBuf,
    /// Logs.
    pub state: PathBuf,
}

/// No place to put files.
#[derive(Debug, thiserror::Error)]
#[error("no home directory is known for this user: set HOME, or BAILIWICK_HOME to a directory of your choice")]
pub struct PathsError;

impl Paths {
    /// `BAILIWICK_HOME` if set, otherwise the XDG places.
    pub fn locate(environment: &Environment) -> Result<Self, PathsError> {
        if let Some(home) = &environment.home {
            return Ok(Self::under(home.clone()));
        }
        let dirs = ProjectDirs::from("", "", "bailiwick").ok_or(PathsError)?;
        Ok(Self {
            vault: dirs.data_dir().join("vault"),
            backups: dirs.data_dir().join("backups"),
            config: dirs.config_dir().to_path_buf(),
            state: dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_path_buf(),
        })
    }

    /// All four under one directory.
    pub fn under(home: PathBuf) -> Self {
        Self {
            vault: home.join("vault"),
            backups: home.join("backups"),
            config: home.join("config"),
            state: home.join("state"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_moves_everything() {
        let environment = Environment { home: Some("/srv/b".into()), ..Environment::default() };
        let paths = Paths::locate(&environment).unwrap();
        assert_eq!(paths.vault, PathBuf::from("/srv/b/vault"));
        assert_eq!(paths.backups, PathBuf::from("/srv/b/backups"));
        assert_eq!(paths.config, PathBuf::from("/srv/b/config"));
        assert_eq!(paths.state, PathBuf::from("/srv/b/state"));
    }
}
