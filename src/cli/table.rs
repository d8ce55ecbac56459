//! Plain text tables: aligned columns, no lines, nothing cut but by the caller.

use unicode_width::UnicodeWidthStr;

/// A table under construction.
#[derive(Debug, Default)]
pub struct Table {
    head: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Columns with their heads; a head that starts with `>` is right-aligned.
    pub fn new<H: AsRef<str>>(heads: &[H]) -> Self {
        let heads = heads.iter().map(AsRef::as_ref);
        let named = |h: &str| h.strip_prefix('>').map_or((h.to_owned(), false), |name| (name.to_owned(), true));
        let head = heads.map(named).collect();
        Self { head, rows: Vec::new() }
    }

    /// Adds a row; cells must already be safe to print.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, heads first.
    pub fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = self
            .head
            .iter()
            .enumerate()
            .map(|(i, (name, _))| {
                let cells = self.rows.iter().filter_map(|r| r.get(i)).map(|c| c.width());
                cells.chain([name.width()]).max().unwrap_or(0)
            })
            .collect();
        let heads: Vec<String> = self.head.iter().map(|(name, _)| name.clone()).collect();
        std::iter::once(&heads).chain(&self.rows).map(|cells| self.line(cells, &widths)).collect()
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, right)) in cells.iter().zip(widths).zip(&self.head) {
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            if !line.is_empty() {
                line.push_str("  ");
            }
            if *right {
                line.push_str(&padding);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&padding);
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_width_and_not_by_bytes() {
        let mut table = Table::new(&["NAME", ">SUM"]);
        table.row(vec!["日本".into(), "1.00".into()]);
        table.row(vec!["acme".into(), "−10.00".into()]);
        assert_eq!(table.lines(), ["NAME     SUM", "日本    1.00", "acme  −10.00"]);
    }
}
