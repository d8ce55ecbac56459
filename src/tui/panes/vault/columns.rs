//! The columns of the audit log and of the backups.

use super::{data_of, detail, entries};
use crate::{
    desk::{
        Query,
        view::{AuditRow, BackupRow},
    },
    domain::Timestamp,
    tui::{
        panes::{Rows, Source},
        theme::Tone,
        widgets::{
            canvas::dim,
            table::{Column, Content, longest},
            words,
        },
    },
};
use rust_decimal::Decimal;

/// Entries of the audit log as rows.
pub struct Entries;

/// Backups as rows.
pub struct Backups;

fn plain(text: impl Into<std::borrow::Cow<'static, str>>) -> Content {
    Content::text_of(text, Tone::Plain)
}

/// To the minute, because who was there matters: `11-21 23:54`; of another year the day, `2024-05-01`.
fn when(now: Timestamp, at: Timestamp) -> String {
    let (day, time) = (at.day().to_string(), at.clock_time());
    match (day.get(..4) == now.day().to_string().get(..4), day.get(5..), time.get(..5)) {
        (true, Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => day,
    }
}

impl Rows for Entries {
    type Row = AuditRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [AuditRow] {
        data_of(source).map_or(&[], |view| entries(source.query, view))
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, AuditRow>> {
        let rows = self.rows(source);
        let client = longest(rows.iter().filter_map(|row| row.client.as_deref()), 6, 20);
        let action = longest(rows.iter().map(|row| row.action.as_str()), 8, 20);
        vec![
            Column::text("when", "WHEN UTC", (11, 11), |row: &AuditRow, look| plain(when(look.now, row.at)))
                .sorted(|row| Some(Decimal::from(row.at.second()))),
            Column::text("who", "WHO", (8, 14), |row: &AuditRow, look| plain(row.actor.for_tui(look.width.into()))),
            Column::text("action", "ACTION", (action.min(16), action), |row: &AuditRow, _| plain(row.action.clone())),
            Column::text("client", "CLIENT", (client.min(10), client), |row: &AuditRow, _| match &row.client {
                Some(client) => plain(client.clone()),
                None => Content::of(vec![dim("–")]),
            }),
            Column::text("detail", "DETAIL", (20, 90), |row: &AuditRow, look| match row.erased {
                true => Content::of(vec![dim("erased with its client's key")]),
                false => plain(row.detail.for_tui(look.width.into())),
            }),
            Column::text("via", "VIA", (7, 8), |row: &AuditRow, _| Content::text_of(row.via.clone(), Tone::Dim))
                .rank(1),
            Column::number(
                "number",
                "NO",
                6,
                |row: &AuditRow, _| Content::of(vec![dim(words::count(row.number))]),
                |row| Some(Decimal::from(row.number)),
            )
            .rank(2),
        ]
    }

    fn id(&self, row: &AuditRow) -> String {
        row.number.to_string()
    }

    fn empty(&self, source: &Source) -> String {
        match source.query {
            Some(Query::VaultBackup(_)) => "Nothing was done since this backup was made.".into(),
            Some(Query::VaultEntry(_)) => "Nothing that is held here was done before it.".into(),
            _ => "No entries yet: whatever changes or reveals something leaves one here before it happens.".into(),
        }
    }
}

impl Rows for Backups {
    type Row = BackupRow;

    fn rows<'a>(&self, source: &Source<'a>) -> &'a [BackupRow] {
        data_of(source).map_or(&[], |view| &view.backups)
    }

    fn columns<'a>(&self, source: &Source<'a>) -> Vec<Column<'a, BackupRow>> {
        let noted = self.rows(source).iter().any(|row| row.what.is_some());
        let name = longest(self.rows(source).iter().map(|row| row.name.as_str()), 12, 32);
        let number = |field, title, width, value: fn(&BackupRow) -> u64, word: fn(u64) -> String| {
            let cell = move |row: &BackupRow, _| plain(word(value(row)));
            Column::number(field, title, width, cell, move |row: &BackupRow| Some(Decimal::from(value(row))))
        };
        let mut out = vec![
            Column::text("name", "BACKUP", (name.min(26), name), |row: &BackupRow, _| plain(row.name.clone())),
            Column::text("age", "AGE", (7, 7), |row: &BackupRow, look| plain(words::ago(look.now, row.made_at)))
                .sorted(|row| Some(Decimal::from(row.made_at.second()))),
            number("size", "SIZE", 10, |row| row.bytes, words::bytes),
            number("records", "RECORDS", 9, |row| row.records, words::count).rank(2),
            Column::text("state", "STATE", (12, 12), |row: &BackupRow, _| Content::of(vec![detail::state(row)])),
            Column::text("note", "NOTE", (20, 80), |row: &BackupRow, _| match &row.what {
                Some(what) => Content::text_of(what.clone(), Tone::Warn),
                None => Content::of(vec![dim("–")]),
            })
            .rank(3),
        ];
        // A column that says nothing is left out.
        out.retain(|column| noted || column.field != "note");
        out
    }

    fn id(&self, row: &BackupRow) -> String {
        row.name.clone()
    }

    fn empty(&self, _source: &Source) -> String {
        "No backups yet: b makes one.".into()
    }
}
