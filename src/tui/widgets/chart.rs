//! Bars by day, with an axis.

use super::canvas::Canvas;
use crate::tui::theme::Tone;
use ratatui::layout::Rect;
use rust_decimal::{Decimal, prelude::ToPrimitive};

const EIGHTHS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// The day of the month, written under every seventh bar.
    pub day: u8,
    /// Its height; `None` is drawn as a dot on the ground, for not known.
    pub value: Option<Decimal>,
    /// Whether it is quiet (still an estimate).
    pub quiet: bool,
}

const AXIS: u16 = 9;

/// Draws the bars, oldest left. Needs at least 3 rows: two of bars and one of days.
pub fn daily_bars(canvas: &mut Canvas, area: Rect, bars: &[Bar]) {
    let count = u16::try_from(bars.len()).unwrap_or(u16::MAX);
    if area.height < 3 || area.width < AXIS + count || bars.is_empty() {
        return;
    }
    let rows = area.height - 1;
    let top = bars.iter().filter_map(|b| b.value?.to_f64()).fold(0.0_f64, f64::max);
    let ceiling = round_up(top);
    for row in 0..rows {
        // A label at the top and, where there is room, in the middle.
        let label = match row {
            0 => Some(axis_label(ceiling)),
            r if rows >= 6 && r == rows / 2 => Some(axis_label(ceiling / 2.0)),
            _ => None,
        };
        if let Some(label) = label {
            canvas.put(area.x, area.y + row, AXIS - 1, &format!("{label:>7}"), Tone::Dim);
        }
        canvas.put(area.x + AXIS - 1, area.y + row, 1, "┤", Tone::Dim);
    }
    let step = ((area.width - AXIS) / count).clamp(1, 4);
    let thick = usize::from(step.saturating_sub(1).max(1));
    for (i, bar) in (0u16..).zip(bars) {
        let x = area.x + AXIS + i * step;
        let tone = if bar.quiet { Tone::Dim } else { Tone::Accent };
        match bar.value.and_then(|v| v.to_f64()) {
            None => {
                canvas.put(x, area.y + rows - 1, 1, "·", Tone::Dim);
            }
            Some(value) => {
                let eighths =
                    if ceiling > 0.0 { (value.max(0.0) / ceiling * f64::from(rows) * 8.0).round() as u16 } else { 0 };
                for row in 0..rows {
                    let filled = eighths.saturating_sub((rows - 1 - row) * 8).min(8);
                    let ground = row == rows - 1;
                    let glyph = EIGHTHS.get(usize::from(filled).wrapping_sub(1)).copied().or(ground.then_some("▁"));
                    if let Some(glyph) = glyph {
                        canvas.put(x, area.y + row, step, &glyph.repeat(thick), tone);
                    }
                }
            }
        }
        if bar.day % 7 == 1 {
            canvas.put(x, area.y + rows, 2, &bar.day.to_string(), Tone::Dim);
        }
    }
}

/// The next 1, 2, 3 or 5 times a power of ten, so that the axis carries round numbers.
fn round_up(top: f64) -> f64 {
    if top <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powf(top.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0].into_iter().map(|m| m * unit).find(|n| *n >= top).unwrap_or(top)
}

fn axis_label(value: f64) -> String {
    match value {
        v if v >= 10_000_000.0 => format!("{:.0}M", v / 1e6),
        v if v >= 10_000.0 => format!("{:.0}k", v / 1e3),
        v if v >= 10.0 => super::words::count(v.round() as u64),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Theme;
    use ratatui::buffer::Buffer;

    #[test]
    fn bars_stand_on_a_round_axis_and_unknown_days_are_dots() {
        let area = Rect::new(0, 0, 16, 5);
        let mut buffer = Buffer::empty(area);
        let bars = [(1, Some(1_200)), (2, None), (3, Some(0)), (4, Some(600))];
        let bars = bars.map(|(day, v)| Bar { day, value: v.map(Decimal::from), quiet: false });
        daily_bars(&mut Canvas::new(&mut buffer, &Theme::DARK), area, &bars);
        let lines: Vec<String> = buffer
            .content
            .chunks(16)
            .map(|l| l.iter().map(|c| c.symbol()).collect::<String>().trim_end().to_owned())
            .collect();
        assert_eq!(lines, ["  1,500 ┤▂", "        ┤█", "        ┤█  ▅", "        ┤█·▁█", "         1"]);
    }

    #[test]
    fn nothing_is_drawn_where_there_is_no_room() {
        let area = Rect::new(0, 0, 3, 2);
        let mut buffer = Buffer::empty(area);
        daily_bars(&mut Canvas::new(&mut buffer, &Theme::DARK), area, &[Bar { day: 1, value: None, quiet: false }]);
        assert_eq!(buffer, Buffer::empty(area));
    }
}
