//! What is rendered is what the model says, in every format; and no name of a client gets further than a comment.

use super::{
    cloudformation, cloudformation::filled, document::Node, model, model::SESSION_SECONDS, model::STACK_SET, *,
};
use crate::domain::Partition;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, process::Command};
use yaml_serde::Value as Yaml;

const EXTERNAL_ID: &str = "bw-mzxw6ytbmzxw6ytbmzxw6ytbmzxw6ytb";
const PRINCIPALS: [&str; 4] = [
    "arn:aws:iam::111122223333:root",
    "arn:aws-cn:iam::000000000042:user/ops/ana@example.com",
    "arn:aws-us-gov:iam::111122223333:role/Deploy",
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Ops_*",
];

fn request(template: Template) -> RoleRequest {
    RoleRequest {
        client: "acme".parse().unwrap(),
        name: "Acme Retail".into(),
        external_id: EXTERNAL_ID.parse().unwrap(),
        principal: PRINCIPALS[3].parse().unwrap(),
        template,
        region: "us-east-1".parse().unwrap(),
        template_url: None,
    }
}

fn text(request: &RoleRequest, format: Format) -> String {
    render(request, format).unwrap().text
}

/// Every format with every template that it takes.
fn all() -> impl Iterator<Item = (Format, Template)> {
    let pairs = Format::ALL.into_iter().flat_map(|format| Template::ALL.into_iter().map(move |t| (format, t)));
    pairs.filter(|(format, template)| format.takes(*template).is_ok())
}

/// A template with its parameters and functions evaluated, as CloudFormation would in a partition.
fn evaluated(text: &str, partition: Partition) -> Value {
    let yaml: Yaml = yaml_serde::from_str(text).unwrap();
    let parameters = yaml["Parameters"].clone();
    evaluate(&yaml, &parameters, partition)
}

fn evaluate(yaml: &Yaml, parameters: &Yaml, partition: Partition) -> Value {
    let parameter = |name: &str| match name {
        "AWS::Region" => "us-east-1".to_owned(),
        "AWS::Partition" => partition.as_str().to_owned(),
        name => parameters[name]["Default"].as_str().unwrap_or("<asked>").to_owned(),
    };
    match yaml {
        Yaml::Tagged(tagged) => {
            let of = tagged.value.as_str().unwrap();
            match tagged.tag.to_string().as_str() {
                "!Ref" => parameter(of).into(),
                "!Sub" => {
                    let mut parts = of.split("${");
                    let mut out = parts.next().unwrap().to_owned();
                    for (name, rest) in parts.map(|part| part.split_once('}').unwrap()) {
                        out = out + &parameter(name) + rest;
                    }
                    out.into()
                }
                tag => format!("{tag} {of}").into(),
            }
        }
        Yaml::Mapping(pairs) => {
            let name = |key: &Yaml| key.as_str().unwrap().to_owned();
            pairs.iter().map(|(k, v)| (name(k), evaluate(v, parameters, partition))).collect()
        }
        Yaml::Sequence(items) => items.iter().map(|item| evaluate(item, parameters, partition)).collect(),
        plain => serde_json::to_value(plain).unwrap(),
    }
}

/// The properties of a role's resource in CloudFormation, by the model.
fn properties(role: &Role, request: &RoleRequest) -> Value {
    json!({
        "RoleName": role.name,
        "Path": ROLE_PATH,
        "Description": "Read-only access for bailiwick",
        "MaxSessionDuration": SESSION_SECONDS,
        "AssumeRolePolicyDocument": trust(&request.external_id, &request.principal).value(),
        "Policies": [{"PolicyName": "bailiwick-read", "PolicyDocument": role.permissions().value()}],
    })
}

#[test]
fn the_roles_allow_this_and_nothing_else() {
    let actions = |role: Role| role.permissions().value()["Statement"][0]["Action"].clone();
    assert_eq!(actions(PAYER), json!(["ce:GetCostAndUsage", "cloudtrail:LookupEvents", "organizations:ListAccounts"]));
    assert_eq!(actions(MEMBER), json!(["cloudtrail:LookupEvents"]));
    assert_eq!(
        trust(&EXTERNAL_ID.parse().unwrap(), &PRINCIPALS[2].parse().unwrap()).value(),
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws-us-gov:iam::111122223333:root"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": EXTERNAL_ID},
                "StringLike": {"sts:RoleSessionName": "bailiwick-*"},
                "ArnLike": {"aws:PrincipalArn": "arn:aws-us-gov:iam::111122223333:role/Deploy"},
            },
        }]})
    );
}

#[test]
fn the_files_are_the_model_and_the_filled_ones_ask_for_nothing_that_we_know() {
    for (template, principal) in Template::ALL.into_iter().flat_map(|t| PRINCIPALS.map(|p| (t, p))) {
        let mut request = request(template);
        request.principal = principal.parse().unwrap();
        let stack = evaluated(&filled(&request), request.principal.partition());
        let role = if template == Template::Member { MEMBER } else { PAYER };
        assert_eq!(stack["Resources"]["Role"]["Type"], "AWS::IAM::Role");
        assert_eq!(stack["Resources"]["Role"]["Properties"], properties(&role, &request), "{template:?} {principal}");
        assert_eq!(stack["Outputs"]["RoleArn"]["Value"], "!GetAtt Role.Arn");
        for (name, parameter) in stack["Parameters"].as_object().unwrap() {
            let asked = name == "OrganizationalUnitIds";
            assert_eq!(parameter.get("Default").is_none(), asked, "{name}");
            assert!(parameter["AllowedPattern"].as_str().is_some_and(|p| p.starts_with('^') && p.ends_with('$')));
            assert!(parameter.get("NoEcho").is_none(), "a quick-create link would drop it");
        }
        assert_eq!(stack["Parameters"]["ExternalId"]["MinLength"], 32);
        let resources = stack["Resources"].as_object().unwrap().len();
        assert_eq!(resources, template.roles().len(), "a role or its StackSet each, and nothing more");
    }
}

#[test]
fn the_stack_set_holds_the_member_file_and_gives_it_the_same_parameters() {
    let request = request(Template::Organization);
    let stack = evaluated(&filled(&request), Partition::Aws);
    let set = &stack["Resources"]["MemberRoles"];
    assert_eq!(set["Type"], "AWS::CloudFormation::StackSet");
    let mut properties = set["Properties"].clone();
    let body = properties["TemplateBody"].take();
    assert_eq!(body, cloudformation::file(Template::Member).1);
    let given = cloudformation::parameters(&request).map(|(n, v)| json!({"ParameterKey": n, "ParameterValue": v}));
    assert_eq!(
        properties,
        json!({
            "StackSetName": STACK_SET,
            "Description": "The read-only role of bailiwick in every member account",
            "PermissionModel": "SERVICE_MANAGED",
            "AutoDeployment": {"Enabled": true, "RetainStacksOnAccountRemoval": false},
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "OperationPreferences": {"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 100},
            "Parameters": given,
            "StackInstancesGroup": [{
                "DeploymentTargets": {"OrganizationalUnitIds": "<asked>"},
                "Regions": ["us-east-1"],
            }],
            "TemplateBody": null,
        })
    );
}

/// Reads one expression of HCL back, as far as `terraform.rs` writes them.
fn hcl(text: &str) -> (Value, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut map = serde_json::Map::new();
        while !rest.trim_start().starts_with('}') {
            let (name, after) = rest.split_once('=').unwrap();
            let name = name.trim().trim_matches('"').to_owned();
            let (value, after) = hcl(after);
            map.insert(name, value);
            rest = after;
        }
        (map.into(), rest.trim_start().strip_prefix('}').unwrap())
    } else if let Some(mut rest) = text.strip_prefix('[') {
        let mut list = Vec::new();
        while !rest.trim_start().starts_with(']') {
            let (value, after) = hcl(rest);
            list.push(value);
            rest = after.trim_start().trim_start_matches(',');
        }
        (list.into(), rest.trim_start().strip_prefix(']').unwrap())
    } else {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let value = stream.next().unwrap().unwrap();
        (value, &text[stream.byte_offset()..])
    }
}

#[test]
fn the_hcl_is_the_model() {
    for (template, principal) in Template::ALL.into_iter().flat_map(|t| PRINCIPALS.map(|p| (t, p))) {
        let mut request = request(template);
        request.principal = principal.parse().unwrap();
        let text = text(&request, Format::Terraform);
        let documents: Vec<Value> = text.split("jsonencode(").skip(1).map(|rest| hcl(rest).0).collect();
        let role = if template == Template::Member { MEMBER } else { PAYER };
        let of_model = [trust(&request.external_id, &request.principal), role.permissions()];
        assert_eq!(documents, of_model.iter().map(Node::value).collect::<Vec<_>>());
        let parameters = text.split_once("\n  parameters = ").map(|(_, rest)| hcl(rest).0);
        let given = cloudformation::parameters(&request).map(|(n, v)| (n.to_owned(), v.into()));
        let organization = template == Template::Organization;
        assert_eq!(parameters, organization.then(|| given.into_iter().collect::<serde_json::Map<_, _>>().into()));
        // `<<-` takes away as much as the line with the least has before it.
        let body =
            text.split_once("<<-END_OF_TEMPLATE\n").map(|(_, rest)| rest.split_once("  END_OF_TEMPLATE").unwrap().0);
        let body = body
            .map(|body| body.lines().map(|l| l.strip_prefix("    ").unwrap().to_owned() + "\n").collect::<String>());
        request.template = Template::Member;
        assert_eq!(body.map(|b| b.replace("$${", "${")), organization.then(|| filled(&request)));
    }
}

/// Runs a script in a directory of its own, with an `aws` that notes what it is called with.
fn run(script: &str) -> (tempfile::TempDir, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let aws = dir.path().join("aws");
    let answer = "#!/bin/sh\nprintf '%s ' \"$@\" >> calls\necho >> calls\necho r-ab12\n";
    fs::write(&aws, answer).unwrap();
    fs::set_permissions(&aws, fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let ran = Command::new("sh").arg("-euc").arg(script).current_dir(&dir).env("PATH", path).output().unwrap();
    assert!(ran.status.success() && ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    let calls = fs::read_to_string(dir.path().join("calls")).unwrap();
    (dir, calls.lines().map(|line| line.trim().to_owned()).collect())
}

#[test]
fn the_scripts_write_the_template_and_call_this() {
    let deploy = |stack: &str| {
        format!(
            "cloudformation deploy --region us-east-1 --stack-name {stack} --template-file {stack}-acme.yaml \
             --capabilities CAPABILITY_NAMED_IAM --parameter-overrides TrustedAccount=111122223333 TrustedPrincipal={} \
             ExternalId={EXTERNAL_ID}",
            PRINCIPALS[3]
        )
    };
    let arn = |stack: &str| {
        format!(
            "cloudformation describe-stacks --region us-east-1 --stack-name {stack} --query \
             Stacks[0].Outputs[?OutputKey=='RoleArn'].OutputValue --output text"
        )
    };
    let may = || "cloudformation activate-organizations-access --region us-east-1".to_owned();
    let root = || "organizations list-roots --query Roots[0].Id --output text".to_owned();
    let both = || {
        let stack = "bailiwick-organization";
        vec![may(), root(), format!("{} OrganizationalUnitIds=r-ab12", deploy(stack)), arn(stack)]
    };
    let set = vec![
        may(),
        "cloudformation create-stack-set --region us-east-1 --stack-set-name bailiwick-member --permission-model \
         SERVICE_MANAGED --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false --capabilities \
         CAPABILITY_NAMED_IAM --template-body file://bailiwick-member-acme.yaml"
            .to_owned(),
        root(),
        "cloudformation create-stack-instances --region us-east-1 --stack-set-name bailiwick-member --regions us-east-1 \
         --operation-preferences FailureTolerancePercentage=100,MaxConcurrentPercentage=100 --deployment-targets \
         OrganizationalUnitIds=r-ab12"
            .to_owned(),
    ];
    for (format, template, expected) in [
        (Format::Cli, Template::Payer, vec![deploy("bailiwick-payer"), arn("bailiwick-payer")]),
        (Format::Cli, Template::Member, vec![deploy("bailiwick-member"), arn("bailiwick-member")]),
        (Format::Cli, Template::Organization, both()),
        (Format::Stackset, Template::Organization, both()),
        (Format::Stackset, Template::Member, set),
    ] {
        let request = request(template);
        let (dir, calls) = run(&text(&request, format));
        assert_eq!(calls, expected, "{format:?} {template:?}");
        let written = fs::read_to_string(dir.path().join(request.file())).unwrap();
        assert_eq!(written, filled(&request));
    }
}

#[test]
fn a_stack_set_of_the_payer_is_refused_with_what_to_use() {
    let said = render(&request(Template::Payer), Format::Stackset).unwrap_err().to_string();
    assert!(
        said.contains("never reaches the management account") && said.contains("--template organization"),
        "{said}"
    );
    assert_eq!(Format::Stackset.usual_template(), Template::Organization);
}

#[test]
fn an_imported_short_external_id_is_taken_and_said() {
    let mut request = request(Template::Organization);
    request.external_id = "acme-7f3a9c52d1".parse().unwrap();
    let rendered = render(&request, Format::Cloudformation).unwrap();
    assert!(!rendered.text.contains("MinLength: 32") && rendered.text.matches("MinLength: 15").count() == 2);
    assert!(rendered.notes[0].contains("has only 15 characters"), "{:?}", rendered.notes);
}

#[rstest]
#[case("arn:aws:iam::111122223333:role/*Ops", "eu-west-1", "eu-west-1.console.aws.amazon.com")]
#[case("arn:aws-cn:iam::111122223333:role/*Ops", "cn-north-1", "cn-north-1.console.amazonaws.cn")]
fn a_quick_create_link_opens_the_file_with_its_parameters(#[case] arn: &str, #[case] region: &str, #[case] host: &str) {
    let mut request = request(Template::Member);
    request.principal = arn.parse().unwrap();
    request.region = region.parse().unwrap();
    assert_eq!(render(&request, Format::Explain).unwrap().quick_create_url, None);
    request.template_url = Some("https://agency.s3.eu-west-1.amazonaws.com/v1/".parse().unwrap());
    let rendered = render(&request, Format::Cli).unwrap();
    let principal = arn.replace(':', "%3A").replace('/', "%2F").replace('*', "%2A");
    let expected = format!(
        "https://{host}/cloudformation/home?region={region}#/stacks/create/review\
         ?templateURL=https%3A%2F%2Fagency.s3.eu-west-1.amazonaws.com%2Fv1%2Fbailiwick-member-role.yaml\
         &stackName=bailiwick-member&param_TrustedAccount=111122223333&param_TrustedPrincipal={principal}\
         &param_ExternalId={EXTERNAL_ID}"
    );
    assert!(
        rendered.text.contains(&format!("'{expected}'"))
            && rendered.text.contains("once bailiwick-member-role.yaml was uploaded to")
    );
    assert_eq!(rendered.quick_create_url.unwrap(), expected);
    // The names of the parameters are those of the file.
    let file = evaluated(cloudformation::file(Template::Member).1, Partition::Aws);
    let known = file["Parameters"].as_object().unwrap();
    assert!(cloudformation::parameters(&request).iter().all(|(name, _)| known.contains_key(*name)));

    request.external_id = "x".repeat(1_000).parse().unwrap();
    let rendered = render(&request, Format::Cli).unwrap();
    assert_eq!((rendered.quick_create_url, rendered.notes.len()), (None, 1));
}

#[test]
fn the_texts_read_like_this() {
    for (format, template) in [
        (Format::Cloudformation, Template::Member),
        (Format::Cli, Template::Payer),
        (Format::Stackset, Template::Member),
        (Format::Stackset, Template::Organization),
        (Format::Terraform, Template::Organization),
        (Format::Explain, Template::Payer),
        (Format::Explain, Template::Member),
        (Format::Explain, Template::Organization),
    ] {
        insta::assert_snapshot!(format!("{}_{}", format.word(), template.word()), text(&request(template), format));
    }
}

/// Lines that are not comments, and the comments.
fn parted(text: &str) -> (Vec<&str>, Vec<&str>) {
    text.lines().partition(|line| !line.starts_with('#'))
}

/// What of a comment would count where comments are not known: nothing but words, once quoted ones are taken out.
fn is_inert(comment: &str) -> bool {
    // Parts in turn outside and inside of quotes: an odd number of them if every quote is closed.
    let parts: Vec<&str> = comment.split('\'').collect();
    let outside: String = parts.iter().step_by(2).copied().collect();
    let words = outside.strip_suffix('\\').unwrap_or(&outside);
    !parts.len().is_multiple_of(2) && words.chars().all(|c| c.is_alphanumeric() || "# .,:=_-/[]*".contains(c))
}

proptest! {
    #[test]
    fn no_name_gets_further_than_a_comment(
        name in prop_oneof![
            any::<String>(),
            "[a-z'\"`$(){}%\\\\#&|;<>!\n\r\t\u{0}\u{1b}\u{85}\u{2028}\u{202e}\u{feff}-]{0,80}",
            Just("x\nEND_OF_TEMPLATE\nrm -rf ~\n${jsonencode(1)} %{if true} $(id) `id` \u{202e}".to_owned()),
        ],
    ) {
        for (format, template) in all() {
            let plain = request(template);
            let named = RoleRequest { name: name.as_str().into(), ..plain.clone() };
            let (plain, named) = (text(&plain, format), text(&named, format));
            if format == Format::Explain {
                let first = |text: &str| text.lines().next().unwrap().to_owned();
                prop_assert_eq!(plain.replace(&first(&plain), ""), named.replace(&first(&named), ""));
                let unsafe_one = |c: char| c.is_control() || c == '\u{202e}';
                prop_assert!(!first(&named).contains(unsafe_one));
                continue;
            }
            let ((plain, plain_comments), (named, comments)) = (parted(&plain), parted(&named));
            prop_assert_eq!(plain, named);
            prop_assert_eq!(plain_comments.len(), comments.len());
            prop_assert_eq!(&plain_comments[1..], &comments[1..]);
            prop_assert!(is_inert(comments[0]), "{}", comments[0]);
        }
    }
}

#[test]
fn comments_of_scripts_are_nothing_to_a_shell_that_knows_none() {
    for (format, template) in all().filter(|(format, _)| matches!(format, Format::Cli | Format::Stackset)) {
        let mut request = request(template);
        request.template_url = Some("https://agency.s3.eu-west-1.amazonaws.com/v1".parse().unwrap());
        let script = text(&request, format);
        let outside = script
            .split("<<'END_OF_TEMPLATE'\n")
            .flat_map(|part| part.split_once("\nEND_OF_TEMPLATE\n").map_or(part, |(_, rest)| rest).lines());
        for line in outside.filter(|line| line.starts_with('#')) {
            assert!(is_inert(line), "{line}");
        }
    }
}

#[test]
fn the_page_speaks_of_every_action_of_its_template_and_of_no_other() {
    for template in Template::ALL {
        let page = text(&request(template), Format::Explain);
        for sight in explain::SIGHTS {
            let allowed = template.roles().iter().any(|role| role.actions.contains(&sight.action));
            assert_eq!(page.contains(sight.action), allowed, "{template:?} {}", sight.action);
        }
        assert!(page.lines().all(|line| line.chars().count() <= 120), "{template:?}");
        for said in
            [EXTERNAL_ID, "bailiwick client remove acme", template.stack(), model::SESSION_NAMES.trim_end_matches('*')]
        {
            assert!(page.contains(said), "{said}");
        }
    }
}
