//! One connection in full: whether it may be used, why not, how it is reached and what happens next.

use crate::{
    desk::view::{AccountRow, ConnectionView},
    domain::{AccountState, Timestamp},
    tui::{
        theme::Tone,
        widgets::{
            canvas::{Fact, Piece, dim, plain, width, wrap_pieces},
            gate, words,
        },
    },
};

/// Columns of a fact's label.
pub const LABEL: u16 = 11;

/// The gate's badge and its age.
pub fn headline(now: Timestamp, view: &ConnectionView) -> Vec<Piece> {
    let mut out = vec![dim("gate "), gate::badge(view.gate)];
    if let Some(at) = view.gate_at {
        out.push(dim(format!(" {}", words::since(now, at))));
    }
    if let Some(kind) = view.kind {
        out.push(dim(format!(" · {}", kind.word())));
    }
    out.push(dim(format!(" of {}", view.client)));
    out
}

/// Everything there is to say of it, what is wrong first. `account` is its row in the list, where that is known.
pub fn facts(now: Timestamp, view: &ConnectionView, account: Option<&AccountRow>) -> Vec<Fact> {
    let mut out: Vec<Fact> = Vec::new();
    if let Some(what) = &view.what {
        let code = view.code.map(|code| format!("  ({code})")).unwrap_or_default();
        out.push((wrong(view), vec![(what.clone().into(), Tone::Bad), dim(code)]));
    }
    if let Some(next) = &view.next_step {
        out.push(("do", vec![plain(next.clone())]));
    }
    match view.gate {
        "quarantined" => out.push((
            "used",
            vec![
                ("no".into(), Tone::Bad),
                dim(": nothing is read through it. "),
                ("T".into(), Tone::Accent),
                dim(" tests it again, "),
                ("O".into(), Tone::Accent),
                dim(" uses it all the same"),
            ],
        )),
        "overridden" => {
            let reason = view.override_reason.as_ref().map_or_else(|| "–".to_owned(), |reason| reason.for_tui(2_000));
            out.push(("used", vec![("in spite of its gate".into(), Tone::Bad), dim(" because: "), plain(reason)]));
        }
        _ => {}
    }
    out.push(("through", vec![through(view)]));
    out.extend(view.warning.iter().map(|warning| ("warning", vec![(warning.clone().into(), Tone::Warn)])));
    out.extend(account.and_then(|row| gone(now, row)));
    let alias = view.alias.as_ref().map(|alias| plain(format!("{} · ", alias.for_tui(60))));
    let linked = view.linked_at.map_or_else(|| "not known".to_owned(), |at| at.day().to_string());
    out.push(("connected", alias.into_iter().chain([plain(linked)]).collect()));
    out.push(("next test", next_test(now, view)));
    let keys = [("Enter", " costs   "), ("f", " findings   "), ("a", " access")];
    let keys = keys.into_iter().flat_map(|(key, does)| [(key.into(), Tone::Accent), dim(does)]);
    out.push(("next", keys.collect()));
    out
}

/// What the first fact is about.
fn wrong(view: &ConnectionView) -> &'static str {
    match view.gate {
        "quarantined" | "overridden" => "danger",
        _ => "wrong",
    }
}

fn through(view: &ConnectionView) -> Piece {
    match view.access {
        "role" | "stack set role" => plain(format!("{} {}", view.access, view.through)),
        "access key" => (view.through.clone().replace("access key", "ACCESS KEY").into(), Tone::Bad),
        _ => (view.through.clone().into(), Tone::Warn),
    }
}

/// An account that is not there any more keeps what was read of it.
fn gone(now: Timestamp, row: &AccountRow) -> Option<Fact> {
    let history = dim(": what was read of it stays");
    let said = match (row.left_at, row.state) {
        (Some(at), _) => format!("left its organization {}", words::when(now, at)),
        (None, AccountState::Left) => "left its organization".to_owned(),
        (None, AccountState::Active | AccountState::Unknown) => return None,
        (None, state) => state.word().to_owned(),
    };
    Some(("account", vec![(said.into(), Tone::Warn), history]))
}

fn next_test(now: Timestamp, view: &ConnectionView) -> Vec<Piece> {
    let when = match view.next_test {
        Some(at) if at > now => format!("by a sync in {}", until(now, at)),
        _ => "by the next sync".to_owned(),
    };
    vec![plain(when), dim("; "), ("T".into(), Tone::Accent), dim(" tests it now")]
}

fn until(now: Timestamp, at: Timestamp) -> String {
    match at.since(now) {
        s @ ..3_600 => words::plural(u64::try_from(s.max(60) / 60).unwrap_or(1), "minute", "minutes"),
        s @ 3_600..172_800 => words::plural(u64::try_from(s / 3_600).unwrap_or(1), "hour", "hours"),
        s => words::plural(u64::try_from(s / 86_400).unwrap_or(1), "day", "days"),
    }
}

/// Rows the facts take in so many columns.
pub fn rows(facts: &[Fact], columns: u16) -> u16 {
    let room = columns.saturating_sub(LABEL + 2);
    let lines = facts.iter().map(|(_, pieces)| match width(pieces) > room {
        true => wrap_pieces(pieces, room).len(),
        false => 1,
    });
    u16::try_from(lines.sum::<usize>()).unwrap_or(u16::MAX)
}
