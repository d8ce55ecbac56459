//! How fast something goes and how long it still takes, from what it tells. It is asked for nothing between two tellings,
//! so it needs no timer.

use super::Timestamp;
use std::collections::VecDeque;

/// Seconds over which the speed is taken.
const WINDOW: i64 = 30;
/// Seconds that have to have passed before it says anything.
const LEAST: i64 = 2;

/// Counts of something that goes on, with the times at which they were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meter {
    began: Option<Timestamp>,
    held_since: Option<Timestamp>,
    /// Seconds in which it was held, all together.
    held: i64,
    /// Counts of the last while, the oldest first; one for each second.
    told: VecDeque<(Timestamp, u64)>,
}

impl Meter {
    /// It began, or goes on after it was held.
    pub fn go(&mut self, now: Timestamp) {
        self.began.get_or_insert(now);
        if let Some(since) = self.held_since.take() {
            self.held += now.since(since).max(0);
            // The time in which nothing could be done is not counted as slowness.
            self.told.clear();
        }
    }

    /// It is held: time does not count until it goes on.
    pub fn hold(&mut self, now: Timestamp) {
        if self.began.is_some() {
            self.held_since.get_or_insert(now);
        }
    }

    /// So much is done in all by now.
    pub fn tell(&mut self, now: Timestamp, count: u64) {
        match self.told.back_mut() {
            Some((at, last)) if *at == now => *last = count,
            _ => self.told.push_back((now, count)),
        }
        // One that is older than the window stays, to measure from.
        while self.told.get(1).is_some_and(|(at, _)| now.since(*at) >= WINDOW) {
            self.told.pop_front();
        }
    }

    /// How much a minute, over the last while.
    pub fn per_minute(&self) -> Option<u32> {
        let ((from, first), (to, last)) = (self.told.front()?, self.told.back()?);
        let seconds = u64::try_from(to.since(*from)).ok().filter(|s| *s >= LEAST as u64)?;
        u32::try_from(last.saturating_sub(*first) * 60 / seconds).ok()
    }

    /// Seconds that are left, if it goes on as it went: `done` of `total` steps are taken.
    pub fn remaining(&self, now: Timestamp, done: u64, total: u64) -> Option<u64> {
        let held = self.held + self.held_since.map_or(0, |since| now.since(since).max(0));
        let active = u64::try_from(now.since(self.began?) - held).ok().filter(|s| *s >= LEAST as u64)?;
        (done > 0 && total >= done).then(|| (active * (total - done)).div_ceil(done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second)
    }

    #[test]
    fn the_speed_is_that_of_the_last_while_and_a_pause_does_not_slow_it_down() {
        let mut meter = Meter::default();
        assert_eq!((meter.per_minute(), meter.remaining(at(0), 1, 2)), (None, None));
        meter.go(at(0));
        meter.tell(at(0), 0);
        meter.tell(at(0), 1);
        assert_eq!(meter.per_minute(), None, "not within the same second");
        (1..=60).for_each(|second| meter.tell(at(second), 1 + 2 * second as u64));
        assert_eq!(meter.per_minute(), Some(120));
        assert_eq!(meter.remaining(at(60), 20, 30), Some(30));
        // Slower now; what was a minute ago is forgotten.
        (61..=120).for_each(|second| meter.tell(at(second), 121 + second as u64 - 60));
        assert_eq!(meter.per_minute(), Some(60));
        meter.hold(at(120));
        assert_eq!(meter.remaining(at(1_000), 40, 60), Some(60), "time stands still");
        meter.go(at(1_120));
        assert_eq!((meter.per_minute(), meter.remaining(at(1_120), 40, 60)), (None, Some(60)));
        assert_eq!(meter.remaining(at(1_120), 60, 60), Some(0));
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_gives_no_number() {
        let mut meter = Meter::default();
        meter.go(at(100));
        meter.tell(at(100), 5);
        meter.tell(at(90), 9);
        assert_eq!((meter.per_minute(), meter.remaining(at(90), 1, 2)), (None, None));
    }
}
