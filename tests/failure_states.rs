//! Every state in which a connection can fail, end to end: a switch of the simulator, the real binary, the code in the
//! JSON and the words with the next step.

#[path = "failure_states/access.rs"]
mod access;
mod program;
#[path = "failure_states/scene.rs"]
mod scene;

use bailiwick::{
    domain::FixedClock,
    sim::{
        server::{Action, ServeOptions, Service, SimServer, Trouble},
        world::World,
    },
};
use scene::{CLIENT, NOW, Scene, fails, probe, state, told};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

#[test]
fn three_reasons_for_one_refusal_are_told_apart() {
    let scene = Scene::new();
    scene.config("trusted_principal = \"arn:aws:iam::999999999999:role/ops\"\n");
    scene.troubles([Trouble::PrincipalNotTrusted.everywhere()]);
    fails(
        &scene.connect(0, &[]),
        "principal_not_trusted",
        "and the roles we render trust arn:aws:iam::999999999999:role/ops",
        "AWS_PROFILE",
    );
    scene.config(&format!("trusted_principal = \"{}\"\n", scene.world.agency.user_arn));

    // Nothing is known of the client yet, so nothing tells which of the three it is.
    for trouble in [Trouble::RoleMissing, Trouble::ExternalIdWrong, Trouble::PrincipalNotTrusted] {
        scene.troubles([trouble.everywhere()]);
        fails(
            &scene.connect(0, &[]),
            "trust_refused",
            "AWS does not say whether it does not exist",
            "connection diagnose",
        );
    }
    assert_eq!(scene.program.json(&["client", "list", "--json"])["clients"][0]["connections"], 0);

    // The payer's role opens, the member's does not: same identity, same ExternalId.
    scene.troubles([Trouble::RoleMissing.at(scene.account(1).id)]);
    let (code, payer) = scene.connect(0, &[]);
    assert_eq!((code, &payer["gate"], &payer["kind"]), (0, &"passed".into(), &"payer".into()), "{payer}");
    let opens = format!("the role in {} opens for the same identity", scene.account(0).id);
    fails(&scene.connect(1, &[]), "role_missing", &opens, "stack set has reached this account");
}

#[test]
fn what_the_roles_owner_sees_of_it_decides_which_it_is() {
    let scene = Scene::new();
    let us = scene.world.agency.user_arn.clone();
    let made = scene.program.json(&["client", "show", CLIENT, "--reveal-external-id", "--json"]);
    let id = made["external_id"].as_str().unwrap().to_owned();
    let (arn, file) = (scene.arn(0), scene.program.path("role.json"));
    let document = |principal: &str, external_id: &str| {
        let statement = serde_json::json!({
            "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        });
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
        serde_json::json!({"Role": {"Arn": arn, "AssumeRolePolicyDocument": policy}}).to_string()
    };
    let missing = "An error occurred (NoSuchEntity) when calling the GetRole operation: The role cannot be found.";
    for (text, code, words) in [
        (missing.to_owned(), "role_missing", "there is no role"),
        (document("arn:aws:iam::999999999999:root", &id), "principal_not_trusted", "does not name us"),
        (document(&us, "bw-somebody-elses"), "external_id_wrong", "asks for another ExternalId"),
    ] {
        std::fs::write(&file, text).unwrap();
        // Who we are is asked of AWS, or given.
        for more in [vec![], vec!["--principal", &us]] {
            let arguments = ["connection", "diagnose", CLIENT, "--role-arn", &arn, "--document", "role.json", "--json"];
            let (exit, told) = told(&scene.program.run(&[&arguments[..], &more].concat()));
            assert_eq!((exit, &told["code"], &told["fits"]), (1, &code.into(), &false.into()), "{told}");
            assert!(told["what"].as_str().unwrap().contains(words) && told["next_step"].is_string(), "{told}");
        }
    }
    std::fs::write(&file, document(&us, &id)).unwrap();
    let fits = scene.program.ok(&["connection", "diagnose", CLIENT, "--role-arn", &arn, "--document", "role.json"]);
    assert!(fits.contains("lets us in") && !fits.contains(&id), "{fits}");
    std::fs::write(&file, "no document").unwrap();
    let none = ["connection", "diagnose", CLIENT, "--role-arn", &arn, "--document", "role.json", "--principal", &us];
    assert!(scene.program.refused(1, &none).contains("is not what `aws iam get-role"));
}

#[test]
fn an_imported_external_id_is_told_to_be_the_wrong_one() {
    let scene = Scene::new();
    // The role asks for the ExternalId that was made for this client, and another one is given.
    let made = scene.program.json(&["client", "show", CLIENT, "--reveal-external-id", "--json"]);
    let mut world = World::generate(scene.world.config.clone());
    let account = world.accounts.iter_mut().find(|a| a.id == scene.account(0).id).unwrap();
    account.roles[0].external_id = Some(made["external_id"].as_str().unwrap().to_owned());
    let clock = Arc::new(FixedClock(NOW.parse().unwrap()));
    let server = SimServer::start(Arc::new(world), clock, ServeOptions::default()).unwrap();
    let scene = Scene { program: scene.program.with("AWS_ENDPOINT_URL", &server.url()), ..scene };
    fails(
        &scene.connect(0, &[]),
        "external_id_wrong",
        "does not open with the ExternalId that was given, but with the one bailiwick made",
        "connect it without --external-id",
    );
}

#[test]
fn a_role_that_opens_without_its_external_id_is_quarantined_until_an_override() {
    let scene = Scene::new();
    let payer = scene.account(0).id;
    for (trouble, open) in [
        (Trouble::ExternalIdIgnored, ["no_external_id", "random_external_id", "decoy_external_id"].as_slice()),
        (Trouble::ExternalIdLoose, &["decoy_external_id"]),
    ] {
        scene.troubles([trouble.at(payer)]);
        let (code, report) = scene.connect(0, &[]);
        assert_eq!(
            (code, &report["gate"], &report["code"]),
            (1, &"quarantined".into(), &"quarantined".into()),
            "{report}"
        );
        let failed: Vec<&str> = report["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| r["outcome"] == "failed")
            .map(|r| r["probe"].as_str().unwrap())
            .collect();
        assert_eq!(failed, open);
        assert!(report["next_step"].as_str().unwrap().contains("sts:ExternalId"), "{report}");
    }
    let findings = scene.program.json(&["--now", NOW, "findings", "--json"]);
    let critical = findings["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["check"] == "CONN-035")
        .unwrap_or_else(|| panic!("{findings}"));
    assert_eq!(critical["severity"], "critical");

    // Nothing is read through it.
    let before = scene.server.counts();
    let synced = scene.program.run(&["--now", NOW, "sync"]);
    assert_eq!(synced.code, 2, "{synced:?}");
    assert!(format!("{synced:?}").contains("can be assumed without its ExternalId"), "{synced:?}");
    assert_eq!(scene.server.counts().cloudtrail, before.cloudtrail);

    // An override needs its words and its reason, is noted, and only then is the role used.
    let (client, id) = (CLIENT, payer.to_string());
    let name = format!("{client}/{id}");
    let over = ["--now", NOW, "connection", "override", client, &id, "--reason", "mended on Monday"];
    let refused = scene.program.refused(2, &over);
    assert!(refused.contains(&format!("--yes {name}")), "{refused}");
    let view = scene.program.json(&[&over[..], &["--yes", &name, "--json"]].concat());
    assert_eq!((&view["gate"], &view["override_reason"]), (&"overridden".into(), &"mended on Monday".into()));
    let log = scene.program.json(&["audit", "list", "--action", "gate.override", "--json"]);
    assert!(log.to_string().contains("opens without the ExternalId: mended on Monday"), "{log}");
    let synced = scene.program.run(&["--now", NOW, "sync"]);
    assert_eq!(synced.code, 0, "{synced:?}");
    assert!(synced.error.contains("used because of an override"), "{synced:?}");
    assert!(scene.server.counts().cloudtrail > before.cloudtrail);
    let again = scene.program.refused(1, &[&over[..], &["--yes", &name]].concat());
    assert!(again.contains("is not in quarantine"), "{again}");

    // Mended, it passes and the finding is closed.
    scene.troubles([]);
    let (code, tested) = told(&scene.program.run(&["--now", NOW, "connection", "test", client, &id, "--json"]));
    assert_eq!((code, &tested["connections"][0]["gate"]), (0, &"passed".into()), "{tested}");
    let findings = scene.program.json(&["--now", NOW, "findings", "--json"]);
    let open = findings["rows"].as_array().unwrap().iter().any(|f| f["check"] == "CONN-035" && f["state"] == "open");
    assert!(!open, "{findings}");
}

#[test]
fn what_a_service_says_is_a_state_of_its_own_and_the_connection_is_kept() {
    let scene = Scene::new();
    let ce = "costs";
    scene.troubles([Trouble::ActionMissing(Action::GetCostAndUsage).everywhere()]);
    let told = scene.connect(0, &["--kind", "payer"]);
    state(
        &told,
        ce,
        "failed",
        "action_missing",
        "ce:GetCostAndUsage is refused",
        "add ce:GetCostAndUsage to the role's policy",
    );
    scene.troubles([Trouble::DeniedByOrganization(Action::LookupEvents).at(scene.account(0).id)]);
    let told = scene.connect(0, &["--kind", "payer"]);
    state(&told, "events", "failed", "denied_by_organization", "service control policy", "exempt the role");
    scene.troubles([Trouble::CostExplorerNeverEnabled.everywhere()]);
    state(
        &scene.connect(0, &[]),
        ce,
        "state",
        "cost_explorer_never_enabled",
        "was never enabled",
        "open Cost Explorer once",
    );
    scene.troubles([Trouble::CostExplorerNoData.everywhere()]);
    state(&scene.connect(0, &[]), ce, "state", "cost_explorer_no_data", "has no data yet", "24 hours");
    scene.troubles([
        Trouble::CostExplorerBlockedByPayer.at(scene.account(0).id),
        Trouble::NotManagementAccount.everywhere(),
    ]);
    let told = scene.connect(0, &["--kind", "standalone"]);
    state(&told, ce, "state", "cost_explorer_blocked_by_payer", "keeps Cost Explorer from its members", "payer");
    state(
        &told,
        "accounts",
        "state",
        "not_management_account",
        "not the management account",
        "connect the management account",
    );
    let told = scene.connect(0, &["--kind", "payer"]);
    state(
        &told,
        "accounts",
        "failed",
        "not_management_account",
        "not the management account",
        "connect the management account",
    );
    scene.troubles([Trouble::NotInOrganization.everywhere()]);
    let told = scene.connect(0, &[]);
    state(&told, "accounts", "state", "not_in_organization", "not in an organization", "standalone");
    assert_eq!(told.1["kind"], "standalone");
    scene.troubles([Trouble::Throttled(Some(Service::CostExplorer)).everywhere()]);
    state(
        &scene.connect(0, &["--kind", "payer"]),
        ce,
        "failed",
        "throttled",
        "slow down on ce:GetCostAndUsage",
        "try again later",
    );
    // CloudTrail alone is switched off in the region it is asked in, and STS answers elsewhere: a region that is not
    // enabled is met in a sync.
    scene.troubles([Trouble::RegionDisabled("eu-central-1".parse().unwrap()).everywhere()]);
    let synced = scene.program.run(&["--now", NOW, "sync", "--json"]);
    let last: Value = serde_json::from_str(synced.out.lines().last().unwrap()).unwrap();
    let text = last.to_string();
    assert!(text.contains("\"region_disabled\"") && text.contains("unless the client enables the region"), "{last}");
}

#[test]
fn what_is_wrong_on_our_side_is_said_before_the_role_is_blamed() {
    let scene = Scene::new();
    let cases: [(Trouble, &str, &str, &str); 7] = [
        (
            Trouble::OwnPermissionMissing,
            "own_permission_missing",
            "our own identity may not assume roles",
            "allow sts:AssumeRole",
        ),
        (Trouble::CredentialsExpired, "credentials_expired", "our own AWS credentials have expired", "aws sso login"),
        (
            Trouble::CredentialsRefused,
            "credentials_refused",
            "AWS does not accept our own AWS credentials",
            "check the profile",
        ),
        (Trouble::ClockSkew, "clock_skew", "this machine's clock is wrong", "set the clock"),
        (
            Trouble::WrongPartition,
            "wrong_partition",
            "and our own credentials are of aws-cn",
            "credentials of the role's partition",
        ),
        (Trouble::WrongAccount, "wrong_account", "lead into account", "of the right account"),
        (
            Trouble::RegionDisabled("us-east-1".parse().unwrap()),
            "region_disabled",
            "STS is switched off in this region",
            "activate STS",
        ),
    ];
    for (trouble, code, what, next) in cases {
        scene.troubles([trouble.everywhere()]);
        fails(&scene.connect(0, &[]), code, what, next);
    }
    // A role of another partition than ours.
    scene.troubles([]);
    let arn = scene.arn(0).replace("arn:aws:", "arn:aws-us-gov:");
    let report = told(&scene.program.run(&["--now", NOW, "connect", CLIENT, "--role-arn", &arn, "--json"]));
    fails(
        &report,
        "wrong_partition",
        "is in the partition aws-us-gov",
        "no role reaches from one partition into another",
    );
    assert_eq!(scene.program.json(&["client", "list", "--json"])["clients"][0]["connections"], 0);
}

#[test]
fn nobody_answers_and_what_was_known_stays() {
    let scene = Scene::new();
    let (code, _) = scene.connect(0, &[]);
    assert_eq!(code, 0);
    scene.troubles([Trouble::Offline.everywhere()]);
    let id = scene.account(0).id.to_string();
    let (code, tested) = told(&scene.program.run(&["--now", NOW, "connection", "test", CLIENT, &id, "--json"]));
    // The gate was passed before, and no answer proves nothing.
    let report = &tested["connections"][0];
    assert_eq!((code, &report["gate"]), (0, &"passed".into()), "{report}");
    assert_eq!(probe(report, "opens")["code"], "offline", "{report}");
    fails(&scene.connect(1, &[]), "offline", "no answer from AWS for sts:AssumeRole", "check the network");
}

#[test]
fn a_suspended_member_is_told_by_its_organization() {
    let scene = Scene::new();
    let member = scene.account(1).id;
    scene.troubles([Trouble::AccountSuspended.at(member)]);
    assert_eq!(scene.connect(0, &[]).0, 0);
    // The sync lists the accounts; what it fails at is another matter.
    scene.program.run(&["--now", NOW, "sync"]);
    fails(
        &scene.connect(1, &[]),
        "account_suspended",
        "is suspended in its organization",
        "what was read before stays",
    );
    let accounts = scene.program.json(&["--now", NOW, "accounts", "--json"]);
    let row = accounts["rows"].as_array().unwrap().iter().find(|a| a["account"] == member.to_string()).unwrap();
    assert_eq!(row["state"], "SUSPENDED");

    // One that left is shown, with the day.
    scene.troubles([Trouble::LeftOrganization.at(member)]);
    let later = "2026-11-23T02:14:55Z";
    scene.program.run(&["--now", later, "sync"]);
    let accounts = scene.program.json(&["--now", later, "accounts", "--json"]);
    let row = accounts["rows"].as_array().unwrap().iter().find(|a| a["account"] == member.to_string()).unwrap();
    assert_eq!((&row["state"], &row["left_at"]), (&"LEFT".into(), &later.into()), "{row}");
}

#[test]
fn every_session_is_named_limited_and_recognisable_in_the_clients_own_log() {
    let scene = Scene::new();
    assert_eq!(scene.connect(0, &[]).0, 0);
    scene.program.ok(&["--now", NOW, "sync"]);
    let assumed = scene.server.assumed();
    assert!(assumed.len() > 8);
    let mut jobs = BTreeSet::new();
    for request in &assumed {
        let parts: Vec<&str> = request.session_name.splitn(4, '-').collect();
        let [tool, vault, run, operator] = parts.as_slice() else { panic!("{request:?}") };
        let hex = |text: &str| text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(*tool == "bailiwick" && hex(vault) && hex(run) && *operator == "ines", "{request:?}");
        assert!(request.session_name.len() <= 64 && request.user_agent.contains("app/bailiwick"), "{request:?}");
        let policy: Value = serde_json::from_str(request.policy.as_ref().unwrap()).unwrap();
        let statement = &policy["Statement"][0];
        jobs.insert((
            statement["Effect"].as_str().unwrap().to_owned(),
            statement["Action"].as_str().unwrap().to_owned(),
        ));
    }
    let job = |effect: &str, action: &str| (effect.to_owned(), action.to_owned());
    let expected = [
        job("Allow", "ce:GetCostAndUsage"),
        job("Allow", "cloudtrail:LookupEvents"),
        job("Allow", "organizations:ListAccounts"),
        job("Deny", "*"),
    ];
    assert_eq!(jobs, BTreeSet::from(expected));
    // Each wrong ExternalId was refused.
    assert_eq!(assumed.iter().filter(|r| !r.granted).count(), 3);
    assert_eq!(assumed.iter().filter(|r| !r.external_id_given).count(), 1);
}

#[test]
fn hostile_input_is_refused_in_plain_words_and_changes_nothing() {
    let scene = Scene::new();
    let long = "x".repeat(10_240);
    let cases: [&[&str]; 13] = [
        &["client", "add", "acme\u{202e}"],
        &["client", "add", &long],
        &["client", "add", "other", "--name", "a\u{1b}[31mred"],
        &["client", "add", "other", "--name", &long],
        &["client", "add", "other", "--notes", "line\nbreak"],
        &["client", "add", "other", "--currency", "usd"],
        &["client", "add", "other", "--budget", "-1"],
        &["connect", CLIENT, "--role-arn", "arn:aws:iam::123456789012:role/x\u{202e}y"],
        &["connect", CLIENT, "--role-arn", "arn:azure:iam::123456789012:role/x"],
        &["connect", CLIENT, "--role-arn", &format!("arn:aws:iam::123456789012:role/{long}")],
        &["connect", CLIENT, "--profile", "a b"],
        &["connect", CLIENT, "--role-arn", "arn:aws:iam::123456789012:role/x", "--external-id", &long],
        &["connect", CLIENT, "--role-arn", "arn:aws:iam::123456789012:role/x", "--alias", "zero\u{200b}width"],
    ];
    let before = scene.program.ok(&["client", "list", "--json"]);
    for arguments in cases {
        let ran = scene.program.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(ran.error.len() < 1_500, "{} bytes of error", ran.error.len());
        assert!(!ran.error.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{ran:?}");
    }
    let exclusive = scene.program.run(&["connect", CLIENT, "--profile", "a", "--role-arn", &scene.arn(0)]);
    assert_eq!(exclusive.code, 2, "{exclusive:?}");
    assert_eq!(scene.program.ok(&["client", "list", "--json"]), before);
}
