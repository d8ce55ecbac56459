//! What a table remembers: selection by row id, filter, sort order, scroll.

use super::{
    filter::{Filter, SEPARATOR, matcher},
    table::{Column, Look, SortKey, TableHit},
};
use crate::domain::Timestamp;
use std::cmp::Ordering;

/// A list's state. It survives new data, drilling in and coming back.
#[derive(Debug, Clone, Default)]
pub struct List {
    selected: Option<String>,
    cursor: usize,
    hit: TableHit,
    order: Vec<usize>,
    total: usize,
    filter: String,
    sort: Option<(&'static str, bool)>,
    haystacks: Vec<String>,
}

impl List {
    /// Places of the rows shown, in the order shown.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// How many rows there are without the filter.
    pub fn total(&self) -> usize {
        self.total
    }

    /// The selected place in [`List::order`].
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The selected row's place among all rows.
    pub fn selected_row(&self) -> Option<usize> {
        self.order.get(self.cursor).copied()
    }

    /// The selected row's id.
    pub fn selected_id(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// What was typed after `/`.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Sets the filter; the caller rebuilds.
    pub fn set_filter(&mut self, text: &str) {
        text.clone_into(&mut self.filter);
    }

    /// The column it is sorted by and whether ascending; `None` is the order the data came in.
    pub fn sort(&self) -> Option<(&'static str, bool)> {
        self.sort
    }

    /// Sets the sort order; the caller rebuilds.
    pub fn set_sort(&mut self, sort: Option<(&'static str, bool)>) {
        self.sort = sort;
    }

    /// Forgets the cached text of rows, because there are new ones.
    pub fn forget_rows(&mut self) {
        self.haystacks.clear();
    }

    /// Makes the order anew from rows, filter and sort, keeping the selection on the same row where it is still there.
    pub fn rebuild<R>(
        &mut self,
        rows: &[R],
        columns: &[Column<R>],
        id: impl Fn(&R) -> String,
        now: Timestamp,
        newest_first: bool,
    ) {
        self.total = rows.len();
        self.order = (0..rows.len()).collect();
        if newest_first {
            self.order.reverse();
        }
        self.retain_matching(rows, columns, now);
        self.apply_sort(rows, columns);
        let found = self
            .selected
            .as_ref()
            .and_then(|wanted| self.order.iter().position(|i| rows.get(*i).is_some_and(|row| id(row) == *wanted)));
        self.cursor = found.unwrap_or(self.cursor).min(self.order.len().saturating_sub(1));
        self.selected = self.selected_row().and_then(|i| rows.get(i)).map(id);
        self.hit.top = self.top_for(self.hit.visible);
    }

    fn retain_matching<R>(&mut self, rows: &[R], columns: &[Column<R>], now: Timestamp) {
        let fields: Vec<&str> = columns.iter().map(|c| c.field).collect();
        let filter = Filter::parse(&self.filter, &fields);
        if filter.is_empty() {
            return;
        }
        if self.haystacks.len() != rows.len() {
            let look = Look { now, width: 200 };
            self.haystacks = rows
                .iter()
                .map(|row| {
                    let texts: Vec<String> = columns.iter().map(|c| (c.cell)(row, look).text()).collect();
                    texts.join(&SEPARATOR.to_string()).to_lowercase()
                })
                .collect();
        }
        let mut matcher = matcher();
        let haystacks = &self.haystacks;
        self.order.retain(|i| haystacks.get(*i).is_some_and(|text| filter.matches(text, &mut matcher)));
    }

    fn apply_sort<R>(&mut self, rows: &[R], columns: &[Column<R>]) {
        let Some((field, ascending)) = self.sort else { return };
        let Some(column) = columns.iter().find(|c| c.field == field) else { return };
        let mut keyed: Vec<(SortKey, usize)> =
            self.order.iter().map(|i| (rows.get(*i).map_or(SortKey::Unknown, |row| (column.sort)(row)), *i)).collect();
        keyed.sort_by(|(a, _), (b, _)| match (a, b) {
            (SortKey::Unknown, SortKey::Unknown) => Ordering::Equal,
            (SortKey::Unknown, _) => Ordering::Greater,
            (_, SortKey::Unknown) => Ordering::Less,
            _ => {
                let rising = a.partial_cmp(b).unwrap_or(Ordering::Equal);
                if ascending { rising } else { rising.reverse() }
            }
        });
        self.order = keyed.into_iter().map(|(_, i)| i).collect();
    }

    /// Wishes a row selected at the next rebuild, if it is there then.
    pub fn prefer(&mut self, id: Option<&str>) {
        self.selected = id.map(str::to_owned);
    }

    /// Moves the selection to a place, held within the list; `id` names the row there.
    pub fn select(&mut self, place: usize, id: impl Fn(usize) -> Option<String>) {
        self.cursor = place.min(self.order.len().saturating_sub(1));
        self.selected = self.selected_row().and_then(id);
        self.hit.top = self.top_for(self.hit.visible);
    }

    /// How many rows fitted when last drawn, at least one.
    pub fn page(&self) -> usize {
        self.hit.visible.max(1)
    }

    /// Takes in where the rows came to stand.
    pub fn laid_out(&mut self, hit: TableHit) {
        self.hit = hit;
    }

    /// The first place to show so that the selection is visible in `visible` rows and no row is wasted.
    pub fn top_for(&self, visible: usize) -> usize {
        let highest = self.order.len().saturating_sub(visible);
        let least = (self.cursor + 1).saturating_sub(visible.max(1));
        self.hit.top.clamp(least, self.cursor.max(least)).min(highest.max(least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::{theme::Tone, widgets::table::Content};
    use rust_decimal::Decimal;

    fn columns() -> Vec<Column<'static, &'static str>> {
        vec![
            Column::text("name", "NAME", (4, 8), |n: &&str, _| Content::text_of(*n, Tone::Plain)),
            Column::number(
                "len",
                "LEN",
                3,
                |_: &&str, _| Content::default(),
                |n| (n.len() != 3).then(|| Decimal::from(n.len())),
            ),
        ]
    }

    fn rebuilt(list: &mut List, rows: &[&'static str]) {
        list.forget_rows();
        list.rebuild(rows, &columns(), |n| (*n).to_owned(), Timestamp::default(), false);
    }

    #[test]
    fn selection_follows_the_row_not_the_place() {
        let mut list = List::default();
        rebuilt(&mut list, &["a", "bb", "cccc"]);
        list.select(1, |i| ["a", "bb", "cccc"].get(i).map(|s| (*s).to_owned()));
        rebuilt(&mut list, &["new", "a", "bb", "cccc"]);
        assert_eq!((list.selected_id(), list.cursor()), (Some("bb"), 2));
        rebuilt(&mut list, &["new"]);
        assert_eq!((list.selected_id(), list.cursor()), (Some("new"), 0));
        rebuilt(&mut list, &[]);
        assert_eq!((list.selected_id(), list.cursor(), list.selected_row()), (None, 0, None));
    }

    #[test]
    fn sorting_keeps_the_unknown_last_both_ways() {
        let mut list = List::default();
        for (ascending, expected) in [(true, [3, 0, 2, 1]), (false, [2, 0, 3, 1])] {
            list.set_sort(Some(("len", ascending)));
            rebuilt(&mut list, &["bb", "???", "dddd", "a"]);
            assert_eq!(list.order(), expected);
        }
    }

    #[test]
    fn a_filter_shows_how_many_of_how_many() {
        let mut list = List::default();
        list.set_filter("'b");
        rebuilt(&mut list, &["ab", "bc", "cd"]);
        assert_eq!((list.order(), list.total()), ([0, 1].as_slice(), 3));
    }

    #[test]
    fn scrolling_keeps_the_selection_in_sight() {
        let names: Vec<&'static str> = vec!["x"; 100];
        let mut list = List::default();
        rebuilt(&mut list, &names);
        list.laid_out(TableHit { visible: 10, top: 0 });
        for (place, top) in [(5, 0), (9, 0), (10, 1), (99, 90), (95, 90), (50, 50), (0, 0)] {
            list.select(place, |_| Some(String::new()));
            assert_eq!(list.top_for(10), top, "place {place}");
        }
    }
}
