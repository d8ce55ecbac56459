//! What was read: time ranges per region, with no gap claimed that was not read.

use crate::domain::{Depth, Region, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One account's coverage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// What was read at essential depth at least.
    regions: BTreeMap<Region, RegionCoverage>,
    /// What of it was read at full depth.
    full: BTreeMap<Region, RegionCoverage>,
}

impl From<BTreeMap<Region, RegionCoverage>> for Coverage {
    /// What was read at essential depth, before there was another.
    fn from(regions: BTreeMap<Region, RegionCoverage>) -> Self {
        Self { regions, full: BTreeMap::new() }
    }
}

/// One region's coverage of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionCoverage {
    /// Disjoint, in order, never touching. Only the first may be empty: it marks since when the region should be held
    /// although its beginning is not, so that what was lost there is read again.
    ranges: Vec<TimeRange>,
    /// Whether anything was ever seen there: such regions are read at every sync.
    pub in_use: bool,
    /// When it was last looked at, in use or not.
    pub looked_at: Option<Timestamp>,
}

impl Coverage {
    /// A region's coverage at essential depth; empty if it was never read.
    pub fn region(&self, region: &Region) -> Option<&RegionCoverage> {
        self.regions.get(region)
    }

    /// A region's coverage at a depth.
    pub fn at(&self, depth: Depth, region: &Region) -> Option<&RegionCoverage> {
        match depth {
            Depth::Essential => self.regions.get(region),
            Depth::Full => self.full.get(region),
        }
    }

    fn both(&mut self) -> [&mut BTreeMap<Region, RegionCoverage>; 2] {
        [&mut self.regions, &mut self.full]
    }

    /// All regions with their coverage.
    pub fn regions(&self) -> impl Iterator<Item = (&Region, &RegionCoverage)> {
        self.regions.iter()
    }

    /// Records that a range was read completely, at essential depth.
    pub fn add(&mut self, region: &Region, range: TimeRange, saw_events: bool) {
        self.add_at(Depth::Essential, region, range, saw_events);
    }

    /// Records that a range was read completely at a depth; full depth holds the essential too.
    pub fn add_at(&mut self, depth: Depth, region: &Region, range: TimeRange, saw_events: bool) {
        let [regions, full] = self.both();
        let deep = (depth == Depth::Full).then_some(full);
        for map in [Some(regions), deep].into_iter().flatten() {
            let entry = map.entry(region.clone()).or_default();
            entry.in_use |= saw_events;
            entry.looked_at = entry.looked_at.max(Some(range.end));
            entry.insert(range);
        }
    }

    /// Takes a range out: it is no longer held and should be read again.
    pub fn remove(&mut self, region: &Region, range: TimeRange) {
        for entry in self.both().into_iter().filter_map(|map| map.get_mut(region)) {
            let since = entry.since();
            entry.cut_out(range);
            entry.mark(since);
        }
    }

    /// Takes out all that is held of the regions in which something was seen: it should be read again. The others held
    /// nothing that could be lost.
    pub fn remove_all(&mut self) {
        for entry in self.both().into_iter().flat_map(|map| map.values_mut()).filter(|entry| entry.in_use) {
            let since = entry.since();
            entry.ranges.clear();
            entry.mark(since);
        }
    }

    /// Notes that a region was in use from `range.start` to `range.end` and should be held since then, whatever of it is.
    pub fn expect(&mut self, region: &Region, range: TimeRange) {
        let entry = self.regions.entry(region.clone()).or_default();
        entry.in_use = true;
        entry.looked_at = entry.looked_at.max(Some(range.end));
        self.hold_since(region, range.start);
    }

    /// Notes that a region should be held since then, whether or not it is in use.
    pub fn hold_since(&mut self, region: &Region, from: Timestamp) {
        let entry = self.regions.entry(region.clone()).or_default();
        entry.mark(Some(entry.since().map_or(from, |since| since.min(from))));
    }

    /// Lets go of what lies before `from` for good. It is not read again.
    pub fn trim(&mut self, from: Timestamp) {
        for entry in self.both().into_iter().flat_map(|map| map.values_mut()) {
            if let Some(since) = entry.since().filter(|since| *since < from) {
                entry.cut_out(TimeRange::new(since, from));
                entry.ranges.retain(|r| !r.is_empty());
                entry.mark(Some(from));
            }
        }
    }
}

impl RegionCoverage {
    /// The ranges, disjoint and in order; the first may be empty.
    pub fn ranges(&self) -> &[TimeRange] {
        &self.ranges
    }

    /// Whether an instant is held.
    pub fn holds(&self, t: Timestamp) -> bool {
        self.ranges.iter().any(|range| range.contains(t))
    }

    /// Since when the region should be held.
    pub fn since(&self) -> Option<Timestamp> {
        self.ranges.first().map(|r| r.start)
    }

    /// Up to where the newest unbroken range reaches.
    pub fn read_until(&self) -> Option<Timestamp> {
        self.ranges.last().map(|r| r.end)
    }

    /// What is not held between [`since`](Self::since) and `until`, oldest first.
    pub fn gaps(&self, until: Timestamp) -> Vec<TimeRange> {
        let starts = self.ranges.iter().skip(1).map(|r| r.start.min(until)).chain([until]);
        let between = self.ranges.iter().zip(starts).map(|(range, next)| TimeRange::new(range.end, next));
        between.filter(|gap| !gap.is_empty()).collect()
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
        self.mark(self.since());
    }

    fn cut_out(&mut self, range: TimeRange) {
        if range.is_empty() {
            return;
        }
        let left_of = |old: &TimeRange| TimeRange::new(old.start, old.end.min(range.start));
        let right_of = |old: &TimeRange| TimeRange::new(old.start.max(range.end), old.end);
        self.ranges = self.ranges.iter().flat_map(|old| [left_of(old), right_of(old)]).collect();
    }

    /// Makes the ranges begin at `since`, with an empty one if need be, and drops all other empty ones.
    fn mark(&mut self, since: Option<Timestamp>) {
        self.ranges.retain(|r| !r.is_empty());
        if let Some(since) = since
            && self.since().is_none_or(|first| since < first)
        {
            self.ranges.insert(0, TimeRange::new(since, since));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn t(second: i64) -> Timestamp {
        Timestamp::from_second(second)
    }

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange::new(t(start), t(end))
    }

    fn region() -> Region {
        "us-east-1".parse().unwrap()
    }

    fn ranges(coverage: &Coverage) -> Vec<TimeRange> {
        coverage.region(&region()).map(|r| r.ranges().to_vec()).unwrap_or_default()
    }

    proptest! {
        /// Coverage against a bitmap: every second is covered exactly if the last that was said of it is that it was
        /// read; what is not covered since the first read is a gap.
        #[test]
        fn ranges_equal_a_bitmap(steps in prop::collection::vec((0i64..200, 0i64..40, prop::bool::weighted(0.4)), 0..30)) {
            let mut coverage = Coverage::default();
            let mut bitmap = [false; 260];
            let mut since: Option<i64> = None;
            for (start, length, removed) in steps {
                if removed {
                    coverage.remove(&region(), range(start, start + length));
                } else {
                    coverage.add(&region(), range(start, start + length), length > 0);
                    if length > 0 {
                        since = Some(since.map_or(start, |s| s.min(start)));
                    }
                }
                (start..start + length).for_each(|s| bitmap[s as usize] = !removed);
            }
            let held = ranges(&coverage);
            for (s, covered) in bitmap.iter().enumerate() {
                prop_assert_eq!(held.iter().any(|r| r.contains(t(s as i64))), *covered);
            }
            for pair in held.windows(2) {
                prop_assert!(pair[0].end < pair[1].start, "ranges must be disjoint and not touch");
                prop_assert!(!pair[1].is_empty(), "only the first may be empty");
            }
            let region = coverage.region(&region()).cloned().unwrap_or_default();
            prop_assert_eq!(region.since(), since.map(t));
            let gaps = region.gaps(t(260));
            for (s, covered) in bitmap.iter().enumerate() {
                let missing = since.is_some_and(|first| first <= s as i64) && !covered;
                prop_assert_eq!(gaps.iter().any(|g| g.contains(t(s as i64))), missing);
            }
        }

        /// Trimming forgets what lies before the cut and nothing else, and makes no gap.
        #[test]
        fn trimming_cuts_at_the_instant(added in prop::collection::vec((0i64..200, 1i64..40), 1..8), cut in 0i64..260) {
            let mut coverage = Coverage::default();
            added.iter().for_each(|(start, length)| coverage.add(&region(), range(*start, start + length), true));
            let before = ranges(&coverage);
            coverage.trim(t(cut));
            let (after, since) = (ranges(&coverage), coverage.region(&region()).unwrap().since());
            for s in 0..260 {
                let held = |ranges: &[TimeRange]| ranges.iter().any(|r| r.contains(t(s)));
                prop_assert_eq!(held(&after), s >= cut && held(&before));
            }
            prop_assert_eq!(since, Some(before[0].start.max(t(cut))));
        }
    }

    #[test]
    fn full_depth_holds_the_essential_and_not_the_other_way_round() {
        let mut coverage = Coverage::default();
        coverage.add(&region(), range(0, 50), true);
        coverage.add_at(Depth::Full, &region(), range(40, 60), true);
        let at =
            |coverage: &Coverage, depth| coverage.at(depth, &region()).map(|r| r.ranges().to_vec()).unwrap_or_default();
        assert_eq!(
            (at(&coverage, Depth::Essential), at(&coverage, Depth::Full)),
            (vec![range(0, 60)], vec![range(40, 60)])
        );
        coverage.remove(&region(), range(45, 50));
        assert_eq!(at(&coverage, Depth::Full), [range(40, 45), range(50, 60)]);
        assert_eq!(at(&coverage, Depth::Essential), [range(0, 45), range(50, 60)]);
        coverage.trim(t(55));
        assert_eq!(
            (at(&coverage, Depth::Essential), at(&coverage, Depth::Full)),
            (vec![range(55, 60)], vec![range(55, 60)])
        );
    }

    #[test]
    fn a_lost_beginning_is_remembered_until_it_is_read_again() {
        let mut coverage = Coverage::default();
        coverage.add(&region(), range(10, 50), true);
        coverage.remove(&region(), range(0, 20));
        assert_eq!(ranges(&coverage), [range(10, 10), range(20, 50)]);
        assert_eq!(coverage.region(&region()).unwrap().gaps(t(50)), [range(10, 20)]);
        let mut again = coverage.clone();
        again.add(&region(), range(10, 20), false);
        assert_eq!(ranges(&again), [range(10, 50)]);
        coverage.remove_all();
        assert_eq!(ranges(&coverage), [range(10, 10)]);
        assert_eq!(coverage.region(&region()).unwrap().read_until(), Some(t(10)));
        coverage.expect(&region(), range(5, 40));
        assert_eq!(ranges(&coverage), [range(5, 5)]);
    }

    #[test]
    fn regions_without_events_have_nothing_to_lose() {
        let mut coverage = Coverage::default();
        coverage.add(&region(), range(10, 50), false);
        coverage.remove_all();
        assert_eq!(ranges(&coverage), [range(10, 50)]);
    }
}
