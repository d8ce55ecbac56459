//! `config.toml`, checked, with the line that is wrong.

use crate::domain::Region;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What can be set. Every field has a default, so an absent file is a valid one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Days of events that a first sync reads, 1–90.
    pub event_days: u32,
    /// `LookupEvents` a second for one account and region, more than 0 and at most 2 (AWS's own limit).
    pub lookups_per_second: f64,
    /// Requests under way at once over all accounts, 1–256.
    pub concurrency: usize,
    /// Hours for which costs that were read are not asked again; Cost Explorer itself refreshes about three times a day.
    pub cost_hours: u32,
    /// Minutes for which events that were read are not asked again.
    pub event_minutes: u32,
    /// Regions that are always read, besides those in which something happens.
    pub always_regions: Vec<Region>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            event_days: 14,
            lookups_per_second: 1.0,
            concurrency: 32,
            cost_hours: 8,
            event_minutes: 5,
            always_regions: Vec::new(),
        }
    }
}

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
    /// Reads `config.toml` in `directory`; an absent file gives the defaults.
    pub fn load(directory: &Path) -> Result<Self, SettingsError> {
        let path = directory.join("config.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(SettingsError::Read { path, source }),
        };
        Self::parse(&text).map_err(|reason| SettingsError::Invalid { path, reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_owned())?;
        let line = |key: &str| {
            let found = text.lines().position(|l| l.trim_start().starts_with(key));
            found.map_or_else(String::new, |n| format!("line {}: ", n + 1))
        };
        let bounds = [
            ("event_days", (1..=90).contains(&settings.event_days), "from 1 to 90"),
            (
                "lookups_per_second",
                settings.lookups_per_second > 0.0 && settings.lookups_per_second <= 2.0,
                "above 0 and at most 2, which is AWS's own limit",
            ),
            ("concurrency", (1..=256).contains(&settings.concurrency), "from 1 to 256"),
            ("cost_hours", (1..=168).contains(&settings.cost_hours), "from 1 to 168"),
            ("event_minutes", (1..=1440).contains(&settings.event_minutes), "from 1 to 1440"),
        ];
        match bounds.into_iter().find(|(_, ok, _)| !ok) {
            Some((key, _, expected)) => Err(format!("{}{key} must be {expected}", line(key))),
            None => Ok(settings),
        }
    }
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
    #[case("\n\nevent_dayz = 3", "line 3")]
    #[case("always_regions = [\"moon\"]", "a region looks like eu-west-1")]
    #[case("event_days = ", "line 1")]
    fn a_wrong_line_is_named(#[case] text: &str, #[case] words: &str) {
        let reason = Settings::parse(text).unwrap_err();
        assert!(reason.contains(words), "{reason}");
    }
}
