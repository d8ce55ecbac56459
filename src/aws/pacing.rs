//! Pacing and the one retry loop: every attempt waits its turn and is counted.

use super::{
    Api, AwsError,
    fair::{FairSlots, Party, Slot},
    valve::{Flow, Stopped, Valve},
};
use crate::domain::{AccountId, FailureKind, Region, RequestCounts};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::Duration,
};
use tokio::{
    select,
    time::{Instant, sleep_until, timeout},
};

/// How fast to go. The polite default is half of what AWS allows: the client's own tools share the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Least time between two `LookupEvents` of one account and region. AWS allows two a second (CloudTrail quotas).
    pub lookup: Duration,
    /// Least time between two `GetCostAndUsage` of one account. AWS publishes no number.
    pub costs: Duration,
    /// Requests under way at once, over all accounts.
    pub concurrency: usize,
}

impl Pace {
    /// One request a second per account (and region, for events).
    pub const POLITE: Self = Self { lookup: Duration::from_secs(1), costs: Duration::from_secs(1), concurrency: 32 };
    /// AWS's own limit for `LookupEvents`; Cost Explorer unpaced. What `demo` runs at.
    pub const AWS_LIMIT: Self = Self { lookup: Duration::from_millis(500), costs: Duration::ZERO, concurrency: 32 };
}

/// When to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all.
    pub attempts: u32,
    /// Wait before the second attempt; doubled each time, with jitter.
    pub base: Duration,
    /// Longest wait.
    pub cap: Duration,
    /// An attempt that takes longer is given up. LookupEvents has been seen to take 35 s in us-east-1.
    pub per_attempt: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            per_attempt: Duration::from_secs(65),
        }
    }
}

/// What one logical request took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Requests sent.
    pub sent: u32,
    /// Of them, repeated ones.
    pub retries: u32,
    /// Why the last of those was repeated.
    pub repeated: Option<AwsError>,
}

/// The bucket that a request draws from.
type LaneKey = (Api, AccountId, Option<Region>);

/// How one bucket stands. Each throttling answer doubles the time between its requests, up to [`SLOWEST`] times; every
/// [`RECOVER`] answers without one halve it again.
#[derive(Debug, Clone, Copy)]
struct Lane {
    free: Instant,
    doublings: u32,
    since_throttled: u32,
}

/// Doublings at most: one request in 32 seconds where one a second is usual.
const SLOWEST: u32 = 5;
/// Answers after which a lane is trusted with twice the speed again.
const RECOVER: u32 = 10;

/// Jobs under way for each request that may be: enough to keep all slots busy while the lanes of some jobs are quiet, and
/// few enough that what they have read and not yet committed stays small.
const JOBS_A_SLOT: usize = 2;

/// Gives each request its turn, and none while its valve is shut. One per engine, on one thread; with
/// [`through`](Self::through) its jobs get handles with valves of their own, that share everything else.
#[derive(Debug)]
pub struct Pacer {
    turns: Rc<Turns>,
    valve: Valve,
}

/// What all handles of a pacer share.
#[derive(Debug)]
struct Turns {
    pace: Pace,
    retry: RetryPolicy,
    lanes: RefCell<HashMap<LaneKey, Lane>>,
    slots: FairSlots,
    jobs: FairSlots,
    parties: RefCell<HashMap<AccountId, Party>>,
    counts: Cell<RequestCounts>,
    jitter: Cell<u64>,
}

impl Pacer {
    /// A pacer; `seed` makes its jitter repeatable.
    pub fn new(pace: Pace, retry: RetryPolicy, seed: u64) -> Self {
        let turns = Turns {
            pace,
            retry,
            lanes: RefCell::default(),
            slots: FairSlots::new(pace.concurrency),
            jobs: FairSlots::new(pace.concurrency.saturating_mul(JOBS_A_SLOT)),
            parties: RefCell::default(),
            counts: Cell::default(),
            jitter: Cell::new(seed | 1),
        };
        Self { turns: Rc::new(turns), valve: Valve::default() }
    }

    /// The same pacer for requests that also have to pass this valve.
    pub fn through(&self, valve: Valve) -> Self {
        Self { turns: self.turns.clone(), valve }
    }

    /// Requests that may be under way at once: as many jobs are worth beginning.
    pub fn concurrency(&self) -> usize {
        self.turns.pace.concurrency.max(1)
    }

    /// Waits until one more job that holds what it reads in memory is worth beginning. It is under way until the slot is
    /// dropped.
    pub async fn begin(&self, account: AccountId) -> Slot {
        self.turns.jobs.take(self.party(account)).await
    }

    fn party(&self, account: AccountId) -> Party {
        self.turns.parties.borrow().get(&account).copied().unwrap_or_default()
    }

    /// Says whose an account is, by any number: slots are shared fairly between parties, and those nobody spoke of are one.
    pub fn belongs(&self, account: AccountId, party: u32) {
        self.turns.parties.borrow_mut().insert(account, party);
    }

    /// All requests sent so far.
    pub fn counts(&self) -> RequestCounts {
        self.turns.counts.get()
    }

    /// Runs one request in its lane until it succeeds, cannot succeed, or attempts run out.
    pub async fn call<T, F>(
        &self,
        api: Api,
        account: AccountId,
        region: Option<&Region>,
        mut request: impl FnMut() -> F,
    ) -> (Result<T, AwsError>, Attempts)
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let mut attempts = Attempts::default();
        loop {
            let outcome = {
                // The permit is held only while a request is under way, never while it waits for its turn.
                let Ok(_slot) = self.admitted(api, account, region).await else {
                    return (Err(AwsError::stopped(api)), attempts);
                };
                self.turns.count(api);
                attempts.sent += 1;
                timeout(self.turns.retry.per_attempt, request()).await.unwrap_or_else(|_| Err(AwsError::timed_out(api)))
            };
            let throttled = matches!(&outcome, Err(error) if error.kind == FailureKind::Throttled);
            self.turns.learn(api, account, region, throttled);
            match outcome {
                // What was paid for is not asked again without whoever counts the money.
                Err(error) if error.retryable && !error.is_paid() && attempts.sent < self.turns.retry.attempts => {
                    attempts.retries += 1;
                    self.turns.hold(api, account, region, self.turns.backoff(attempts.retries));
                    attempts.repeated = Some(error);
                }
                outcome => {
                    // Whoever asks again after that waits too.
                    if outcome.as_ref().is_err_and(|error| error.retryable && error.is_paid()) {
                        self.turns.hold(api, account, region, self.turns.backoff(1));
                    }
                    return (outcome, attempts);
                }
            }
        }
    }

    /// Waits for the valve, the turn and a slot. While the valve is held nothing is taken, and no timer is set.
    async fn admitted(&self, api: Api, account: AccountId, region: Option<&Region>) -> Result<Slot, Stopped> {
        let party = self.party(account);
        loop {
            self.valve.pass().await?;
            let slot = async {
                self.turns.turn(api, account, region).await;
                self.turns.slots.take(party).await
            };
            let slot = select! {
                biased;
                slot = slot => slot,
                () = self.valve.stopped() => return Err(Stopped),
            };
            // It may have been turned while this one waited.
            if self.valve.flow() == Flow::Open {
                return Ok(slot);
            }
        }
    }
}

impl Turns {
    fn interval(&self, api: Api) -> Duration {
        match api {
            Api::LookupEvents => self.pace.lookup,
            Api::GetCostAndUsage => self.pace.costs,
            Api::AssumeRole | Api::GetCallerIdentity | Api::ListAccounts => Duration::ZERO,
        }
    }

    /// Waits until the lane is free and takes the next turn in it.
    async fn turn(&self, api: Api, account: AccountId, region: Option<&Region>) {
        let interval = self.interval(api);
        let start = self.with_lane(api, account, region, |lane, now| {
            let start = lane.free.max(now);
            // A lane that is not paced slows down to half of the first wait between two attempts.
            let interval = if lane.doublings > 0 { interval.max(self.retry.base / 2) } else { interval };
            lane.free = start + interval * (1 << lane.doublings);
            start
        });
        if start > Instant::now() {
            sleep_until(start).await;
        }
    }

    /// Keeps the whole lane quiet for a while: after a throttle its other requests would only be throttled too.
    fn hold(&self, api: Api, account: AccountId, region: Option<&Region>, wait: Duration) {
        self.with_lane(api, account, region, |lane, now| lane.free = lane.free.max(now + wait));
    }

    /// Slows a lane down that was throttled, and trusts it again after a while.
    fn learn(&self, api: Api, account: AccountId, region: Option<&Region>, throttled: bool) {
        self.with_lane(api, account, region, |lane, _| {
            if throttled {
                lane.doublings = (lane.doublings + 1).min(SLOWEST);
                lane.since_throttled = 0;
            } else if lane.doublings > 0 {
                lane.since_throttled += 1;
                if lane.since_throttled >= RECOVER {
                    lane.doublings -= 1;
                    lane.since_throttled = 0;
                }
            }
        });
    }

    fn with_lane<T>(
        &self,
        api: Api,
        account: AccountId,
        region: Option<&Region>,
        work: impl FnOnce(&mut Lane, Instant) -> T,
    ) -> T {
        let now = Instant::now();
        let mut lanes = self.lanes.borrow_mut();
        let new = Lane { free: now, doublings: 0, since_throttled: 0 };
        work(lanes.entry((api, account, region.cloned())).or_insert(new), now)
    }

    /// Exponential, capped, and between half and the whole of it by chance.
    fn backoff(&self, retry: u32) -> Duration {
        let full = self.retry.base.saturating_mul(1 << retry.saturating_sub(1).min(16)).min(self.retry.cap);
        // xorshift64: jitter needs to differ between clients, not to be unpredictable.
        let mut x = self.jitter.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.jitter.set(x);
        full / 2 + full.mul_f64((x % 1_000) as f64 / 2_000.0)
    }

    fn count(&self, api: Api) {
        let mut counts = self.counts.get();
        counts += one(api);
        self.counts.set(counts);
    }
}

/// One request, as a count.
pub(super) fn one(api: Api) -> RequestCounts {
    let mut counts = RequestCounts::default();
    match api {
        Api::AssumeRole | Api::GetCallerIdentity => counts.sts = 1,
        Api::ListAccounts => counts.organizations = 1,
        Api::LookupEvents => counts.cloudtrail = 1,
        Api::GetCostAndUsage => counts.ce = 1,
    }
    counts
}

impl Attempts {
    /// The same as request counts.
    pub fn counts(&self, api: Api) -> RequestCounts {
        let mut counts = RequestCounts::default();
        for _ in 0..self.sent {
            counts += one(api);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: u64) -> AccountId {
        AccountId::from_number(n).unwrap()
    }

    fn throttled() -> AwsError {
        AwsError {
            api: Api::LookupEvents,
            kind: FailureKind::Throttled,
            code: "ThrottlingException".into(),
            message: "Rate exceeded".into(),
            status: Some(400),
            retryable: true,
            in_doubt: false,
            access: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_lane_is_paced_and_another_is_not_held_up() {
        let pacer = Pacer::new(Pace::AWS_LIMIT, RetryPolicy::default(), 1);
        let region: Region = "us-east-1".parse().unwrap();
        let began = Instant::now();
        for _ in 0..5 {
            let (outcome, _) = pacer.call(Api::LookupEvents, account(1), Some(&region), async || Ok(())).await;
            outcome.unwrap();
        }
        assert_eq!(began.elapsed(), Duration::from_secs(2));
        let (outcome, _) = pacer.call(Api::LookupEvents, account(2), Some(&region), async || Ok(())).await;
        outcome.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(2));
        assert_eq!(pacer.counts().cloudtrail, 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_request_is_repeated_after_a_growing_wait_and_every_attempt_counts() {
        let pacer = Pacer::new(Pace::AWS_LIMIT, RetryPolicy::default(), 7);
        let tries = Cell::new(0);
        let began = Instant::now();
        let (outcome, attempts) = pacer
            .call(Api::LookupEvents, account(1), None, || {
                tries.set(tries.get() + 1);
                let n = tries.get();
                async move { if n < 4 { Err(throttled()) } else { Ok(n) } }
            })
            .await;
        assert_eq!((outcome.unwrap(), attempts.sent, attempts.retries, pacer.counts().cloudtrail), (4, 4, 3, 4));
        // Between half and all of 0.5 + 1 + 2 seconds.
        assert!(
            (Duration::from_millis(1_750)..Duration::from_millis(3_600)).contains(&began.elapsed()),
            "{:?}",
            began.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_lane_goes_slower_and_recovers() {
        let pacer = Pacer::new(Pace::AWS_LIMIT, RetryPolicy { attempts: 1, ..RetryPolicy::default() }, 7);
        let region: Region = "us-east-1".parse().unwrap();
        let ask = async |outcome: Result<(), AwsError>| {
            let began = Instant::now();
            let _ = pacer.call(Api::LookupEvents, account(1), Some(&region), async || outcome.clone()).await;
            began.elapsed()
        };
        ask(Err(throttled())).await;
        ask(Err(throttled())).await;
        // Twice doubled by now; what was taken before keeps its turn.
        ask(Ok(())).await;
        let slow = ask(Ok(())).await;
        assert_eq!(slow, Duration::from_secs(2));
        for _ in 0..2 * RECOVER {
            ask(Ok(())).await;
        }
        assert_eq!(ask(Ok(())).await, Duration::from_millis(500));
        // Another lane was never slow.
        let other: Region = "eu-west-1".parse().unwrap();
        let began = Instant::now();
        pacer.call(Api::LookupEvents, account(1), Some(&other), async || Ok(())).await.0.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_run_out_and_a_refusal_is_not_repeated() {
        let pacer = Pacer::new(Pace::AWS_LIMIT, RetryPolicy::default(), 7);
        let (outcome, attempts) =
            pacer.call(Api::LookupEvents, account(1), None, async || Err::<(), _>(throttled())).await;
        assert_eq!((outcome.unwrap_err().kind, attempts.sent), (FailureKind::Throttled, 5));
        let denied = AwsError { kind: FailureKind::Denied, retryable: false, ..throttled() };
        let (outcome, attempts) =
            pacer.call(Api::LookupEvents, account(1), None, async || Err::<(), _>(denied.clone())).await;
        assert_eq!((outcome.unwrap_err().kind, attempts.sent), (FailureKind::Denied, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_valve_lets_none_through_not_even_a_repeated_one_and_a_stopped_one_ends_the_wait() {
        let valve = tokio::sync::watch::Sender::new(Flow::Open);
        let all = Pacer::new(Pace::AWS_LIMIT, RetryPolicy::default(), 7);
        let pacer = all.through(Valve::of([valve.subscribe()]));
        let sent = Cell::new(0);
        let fail = || {
            sent.set(sent.get() + 1);
            // The first attempt ends although the valve is shut while it is under way.
            valve.send_replace(Flow::Held);
            async { Err::<(), _>(throttled()) }
        };
        let mut call = Box::pin(pacer.call(Api::LookupEvents, account(1), None, fail));
        assert!(timeout(Duration::from_secs(3_600), &mut call).await.is_err(), "it waits");
        assert_eq!(sent.get(), 1);
        // Others of the same engine go on, each with its own valve.
        all.call(Api::LookupEvents, account(2), None, async || Ok(())).await.0.unwrap();
        valve.send_replace(Flow::Open);
        assert!(timeout(Duration::from_secs(3_600), &mut call).await.is_err(), "it waits again");
        assert_eq!(sent.get(), 2);
        valve.send_replace(Flow::Stopped);
        let (outcome, attempts) = call.await;
        assert_eq!((outcome.unwrap_err().kind, attempts.sent), (FailureKind::Cancelled, 2));
        assert_eq!(attempts.repeated.unwrap().kind, FailureKind::Throttled);
        assert_eq!(all.counts().cloudtrail, 3);
        // One that waits for its turn when the valve is shut does not go when its turn has come.
        let valve = tokio::sync::watch::Sender::new(Flow::Open);
        let pacer = all.through(Valve::of([valve.subscribe()]));
        let sent = Cell::new(0);
        let count = async || {
            sent.set(sent.get() + 1);
            Ok(())
        };
        pacer.call(Api::LookupEvents, account(3), None, count).await.0.unwrap();
        let mut second = Box::pin(pacer.call(Api::LookupEvents, account(3), None, count));
        assert!(timeout(Duration::from_millis(100), &mut second).await.is_err());
        valve.send_replace(Flow::Held);
        assert!(timeout(Duration::from_secs(3_600), &mut second).await.is_err());
        assert_eq!(sent.get(), 1);
        valve.send_replace(Flow::Stopped);
        assert_eq!(second.await.0.unwrap_err().kind, FailureKind::Cancelled);
        let free = async || Ok(());
        let stopped = pacer.call(Api::LookupEvents, account(1), None, free).await;
        assert_eq!((stopped.0.unwrap_err().kind, stopped.1.sent), (FailureKind::Cancelled, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_is_given_up() {
        let retry = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
        let pacer = Pacer::new(Pace::AWS_LIMIT, retry, 7);
        // What may have been paid for is asked again by whoever counts the money.
        for (api, sent) in [(Api::LookupEvents, 2), (Api::GetCostAndUsage, 1)] {
            let never = std::future::pending::<Result<(), AwsError>>;
            let (outcome, attempts) = pacer.call(api, account(1), None, never).await;
            assert_eq!((outcome.unwrap_err().kind, attempts.sent), (FailureKind::Offline, sent));
        }
    }
}
