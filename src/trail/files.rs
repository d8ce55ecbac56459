//! Readers of log files: CloudTrail's delivery (`{"Records":[…]}`), JSON lines, a JSON array, the output of
//! `aws cloudtrail lookup-events` (`{"Events":[…]}`), each plain or gzipped, from a path or a stream.

use super::{
    parse::{Home, Record, record},
    split::{RECORD_LIMIT, split},
};
use crate::domain::Untrusted;
use flate2::bufread::MultiGzDecoder;
use serde_json::Value;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
};

/// How many bytes decide what sort of file it is.
const PEEK: usize = 64 << 10;

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It could not be opened.
    #[error("{file} could not be opened: {source}. Check the path and its permissions")]
    Open {
        /// The path as given, safe to print.
        file: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// One thing wrong with a file; the other records of it are still read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as given, or `stdin`; safe to print.
    pub file: String,
    /// The line it begins on, from 1.
    pub line: u64,
    /// What is wrong, in plain words; safe to print.
    pub reason: String,
}

/// What became of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Records handed on.
    pub records: u64,
    /// What was wrong, in the order of the file.
    pub problems: Vec<Problem>,
    /// Whether the file ended in the middle of a record or of its gzip stream.
    pub truncated: bool,
}

/// Reads the file at `path`, calling `sink` for each record in the order of the file; `-` is standard input.
pub fn read_path(path: &Path, home: &Home, sink: &mut dyn FnMut(Record)) -> Result<Reading, FileError> {
    if path == Path::new("-") {
        return Ok(read_stream("stdin", &mut io::stdin().lock(), home, sink));
    }
    let file = Untrusted::new(path.to_string_lossy().into_owned()).for_log();
    let opened = File::open(path).map_err(|source| FileError::Open { file: file.clone(), source })?;
    Ok(read_stream(&file, &mut BufReader::new(opened), home, sink))
}

/// Reads a stream named `file`, gunzipping it if it is gzipped. An error of the stream ends the reading and is reported
/// as a problem of the line reached.
pub fn read_stream(file: &str, input: &mut dyn BufRead, home: &Home, sink: &mut dyn FnMut(Record)) -> Reading {
    let mut reader = Reader { file, home, sink, reading: Reading::default() };
    let gzipped = input.fill_buf().is_ok_and(|head| head.starts_with(&[0x1f, 0x8b]));
    if gzipped {
        reader.all(&mut BufReader::new(MultiGzDecoder::new(input)));
    } else {
        reader.all(input);
    }
    reader.reading
}

struct Reader<'a> {
    file: &'a str,
    home: &'a Home,
    sink: &'a mut dyn FnMut(Record),
    reading: Reading,
}

impl Reader<'_> {
    fn all(&mut self, input: &mut dyn BufRead) {
        let mut head = Vec::new();
        // A gzip stream may break off already here: what came before the break is still good.
        let broken = Read::take(&mut *input, PEEK as u64).read_to_end(&mut head).err();
        if head.starts_with(b"\xef\xbb\xbf") {
            // A byte-order mark, as some shells write before redirected output.
            head.drain(..3);
        }
        let lines = is_lines(&head);
        let mut whole = Cursor::new(head).chain(input);
        let ended = if lines { self.lines(&mut whole) } else { self.document(&mut whole) };
        let ended = broken.map_or(ended, Err);
        if let Err(e) = ended {
            self.reading.truncated |= e.kind() == io::ErrorKind::UnexpectedEof;
            let line = self.reading.problems.last().map_or(1, |p| p.line);
            self.problem(line, format!("the file could not be read to its end: {e}"));
        }
    }

    /// One object a line; a bad line costs only itself.
    fn lines(&mut self, input: &mut dyn BufRead) -> io::Result<()> {
        let (mut bytes, mut line) = (Vec::new(), 0u64);
        loop {
            bytes.clear();
            let read = Read::take(&mut *input, RECORD_LIMIT as u64 * 8).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                return Ok(());
            }
            line += 1;
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let cut = bytes.last() != Some(&b'\n');
            match serde_json::from_slice::<Value>(&bytes) {
                Ok(value) => self.value(value, line),
                Err(e) if cut && e.is_eof() => self.truncated(line),
                Err(e) => self.problem(line, format!("not JSON: {}", reason(&e))),
            }
        }
    }

    fn document(&mut self, input: &mut dyn BufRead) -> io::Result<()> {
        let mut empty = true;
        let (cut, line) = split(input, &mut |piece| {
            empty = false;
            match piece.json.map(serde_json::from_slice::<Value>) {
                None => self.problem(piece.line, format!("the record is longer than {} MiB", RECORD_LIMIT >> 20)),
                Some(Ok(value)) => self.value(value, piece.line),
                Some(Err(e)) => self.problem(piece.line + e.line() as u64 - 1, format!("not JSON: {}", reason(&e))),
            }
        })?;
        if cut {
            self.truncated(line);
        }
        Ok(())
    }

    /// One parsed value: a record, or a whole delivery on one line.
    fn value(&mut self, mut value: Value, line: u64) {
        for list in ["Records", "Events"] {
            if let Some(Value::Array(records)) = value.get_mut(list).map(Value::take) {
                records.into_iter().for_each(|record| self.value(record, line));
                return;
            }
        }
        match record(&value, self.home) {
            Ok(record) => {
                self.reading.records += 1;
                (self.sink)(record);
            }
            Err(e) => self.problem(line, e.to_string()),
        }
    }

    fn truncated(&mut self, line: u64) {
        self.reading.truncated = true;
        self.problem(line, "the file ends in the middle of a record: it was cut off".to_owned());
    }

    fn problem(&mut self, line: u64, reason: String) {
        self.reading.problems.push(Problem { file: self.file.to_owned(), line, reason });
    }
}

/// Serde's reason without its position, which would be that within the piece.
fn reason(e: &serde_json::Error) -> String {
    let text = e.to_string();
    Untrusted::new(text.split(" at line ").next().unwrap_or(&text)).for_tui(120)
}

/// JSON lines begin with an object that is not a delivery and does not break its line after the brace.
fn is_lines(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let Some(inner) = text.strip_prefix(b"{") else { return !text.starts_with(b"[") };
    let first = inner.split(|b| *b == b'\n').next().unwrap_or(b"").trim_ascii();
    let wrapped = inner.trim_ascii_start();
    !first.is_empty() && !wrapped.starts_with(br#""Records""#) && !wrapped.starts_with(br#""Events""#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use rstest::rstest;
    use serde_json::json;
    use std::io::Write;

    fn event(n: u32) -> Value {
        json!({"eventTime": "2026-11-01T10:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": format!("Call{n}"),
               "recipientAccountId": "111122223333", "requestParameters": {"text": "a \"quoted\" {brace} [list] \\"}})
    }

    fn read(bytes: &[u8]) -> (Vec<String>, Reading) {
        let mut names = Vec::new();
        let reading = read_stream("x.json", &mut &*bytes, &Home::default(), &mut |r| {
            names.push(r.event.name.raw_for_matching().to_owned())
        });
        (names, reading)
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn three() -> [Value; 3] {
        [event(1), event(2), event(3)]
    }

    fn lines() -> String {
        three().iter().map(|e| format!("{e}\n")).collect()
    }

    #[rstest]
    #[case::delivery(json!({"Records": three()}).to_string())]
    #[case::pretty(serde_json::to_string_pretty(&json!({"Records": three()})).unwrap())]
    #[case::other_keys(json!({"A": [{"b": 1}], "Records": three(), "Z": {"q": [1]}}).to_string())]
    #[case::byte_order_mark(format!("\u{feff}{}", json!({"Records": three()})))]
    #[case::array(json!(three()).to_string())]
    #[case::lines(lines())]
    #[case::lines_without_an_end(lines().trim_end().to_owned())]
    #[case::deliveries_on_lines(format!("{}\n{}\n", json!({"Records": [event(1)]}), json!({"Records": [event(2), event(3)]})))]
    #[case::pretty_one_after_another(three().iter().map(|e| serde_json::to_string_pretty(e).unwrap()).collect::<Vec<_>>().join("\n"))]
    #[case::lookup(json!({"Events": three().iter().map(|e| json!({"EventId": "1", "CloudTrailEvent": e.to_string()})).collect::<Vec<_>>(), "NextToken": "t"}).to_string())]
    fn every_layout_plain_or_gzipped_gives_the_same_records(#[case] text: String) {
        for bytes in [text.clone().into_bytes(), gz(text.as_bytes())] {
            let (names, reading) = read(&bytes);
            assert_eq!(names, ["Call1", "Call2", "Call3"], "{text}");
            assert_eq!(reading, Reading { records: 3, ..Reading::default() });
        }
    }

    #[test]
    fn a_bad_line_costs_only_itself() {
        let text = format!("{}\n{{\"eventName\": \n\n{}\n{{\"a\":1}}\n", event(1), event(2));
        let (names, reading) = read(text.as_bytes());
        assert_eq!(names, ["Call1", "Call2"]);
        let places: Vec<u64> = reading.problems.iter().map(|p| p.line).collect();
        assert_eq!((places, reading.truncated), (vec![2, 5], false));
        assert!(reading.problems[0].reason.starts_with("not JSON"), "{:?}", reading.problems);
        assert!(reading.problems[1].reason.contains("eventName is missing"));
    }

    #[test]
    fn a_bad_record_in_a_delivery_costs_only_itself_and_names_its_line() {
        let text = format!("{{\"Records\": [\n{},\n{{\"eventName\": oops}},\n7,\n{}\n]}}", event(1), event(2));
        let (names, reading) = read(text.as_bytes());
        assert_eq!(names, ["Call1", "Call2"]);
        assert_eq!(reading.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn a_file_cut_off_says_so_and_keeps_what_came_before() {
        for text in [json!({"Records": three()}).to_string(), json!(three()).to_string(), lines()] {
            let bytes = text.as_bytes();
            let (names, reading) = read(&bytes[..bytes.len() - 20]);
            assert_eq!(names, ["Call1", "Call2"]);
            assert!(reading.truncated && reading.problems.len() == 1, "{reading:?}");
        }
        let long: String = (0..4000).map(|n| format!("{}\n", event(n))).collect();
        let packed = gz(long.as_bytes());
        let (names, reading) = read(&packed[..packed.len() / 2]);
        assert!(names.len() > 100 && reading.truncated, "{} {reading:?}", names.len());
    }

    #[test]
    fn what_is_no_log_is_told_and_nothing_panics() {
        for bytes in [&b""[..], b"\n\n", b"hello", b"\x1f\x8b\x00", b"[1, 2]", b"}}]]", b"{", b"\xff\xfe{}"] {
            let (names, reading) = read(bytes);
            assert!(names.is_empty() && reading.records == 0, "{bytes:?}");
        }
        assert_eq!(read(b"hello").1.problems.len(), 1);
        assert!(read_path(Path::new("/nowhere/x"), &Home::default(), &mut |_| ()).is_err());
    }
}
