//! A level's rows as a table: ordering, drawing and copying, the same for every pane.

use super::Source;
use crate::{
    domain::{Timestamp, Untrusted},
    tui::widgets::{
        canvas::Canvas,
        list::List,
        table::{self, Column, Look, TableHit},
    },
};
use ratatui::layout::Rect;

/// What a kind of row is; everything else about its table follows.
pub trait Rows: Sync {
    /// One row.
    type Row;

    /// The rows of a level; none before the first answer.
    fn rows<'a>(&self, source: &Source<'a>) -> &'a [Self::Row];

    /// The columns.
    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, Self::Row>>;

    /// The row's identity, the same in a newer answer.
    fn id(&self, row: &Self::Row) -> String;

    /// What to say where there are no rows: what it means and what to do next.
    fn empty(&self, source: &Source) -> String;

    /// Rows after the list that cannot be selected: sums.
    fn sums<'a>(&self, _source: &Source<'a>) -> Vec<&'a Self::Row> {
        Vec::new()
    }

    /// Whether the rows come oldest first and are shown newest first.
    fn newest_first(&self) -> bool {
        false
    }
}

/// [`Rows`] without its row type.
pub trait Listing {
    /// Makes the list's order anew.
    fn reorder(&self, source: &Source, list: &mut List, now: Timestamp);

    /// Draws head, rows and sums.
    fn draw(&self, source: &Source, list: &List, canvas: &mut Canvas, area: Rect, now: Timestamp) -> TableHit;

    /// The id of a row by its place among all rows.
    fn id_at(&self, source: &Source, row: usize) -> Option<String>;

    /// The names of the columns.
    fn fields(&self, source: &Source) -> Vec<&'static str>;

    /// Whether a column is sorted ascending first: text is, numbers are not.
    fn ascending_first(&self, source: &Source, field: &str) -> bool;

    /// What to say where there are no rows.
    fn empty(&self, source: &Source) -> String;

    /// The rows shown (or the selected one) as text cells, heads first; safe for a clipboard.
    fn cells(&self, source: &Source, list: &List, now: Timestamp, only_selected: bool) -> Vec<Vec<String>>;
}

impl<T: Rows> Listing for T {
    fn reorder(&self, source: &Source, list: &mut List, now: Timestamp) {
        let newest = self.newest_first();
        list.rebuild(self.rows(source), &self.columns(source), |row| Rows::id(self, row), now, newest);
    }

    fn draw(&self, source: &Source, list: &List, canvas: &mut Canvas, area: Rect, now: Timestamp) -> TableHit {
        let columns = self.columns(source);
        let sums = self.sums(source);
        let shown = list.order().len().min(usize::from(area.height));
        let below = u16::try_from(sums.len()).unwrap_or(0).min(area.height.saturating_sub(3));
        let body = Rect { height: area.height - below, ..area };
        let hit = table::draw(canvas, body, self.rows(source), &columns, list, now);
        // Sums stand right under the last row, or at the foot when the list is longer than the window.
        let first = u16::try_from(shown.min(hit.visible)).unwrap_or(0);
        for (y, row) in (area.y + 1 + first..).zip(sums.into_iter().take(below.into())) {
            table::draw_footer_row(canvas, Rect { y, height: 1, ..area }, row, &columns, now);
        }
        hit
    }

    fn id_at(&self, source: &Source, row: usize) -> Option<String> {
        self.rows(source).get(row).map(|row| Rows::id(self, row))
    }

    fn fields(&self, source: &Source) -> Vec<&'static str> {
        self.columns(source).iter().map(|c| c.field).collect()
    }

    fn ascending_first(&self, source: &Source, field: &str) -> bool {
        self.columns(source).iter().any(|c| c.field == field && !c.right)
    }

    fn empty(&self, source: &Source) -> String {
        Rows::empty(self, source)
    }

    fn cells(&self, source: &Source, list: &List, now: Timestamp, only_selected: bool) -> Vec<Vec<String>> {
        let columns = self.columns(source);
        let look = Look { now, width: 200 };
        let heads = columns.iter().map(|c| c.title.to_string()).collect();
        let rows = self.rows(source);
        let chosen: Vec<usize> =
            if only_selected { list.selected_row().into_iter().collect() } else { list.order().to_vec() };
        let cells = chosen.into_iter().filter_map(|i| rows.get(i)).map(|row| {
            let texts = columns.iter().map(|c| (c.cell)(row, look).text());
            texts.map(|text| Untrusted::from(text.trim()).for_log()).collect()
        });
        std::iter::once(heads).chain(cells).collect()
    }
}

/// Cells as CSV (RFC 4180), safe in a spreadsheet.
pub fn csv(cells: &[Vec<String>]) -> String {
    let quoted = |text: &String| {
        let safe = Untrusted::from(text.as_str()).for_csv();
        if safe.contains([',', '"', '\n']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
    };
    cells.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n").collect()
}

/// Cells as a Markdown table.
pub fn markdown(cells: &[Vec<String>]) -> String {
    let line =
        |row: &[String]| format!("| {} |\n", row.iter().map(|t| t.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    let mut rows = cells.iter();
    let Some(heads) = rows.next() else { return String::new() };
    let ruler = format!("|{}\n", " --- |".repeat(heads.len()));
    line(heads) + &ruler + &rows.map(|row| line(row)).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_leave_in_two_forms_that_cannot_be_broken_out_of() {
        let cells: Vec<Vec<String>> =
            [["A", "B"], ["x,\"y\"", "=1+1"], ["p|q", "−2.00"]].map(|r| r.map(str::to_owned).to_vec()).to_vec();
        assert_eq!(csv(&cells), "A,B\r\n\"x,\"\"y\"\"\",'=1+1\r\np|q,−2.00\r\n");
        assert_eq!(markdown(&cells), "| A | B |\n| --- | --- |\n| x,\"y\" | =1+1 |\n| p\\|q | −2.00 |\n");
        assert_eq!(markdown(&[]), "");
    }
}
