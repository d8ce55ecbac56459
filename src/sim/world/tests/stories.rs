//! Every story is told, and around each of them stand things that look alike.

use super::*;

#[test]
fn all_eight_stories_are_told_each_in_a_client_of_its_own() {
    let world = &*DEFAULT;
    let told: BTreeMap<&str, &str> = world.truth.iter().map(|s| (s.story, s.check)).collect();
    let wanted = [
        ("ce-never-enabled", "CONN-002"),
        ("denied-region", "CONN-018"),
        ("leaked-key-gpu", "CT-SEQ-010"),
        ("nat-runaway", "COST-ANOM-002"),
        ("no-external-id", "CONN-035"),
        ("root-no-mfa", "CT-ROOT-004"),
        ("trail-off-on", "CT-TRAIL-050"),
        ("vendor-wakes", "CT-STS-026"),
    ];
    assert_eq!(told.into_iter().collect::<Vec<_>>(), wanted);
    assert_eq!(world.truth.iter().map(|s| &s.client).collect::<BTreeSet<_>>().len(), 8);
    for story in &world.truth {
        let account = account(world, story);
        assert_eq!(
            (world.clients[account.client].id.as_str(), account.state),
            (story.client.as_str(), AccountState::Active)
        );
        assert!(story.look_alikes >= 3 && story.look_alikes * 5 >= story.size, "{story:?}");
        assert!(story.at <= world.config.now && !story.summary.is_empty(), "{story:?}");
    }
}

fn story(name: &str) -> (&'static Story, &'static SimAccount) {
    let story = DEFAULT.truth.iter().find(|s| s.story == name).unwrap();
    (story, account(&DEFAULT, story))
}

/// Look-alikes found in the world itself, not taken from the truth file.
fn surrounded(size: usize, look_alikes: usize) {
    assert!(look_alikes >= 3 && look_alikes * 5 >= size, "{look_alikes} look-alikes around {size}");
}

#[test]
fn the_leaked_key_mines_where_the_account_never_wrote() {
    let (told, account) = story("leaked-key-gpu");
    let stolen: Vec<&SimEvent> = account.events.iter().filter(|e| &*e.caller.ip == "203.0.113.66").collect();
    assert_eq!(stolen.len(), told.size);
    assert!(stolen.iter().all(|e| e.caller.actor().as_deref() == Some(told.subject.as_str())));
    let run: Vec<Value> = stolen.iter().filter(|e| &*e.name == "RunInstances").map(|e| json(e, account)).collect();
    let (ok, refused): (Vec<&Value>, Vec<&Value>) = run.iter().partition(|r| r.get("errorCode").is_none());
    assert_eq!((ok.len(), refused.len()), (1, 4));
    assert_eq!(ok[0]["eventTime"], told.at.to_string());
    assert_eq!(ok[0]["responseElements"]["instancesSet"]["items"].as_array().unwrap().len(), 8);
    assert_eq!(ok[0]["requestParameters"]["instanceType"], "g5.48xlarge");
    let region = ok[0]["awsRegion"].as_str().unwrap();
    let earlier = account.events.iter().filter(|e| e.region.as_str() == region && &*e.caller.ip != "203.0.113.66");
    assert_eq!(earlier.count(), 0);
    // The same key works every weekday for the pipeline; elsewhere GPUs start and new Regions open.
    let gpus = |a: &&SimAccount| -> usize {
        let gpu = |e: &&SimEvent| {
            &*e.name == "RunInstances"
                && json(e, a)["requestParameters"]["instanceType"].as_str().unwrap().starts_with("g5")
        };
        a.events.iter().filter(gpu).count()
    };
    surrounded(told.size, DEFAULT.accounts.iter().filter(|a| a.id != account.id).map(|a| gpus(&a)).sum());
    let pipeline =
        account.events.iter().filter(|e| e.access_key == stolen[0].access_key && &*e.caller.ip != "203.0.113.66");
    assert!(pipeline.count() > 50);
}

#[test]
fn root_without_mfa_stands_among_sign_ins_that_only_look_so() {
    let (told, account) = story("root-no-mfa");
    let (mut planted, mut like) = (Vec::new(), 0);
    for a in &DEFAULT.accounts {
        for event in a.events.iter().filter(|e| &*e.name == "ConsoleLogin") {
            let record = json(event, a);
            let ok = record["responseElements"]["ConsoleLogin"] == "Success";
            let mfa = record["additionalEventData"]["MFAUsed"] == "Yes";
            match (&event.caller.identity, mfa, ok) {
                (Identity::Root { mfa: false }, false, true) => planted.push((a.id, event.time)),
                (Identity::Root { mfa: true }, true, true) | (Identity::User { .. }, true, true) => like += 1,
                (Identity::Root { .. }, ..) | (Identity::User { .. }, ..) => {}
                (identity, mfa, _) => assert!(matches!(identity, Identity::Role { .. }) && !mfa),
            }
        }
    }
    assert_eq!(planted, [(told.account, told.at)]);
    surrounded(told.size, like);
    let after = account.events.iter().find(|e| &*e.name == "PutAlternateContact").unwrap();
    let attributes = &json(after, account)["userIdentity"]["sessionContext"]["attributes"];
    assert_eq!(
        (&attributes["mfaAuthenticated"], &attributes["creationDate"]),
        (&"false".into(), &told.at.to_string().into())
    );
}

#[test]
fn only_one_third_party_wakes_after_a_silence() {
    let (told, account) = story("vendor-wakes");
    let own: BTreeSet<String> = DEFAULT.accounts.iter().map(|a| a.id.to_string()).collect();
    let (mut planted, mut like) = (Vec::new(), 0);
    for a in &DEFAULT.accounts {
        let mut last: BTreeMap<String, Timestamp> = BTreeMap::new();
        for event in a.events.iter().filter(|e| &*e.name == "AssumeRole") {
            let Identity::Account { account: caller, .. } = &event.caller.identity else { continue };
            let record = json(event, a);
            let role = record["requestParameters"]["roleArn"].as_str().unwrap().to_owned();
            let silence = last.insert(role.clone(), event.time).map_or(0, |t| event.time.since(t));
            let foreign = !own.contains(&caller.to_string()) && *caller != DEFAULT.agency.account;
            if silence >= 10 * DAY && foreign {
                planted.push((role, event.time));
            } else if a.client == account.client && (!foreign || silence <= 15 * DAY / 2) {
                like += 1;
            }
        }
    }
    assert_eq!(planted, [(told.subject.clone(), told.at)]);
    surrounded(told.size, like);
}

#[test]
fn one_trail_is_stopped_for_41_minutes_among_ordinary_trail_work() {
    let (told, account) = story("trail-off-on");
    let trail: Vec<(&SimAccount, &SimEvent)> = client_accounts(&DEFAULT, &told.client)
        .into_iter()
        .flat_map(|a| a.events.iter().map(move |e| (a, e)))
        .filter(|(_, e)| &*e.source == "cloudtrail.amazonaws.com" || &*e.source == "config.amazonaws.com")
        .collect();
    let stop = trail.iter().find(|(_, e)| &*e.name == "StopLogging").unwrap().1;
    let start =
        |e: &&(&SimAccount, &SimEvent)| &*e.1.name == "StartLogging" && e.1.time > stop.time && e.0.id == account.id;
    assert_eq!(trail.iter().find(start).unwrap().1.time.since(stop.time), 41 * 60);
    let arn = json(stop, account)["requestParameters"]["name"].as_str().unwrap().to_owned();
    assert_eq!(arn.rsplit('/').next(), Some(told.subject.as_str()));
    surrounded(told.size, trail.len() - told.size);
    let stops = DEFAULT.accounts.iter().flat_map(|a| &a.events).filter(|e| &*e.name == "StopLogging").count();
    assert_eq!(stops, 1);
}

#[test]
fn stories_of_setup_have_one_hole_each() {
    let (no_id, holed) = story("no-external-id");
    assert!(DEFAULT.accounts.iter().all(|a| (a.roles[0].external_id.is_none()) == (a.id == holed.id)));
    assert_eq!(no_id.subject, format!("arn:aws:iam::{}:role/bailiwick/bailiwick-member", holed.id));
    let (_, closed) = story("ce-never-enabled");
    let payers =
        || DEFAULT.accounts.iter().filter(|a| a.is_management || DEFAULT.clients[a.client].organization.is_none());
    assert!(payers().all(|a| a.cost_explorer == (a.id != closed.id)));
    surrounded(1, payers().count() - 1);
    let (denied, account) = story("denied-region");
    assert_eq!(account.denied_regions, places::regions([denied.subject.as_str()]));
    assert!(!account.regions.contains(&account.denied_regions[0]));
}

#[test]
fn nat_traffic_multiplies_for_eight_days_in_one_account_only() {
    let (told, account) = story("nat-runaway");
    assert_eq!((told.size, told.at.to_string().as_str()), (8, "2026-11-14T00:00:00Z"));
    let mut like = 0;
    for a in &DEFAULT.accounts {
        for line in a.costs.lines.iter().filter(|l| l.usage_type.ends_with("NatGateway-Bytes")) {
            let (recent, before) = (median(day_costs(line, 2..9)), median(day_costs(line, 9..65)));
            let ratio = recent / before;
            if a.id == account.id {
                assert_eq!(line.service, told.subject);
                assert!((9.0..13.0).contains(&ratio) && before > 30.0, "{ratio} {before}");
            } else if a.state == AccountState::Active {
                assert!((0.6..1.7).contains(&ratio), "{} {ratio}", a.name);
                // A rise over the usual of the year on some day or for some weeks.
                let year = median(day_costs(line, 60..300));
                like +=
                    usize::from(a.client == account.client && day_costs(line, 2..60).iter().any(|d| *d > 1.25 * year));
            }
        }
    }
    surrounded(told.size, like);
}
