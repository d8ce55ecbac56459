//! `client …`.

use super::{super::vault::ClientRemoveArgs, ImportArgs};
use crate::domain::{ClientFacts, ClientId, CostBasis, Currency, Label, Note, parse_budget};
use clap::{Args, Subcommand, ValueEnum};
use rust_decimal::Decimal;

/// `client …`.
#[derive(Debug, Subcommand)]
pub enum ClientAction {
    /// Add a client.
    Add {
        /// A short name of your own: lower-case letters, digits, hyphens.
        id: ClientId,
        /// What is known of it.
        #[command(flatten)]
        facts: FactsArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change what is known of a client; what is not given stays.
    Edit {
        /// The client.
        id: ClientId,
        /// What is to be changed.
        #[command(flatten)]
        facts: FactsArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a client.
    Show {
        /// The client.
        id: ClientId,
        /// Show its ExternalId too; that is noted in the audit log.
        #[arg(long)]
        reveal_external_id: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add many clients and connect their accounts, from a CSV or TOML file; run again, it does what is left.
    Import(ImportArgs),
    /// Remove a client: its keys are dropped, here and in the backups, and nothing of it can be read any more.
    Remove(ClientRemoveArgs),
    /// List clients with their connections.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What the numbers in a client's Cost Explorer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BasisArg {
    /// What AWS bills.
    Billable,
    /// A reseller's pro forma numbers.
    ProForma,
    /// Not known.
    Unknown,
}

impl From<BasisArg> for CostBasis {
    fn from(basis: BasisArg) -> Self {
        match basis {
            BasisArg::Billable => Self::Billable,
            BasisArg::ProForma => Self::ProForma,
            BasisArg::Unknown => Self::Unknown,
        }
    }
}

/// What is told of a client.
#[derive(Debug, Clone, Args)]
pub struct FactsArgs {
    /// Its full name.
    #[arg(long)]
    pub name: Option<Label>,
    /// What its costs are.
    #[arg(long, value_enum)]
    pub cost_basis: Option<BasisArg>,
    /// The currency of its costs and its budget, e.g. USD.
    #[arg(long, value_parser = currency)]
    pub currency: Option<Currency>,
    /// What to remember; an empty text removes it.
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<Note>,
    /// What it wants to spend in a month; 0 removes it.
    #[arg(long, value_name = "AMOUNT", value_parser = budget)]
    pub budget: Option<Decimal>,
}

impl From<FactsArgs> for ClientFacts {
    fn from(args: FactsArgs) -> Self {
        Self {
            name: args.name.map(Into::into),
            cost_basis: args.cost_basis.map(Into::into),
            currency: args.currency,
            notes: args.notes.map(Into::into),
            budget: args.budget,
        }
    }
}

/// A currency as it is typed.
pub fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).ok_or_else(|| "a currency is three capital letters, such as USD or EUR".to_owned())
}

/// A monthly budget as it is typed.
pub fn budget(text: &str) -> Result<Decimal, String> {
    parse_budget(text).ok_or_else(|| "a budget is an amount without separators, such as 12000 or 950.50".to_owned())
}
