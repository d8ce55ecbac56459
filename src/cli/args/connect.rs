//! `connect` and `connection …`.

use crate::domain::{
    ClientId, ConnectionId, ConnectionKind, Depth, ExternalId, Label, Note, ProfileName, RoleArn, RolePattern,
};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What kind of account a connection leads into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// The management (payer) account of an organization.
    Payer,
    /// A member account: events only.
    Member,
    /// An account outside any organization.
    Standalone,
    /// Your own account.
    Own,
}

impl From<KindArg> for ConnectionKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Payer => Self::Payer,
            KindArg::Member => Self::Member,
            KindArg::Standalone => Self::Standalone,
            KindArg::Own => Self::Own,
        }
    }
}

/// `connect`.
#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// The client.
    pub client: ClientId,
    /// How the account is reached.
    #[command(flatten)]
    pub way: WayArgs,
    /// The ExternalId of an existing role; by default the client's own, which bailiwick made.
    #[arg(long, value_name = "ID", requires = "role_arn")]
    pub external_id: Option<ExternalId>,
    /// Your own name for the account.
    #[arg(long, value_name = "NAME", conflicts_with = "members")]
    pub alias: Option<Label>,
    /// What kind of account it is; found out by asking AWS unless given.
    #[arg(long, value_enum, conflicts_with = "members")]
    pub kind: Option<KindArg>,
    /// Which of its events are read; essential unless it was connected otherwise before.
    #[arg(long, value_enum)]
    pub depth: Option<DepthArg>,
    /// How members are connected.
    #[command(flatten)]
    pub members: MembersArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which events are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DepthArg {
    /// All changes, and the calls that open sessions.
    Essential,
    /// All management events, reads too: many more requests.
    Full,
}

impl From<DepthArg> for Depth {
    fn from(depth: DepthArg) -> Self {
        match depth {
            DepthArg::Essential => Self::Essential,
            DepthArg::Full => Self::Full,
        }
    }
}

/// How an account is reached: exactly one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WayArgs {
    /// The role to assume, e.g. arn:aws:iam::123456789012:role/bailiwick/bailiwick-payer. Recommended.
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<RoleArn>,
    /// A profile of your own AWS configuration, IAM Identity Center (SSO) included.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<ProfileName>,
    /// A long-lived access key, asked for on the terminal and sealed in the vault. The last resort.
    #[arg(long)]
    pub access_key: bool,
    /// The same, from a file: the key's id and its secret, each on a line, or the .csv that the AWS console gives.
    #[arg(long, value_name = "FILE")]
    pub access_key_file: Option<PathBuf>,
    /// Every member account of the client's organization, listed through its payer, by one role name.
    #[arg(long)]
    pub members: bool,
}

/// How the members of an organization are connected.
#[derive(Debug, Args)]
pub struct MembersArgs {
    /// The name of the role in each account, with its path; {account} stands for the account's id.
    #[arg(long, value_name = "NAME", requires = "members", default_value_t)]
    pub role_name: RolePattern,
    /// Do it without asking.
    #[arg(long, requires = "members", conflicts_with = "dry_run")]
    pub yes: bool,
    /// Only list the accounts and say what would be done; nothing is kept.
    #[arg(long, requires = "members")]
    pub dry_run: bool,
}

/// `connection …`.
#[derive(Debug, Subcommand)]
pub enum ConnectionAction {
    /// List connections.
    List {
        /// One client's.
        client: Option<ClientId>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one connection: what the gate found, and when.
    Show {
        /// The client.
        client: ClientId,
        /// The connection: its account id.
        connection: ConnectionId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Test connections now, as a sync does by itself once a month.
    Test {
        /// One client's; all without it.
        client: Option<ClientId>,
        /// One connection: its account id.
        #[arg(requires = "client")]
        connection: Option<ConnectionId>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change your own name for an account, or which of its events are read.
    #[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
    Edit {
        /// The client.
        client: ClientId,
        /// The connection: its account id.
        connection: ConnectionId,
        /// Your own name for the account.
        #[arg(long, value_name = "NAME", group = "change")]
        alias: Option<Label>,
        /// Which of its events are read.
        #[arg(long, value_enum, group = "change")]
        depth: Option<DepthArg>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell why a role does not open, from what its owner sees of it: nothing is sent to the client's account.
    Diagnose {
        /// The client.
        client: ClientId,
        /// The role that does not open.
        #[arg(long, value_name = "ARN")]
        role_arn: RoleArn,
        /// What `aws iam get-role --role-name NAME` printed in the client's account, its error included; - is standard input.
        #[arg(long, value_name = "FILE")]
        document: PathBuf,
        /// Who we are, as `aws sts get-caller-identity` says; asked of AWS without it.
        #[arg(long, value_name = "ARN")]
        principal: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Use a role that is in quarantine all the same; noted in the audit log.
    Override {
        /// The client.
        client: ClientId,
        /// The connection: its account id.
        connection: ConnectionId,
        /// Why; noted with it.
        #[arg(long, value_name = "TEXT")]
        reason: Note,
        /// Confirm without a terminal, by naming it again as CLIENT/CONNECTION.
        #[arg(long, value_name = "CLIENT/CONNECTION")]
        yes: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove one connection and shred what was read through it.
    Remove {
        /// The client.
        client: ClientId,
        /// The connection: its account id.
        connection: ConnectionId,
        /// Confirm without a terminal, by naming it again as CLIENT/CONNECTION.
        #[arg(long, value_name = "CLIENT/CONNECTION")]
        yes: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}
