//! The model as a frame.

use super::{
    Model, NoticeLevel, Theme,
    actions::ACTIONS,
    overlays,
    panes::{Pane, PaneId},
    theme::{Tone, to_ascii},
    unlock,
    widgets::{
        canvas::{Canvas, Piece, dim, plain, width},
        table::TableHit,
        words,
    },
};
use ratatui::{Frame, layout::Rect};

/// Below this nothing sensible can be shown.
pub const SMALLEST: (u16, u16) = (60, 16);
/// From this width on the detail stands beside the table.
pub const WIDE: u16 = 150;
/// From this height on the detail below the table has several lines.
const HIGH: u16 = 30;

/// Where things came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HitMap {
    /// The pane's table.
    pub table: TableHit,
}

/// Draws the model.
pub fn view(model: &Model, frame: &mut Frame, theme: &Theme) -> HitMap {
    let area = frame.area().intersection(Rect::new(0, 0, model.size.0, model.size.1));
    let mut canvas = Canvas::new(frame.buffer_mut(), theme);
    let (hit, cursor) = if let Some(screen) = &model.locked {
        (HitMap::default(), unlock::draw(screen, &model.title, model.now, &mut canvas, area))
    } else if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!(
            "{}×{} is too small: bailiwick needs {}×{}. Enlarge the window, or q quits.",
            area.width, area.height, SMALLEST.0, SMALLEST.1
        );
        canvas.paragraph(area, &text, Tone::Plain);
        (HitMap { table: model.level_hit() }, None)
    } else {
        let hit = draw_screen(model, &mut canvas, area);
        (hit, overlays::draw(model, &mut canvas))
    };
    if theme.ascii {
        to_ascii(frame.buffer_mut());
    }
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
    hit
}

impl Model {
    fn level_hit(&self) -> TableHit {
        self.hit.table
    }
}

fn draw_screen(model: &Model, canvas: &mut Canvas, area: Rect) -> HitMap {
    draw_top(model, canvas, area);
    let headline = model.current().headline(model);
    canvas.pieces(1, 1, area.width.saturating_sub(2), &headline);
    canvas.rule(0, 2, area.width, "");
    let body = Rect { y: 3, height: area.height.saturating_sub(5), ..area };
    let hit = draw_body(model, canvas, body);
    draw_notice(model, canvas, area);
    draw_footer(model, canvas, area);
    HitMap { table: hit }
}

/// Breadcrumbs on the left, freshness and a running sync on the right; where both do not fit, only what is wrong stays.
fn draw_top(model: &Model, canvas: &mut Canvas, area: Rect) {
    let crumbs = crumbs(model);
    let full = status(model, true);
    let fits = width(&crumbs) + width(&full) + 4 <= area.width;
    let right = if fits { full } else { status(model, false) };
    let left = area.width.saturating_sub(width(&right) + 4);
    canvas.pieces(1, 0, left, &crumbs);
    canvas.pieces_right(0, 0, area.width.saturating_sub(1), &right);
}

fn crumbs(model: &Model) -> Vec<Piece> {
    let stack = model.stack(model.pane);
    let pane = stack.pane();
    let mut out: Vec<Piece> = vec![dim(model.title.clone()), dim(" ▸ "), (pane.title().into(), Tone::Accent)];
    for query in stack.levels().skip(1).filter_map(|level| level.query.as_ref()) {
        let crumb = pane.crumb(query);
        if !crumb.is_empty() {
            out.extend([dim(" ▸ "), (crumb.into(), Tone::Accent)]);
        }
    }
    let list = &model.level().list;
    if !list.filter().is_empty() {
        out.push((format!("  /{} {}/{}", list.filter(), list.order().len(), list.total()).into(), Tone::Warn));
    }
    out
}

fn status(model: &Model, full: bool) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    if let (Some(fresh), Some(overview)) = (model.freshness(), model.overview()) {
        let age = |at: Option<_>| at.map_or_else(|| "never".to_owned(), |at| words::ago(model.now, at));
        if full && fresh.costs_at.is_none() && fresh.events_at.is_none() {
            out.push(dim("nothing read yet"));
        } else if full {
            out.push(dim(format!("costs {} · events {}", age(fresh.costs_at), age(fresh.events_at))));
        }
        let untouched = fresh.costs_at.is_none() && fresh.events_at.is_none();
        if overview.accounts_stale > 0 && !untouched {
            let text = format!("{} of {} with problems", overview.accounts_stale, overview.accounts);
            let gap = if out.is_empty() { "" } else { " · " };
            out.extend([dim(gap), (text.into(), Tone::Warn)]);
        } else if overview.accounts > 0 && full && !untouched {
            out.push(dim(format!(" · all {} accounts fresh", overview.accounts)));
        }
    }
    if model.sync.running() {
        let (ended, all) = (model.sync.ended(), model.sync.jobs().len());
        let (mark, tone) = if model.sync.paused() { ("paused", Tone::Warn) } else { ("⟳", Tone::Accent) };
        out.push((format!("   {mark} {ended}/{all}  ${}", model.sync.spend()).into(), tone));
    }
    out
}

fn draw_body(model: &Model, canvas: &mut Canvas, body: Rect) -> TableHit {
    let pane = model.current();
    let title = pane.detail_title(model).filter(|_| model.level().answer.is_some() || model.pane == PaneId::Sync);
    let Some(title) = title else { return draw_table(model, pane, canvas, body) };
    if body.width >= WIDE && body.height >= 15 {
        let side = (body.width * 3 / 8).clamp(56, 90);
        let left = Rect { width: body.width - side - 2, ..body };
        let right = Rect { x: body.right() - side, width: side, ..body };
        for y in body.top()..body.bottom() {
            canvas.put(right.x - 1, y, 1, "│", Tone::Dim);
        }
        canvas.put(right.x + 1, right.y, side - 2, &title, Tone::Accent);
        pane.detail(model, canvas, Rect { y: right.y + 2, height: right.height.saturating_sub(2), ..right });
        return draw_table(model, pane, canvas, left);
    }
    let first = pane.detail_first(model);
    let wanted = if model.size.1 < HIGH && !first { 1 } else { pane.detail_rows(model) };
    let strip = wanted.min(body.height.saturating_sub(6));
    let table = body.height - strip - 1;
    let (table_y, rule_y) = if first { (body.y + strip + 1, body.y + strip) } else { (body.y, body.y + table) };
    let strip_y = if first { body.y } else { rule_y + 1 };
    canvas.rule(body.x, rule_y, body.width, if first { pane.table_title(model) } else { &title });
    pane.detail(model, canvas, Rect { y: strip_y, height: strip, ..body });
    draw_table(model, pane, canvas, Rect { y: table_y, height: table, ..body })
}

fn draw_table(model: &Model, pane: &dyn Pane, canvas: &mut Canvas, area: Rect) -> TableHit {
    let (level, source) = (model.level(), model.source());
    let listing = pane.listing(&source);
    let inner = Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(1),
    };
    let alone = pane.shows_without_answer(model);
    if let (None, Some(reason), false) = (&level.answer, &level.failed, alone) {
        canvas.paragraph(inner, reason, Tone::Bad);
        return TableHit::default();
    }
    if model.awaits_answer() {
        let text = model.status.as_deref().unwrap_or("reading the vault");
        canvas.paragraph(inner, &format!("{text} …"), Tone::Dim);
        return TableHit::default();
    }
    let hit = listing.draw(&source, &level.list, canvas, area, model.now);
    if level.list.order().is_empty() {
        let text = match level.list.filter() {
            "" => listing.empty(&source),
            filter => format!("None of {} rows matches \"{filter}\". / changes the filter.", level.list.total()),
        };
        let below = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
        canvas.paragraph(Rect { width: below.width.min(100), ..below }, &text, Tone::Plain);
    }
    hit
}

/// The rule over the footer, or the newest notice in its place.
fn draw_notice(model: &Model, canvas: &mut Canvas, area: Rect) {
    let y = area.height - 2;
    canvas.rule(0, y, area.width, "");
    let Some((_, message)) = &model.toast else { return };
    let tone = match message.level {
        NoticeLevel::Info => Tone::Good,
        NoticeLevel::Hint => Tone::Warn,
        NoticeLevel::Error => Tone::Bad,
    };
    let pieces: [Piece; 4] = [plain(" "), ("●".into(), tone), plain(format!(" {}", message.text)), plain(" ")];
    canvas.pieces(1, y, area.width.saturating_sub(2), &pieces);
}

/// What can be done here: what cannot be done now is dim and, where there is room, says why.
fn draw_footer(model: &Model, canvas: &mut Canvas, area: Rect) {
    let y = area.height - 1;
    let list = &model.level().list;
    let place = if list.order().is_empty() { 0 } else { list.cursor() + 1 };
    let right = match model.pending_g {
        true => vec![("g …".into(), Tone::Accent)],
        false => vec![dim(format!("{}/{}", words::count(place as u64), words::count(list.order().len() as u64)))],
    };
    let room = area.width.saturating_sub(width(&right) + 4);
    let hinted = ACTIONS.iter().filter(|a| a.place.covers(model.pane)).filter_map(|a| Some((a, a.hint?)));
    let mut short: Vec<[Piece; 3]> = Vec::new();
    let mut long: Vec<Piece> = Vec::new();
    for (action, hint) in hinted {
        let key = action.keys.first().copied().unwrap_or_default();
        let blocked = action.available(model).err();
        let tones = if blocked.is_some() { (Tone::Dim, Tone::Dim) } else { (Tone::Accent, Tone::Plain) };
        let pieces: [Piece; 2] = [(key.into(), tones.0), (format!(" {hint}").into(), tones.1)];
        let [key, word] = pieces.clone();
        short.push([key, word, plain("  ")]);
        long.extend(pieces);
        if let Some(why) = blocked {
            long.push(dim(format!(" ({})", why.split(':').next().unwrap_or_default())));
        }
        long.push(plain("  "));
    }
    if width(&long) > room {
        // Whole words or nothing; help stays, because it shows all of them.
        let help: u16 = short.iter().filter(|p| p.first().is_some_and(is_help)).map(|p| width(p)).sum();
        let mut left = room.saturating_sub(help);
        short.retain(|pieces| {
            let wide = width(pieces);
            let fits = pieces.first().is_some_and(is_help) || wide <= left;
            left = if pieces.first().is_some_and(is_help) {
                left
            } else {
                left.saturating_sub(if fits { wide } else { left })
            };
            fits
        });
        long = short.into_iter().flatten().collect();
    }
    canvas.pieces(1, y, room, &long);
    canvas.pieces_right(0, y, area.width.saturating_sub(1), &right);
}

fn is_help(piece: &Piece) -> bool {
    piece.0 == "?"
}
