//! What `role render` prints, installed by the unmodified AWS CLI in emulators that others wrote: moto makes the roles that
//! it describes, ministack with its authentication on also evaluates whom they trust.
//!
//! `BAILIWICK_MOTO_SERVER`, `BAILIWICK_MINISTACK` and `BAILIWICK_AWSCLI` name the programs; without them they are taken from
//! the path.

mod emulator;
mod program;

use emulator::{Emulator, Keys};
use program::Program;
use serde_json::{Value, json};

/// moto's own account, in which it makes every stack.
const CLIENT: &str = "123456789012";
const AGENCY: &str = "111122223333";
const PAYER_ACTIONS: [&str; 3] = ["ce:GetCostAndUsage", "cloudtrail:LookupEvents", "organizations:ListAccounts"];

fn moto() -> Emulator {
    Emulator::start("BAILIWICK_MOTO_SERVER", "moto_server", |command, port| {
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    })
}

/// moto believes every key.
fn anybody() -> Keys {
    Keys::new("test", "test")
}

/// A client, and its ExternalId.
fn with_acme() -> (Program, String) {
    let program = Program::with_vault();
    let added = program.json(&["client", "add", "acme", "--name", "Acme \"Retail\" $(id)", "--json"]);
    let external_id = added["external_id"].as_str().unwrap().to_owned();
    (program, external_id)
}

fn render(program: &Program, format: &str, template: &str, principal: &str) -> String {
    program.ok(&["role", "render", "acme", "--format", format, "--template", template, "--principal", principal])
}

/// The role that IAM has is the one that was promised, to the last condition.
fn is_role(emulator: &Emulator, name: &str, actions: &[&str], external_id: &str, pattern: &str) {
    let role = &emulator.aws(&anybody(), &["iam", "get-role", "--role-name", name])["Role"];
    assert_eq!(role["Arn"], format!("arn:aws:iam::{CLIENT}:role/bailiwick/{name}"));
    assert_eq!((&role["Path"], &role["MaxSessionDuration"]), (&"/bailiwick/".into(), &3_600.into()));
    assert_eq!(
        role["AssumeRolePolicyDocument"],
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{AGENCY}:root")},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": external_id},
                "StringLike": {"sts:RoleSessionName": "bailiwick-*"},
                "ArnLike": {"aws:PrincipalArn": pattern},
            },
        }]})
    );
    let list = |what: &str| emulator.aws(&anybody(), &["iam", what, "--role-name", name]);
    assert_eq!(list("list-role-policies")["PolicyNames"], json!(["bailiwick-read"]));
    assert_eq!(list("list-attached-role-policies")["AttachedPolicies"], json!([]));
    let get = ["iam", "get-role-policy", "--role-name", name, "--policy-name", "bailiwick-read"];
    let policy = emulator.aws(&anybody(), &get)["PolicyDocument"].clone();
    // moto answers what came from a template as Python would print it.
    let policy: Value = match policy.as_str() {
        Some(text) => serde_json::from_str(&text.replace('\'', "\"")).unwrap(),
        None => policy,
    };
    assert_eq!(
        policy,
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
    );
}

#[test]
#[ignore = "needs moto and the AWS CLI; .ci/run installs them and runs the tests named interop"]
fn interop_rendered_templates_make_the_roles_that_they_promise() {
    let emulator = moto();
    let (program, external_id) = with_acme();
    let root = format!("arn:aws:iam::{AGENCY}:root");
    let sso = format!("arn:aws:iam::{AGENCY}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Ops_*");
    let everybody = format!("arn:aws:iam::{AGENCY}:*");
    for (principal, pattern) in [(&root, &everybody), (&sso, &sso)] {
        for (template, role, actions) in [
            ("payer", "bailiwick-payer", &PAYER_ACTIONS[..]),
            ("member", "bailiwick-member", &["cloudtrail:LookupEvents"]),
        ] {
            let text = render(&program, "cloudformation", template, principal);
            let create = ["cloudformation", "create-stack", "--stack-name", role, "--template-body", &text];
            emulator.aws(&anybody(), &[&create[..], &["--capabilities", "CAPABILITY_NAMED_IAM"]].concat());
            is_role(&emulator, role, actions, &external_id, pattern);
            emulator.aws(&anybody(), &["cloudformation", "delete-stack", "--stack-name", role]);
            let roles = emulator.aws(&anybody(), &["iam", "list-roles", "--path-prefix", "/bailiwick/"]);
            assert_eq!(roles["Roles"], json!([]), "removing the stack removes the role");
        }
    }
}

#[test]
#[ignore = "needs moto and the AWS CLI; .ci/run installs them and runs the tests named interop"]
fn interop_rendered_scripts_install_the_roles_as_they_stand() {
    let emulator = moto();
    let (program, external_id) = with_acme();
    let principal = format!("arn:aws:iam::{AGENCY}:role/*Deploy");
    for (template, role, actions) in
        [("payer", "bailiwick-payer", &PAYER_ACTIONS[..]), ("member", "bailiwick-member", &["cloudtrail:LookupEvents"])]
    {
        let said = emulator.script(&anybody(), &render(&program, "cli", template, &principal));
        assert!(said.contains(&format!("Successfully created/updated stack - {role}")), "{said}");
        is_role(&emulator, role, actions, &external_id, &principal);
    }
}

#[test]
#[ignore = "needs moto and the AWS CLI; .ci/run installs them and runs the tests named interop"]
fn interop_rendered_scripts_of_an_organization_reach_its_root() {
    let emulator = moto();
    let (program, external_id) = with_acme();
    let principal = format!("arn:aws:iam::{AGENCY}:user/ines");
    emulator.aws(&anybody(), &["organizations", "create-organization", "--feature-set", "ALL"]);
    // moto knows neither this call nor a StackSet within a template; it makes the rest of the stack.
    let script = |template: &str| {
        let text = render(&program, "stackset", template, &principal);
        let known = text.replacen("\naws cloudformation activate-organizations-access", "\ntrue", 1);
        assert_ne!(text, known);
        known
    };
    emulator.script(&anybody(), &script("organization"));
    is_role(&emulator, "bailiwick-payer", &PAYER_ACTIONS, &external_id, &principal);
    let find = ["cloudformation", "describe-stacks", "--stack-name", "bailiwick-organization"];
    let stack = emulator.aws(&anybody(), &find)["Stacks"][0].clone();
    let unit = stack["Parameters"].as_array().unwrap().iter().find(|p| p["ParameterKey"] == "OrganizationalUnitIds");
    let root = emulator.aws(&anybody(), &["organizations", "list-roots"])["Roots"][0]["Id"].clone();
    let (unit, root) = (unit.unwrap()["ParameterValue"].as_str().unwrap(), root.as_str().unwrap());
    assert!(unit.contains(root), "{unit}, {root}");

    emulator.script(&anybody(), &script("member"));
    let find = ["cloudformation", "describe-stack-set", "--stack-set-name", "bailiwick-member"];
    let set = emulator.aws(&anybody(), &find)["StackSet"].clone();
    assert_eq!((&set["PermissionModel"], &set["Status"]), (&"SERVICE_MANAGED".into(), &"ACTIVE".into()));
    assert!(set["TemplateBody"].as_str().unwrap().contains(&external_id));
}

/// For ministack the access key of an account's root is the account's id.
fn ministack() -> Emulator {
    Emulator::start("BAILIWICK_MINISTACK", "ministack", |command, port| {
        command
            .env("AUTH", "true")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("PERSIST_STATE", "0")
            // Both of these would listen on all interfaces.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .env("AWS_ACCESS_KEY_ID", "000000000000")
            .env("AWS_SECRET_ACCESS_KEY", "simulated");
    })
}

/// A user of the agency who may assume roles.
fn user(emulator: &Emulator, name: &str) -> Keys {
    let root = Keys::new(AGENCY, "simulated");
    let may = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#;
    emulator.aws(&root, &["iam", "create-user", "--user-name", name]);
    let put = ["iam", "put-user-policy", "--user-name", name, "--policy-name", "assume", "--policy-document", may];
    emulator.aws(&root, &put);
    let key = emulator.aws(&root, &["iam", "create-access-key", "--user-name", name]);
    let text = |name: &str| key["AccessKey"][name].as_str().unwrap().to_owned();
    Keys { id: text("AccessKeyId"), secret: text("SecretAccessKey") }
}

#[test]
#[ignore = "needs ministack and the AWS CLI; .ci/run installs them and runs the tests named interop"]
fn interop_a_rendered_role_opens_for_whom_it_names_and_for_nobody_else() {
    let emulator = ministack();
    let (program, external_id) = with_acme();
    let (ines, mallory) = (user(&emulator, "ines"), user(&emulator, "mallory"));
    let principal = format!("arn:aws:iam::{AGENCY}:user/ines");
    let said = emulator.script(&Keys::new(CLIENT, "simulated"), &render(&program, "cli", "payer", &principal));
    let role = format!("arn:aws:iam::{CLIENT}:role/bailiwick/bailiwick-payer");
    assert_eq!(said.lines().last(), Some(role.as_str()), "its last command prints what is connected: {said}");
    let assume = |session: &str, external_id: Option<&str>| -> Vec<String> {
        let words = ["sts", "assume-role", "--role-arn", &role, "--role-session-name", session];
        let id = external_id.into_iter().flat_map(|id| ["--external-id", id]);
        words.into_iter().chain(id).map(str::to_owned).collect()
    };
    let call =
        |keys: &Keys, words: Vec<String>| emulator.aws(keys, &words.iter().map(String::as_str).collect::<Vec<_>>());
    let refused = |keys: &Keys, words: Vec<String>| {
        let error = emulator.aws_refused(keys, &words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(error.contains("(AccessDenied)"), "{error}");
    };
    let session = call(&ines, assume("bailiwick-test", Some(&external_id)));
    assert!(session["Credentials"]["SessionToken"].is_string());
    refused(&ines, assume("bailiwick-test", None));
    refused(&ines, assume("bailiwick-test", Some("somebody-elses")));
    refused(&ines, assume("another-name", Some(&external_id)));
    refused(&mallory, assume("bailiwick-test", Some(&external_id)));

    let connect = ["connect", "acme", "--kind", "payer", "--role-arn", &role, "--json"];
    let kept = program.calling(&emulator.url(), &ines.id, &ines.secret).json(&connect);
    assert_eq!(kept["gate"], "passed", "{kept}");
}
