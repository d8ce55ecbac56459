//! `--format stackset`: scripts that reach all member accounts at once, also those to come.

use super::{
    RoleRequest, Template, cli,
    cloudformation::filled,
    model::{STACK_SET, STACK_SET_PERCENT},
    shell::{command, comment, file},
};

/// Finds the organization's root, which stands for all its accounts.
const ROOT: &str = "root=$(aws organizations list-roots --query 'Roots[0].Id' --output text)\n";

/// A command that ends with the root that was found, after what goes before it.
fn with_root(command: &str, before: &str) -> String {
    format!("{ROOT}{} \\\n  {before} \"OrganizationalUnitIds=$root\"\n", command.trim_end())
}

/// The script: both roles by one stack, or a StackSet of the member role alone.
pub fn text(request: &RoleRequest) -> String {
    match request.template {
        Template::Organization => organization(request),
        Template::Payer | Template::Member => members(request),
    }
}

/// The stack of the organization: the payer's role, and the StackSet of the members'.
pub fn organization(request: &RoleRequest) -> String {
    let mut text = opening(request);
    text.push_str(&file(&request.file(), &filled(request)));
    text.push_str(
        "\n# 3. Both roles. The root stands for all accounts, name units instead to leave some out.\n\
         # The role of a new account comes by itself, that of an account that leaves goes with it.\n",
    );
    text.push_str(&with_root(&cli::deploy(request), " "));
    text.push_str("\n# 4. The ARN of the role in this account.\n");
    text.push_str(&cli::role_arn(request));
    text + &cli::afterwards(request)
}

/// A StackSet of the member role alone, beside a payer's role that is there already.
fn members(request: &RoleRequest) -> String {
    let region = request.region.as_str();
    let template = request.file();
    let percent = STACK_SET_PERCENT;
    let preferences = format!("FailureTolerancePercentage={percent},MaxConcurrentPercentage={percent}");
    let mut text = opening(request);
    text.push_str(&file(&template, &filled(request)));
    text.push_str("\n# 3. The StackSet, which also reaches accounts to come.\n");
    text.push_str(&command(
        "aws cloudformation create-stack-set",
        &[
            ("--region", region),
            ("--stack-set-name", STACK_SET),
            ("--permission-model", "SERVICE_MANAGED"),
            ("--auto-deployment", "Enabled=true,RetainStacksOnAccountRemoval=false"),
            ("--capabilities", "CAPABILITY_NAMED_IAM"),
            ("--template-body", &format!("file://{template}")),
        ],
    ));
    text.push_str(
        "\n# 4. The role in every member account. One region, for IAM is global. The management account\n\
         # is never reached by a StackSet: its role is the template payer.\n",
    );
    let create = command(
        "aws cloudformation create-stack-instances",
        &[
            ("--region", region),
            ("--stack-set-name", STACK_SET),
            ("--regions", region),
            ("--operation-preferences", &preferences),
        ],
    );
    text.push_str(&with_root(&create, "--deployment-targets"));
    text.push('\n');
    text + &comment(&[
        "Then, where bailiwick runs:",
        &format!("  bailiwick connect {} --members", request.client),
        "",
        "To remove it again, which ends all access. The second command when the first is done:",
        &format!("  aws cloudformation delete-stack-instances --region {region} --stack-set-name {STACK_SET} \\"),
        &format!("    --deployment-targets OrganizationalUnitIds=r-... --regions {region} --no-retain-stacks"),
        &format!("  aws cloudformation delete-stack-set --region {region} --stack-set-name {STACK_SET}"),
    ])
}

/// Where to run it, and what an organization needs once.
fn opening(request: &RoleRequest) -> String {
    let mut text = comment(&[
        request.title(),
        String::new(),
        "Paste this into a shell, AWS CloudShell for one, that is signed in to".into(),
        format!("{}.", Template::Organization.place()),
    ]);
    text.push_str(
        "\n# 1. StackSets may work in the member accounts. Once per organization, repeating it does no harm.\n",
    );
    text.push_str(&command(
        "aws cloudformation activate-organizations-access",
        &[("--region", request.region.as_str())],
    ));
    text.push_str("\n# 2. The template.\n");
    text
}
