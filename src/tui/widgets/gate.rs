//! How a gate and its probes are told: always in a word, so that nothing hangs on a colour or a glyph.

use super::{
    canvas::{Piece, dim, plain},
    words,
};
use crate::{
    desk::view::ProbeView,
    domain::{Access, AccountState, Timestamp},
    tui::theme::Tone,
};

/// Columns of the longest badge.
pub const BADGE: u16 = 11;
/// Columns of the longest mark.
pub const MARK: u16 = 7;

/// A gate's word as a badge: what keeps a connection from being used is in capitals.
pub fn badge(gate: &str) -> Piece {
    let tone = match gate {
        "passed" => Tone::Good,
        "untested" => Tone::Warn,
        _ => return (gate.to_uppercase().into(), Tone::Bad),
    };
    (gate.to_owned().into(), tone)
}

/// How a probe ended, as a word before its title.
pub fn mark(outcome: &'static str) -> Piece {
    match outcome {
        "passed" => ("ok".into(), Tone::Good),
        "failed" => ("FAILED".into(), Tone::Bad),
        "state" => ("state".into(), Tone::Warn),
        other => dim(other),
    }
}

/// What a probe saw, or why it was not tried.
pub fn seen(probe: &ProbeView) -> Piece {
    match (&probe.what, &probe.note) {
        (Some(what), _) if probe.outcome == "failed" => (what.clone().into(), Tone::Bad),
        (Some(what), _) => (what.clone().into(), Tone::Warn),
        (None, Some(note)) if probe.outcome == "skipped" => dim(note.clone()),
        (None, Some(note)) => plain(note.clone()),
        (None, None) => dim("–"),
    }
}

/// How a connection gets its credentials, short; what is not a role is told apart.
pub fn access(access: &Access) -> Piece {
    match access {
        Access::Role { .. } => plain("role"),
        Access::StackSetRole { .. } => plain("stack set"),
        Access::Profile { .. } => ("profile".into(), Tone::Warn),
        Access::AccessKey { .. } => ("ACCESS KEY".into(), Tone::Bad),
    }
}

/// Whether an account is still there: its state, or that it has left its organization. In at most `columns` columns.
pub fn standing(now: Timestamp, state: AccountState, left_at: Option<Timestamp>, columns: u16) -> Piece {
    if let Some(at) = left_at {
        let full = format!("left {}", words::when(now, at));
        let fits = full.len() <= usize::from(columns);
        return (if fits { full } else { "left".to_owned() }.into(), Tone::Warn);
    }
    (state.word().into(), if state == AccountState::Active { Tone::Dim } else { Tone::Warn })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Failure, FailureKind, GateState};

    #[test]
    fn every_gate_has_a_badge_of_its_own_that_fits() {
        let at = Timestamp::default();
        let failure = Failure::new(FailureKind::Offline, "x", "y");
        let all = [
            GateState::Untested,
            GateState::Passed { at },
            GateState::Quarantined { at },
            GateState::Failed { at, failure },
            GateState::Overridden { at, reason: "x".into() },
        ];
        let badges: std::collections::BTreeSet<String> =
            all.iter().map(|gate| badge(gate.word()).0.into_owned()).collect();
        assert_eq!(badges.len(), all.len());
        assert!(badges.iter().all(|b| b.len() <= usize::from(BADGE)), "{badges:?}");
        let loud: Vec<&String> = badges.iter().filter(|b| b.chars().all(char::is_uppercase)).collect();
        assert_eq!(loud, ["FAILED", "OVERRIDDEN", "QUARANTINED"]);
    }

    #[test]
    fn an_account_that_left_says_so_where_there_is_room_with_the_day() {
        let now: Timestamp = "2026-11-22T02:31:07Z".parse().unwrap();
        let left = Some("2026-11-14T10:00:00Z".parse().unwrap());
        assert_eq!(standing(now, AccountState::Active, left, 11).0, "left 14 Nov");
        assert_eq!(standing(now, AccountState::Active, left, 9).0, "left");
        assert_eq!(standing(now, AccountState::Suspended, None, 9).0, "suspended");
    }
}
