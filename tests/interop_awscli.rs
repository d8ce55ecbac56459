//! The unmodified AWS CLI against the simulator.
//!
//! `BAILIWICK_AWSCLI` names the program; without it `aws` is taken from the path.

#[path = "sim_wire/world.rs"]
#[allow(dead_code)]
mod world;

use bailiwick::{
    domain::{FixedClock, Timestamp},
    sim::server::{ServeOptions, SimServer},
};
use serde_json::Value;
use std::{process::Command, sync::Arc};
use tempfile::TempDir;
use world::{EC2, EVENTS, EXTERNAL_ID, KEY, MEMBERS, PAYER, PAYER_ROLE, role_arn};

/// A server, an empty home for the CLI, and the credentials it uses.
struct Cli {
    server: SimServer,
    home: TempDir,
    credentials: Vec<(&'static str, String)>,
}

impl Cli {
    fn agency() -> Self {
        let options = ServeOptions::default();
        let server = SimServer::start(Arc::new(world::world()), Arc::new(FixedClock(world::now())), options).unwrap();
        let credentials = vec![("AWS_ACCESS_KEY_ID", KEY.to_owned()), ("AWS_SECRET_ACCESS_KEY", "any".to_owned())];
        Self { server, home: tempfile::tempdir().unwrap(), credentials }
    }

    /// The same, in a session of the payer's role.
    fn payer() -> Self {
        let mut cli = Self::agency();
        let answer = cli.json(&[
            "sts",
            "assume-role",
            "--role-arn",
            &role_arn(PAYER, PAYER_ROLE),
            "--role-session-name",
            "cli",
            "--external-id",
            EXTERNAL_ID,
        ]);
        let text = |key: &str| answer["Credentials"][key].as_str().unwrap().to_owned();
        cli.credentials = vec![
            ("AWS_ACCESS_KEY_ID", text("AccessKeyId")),
            ("AWS_SECRET_ACCESS_KEY", text("SecretAccessKey")),
            ("AWS_SESSION_TOKEN", text("SessionToken")),
        ];
        cli
    }

    /// Exit success, standard output, standard error.
    fn run(&self, arguments: &[&str]) -> (bool, String, String) {
        let program = std::env::var("BAILIWICK_AWSCLI").unwrap_or_else(|_| "aws".to_owned());
        let output = Command::new(&program)
            .args(["--endpoint-url", &self.server.url(), "--output", "json"])
            .args(arguments)
            .env_clear()
            .envs(["PATH", "LANG"].into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?))))
            .envs(self.credentials.iter().map(|(name, value)| (*name, value.as_str())))
            .env("HOME", self.home.path())
            .env("AWS_CONFIG_FILE", self.home.path().join("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.home.path().join("credentials"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .env("AWS_MAX_ATTEMPTS", "1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .output()
            .unwrap_or_else(|error| {
                panic!("the AWS CLI \"{program}\" cannot be started ({error}): install it or set BAILIWICK_AWSCLI to its path")
            });
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (ok, out, error) = self.run(arguments);
        assert!(ok, "aws {arguments:?} failed: {error}");
        serde_json::from_str(&out).unwrap()
    }
}

#[test]
#[ignore = "needs the AWS CLI; .ci/run installs it and runs the tests named interop"]
fn interop_sts() {
    let cli = Cli::agency();
    let identity = cli.json(&["sts", "get-caller-identity"]);
    assert_eq!(identity["Account"], world::AGENCY);
    let role = role_arn(PAYER, PAYER_ROLE);
    let assume = [
        "sts",
        "assume-role",
        "--role-arn",
        &role,
        "--role-session-name",
        "cli",
        "--duration-seconds",
        "900",
        "--external-id",
    ];
    let answer = cli.json(&[&assume[..], &[EXTERNAL_ID]].concat());
    let expiration = answer["Credentials"]["Expiration"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(expiration, world::now().plus(900));
    let (ok, _, error) = cli.run(&[&assume[..], &["wrong-id"]].concat());
    assert!(!ok && error.contains("(AccessDenied)"), "{error}");
    assert!(error.contains(&format!("is not authorized to perform: sts:AssumeRole on resource: {role}")), "{error}");
    assert_eq!(cli.server.counts().sts, 3);
}

#[test]
#[ignore = "needs the AWS CLI; .ci/run installs it and runs the tests named interop"]
fn interop_organizations_pages_by_itself() {
    let cli = Cli::payer();
    let answer = cli.json(&["organizations", "list-accounts"]);
    let accounts = answer["Accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), MEMBERS as usize);
    assert_eq!(accounts[0]["State"], "ACTIVE");
    assert_eq!(cli.server.counts().organizations, 3);
}

#[test]
#[ignore = "needs the AWS CLI; .ci/run installs it and runs the tests named interop"]
fn interop_cloudtrail_pages_by_itself() {
    let cli = Cli::payer();
    let answer = cli.json(&["cloudtrail", "lookup-events", "--region", "eu-west-1"]);
    let events = answer["Events"].as_array().unwrap();
    assert_eq!(events.len(), EVENTS);
    assert_eq!((&events[0]["EventName"], &events[0]["ReadOnly"]), (&Value::from("AssumeRole"), &Value::from("true")));
    assert_eq!(cli.server.counts().cloudtrail, 3);
    let attribute = "AttributeKey=EventName,AttributeValue=AssumeRole";
    let answer = cli.json(&["cloudtrail", "lookup-events", "--region", "eu-west-1", "--lookup-attributes", attribute]);
    assert_eq!(answer["Events"].as_array().unwrap().len(), EVENTS / 10);
    let (ok, _, error) = cli.run(&["cloudtrail", "lookup-events", "--region", "me-south-1"]);
    assert!(!ok && error.contains("(UnrecognizedClientException)"), "{error}");
}

#[test]
#[ignore = "needs the AWS CLI; .ci/run installs it and runs the tests named interop"]
fn interop_cost_explorer_pages_by_hand() {
    let cli = Cli::payer();
    let ask = [
        "ce",
        "get-cost-and-usage",
        "--time-period",
        "Start=2026-11-01,End=2026-11-23",
        "--granularity",
        "DAILY",
        "--metrics",
        "UnblendedCost",
        "--group-by",
        "Type=DIMENSION,Key=LINKED_ACCOUNT",
        "Type=DIMENSION,Key=SERVICE",
    ];
    let first = cli.json(&ask);
    let rows = |answer: &Value| {
        let days = answer["ResultsByTime"].as_array().unwrap();
        days.iter().map(|day| day["Groups"].as_array().unwrap().len()).sum::<usize>()
    };
    let group = &first["ResultsByTime"][0]["Groups"][0];
    assert_eq!(group["Keys"], serde_json::json!([PAYER.to_string(), EC2]));
    assert_eq!(group["Metrics"]["UnblendedCost"], serde_json::json!({"Amount": "1.0000000001", "Unit": "USD"}));
    let token = first["NextPageToken"].as_str().unwrap();
    let second = cli.json(&[&ask[..], &["--next-page-token", token]].concat());
    assert_eq!((rows(&first), rows(&second)), (1_000, 125));
    assert!(second["NextPageToken"].is_null());
    let (ok, _, error) = cli.run(&[
        "ce",
        "get-cost-and-usage",
        "--time-period",
        "Start=2026-11-01,End=2026-11-01",
        "--granularity",
        "DAILY",
        "--metrics",
        "UnblendedCost",
    ]);
    assert!(!ok && error.contains("(ValidationException)"), "{error}");
    assert!(error.contains("Start date (and hour) should be before end date (and hour)"), "{error}");
}
