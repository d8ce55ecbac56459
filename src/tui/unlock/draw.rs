//! How the screen before the data looks: a few calm lines in the middle.

use super::{Asked, Phase, UnlockScreen};
use crate::{
    domain::Timestamp,
    tui::{
        theme::Tone,
        widgets::{
            canvas::{Canvas, Piece, dim, plain, width, wrap},
            words,
        },
    },
};
use ratatui::layout::{Position, Rect};

/// Columns of the text at most.
const WIDE: u16 = 72;
/// Stands for one character of a secret.
const DOT: &str = "•";

/// One line, or one that is typed into.
enum Line {
    Pieces(Vec<Piece>),
    Field,
}

/// Draws the screen; gives back where the cursor stands if something can be typed.
pub fn draw(screen: &UnlockScreen, title: &str, now: Timestamp, canvas: &mut Canvas, area: Rect) -> Option<Position> {
    let columns = WIDE.min(area.width.saturating_sub(2));
    let lines = lines(screen, title, now, columns);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let x = area.x + (area.width - columns) / 2;
    let top = area.y + area.height.saturating_sub(rows) / 3;
    let mut cursor = None;
    for (y, line) in (top..area.bottom()).zip(&lines) {
        match line {
            Line::Pieces(pieces) => drop(canvas.pieces(x, y, columns, pieces)),
            Line::Field => cursor = field(screen, canvas, Rect { x, y, width: columns, height: 1 }),
        }
    }
    cursor
}

/// The label and its dots, the end of which always shows.
fn field(screen: &UnlockScreen, canvas: &mut Canvas, line: Rect) -> Option<Position> {
    let label = format!("{}  ", capital(screen.asked.word()));
    let used = canvas.put(line.x, line.y, line.width, &label, Tone::Strong);
    let room = usize::from(line.width.saturating_sub(used + 1));
    let dots = screen.typed.len().min(room);
    let end = canvas.put(line.x + used, line.y, line.width.saturating_sub(used), &DOT.repeat(dots), Tone::Plain);
    let last = line.width.checked_sub(1)?;
    Some(Position { x: line.x + (used + end).min(last), y: line.y })
}

fn lines(screen: &UnlockScreen, title: &str, now: Timestamp, columns: u16) -> Vec<Line> {
    let blank = || Line::Pieces(Vec::new());
    let text = |text: &str, tone: Tone| {
        let wrapped = wrap(text, usize::from(columns.max(1)));
        wrapped.into_iter().map(move |line| Line::Pieces(vec![(line.into(), tone)]))
    };
    let head =
        if columns == 0 { Vec::new() } else { vec![(title.to_owned().into(), Tone::Accent), dim(" ▸ locked")] };
    let mut out = vec![Line::Pieces(head), Line::Pieces(vec![dim("─".repeat(columns.into()))])];
    for why in &screen.why {
        out.extend(text(why, Tone::Plain));
    }
    out.push(blank());
    let typing = screen.phase != Phase::Trying && !matches!(screen.asked, Asked::File(_));
    if typing {
        out.extend([Line::Field, blank()]);
    }
    let (said, tone) = said(screen, now);
    if !said.is_empty() {
        out.extend(text(&said, tone));
        out.push(blank());
    }
    out.extend(keys(screen, columns).into_iter().map(Line::Pieces));
    out
}

/// What is going on, or what went wrong.
fn said(screen: &UnlockScreen, now: Timestamp) -> (String, Tone) {
    if screen.phase == Phase::Trying {
        let with = match screen.asked {
            Asked::File(name) => format!(" with the {name}"),
            _ => String::new(),
        };
        return (format!("opening the vault{with} …"), Tone::Accent);
    }
    if let Some(hint) = &screen.hint {
        return (hint.clone(), Tone::Warn);
    }
    match &screen.refused {
        None if screen.phase == Phase::Closing => ("closing the vault …".into(), Tone::Dim),
        None => (String::new(), Tone::Plain),
        Some(refusal) => match refusal.wait {
            None => (refusal.text.clone(), Tone::Bad),
            Some(wait) => {
                let length = words::plural(wait.seconds, "second", "seconds");
                let text = format!(
                    "{}\nno other try is taken for {length}, until {} UTC",
                    refusal.text,
                    wait.until.clock_time()
                );
                let over = wait.left(now) == 0;
                (text, if over { Tone::Warn } else { Tone::Bad })
            }
        },
    }
}

/// What can be pressed, in as many lines as it takes.
fn keys(screen: &UnlockScreen, columns: u16) -> Vec<Vec<Piece>> {
    let next = format!(" {} instead", screen.asked.next(screen.door).word());
    let all: Vec<(&'static str, String)> = match (screen.phase, screen.asked) {
        (Phase::Trying, _) => vec![("Esc", " quit".into())],
        (_, Asked::File(name)) => {
            vec![("Enter", format!(" open with the {name}")), ("Tab", next), ("Esc", " quit".into())]
        }
        _ => vec![("Enter", " open".into()), ("Tab", next), ("Ctrl-u", " clear".into()), ("Esc", " quit".into())],
    };
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    for (key, does) in all {
        let pieces: [Piece; 2] = [(key.into(), Tone::Accent), dim(does)];
        match lines.last_mut() {
            Some(line) if width(line) + 3 + width(&pieces) <= columns => {
                line.push(plain("   "));
                line.extend(pieces);
            }
            _ => lines.push(pieces.into()),
        }
    }
    lines
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
