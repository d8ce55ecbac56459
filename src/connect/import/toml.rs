//! Rows of a TOML file: a `[[client]]` for each client, a `[[client.connection]]` for each of its connections.

use super::{Column, ImportError, ROW_LIMIT, Raw, lines_before};
use crate::domain::Untrusted;
use std::{collections::BTreeMap, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// What a `[[client]]` tells; its id is written `id`.
const OF_CLIENT: [Column; 6] =
    [Column::Name, Column::CostBasis, Column::Currency, Column::Notes, Column::Budget, Column::ExternalId];
/// What a `[[client.connection]]` tells.
const OF_CONNECTION: [Column; 6] =
    [Column::RoleArn, Column::Profile, Column::ExternalId, Column::Alias, Column::Kind, Column::Depth];

type Cells = BTreeMap<Column, String>;

struct File<'a>(&'a str);

pub(super) fn read(text: &str) -> Result<Vec<Raw>, ImportError> {
    let file = File(text);
    let parsed = DeTable::parse(text).map_err(|e| {
        let why = format!("it is not TOML: {}", Untrusted::new(e.message().replace('\n', ", ")).for_tui(200));
        ImportError::Syntax { line: file.line(e.span().unwrap_or_default()), why }
    })?;
    let mut rows = Vec::new();
    for (key, value) in parsed.get_ref() {
        if key.get_ref() != "client" {
            return Err(file.unknown(key.span(), key.get_ref(), "at the top, only [[client]] is known"));
        }
        for client in file.tables(value, "[[client]]")? {
            file.client(client, &mut rows)?;
            if rows.len() > ROW_LIMIT {
                return Err(ImportError::TooLarge);
            }
        }
    }
    Ok(rows)
}

impl File<'_> {
    fn line(&self, span: Range<usize>) -> usize {
        // The span of an array's table begins with its head.
        lines_before(self.0.get(..span.start).unwrap_or_default()) + 1
    }

    fn unknown(&self, span: Range<usize>, key: &str, known: &str) -> ImportError {
        let line = self.line(span);
        match Column::find(line, key) {
            Err(secret @ ImportError::Secret { .. }) => secret,
            _ => {
                let why = format!("\"{}\" is not known here: {known}", Untrusted::new(key).for_tui(40));
                ImportError::Syntax { line, why }
            }
        }
    }

    fn tables<'v, 'i>(
        &self,
        value: &'v Spanned<DeValue<'i>>,
        what: &str,
    ) -> Result<Vec<(usize, &'v DeTable<'i>)>, ImportError> {
        let wrong =
            |span| ImportError::Syntax { line: self.line(span), why: format!("write {what} above each of them") };
        let DeValue::Array(array) = value.get_ref() else { return Err(wrong(value.span())) };
        let table = |entry: &'v Spanned<DeValue<'i>>| match entry.get_ref() {
            DeValue::Table(table) => Ok((self.line(entry.span()), table)),
            _ => Err(wrong(entry.span())),
        };
        array.iter().map(table).collect()
    }

    fn client(&self, (line, table): (usize, &DeTable<'_>), rows: &mut Vec<Raw>) -> Result<(), ImportError> {
        let mut cells = Cells::new();
        let mut connections = Vec::new();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "id" => drop(cells.insert(Column::Client, self.text(value)?)),
                "connection" => connections = self.tables(value, "[[client.connection]]")?,
                other => match OF_CLIENT.iter().find(|column| column.name() == other) {
                    Some(column) => drop(cells.insert(*column, self.text(value)?)),
                    None => {
                        let known = format!("a client has id, {} and connection", names(&OF_CLIENT));
                        return Err(self.unknown(key.span(), other, &known));
                    }
                },
            }
        }
        cells.retain(|_, text| !text.is_empty());
        if connections.is_empty() {
            rows.push(Raw { line, cells, problem: None });
            return Ok(());
        }
        for (line, table) in connections {
            // What is told of the client once holds for each of its connections.
            let mut of_connection = cells.clone();
            for (key, value) in table {
                let column = OF_CONNECTION.iter().find(|column| column.name() == key.get_ref().as_ref());
                let known = || format!("a connection has {}", names(&OF_CONNECTION));
                let column = column.ok_or_else(|| self.unknown(key.span(), key.get_ref(), &known()))?;
                of_connection.insert(*column, self.text(value)?);
            }
            of_connection.retain(|_, text| !text.is_empty());
            let way = of_connection.contains_key(&Column::RoleArn) || of_connection.contains_key(&Column::Profile);
            let problem = (!way).then(|| "a connection needs a role_arn or a profile".to_owned());
            rows.push(Raw { line, cells: of_connection, problem });
        }
        Ok(())
    }

    /// A value as a cell would hold it.
    fn text(&self, value: &Spanned<DeValue<'_>>) -> Result<String, ImportError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.trim().to_owned()),
            DeValue::Integer(number) => Ok(number.to_string()),
            DeValue::Float(number) => Ok(number.to_string()),
            _ => {
                let why = "write the value as a text in quotes, or as a number".to_owned();
                Err(ImportError::Syntax { line: self.line(value.span()), why })
            }
        }
    }
}

fn names(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    names.join(", ")
}
