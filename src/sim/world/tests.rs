//! The world as a whole: what every config must give.

use super::*;
use crate::domain::{ClientId, ExternalId, RoleArn};
use crate::sim::costs::CostLine;
use crate::sim::events::{Identity, SimEvent};
use rstest::rstest;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

const DAY: i64 = 86_400;

fn config(seed: u64, accounts: usize, events: usize) -> WorldConfig {
    WorldConfig { seed, now: "2026-11-22T02:14:55Z".parse().unwrap(), accounts, events }
}

static DEFAULT: LazyLock<World> = LazyLock::new(|| World::generate(config(1, 64, 40_000)));

fn essential(world: &World) -> usize {
    world.accounts.iter().flat_map(|a| &a.events).filter(|e| e.essential()).count()
}

fn account<'w>(world: &'w World, story: &Story) -> &'w SimAccount {
    world.accounts.iter().find(|a| a.id == story.account).unwrap()
}

fn client_accounts<'w>(world: &'w World, client: &str) -> Vec<&'w SimAccount> {
    world.accounts.iter().filter(|a| world.clients[a.client].id == client).collect()
}

fn json(event: &SimEvent, account: &SimAccount) -> Value {
    serde_json::from_str(&event.record(account.id)).unwrap()
}

/// A hash of all that a reader of the world can see, with every `step`-th record.
fn fingerprint(world: &World, step: usize) -> u64 {
    let mut hash = DefaultHasher::new();
    format!("{:?}{:?}{:?}{:?}", world.agency, world.clients, world.truth, world.cost_truth().len()).hash(&mut hash);
    for account in &world.accounts {
        format!("{} {} {} {:?} {:?}", account.id, account.name, account.ou_path, account.regions, account.roles)
            .hash(&mut hash);
        for event in &account.events {
            (&event.id, event.time, &event.access_key, &event.username, &event.resources).hash(&mut hash);
        }
        account.events.iter().step_by(step).for_each(|e| e.record(account.id).hash(&mut hash));
        for line in &account.costs.lines {
            (line.service, &line.region, &line.usage_type, line.record_type, line.first).hash(&mut hash);
            line.amounts.iter().for_each(|a| (a.unblended, a.net_unblended, a.amortized, a.usage).hash(&mut hash));
        }
    }
    hash.finish()
}

#[test]
fn the_same_config_gives_the_same_world_and_another_seed_another() {
    let small = |seed| fingerprint(&World::generate(config(seed, 24, 6_000)), 7);
    assert_eq!(small(1), small(1));
    assert_ne!(small(1), small(2));
}

#[test]
fn one_account_more_leaves_the_others_as_they_were() {
    let (a, b) = (World::generate(config(1, 64, 4_000)), World::generate(config(1, 65, 4_000)));
    let bills =
        |w: &World| -> BTreeMap<AccountId, usize> { w.accounts.iter().map(|a| (a.id, a.costs.lines.len())).collect() };
    let (a, b) = (bills(&a), bills(&b));
    assert!(a.iter().all(|(id, lines)| b.get(id) == Some(lines)));
}

#[rstest]
#[case(1, 64, 40_000)]
#[case(2, 24, 12_000)]
#[case(3, 200, 60_000)]
fn counts_ids_and_caps_hold_at_every_size(#[case] seed: u64, #[case] accounts: usize, #[case] events: usize) {
    let world = World::generate(config(seed, accounts, events));
    assert_eq!((world.clients.len(), world.accounts.len()), (12, accounts));
    let off = (essential(&world) as f64 / events as f64 - 1.0).abs();
    assert!(off < 0.05, "{off}");
    assert!(world.accounts.is_sorted_by_key(|a| a.id));
    assert_eq!(world.accounts.iter().map(|a| a.id).collect::<BTreeSet<_>>().len(), accounts);
    let known: BTreeSet<&str> = places::DEFAULT_REGIONS.iter().map(|(code, _)| *code).collect();
    let cap = activity::cell_cap(&world.config);
    for account in &world.accounts {
        assert!(account.id.to_string().len() == 12 && account.id != world.agency.account);
        assert!((4..=6).contains(&account.regions.len()), "{:?}", account.regions);
        assert!(account.regions.iter().any(|r| r.as_str() == "us-east-1"));
        assert!(account.regions.iter().all(|r| known.contains(r.as_str())));
        assert!(account.joined_at < world.config.now);
        let mut cells: BTreeMap<&Region, usize> = BTreeMap::new();
        account.events.iter().filter(|e| e.essential()).for_each(|e| *cells.entry(&e.region).or_default() += 1);
        assert!(cells.values().all(|n| *n <= cap), "{} {cells:?} > {cap}", account.name);
    }
    let mut ids = BTreeSet::new();
    for client in &world.clients {
        assert!(client.id.parse::<ClientId>().is_ok(), "{}", client.id);
        assert!(client.external_id.len() >= 32 && client.external_id.parse::<ExternalId>().is_ok());
        assert!(ids.insert(&client.external_id), "an ExternalId is shared");
        assert_eq!(client.organization.as_ref().is_none_or(|o| client.accounts.first() == Some(&o.management)), true);
    }
}

#[test]
fn every_account_has_a_role_that_fits_it() {
    let world = &*DEFAULT;
    for account in &world.accounts {
        let client = &world.clients[account.client];
        let role = account.roles.first().unwrap();
        let arn: RoleArn = format!("arn:aws:iam::{}:role/{}", account.id, role.resource).parse().unwrap();
        let reads_costs = account.is_management || client.organization.is_none();
        assert_eq!(arn.name(), if reads_costs { "bailiwick-payer" } else { "bailiwick-member" });
        assert_eq!(role.allowed.iter().any(|a| a == "ce:GetCostAndUsage"), reads_costs);
        assert_eq!(role.trusted, ["arn:aws:iam::999988887777:root"]);
        assert!(role.external_id.is_none() || role.external_id.as_ref() == Some(&client.external_id));
        let id = client.organization.as_ref().map_or("", |o| o.id.as_str());
        assert!(account.ou_path.starts_with(id) && account.ou_path.is_empty() == client.organization.is_none());
    }
    let with = |state| world.accounts.iter().filter(|a| a.state == state).count();
    assert_eq!(
        (with(AccountState::Suspended), with(AccountState::PendingClosure), with(AccountState::Active)),
        (1, 1, 62)
    );
    let hostile = |a: &&SimAccount| a.name.chars().any(char::is_control) || a.name.chars().count() > 250;
    assert_eq!(world.accounts.iter().filter(hostile).count(), 2);
}

#[test]
fn every_record_is_json_in_the_shape_of_cloudtrail() {
    let world = &*DEFAULT;
    let (mut kinds, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for account in &world.accounts {
        assert!(account.events.is_sorted_by_key(|e| e.time));
        for event in &account.events {
            assert!(event.time <= world.config.now && event.time >= world.config.now.plus(-14 * DAY));
            let text = event.record(account.id);
            assert!(!text.contains('~'), "a placeholder is left: {text}");
            let record: Value = serde_json::from_str(&text).unwrap();
            let is = |field: &str, value: &str| assert_eq!(record[field], value, "{field}: {text}");
            is("eventVersion", "1.11");
            is("eventID", &event.id);
            is("eventTime", &event.time.to_string());
            is("eventSource", &event.source);
            is("eventName", &event.name);
            is("awsRegion", event.region.as_str());
            is("recipientAccountId", &account.id.to_string());
            is("eventCategory", "Management");
            assert_eq!(record["readOnly"], event.read_only);
            for field in ["sourceIPAddress", "userAgent", "eventType"] {
                assert!(record[field].as_str().is_some_and(|s| !s.is_empty()), "{field}: {text}");
            }
            for field in ["requestParameters", "responseElements"] {
                let value = record.get(field).expect(field);
                assert!(value.is_null() || value.is_object(), "{text}");
            }
            assert!(record.get("errorCode").is_none() || record["responseElements"].is_null(), "{text}");
            let who = &record["userIdentity"];
            assert!(who["type"].is_string() || record["eventType"] == "AwsServiceEvent", "{text}");
            assert_eq!(who.get("accessKeyId").and_then(Value::as_str), event.access_key.as_deref(), "{text}");
            kinds.insert(who["type"].as_str().unwrap_or("none").to_owned());
            assert!(ids.insert(event.id.clone()), "an event id is used twice");
        }
    }
    let wanted = ["AWSAccount", "AWSService", "AssumedRole", "IAMUser", "Root", "SAMLUser", "WebIdentityUser", "none"];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}

#[test]
fn nothing_ordinary_is_first_seen_after_the_first_week() {
    let world = &*DEFAULT;
    let start = world.config.now.plus(-14 * DAY);
    let mut late = BTreeSet::new();
    for account in &world.accounts {
        let mut first: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for event in account.events.iter().filter(|e| e.essential()) {
            let actor = event.caller.actor().unwrap_or_else(|| format!("{:?}", event.caller.identity));
            for key in [actor, event.caller.ip.to_string(), event.caller.agent.to_string(), event.region.to_string()] {
                first.entry(key.clone()).or_insert(event.time);
                *uses.entry(key).or_default() += 1;
            }
        }
        let new = first.iter().filter(|(_, t)| t.since(start) > 7 * DAY).map(|(key, _)| key.clone());
        late.extend(new.map(|key| (world.clients[account.client].id.as_str(), key)));
    }
    let clients: BTreeSet<&str> = late.iter().map(|(client, _)| *client).collect();
    // What is new was planted: the leaked key and its look-alike, three roots, a vendor's new address, trail changes.
    for client in &clients {
        let story = |s: &Story| s.client == *client && s.check.starts_with("CT-");
        assert!(world.truth.iter().any(story) || matches!(*client, "quillmark-media" | "fennmark-energy"), "{late:?}");
    }
    assert!(late.len() <= 16, "{late:#?}");
    let addresses = ["203.0.113.66", "192.0.2.77", "198.51.100.23"];
    assert!(addresses.iter().all(|a| late.iter().any(|(_, key)| key == a)), "{late:#?}");
}

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
    let (told, _) = story("root-no-mfa");
    let (mut planted, mut like) = (Vec::new(), 0);
    for account in &DEFAULT.accounts {
        for event in account.events.iter().filter(|e| &*e.name == "ConsoleLogin") {
            let record = json(event, account);
            let ok = record["responseElements"]["ConsoleLogin"] == "Success";
            let mfa = record["additionalEventData"]["MFAUsed"] == "Yes";
            match (&event.caller.identity, mfa, ok) {
                (Identity::Root, false, true) => planted.push((account.id, event.time)),
                (Identity::Root, true, true) | (Identity::User { .. }, true, true) => like += 1,
                (Identity::Root, ..) | (Identity::User { .. }, ..) => {}
                (identity, mfa, _) => assert!(matches!(identity, Identity::Role { .. }) && !mfa),
            }
        }
    }
    assert_eq!(planted, [(told.account, told.at)]);
    surrounded(told.size, like);
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

fn day_costs(line: &CostLine, days: std::ops::Range<usize>) -> Vec<f64> {
    let back = |n: usize| line.amounts.len().checked_sub(1 + n).map(|i| &line.amounts[i]);
    days.filter_map(back).map(|a| a.unblended.to_string().parse().unwrap()).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
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

#[test]
fn bills_are_exact_and_end_today() {
    let world = &*DEFAULT;
    let today = world.config.now.day();
    let mut sums: BTreeMap<(usize, Day), (Decimal, Decimal)> = BTreeMap::new();
    let (mut net, mut amortized) = (false, false);
    for account in &world.accounts {
        let services: BTreeSet<&str> = account.costs.lines.iter().map(|l| l.service).collect();
        assert!((7..=21).contains(&services.len()), "{} {}", account.name, services.len());
        for line in &account.costs.lines {
            assert!(!line.amounts.is_empty() && line.first.plus(line.amounts.len() as i64 - 1) <= today);
            assert!(line.first >= today.month().plus(-13).first());
            for (n, a) in line.amounts.iter().enumerate() {
                let all = [a.unblended, a.net_unblended, a.amortized, a.net_amortized, a.usage];
                assert!(all.iter().all(|d| d.scale() <= 10));
                net |= a.net_unblended != a.unblended;
                amortized |= a.amortized != a.unblended;
                let month = line.first.plus(n as i64).month().first();
                let sum = sums.entry((account.client, month)).or_default();
                sum.1 += a.unblended;
                sum.0 += if line.grouped { a.unblended } else { Decimal::ZERO };
            }
        }
    }
    assert!(net && amortized);
    let truth = world.cost_truth();
    assert_eq!(truth.len(), 12 * 14);
    let mut residual = BTreeSet::new();
    for t in &truth {
        let client = world.clients.iter().position(|c| c.id == t.client).unwrap();
        let sum = sums.get(&(client, t.month)).copied().unwrap_or_default();
        assert_eq!((t.grouped, t.total), sum, "{} {}", t.client, t.month);
        assert!(t.total >= t.grouped);
        if t.total > t.grouped {
            residual.insert(t.client.as_str());
        }
    }
    assert_eq!(residual.into_iter().collect::<Vec<_>>(), ["halden-outfitters", "kestrel-freight", "tessaro-bank"]);
}

#[test]
fn bills_dip_at_weekends_and_fall_short_today() {
    let world = &*DEFAULT;
    let calendar = Calendar::new(&world.config);
    let mut week = [(0.0, 0u32); 2];
    let (mut whole, mut today) = (0.0, 0.0);
    let usage = |l: &&CostLine| l.service == "AWS Lambda" && l.amounts.len() > 300;
    for line in world.accounts.iter().flat_map(|a| &a.costs.lines).filter(usage) {
        for (n, amount) in line.amounts.iter().enumerate().rev().skip(3) {
            let cost: f64 = amount.unblended.to_string().parse().unwrap();
            let slot = &mut week[usize::from(line.first.plus(n as i64).weekday() >= 5)];
            *slot = (slot.0 + cost, slot.1 + 1);
        }
        whole += day_costs(line, 3..4)[0];
        today += day_costs(line, 0..1)[0];
    }
    let [workday, weekend] = week.map(|(sum, days)| sum / f64::from(days));
    assert!((0.55..0.7).contains(&(weekend / workday)), "{}", weekend / workday);
    assert!(today < 0.2 * whole && calendar.days() >= 13 * 28);
}

/// Prints what generation costs; run with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure() {
    for (accounts, events) in [(64, 40_000), (1_000, 1_000_000)] {
        let began = std::time::Instant::now();
        let world = World::generate(config(1, accounts, events));
        let took = began.elapsed();
        let bytes: usize = world
            .accounts
            .iter()
            .flat_map(|a| a.events.iter().take(200))
            .map(|e| e.record(world.accounts[0].id).len())
            .sum();
        let lines: usize = world.accounts.iter().map(|a| a.costs.lines.len()).sum();
        let days: usize = world.accounts.iter().flat_map(|a| &a.costs.lines).map(|l| l.amounts.len()).sum();
        let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = memory.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("").to_owned();
        let counted = world.accounts.iter().map(|a| a.events.len().min(200)).sum::<usize>();
        println!(
            "{accounts} accounts, {} events: {took:?}, {peak}, {lines} lines, {days} amounts, {} B a record, {} B an event",
            world.accounts.iter().map(|a| a.events.len()).sum::<usize>(),
            bytes / counted.max(1),
            size_of::<SimEvent>()
        );
    }
}
