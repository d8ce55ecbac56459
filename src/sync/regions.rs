//! What still has to be read of events, as data: a pure function of what was read, the settings and the present.

use super::{Coverage, RegionCoverage, retention};
use crate::{
    aws::LookupFilter,
    domain::{Depth, Partition, Region, TimeRange, Timestamp},
};

/// How far back events are read again: delivery takes about five minutes but is not guaranteed.
pub(super) const OVERLAP_SECONDS: i64 = 30 * 60;
/// What the first read of a day reads again of the evening before the day of the last one, besides that day itself: an
/// event may be delivered so late, and reading every hour would never come back to it.
const EVENING_SECONDS: i64 = 6 * 3_600;
/// How long CloudTrail keeps the event history: 90 days, less a little for the way there.
pub const HISTORY_SECONDS: i64 = 90 * 86_400 - 600;
/// How often a region in which nothing was ever seen is looked at.
const QUIET_REGION_SECONDS: i64 = 24 * 3_600;
/// How much time one slice holds: what is kept in memory, and lost when a run is cut off.
const SLICE_SECONDS: i64 = 14 * 86_400;

/// What the settings say of reading events.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// Regions that are always read.
    pub always: &'a [Region],
    /// Days of events that a first read goes back.
    pub days: u32,
    /// Days for which events are kept: what would be purged at once is not read.
    pub retention_days: u32,
    /// Minutes for which events are not read again.
    pub fresh_minutes: u32,
    /// Which events.
    pub depth: Depth,
}

/// One region's part of an events job. A region has several where something between was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionPlan {
    /// The region.
    pub region: Region,
    /// The range to read, frozen.
    pub range: TimeRange,
    /// Which events.
    pub depth: Depth,
    /// Whether all calls that hand out sessions are read even if the region looks unused.
    pub sessions_always: bool,
}

impl RegionPlan {
    /// The part of this plan within a slice, if any.
    pub fn within(&self, slice: TimeRange) -> Option<Self> {
        let range = TimeRange::new(self.range.start.max(slice.start), self.range.end.min(slice.end));
        (!range.is_empty()).then(|| Self { range, ..self.clone() })
    }
}

/// The slices that the plans are read in, oldest first; none in which nothing is to be read.
pub fn windows(plans: &[RegionPlan]) -> Vec<TimeRange> {
    let (Some(start), Some(end)) = (plans.iter().map(|p| p.range.start).min(), plans.iter().map(|p| p.range.end).max())
    else {
        return Vec::new();
    };
    let mut slices = Vec::new();
    let mut from = start;
    while from < end {
        let slice = TimeRange::new(from, from.plus(SLICE_SECONDS).min(end));
        if plans.iter().any(|p| p.within(slice).is_some()) {
            slices.push(slice);
        }
        from = slice.end;
    }
    slices
}

/// The regions that every account has enabled by default (AWS Regions and Availability Zones, "opt-in not required").
const DEFAULT_REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

/// Global services and sign-ins are recorded in these, whatever the account uses (CloudTrail user guide, "Global
/// service events").
const GLOBAL_EVENT_REGIONS: [&str; 3] = ["us-east-1", "us-east-2", "us-west-2"];

/// The calls that hand out sessions. CloudTrail calls them read-only, so `ReadOnly=false` misses them.
pub const SESSION_CALLS: [LookupFilter; 4] = [
    LookupFilter::EventName("AssumeRole"),
    LookupFilter::EventName("AssumeRoleWithSAML"),
    LookupFilter::EventName("AssumeRoleWithWebIdentity"),
    LookupFilter::EventName("GetSessionToken"),
];

/// Regions to look at in a partition, with those that the operator added.
pub(super) fn candidate_regions(partition: Partition, always: &[Region]) -> Vec<Region> {
    let names: &[&str] = match partition {
        Partition::Aws => &DEFAULT_REGIONS,
        Partition::AwsCn => &["cn-north-1", "cn-northwest-1"],
        Partition::AwsUsGov => &["us-gov-east-1", "us-gov-west-1"],
        Partition::AwsEusc => &["eusc-de-east-1"],
    };
    let mut regions: Vec<Region> = names.iter().filter_map(|r| r.parse().ok()).chain(always.iter().cloned()).collect();
    regions.sort();
    regions.dedup();
    regions
}

/// What to read of one account's events now: regions in use at every sync, the quiet ones once a day, and whatever was
/// lost of a region since it is read, as far as CloudTrail remembers it.
pub fn region_plans(coverage: &Coverage, partition: Partition, reach: Reach<'_>, now: Timestamp) -> Vec<RegionPlan> {
    let mut plans = Vec::new();
    for region in candidate_regions(partition, reach.always) {
        let global = partition != Partition::Aws || GLOBAL_EVENT_REGIONS.contains(&region.as_str());
        let known = coverage.at(reach.depth, &region);
        let in_use = coverage.region(&region).is_some_and(|k| k.in_use);
        let wanted = global || in_use || reach.always.contains(&region);
        for range in ranges(known, wanted, reach, now) {
            plans.push(RegionPlan { region: region.clone(), range, depth: reach.depth, sessions_always: wanted });
        }
    }
    plans
}

/// The ranges of one region to read, oldest first.
fn ranges(known: Option<&RegionCoverage>, wanted: bool, reach: Reach<'_>, now: Timestamp) -> Vec<TimeRange> {
    // A first read goes back by the setting.
    let days = reach.days.min(reach.retention_days);
    let first = now.plus(-i64::from(days) * 86_400);
    let Some((known, newest)) = known.and_then(|k| Some((k, *k.ranges().last()?))) else {
        return vec![TimeRange::new(first, now)];
    };
    // A later one goes back to where it stopped, as far as CloudTrail remembers and the events would be kept.
    let oldest = now.plus(-HISTORY_SECONDS).max(retention::kept_from(now, reach.retention_days).start());
    if newest.is_empty() {
        // All of it was lost: a first read again, and from where it was held.
        return vec![TimeRange::new(newest.start.min(first).max(oldest), now)];
    }
    let reachable = |range: TimeRange| TimeRange::new(range.start.max(oldest), range.end);
    let gaps = known.gaps(newest.end).into_iter().map(reachable).filter(|gap| !gap.is_empty());
    let mut ranges: Vec<TimeRange> = gaps.collect();
    let pause = if wanted { i64::from(reach.fresh_minutes) * 60 } else { QUIET_REGION_SECONDS };
    if now.since(newest.end) >= pause {
        let back = match newest.end.day() {
            day if day < now.day() => day.start().plus(-EVENING_SECONDS),
            _ => newest.end.plus(-OVERLAP_SECONDS),
        };
        ranges.push(TimeRange::new(back.max(oldest), now));
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn now() -> Timestamp {
        at("2026-11-22T02:00:00Z")
    }

    fn reach(days: u32) -> Reach<'static> {
        Reach { always: &[], days, retention_days: 400, fresh_minutes: 5, depth: Depth::Essential }
    }

    fn plans(coverage: &Coverage, now: Timestamp) -> Vec<RegionPlan> {
        region_plans(coverage, Partition::Aws, reach(14), now)
    }

    /// What is planned of one region.
    fn of(plans: &[RegionPlan], region: &str) -> Vec<TimeRange> {
        plans.iter().filter(|p| p.region.as_str() == region).map(|p| p.range).collect()
    }

    /// Everything read for `days` up to `now`; events in eu-west-1.
    fn read(days: i64, now: Timestamp) -> Coverage {
        let mut coverage = Coverage::default();
        for region in candidate_regions(Partition::Aws, &[]) {
            coverage.add(&region, TimeRange::new(now.plus(-days * DAY), now), region.as_str() == "eu-west-1");
        }
        coverage
    }

    #[test]
    fn regions_in_use_are_read_each_time_and_quiet_ones_once_a_day() {
        let now = now();
        let mut coverage = Coverage::default();
        let first = plans(&coverage, now);
        assert_eq!(first.len(), 17);
        assert_eq!(first.iter().filter(|p| p.sessions_always).count(), 3);
        assert!(first.iter().all(|p| now.since(p.range.start) == 14 * DAY));
        for plan in &first {
            coverage.add(&plan.region, plan.range, plan.region.as_str() == "eu-west-1");
        }
        assert_eq!(plans(&coverage, now.plus(60)), []);
        let later = now.plus(3_600);
        let next = plans(&coverage, later);
        let names: Vec<&str> = next.iter().map(|p| p.region.as_str()).collect();
        assert_eq!(names, ["eu-west-1", "us-east-1", "us-east-2", "us-west-2"]);
        assert!(next.iter().all(|p| p.range == TimeRange::new(now.plus(-1_800), later)));
        assert_eq!(plans(&coverage, now.plus(DAY)).len(), 17);
        // After three weeks without a sync no day is left out.
        let weeks = plans(&coverage, now.plus(21 * DAY));
        let evening = at("2026-11-21T18:00:00Z");
        assert!(weeks.iter().all(|p| p.range.start == evening));
    }

    #[test]
    fn a_gap_is_a_plan_of_its_own_even_where_the_newest_is_fresh() {
        let (now, region) = (now(), "eu-west-1".parse().unwrap());
        let mut coverage = read(60, now);
        let day = |n: i64| TimeRange::new(now.day().plus(-n).start(), now.day().plus(1 - n).start());
        coverage.remove(&region, day(40));
        coverage.remove(&region, day(3));
        let found = plans(&coverage, now.plus(60));
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(of(&found, "eu-west-1"), [day(40), day(3)]);
        assert!(found.iter().all(|p| p.sessions_always));
        // The slices between the two are left out.
        assert_eq!(
            windows(&found),
            [TimeRange::new(day(40).start, day(27).end), TimeRange::new(day(12).start, day(3).end)]
        );
        // Read again, nothing is due.
        found.iter().for_each(|p| coverage.add(&p.region, p.range, true));
        assert_eq!(plans(&coverage, now.plus(60)), []);
    }

    #[test]
    fn the_first_day_and_the_whole_of_a_region_come_back_too() {
        let (now, region) = (now(), "eu-west-1".parse().unwrap());
        let mut coverage = read(60, now);
        let first = TimeRange::new(now.plus(-60 * DAY), now.plus(-59 * DAY));
        coverage.remove(&region, first);
        assert_eq!(of(&plans(&coverage, now), "eu-west-1"), [first]);
        coverage.remove_all();
        let again = plans(&coverage, now);
        assert_eq!(again.len(), 1, "quiet regions held nothing: {again:?}");
        assert_eq!(again[0].range, TimeRange::new(now.plus(-60 * DAY), now));
        // Where only a late day tells of a region, a first read goes back further than that.
        let mut coverage = Coverage::default();
        coverage.expect(&region, TimeRange::new(now.plus(-2 * DAY), now));
        assert_eq!(of(&plans(&coverage, now), "eu-west-1"), [TimeRange::new(now.plus(-14 * DAY), now)]);
    }

    #[test]
    fn what_cloudtrail_forgot_is_not_asked_for() {
        let (now, region) = (now(), "eu-west-1".parse().unwrap());
        let mut coverage = read(300, now);
        coverage.remove(&region, TimeRange::new(now.plus(-200 * DAY), now.plus(-199 * DAY)));
        assert_eq!(plans(&coverage, now), []);
        coverage.remove(&region, TimeRange::new(now.plus(-100 * DAY), now.plus(-80 * DAY)));
        let reachable = TimeRange::new(now.plus(-HISTORY_SECONDS), now.plus(-80 * DAY));
        assert_eq!(of(&plans(&coverage, now), "eu-west-1"), [reachable]);
    }

    #[test]
    fn what_would_be_purged_at_once_is_not_read() {
        let now = now();
        let short = Reach { retention_days: 30, ..reach(90) };
        let first = region_plans(&Coverage::default(), Partition::Aws, short, now);
        assert!(first.iter().all(|p| now.since(p.range.start) == 30 * DAY));
        // Nor is what was purged taken for a gap, however long ago the last sync was.
        let kept = retention::kept_from(now, 30).start();
        for last in [now, now.plus(-50 * DAY)] {
            let mut coverage = read(60, last);
            coverage.trim(kept);
            let found = region_plans(&coverage, Partition::Aws, short, now);
            assert!(found.iter().all(|p| p.range == TimeRange::new(kept, now)), "{found:?}");
            assert_eq!(found.len(), if last == now { 0 } else { 17 });
        }
    }

    #[test]
    fn a_long_range_is_read_in_slices_without_a_gap() {
        let now = now();
        let plans = region_plans(&Coverage::default(), Partition::Aws, reach(90), now);
        let slices = windows(&plans);
        assert_eq!(slices.len(), 7);
        let parts: Vec<TimeRange> = slices.iter().filter_map(|s| plans[0].within(*s)).map(|p| p.range).collect();
        assert_eq!((parts[0].start, parts[6].end), (now.plus(-90 * DAY), now));
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(windows(&region_plans(&Coverage::default(), Partition::Aws, reach(14), now)).len(), 1);
        assert_eq!(windows(&[]), []);
    }

    #[test]
    fn full_depth_is_read_of_its_own_and_never_taken_for_read() {
        let now = now();
        let coverage = read(14, now);
        let full = Reach { depth: Depth::Full, ..reach(14) };
        assert_eq!(plans(&coverage, now), []);
        let found = region_plans(&coverage, Partition::Aws, full, now);
        assert!(
            found.len() == 17 && found.iter().all(|p| p.depth == Depth::Full && now.since(p.range.start) == 14 * DAY)
        );
        let mut coverage = coverage;
        found.iter().for_each(|p| coverage.add_at(Depth::Full, &p.region, p.range, false));
        assert_eq!(region_plans(&coverage, Partition::Aws, full, now), []);
        // Back at essential depth nothing is missing either.
        assert_eq!(plans(&coverage, now), []);
    }

    #[test]
    fn another_partition_has_its_own_regions() {
        let plans = region_plans(&Coverage::default(), Partition::AwsUsGov, reach(14), now());
        assert_eq!(plans.iter().map(|p| p.region.as_str()).collect::<Vec<_>>(), ["us-gov-east-1", "us-gov-west-1"]);
        assert!(plans.iter().all(|p| p.sessions_always));
    }
}
