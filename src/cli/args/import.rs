//! `client import`.

use crate::connect::import::ImportFormat;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormatArg {
    /// Comma- or semicolon-separated, with a head.
    Csv,
    /// `[[client]]` with `[[client.connection]]`.
    Toml,
}

impl From<ImportFormatArg> for ImportFormat {
    fn from(format: ImportFormatArg) -> Self {
        match format {
            ImportFormatArg::Csv => Self::Csv,
            ImportFormatArg::Toml => Self::Toml,
        }
    }
}

/// `client import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file; .csv or .toml.
    #[arg(required_unless_present = "example")]
    pub file: Option<PathBuf>,
    /// How the file is written, where its name does not tell.
    #[arg(long, value_enum)]
    pub format: Option<ImportFormatArg>,
    /// Only say what would be done with each row; nothing is changed and AWS is not asked.
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking.
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Print a file to begin from, and do nothing else.
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with_all = ["file", "format", "dry_run", "yes", "json"])]
    pub example: Option<ImportFormatArg>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
