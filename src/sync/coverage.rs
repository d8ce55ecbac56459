//! What was read: time ranges per region, with no gap claimed that was not read.

use crate::domain::{Region, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which events a range holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Depth {
    /// All changes, and the calls that hand out sessions.
    Essential,
    /// Everything that LookupEvents returns.
    Full,
}

/// One account's coverage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    regions: BTreeMap<Region, RegionCoverage>,
}

/// One region's coverage of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionCoverage {
    /// Disjoint, in order, never touching.
    ranges: Vec<TimeRange>,
    /// Whether anything was ever seen there: such regions are read at every sync.
    pub in_use: bool,
    /// When it was last looked at, in use or not.
    pub looked_at: Option<Timestamp>,
}

impl Coverage {
    /// A region's coverage; empty if it was never read.
    pub fn region(&self, region: &Region) -> Option<&RegionCoverage> {
        self.regions.get(region)
    }

    /// All regions with their coverage.
    pub fn regions(&self) -> impl Iterator<Item = (&Region, &RegionCoverage)> {
        self.regions.iter()
    }

    /// Records that a range was read completely.
    pub fn add(&mut self, region: &Region, range: TimeRange, saw_events: bool) {
        let entry = self.regions.entry(region.clone()).or_default();
        entry.in_use |= saw_events;
        entry.looked_at = entry.looked_at.max(Some(range.end));
        entry.insert(range);
    }
}

impl RegionCoverage {
    /// The ranges, disjoint and in order.
    pub fn ranges(&self) -> &[TimeRange] {
        &self.ranges
    }

    /// Up to where the newest unbroken range reaches.
    pub fn read_until(&self) -> Option<Timestamp> {
        self.ranges.last().map(|r| r.end)
    }

    fn insert(&mut self, range: TimeRange) {
        if range.is_empty() {
            return;
        }
        let mut merged = range;
        let mut kept: Vec<TimeRange> = Vec::with_capacity(self.ranges.len() + 1);
        for old in self.ranges.drain(..) {
            if old.end < merged.start || merged.end < old.start {
                kept.push(old);
            } else {
                merged = TimeRange::new(merged.start.min(old.start), merged.end.max(old.end));
            }
        }
        kept.push(merged);
        kept.sort_by_key(|r| r.start);
        self.ranges = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn t(second: i64) -> Timestamp {
        Timestamp::from_second(second)
    }

    proptest! {
        /// Coverage against a bitmap: every second is covered exactly if some added range held it.
        #[test]
        fn ranges_equal_a_bitmap(ranges in prop::collection::vec((0i64..200, 0i64..40), 0..30)) {
            let region: Region = "us-east-1".parse().unwrap();
            let mut coverage = Coverage::default();
            let mut bitmap = [false; 260];
            for (start, length) in ranges {
                coverage.add(&region, TimeRange::new(t(start), t(start + length)), length > 0);
                (start..start + length).for_each(|s| bitmap[s as usize] = true);
            }
            let ranges = coverage.region(&region).map(|r| r.ranges().to_vec()).unwrap_or_default();
            for (s, covered) in bitmap.iter().enumerate() {
                prop_assert_eq!(ranges.iter().any(|r| r.contains(t(s as i64))), *covered);
            }
            for pair in ranges.windows(2) {
                prop_assert!(pair[0].end < pair[1].start, "ranges must be disjoint and not touch");
            }
        }
    }
}
