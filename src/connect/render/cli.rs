//! `--format cli`: a script for a shell that is signed in to the account. It brings its template along, so that whoever
//! installs the role needs nothing but this text and the AWS CLI; AWS CloudShell has it.

use super::{
    RoleRequest, Template,
    cloudformation::{filled, overrides},
    shell::{command, comment, file},
    stackset, steps,
};

/// The script.
pub fn text(request: &RoleRequest) -> String {
    match request.template {
        Template::Organization => stackset::organization(request),
        Template::Payer | Template::Member => one_role(request),
    }
}

fn one_role(request: &RoleRequest) -> String {
    let template = request.file();
    let mut text = comment(&[
        request.title(),
        String::new(),
        "Paste this into a shell, AWS CloudShell for one, that is signed in to".into(),
        format!("{}.", request.template.place()),
    ]);
    text.push_str("\n# 1. The template. It is complete, nothing is asked.\n");
    text.push_str(&file(&template, &filled(request)));
    text.push_str("\n# 2. The role. The same command changes a role that is there already.\n");
    text.push_str(&deploy(request));
    text.push_str("\n# 3. Its ARN.\n");
    text + &role_arn(request) + &afterwards(request)
}

/// Makes the stack, or changes it; its parameters end the command.
pub fn deploy(request: &RoleRequest) -> String {
    let command = command(
        "aws cloudformation deploy",
        &[
            ("--region", request.region.as_str()),
            ("--stack-name", request.template.stack()),
            ("--template-file", &request.file()),
            ("--capabilities", "CAPABILITY_NAMED_IAM"),
        ],
    );
    format!("{} \\\n  --parameter-overrides \\\n    {}\n", command.trim_end(), overrides(request).join(" \\\n    "))
}

/// What comes after the commands: connecting, the same in the console, and how to end it.
pub fn afterwards(request: &RoleRequest) -> String {
    let parts = [steps::next(request), steps::console(request), steps::removal(request)];
    parts.iter().map(|lines| format!("\n{}", comment(lines))).collect()
}

/// Prints the ARN that the stack made.
pub fn role_arn(request: &RoleRequest) -> String {
    command(
        "aws cloudformation describe-stacks",
        &[
            ("--region", request.region.as_str()),
            ("--stack-name", request.template.stack()),
            ("--query", "Stacks[0].Outputs[?OutputKey=='RoleArn'].OutputValue"),
            ("--output", "text"),
        ],
    )
}
