//! The one report of what went wrong: a sentence, the next step, an exit code.

use crate::{
    aws::AwsError,
    checks::CheckError,
    config::{PathsError, SettingsError},
    desk::DeskError,
    domain::Failure,
    sim::server::SimError,
    vault::VaultError,
};
use std::{fmt, process::ExitCode};

/// Exit code for a vault that cannot be opened at the moment: another process holds it, or too many wrong passphrases
/// (`EX_TEMPFAIL` of sysexits.h: try again later).
const IN_USE: u8 = 75;

/// What a failed command tells.
#[derive(Debug)]
pub struct Report {
    text: String,
    code: u8,
}

impl Report {
    /// A failure with exit code 1.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    /// Bad input: exit code 2.
    pub fn input(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 2 }
    }

    /// The same for a `sync` that could not begin: exit code 2, nothing was read; a vault in use stays 75.
    pub fn nothing_read(self) -> Self {
        let code = if self.code == IN_USE { IN_USE } else { 2 };
        Self { code, ..self }
    }

    /// Its exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<VaultError> for Report {
    fn from(error: VaultError) -> Self {
        let later = matches!(error, VaultError::InUse { .. } | VaultError::TooManyAttempts { .. });
        let code = if later { IN_USE } else { 1 };
        Self { text: error.to_string(), code }
    }
}

impl From<&Failure> for Report {
    fn from(failure: &Failure) -> Self {
        Self::failed(format!("{}; {}", failure.what, failure.next_step))
    }
}

macro_rules! report_from {
    ($($error:ty),+) => {
        $(impl From<$error> for Report {
            fn from(error: $error) -> Self {
                Self::failed(error.to_string())
            }
        })+
    };
}

report_from!(AwsError, DeskError, PathsError, SettingsError, SimError, CheckError);
