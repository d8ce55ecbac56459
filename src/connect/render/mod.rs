//! The roles of a client as something that can be installed, and a page that says what they can do. Pure functions from
//! a [`RoleRequest`] to text: nothing is asked of AWS and nothing is written.

mod cli;
mod cloudformation;
mod document;
mod explain;
mod model;
mod quick_create;
mod shell;
mod stackset;
mod steps;
mod terraform;
#[cfg(test)]
mod tests;

pub use model::{MEMBER, PAYER, ROLE_PATH, Role, Template, trust};

use crate::domain::{ClientId, ExternalId, Region, TemplateUrl, TrustedPrincipal, Untrusted};
use serde::Serialize;

/// As what the roles are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A CloudFormation template that asks for nothing.
    Cloudformation,
    /// Commands for all member accounts at once.
    Stackset,
    /// Terraform's HCL.
    Terraform,
    /// Commands of the AWS CLI, and the same in the console.
    Cli,
    /// A page for people who must agree to it.
    Explain,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Cloudformation, Self::Stackset, Self::Terraform, Self::Cli, Self::Explain];

    /// In one word, as it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cloudformation => "cloudformation",
            Self::Stackset => "stackset",
            Self::Terraform => "terraform",
            Self::Cli => "cli",
            Self::Explain => "explain",
        }
    }

    /// The template that is meant where none is named.
    pub fn usual_template(self) -> Template {
        match self {
            Self::Stackset => Template::Organization,
            _ => Template::Payer,
        }
    }

    /// Whether it can render a template.
    ///
    /// # Errors
    /// A StackSet never reaches the management account, so there is none of the payer's role.
    pub fn takes(self, template: Template) -> Result<(), RenderError> {
        match (self, template) {
            (Self::Stackset, Template::Payer) => Err(RenderError::StackSetOfPayer),
            _ => Ok(()),
        }
    }
}

/// Why something could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A StackSet of the payer's role.
    #[error(
        "a StackSet never reaches the management account, so it cannot hold the payer's role: use --template organization \
         for both roles, --template member for the members alone, or --format cli for the payer alone"
    )]
    StackSetOfPayer,
}

/// What to render.
#[derive(Debug, Clone)]
pub struct RoleRequest {
    /// Whose roles.
    pub client: ClientId,
    /// Their full name.
    pub name: Untrusted,
    /// Their ExternalId.
    pub external_id: ExternalId,
    /// Whom the roles trust.
    pub principal: TrustedPrincipal,
    /// Which roles.
    pub template: Template,
    /// Where the stack is made. IAM itself is global.
    pub region: Region,
    /// Where the templates of `cloudformation/` were put for links that open the console with one.
    pub template_url: Option<TemplateUrl>,
}

impl RoleRequest {
    /// The file name that the steps use for the rendered template.
    fn file(&self) -> String {
        format!("{}-{}.yaml", self.template.stack(), self.client)
    }

    /// The first line of every file that is made.
    fn title(&self) -> String {
        let what = match self.template {
            Template::Payer => "the payer role",
            Template::Member => "the member role",
            Template::Organization => "the roles of the whole organization",
        };
        let name = shell::harmless(self.name.raw_for_matching());
        match self.name == self.client.as_str() {
            true => format!("bailiwick: {what} for {}", self.client),
            false => format!("bailiwick: {what} for {name}, client {}", self.client),
        }
    }
}

/// What was rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rendered {
    /// Whose roles.
    pub client: ClientId,
    /// Which.
    pub template: &'static str,
    /// As what.
    pub format: &'static str,
    /// Whom they trust.
    pub principal: TrustedPrincipal,
    /// The text; it holds the ExternalId.
    pub text: String,
    /// A link that opens the console with the template and its parameters, if there is a place for templates and it is
    /// not too long.
    pub quick_create_url: Option<String>,
    /// What is to be known about it, in sentences.
    pub notes: Vec<String>,
}

/// Renders the roles.
///
/// # Errors
/// When the format does not know the template.
pub fn render(request: &RoleRequest, format: Format) -> Result<Rendered, RenderError> {
    format.takes(request.template)?;
    let text = match format {
        Format::Cloudformation => cloudformation::text(request),
        Format::Stackset => stackset::text(request),
        Format::Terraform => terraform::text(request),
        Format::Cli => cli::text(request),
        Format::Explain => explain::text(request),
    };
    let mut notes = Vec::new();
    let length = request.external_id.reveal().len();
    if length < model::SHORTEST_EXTERNAL_ID {
        notes.push(format!(
            "the ExternalId of {} was taken over from an existing role and has only {length} characters; those that \
             bailiwick makes have 35",
            request.client
        ));
    }
    let quick_create_url = quick_create::url(request);
    if quick_create_url.is_none() && request.template_url.is_some() {
        notes.push("there is no quick-create link: it would be longer than 1,024 characters".into());
    }
    Ok(Rendered {
        client: request.client.clone(),
        template: request.template.word(),
        format: format.word(),
        principal: request.principal.clone(),
        text,
        quick_create_url,
        notes,
    })
}
