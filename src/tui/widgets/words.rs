//! Numbers, times and honest states in words and pieces.

use super::{
    canvas::{Piece, dim, plain},
    table::Content,
};
use crate::{
    domain::{Cell, Freshness, Money, Severity, SeverityCounts, SourceState, Timestamp},
    tui::theme::Tone,
};
use rust_decimal::Decimal;

/// Seconds within which data is as young as it gets.
const YOUNG: i64 = 3_600;

/// How long ago in one unit: `now`, `6 min`, `3 h`, `4 d`.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    match now.since(then) {
        ..60 => "now".to_owned(),
        s @ 60..3_600 => format!("{} min", s / 60),
        s @ 3_600..172_800 => format!("{} h", s / 3_600),
        s => format!("{} d", s / 86_400),
    }
}

/// The same in a sentence: `just now`, `6 min ago`.
pub fn since(now: Timestamp, then: Timestamp) -> String {
    if now.since(then) < 60 { "just now".to_owned() } else { format!("{} ago", ago(now, then)) }
}

/// When, as short as it stays clear: `02:31`, `yesterday`, `Thu`, `14 Nov`, `2024-05`.
pub fn when(now: Timestamp, then: Timestamp) -> String {
    let day = then.day();
    match now.day().days_since(day) {
        0 => then.clock_time().get(..5).unwrap_or_default().to_owned(),
        1 => "yesterday".to_owned(),
        2..7 => ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
            .get(usize::from(day.weekday()))
            .copied()
            .unwrap_or_default()
            .to_owned(),
        7..300 => format!("{} {}", day.of_month(), title_case(day.month().short_name())),
        _ => day.month().to_string(),
    }
}

fn title_case(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().chain(letters.flat_map(char::to_lowercase)).collect()
}

/// Some seconds: `45 s`, `3 min`, `2 h`.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..5_400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

/// So many a minute, as a rate by the second: `0.9/s`.
pub fn rate(per_minute: u32) -> String {
    match per_minute {
        0..600 => format!("{}.{}/s", per_minute / 60, per_minute % 60 / 6),
        _ => format!("{}/s", per_minute / 60),
    }
}

/// `1,204`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 account`, `3 accounts`.
pub fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `412 B`, `38.4 MiB`.
pub fn bytes(n: u64) -> String {
    let (mut tenths, mut unit) = (n.saturating_mul(10), "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if tenths < 10_240 {
            break;
        }
        (tenths, unit) = (tenths / 1_024, next);
    }
    match unit {
        "B" => format!("{n} B"),
        _ => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

/// `+26.5`, for percent columns.
pub fn percent(value: Decimal) -> String {
    let rounded = value.round_dp(1);
    let sign = if rounded.is_zero() {
        ""
    } else if rounded.is_sign_negative() {
        "−"
    } else {
        "+"
    };
    if rounded.abs() >= Decimal::from(10_000) { format!("{sign}>9,999") } else { format!("{sign}{:.1}", rounded.abs()) }
}

/// How a money cell is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `41,870.22`
    Exact,
    /// `61,900`
    Whole,
    /// `+8,765.32`, toned by direction.
    Change,
}

/// An honest money cell: `~` before what AWS still estimates, `*` before what is stale, `–` for nothing there and
/// `n/a` for what is not known (the strip below says why).
pub fn money(cell: &Cell<Money>, style: Style) -> Content {
    let Some(value) = cell.value() else {
        return match cell {
            Cell::Unavailable { .. } => Content::of(vec![("n/a".into(), Tone::Warn)]),
            _ => Content::of(vec![dim("–")]),
        };
    };
    let text = match style {
        Style::Exact => value.display(),
        Style::Whole => value.display_whole(),
        Style::Change => value.display_signed(),
    };
    let tone = match style {
        Style::Change if value.amount.is_zero() => Tone::Dim,
        Style::Change if value.amount.is_sign_negative() => Tone::Fall,
        Style::Change => Tone::Rise,
        _ => Tone::Plain,
    };
    let mark = match cell {
        Cell::Estimated { .. } => dim("~"),
        Cell::Stale { .. } => ("*".into(), Tone::Warn),
        _ => plain(""),
    };
    Content::of(vec![mark, (text.into(), tone)])
}

/// Columns that hold every one of these amounts with mark, sign and separators; at least `least`.
pub fn money_width<'r>(cells: impl Iterator<Item = &'r Cell<Money>>, least: u16) -> u16 {
    let most = cells.filter_map(|cell| cell.value()).map(|money| money.amount.abs()).max().unwrap_or_default();
    let digits = most.trunc().to_string().len();
    // One for a mark or a sign, three for cents.
    u16::try_from(1 + digits + (digits - 1) / 3 + 3).unwrap_or(u16::MAX).max(least)
}

/// Why a cell shows no settled value, in words; `None` for a settled one.
pub fn reason<T>(now: Timestamp, cell: &Cell<T>) -> Option<String> {
    match cell {
        Cell::Unavailable { reason } => Some(reason.clone()),
        Cell::Stale { as_of, .. } => Some(format!("stale, read {}", since(now, *as_of))),
        _ => None,
    }
}

/// `2C 4H 6M`: each severity in fixed columns, so that the same letters stand under each other; `–` if there are none.
pub fn findings(counts: &SeverityCounts) -> Content {
    if counts.total() == 0 {
        return Content::of(vec![dim("–")]);
    }
    let letters = [(Severity::Critical, 'C'), (Severity::High, 'H'), (Severity::Medium, 'M'), (Severity::Low, 'L')];
    let pieces = letters.into_iter().map(|(severity, letter)| match counts.get(severity) {
        0 => plain("    "),
        n => (format!("{:>3}{letter}", n.min(999)).into(), Tone::Severity(severity)),
    });
    let mut pieces: Vec<Piece> = pieces.collect();
    while pieces.last().is_some_and(|(text, _)| text.trim().is_empty()) {
        pieces.pop();
    }
    Content::of(pieces)
}

/// Findings in a sentence: `3 critical · 11 high`.
pub fn findings_sentence(counts: &SeverityCounts) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for severity in Severity::ALL.into_iter().filter(|s| counts.get(*s) > 0) {
        if !out.is_empty() {
            out.push(dim(" · "));
        }
        out.push((format!("{} {}", counts.get(severity), severity.word()).into(), Tone::Severity(severity)));
    }
    if out.is_empty() {
        out.push(dim("none"));
    }
    out
}

/// Findings in a few words: `3 critical · 11 high · 117 lower`.
pub fn findings_brief(counts: &SeverityCounts) -> Vec<Piece> {
    let loud = SeverityCounts { critical: counts.critical, high: counts.high, ..SeverityCounts::default() };
    let lower = counts.total() - loud.total();
    if counts.total() == 0 {
        return vec![dim("no open findings")];
    }
    let mut out = if loud.total() > 0 { findings_sentence(&loud) } else { Vec::new() };
    if lower > 0 {
        let text = if out.is_empty() { format!("{lower} findings, none high") } else { format!(" · {lower} lower") };
        out.push(dim(text));
    }
    out
}

/// The age of a row's oldest source; `partial`, `stale 26 h` or `no costs` when some source is in trouble, `never` before
/// the first read.
pub fn fresh(now: Timestamp, freshness: &Freshness) -> Piece {
    let oldest = [freshness.costs_at, freshness.events_at].into_iter().flatten().min();
    if freshness.problems.is_empty() {
        return dim(oldest.map_or_else(|| "never".to_owned(), |at| ago(now, at)));
    }
    match (freshness.costs_at, freshness.events_at, oldest) {
        (None, Some(_), _) => ("no costs".into(), Tone::Bad),
        (Some(_), None, _) => ("no events".into(), Tone::Bad),
        // What was read is young; something else could not be.
        (_, _, Some(at)) if now.since(at) < YOUNG => ("partial".into(), Tone::Warn),
        (_, _, Some(at)) => (format!("stale {}", ago(now, at)).into(), Tone::Warn),
        (_, _, None) => ("failed".into(), Tone::Bad),
    }
}

/// One source in words and its tone.
pub fn source(now: Timestamp, state: &SourceState) -> Piece {
    match state {
        SourceState::Never => dim("never read"),
        SourceState::Fresh { at } => dim(ago(now, *at)),
        SourceState::Stale { at, .. } => (format!("stale {}", ago(now, *at).replace(" min", " m")).into(), Tone::Warn),
        SourceState::Unavailable { .. } => ("failed".into(), Tone::Bad),
        SourceState::NotApplicable => dim("–"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Currency;
    use rstest::rstest;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_a_moment_ago_is_not_now_ago() {
        let now = Timestamp::from_second(1_000_000);
        let said = |seconds: i64| since(now, now.plus(-seconds));
        assert_eq!([said(0), said(59), said(60), said(-5)], ["just now", "just now", "1 min ago", "just now"]);
        let stale = Cell::Stale { value: (), as_of: now };
        assert_eq!(reason(now, &stale).as_deref(), Some("stale, read just now"));
    }

    #[rstest]
    #[case("2026-11-22T02:30:30Z", "now", "02:30")]
    #[case("2026-11-22T02:25:00Z", "6 min", "02:25")]
    #[case("2026-11-21T23:10:00Z", "3 h", "yesterday")]
    #[case("2026-11-19T10:00:00Z", "2 d", "Thu")]
    #[case("2026-10-14T10:00:00Z", "38 d", "14 Oct")]
    #[case("2024-05-01T10:00:00Z", "934 d", "2024-05")]
    #[case("2026-11-22T02:40:00Z", "now", "02:40")]
    fn times_are_short_and_clear(#[case] then: &str, #[case] old: &str, #[case] short: &str) {
        let now = at("2026-11-22T02:31:07Z");
        assert_eq!((ago(now, at(then)).as_str(), when(now, at(then)).as_str()), (old, short));
    }

    #[test]
    fn an_unknown_amount_is_never_a_zero() {
        let usd = |n: &str| Money::new(n.parse().unwrap(), Currency::USD);
        let text = |cell: &Cell<Money>| money(cell, Style::Exact).text();
        assert_eq!(text(&Cell::Value { value: usd("0") }), "0.00");
        assert_eq!(text(&Cell::Estimated { value: usd("1234.5") }), "~1,234.50");
        assert_eq!(text(&Cell::Stale { value: usd("2"), as_of: at("2026-11-20T00:00:00Z") }), "*2.00");
        assert_eq!(
            (text(&Cell::Empty).as_str(), text(&Cell::Unavailable { reason: "x".into() }).as_str()),
            ("–", "n/a")
        );
    }

    #[test]
    fn numbers_have_separators_and_signs() {
        assert_eq!((count(1_234_567).as_str(), count(12).as_str()), ("1,234,567", "12"));
        let p = |t: &str| percent(t.parse().unwrap());
        assert_eq!(
            (p("26.46"), p("-10.64"), p("0.01"), p("123456")),
            ("+26.5".into(), "−10.6".into(), "0.0".into(), "+>9,999".into())
        );
    }

    #[rstest]
    #[case(0, "0 B")]
    #[case(1_023, "1023 B")]
    #[case(1_024, "1.0 KiB")]
    #[case(40_265_318, "38.3 MiB")]
    #[case(5_368_709_120, "5.0 GiB")]
    fn sizes_are_in_binary_units(#[case] n: u64, #[case] text: &str) {
        assert_eq!(bytes(n), text);
    }

    #[test]
    fn severities_stand_under_each_other() {
        let counts = SeverityCounts { critical: 0, high: 1, medium: 12, low: 0, info: 3 };
        assert_eq!(findings(&counts).text(), "      1H 12M");
    }
}
