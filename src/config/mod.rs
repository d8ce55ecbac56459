//! Where things lie and how they are set. The only room that reads the environment.
//!
//! `config.toml` holds no client data: everything that names a client is sealed in the vault.

mod document;
mod environment;
mod paths;
mod settings;
mod table;

pub use document::{SettingRow, SettingsView};
pub use environment::Environment;
pub use paths::{Paths, PathsError};
pub use settings::SettingsError;
pub use table::{Limits, SettingInfo, Settings, TABLE};
