//! How overlays look: a box over the pane, or the last line for what is typed.

use super::{Overlay, Picker, command, picker, report};
use crate::tui::{
    Model,
    actions::Action,
    connect,
    panes::Copyable,
    theme::Tone,
    widgets::canvas::{Canvas, Piece, dim, plain, wrap},
};
use ratatui::layout::{Position, Rect};
use tui_input::Input;

/// Draws everything over the pane; gives back where the cursor stands if something is typed.
pub fn draw(model: &Model, canvas: &mut Canvas) -> Option<Position> {
    let mut cursor = None;
    for overlay in &model.overlays {
        cursor = match overlay {
            Overlay::Help(p) => {
                let pane = model.current().title();
                choose(model, canvas, &format!("help: {pane}"), p, &picker::here(model, p.input.value()))
            }
            Overlay::Palette(p) => choose(model, canvas, "palette", p, &picker::ranked(p.input.value())),
            Overlay::Command(p) => command_line(model, canvas, p),
            Overlay::Filter { input, .. } => {
                let list = &model.level().list;
                let count = format!("{}/{}", list.order().len(), list.total());
                prompt(canvas, "/", input, &count)
            }
            Overlay::Copy { items, cursor } => copy_menu(canvas, items, *cursor),
            Overlay::Errors { top } => paragraphs(canvas, "errors and stale sources", &report::errors(model), *top),
            Overlay::Messages { top } => paragraphs(canvas, "messages", &report::messages(model), *top),
            Overlay::Flow(flow) => connect::draw_flow(flow, canvas),
            Overlay::Test(test) => connect::draw_test(test, canvas),
            Overlay::Override(over) => connect::draw_override(over, canvas),
            Overlay::Confirm { question, .. } => confirm(canvas, question),
        };
    }
    cursor
}

/// A box in the middle of a screen, its frame included.
fn outside(screen: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(screen.width), rows.saturating_add(2).min(screen.height));
    Rect::new((screen.width - width) / 2, (screen.height - height) / 3, width, height)
}

/// The inside of a box in the middle of a screen.
pub fn inside(screen: Rect, columns: u16, rows: u16) -> Rect {
    let Rect { x, y, width, height } = outside(screen, columns, rows);
    Rect::new(x + 2, y + 1, width.saturating_sub(4), height.saturating_sub(2))
}

/// Draws a box in the middle of the screen and gives back its inside.
pub fn boxed(canvas: &mut Canvas, title: &str, columns: u16, rows: u16) -> Rect {
    let screen = canvas.area();
    let area = outside(screen, columns, rows);
    let width = area.width;
    canvas.clear(area);
    let inner = usize::from(width.saturating_sub(2));
    canvas.put(area.x, area.y, width, &format!("┌{}┐", "─".repeat(inner)), Tone::Dim);
    canvas.put(area.x + 2, area.y, width.saturating_sub(4), &format!(" {title} "), Tone::Accent);
    for y in area.y + 1..area.bottom().saturating_sub(1) {
        canvas.put(area.x, y, 1, "│", Tone::Dim);
        canvas.put(area.right().saturating_sub(1), y, 1, "│", Tone::Dim);
    }
    canvas.put(area.x, area.bottom().saturating_sub(1), width, &format!("└{}┘", "─".repeat(inner)), Tone::Dim);
    inside(screen, columns, rows)
}

fn choose(model: &Model, canvas: &mut Canvas, title: &str, p: &Picker, items: &[&'static Action]) -> Option<Position> {
    let rows = u16::try_from(items.len()).unwrap_or(u16::MAX).saturating_add(4);
    let inner = boxed(canvas, title, 92, rows.min(canvas.area().height.saturating_sub(4)).max(8));
    let cursor = typed(canvas, inner, "> ", &p.input);
    let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
    let top = (p.cursor + 1).saturating_sub(list.height.into());
    for (y, (place, action)) in (list.top()..list.bottom()).zip(items.iter().enumerate().skip(top)) {
        let blocked = action.available(model).err();
        let tone = if blocked.is_some() { Tone::Dim } else { Tone::Plain };
        let key_tone = if blocked.is_some() { Tone::Dim } else { Tone::Accent };
        if place == p.cursor {
            canvas.put(list.x, y, 1, "▌", Tone::Accent);
        }
        canvas.put(list.x + 2, y, 14, &action.keys.join(" "), key_tone);
        let used = canvas.put(list.x + 17, y, list.width.saturating_sub(17), action.title, tone);
        if let Some(why) = blocked {
            let x = list.x + 19 + used;
            canvas.put(x, y, list.right().saturating_sub(x), &format!("({why})"), Tone::Dim);
        }
    }
    if items.is_empty() {
        canvas.put(list.x, list.y, list.width, "nothing matches: Esc closes", Tone::Dim);
    }
    let legend = "~ estimated  * stale  – nothing there  n/a not known, the strip says why  ·  Enter runs, Esc closes";
    canvas.put(inner.x, inner.bottom().saturating_sub(1), inner.width, legend, Tone::Dim);
    cursor
}

/// A line that is typed into; gives back where the cursor stands.
pub fn typed(canvas: &mut Canvas, line: Rect, mark: &str, input: &Input) -> Option<Position> {
    let used = canvas.put(line.x, line.y, line.width, mark, Tone::Accent);
    let room = line.width.saturating_sub(used + 1);
    let skipped = input.visual_scroll(room.into());
    let mut hidden = 0;
    let visible: String = input
        .value()
        .chars()
        .skip_while(|c| {
            let out = hidden < skipped;
            hidden += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            out
        })
        .collect();
    canvas.put(line.x + used, line.y, room, &visible, Tone::Plain);
    let column = u16::try_from(input.visual_cursor().saturating_sub(skipped)).unwrap_or(0).min(room);
    (line.width > 0 && line.height > 0).then_some(Position { x: line.x + used + column, y: line.y })
}

/// A line at the foot of the screen.
fn prompt(canvas: &mut Canvas, mark: &str, input: &Input, right: &str) -> Option<Position> {
    let screen = canvas.area();
    let line = Rect { y: screen.height.checked_sub(1)?, height: 1, ..screen };
    canvas.clear(line);
    canvas.pieces_right(line.x, line.y, line.width.saturating_sub(1), &[dim(right.to_owned())]);
    typed(canvas, Rect { x: 1, width: line.width.saturating_sub(14), ..line }, mark, input)
}

fn command_line(model: &Model, canvas: &mut Canvas, line: &Picker) -> Option<Position> {
    let offered = command::completions(model, line.input.value());
    let screen = canvas.area();
    let shown = offered.len().min(8).min(usize::from(screen.height.saturating_sub(3)));
    let rows = u16::try_from(shown).unwrap_or(0);
    let top = (line.cursor + 1).saturating_sub(shown);
    let first = screen.height.saturating_sub(1 + rows);
    for (y, (place, name)) in (first..screen.height).zip(offered.iter().enumerate().skip(top).take(shown)) {
        let row = Rect::new(0, y, screen.width.min(60), 1);
        canvas.clear(row);
        let (mark, tone) = if place == line.cursor { ("▌", Tone::Strong) } else { (" ", Tone::Dim) };
        canvas.put(1, y, 1, mark, Tone::Accent);
        canvas.put(2, y, 30, name, tone);
        let title = crate::tui::actions::by_name(name).map_or("", |a| a.title);
        canvas.put(24, y, row.width.saturating_sub(24), title, Tone::Dim);
    }
    prompt(canvas, ":", &line.input, "Tab completes")
}

fn copy_menu(canvas: &mut Canvas, items: &[Copyable], cursor: usize) -> Option<Position> {
    let rows = u16::try_from(items.len()).unwrap_or(u16::MAX);
    let inner = boxed(canvas, "copy to the terminal's clipboard", 84, rows);
    for (y, (place, item)) in (inner.top()..inner.bottom()).zip(items.iter().enumerate()) {
        if place == cursor {
            canvas.put(inner.x, y, 1, "▌", Tone::Accent);
        }
        let first = item.text.lines().next().unwrap_or_default().replace('\t', "  ");
        let pieces: [Piece; 4] = [
            (item.key.to_string().into(), Tone::Accent),
            plain("  "),
            plain(format!("{:<34}", item.label)),
            dim(first),
        ];
        canvas.pieces(inner.x + 2, y, inner.width.saturating_sub(2), &pieces);
    }
    None
}

fn confirm(canvas: &mut Canvas, question: &str) -> Option<Position> {
    let columns = canvas.area().width.saturating_sub(8).clamp(20, 76);
    let lines = wrap(question, usize::from(columns.saturating_sub(4))).len();
    let inner = boxed(canvas, "sure?", columns, u16::try_from(lines).unwrap_or(3).saturating_add(2));
    let used = canvas.paragraph(inner, question, Tone::Plain);
    let y = (inner.y + used + 1).min(inner.bottom().saturating_sub(1));
    canvas.put(inner.x, y, inner.width, "y yes   n or Esc no", Tone::Accent);
    None
}

fn paragraphs(canvas: &mut Canvas, title: &str, all: &[report::Paragraph], top: usize) -> Option<Position> {
    let screen = canvas.area();
    let columns = screen.width.saturating_sub(8).clamp(20, 120);
    let width = usize::from(columns.saturating_sub(6));
    let lines: u16 = all.iter().map(|(_, text)| u16::try_from(wrap(text, width).len() + 2).unwrap_or(3)).sum();
    let inner = boxed(canvas, title, columns, lines.min(screen.height.saturating_sub(6)).max(3));
    let mut y = inner.y;
    for ((head, tone), text) in all.iter().skip(top) {
        if y >= inner.bottom() {
            break;
        }
        canvas.put(inner.x, y, inner.width, head, *tone);
        let room = Rect {
            x: inner.x + 2,
            y: (y + 1).min(inner.bottom()),
            width: inner.width.saturating_sub(2),
            height: inner.bottom().saturating_sub(y + 1),
        };
        y += 2 + canvas.paragraph(room, text, Tone::Plain);
    }
    let screen_hint = if all.len() > 1 { " j k scroll, Esc closes " } else { " Esc closes " };
    let y = inner.bottom().min(screen.height.saturating_sub(1));
    canvas.put(inner.x, y, inner.width, screen_hint, Tone::Dim);
    None
}
