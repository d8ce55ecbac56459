//! The templates of `cloudformation/` with what they ask for filled in.

use super::{
    RoleRequest, Template,
    document::quoted,
    model::SHORTEST_EXTERNAL_ID,
    shell::{comment, word},
    steps,
};

/// The file of a template, as it lies in `cloudformation/`.
pub fn file(template: Template) -> (&'static str, &'static str) {
    match template {
        Template::Payer => {
            ("bailiwick-payer-role.yaml", include_str!("../../../cloudformation/bailiwick-payer-role.yaml"))
        }
        Template::Member => {
            ("bailiwick-member-role.yaml", include_str!("../../../cloudformation/bailiwick-member-role.yaml"))
        }
        Template::Organization => {
            ("bailiwick-organization.yaml", include_str!("../../../cloudformation/bailiwick-organization.yaml"))
        }
    }
}

/// The parameters that we know, by their names in the templates.
pub fn parameters(request: &RoleRequest) -> [(&'static str, String); 3] {
    [
        ("TrustedAccount", request.principal.account().to_string()),
        ("TrustedPrincipal", request.principal.pattern()),
        ("ExternalId", request.external_id.reveal().to_owned()),
    ]
}

/// The same for `--parameter-overrides`, as words of a shell. A stack that is there already keeps the values it has, whatever
/// its new template holds; only values that are given change it.
pub fn overrides(request: &RoleRequest) -> [String; 3] {
    parameters(request).map(|(name, value)| word(&format!("{name}={value}")))
}

/// A template of a request with its parameters filled in.
///
/// The values hold nothing that would end a quoted text; their types see to that.
pub fn filled(request: &RoleRequest) -> String {
    let mut text = file(request.template).1.to_owned();
    for (name, value) in parameters(request) {
        // Two spaces: the parameters of the template within the template are left alone, it is given them.
        let head = format!("\n  {name}:\n    Type: String\n");
        text = text.replacen(&head, &format!("{head}    Default: {}\n", quoted(&value)), 1);
    }
    let length = request.external_id.reveal().len();
    if length < SHORTEST_EXTERNAL_ID {
        text = text.replace(&format!("MinLength: {SHORTEST_EXTERNAL_ID}\n"), &format!("MinLength: {length}\n"));
    }
    text
}

/// `--format cloudformation`: the template below what to do with it.
pub fn text(request: &RoleRequest) -> String {
    let mut lines = vec![request.title(), String::new()];
    lines.extend(steps::console(request));
    lines.push(String::new());
    lines.extend(steps::by_cli(request));
    lines.push(String::new());
    lines.extend(steps::next(request));
    lines.push(String::new());
    lines.extend(steps::removal(request));
    format!("{}{}", comment(&lines), filled(request))
}
