//! One row, checked by itself.

use super::{Column, Entry, ImportRow, ImportWay, Raw};
use crate::domain::{
    ClientFacts, ClientId, ConnectionKind, CostBasis, Currency, Depth, Label, Note, Untrusted, parse_budget,
};
use std::{cell::RefCell, fmt::Display, str::FromStr};

/// Bytes of a cell at most: notes of 2,000 characters need most.
const CELL_LIMIT: usize = 8_192;

pub(super) fn check(raw: Raw) -> ImportRow {
    let cells = Cells { raw: &raw, problems: RefCell::default() };
    cells.problems.borrow_mut().extend(raw.problem.clone());
    let client = cells.parsed::<ClientId>(Column::Client);
    if !raw.cells.contains_key(&Column::Client) {
        cells.problem("it names no client");
    }
    let way = match (cells.parsed(Column::RoleArn), cells.parsed(Column::Profile)) {
        (Some(_), Some(_)) => {
            cells.problem("it has a role_arn and a profile: an account is reached by one of them");
            None
        }
        (Some(role), None) => Some(ImportWay::Role(role)),
        (None, Some(profile)) => Some(ImportWay::Profile(profile)),
        (None, None) => None,
    };
    let connected = [Column::RoleArn, Column::Profile].iter().any(|column| raw.cells.contains_key(column));
    for column in [Column::Alias, Column::Kind, Column::Depth] {
        if raw.cells.contains_key(&column) && !connected {
            cells.problem(&format!("{} is told of an account, and the row has no role_arn or profile", column.name()));
        }
    }
    if raw.cells.contains_key(&Column::ExternalId) && raw.cells.contains_key(&Column::Profile) {
        cells.problem("a profile needs no external_id: only a role asks for one");
    }
    let facts = ClientFacts {
        name: cells.parsed::<Label>(Column::Name).map(Untrusted::from),
        cost_basis: cells.told(Column::CostBasis, CostBasis::parse, "write billable, pro-forma or unknown"),
        currency: cells.told(Column::Currency, Currency::parse, "write three capital letters, such as USD or EUR"),
        notes: cells.parsed::<Note>(Column::Notes).map(Untrusted::from),
        budget: cells.told(Column::Budget, parse_budget, "write an amount without separators, such as 950.50"),
    };
    let external_id = cells.parsed(Column::ExternalId);
    let alias = cells.parsed::<Label>(Column::Alias).map(Untrusted::from);
    let kind = cells.told(Column::Kind, ConnectionKind::parse, "write payer, member, standalone or own");
    let depth = cells.told(Column::Depth, Depth::parse, "write essential or full");
    let problems = cells.problems.into_inner();
    let entry = match client.clone() {
        Some(client) if problems.is_empty() => Ok(Entry { client, facts, way, external_id, alias, kind, depth }),
        _ => Err(problems.join("; ")),
    };
    ImportRow { line: raw.line, client, entry }
}

/// The cells of a row, and what is wrong with them.
struct Cells<'a> {
    raw: &'a Raw,
    problems: RefCell<Vec<String>>,
}

impl Cells<'_> {
    fn problem(&self, problem: &str) {
        self.problems.borrow_mut().push(problem.to_owned());
    }

    /// A cell that has nothing of what no column may have.
    fn cell(&self, column: Column) -> Option<&str> {
        let text = self.raw.cells.get(&column)?.as_str();
        let problem = if text.len() > CELL_LIMIT {
            format!("{} has {} bytes, and no column takes more than {CELL_LIMIT}", column.name(), text.len())
        } else if text.contains(['\n', '\r']) {
            format!("{} holds a line break: each cell is one line, or a quote is not closed", column.name())
        } else if is_access_key(text) {
            format!(
                "{} holds an access key, which does not belong in such a file: `bailiwick connect CLIENT --access-key` takes it",
                column.name()
            )
        } else {
            return Some(text);
        };
        self.problem(&problem);
        None
    }

    fn parsed<T: FromStr<Err: Display>>(&self, column: Column) -> Option<T> {
        match self.cell(column)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(&format!("{}: {error}", column.name()));
                None
            }
        }
    }

    fn told<T>(&self, column: Column, parse: impl Fn(&str) -> Option<T>, expected: &str) -> Option<T> {
        let text = self.cell(column)?;
        let value = parse(text);
        if value.is_none() {
            self.problem(&format!("{} \"{}\": {expected}", column.name(), Untrusted::new(text).for_tui(40)));
        }
        value
    }
}

/// Whether somewhere in a cell is the id of an access key; the secret would stand beside it.
fn is_access_key(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        word.len() >= 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}
