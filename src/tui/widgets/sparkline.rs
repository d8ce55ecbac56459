//! A line of bars, one column per value.

use rust_decimal::{Decimal, prelude::ToPrimitive};

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The newest `columns` values as bars scaled to the biggest; an unknown value is a space, never a low bar.
pub fn sparkline(values: &[Option<Decimal>], columns: usize) -> String {
    let shown = values.iter().skip(values.len().saturating_sub(columns));
    let numbers: Vec<Option<f64>> = shown.map(|v| v.and_then(|d| d.to_f64()).map(|n| n.max(0.0))).collect();
    let top = numbers.iter().flatten().fold(0.0_f64, |a, b| a.max(*b));
    numbers
        .into_iter()
        .map(|n| match n {
            None => ' ',
            Some(n) if top > 0.0 => LEVELS.get(((n / top) * 7.0).round() as usize).copied().unwrap_or('█'),
            Some(_) => '▁',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[i64], columns: usize) -> String {
        sparkline(&values.iter().map(|v| (*v >= 0).then(|| Decimal::from(*v))).collect::<Vec<_>>(), columns)
    }

    #[test]
    fn bars_scale_to_the_biggest_and_unknown_days_stay_blank() {
        assert_eq!(line(&[0, 1, 7, -1, 3], 9), "▁▂█ ▄");
        assert_eq!(line(&[5, 0, 7], 2), "▁█");
        assert_eq!((line(&[0, 0], 4).as_str(), line(&[], 4).as_str()), ("▁▁", ""));
    }
}
