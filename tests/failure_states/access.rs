//! Connections by other means than a role: a profile, and an access key.

use crate::{
    program::private_file,
    scene::{CLIENT, NOW, Scene, fails, probe, told},
};
use bailiwick::sim::server::{Action, Trouble};

#[test]
fn a_profile_works_as_a_connection_and_a_login_that_is_over_says_so() {
    let scene = Scene::new();
    std::fs::write(
        scene.program.path("aws-credentials"),
        "[acme-audit]\naws_access_key_id = ASIAPROFILEPROFILEPR\naws_secret_access_key = any\naws_session_token = token-of-the-profile\n",
    )
    .unwrap();
    let sso = "[profile acme-sso]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Audit\nregion = us-east-1\n\
               [sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n";
    std::fs::write(scene.program.path("aws-config"), sso).unwrap();
    let connect =
        |profile: &str| told(&scene.program.run(&["--now", NOW, "connect", CLIENT, "--profile", profile, "--json"]));
    let (code, report) = connect("acme-audit");
    assert_eq!((code, &report["gate"], &report["access"]), (0, &"passed".into(), &"profile".into()), "{report}");
    assert_eq!((&report["account"], &report["kind"]), (&scene.account(0).id.to_string().into(), &"payer".into()));
    let skipped: Vec<&str> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["outcome"] == "skipped")
        .map(|r| r["probe"].as_str().unwrap())
        .collect();
    assert_eq!(skipped, ["caller", "session_policy", "no_external_id", "random_external_id", "decoy_external_id"]);
    let synced = scene.program.run(&["--now", NOW, "sync"]);
    assert_eq!((synced.code, synced.error.as_str()), (0, ""), "{synced:?}");

    fails(&connect("acme-sso"), "sso_login_expired", "profile acme-sso is over", "aws sso login --profile acme-sso");
    fails(&connect("nobody"), "credentials_missing", "profile nobody", "aws sso login --profile nobody");
}

#[test]
fn an_access_key_is_sealed_warned_of_each_time_and_refused_for_root() {
    let scene = Scene::new();
    let file = scene.program.path("key.csv");
    private_file(
        &file,
        "Access key ID,Secret access key\nAKIAROOTROOTROOTROOT,root-secret-root-secret-root-secret-root\n",
    );
    let path = file.to_str().unwrap().to_owned();
    let connect = ["--now", NOW, "connect", CLIENT, "--access-key-file", &path, "--json"];
    let root = told(&scene.program.run(&connect));
    fails(&root, "root_credentials", "is the root user of account", "delete that key");
    assert_eq!(scene.program.json(&["client", "list", "--json"])["clients"][0]["connections"], 0);

    let secret = "user-secret-user-secret-user-secret-user";
    private_file(&file, &format!("AKIAUSERUSERUSERUSER\n{secret}\n"));
    let ran = scene.program.run(&connect);
    let (code, report) = told(&ran);
    assert_eq!(
        (code, &report["gate"], &report["through"]),
        (0, &"passed".into(), &"access key AKIA…USER".into()),
        "{report}"
    );
    assert!(ran.error.contains("warning: the long-lived access key AKIA…USER is kept here since today"), "{ran:?}");
    std::fs::remove_file(&file).unwrap();

    let later = "2026-11-28T02:14:55Z";
    let synced = scene.program.run(&["--now", later, "sync"]);
    assert_eq!(synced.code, 0, "{synced:?}");
    assert!(synced.error.contains("is kept here for 6 days"), "{synced:?}");
    // Neither the secret nor the whole id is anywhere but sealed.
    let shown = scene.program.ok(&["connection", "list", "--json"]);
    for text in [&synced.error, &synced.out, &ran.out, &ran.error, &shown] {
        assert!(!text.contains(secret) && !text.contains("AKIAUSERUSERUSERUSER"), "{text}");
    }
    let mut files = vec![scene.program.path("bailiwick")];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            for secret in [secret, "AKIAUSERUSERUSERUSER"] {
                let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
                assert!(!found, "{} holds a secret", path.display());
            }
        }
    }
    // Its policy lacks an action: that is said of the key, as of a role.
    scene.troubles([Trouble::ActionMissing(Action::LookupEvents).everywhere()]);
    let id = scene.account(0).id.to_string();
    let (_, tested) = told(&scene.program.run(&["--now", later, "connection", "test", CLIENT, &id, "--json"]));
    assert_eq!(probe(&tested["connections"][0], "events")["code"], "action_missing", "{tested}");
}
