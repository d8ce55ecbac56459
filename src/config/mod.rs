//! Where things lie and how they are set. The only room that reads the environment.
//!
//! `config.toml` holds no client data: everything that names a client is sealed in the vault.

mod environment;
mod paths;
mod settings;

pub use environment::Environment;
pub use paths::{Paths, PathsError};
pub use settings::{Settings, SettingsError};
