//! Round trips, order, hostile bytes, and the stored size.

use super::*;
use crate::domain::{AccessEvent, EventId, KeyHint, Outcome, Principal, PrincipalKind, Timestamp};
use proptest::prelude::*;

/// A small deterministic generator (SplitMix64), so that ids look random and runs are alike.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// A day of one account and region: people through short sessions, a few automations, services.
pub(crate) fn day(seed: u64, count: usize) -> Vec<AccessEvent> {
    let mut r = Seeded(seed);
    let start: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    let account = "123456789012".parse().unwrap();
    let calls: Vec<(String, String, bool)> = (0..120)
        .map(|i| (format!("service{}", i % 23), format!("{}Thing{i}", ["Describe", "List", "Put"][i % 3]), i % 3 < 2))
        .collect();
    (0..count)
        .map(|_| {
            let id = [r.next().to_le_bytes(), r.next().to_le_bytes()].concat().try_into().unwrap();
            // Cubed, so that few sessions and calls make most of the traffic.
            let session = r.below(100) * r.below(100) * r.below(100) / 20_000;
            let call = &calls[(r.below(120) * r.below(120) / 120) as usize];
            let person = session % 40;
            let denied = r.below(50) == 0;
            AccessEvent {
                id: EventId::from_bytes(id),
                time: start.plus(r.below(86_400) as i64),
                account,
                region: "eu-west-1".parse().unwrap(),
                service: call.0.as_str().into(),
                name: call.1.as_str().into(),
                read_only: call.2,
                principal: Principal {
                    kind: PrincipalKind::Role,
                    actor: format!("arn:aws:iam::123456789012:role/team/role-{}", person % 12).into(),
                    session: Some(format!("person{person}@example.com").into()),
                    account: Some(account),
                },
                outcome: if denied { Outcome::Denied("AccessDenied".into()) } else { Outcome::Ok },
                source: format!("198.51.100.{person}").into(),
                agent: format!("aws-cli/2.{} md/awscrt#0.2{} ua/2.1 os/linux lang/python#3.12", person % 7, person % 3)
                    .into(),
                key: Some(KeyHint { prefix: "ASIA".into(), last4: format!("{session:04X}").into() }),
                mfa: Some(person.is_multiple_of(2)),
                detail: if r.below(4) == 0 { format!("bucket-{}", r.below(60)).into() } else { "".into() },
            }
        })
        .collect()
}

fn sorted(mut events: Vec<AccessEvent>) -> Vec<AccessEvent> {
    events.sort_by_key(|e| (e.time, e.id));
    events
}

#[test]
fn a_day_round_trips_within_sixty_bytes_an_event() {
    let events = day(1, 2_000);
    let packed = encode_events(&events).unwrap();
    let chunk = EventChunk::decode(&packed).unwrap();
    let back: Vec<AccessEvent> = chunk.iter().map(|row| row.to_event()).collect();
    assert_eq!(back, sorted(events));
    assert_eq!((chunk.event(0), chunk.event(2_000)), (Some(back[0].clone()), None));
    assert!(packed.len() <= 60 * 2_000, "{} bytes", packed.len());
    assert!(chunk.callers().len() < 200 && chunk.calls().len() <= 240);
}

#[test]
fn an_id_is_kept_once_and_an_empty_chunk_is_a_chunk() {
    let events = day(2, 10);
    let mut twice = events.clone();
    let mut changed = events[3].clone();
    changed.detail = "seen later".into();
    twice.push(changed);
    assert_eq!(encode_events(&twice).unwrap(), encode_events(&events).unwrap());
    let empty = EventChunk::decode(&encode_events(&[]).unwrap()).unwrap();
    assert!(empty.is_empty() && empty.iter().next().is_none());
}

#[test]
fn many_accounts_regions_and_absurd_values_round_trip() {
    let mut events = day(3, 700);
    for (i, event) in events.iter_mut().enumerate() {
        event.account = (100_000_000_000 + i as u64 % 300).to_string().parse().unwrap();
        event.region = if i % 2 == 0 { "us-east-1" } else { "eu-west-1" }.parse().unwrap();
        event.principal.session = (i % 5 != 0).then(|| format!("s{i}\u{202e}").into());
        event.principal.account = (i % 7 == 0).then_some(event.account);
        event.key = (i % 3 != 0).then(|| event.key.clone()).flatten();
        event.mfa = [None, Some(true), Some(false)][i % 3];
        event.outcome = [Outcome::Ok, Outcome::Failed("X".into()), Outcome::Denied("".into())][i % 3].clone();
    }
    events[0].time = Timestamp::from_second(i64::MIN);
    events[1].time = Timestamp::from_second(i64::MAX);
    let chunk = EventChunk::decode(&encode_events(&events).unwrap()).unwrap();
    assert_eq!(chunk.iter().map(|r| r.to_event()).collect::<Vec<_>>(), sorted(events));
}

#[test]
fn a_later_format_is_named() {
    let mut packed = encode_events(&day(4, 3)).unwrap();
    packed[1] = 2;
    assert_eq!(EventChunk::decode(&packed).err(), Some(ChunkError::NewerFormat(2)));
}

/// A chunk around columns that no encoder made.
fn wrapped(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![MAGIC, FORMAT];
    out.extend((raw.len() as u32).to_le_bytes());
    out.extend(zstd::bulk::compress(raw, 1).unwrap());
    out
}

#[test]
fn counts_beyond_the_bytes_are_refused_before_they_cost_memory() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    for zeros in 0..8 {
        let raw = [vec![0u8; zeros], huge.to_vec()].concat();
        assert!(EventChunk::decode(&wrapped(&raw)).is_err());
    }
    let mut lying = wrapped(&[0; 100]);
    lying[2..6].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(EventChunk::decode(&lying).err(), Some(ChunkError::Malformed("impossible length")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn hostile_bytes_are_an_error_never_a_panic(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        seed in any::<u64>(),
    ) {
        let mut r = Seeded(seed);
        prop_assert!(EventChunk::decode(&noise).is_err());
        let _ = EventChunk::decode(&wrapped(&noise));
        let packed = encode_events(&day(5, 20)).unwrap();
        prop_assert!(EventChunk::decode(&packed[..r.below(packed.len() as u64) as usize]).is_err());
        // Flips inside the columns themselves, past what the compressor would catch.
        let mut raw = zstd::bulk::decompress(&packed[PREFIX..], RAW_LIMIT).unwrap();
        for _ in 0..8 {
            let at = r.below(raw.len() as u64) as usize;
            raw[at] ^= 1 << r.below(8);
        }
        if let Ok(chunk) = EventChunk::decode(&wrapped(&raw)) {
            prop_assert_eq!(chunk.iter().count(), chunk.len());
        }
    }
}
