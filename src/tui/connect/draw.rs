//! How the steps look: a box over the pane with the steps on top and the keys at its foot.

use super::{
    Override, Test,
    flow::{Flow, Step},
    form::{Field, Form},
    gate::{GateRun, Verdict},
    lines, way,
};
use crate::tui::{
    overlays::{boxed, inside, typed},
    theme::Tone,
    widgets::canvas::{Canvas, Piece, dim, plain, width, wrap},
};
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthChar;

/// Columns of a box at most.
const WIDE: u16 = 116;
/// Rows of a box at most: with a long text in it, and without.
const HIGH: u16 = 40;
const LOW: u16 = 24;
/// Columns of a field's label.
const LABEL: u16 = 12;

/// Connecting a client.
pub fn draw_flow(flow: &Flow, canvas: &mut Canvas) -> Option<Position> {
    let title = match &flow.client {
        Some(client) => format!("connect {client}"),
        None => "add a client".to_owned(),
    };
    let inner = large(canvas, &title, if flow.step == Step::Role { HIGH } else { LOW });
    canvas.pieces(inner.x, inner.y, inner.width, &steps(flow.step));
    let body = below_steps(inner);
    let (cursor, keys) = match flow.step {
        Step::Client => client(flow, canvas, body),
        Step::Role => role(flow, canvas, body),
        Step::Account => account(flow, canvas, body),
        Step::Gate => (None, gate(&flow.gate, "back to the account", canvas, body)),
    };
    legend(canvas, inner, &keys);
    cursor
}

/// A connection that is tested.
pub fn draw_test(test: &Test, canvas: &mut Canvas) -> Option<Position> {
    let inner = large(canvas, &format!("test {}/{}", test.client, test.connection), LOW);
    let body = above_keys(inner);
    let keys = gate(&test.run, "close", canvas, body);
    legend(canvas, inner, &keys);
    None
}

/// What must be typed to use a quarantined connection.
pub fn draw_override(over: &Override, canvas: &mut Canvas) -> Option<Position> {
    let inner = boxed(canvas, &format!("use {} in spite of its gate", over.name()), 96, 14);
    let why = "Its role opens without the ExternalId: anybody who can use our credentials for another client could be led \
               into it. With the override it is used all the same; the finding stays open, and the reason is noted in the \
               audit log.";
    let used = canvas.paragraph(inner, why, Tone::Plain);
    let body = below(inner, used + 1, 2);
    let (cursor, rows) = fields(&over.form, canvas, body);
    let rest = below(body, rows + 1, 0);
    let (said, tone) = match (&over.failed, over.request) {
        (_, Some(_)) => ("noting it …".to_owned(), Tone::Accent),
        (Some(why), None) => (why.clone(), Tone::Bad),
        (None, None) => (String::new(), Tone::Plain),
    };
    canvas.paragraph(rest, &said, tone);
    legend(canvas, inner, &[("Enter", "next, then override"), ("Tab", "field"), ("Esc", "leave it in quarantine")]);
    cursor
}

/// Columns and rows of a large box on a screen.
fn extent(screen: Rect, rows: u16) -> (u16, u16) {
    // A strip of the pane beside the box would only be noise.
    let columns = if screen.width < WIDE + 8 { screen.width } else { WIDE };
    (columns, screen.height.saturating_sub(5).min(rows))
}

fn large(canvas: &mut Canvas, title: &str, rows: u16) -> Rect {
    let (columns, rows) = extent(canvas.area(), rows);
    boxed(canvas, title, columns, rows)
}

fn below_steps(inner: Rect) -> Rect {
    Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner }
}

fn above_keys(inner: Rect) -> Rect {
    Rect { height: inner.height.saturating_sub(2), ..inner }
}

/// How many lines of a try do not fit on a screen of that size; below the steps of a flow there is less room.
pub(super) fn hidden_lines(run: &GateRun, (columns, rows): (u16, u16), in_flow: bool) -> usize {
    let screen = Rect::new(0, 0, columns, rows);
    let (columns, rows) = extent(screen, LOW);
    let inner = inside(screen, columns, rows);
    let area = if in_flow { below_steps(inner) } else { above_keys(inner) };
    too_many(&lines::lines(run, usize::from(area.width)), area)
}

fn too_many(lines: &[Vec<Piece>], area: Rect) -> usize {
    lines.len().saturating_sub(usize::from(area.height))
}

fn below(area: Rect, used: u16, keep: u16) -> Rect {
    let used = used.min(area.height);
    Rect { y: area.y + used, height: (area.height - used).saturating_sub(keep), ..area }
}

fn steps(now: Step) -> Vec<Piece> {
    let mut out = Vec::new();
    for (at, step) in Step::ALL.into_iter().enumerate() {
        let text = format!("{} {}", at + 1, step.title());
        if at > 0 {
            out.push(dim(" ── "));
        }
        out.push(match step == now {
            true => (format!("[{text}]").into(), Tone::Accent),
            false if step < now => plain(text),
            false => dim(text),
        });
    }
    out
}

fn legend(canvas: &mut Canvas, inner: Rect, keys: &[(&'static str, &'static str)]) {
    let mut pieces: Vec<Piece> = Vec::new();
    for (key, does) in keys {
        let more: [Piece; 3] = [((*key).into(), Tone::Accent), plain(format!(" {does}")), plain("   ")];
        // Whole words or nothing.
        if width(&pieces) + width(&more) <= inner.width + 3 {
            pieces.extend(more);
        }
    }
    canvas.pieces(inner.x, inner.bottom().saturating_sub(1), inner.width, &pieces);
}

/// The first field to show, so that the one typed into is seen with what is wrong with it.
fn first_field(form: &Form, area: Rect) -> usize {
    let room = usize::from(area.width.saturating_sub(2 + LABEL));
    let rows = |field: &Field| 1 + field.error.as_ref().map_or(0, |error| wrap(error, room).len().min(3));
    let mut left = usize::from(area.height);
    let mut first = form.at;
    for field in form.fields.iter().take(form.at + 1).rev() {
        match left.checked_sub(rows(field)) {
            Some(rest) => left = rest,
            None => return (first + 1).min(form.at),
        }
        first = first.saturating_sub(1);
    }
    0
}

/// A form's fields, what is wrong with each below it. Gives back the cursor and the rows used.
fn fields(form: &Form, canvas: &mut Canvas, area: Rect) -> (Option<Position>, u16) {
    let (mut cursor, mut y) = (None, area.y);
    for (at, field) in form.fields.iter().enumerate().skip(first_field(form, area)) {
        if y >= area.bottom() {
            break;
        }
        let here = at == form.at;
        if here {
            canvas.put(area.x, y, 1, "▌", Tone::Accent);
        }
        canvas.put(area.x + 2, y, LABEL, field.label, if here { Tone::Strong } else { Tone::Dim });
        let x = area.x + 2 + LABEL;
        let room = Rect { x, y, width: area.right().saturating_sub(x), height: 1 };
        match field.input() {
            Some(input) if here => cursor = typed(canvas, room, "", input),
            _ => {}
        }
        let empty = field.value().is_empty();
        match field.input() {
            Some(_) if here && !empty => {}
            Some(_) if empty => {
                let shift = u16::from(here);
                canvas.put(x + shift, y, room.width.saturating_sub(shift), &field.hint, Tone::Dim);
            }
            Some(_) => {
                let tone = if field.fixed { Tone::Dim } else { Tone::Plain };
                canvas.put(x, y, room.width, field.value(), tone);
            }
            None => {
                let mut pieces: Vec<Piece> = vec![(field.value().to_owned().into(), Tone::Plain)];
                if here {
                    pieces = vec![
                        ("← ".into(), Tone::Accent),
                        (field.value().to_owned().into(), Tone::Strong),
                        (" →".into(), Tone::Accent),
                        dim("  Space chooses"),
                    ];
                }
                canvas.pieces(x, y, room.width, &pieces);
            }
        }
        y += 1;
        if let Some(error) = &field.error {
            let room = Rect { x, y, width: room.width, height: area.bottom().saturating_sub(y).min(3) };
            y += canvas.paragraph(room, error, Tone::Bad);
        }
    }
    (cursor, y.saturating_sub(area.y))
}

type Keys = Vec<(&'static str, &'static str)>;

fn client(flow: &Flow, canvas: &mut Canvas, area: Rect) -> (Option<Position>, Keys) {
    let (said, tone) = match (&flow.failed, flow.saving.is_some()) {
        (_, true) => ("writing it to the vault …".to_owned(), Tone::Accent),
        (Some(why), false) => (why.clone(), Tone::Bad),
        (None, false) => (
            "Only the id is needed. The client gets an ExternalId of its own, which stands in the role that is made next."
                .to_owned(),
            Tone::Dim,
        ),
    };
    // What came of it is seen in any case; the fields make room.
    let lines = u16::try_from(wrap(&said, area.width.into()).len()).unwrap_or(u16::MAX);
    let keep = if tone == Tone::Dim { 0 } else { lines.min(3) };
    let (cursor, used) = fields(&flow.form, canvas, below(area, 0, keep));
    let gap = u16::from(used + keep < area.height);
    canvas.paragraph(below(area, used + gap, 0), &said, tone);
    let does = if flow.client.is_some() { "next, then save" } else { "next, then add" };
    (
        cursor,
        vec![("Enter", does), ("Esc", "leave"), ("Tab", "field"), ("Shift-Tab", "field before"), ("Ctrl-u", "clear")],
    )
}

fn role(flow: &Flow, canvas: &mut Canvas, area: Rect) -> (Option<Position>, Keys) {
    let role = &flow.role;
    let mut head: Vec<Piece> = vec![
        ("t".into(), Tone::Accent),
        dim(" template "),
        (role.template.word().into(), Tone::Strong),
        plain("   "),
        ("f".into(), Tone::Accent),
        dim(" format "),
        (role.format.word().into(), Tone::Strong),
    ];
    let keys = vec![
        ("Enter", "the role is there"),
        ("Esc", "back"),
        ("y", "copy"),
        ("w", "write to a file"),
        ("j k", "scroll"),
        ("r", "render again"),
    ];
    let Some(text) = &role.text else {
        canvas.pieces(area.x, area.y, area.width, &head);
        let room = below(area, 2, 0);
        match &role.failed {
            Some(why) => canvas.paragraph(room, why, Tone::Bad),
            None => canvas.paragraph(room, "asking who the role is to trust …", Tone::Accent),
        };
        return (None, keys);
    };
    head.push(dim(format!("   line {} of {}", role.top + 1, text.lines().count())));
    canvas.pieces(area.x, area.y, area.width, &head);
    canvas.rule(area.x, area.y + 1, area.width, "");
    let prompt = u16::from(role.file.is_some()) * 4;
    let room = below(area, 2, prompt);
    let shown = text.lines().skip(role.top);
    let pieces = |line: &str, tone| match tone {
        // The text itself keeps its blanks.
        Tone::Plain => broken(line, room.width),
        _ => wrap(line, room.width.into()),
    };
    let shown = shown.flat_map(|(line, tone)| pieces(&line, tone).into_iter().map(move |piece| (piece, tone)));
    for (y, (line, tone)) in (room.y..room.bottom()).zip(shown) {
        canvas.put(room.x, y, room.width, &line, tone);
    }
    let Some(form) = &role.file else { return (None, keys) };
    canvas.rule(area.x, room.bottom(), area.width, "write to a new file that only you can read");
    let place = Rect { y: room.bottom() + 1, height: prompt.saturating_sub(1), ..area };
    let (cursor, _) = fields(form, canvas, place);
    (cursor, vec![("Enter", "write"), ("Esc", "do not")])
}

/// A line of a text in pieces that fit; its blanks stay as they are.
fn broken(line: &str, columns: u16) -> Vec<String> {
    let (mut out, mut piece, mut used) = (Vec::new(), String::new(), 0);
    for c in line.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > usize::from(columns.max(2)) {
            out.push(std::mem::take(&mut piece));
            used = 0;
        }
        piece.push(c);
        used += wide;
    }
    out.push(piece);
    out
}

fn account(flow: &Flow, canvas: &mut Canvas, area: Rect) -> (Option<Position>, Keys) {
    let said = format!(
        "When {} has made the role, type the account it is in. The gate then proves that the role opens with this client's \
         ExternalId and with no other. It sends about ten requests; one is for Cost Explorer and costs the client US$0.01.",
        flow.client_word()
    );
    // What is typed comes first: where there is little room, the rest is cut.
    let (cursor, rows) = fields(&flow.way, canvas, area);
    let mut rest = below(area, rows + 1, 0);
    if let Some(hint) = flow.role.text.as_ref().and_then(|text| text.hint.as_ref()) {
        let used = canvas.paragraph(rest, hint, Tone::Accent);
        rest = below(rest, used + 1, 0);
    }
    let opens = way::preview(&flow.way, flow.role.template);
    let lines = wrap(&opens, usize::from(rest.width.saturating_sub(2 + LABEL)));
    for (y, line) in (rest.y..rest.bottom()).zip(&lines) {
        canvas.put(rest.x + 2, y, LABEL, if y == rest.y { "opens" } else { "" }, Tone::Dim);
        canvas.put(rest.x + 2 + LABEL, y, rest.width.saturating_sub(2 + LABEL), line, Tone::Strong);
    }
    let used = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    canvas.paragraph(below(rest, used.saturating_add(1), 0), &said, Tone::Plain);
    (cursor, vec![("Enter", "next, then test"), ("Esc", "back to the role"), ("Tab", "field"), ("Ctrl-u", "clear")])
}

/// A try, and the keys that mean something now.
fn gate(run: &GateRun, back: &'static str, canvas: &mut Canvas, area: Rect) -> Keys {
    let lines = lines::lines(run, usize::from(area.width));
    let most = too_many(&lines, area);
    // What comes last shows while it comes.
    let top = if run.verdict() == Verdict::Testing { most } else { run.top.min(most) };
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(top)) {
        canvas.pieces(area.x, y, area.width, line);
    }
    let mut keys: Keys = match run.verdict() {
        Verdict::Testing => vec![("Esc", "stop")],
        Verdict::Passed | Verdict::Overridden => vec![("Enter", "show it"), ("Esc", back), ("r", "again")],
        Verdict::Quarantined => {
            vec![("r", "again, once mended"), ("O", "use it all the same"), ("Enter", "show it"), ("Esc", back)]
        }
        Verdict::Unusable => vec![("r", "again, once mended"), ("Enter", "show it"), ("Esc", back)],
        Verdict::NotKept | Verdict::NotTried => vec![("r", "again, once mended"), ("Esc", back)],
    };
    if most > 0 && run.verdict() != Verdict::Testing {
        keys.push(("j k", "scroll"));
    }
    keys
}
