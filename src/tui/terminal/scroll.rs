//! Finds the part of a screen that only moved up or down, so that the terminal can move it by itself.

use ratatui::buffer::{Buffer, Cell};
use std::iter::{repeat, repeat_n};

/// Rows that moved: those of `top..bottom`, by so many rows, up or down; what comes in is blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scroll {
    /// The first row of the part.
    pub top: usize,
    /// The first row after it.
    pub bottom: usize,
    /// How far, at least one row and less than the part is high.
    pub by: usize,
    /// Whether up.
    pub up: bool,
}

/// Bytes a scroll has to save before it is worth its own.
const WORTH: isize = 64;
/// About the bytes of a cursor movement.
const JUMP: isize = 6;
/// As many cells at the left tell two rows apart: that is where the names are.
const NAME: usize = 40;

/// The scroll of `old` that leaves the least to be written for `new`, two buffers of one size; `None` if none is worth it.
pub fn find(old: &Buffer, new: &Buffer) -> Option<Scroll> {
    let width = usize::from(new.area.width);
    if width == 0 || old.area != new.area {
        return None;
    }
    let old: Vec<&[Cell]> = old.content.chunks(width).collect();
    let new: Vec<&[Cell]> = new.content.chunks(width).collect();
    let (by, up) = distance(&old, &new)?;
    // What each row costs if it is left alone, if it moves, and if it comes in blank; as sums over the rows before.
    let came_from = |y: usize| if up { y.checked_add(by) } else { y.checked_sub(by) };
    let blank = Cell::EMPTY;
    let (mut moved, mut entered) = (vec![0], vec![0]);
    for (y, row) in new.iter().enumerate() {
        let from = |before: &[Cell]| cost(before.iter().zip(*row));
        let stay = old.get(y).map_or(0, |before| from(before));
        let move_in = came_from(y).and_then(|y| old.get(y)).map_or(stay, |before| from(before));
        let fill = cost(repeat(&blank).zip(*row));
        moved.push(moved.last().copied().unwrap_or(0) + stay - move_in);
        entered.push(entered.last().copied().unwrap_or(0) + stay - fill);
    }
    let saved = |sums: &[isize], from: usize, to: usize| {
        sums.get(to).copied().unwrap_or(0) - sums.get(from).copied().unwrap_or(0)
    };
    let parts = (0..new.len()).flat_map(|top| (top + by + 1..=new.len()).map(move |bottom| (top, bottom)));
    let gains = parts.map(|(top, bottom)| {
        let gain = if up {
            saved(&moved, top, bottom - by) + saved(&entered, bottom - by, bottom)
        } else {
            saved(&entered, top, top + by) + saved(&moved, top + by, bottom)
        };
        (gain, Scroll { top, bottom, by, up })
    });
    gains.max_by_key(|(gain, _)| *gain).filter(|(gain, _)| *gain >= WORTH).map(|(_, scroll)| scroll)
}

/// How far and whether up most of the changed rows moved, told by their names.
fn distance(old: &[&[Cell]], new: &[&[Cell]]) -> Option<(usize, bool)> {
    let same = |a: &[Cell], b: &[Cell]| a.iter().take(NAME).eq(b.iter().take(NAME));
    let mut votes: Vec<(usize, bool, u32)> = Vec::new();
    for (y, row) in new.iter().enumerate() {
        if old.get(y).is_none_or(|before| same(before, row)) || row.iter().take(NAME).all(|cell| cell.symbol() == " ") {
            continue;
        }
        // The nearest row of that name: rows of one name say little.
        let found = old.iter().enumerate().filter(|(_, before)| same(before, row)).min_by_key(|(at, _)| at.abs_diff(y));
        if let Some((at, _)) = found {
            let (by, up) = (at.abs_diff(y), at > y);
            match votes.iter_mut().find(|(b, u, _)| (*b, *u) == (by, up)) {
                Some((_, _, count)) => *count += 1,
                None => votes.push((by, up, 1)),
            }
        }
    }
    votes.into_iter().max_by_key(|(_, _, count)| *count).map(|(by, up, _)| (by, up))
}

/// About the bytes it takes to turn cells into others: one each, and for every run of them the way there.
fn cost<'a>(pairs: impl Iterator<Item = (&'a Cell, &'a Cell)>) -> isize {
    let mut inside = false;
    let costs = pairs.map(|(old, new)| match (old != new, std::mem::replace(&mut inside, old != new)) {
        (true, false) => 1 + JUMP,
        (true, true) => 1,
        (false, _) => 0,
    });
    costs.sum()
}

impl Scroll {
    /// What the terminal has to be told. Lines are deleted and inserted rather than scrolled between margins: every
    /// terminal knows it, and nothing has to be undone if we end in the middle.
    pub fn sequence(&self) -> String {
        let Self { top, bottom, by, up } = *self;
        let (delete, insert) = if up { (top, bottom - by) } else { (bottom - by, top) };
        let times = if by == 1 { String::new() } else { by.to_string() };
        format!("\x1b[{}H\x1b[{times}M\x1b[{}H\x1b[{times}L", delete + 1, insert + 1)
    }

    /// Does to a buffer what the terminal does.
    pub fn apply(&self, buffer: &mut Buffer) {
        let width = usize::from(buffer.area.width);
        let Some(part) = buffer.content.get_mut(self.top * width..self.bottom * width) else { return };
        let cells = self.by * width;
        let blank = repeat_n(Cell::EMPTY, cells);
        if self.up {
            part.rotate_left(cells);
            part.iter_mut().rev().zip(blank).for_each(|(cell, blank)| *cell = blank);
        } else {
            part.rotate_right(cells);
            part.iter_mut().zip(blank).for_each(|(cell, blank)| *cell = blank);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn buffer(rows: impl Iterator<Item = String>) -> Buffer {
        Buffer::with_lines(rows.map(|r| format!("{r:<60}")).collect::<Vec<_>>())
    }

    /// A head, twenty rows from `first` on, a foot.
    fn list(first: u64) -> Buffer {
        let rows = (first..first + 20).map(|i| format!("{:x}", i * 2_654_435_761).repeat(5));
        buffer(std::iter::once("HEAD".to_owned()).chain(rows).chain(["foot".to_owned()]))
    }

    #[rstest]
    #[case(5, 6, Some((1, true)))]
    #[case(6, 5, Some((1, false)))]
    #[case(5, 12, Some((7, true)))]
    #[case(12, 9, Some((3, false)))]
    #[case(5, 5, None)]
    #[case(5, 90, None)]
    fn rows_that_moved_are_found_between_head_and_foot(
        #[case] before: u64,
        #[case] after: u64,
        #[case] expected: Option<(usize, bool)>,
    ) {
        let (mut old, new) = (list(before), list(after));
        let found = find(&old, &new);
        assert_eq!(found, expected.map(|(by, up)| Scroll { top: 1, bottom: 21, by, up }));
        if let Some(scroll) = found {
            scroll.apply(&mut old);
            let left = old.diff(&new).len();
            assert!(left <= scroll.by * 60, "{left} cells are left");
        }
    }

    #[test]
    fn the_terminal_does_what_the_buffer_does() {
        for (top, bottom, by, up) in [(1, 21, 1, true), (1, 21, 1, false), (0, 22, 5, true), (3, 9, 2, false)] {
            let scroll = Scroll { top, bottom, by, up };
            let mut model = list(3);
            let mut terminal = vt100::Parser::new(22.try_into().unwrap(), 60.try_into().unwrap(), 0);
            let lines = |b: &Buffer| -> Vec<String> {
                let text = |row: &[Cell]| row.iter().map(|c| c.symbol()).collect::<String>();
                b.content.chunks(60).map(|row| text(row).trim_end().to_owned()).collect()
            };
            terminal.process(lines(&model).join("\r\n").as_bytes());
            terminal.process(scroll.sequence().as_bytes());
            scroll.apply(&mut model);
            let shown: Vec<String> = terminal.screen().rows(0, 60).map(|l| l.trim_end().to_owned()).collect();
            assert_eq!(shown, lines(&model), "{scroll:?}");
        }
    }
}
