//! Made-up traffic for the benchmarks.
#![allow(missing_docs, reason = "a part of two benchmark programs")]

use bailiwick::domain::{AccessEvent, AccountId, EventId, KeyHint, Outcome, Principal, PrincipalKind, Timestamp};

/// SplitMix64.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// One day of one account and region: few sessions and calls make most of the traffic, a long tail the rest.
pub fn day(seed: u64, count: usize, account: AccountId, region: &str, start: Timestamp) -> Vec<AccessEvent> {
    let mut r = Seeded(seed);
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
                region: region.parse().expect("a valid region"),
                service: format!("service{}", call % 23).into(),
                name: format!("DescribeThing{call}").into(),
                read_only: call % 3 < 2,
                principal: Principal {
                    kind: PrincipalKind::Role,
                    actor: format!("arn:aws:iam::{account}:role/team/role-{}", person % 12).into(),
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
