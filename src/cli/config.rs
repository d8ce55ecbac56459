//! `config`: where the settings are, what they are, and what they mean.

use super::print::Output;
use crate::{config::SettingsView, domain::Untrusted};

/// Prints the settings as a `config.toml` that explains itself.
pub fn config(out: &mut Output, view: &SettingsView) {
    let path = Untrusted::from(view.path.display().to_string()).for_log();
    out.line(&match view.exists {
        true => format!("# {path}"),
        false => format!("# {path} does not exist: these are the defaults."),
    });
    out.line("# What follows is valid in it as it stands.");
    out.line("");
    out.line(view.to_toml().trim_end());
}
