//! Moving in the list and ordering it.

use crate::tui::{Effect, Model, NoticeLevel, model::Level, panes::Source};

/// Whether there is anything to move in.
pub fn has_rows(model: &Model) -> Result<(), String> {
    if model.awaits_answer() {
        return Err("the list is still being read".into());
    }
    let list = &model.level().list;
    match (list.order().is_empty(), list.filter().is_empty()) {
        (false, _) => Ok(()),
        (true, true) => Err("the list is empty".into()),
        (true, false) => Err(format!("no row matches \"{}\": / changes the filter", list.filter())),
    }
}

/// Whether there is anything to sort by.
pub fn has_columns(model: &Model) -> Result<(), String> {
    let source = model.source();
    let none = model.current().listing(&source).fields(&source).is_empty();
    if none { Err("there is nothing to sort yet".into()) } else { Ok(()) }
}

/// Whether it is sorted by a column.
pub fn is_sorted(model: &Model) -> Result<(), String> {
    match model.level().list.sort() {
        Some(_) => Ok(()),
        None => Err("the list is in its own order: s sorts by a column".into()),
    }
}

fn select(model: &mut Model, place: usize) -> Vec<Effect> {
    let sync = std::mem::take(&mut model.sync);
    let pane = model.current();
    let Level { query, answer, list, .. } = model.level_mut();
    let source = Source { query: query.as_ref(), answer: answer.as_ref(), sync: &sync };
    list.select(place, |row| pane.listing(&source).id_at(&source, row));
    model.sync = sync;
    Vec::new()
}

/// One row up or down.
pub fn step(model: &mut Model, by: isize) -> Vec<Effect> {
    let place = model.level().list.cursor().saturating_add_signed(by);
    select(model, place)
}

/// Pages up or down; `parts` 2 is half a page.
pub fn pages(model: &mut Model, by: isize, parts: usize) -> Vec<Effect> {
    let page = (model.level().list.page() / parts).max(1);
    step(model, by * isize::try_from(page).unwrap_or(1))
}

/// To the first row.
pub fn first(model: &mut Model) -> Vec<Effect> {
    select(model, 0)
}

/// To the last row.
pub fn last(model: &mut Model) -> Vec<Effect> {
    select(model, usize::MAX)
}

/// The next column's order; after the last column the list's own order again.
pub fn sort_next(model: &mut Model) -> Vec<Effect> {
    let source = model.source();
    let listing = model.current().listing(&source);
    let fields = listing.fields(&source);
    let next = match model.level().list.sort() {
        None => fields.first().copied(),
        Some((field, _)) => fields.iter().skip_while(|f| **f != field).nth(1).copied(),
    };
    let sort = next.map(|field| (field, listing.ascending_first(&source, field)));
    model.level_mut().list.set_sort(sort);
    model.reorder();
    said(model)
}

/// Ascending to descending and back.
pub fn sort_reverse(model: &mut Model) -> Vec<Effect> {
    let turned = model.level().list.sort().map(|(field, ascending)| (field, !ascending));
    model.level_mut().list.set_sort(turned);
    model.reorder();
    said(model)
}

fn said(model: &mut Model) -> Vec<Effect> {
    let text = match model.level().list.sort() {
        Some((field, true)) => format!("sorted by {field}, smallest first"),
        Some((field, false)) => format!("sorted by {field}, greatest first"),
        None => "back in the list's own order".into(),
    };
    model.notify(NoticeLevel::Info, text);
    Vec::new()
}
