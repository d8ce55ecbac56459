//! Weekday by quarter of the day.

use super::canvas::Canvas;
use crate::tui::theme::Tone;

const SHADES: [&str; 5] = ["··", "░░", "▒▒", "▓▓", "██"];

/// Columns and rows the map takes.
pub const SIZE: (u16, u16) = (27, 5);

/// Draws how much was written by weekday (columns, Monday first) and quarter of the day in UTC (rows).
pub fn week(canvas: &mut Canvas, x: u16, y: u16, heat: &[[u32; 4]; 7]) {
    canvas.put(x, y, SIZE.0, "UTC  Mo Tu We Th Fr Sa Su", Tone::Head);
    let top = heat.iter().flatten().copied().max().unwrap_or(0);
    for (row, hour) in (0u16..).zip(["00", "06", "12", "18"]) {
        canvas.put(x, y + 1 + row, 3, hour, Tone::Dim);
        for (column, day) in (0u16..).zip(heat) {
            let value = day.get(usize::from(row)).copied().unwrap_or(0);
            canvas.put(x + 5 + column * 3, y + 1 + row, 2, shade(value, top), Tone::Plain);
        }
    }
}

/// Nothing is a dot; anything at all is at least the lightest shade.
fn shade(value: u32, top: u32) -> &'static str {
    let level = match (value, top) {
        (0, _) | (_, 0) => 0,
        (v, top) => 1 + u64::from(v) * 3 / u64::from(top),
    };
    SHADES.get(level as usize).copied().unwrap_or("██")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, 0, "··")]
    #[case(0, 9, "··")]
    #[case(1, 1_000, "░░")]
    #[case(500, 1_000, "▒▒")]
    #[case(u32::MAX, u32::MAX, "██")]
    fn shades_follow_the_share(#[case] value: u32, #[case] top: u32, #[case] expected: &str) {
        assert_eq!(shade(value, top), expected);
    }
}
