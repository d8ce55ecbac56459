//! Cuts a JSON document into its records without holding more than one of them.

use std::io::{self, BufRead};

/// Longest record that is read; CloudTrail's own limit is 256 KB.
pub(super) const RECORD_LIMIT: usize = 4 << 20;

/// One object cut out of a document.
pub(super) struct Piece<'a> {
    /// Its JSON, or nothing if it was longer than [`RECORD_LIMIT`].
    pub json: Option<&'a [u8]>,
    /// The line it begins on, from 1.
    pub line: u64,
}

/// Calls `found` for each record of `{"Records":[…]}`, `{"Events":[…]}`, `[…]` or objects one after another, in any
/// layout. Returns whether the document ended in the middle, with the line reached.
pub(super) fn split(input: &mut dyn BufRead, found: &mut dyn FnMut(Piece<'_>)) -> io::Result<(bool, u64)> {
    let mut cut = Cut { line: 1, ..Cut::default() };
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if chunk.is_empty() {
            return Ok((cut.depth > 0, cut.line));
        }
        chunk.iter().for_each(|byte| cut.take(*byte, found));
        let used = chunk.len();
        input.consume(used);
    }
}

#[derive(Default)]
struct Cut {
    line: u64,
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// The depth at which records lie: 1 for bare objects, 2 within a list, 3 within a named list.
    records_at: usize,
    /// The text read last at depth 1: the name of the list that follows.
    name: Vec<u8>,
    /// The object being cut, with its first line.
    piece: Option<(Vec<u8>, u64)>,
}

impl Cut {
    fn take(&mut self, byte: u8, found: &mut dyn FnMut(Piece<'_>)) {
        if byte == b'\n' {
            self.line += 1;
        }
        if let Some((bytes, _)) = &mut self.piece {
            // One byte over the limit marks the piece as too long; the rest is counted, not kept.
            if bytes.len() <= RECORD_LIMIT {
                bytes.push(byte);
            }
        }
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ if self.depth == 1 && self.name.len() < 16 => self.name.push(byte),
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_text = true;
                if self.depth == 1 {
                    self.name.clear();
                }
            }
            b'[' => {
                self.depth += 1;
                if self.depth == 1 {
                    self.records_at = 2;
                } else if self.depth == 2 && self.records_at == 1 && matches!(&*self.name, b"Records" | b"Events") {
                    self.records_at = 3;
                    self.piece = None;
                }
            }
            b'{' => {
                self.depth += 1;
                if self.depth == 1 {
                    self.records_at = 1;
                    self.name.clear();
                }
                if self.depth == self.records_at {
                    self.piece = Some((vec![byte], self.line));
                }
            }
            b'}' | b']' => {
                if byte == b'}'
                    && self.depth == self.records_at
                    && let Some((bytes, line)) = self.piece.take()
                {
                    found(Piece { json: (bytes.len() <= RECORD_LIMIT).then_some(&bytes), line });
                }
                self.depth = self.depth.saturating_sub(1);
                if self.depth < 2 && self.records_at == 3 {
                    // The named list is over: what follows in its object is no record.
                    self.records_at = usize::MAX;
                }
            }
            _ => {}
        }
    }
}
