//! `config.toml`, checked, with the line that is wrong.

use super::table::{Settings, TABLE};
use std::path::{Path, PathBuf};

/// Why the settings could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file exists and cannot be read.
    #[error("cannot read {path}: {source}; check its owner and permissions", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be; the message of the parser names line and column.
    #[error("{path} is not valid: {reason}; nothing was changed, correct the file and try again", path = path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What and where.
        reason: String,
    },
}

impl Settings {
    /// Where the settings are read from.
    pub fn file(directory: &Path) -> PathBuf {
        directory.join("config.toml")
    }

    /// Reads `config.toml` in `directory`; an absent file gives the defaults.
    pub fn load(directory: &Path) -> Result<Self, SettingsError> {
        let path = Self::file(directory);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(SettingsError::Read { path, source }),
        };
        Self::parse(&text).map_err(|reason| SettingsError::Invalid { path, reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
            format!("line {line}: {}", e.message().replace('\n', ", "))
        })?;
        let values = settings.values()?;
        let wrong = TABLE.iter().find(|info| !values.get(info.name).is_some_and(|value| info.limits.allow(value)));
        match wrong {
            Some(info) => Err(format!("{}{} must be {}", line_of(text, info.name), info.name, info.limits.words())),
            None => Ok(settings),
        }
    }

    /// Every setting by its name, as TOML has it.
    pub(super) fn values(&self) -> Result<toml::Table, String> {
        toml::Table::try_from(self).map_err(|e| e.to_string())
    }
}

/// `line 3: ` if a line sets this key.
fn line_of(text: &str, key: &str) -> String {
    let sets = |line: &str| line.split_once('=').is_some_and(|(name, _)| name.trim().trim_matches(['"', '\'']) == key);
    text.lines().position(sets).map_or_else(String::new, |n| format!("line {}: ", n + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn an_absent_file_is_the_defaults_and_a_given_value_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Settings::load(dir.path()).unwrap(), Settings::default());
        std::fs::write(dir.path().join("config.toml"), "event_days = 30\nalways_regions = [\"eu-south-1\"]\n").unwrap();
        let settings = Settings::load(dir.path()).unwrap();
        assert_eq!((settings.event_days, settings.always_regions.len()), (30, 1));
    }

    #[rstest]
    #[case("concurrency = 4\nevent_days = 91", "line 2: event_days must be from 1 to 90")]
    #[case("lookups_per_second = 3.0", "line 1: lookups_per_second must be above 0")]
    #[case("lookups_per_second = nan", "line 1: lookups_per_second must be above 0")]
    #[case("\n\nevent_dayz = 3", "line 3")]
    #[case("always_regions = [\"moon\"]", "a region looks like eu-west-1")]
    #[case("event_days = ", "line 1")]
    #[case("\nevent_retention_days = 29", "line 2: event_retention_days must be from 30 to 3650")]
    #[case("event_retention_days = 3651", "line 1: event_retention_days must be from 30 to 3650")]
    #[case("idle_lock_minutes = 1441", "line 1: idle_lock_minutes must be from 0 to 1440")]
    #[case("# backup_daily = 3\nbackup_weekly=1\n  \"backup_daily\" = 0", "line 3: backup_daily must be from 1 to 366")]
    #[case("backup_weekly = 367", "line 1: backup_weekly must be from 1 to 366")]
    #[case("backup_monthly = -1", "line 1")]
    #[case("backup_automatic = \"yes\"", "line 1")]
    #[case("backup_directory = \"backups\"", "line 1: backup_directory must be empty, or a path that begins with /")]
    #[case(
        "\ntrusted_principal = \"arn:aws:iam::1:root\"",
        "line 2: trusted_principal must be empty, or an ARN such as"
    )]
    #[case("template_url = \"https://example.com\"", "line 1: template_url must be empty, or an https URL such as")]
    fn a_wrong_line_is_named(#[case] text: &str, #[case] words: &str) {
        let reason = Settings::parse(text).unwrap_err();
        assert!(reason.contains(words), "{reason}");
    }

    #[test]
    fn never_locking_and_a_place_for_backups_are_allowed() {
        let settings = Settings::parse("idle_lock_minutes = 0\nbackup_directory = \"/srv/backups\"").unwrap();
        assert_eq!((settings.idle_lock_minutes, settings.backup_directory), (0, PathBuf::from("/srv/backups")));
    }
}
