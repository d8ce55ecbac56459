//! Properties of evaluation as a whole, over the records of all test cases together.

use super::{AccountContext, CheckState, Checks, Hit, merge, rules::BUILTIN};
use crate::{
    domain::{AccountId, ClientId, Finding, FindingId, FindingState, RoleArn},
    trail::{self, Home, Record, record},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

static CHECKS: LazyLock<Checks> = LazyLock::new(|| Checks::builtin().unwrap());
static RECORDS: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let files = BUILTIN
        .dirs()
        .flat_map(|family| family.files())
        .filter(|f| f.path().to_string_lossy().ends_with(".tests.json"));
    let mut records: Vec<Record> = files
        .flat_map(|file| serde_json::from_slice::<Vec<Value>>(file.contents()).unwrap())
        .flat_map(|case| case["records"].as_array().cloned().unwrap_or_default())
        .map(|json| record(&json, &Home::default()).unwrap())
        .collect();
    records.sort_by_key(|r| (r.event.time, r.event.id));
    records
});

struct World {
    client: ClientId,
    own: BTreeSet<AccountId>,
    roles: Vec<RoleArn>,
}

impl World {
    fn new() -> Self {
        Self {
            client: "acme".parse().unwrap(),
            own: [account()].into(),
            roles: vec!["arn:aws:iam::111122223333:role/bailiwick/bailiwick-member".parse().unwrap()],
        }
    }

    fn run(&self, state: &mut CheckState, records: &[Record]) -> Vec<Hit> {
        CHECKS.evaluate_events(&self.context(), state, records)
    }

    fn context(&self) -> AccountContext<'_> {
        AccountContext {
            client: &self.client,
            account: account(),
            own_accounts: &self.own,
            agency_account: "999988887777".parse().ok(),
            own_roles: &self.roles,
            session_prefix: "bailiwick-",
        }
    }
}

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn open(hits: Vec<Vec<Hit>>) -> BTreeMap<FindingId, Finding> {
    let mut findings = BTreeMap::new();
    hits.into_iter().for_each(|hits| merge(&mut findings, hits));
    findings.retain(|_, finding| finding.state == FindingState::Open);
    findings
}

fn call(time: &str, region: &str, name: &str, actor: Value, asked: Value) -> Record {
    let json = json!({"eventTime": time, "eventSource": "ec2.amazonaws.com", "eventName": name, "awsRegion": region,
        "recipientAccountId": "111122223333", "userIdentity": actor, "requestParameters": asked, "readOnly": false,
        "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2.31.0", "responseElements": {"_return": true}});
    record(&json, &Home::default()).unwrap()
}

fn amy() -> Value {
    json!({"type": "IAMUser", "accountId": "111122223333", "userName": "amy", "arn": "arn:aws:iam::111122223333:user/amy"})
}

#[test]
fn a_set_of_checks_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&*CHECKS);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn the_order_of_records_changes_nothing(records in Just(RECORDS.clone()).prop_shuffle()) {
        let world = World::new();
        let (mut sorted, mut shuffled) = (CheckState::default(), CheckState::default());
        prop_assert_eq!(world.run(&mut sorted, &RECORDS), world.run(&mut shuffled, &records));
        prop_assert_eq!(sorted, shuffled);
    }

    #[test]
    fn the_pieces_of_an_evaluation_are_one(size in 1..60usize) {
        let world = World::new();
        let whole = world.run(&mut CheckState::default(), &RECORDS);
        let mut state = CheckState::default();
        let mut evaluation = CHECKS.evaluation(world.context(), &mut state);
        RECORDS.chunks(size).for_each(|piece| evaluation.take(piece));
        // What was told already is not told again.
        evaluation.take(&RECORDS[..size]);
        let kept = |hits: Vec<Hit>| {
            let mut findings = BTreeMap::new();
            merge(&mut findings, hits);
            findings
        };
        prop_assert_eq!(kept(evaluation.end()), kept(whole));
    }

    #[test]
    fn two_batches_are_one(at in 0..RECORDS.len()) {
        let world = World::new();
        let whole = open(vec![world.run(&mut CheckState::default(), &RECORDS)]);
        let mut state = CheckState::default();
        let (older, newer) = RECORDS.split_at(at);
        let first = world.run(&mut state, older);
        // Between batches the state goes through the vault.
        let mut state: CheckState = postcard::from_bytes(&postcard::to_stdvec(&state).unwrap()).unwrap();
        let second = world.run(&mut state, newer);
        prop_assert_eq!(open(vec![first, second]), whole);
    }

    #[test]
    fn hostile_text_anywhere_does_no_harm(text in any::<String>(), field in 0usize..6) {
        let mut records = RECORDS.clone();
        for record in &mut records {
            let path = ["/eventName", "/userAgent", "/userIdentity/arn", "/userIdentity/userName", "/sourceIPAddress", "/requestParameters"][field];
            let mut json = record.json.to_value();
            if let Some(value) = json.pointer_mut(path) {
                *value = text.clone().into();
            }
            if let Ok(changed) = trail::record(&json, &Home::default()) {
                *record = changed;
            }
        }
        for hit in World::new().run(&mut CheckState::default(), &records) {
            prop_assert!(!hit.title.for_tui(200).chars().any(char::is_control));
            prop_assert!(hit.count as usize == hit.event_ids.len());
        }
    }
}

#[test]
fn the_same_records_again_say_nothing_new() {
    let world = World::new();
    let mut state = CheckState::default();
    assert!(world.run(&mut state, &RECORDS).len() > 30);
    assert_eq!(world.run(&mut state, &RECORDS), []);
}

#[test]
fn a_record_cannot_bring_its_own_derived_fields_or_placeholders() {
    let mut json = RECORDS.iter().find(|r| r.event.name == "RunInstances").unwrap().json.to_value();
    json["bw.instances.large"] = true.into();
    json["bw"] = json!({"instances": {"large": true}});
    json["requestParameters"] = json!({"instanceType": "t3.micro"});
    json["responseElements"] = Value::Null;
    json["userIdentity"] = json!({"type": "Root", "accountId": "111122223333"});
    json["sourceIPAddress"] = "{bw.actor}".into();
    let hits = World::new().run(&mut CheckState::default(), &[record(&json, &Home::default()).unwrap()]);
    let found: Vec<&str> = hits.iter().map(|h| h.key.check.as_str()).collect();
    assert_eq!(found, ["CT-ROOT-001"]);
    assert!(hits[0].what.for_log().ends_with("from {bw.actor}"), "{:?}", hits[0].what);
}

#[test]
fn a_region_read_before_its_history_is_judged_again() {
    let usual: Vec<Record> = (1..=12)
        .map(|d| call(&format!("2026-10-{d:02}T09:00:00Z"), "eu-west-1", "CreateTags", amy(), json!({})))
        .collect();
    let start =
        call("2026-10-14T03:00:00Z", "ap-southeast-2", "RunInstances", amy(), json!({"instanceType": "p5.48xlarge"}));
    let world = World::new();
    let mut state = CheckState::default();
    let early = world.run(&mut state, std::slice::from_ref(&start));
    assert_eq!(early.iter().map(|h| h.key.check.as_str()).collect::<Vec<_>>(), ["CT-EC2-002"]);
    let mut state: CheckState = postcard::from_bytes(&postcard::to_stdvec(&state).unwrap()).unwrap();
    let late = world.run(&mut state, &usual);
    assert_eq!(late.iter().map(|h| h.key.check.as_str()).collect::<Vec<_>>(), ["CT-SEQ-010"]);
    let open = open(vec![early, late]);
    assert_eq!(open.values().map(|f| f.key.check.as_str()).collect::<Vec<_>>(), ["CT-SEQ-010"]);
}

#[test]
fn our_own_role_doing_anything_else_is_everybodys_business() {
    let ours = |name: &str, source: &str| {
        let json = json!({"eventTime": "2026-11-01T10:00:00Z", "eventSource": source, "eventName": name, "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333", "errorCode": "AccessDenied", "userIdentity": {"type": "AssumedRole",
            "accountId": "111122223333", "arn": "arn:aws:sts::111122223333:assumed-role/bailiwick-member/bailiwick-a-b-sam",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/bailiwick/bailiwick-member"}}}});
        World::new().run(&mut CheckState::default(), &[record(&json, &Home::default()).unwrap()]).len()
    };
    assert_eq!(ours("LookupEvents", "cloudtrail.amazonaws.com"), 0);
    assert_eq!(ours("ListUsers", "iam.amazonaws.com"), 1);
}

#[test]
fn our_own_refused_trust_test_is_no_finding_but_anybody_elses_with_our_key_is() {
    let refused = |agent: &str| {
        let json = json!({"eventTime": "2026-11-01T10:00:00Z", "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
            "awsRegion": "us-east-1", "recipientAccountId": "111122223333", "errorCode": "AccessDenied", "userAgent": agent,
            "userIdentity": {"type": "AWSAccount", "accountId": "999988887777", "principalId": "AIDAEXAMPLE"}});
        World::new().run(&mut CheckState::default(), &[record(&json, &Home::default()).unwrap()]).len()
    };
    assert_eq!(refused("aws-sdk-rust/1.3.3 ua/2.1 api/sts/1.124.0 os/linux lang/rust/1.95.0 app/bailiwick"), 0);
    assert_eq!(refused("aws-cli/2.31.0"), 1);
}

#[test]
fn files_are_evaluated_without_a_client_and_name_every_event() {
    let denied: Vec<Record> = (0..45)
        .map(|n| {
            let json = json!({"eventTime": format!("2026-11-01T10:00:{n:02}Z"), "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets",
                "recipientAccountId": if n % 3 == 0 { "444455556666" } else { "111122223333" }, "errorCode": "AccessDenied", "userIdentity": amy()});
            record(&json, &Home::default()).unwrap()
        })
        .collect();
    let hits = CHECKS.evaluate_files(&"files".parse().unwrap(), &denied);
    let told: Vec<(&str, String, usize, usize)> = hits
        .iter()
        .map(|h| (h.key.check.as_str(), h.key.account.to_string(), h.event_ids.len(), h.evidence.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("CT-RECON-001", "111122223333".to_owned(), 30, 20),
            ("CT-RECON-003", "111122223333".to_owned(), 30, 20),
            ("CT-RECON-001", "444455556666".to_owned(), 15, 15),
            ("CT-RECON-003", "444455556666".to_owned(), 15, 15),
        ]
    );
}

#[test]
fn files_of_one_day_show_a_gap_in_logging_and_call_nothing_new() {
    let switch = |time: &str, name: &str, trail: &str| {
        let json = json!({"eventTime": time, "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333", "userIdentity": amy(), "requestParameters": {"name": trail}});
        record(&json, &Home::default()).unwrap()
    };
    let records = [
        switch("2026-11-01T10:00:00Z", "StopLogging", "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"),
        switch("2026-11-01T10:40:00Z", "StartLogging", "main"),
        switch("2026-11-01T11:00:00Z", "StopLogging", "other"),
        call("2026-11-01T12:00:00Z", "ap-southeast-2", "RunInstances", amy(), json!({"instanceType": "p5.48xlarge"})),
    ];
    let hits = CHECKS.evaluate_files(&"files".parse().unwrap(), &records);
    let told: Vec<(&str, String)> =
        hits.iter().map(|h| (h.key.check.as_str(), h.key.subject.raw_for_matching().to_owned())).collect();
    assert_eq!(
        told,
        [
            ("CT-EC2-002", "arn:aws:iam::111122223333:user/amy".to_owned()),
            ("CT-TRAIL-001", "other".to_owned()),
            ("CT-TRAIL-050", "main".to_owned())
        ]
    );
}

#[test]
fn a_users_directory_is_loaded_beside_the_built_in_checks() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("team")).unwrap();
    let rule = "title: Tagging\nid: 5d1c1e0e-0000-4000-8000-000000000001\nauthor: Sam\nlogsource: {product: aws, service: cloudtrail}\n\
                detection:\n  selection:\n    eventSource: ec2.amazonaws.com\n    eventName: CreateTags\n  condition: selection\nlevel: low\n";
    std::fs::write(dir.path().join("team/tags.yml"), rule).unwrap();
    let checks = Checks::with_user_rules(dir.path()).unwrap();
    assert_eq!(checks.infos().len(), CHECKS.infos().len() + 1);
    let event = call("2026-11-01T10:00:00Z", "eu-west-1", "CreateTags", amy(), json!({}));
    let hits = checks.evaluate_files(&"files".parse().unwrap(), &[event]);
    assert_eq!((hits.len(), hits[0].title.for_log().as_str()), (1, "Tagging"));
    std::fs::write(dir.path().join("team/worse.yml"), rule.replace("eventName:", "eventName|rhymes:")).unwrap();
    let error = Checks::with_user_rules(dir.path()).err().unwrap().to_string();
    assert!(error.contains("worse.yml:8: ") && error.contains("rhymes"), "{error}");
}

#[test]
fn a_user_without_a_directory_of_rules_has_the_built_in_checks() {
    let home = tempfile::tempdir().unwrap();
    let checks = Checks::with_user_rules(&home.path().join("config/checks")).unwrap();
    assert_eq!(checks.infos().len(), CHECKS.infos().len());
    let file = home.path().join("checks");
    std::fs::write(&file, "").unwrap();
    assert!(Checks::with_user_rules(&file).is_err(), "what is there and no directory is told");
}

/// `cargo test --release --lib throughput -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, not a test"]
fn throughput() {
    let copies = 200;
    let mut records = Vec::new();
    for copy in 0..copies {
        for original in RECORDS.iter() {
            let mut one = original.clone();
            let mut id = *one.event.id.bytes();
            id[..8].copy_from_slice(&u64::to_be_bytes(copy));
            one.event.id = crate::domain::EventId::from_bytes(id);
            records.push(one);
        }
        for n in 0..800u32 {
            let mut read = RECORDS[0].clone();
            let mut json = read.json.to_value();
            json["eventName"] = format!("Describe{}", n % 40).into();
            read.json = (&json).into();
            read.event.name = format!("Describe{}", n % 40).into();
            read.event.read_only = true;
            let mut id = [7; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            id[4..12].copy_from_slice(&copy.to_be_bytes());
            read.event.id = crate::domain::EventId::from_bytes(id);
            records.push(read);
        }
    }
    let begun = std::time::Instant::now();
    let hits = World::new().run(&mut CheckState::default(), &records);
    let spent = begun.elapsed();
    println!(
        "{} records, {} hits, {:.2?}: {:.0} records/s",
        records.len(),
        hits.len(),
        spent,
        records.len() as f64 / spent.as_secs_f64()
    );
}
