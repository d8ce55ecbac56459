//! Many cases of one test, side by side. A case that fails is named with its seed; all failures are told together.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// SplitMix64: the same seed gives the same numbers for ever.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// From 0 to below 1.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How many cases run at once: they wait as much as they work.
pub fn workers() -> usize {
    2 * thread::available_parallelism().map_or(1, usize::from)
}

/// Does all cases and gives their outcomes.
pub fn each<T: Send>(what: &str, cases: impl IntoIterator<Item = u64>, check: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let cases: Vec<u64> = cases.into_iter().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut outcomes = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            outcomes.push(attempt(|| check(*case)).map_err(|why| (*case, why)));
        }
        outcomes
    };
    let outcomes: Vec<_> = thread::scope(|threads| {
        let workers: Vec<_> = (0..workers()).map(|_| threads.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(value) => good.push(value),
            Err((case, why)) => bad.push(format!("  {what} {case}: {why}")),
        }
    }
    assert!(bad.is_empty(), "{} of {} failed:\n{}", bad.len(), cases.len(), bad.join("\n"));
    good
}

/// What a check gives, or why it failed.
pub fn attempt<T>(check: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(check)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
    })
}
