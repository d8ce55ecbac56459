//! What to do with a template, in lines that can stand in a comment of a shell or of YAML.

use super::{RoleRequest, Template, cloudformation, model::STACK_SET, quick_create, shell::word};

/// In the console, without a command line.
pub fn console(request: &RoleRequest) -> Vec<String> {
    let template = request.template;
    let mut lines = Vec::new();
    if let Some(url) = quick_create::url(request) {
        lines.push("The short way: this link opens the console with everything filled in.".into());
        lines.push(format!("  {}", word(&url)));
        lines.push(format!(
            "It works once {} was uploaded to {} in region {}, where who opens the link can read it.",
            cloudformation::file(template).0,
            request.template_url.as_ref().map_or_else(String::new, ToString::to_string),
            request.region,
        ));
        lines.push(String::new());
    }
    lines.extend([
        "In the AWS console:".to_owned(),
        format!("  1. Sign in to {}.", template.place()),
        format!("  2. Open CloudFormation in region {}. IAM is global, one region is enough.", request.region),
        format!("  3. Create stack, With new resources, Upload a template file: {}", request.file()),
        format!("  4. Stack name: {}", template.stack()),
        match template {
            Template::Organization => {
                "     OrganizationalUnitIds: the id of the root, r-..., as AWS Organizations shows it. Leave the others."
                    .into()
            }
            _ => "     Leave the parameters as they are.".into(),
        },
        "  5. Tick that IAM resources with custom names may be created. Submit.".into(),
        "  6. When the status is CREATE_COMPLETE: the tab Outputs shows RoleArn.".into(),
    ]);
    if template == Template::Organization {
        lines.push(String::new());
        lines.extend(trusted_access());
    }
    lines
}

/// What an organization needs before the first StackSet.
pub fn trusted_access() -> Vec<String> {
    vec![
        "Once per organization, before all this: StackSets must be allowed to work in the member accounts.".into(),
        "In the console: CloudFormation, StackSets, Activate trusted access. By the AWS CLI:".into(),
        "  aws cloudformation activate-organizations-access".into(),
    ]
}

/// With a saved template and the AWS CLI.
pub fn by_cli(request: &RoleRequest) -> Vec<String> {
    let organization = request.template == Template::Organization;
    let mut lines = vec![format!("By the AWS CLI, with this template saved as {}:", request.file())];
    if organization {
        lines.push("  aws organizations list-roots --query Roots[0].Id --output text".into());
    }
    lines.extend([
        format!("  aws cloudformation deploy --region {} --stack-name {} \\", request.region, request.template.stack()),
        format!("    --template-file {} --capabilities CAPABILITY_NAMED_IAM --parameter-overrides \\", request.file()),
    ]);
    let root = organization.then(|| "OrganizationalUnitIds=r-...".to_owned());
    let values: Vec<String> = root.into_iter().chain(cloudformation::overrides(request)).collect();
    lines.extend(values.join(" \\\n").lines().map(|value| format!("    {value}")));
    lines
}

/// What the operator does when the role is there.
pub fn next(request: &RoleRequest) -> Vec<String> {
    let client = &request.client;
    match request.template {
        Template::Payer => {
            vec!["Then, where bailiwick runs:".into(), format!("  bailiwick connect {client} --role-arn RoleArn")]
        }
        Template::Member => {
            vec!["Then, where bailiwick runs:".into(), format!("  bailiwick connect {client} --role-arn RoleArn")]
        }
        Template::Organization => vec![
            "Then, where bailiwick runs:".into(),
            format!("  bailiwick connect {client} --role-arn RoleArn"),
            format!("  bailiwick connect {client} --members"),
        ],
    }
}

/// How to take everything away again.
pub fn removal(request: &RoleRequest) -> Vec<String> {
    let mut lines = vec![
        "To remove it again, which ends all access:".to_owned(),
        format!(
            "  aws cloudformation delete-stack --region {} --stack-name {}",
            request.region,
            request.template.stack()
        ),
    ];
    if request.template == Template::Organization {
        lines.push(format!("The StackSet {STACK_SET} goes with it, and with the StackSet the role of every member."));
    }
    lines
}
