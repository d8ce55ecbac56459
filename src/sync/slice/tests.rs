//! Whatever the order in which pieces are read, fail and are read again: the store is the same in the end.

use super::*;
use crate::{
    aws::RawEvent,
    domain::{AccessEvent, Depth, EventId, Failure, FailureKind, Finding, Region, TimeRange},
    sync::{Coverage, fixtures},
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::OnceLock;

const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-south-1"];
const WINDOWS: usize = 4;
/// Not a whole day, so that pieces share days.
const WINDOW_SECONDS: i64 = 20 * 3_600;

/// A region, and a window of time.
type Piece = (usize, usize);

fn all_pieces() -> Vec<Piece> {
    (0..WINDOWS).flat_map(|window| (0..REGIONS.len()).map(move |region| (region, window))).collect()
}

fn range(window: usize) -> TimeRange {
    let start = fixtures::now().plus(-WINDOW_SECONDS * (WINDOWS - window) as i64);
    TimeRange::new(start, start.plus(WINDOW_SECONDS))
}

fn region(number: usize) -> Region {
    REGIONS[number].parse().unwrap()
}

/// What happened in a piece, newest first as CloudTrail gives it: root signs in, a trail is stopped and started, roles
/// are assumed and something is written.
fn happened((region, window): Piece) -> Vec<RawEvent> {
    let mut events = Vec::new();
    for n in (0..6).rev() {
        let time = range(window).start.plus(n * 11_000 + region as i64 * 777);
        let id = format!("{region:08x}-{window:04x}-4000-8000-{n:012x}");
        let (source, name) = match (n, region) {
            (0, _) => ("signin.amazonaws.com", "ConsoleLogin"),
            (1, 0) => ("cloudtrail.amazonaws.com", "StopLogging"),
            (2, 0) => ("cloudtrail.amazonaws.com", "StartLogging"),
            (3, _) => ("sts.amazonaws.com", "AssumeRole"),
            _ => ("iam.amazonaws.com", "CreateAccessKey"),
        };
        let account = fixtures::account();
        let identity = if n == 0 {
            json!({"type": "Root", "principalId": account, "arn": format!("arn:aws:iam::{account}:root"), "accountId": account})
        } else {
            json!({"type": "IAMUser", "principalId": "AIDA", "arn": format!("arn:aws:iam::{account}:user/u{n}"),
                "accountId": account, "userName": format!("u{n}")})
        };
        let record = json!({
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": time.to_string(), "eventSource": source,
            "eventName": name, "awsRegion": REGIONS[region], "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2",
            "requestParameters": {"name": "main", "userName": "someone", "roleArn": format!("arn:aws:iam::{account}:role/r")},
            "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": "No"},
            "readOnly": name == "AssumeRole", "eventID": id, "eventType": "AwsApiCall", "recipientAccountId": account,
        });
        events.push(RawEvent { id: Some(EventId::of(&id)), time, record: record.to_string() });
    }
    events
}

/// Reads some pieces in one slice; those in `failing` fail.
fn read(store: &ClientStore, checks: &Arc<Checks>, pieces: &[Piece], failing: &[bool]) {
    let reads = pieces.iter().zip(failing.iter().chain(std::iter::repeat(&false))).map(|(piece, fails)| {
        let (place, range) = (region(piece.0), range(piece.1));
        let plan = RegionPlan { region: place, range, depth: Depth::Essential, sessions_always: true };
        let failure = || Failure::new(FailureKind::Throttled, "too fast".to_owned(), "sync again later");
        RegionRead { plan, events: if *fails { Err(failure()) } else { Ok(happened(*piece)) } }
    });
    let slice = Slice {
        store: store.clone(),
        checks: checks.clone(),
        connection: fixtures::account().to_string().parse().unwrap(),
        account: fixtures::account(),
        own: BTreeSet::from([fixtures::account()]),
        roles: Vec::new(),
        agency: None,
        reads: reads.collect(),
        complete: None,
        claims: true,
    };
    slice.commit().unwrap();
}

/// All that the pieces left in the store.
#[derive(Debug, PartialEq)]
struct Left {
    events: BTreeMap<Day, Vec<AccessEvent>>,
    coverage: Coverage,
    findings: BTreeMap<FindingId, Finding>,
}

fn left(store: &ClientStore) -> Left {
    let account = fixtures::account();
    let days = store.event_days(account).unwrap().into_iter();
    let of = |day| store.events(account, day).unwrap().unwrap().iter().map(|row| row.to_event()).collect();
    Left {
        events: days.map(|day| (day, of(day))).collect(),
        coverage: store.coverage(account).unwrap(),
        findings: store.findings(account).unwrap(),
    }
}

fn checks() -> Arc<Checks> {
    static CHECKS: OnceLock<Arc<Checks>> = OnceLock::new();
    CHECKS.get_or_init(|| Arc::new(Checks::builtin().unwrap())).clone()
}

/// All pieces in their order, each once.
fn in_order() -> &'static Left {
    static LEFT: OnceLock<Left> = OnceLock::new();
    LEFT.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let store = fixtures::store(dir.path());
        all_pieces().chunks(REGIONS.len()).for_each(|window| read(&store, &checks(), window, &[]));
        let left = left(&store);
        assert_eq!(left.events.values().map(Vec::len).sum::<usize>(), 6 * all_pieces().len());
        let told: BTreeSet<_> = left.findings.values().map(|f| f.key.check.as_str()).collect();
        assert!(told.len() >= 3, "{told:?}");
        left
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_slices_and_retries_gives_the_same_store(
        order in Just(all_pieces()).prop_shuffle(),
        sizes in prop::collection::vec(1usize..5, 12),
        failing in prop::collection::vec(prop::collection::vec(prop::bool::weighted(0.3), 4), 12),
        again in prop::collection::vec(0usize..12, 0..6),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = fixtures::store(dir.path());
        let (mut rest, mut missing) = (order.as_slice(), Vec::new());
        for (size, failing) in sizes.iter().zip(&failing) {
            let (now, later) = rest.split_at((*size).min(rest.len()));
            read(&store, &checks(), now, failing);
            missing.extend(now.iter().zip(failing).filter(|(_, fails)| **fails).map(|(piece, _)| *piece));
            rest = later;
        }
        missing.extend(rest);
        // What failed is read once more, in whatever order, and some of what did not.
        read(&store, &checks(), &missing, &[]);
        read(&store, &checks(), &again.iter().map(|n| order[*n]).collect::<Vec<_>>(), &[]);
        let (left, calm) = (left(&store), in_order());
        prop_assert_eq!(&left.coverage, &calm.coverage);
        prop_assert_eq!(&left.events, &calm.events);
        for (id, finding) in &calm.findings {
            prop_assert_eq!(left.findings.get(id), Some(finding));
        }
        prop_assert_eq!(left.findings.len(), calm.findings.len());
        prop_assert!(store.sources(&fixtures::account().to_string().parse().unwrap()).unwrap().regions_failed.is_empty());
    }
}
