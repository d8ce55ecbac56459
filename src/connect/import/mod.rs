//! Many clients from a file: its rows, each checked by itself, and what is to be done with them. Nothing here asks AWS or
//! changes anything.

mod csv;
mod example;
mod plan;
mod row;
mod toml;
#[cfg(test)]
mod tests;

pub use example::example;
pub use plan::{
    ClientStep, DamagedClient, ImportPlan, KnownClient, PlannedClient, PlannedRow, RowStep, cannot_be_told, plan,
};

use crate::domain::{
    AccountId, ClientFacts, ClientId, ConnectionKind, Depth, ExternalId, ProfileName, RoleArn, Untrusted,
};
use std::{collections::BTreeMap, fmt, path::Path};

/// Bytes of a file at most.
const FILE_LIMIT: usize = 8 << 20;
/// Rows of a file at most.
const ROW_LIMIT: usize = 20_000;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFormat {
    /// Comma- or semicolon-separated, with a head.
    Csv,
    /// `[[client]]` with `[[client.connection]]`.
    Toml,
}

impl ImportFormat {
    /// By the end of a file's name.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// Why a file is of no use as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Too many bytes or rows.
    #[error("it is too large: at most 8 MiB and 20,000 rows; split it")]
    TooLarge,
    /// Bytes that are no UTF-8.
    #[error("line {line}: it is not UTF-8 text; save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")")]
    NotText {
        /// Where.
        line: usize,
    },
    /// No rows.
    #[error("it names no client: `bailiwick client import --example csv` (or toml) prints one that does")]
    Empty,
    /// It cannot be read at all.
    #[error("line {line}: {why}")]
    Syntax {
        /// Where.
        line: usize,
        /// What is wrong, in words that are safe to print.
        why: String,
    },
    /// A column that there is not.
    #[error("line {line}: there is no column \"{name}\": the columns are {columns}", columns = Column::names())]
    UnknownColumn {
        /// Where.
        line: usize,
        /// Its name, safe to print.
        name: String,
    },
    /// A secret, which does not belong in such a file.
    #[error(
        "line {line}: \"{name}\" is a secret, and secrets do not belong in such a file: delete it there (and the key, if \
         others could read the file), and use `bailiwick connect CLIENT --access-key` for the account"
    )]
    Secret {
        /// Where.
        line: usize,
        /// The column's name, safe to print.
        name: String,
    },
}

macro_rules! columns {
    ($($variant:ident $name:literal,)+) => {
        /// What a row may tell.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum Column { $($variant,)+ }

        impl Column {
            const ALL: &[Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

columns! {
    Client "client",
    Name "name",
    CostBasis "cost_basis",
    Currency "currency",
    Notes "notes",
    Budget "budget",
    RoleArn "role_arn",
    Profile "profile",
    ExternalId "external_id",
    Alias "alias",
    Kind "kind",
    Depth "depth",
}

impl Column {
    fn names() -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|column| column.name()).collect();
        names.join(", ")
    }

    /// The column of a head or a key.
    fn find(line: usize, given: &str) -> Result<Self, ImportError> {
        let name = given.trim().to_lowercase().replace([' ', '-'], "_");
        if let Some(column) = Self::ALL.iter().find(|column| column.name() == name) {
            return Ok(*column);
        }
        let shown = Untrusted::new(given).for_tui(40);
        let secret = ["secret", "access_key", "password", "session_token"].iter().any(|word| name.contains(word));
        Err(if secret {
            ImportError::Secret { line, name: shown }
        } else {
            ImportError::UnknownColumn { line, name: shown }
        })
    }
}

/// A row as it was read.
struct Raw {
    line: usize,
    cells: BTreeMap<Column, String>,
    /// What is wrong with its form.
    problem: Option<String>,
}

/// One row, checked by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// The line it begins on, from 1.
    pub line: usize,
    /// The client, where it can be read.
    pub client: Option<ClientId>,
    /// What it tells; or what is wrong with it, in words that are safe to print.
    pub entry: Result<Entry, String>,
}

/// What a row tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub client: ClientId,
    /// Of the client.
    pub facts: ClientFacts,
    /// How an account of it is reached, if the row tells of one.
    pub way: Option<ImportWay>,
    /// The ExternalId that existing roles of the client ask for.
    pub external_id: Option<ExternalId>,
    /// The operator's name for the account.
    pub alias: Option<Untrusted>,
    /// The account's kind; `None` to find out.
    pub kind: Option<ConnectionKind>,
    /// Which of its events are read.
    pub depth: Option<Depth>,
}

/// How an account is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportWay {
    /// By a role.
    Role(RoleArn),
    /// By a profile of this machine's AWS configuration.
    Profile(ProfileName),
}

impl ImportWay {
    /// The account, where the way itself tells.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Role(role) => Some(role.account()),
            Self::Profile(_) => None,
        }
    }
}

impl fmt::Display for ImportWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "{role}"),
            Self::Profile(name) => write!(f, "profile {name}"),
        }
    }
}

/// The rows of a file.
///
/// # Errors
/// When the file as a whole is of no use. What is wrong with one row is in the row.
pub fn read(bytes: &[u8], format: ImportFormat) -> Result<Vec<ImportRow>, ImportError> {
    if bytes.len() > FILE_LIMIT {
        return Err(ImportError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        ImportError::NotText { line: lines_before(&String::from_utf8_lossy(before)) + 1 }
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let rows = match format {
        ImportFormat::Csv => csv::read(text)?,
        ImportFormat::Toml => toml::read(text)?,
    };
    match rows.len() {
        0 => Err(ImportError::Empty),
        1..=ROW_LIMIT => Ok(rows.into_iter().map(row::check).collect()),
        _ => Err(ImportError::TooLarge),
    }
}

/// Line breaks in a text, of every system's kind.
fn lines_before(text: &str) -> usize {
    let bytes = text.as_bytes();
    let lone = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    let returns = bytes.iter().enumerate().filter(|(at, byte)| **byte == b'\r' && lone(at)).count();
    returns + bytes.iter().filter(|byte| **byte == b'\n').count()
}
