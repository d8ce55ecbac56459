//! `role render` of the real binary: every format, what is noted, what is refused.

mod program;

use bailiwick::{
    domain::FixedClock,
    sim::{
        server::{ServeOptions, SimServer},
        world::{World, WorldConfig},
    },
};
use program::Program;
use serde_json::Value;
use std::{os::unix::fs::PermissionsExt, sync::Arc};

const PRINCIPAL: &str = "arn:aws:iam::111122223333:role/ops/*Deploy";

fn with_acme() -> (Program, String) {
    let program = Program::with_vault();
    let added = program.json(&["client", "add", "acme", "--name", "Acme $(id) Retail", "--json"]);
    let external_id = added["external_id"].as_str().unwrap().to_owned();
    (program, external_id)
}

fn render<'a>(format: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["role", "render", "acme", "--format", format][..], more].concat()
}

/// What the log says of reveals, newest first.
fn reveals(program: &Program) -> Vec<String> {
    let list = program.json(&["audit", "list", "--action", "external-id.reveal", "--json"]);
    let rows = list["rows"].as_array().unwrap();
    rows.iter().map(|row| row["detail"].as_str().unwrap().to_owned()).collect()
}

fn settings(program: &Program, text: &str) {
    let file = program.path("bailiwick/config/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[test]
fn every_format_is_filled_in_and_noted() {
    let (program, external_id) = with_acme();
    for (format, template, begins) in [
        ("cloudformation", "payer", "# bailiwick: the payer role for Acme --id- Retail, client acme\n"),
        ("stackset", "organization", "# bailiwick: the roles of the whole organization for Acme"),
        ("terraform", "payer", "# bailiwick: the payer role"),
        ("cli", "payer", "# bailiwick: the payer role"),
        ("explain", "payer", "# What bailiwick may do in the AWS accounts of Acme $(id) Retail\n"),
    ] {
        let text = program.ok(&render(format, &["--principal", PRINCIPAL]));
        assert!(text.starts_with(begins), "{format}: {text}");
        assert!(text.contains(&external_id) && text.contains(PRINCIPAL) && !text.contains('\u{202e}'), "{format}");
        let json = program.json(&render(format, &["--principal", PRINCIPAL, "--json"]));
        let of = |key: &str| json[key].as_str().unwrap().to_owned();
        assert_eq!((of("client"), of("template"), of("format")), ("acme".into(), template.into(), format.into()));
        assert_eq!((of("principal"), of("text").trim_end()), (PRINCIPAL.into(), text.trim_end()));
        assert_eq!(json["quick_create_url"], Value::Null);
        let noted = format!("as part of the template {template}, format {format}, which trusts {PRINCIPAL}");
        assert_eq!(reveals(&program)[..2], [noted.clone(), noted]);
    }
    assert_eq!(reveals(&program).len(), 10);
    let shown = format!("{:?}", reveals(&program));
    assert!(!shown.contains(&external_id), "a secret that was shown is not in the log");
}

#[test]
fn a_file_is_new_and_private_and_never_one_that_was_there() {
    let (program, external_id) = with_acme();
    let file = program.path("acme.yaml");
    let out = file.to_str().unwrap();
    let to_file = ["--template", "member", "--principal", PRINCIPAL, "--out", out];
    let said = program.ok(&render("cloudformation", &to_file));
    assert_eq!(said, format!("wrote {out}; only you can read it: it holds the ExternalId of acme\n"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&external_id) && text.ends_with("Value: !GetAtt Role.Arn\n"), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = reveals(&program).len();
    assert_eq!(program.refused(2, &render("cli", &to_file)), format!("{out} exists already: name a new file"));
    assert_eq!((std::fs::read_to_string(&file).unwrap(), reveals(&program).len()), (text, before));

    let other = program.path("other.tf");
    let json =
        program.json(&render("terraform", &["--principal", PRINCIPAL, "--json", "--out", other.to_str().unwrap()]));
    assert_eq!((json["file"].as_str(), json.get("text")), (other.to_str(), None));
    let nowhere = ["--principal", PRINCIPAL, "--out", "/nowhere/acme.yaml"];
    let said = program.refused(1, &render("cli", &nowhere));
    assert!(
        said.starts_with("/nowhere/acme.yaml could not be written: ") && said.ends_with("try another place"),
        "{said}"
    );
}

#[test]
fn the_settings_name_whom_to_trust_and_where_templates_are() {
    let (program, _) = with_acme();
    settings(
        &program,
        &format!(
            "trusted_principal = \"{PRINCIPAL}\"\ntemplate_url = \"https://agency.s3.eu-west-1.amazonaws.com/v1\"\n"
        ),
    );
    let json = program.json(&render("cli", &["--region", "eu-west-1", "--json"]));
    assert_eq!(json["principal"], PRINCIPAL);
    let url = json["quick_create_url"].as_str().unwrap();
    assert!(url.starts_with("https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#"), "{url}");
    let text = json["text"].as_str().unwrap();
    assert!(text.contains(url) && text.contains("--region eu-west-1"), "{text}");
    // What is typed comes first.
    let root = "arn:aws-cn:iam::111122223333:root";
    let json = program.json(&render("explain", &["--principal", root, "--json"]));
    assert_eq!(json["principal"], root);
    assert!(json["text"].as_str().unwrap().contains("--region cn-northwest-1"));

    settings(&program, "trusted_principal = \"arn:aws:iam::111122223333:group/x\"\n");
    let said = program.refused(2, &render("cli", &[]));
    assert!(
        said.contains("config.toml is not valid: line 1: trusted_principal must be empty, or an ARN such as"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_rendered_says_why_and_leaves_no_entry() {
    let (program, _) = with_acme();
    let said = program.refused(1, &render("stackset", &["--template", "payer", "--principal", PRINCIPAL]));
    assert!(said.starts_with("a StackSet never reaches the management account") && said.contains("--template member"));
    let said = program.refused(1, &["role", "render", "ghost", "--format", "cli", "--principal", PRINCIPAL]);
    assert!(said.starts_with("no client \"ghost\"") && said.contains("client add"), "{said}");
    // Without credentials nobody can be proposed.
    let said = program.refused(1, &render("cli", &[]));
    assert!(said.starts_with("AWS did not tell who you are: "), "{said}");
    assert!(
        said.ends_with("name whom the roles trust with --principal ARN, or as trusted_principal in config.toml"),
        "{said}"
    );
    assert_eq!(reveals(&program), Vec::<String>::new());

    let long = format!("arn:aws:iam::111122223333:role/{}", "x".repeat(10_240));
    for (arn, told) in [
        ("*", "is not the ARN of a principal"),
        ("arn:aws:iam::1:root", "exactly 12 digits"),
        ("arn:azure:iam::111122223333:root", "partition"),
        ("arn:aws:sts::111122223333:assumed-role/x/y", "is a session"),
        ("arn:aws:iam::111122223333:role/x\u{1b}[2J\u{202e}", "is not a name"),
        (long.as_str(), "is not a name"),
    ] {
        let ran = program.run(&render("cli", &["--principal", arn]));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.error);
        assert!(ran.error.contains(told), "{}", ran.error);
    }
}

#[test]
fn without_a_name_the_roles_trust_whoever_we_are_and_it_is_said_how_to_keep_it() {
    let now = "2026-11-22T02:14:55Z".parse().unwrap();
    let world = Arc::new(World::generate(WorldConfig { seed: 1, now, accounts: 24, events: 1_000 }));
    let options = ServeOptions::default();
    let server = SimServer::start(world.clone(), Arc::new(FixedClock(now)), options).unwrap();
    let (program, external_id) = with_acme();
    let program = program.calling(&server.url(), &world.agency.access_key, "any");
    let ran = program.run(&[&["--now", "2026-11-22T02:14:55Z"][..], &render("terraform", &[])].concat());
    assert_eq!(ran.code, 0, "{}", ran.error);
    let line = ran.error.lines().last().unwrap();
    let principal = line.strip_prefix("trusted_principal = \"").unwrap().strip_suffix('"').unwrap();
    assert!(
        ran.error.starts_with(&format!("note: the roles trust {principal}, for you are arn:aws:")),
        "{}",
        ran.error
    );
    assert!(ran.out.contains(&format!("\"{principal}\"")) && ran.out.contains(&external_id), "{}", ran.out);
    // The line is one that config.toml takes, and then nothing is asked any more.
    settings(&program, line);
    drop(server);
    assert_eq!(
        program.json(&render("terraform", &["--json"]))["text"].as_str().unwrap().trim_end(),
        ran.out.trim_end()
    );
}
