//! `--format terraform`: HCL for the hashicorp/aws provider, laid out as `terraform fmt` would.

use super::{
    RoleRequest, Template, cloudformation,
    document::Node,
    model::{self, MEMBER, POLICY_NAME, ROLE_PATH, Role, SESSION_SECONDS, STACK_SET, STACK_SET_PERCENT},
    shell::comment,
};

/// The file.
pub fn text(request: &RoleRequest) -> String {
    let roles: &[Role] = match request.template {
        // The members' come of the StackSet.
        Template::Organization => &[model::PAYER],
        template => template.roles(),
    };
    let place = request.template.place();
    let mut text = comment(&[
        request.title(),
        String::new(),
        format!("For the provider hashicorp/aws, signed in to {place}."),
        "terraform apply makes it, terraform destroy takes it away and ends all access.".into(),
        format!("Then, where bailiwick runs: bailiwick connect {} --role-arn ARN", request.client),
    ]);
    for role in roles {
        text.push_str(&of_role(request, role));
    }
    if request.template == Template::Organization {
        text.push_str(&of_members(request));
    }
    text
}

fn of_role(request: &RoleRequest, role: &Role) -> String {
    let label = role.name.replace('-', "_");
    let trust = expression(&model::trust(&request.external_id, &request.principal), 1);
    let policy = expression(&role.permissions(), 1);
    format!(
        r#"
resource "aws_iam_role" "{label}" {{
  name                 = {name}
  path                 = {path}
  description          = "Read-only access for bailiwick"
  max_session_duration = {SESSION_SECONDS}

  # The account, not the role in it: AWS keeps a role named there by its unique id and would refuse the same role once
  # it was made again. The condition on aws:PrincipalArn narrows it down.
  assume_role_policy = jsonencode({trust})
}}

resource "aws_iam_role_policy" "{label}" {{
  name = {policy_name}
  role = aws_iam_role.{label}.id
  policy = jsonencode({policy})
}}

output "{label}_role_arn" {{
  description = "Give this to bailiwick connect --role-arn"
  value       = aws_iam_role.{label}.arn
}}
"#,
        name = literal(role.name),
        path = literal(ROLE_PATH),
        policy_name = literal(POLICY_NAME),
    )
}

fn of_members(request: &RoleRequest) -> String {
    let label = MEMBER.name.replace('-', "_");
    let parameters = Node::Map(cloudformation::parameters(request).map(|(n, v)| (n, Node::Text(v))).to_vec());
    let mut member = request.clone();
    member.template = Template::Member;
    let template = cloudformation::filled(&member);
    format!(
        r#"
# In every member account, also in those to come. Once per organization StackSets must be allowed to work there:
#   aws cloudformation activate-organizations-access
resource "aws_cloudformation_stack_set" "{label}" {{
  name             = {stack_set}
  description      = "The read-only role of bailiwick in every member account"
  permission_model = "SERVICE_MANAGED"
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  parameters = {parameters}
  template_body = <<-END_OF_TEMPLATE
{template}  END_OF_TEMPLATE

  auto_deployment {{
    enabled                          = true
    retain_stacks_on_account_removal = false
  }}

  operation_preferences {{
    failure_tolerance_percentage = {STACK_SET_PERCENT}
    max_concurrent_percentage    = {STACK_SET_PERCENT}
  }}

  lifecycle {{
    # AWS sets it by itself where the permissions are service-managed.
    ignore_changes = [administration_role_arn]
  }}
}}

data "aws_organizations_organization" "bailiwick" {{}}

# The root stands for all accounts, name units instead to leave some out. IAM is global: the provider's own region will do.
resource "aws_cloudformation_stack_set_instance" "{label}" {{
  stack_set_name = aws_cloudformation_stack_set.{label}.name

  deployment_targets {{
    organizational_unit_ids = [data.aws_organizations_organization.bailiwick.roots[0].id]
  }}
}}
"#,
        stack_set = literal(STACK_SET),
        parameters = expression(&parameters, 1),
        template = heredoc(&template),
    )
}

/// A text as HCL takes it literally: neither `${…}` nor `%{…}` is evaluated.
fn literal(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    inert(&out)
}

/// The lines of a heredoc, four spaces in; in one, `\` is a character like any other.
fn heredoc(text: &str) -> String {
    inert(text).lines().map(|line| if line.is_empty() { "\n".into() } else { format!("    {line}\n") }).collect()
}

fn inert(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// A document as an expression whose lines after the first stand at `depth`.
fn expression(node: &Node, depth: usize) -> String {
    let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match node {
        Node::Text(text) => literal(text),
        Node::List(items) => match items.as_slice() {
            [Node::Text(text)] => format!("[{}]", literal(text)),
            items => {
                let line = |item: &Node| format!("{inner}{},\n", expression(item, depth + 1));
                format!("[\n{}{outer}]", items.iter().map(line).collect::<String>())
            }
        },
        Node::Map(pairs) => {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(name, value)| (key(name), expression(value, depth + 1))).collect();
            let mut lines = String::new();
            // Neighbours of one line each have their signs in one column.
            for run in pairs.chunk_by(|(_, a), (_, b)| !a.contains('\n') && !b.contains('\n')) {
                let width = run.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
                lines.extend(run.iter().map(|(name, value)| format!("{inner}{name:width$} = {value}\n")));
            }
            format!("{{\n{lines}{outer}}}")
        }
    }
}

/// A name: in quotes unless it is a plain word.
fn key(name: &str) -> String {
    if name.bytes().all(|b| b.is_ascii_alphanumeric()) { name.to_owned() } else { literal(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_literal_is_evaluated() {
        assert_eq!(literal("a\"b\\c\n\u{1b}${d}%{e}$${f}"), r#""a\"b\\c\n\u001b$${d}%%{e}$$${f}""#);
        assert_eq!(heredoc("a ${b}\n\n%{c}"), "    a $${b}\n\n    %%{c}\n");
    }

    #[test]
    fn an_expression_is_laid_out_like_terraform_fmt_does() {
        let node = Node::Map(vec![
            ("A", Node::text("1")),
            ("Long", Node::List(vec![Node::text("2")])),
            ("b:C", Node::Map(vec![("D", Node::text("3"))])),
        ]);
        assert_eq!(
            expression(&node, 1),
            "{\n    A    = \"1\"\n    Long = [\"2\"]\n    \"b:C\" = {\n      D = \"3\"\n    }\n  }"
        );
    }
}
