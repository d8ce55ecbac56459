//! The settings as a `config.toml` that explains itself.

use super::{Settings, table::TABLE};
use serde::Serialize;
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

/// What is set, and where.
#[derive(Debug, Clone, Serialize)]
pub struct SettingsView {
    /// Where `config.toml` is, or would be.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// Every setting.
    pub settings: Vec<SettingRow>,
}

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettingRow {
    /// Its key.
    pub name: &'static str,
    /// Its value.
    pub value: toml::Value,
    /// Its value where nothing is set.
    pub default: toml::Value,
    /// What may be given, in words.
    pub allowed: String,
    /// What it does, in plain words.
    pub meaning: &'static str,
}

impl SettingsView {
    /// The settings that are read from `directory`.
    ///
    /// # Errors
    /// In words, if a path among them is no text.
    pub fn new(directory: &Path, settings: &Settings) -> Result<Self, String> {
        let (values, defaults) = (settings.values()?, Settings::default().values()?);
        let row = |info: &super::table::SettingInfo| {
            Some(SettingRow {
                name: info.name,
                value: values.get(info.name)?.clone(),
                default: defaults.get(info.name)?.clone(),
                allowed: info.limits.words(),
                meaning: info.meaning,
            })
        };
        let path = Settings::file(directory);
        Ok(Self { exists: path.exists(), path, settings: TABLE.iter().filter_map(row).collect() })
    }

    /// As a `config.toml` with what each setting means above it.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for row in &self.settings {
            let SettingRow { name, value, default, allowed, meaning } = row;
            let _ = write!(text, "\n# {meaning}\n# {allowed}; {default} unless set.\n{name} = {value}\n");
        }
        text.trim_start().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Region;

    /// Nothing at its default, and text that needs quoting.
    fn changed() -> Settings {
        Settings {
            ce_requests_per_day: 61,
            ce_requests_per_month: 301,
            event_days: 90,
            lookups_per_second: 2.0,
            concurrency: 1,
            cost_hours: 24,
            sync_events_minutes: 0,
            sync_costs_hours: 8,
            sync_accounts_hours: 1,
            event_minutes: 15,
            always_regions: vec![Region::known("eu-south-1"), Region::known("me-south-1")],
            event_retention_days: 30,
            idle_lock_minutes: 0,
            backup_directory: "/srv/\"a\" # b\\c".into(),
            backup_daily: 1,
            backup_weekly: 2,
            backup_monthly: 3,
            backup_automatic: false,
            trusted_principal: "arn:aws:iam::111122223333:role/ops/*Ops_*".into(),
            template_url: "https://agency.s3.eu-west-1.amazonaws.com/bailiwick".into(),
        }
    }

    #[test]
    fn what_is_printed_is_a_config_toml_with_the_same_settings() {
        for settings in [Settings::default(), changed()] {
            let dir = tempfile::tempdir().unwrap();
            let view = SettingsView::new(dir.path(), &settings).unwrap();
            assert!(!view.exists);
            assert_eq!(view.settings.len(), TABLE.len());
            std::fs::write(&view.path, view.to_toml()).unwrap();
            assert_eq!(Settings::load(dir.path()).unwrap(), settings, "{}", view.to_toml());
            assert!(SettingsView::new(dir.path(), &settings).unwrap().exists);
        }
        let (before, after) = (Settings::default().values().unwrap(), changed().values().unwrap());
        assert!(TABLE.iter().all(|info| before[info.name] != after[info.name]), "every setting was tried");
    }

    #[test]
    fn each_setting_is_explained_above_its_line() {
        let view = SettingsView::new(Path::new("/nowhere"), &changed()).unwrap();
        let text = view.to_toml();
        let words = "# from 30 to 3650; 400 unless set.\nevent_retention_days = 30\n";
        assert!(text.contains(words), "{text}");
        for info in TABLE {
            assert!(text.contains(&format!("# {}\n", info.meaning)), "{}", info.name);
        }
    }
}
