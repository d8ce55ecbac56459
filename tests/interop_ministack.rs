//! The gate against an STS of somebody else's making that evaluates trust policies: ministack with its authentication on.
//!
//! `BAILIWICK_MINISTACK` and `BAILIWICK_AWSCLI` name the programs; without them they are taken from the path.

mod emulator;
mod program;

use bailiwick::{
    aws::{BaseCredentials, Pace, Pacer, RetryPolicy, SdkCloud},
    connect::{Evidence, Gate, Subject, Verdict, caller},
    domain::{Access, ConnectionKind, FailureKind, FixedClock, GateState, Probe, ProbeOutcome, Timestamp},
};
use emulator::{Emulator, Keys};
use program::Program;
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

/// The client's account and ours. For ministack the access key of an account's root is the account's id.
const CLIENT: &str = "444455556666";
const AGENCY: &str = "111122223333";
const EXTERNAL_ID: &str = "acme-7f3a9c52d1";
/// The key that bailiwick itself signs with when it is told to use a simulator.
const OWN_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const OWN_SECRET: &str = "simulated";

/// Two roles in the client's account: `tight` demands the ExternalId, `loose` does not.
fn ministack() -> Emulator {
    let emulator = Emulator::start("BAILIWICK_MINISTACK", "ministack", |command, port| {
        command
            .env("AUTH", "true")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("PERSIST_STATE", "0")
            // Both of these would listen on all interfaces.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            // The keys of the root of its own account, 000000000000, and the secret of every root.
            .env("AWS_ACCESS_KEY_ID", OWN_KEY)
            .env("AWS_SECRET_ACCESS_KEY", OWN_SECRET);
    });
    let ours = [AGENCY, "000000000000"].map(|account| format!("arn:aws:iam::{account}:root"));
    for (role, condition) in [("tight", Some(EXTERNAL_ID)), ("loose", None)] {
        let mut statement = serde_json::json!({
            "Effect": "Allow", "Principal": {"AWS": ours}, "Action": "sts:AssumeRole",
        });
        if let Some(id) = condition {
            statement["Condition"] = serde_json::json!({"StringEquals": {"sts:ExternalId": id}});
        }
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let create = ["iam", "create-role", "--role-name", role, "--path", "/bailiwick/"];
        emulator
            .aws(&Keys::new(CLIENT, OWN_SECRET), &[&create[..], &["--assume-role-policy-document", &policy]].concat());
        let may = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":["ce:GetCostAndUsage",
            "cloudtrail:LookupEvents","organizations:ListAccounts"]}]}"#;
        let put = ["iam", "put-role-policy", "--role-name", role, "--policy-name", "read", "--policy-document", may];
        emulator.aws(&Keys::new(CLIENT, OWN_SECRET), &put);
    }
    emulator
}

/// A user of the agency who may assume roles, as an operator has one.
fn operator(emulator: &Emulator) -> Keys {
    let root = Keys::new(AGENCY, OWN_SECRET);
    let may = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#;
    emulator.aws(&root, &["iam", "create-user", "--user-name", "ines"]);
    let put = ["iam", "put-user-policy", "--user-name", "ines", "--policy-name", "assume", "--policy-document", may];
    emulator.aws(&root, &put);
    let key = emulator.aws(&root, &["iam", "create-access-key", "--user-name", "ines"]);
    let text = |name: &str| key["AccessKey"][name].as_str().unwrap().to_owned();
    Keys { id: text("AccessKeyId"), secret: text("SecretAccessKey") }
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::{CLIENT}:role/bailiwick/{role}")
}

/// ministack refuses signatures that are more than some minutes old, so this is the one place for the real present.
#[expect(clippy::disallowed_methods, reason = "the emulator compares it with its own clock")]
fn present() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_second(i64::try_from(since.as_secs()).unwrap())
}

#[test]
#[ignore = "needs ministack and the AWS CLI; .ci/run installs them and runs the tests named interop"]
fn interop_gate_tells_a_tight_trust_policy_from_a_loose_one() {
    let emulator = ministack();
    let now = present();
    let test = |role: &str, external_id: &str| -> Verdict {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = emulator.url();
            let cloud = SdkCloud::connect(BaseCredentials::Simulator { url }, Arc::new(FixedClock(now))).await;
            let pacer = Pacer::new(Pace::AWS_LIMIT, RetryPolicy { attempts: 1, ..RetryPolicy::default() }, 1);
            let caller = caller(&cloud, Duration::from_secs(30)).await;
            let gate = Gate { cloud: &cloud, pacer: &pacer, session_name: "bailiwick-test", now, caller: &caller };
            let subject = Subject {
                access: &Access::Role { role: arn(role).parse().unwrap() },
                kind: Some(ConnectionKind::Payer),
                external_id: &external_id.parse().unwrap(),
                own_external_id: None,
                key: None,
                evidence: Evidence::default(),
                before: GateState::Untested,
            };
            gate.test_trust(&subject).await
        })
    };
    let outcomes = |verdict: &Verdict| -> Vec<(Probe, bool)> {
        let passed = |o: &ProbeOutcome| matches!(o, ProbeOutcome::Passed { .. });
        verdict.results.iter().map(|r| (r.probe, passed(&r.outcome))).collect()
    };
    let wrong = [Probe::NoExternalId, Probe::RandomExternalId, Probe::DecoyExternalId];
    let first = [Probe::Caller, Probe::SessionPolicy, Probe::Opens, Probe::Account];
    for (role, tight) in [("tight", true), ("loose", false)] {
        let verdict = test(role, EXTERNAL_ID);
        let state = if tight { GateState::Passed { at: now } } else { GateState::Quarantined { at: now } };
        assert_eq!((&verdict.state, verdict.requests.sts), (&state, 5), "{verdict:?}");
        let expected: Vec<(Probe, bool)> =
            first.into_iter().map(|probe| (probe, true)).chain(wrong.into_iter().map(|probe| (probe, tight))).collect();
        assert_eq!(outcomes(&verdict), expected);
    }
    for (role, external_id) in [("tight", "somebody-elses"), ("absent", EXTERNAL_ID)] {
        let verdict = test(role, external_id);
        let GateState::Failed { at, failure } = &verdict.state else { panic!("{role} {external_id}: {verdict:?}") };
        assert_eq!((*at, verdict.requests.sts, failure.kind), (now, 1, FailureKind::TrustRefused));
        assert!(failure.what.starts_with(&arn(role)), "{failure:?}");
        assert!(failure.next_step.contains("aws iam get-role --role-name"), "{failure:?}");
    }
}

#[test]
#[ignore = "needs ministack and the AWS CLI; .ci/run installs them and runs the tests named interop"]
fn interop_connect_keeps_only_a_role_that_demands_its_external_id() {
    let emulator = ministack();
    let keys = operator(&emulator);
    says_what_the_cli_sees(&emulator, &keys);
    let program = Program::with_vault().calling(&emulator.url(), &keys.id, &keys.secret);
    program.ok(&["client", "add", "acme"]);
    let connect = |role: &str, external_id: &str| {
        let role = arn(role);
        ["connect", "acme", "--kind", "payer", "--json", "--role-arn", &role, "--external-id", external_id]
            .map(str::to_owned)
    };
    let run = |role: &str, external_id: &str| -> (i32, serde_json::Value) {
        let ran = program.run(&connect(role, external_id).each_ref().map(String::as_str));
        (ran.code, serde_json::from_str(&ran.out).unwrap())
    };
    let list = |program: &Program| program.json(&["client", "list", "--json"])["clients"][0].clone();
    let (code, wrong) = run("tight", "somebody-elses");
    assert_eq!((code, &wrong["code"], &wrong["kept"]), (1, &"trust_refused".into(), &false.into()), "{wrong}");
    assert_eq!(list(&program)["connections"], 0, "what does not open is not kept");
    let (_, kept) = run("tight", EXTERNAL_ID);
    assert_eq!(
        (&kept["role"], &kept["kind"], &kept["gate"]),
        (&arn("tight").into(), &"payer".into(), &"passed".into()),
        "{kept}"
    );
    assert_eq!(list(&program)["gates"], serde_json::json!(["1 passed"]));
    // The same account's other role opens to anybody.
    let (code, loose) = run("loose", EXTERNAL_ID);
    assert_eq!((code, &loose["gate"], &loose["code"]), (1, &"quarantined".into(), &"quarantined".into()), "{loose}");
    assert_eq!(list(&program)["gates"], serde_json::json!(["1 quarantined"]));
    let findings = program.json(&["findings", "--json"]);
    assert_eq!(
        (&findings["rows"][0]["check"], &findings["rows"][0]["severity"]),
        (&"CONN-035".into(), &"critical".into()),
        "{findings}"
    );
}

/// The emulator does what the tests rely on, as an unmodified client of it sees.
fn says_what_the_cli_sees(emulator: &Emulator, keys: &Keys) {
    let assume = |role: &str, external_id: Option<&str>| {
        let mut arguments = vec!["sts".to_owned(), "assume-role".into(), "--role-session-name".into(), "cli".into()];
        arguments.extend(["--role-arn".into(), arn(role)]);
        arguments.extend(external_id.into_iter().flat_map(|id| ["--external-id".to_owned(), id.to_owned()]));
        arguments
    };
    let opens = |role: &str, id: Option<&str>| {
        let session = emulator.aws(keys, &assume(role, id).iter().map(String::as_str).collect::<Vec<_>>());
        assert!(session["Credentials"]["SessionToken"].is_string());
    };
    opens("tight", Some(EXTERNAL_ID));
    opens("loose", None);
    opens("loose", Some("somebody-elses"));
    for id in [None, Some("somebody-elses")] {
        let error = emulator.aws_refused(keys, &assume("tight", id).iter().map(String::as_str).collect::<Vec<_>>());
        assert!(error.contains("(AccessDenied)"), "{error}");
    }
}
