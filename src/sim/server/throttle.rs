//! The rate limit of `LookupEvents`: two requests a second per account and region (CloudTrail quotas).

use crate::domain::{AccountId, Region};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio::time::Instant;

/// Requests a second that go through.
const RATE: f64 = 2.0;
/// Requests that may come at once after a pause.
const BURST: f64 = 2.0;

/// One token bucket per account and region.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<(AccountId, Region), Bucket>>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Throttle {
    /// Takes one token; `false` if the request is to be refused.
    pub fn take(&self, account: AccountId, region: &Region, now: Instant) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry((account, region.clone())).or_insert(Bucket { tokens: BURST, at: now });
        let refilled = now.saturating_duration_since(bucket.at).as_secs_f64() * RATE;
        bucket.tokens = (bucket.tokens + refilled).min(BURST);
        bucket.at = now;
        let granted = bucket.tokens >= 1.0;
        if granted {
            bucket.tokens -= 1.0;
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn two_at_once_then_two_a_second_for_each_account_and_region() {
        let throttle = Throttle::default();
        let account = AccountId::from_number(1).unwrap();
        let (here, there): (Region, Region) = ("eu-west-1".parse().unwrap(), "us-east-1".parse().unwrap());
        let start = Instant::now();
        let take = |region: &Region, millis| throttle.take(account, region, start + Duration::from_millis(millis));
        assert_eq!([take(&here, 0), take(&here, 0), take(&here, 0)], [true, true, false]);
        assert!(take(&there, 0), "another region has its own bucket");
        assert_eq!([take(&here, 499), take(&here, 500), take(&here, 501)], [false, true, false]);
        assert_eq!([take(&here, 60_000), take(&here, 60_000), take(&here, 60_000)], [true, true, false]);
        assert!(throttle.take(AccountId::from_number(2).unwrap(), &here, start), "another account has its own bucket");
    }
}
