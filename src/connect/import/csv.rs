//! Rows of a CSV file: a head with the columns' names, then a line for each connection.

use super::{Column, ImportError, ROW_LIMIT, Raw, lines_before};
use csv::{ReaderBuilder, StringRecord, Trim};
use std::collections::BTreeMap;

pub(super) fn read(text: &str) -> Result<Vec<Raw>, ImportError> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .has_headers(false)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Column>> = None;
    let (mut rows, mut record) = (Vec::new(), StringRecord::new());
    let mut lines = Lines { text, counted: 0, line: 1 };
    loop {
        let start = reader.position().byte();
        let more = reader.read_record(&mut record);
        let line = lines.at(start);
        if !more.map_err(|e| ImportError::Syntax { line, why: format!("it cannot be read as CSV: {}", reason(&e)) })? {
            return Ok(rows);
        }
        match &columns {
            // What a spreadsheet saves below its last row.
            _ if record.iter().all(str::is_empty) => {}
            None => columns = Some(head(line, &record)?),
            Some(_) if rows.len() == ROW_LIMIT => return Err(ImportError::TooLarge),
            Some(columns) => rows.push(row(line, columns, &record)),
        }
    }
}

/// Where spreadsheets write a decimal comma, they separate by semicolons.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |sign| head.matches(sign).count();
    if count(';') > count(',') { b';' } else { b',' }
}

fn reason(error: &csv::Error) -> &'static str {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8 text",
        csv::ErrorKind::UnequalLengths { .. } => "its rows differ in length",
        _ => "the reader gave up",
    }
}

fn head(line: usize, record: &StringRecord) -> Result<Vec<Column>, ImportError> {
    let mut columns = Vec::new();
    for name in record {
        let column = Column::find(line, name)?;
        if columns.contains(&column) {
            return Err(ImportError::Syntax { line, why: format!("the column {} is there twice", column.name()) });
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Client) {
        let why = "the first line must name the columns, and one of them must be client".to_owned();
        return Err(ImportError::Syntax { line, why });
    }
    Ok(columns)
}

fn row(line: usize, columns: &[Column], record: &StringRecord) -> Raw {
    let cells: BTreeMap<Column, String> =
        columns.iter().copied().zip(record.iter().map(str::to_owned)).filter(|(_, cell)| !cell.is_empty()).collect();
    let problem = (record.len() != columns.len()).then(|| {
        format!(
            "it has {} cells and the head names {} columns: a text with a comma in it needs quotes around it",
            record.len(),
            columns.len()
        )
    });
    Raw { line, cells, problem }
}

/// Counts lines as it goes. The reader's own count is that of the line before where lines end in CR LF.
struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of what is read from a byte on; bytes never go back.
    fn at(&mut self, start: u64) -> usize {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let rest = self.text.get(start..).unwrap_or_default();
        // The end of the line before, and empty lines.
        let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let end = start + blank;
        self.line += lines_before(self.text.get(self.counted..end).unwrap_or_default());
        self.counted = end.max(self.counted);
        self.line
    }
}
