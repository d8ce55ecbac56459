//! When things happen: all day, in office hours, at night, or at a fixed interval.

use super::rng::Rng;
use crate::domain::Timestamp;

const DAY: i64 = 86_400;

/// The pattern of an activity over the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// Evenly, day and night.
    Always,
    /// 08:00–18:00 local time, Monday to Friday.
    Office,
    /// 01:00–04:00 local time.
    Night,
    /// Every so many seconds, with little jitter; the number of events follows from it.
    Every(i64),
}

/// A span of time in which an activity may happen.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: i64,
    length: i64,
}

/// The window cut into the spans of each rhythm, for one client's local time.
#[derive(Debug)]
pub(crate) struct Hours {
    start: Timestamp,
    now: Timestamp,
    office: Vec<Span>,
    night: Vec<Span>,
}

impl Hours {
    /// For a client `utc` hours ahead of UTC.
    pub(crate) fn new(start: Timestamp, now: Timestamp, utc: i64) -> Self {
        let spans = |from: i64, to: i64, weekdays: bool| {
            let local = start.plus(utc * 3_600).day();
            (-1..=15)
                .map(|n| local.plus(n))
                .filter(|day| !weekdays || day.weekday() < 5)
                .map(|day| day.start().plus(-utc * 3_600).second())
                .map(|midnight| (midnight + from * 3_600, midnight + to * 3_600))
                .map(|(a, b)| (a.max(start.second()), b.min(now.second())))
                .filter(|(a, b)| b > a)
                .map(|(a, b)| Span { start: a, length: b - a })
                .collect::<Vec<_>>()
        };
        Self { start, now, office: spans(8, 18, true), night: spans(1, 4, false) }
    }

    /// How many events an `Every` rhythm has; nothing for the others.
    pub(crate) fn fixed_count(&self, rhythm: Rhythm) -> Option<usize> {
        match rhythm {
            Rhythm::Every(seconds) => usize::try_from(self.now.since(self.start) / seconds.max(1)).ok(),
            _ => None,
        }
    }

    /// `count` instants of a rhythm, oldest first, spread evenly: the k-th falls into the k-th part of the whole time.
    pub(crate) fn instants(&self, rhythm: Rhythm, count: usize, rng: &mut Rng) -> Vec<Timestamp> {
        let whole = [Span { start: self.start.second(), length: self.now.since(self.start) }];
        let spans: &[Span] = match rhythm {
            Rhythm::Office => &self.office,
            Rhythm::Night => &self.night,
            Rhythm::Always | Rhythm::Every(_) => &whole,
        };
        if let Rhythm::Every(seconds) = rhythm {
            let phase = rng.between(600, seconds.min(DAY) / 2);
            return (0..count as i64).map(|k| self.start.plus(phase + k * seconds + rng.between(0, 400))).collect();
        }
        let total: i64 = spans.iter().map(|s| s.length).sum();
        let mut remaining = spans.iter();
        let (mut span, mut before) = (remaining.next(), 0);
        (0..count)
            .filter_map(|k| {
                let at = ((k as f64 + rng.unit()) / count as f64 * total as f64) as i64;
                while let Some(s) = span {
                    if at - before < s.length {
                        return Some(Timestamp::from_second(s.start + at - before));
                    }
                    before += s.length;
                    span = remaining.next();
                }
                None
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn office_hours_are_local_weekdays_and_everything_stays_in_the_window() {
        let now: Timestamp = "2026-11-22T02:14:55Z".parse().unwrap();
        let start = now.plus(-14 * DAY);
        for utc in [-8, 0, 10] {
            let hours = Hours::new(start, now, utc);
            let mut rng = Rng::stream(1, 0, "t");
            for rhythm in [Rhythm::Always, Rhythm::Office, Rhythm::Night, Rhythm::Every(86_400)] {
                let count = hours.fixed_count(rhythm).unwrap_or(100);
                let times = hours.instants(rhythm, count, &mut rng);
                assert_eq!(times.len(), count);
                assert!(times.is_sorted() && times.iter().all(|t| *t >= start && *t < now), "{rhythm:?}");
                if rhythm == Rhythm::Office {
                    let local = |t: &Timestamp| t.plus(utc * 3_600);
                    assert!(times.iter().all(|t| (8..18).contains(&local(t).hour()) && local(t).day().weekday() < 5));
                }
            }
        }
    }
}
