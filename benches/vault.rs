//! What the vault costs: packing and unpacking events, sealing and opening, and one sealed record of 64 KiB.
//!
//! `cargo bench --bench vault`. The first line printed is the stored size of an event.

use bailiwick::{
    domain::{AccessEvent, EventId, KeyHint, Outcome, Principal, PrincipalKind, Timestamp},
    vault::{
        Batch, Envelope, KdfCost, LockOwner, Name, Scope, Unlock, Vault,
        chunk::{EventChunk, encode_events},
    },
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use secrecy::SecretSlice;
use std::hint::black_box;

/// SplitMix64.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// One day of one account and region: few sessions and calls make most of the traffic, a long tail the rest.
fn day(seed: u64, count: usize) -> Vec<AccessEvent> {
    let mut r = Seeded(seed);
    let start = Timestamp::from_second(1_795_000_000);
    let account = "123456789012".parse().expect("a valid account id");
    (0..count)
        .map(|_| {
            let mut id = [0u8; 16];
            id.iter_mut().for_each(|b| *b = r.next() as u8);
            let session = r.below(100) * r.below(100) * r.below(100) / 20_000;
            let call = r.below(120) * r.below(120) / 120;
            let person = session % 40;
            AccessEvent {
                id: EventId::from_bytes(id),
                time: start.plus(r.below(86_400) as i64),
                account,
                region: "eu-west-1".parse().expect("a valid region"),
                service: format!("service{}", call % 23).into(),
                name: format!("DescribeThing{call}").into(),
                read_only: call % 3 < 2,
                principal: Principal {
                    kind: PrincipalKind::Role,
                    actor: format!("arn:aws:iam::123456789012:role/team/role-{}", person % 12).into(),
                    session: Some(format!("person{person}@example.com").into()),
                    account: Some(account),
                },
                outcome: if r.below(50) == 0 { Outcome::Denied("AccessDenied".into()) } else { Outcome::Ok },
                source: format!("198.51.100.{person}").into(),
                agent: format!("aws-cli/2.{} ua/2.1 os/linux lang/python#3.12", person % 7).into(),
                key: Some(KeyHint { prefix: "ASIA".into(), last4: format!("{session:04X}").into() }),
                mfa: Some(person.is_multiple_of(2)),
                detail: if r.below(4) == 0 { format!("bucket-{}", r.below(60)).into() } else { "".into() },
            }
        })
        .collect()
}

fn chunks(c: &mut Criterion) {
    let mut group = c.benchmark_group("chunk");
    for count in [500usize, 5_000] {
        let events = day(1, count);
        let packed = encode_events(&events).expect("encodes");
        // A benchmark is a program for a terminal; this is its result.
        println!("chunk of {count} events: {:.1} bytes an event", packed.len() as f64 / count as f64);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("encode {count}"), |b| b.iter(|| encode_events(black_box(&events))));
        group.bench_function(format!("decode {count}"), |b| b.iter(|| EventChunk::decode(black_box(&packed))));
    }
    group.sample_size(10);
    let million: Vec<Vec<u8>> = (0..2_000).map(|seed| encode_events(&day(seed, 500)).expect("encodes")).collect();
    group.throughput(Throughput::Elements(1_000_000));
    group.bench_function("decode 1,000,000 in 2,000 chunks, all kept", |b| {
        b.iter(|| million.iter().filter_map(|packed| EventChunk::decode(packed).ok()).collect::<Vec<_>>());
    });
    let decoded: Vec<EventChunk> = million.iter().filter_map(|packed| EventChunk::decode(packed).ok()).collect();
    println!("1,000,000 events decoded: process uses {} MiB", resident_mib());
    group.bench_function("visit 1,000,000 rows", |b| {
        b.iter(|| decoded.iter().flat_map(EventChunk::iter).filter(|row| !row.call.read_only).count());
    });
    group.finish();
}

/// Sealing and opening alone, without the store and the directory.
fn envelope(c: &mut Criterion) {
    let envelope = Envelope::new().expect("a key");
    let mut group = c.benchmark_group("envelope of 64 KiB");
    group.throughput(Throughput::Bytes(64 << 10));
    let plain = vec![0xA5; 64 << 10];
    group.bench_function("seal", |b| b.iter(|| envelope.seal(black_box(&plain))));
    let sealed = envelope.seal(&plain).expect("seals");
    group.bench_function("open", |b| {
        b.iter_batched(|| sealed.clone(), |sealed| envelope.open(sealed), BatchSize::SmallInput)
    });
    group.finish();
}

fn records(c: &mut Criterion) {
    let base = tempfile::tempdir().expect("a temporary directory");
    let file = SecretSlice::from(vec![7u8; 32]);
    let owner = LockOwner { user: "bench".into(), pid: 1, tty: "no terminal".into(), since: Timestamp::from_second(0) };
    let vault = Vault::create(&base.path().join("v"), Unlock::CredentialFile(&file), KdfCost::default(), &owner)
        .expect("a new vault");
    let name = Name::new("record").expect("a valid name");
    let batch = || {
        let mut batch = Batch::new();
        batch.put(&Scope::Vault, &name, 1, vec![0xA5; 64 << 10]);
        batch
    };
    vault.commit(batch()).expect("commits");
    let mut group = c.benchmark_group("record of 64 KiB");
    group.throughput(Throughput::Bytes(64 << 10));
    group.bench_function("get", |b| b.iter(|| vault.get(&Scope::Vault, &name)));
    group.sample_size(20);
    group.bench_function("commit, on disk", |b| {
        b.iter_batched(batch, |batch| vault.commit(batch), BatchSize::SmallInput)
    });
    group.finish();
}

/// Resident memory of this process from `/proc/self/statm` (pages of 4 KiB).
fn resident_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4 / 1024
}

criterion_group!(benches, chunks, envelope, records);
criterion_main!(benches);
