//! The roles of a client as text that can be installed. The text holds the ExternalId, so it is a reveal.

use super::{Action, DeskError, data::Desk};
use crate::{
    aws::home_region,
    connect::render::{Format, Rendered, RoleRequest, Template, render},
    domain::{ClientId, Region, TemplateUrl, TrustedPrincipal},
};

/// Which roles to render, and as what.
#[derive(Debug, Clone)]
pub struct RenderRequest {
    /// Whose.
    pub client: ClientId,
    /// Which; `None` for the usual one of the format.
    pub template: Option<Template>,
    /// As what.
    pub format: Format,
    /// Whom they trust.
    pub principal: TrustedPrincipal,
    /// Where the stack is made; `None` for the home region of the principal's partition.
    pub region: Option<Region>,
    /// Where the templates were put, for a quick-create link.
    pub template_url: Option<TemplateUrl>,
}

impl Desk {
    /// Renders the roles of a client.
    pub fn render_role(&self, request: RenderRequest) -> Result<Rendered, DeskError> {
        let RenderRequest { client, template, format, principal, region, template_url } = request;
        let template = template.unwrap_or_else(|| format.usual_template());
        let refused = |error: &dyn std::fmt::Display| DeskError::Refused(error.to_string());
        format.takes(template).map_err(|e| refused(&e))?;
        let data = self.client_data(&client)?;
        let detail =
            format!("as part of the template {}, format {}, which trusts {principal}", template.word(), format.word());
        self.permit(Action::ExternalIdReveal, Some(&client), &detail)?;
        let request = RoleRequest {
            name: data.profile.name.clone(),
            external_id: data.profile.external_id.clone(),
            region: region.unwrap_or_else(|| home_region(principal.partition())),
            client,
            principal,
            template,
            template_url,
        };
        render(&request, format).map_err(|e| refused(&e))
    }
}
