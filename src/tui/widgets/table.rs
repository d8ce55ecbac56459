//! Tables whose columns are data, of which only the visible rows are formatted.

use super::{
    canvas::{Canvas, Piece, width},
    list::List,
};
use crate::{domain::Timestamp, tui::theme::Tone};
use ratatui::layout::Rect;
use rust_decimal::Decimal;
use std::borrow::Cow;

/// Blank columns between two columns.
const GAP: u16 = 2;
/// The selected row's name is shown in reverse over at most this many columns; the rest of the row is not repainted.
const HIGHLIGHT: u16 = 30;

/// What stands in one cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// The text in pieces.
    pub pieces: Vec<Piece>,
    /// How it shares the row.
    pub room: Room,
}

/// How a cell shares the row with its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Room {
    /// Keeps to its column.
    #[default]
    Own,
    /// May run over the covered cells right of it.
    Spill,
    /// Has nothing to say: the cell left of it speaks for it.
    Covered,
}

impl Content {
    /// Pieces in their own column.
    pub fn of(pieces: Vec<Piece>) -> Self {
        Self { pieces, room: Room::Own }
    }

    /// One text.
    pub fn text_of(text: impl Into<Cow<'static, str>>, tone: Tone) -> Self {
        Self::of(vec![(text.into(), tone)])
    }

    /// A text that may run over the covered cells right of it.
    pub fn spill(text: impl Into<Cow<'static, str>>, tone: Tone) -> Self {
        Self { pieces: vec![(text.into(), tone)], room: Room::Spill }
    }

    /// Nothing: the cell left of it speaks for it.
    pub fn covered() -> Self {
        Self { pieces: Vec::new(), room: Room::Covered }
    }

    /// The text without tones.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(text, _)| text.as_ref()).collect()
    }
}

/// What a column is sorted by.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum SortKey {
    /// By number; in descending order first.
    Number(Decimal),
    /// By text, without case.
    Text(String),
    /// Not known: always last.
    Unknown,
}

/// What a cell may know besides its row.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The present.
    pub now: Timestamp,
    /// The width of its column.
    pub width: u16,
}

/// Makes a row's cell.
pub type CellOf<'a, R> = Box<dyn Fn(&R, Look) -> Content + 'a>;

/// One column.
pub struct Column<'a, R> {
    /// Its name in filters and sorting, `client`.
    pub field: &'static str,
    /// Its head.
    pub title: Cow<'static, str>,
    /// Least and greatest width.
    pub width: (u16, u16),
    /// Whether it ends at its right edge: numbers.
    pub right: bool,
    /// 0 stays always; of the others the highest leaves first when the window is narrow.
    pub rank: u8,
    /// Its cell.
    pub cell: CellOf<'a, R>,
    /// What to sort by.
    pub sort: Box<dyn Fn(&R) -> SortKey + 'a>,
}

impl<'a, R> Column<'a, R> {
    /// A text column, sorted by what it shows.
    pub fn text(
        field: &'static str,
        title: impl Into<Cow<'static, str>>,
        width: (u16, u16),
        cell: impl Fn(&R, Look) -> Content + Clone + 'a,
    ) -> Self {
        let shown = cell.clone();
        let sort = move |row: &R| {
            let look = Look { now: Timestamp::default(), width: 200 };
            SortKey::Text(shown(row, look).text().to_lowercase())
        };
        Self { field, title: title.into(), width, right: false, rank: 0, cell: Box::new(cell), sort: Box::new(sort) }
    }

    /// A number column.
    pub fn number(
        field: &'static str,
        title: impl Into<Cow<'static, str>>,
        width: u16,
        cell: impl Fn(&R, Look) -> Content + 'a,
        sort: impl Fn(&R) -> Option<Decimal> + 'a,
    ) -> Self {
        let sort = move |row: &R| sort(row).map_or(SortKey::Unknown, SortKey::Number);
        Self {
            field,
            title: title.into(),
            width: (width, width),
            right: true,
            rank: 0,
            cell: Box::new(cell),
            sort: Box::new(sort),
        }
    }

    /// Leaves a narrow window; the higher the earlier.
    pub fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    /// Sorted by a number although it reads as text: times, severities.
    pub fn sorted(mut self, sort: impl Fn(&R) -> Option<Decimal> + 'a) -> Self {
        self.sort = Box::new(move |row| sort(row).map_or(SortKey::Unknown, SortKey::Number));
        self
    }
}

/// Where a table's rows came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableHit {
    /// Rows that fit.
    pub visible: usize,
    /// The first row shown, as a place in the list's order.
    pub top: usize,
}

/// Chooses the columns that fit, by rank, and their widths.
fn layout<R>(columns: &[Column<R>], available: u16) -> Vec<(usize, u16)> {
    let mut chosen: Vec<usize> = (0..columns.len()).collect();
    let least = |chosen: &[usize]| {
        let sum: u16 = chosen.iter().filter_map(|i| columns.get(*i)).map(|c| c.width.0 + GAP).sum();
        sum.saturating_sub(GAP)
    };
    while least(&chosen) > available {
        let worst = chosen.iter().enumerate().max_by_key(|(at, i)| (columns.get(**i).map_or(0, |c| c.rank), *at));
        match worst.map(|(at, i)| (at, columns.get(*i).map_or(0, |c| c.rank))) {
            Some((at, rank)) if rank > 0 => drop(chosen.remove(at)),
            _ => break,
        }
    }
    let mut left = available.saturating_sub(least(&chosen));
    let mut out: Vec<(usize, u16)> = chosen.iter().filter_map(|i| columns.get(*i).map(|c| (*i, c.width.0))).collect();
    // The column that can use most room gets it first: that is where the long texts are.
    let growth = |i: usize| columns.get(i).map_or(0, |c| c.width.1 - c.width.0);
    let mut by_growth: Vec<&mut (usize, u16)> = out.iter_mut().collect();
    by_growth.sort_by_key(|(i, _)| std::cmp::Reverse(growth(*i)));
    for (i, wide) in by_growth {
        let more = growth(*i).min(left);
        *wide += more;
        left -= more;
    }
    out
}

/// Draws head and rows into `area` and returns where the rows came to stand.
pub fn draw<R>(
    canvas: &mut Canvas,
    area: Rect,
    rows: &[R],
    columns: &[Column<R>],
    list: &List,
    now: Timestamp,
) -> TableHit {
    let chosen = layout(columns, area.width.saturating_sub(1));
    draw_head(canvas, area, columns, &chosen, list);
    let visible = usize::from(area.height.saturating_sub(1));
    let top = list.top_for(visible);
    let shown = list.order().iter().enumerate().skip(top).take(visible);
    for (y, (place, index)) in (area.y + 1..).zip(shown) {
        let Some(row) = rows.get(*index) else { continue };
        let line = Rect::new(area.x, y, area.width, 1);
        draw_row(canvas, line, row, columns, &chosen, Some(place == list.cursor()), now);
    }
    TableHit { visible, top }
}

fn draw_head<R>(canvas: &mut Canvas, area: Rect, columns: &[Column<R>], chosen: &[(usize, u16)], list: &List) {
    let mut x = area.x + 1;
    for (i, wide) in chosen {
        let Some(column) = columns.get(*i) else { continue };
        let mark = match list.sort() {
            Some((field, false)) if field == column.field => "▼",
            Some((field, true)) if field == column.field => "▲",
            _ => "",
        };
        let head = [(Cow::Owned(format!("{}{mark}", column.title)), Tone::Head)];
        if column.right {
            canvas.pieces_right(x, area.y, *wide, &head);
        } else {
            canvas.pieces(x, area.y, *wide, &head);
        }
        x += wide + GAP;
    }
}

/// Draws a row that cannot be selected: a sum.
pub fn draw_footer_row<R>(canvas: &mut Canvas, line: Rect, row: &R, columns: &[Column<R>], now: Timestamp) {
    let chosen = layout(columns, line.width.saturating_sub(1));
    draw_row(canvas, line, row, columns, &chosen, None, now);
}

/// `selected` is `None` for a row that cannot be.
fn draw_row<R>(
    canvas: &mut Canvas,
    line: Rect,
    row: &R,
    columns: &[Column<R>],
    chosen: &[(usize, u16)],
    selected: Option<bool>,
    now: Timestamp,
) {
    if selected == Some(true) {
        canvas.put(line.x, line.y, 1, "▌", Tone::Accent);
    }
    let contents: Vec<(&Column<R>, u16, Content)> = chosen
        .iter()
        .filter_map(|(i, wide)| columns.get(*i).map(|c| (c, *wide, (c.cell)(row, Look { now, width: *wide }))))
        .collect();
    let mut x = line.x + 1;
    for (at, (column, wide, content)) in contents.iter().enumerate() {
        let covered: u16 = match content.room {
            Room::Spill => contents
                .iter()
                .skip(at + 1)
                .take_while(|(_, _, next)| next.room == Room::Covered)
                .map(|(_, wide, _)| wide + GAP)
                .sum(),
            _ => 0,
        };
        if at == 0 && selected == Some(true) {
            let name = [(Cow::Owned(content.text()), Tone::Cursor)];
            canvas.pieces(x, line.y, (*wide).min(HIGHLIGHT), &name);
        } else if column.right && content.room == Room::Own && width(&content.pieces) <= *wide {
            canvas.pieces_right(x, line.y, *wide, &content.pieces);
        } else {
            canvas.pieces(x, line.y, wide + covered, &content.pieces);
        }
        x += wide + GAP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Theme;
    use ratatui::buffer::Buffer;
    use std::cell::Cell;

    fn columns<'a>(calls: &'a Cell<usize>) -> Vec<Column<'a, i64>> {
        vec![
            Column::text("name", "NAME", (4, 8), |n: &i64, _| Content::text_of(format!("row {n}"), Tone::Plain)),
            Column::number(
                "n",
                "N",
                5,
                move |n: &i64, _| {
                    calls.set(calls.get() + 1);
                    Content::text_of(n.to_string(), Tone::Plain)
                },
                |n| Some(Decimal::from(*n)),
            )
            .rank(1),
        ]
    }

    fn drawn(width: u16, height: u16, rows: &[i64], calls: &Cell<usize>, list: &List) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        draw(&mut Canvas::new(&mut buffer, &Theme::DARK), area, rows, &columns(calls), list, Timestamp::default());
        let lines = buffer.content.chunks(usize::from(width));
        lines.map(|l| l.iter().map(|c| c.symbol()).collect::<String>().trim_end().to_owned()).collect()
    }

    #[test]
    fn only_visible_rows_are_formatted_and_narrow_windows_drop_columns_by_rank() {
        let rows: Vec<i64> = (0..1_000).collect();
        let calls = Cell::new(0);
        let mut list = List::default();
        list.rebuild(&rows, &columns(&calls), |n| n.to_string(), Timestamp::default(), false);
        calls.set(0);
        assert_eq!(drawn(20, 3, &rows, &calls, &list), [" NAME          N", "▌row 0         0", " row 1         1"]);
        assert_eq!(calls.get(), 2);
        assert_eq!(drawn(9, 3, &rows, &calls, &list), [" NAME", "▌row 0", " row 1"]);
    }
}
