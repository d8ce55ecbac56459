//! `role …`.

use crate::{
    connect::render::{Format, Template},
    domain::{ClientId, Region, TrustedPrincipal},
};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `role …`.
#[derive(Debug, Subcommand)]
pub enum RoleAction {
    /// Print the roles of a client, filled in, with the steps to install and to remove them.
    ///
    /// The text holds the client's ExternalId, so it is noted in the audit log.
    Render(RoleRenderArgs),
}

/// Which roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TemplateArg {
    /// The role of the management account, or of an account outside any organization.
    Payer,
    /// The role of a member account.
    Member,
    /// Both: a StackSet puts the second into every member account.
    Organization,
}

impl From<TemplateArg> for Template {
    fn from(template: TemplateArg) -> Self {
        match template {
            TemplateArg::Payer => Self::Payer,
            TemplateArg::Member => Self::Member,
            TemplateArg::Organization => Self::Organization,
        }
    }
}

/// As what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// A CloudFormation template that asks for nothing.
    Cloudformation,
    /// A script that reaches all member accounts at once.
    Stackset,
    /// Terraform's HCL.
    Terraform,
    /// A script for the AWS CLI, with the steps for the console.
    Cli,
    /// A page for the client's security team.
    Explain,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Cloudformation => Self::Cloudformation,
            FormatArg::Stackset => Self::Stackset,
            FormatArg::Terraform => Self::Terraform,
            FormatArg::Cli => Self::Cli,
            FormatArg::Explain => Self::Explain,
        }
    }
}

/// `role render`.
#[derive(Debug, Args)]
pub struct RoleRenderArgs {
    /// The client.
    pub client: ClientId,
    /// Which roles; payer unless given, organization for a stackset.
    #[arg(long, value_enum)]
    pub template: Option<TemplateArg>,
    /// As what.
    #[arg(long, value_enum)]
    pub format: FormatArg,
    /// Write it to a new file that only you can read, instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Whom the roles trust: a role (its name may hold *), a user or the root of your own account; by default
    /// trusted_principal of config.toml, or else whoever your AWS credentials belong to.
    #[arg(long, value_name = "ARN")]
    pub principal: Option<TrustedPrincipal>,
    /// The region of the stack; by default the home region of the partition, us-east-1.
    #[arg(long)]
    pub region: Option<Region>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
