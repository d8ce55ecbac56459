//! The panes. Each is a folder and registers itself in [`PANES`]; none keeps state of its own.

pub mod access;
pub mod accounts;
pub mod costs;
pub mod findings;
pub mod listing;
pub mod overview;
pub mod sync;
pub mod vault;

pub use listing::{Listing, Rows};

use super::{
    model::{Level, Model},
    sync_board::SyncBoard,
    widgets::canvas::{Canvas, Piece},
};
use crate::{
    desk::{Answer, Query},
    domain::ClientId,
};
use ratatui::layout::Rect;

/// All panes in the order of their keys.
pub const PANES: &[&dyn Pane] = &[
    &overview::Overview,
    &accounts::Accounts,
    &costs::Costs,
    &access::Access,
    &findings::Findings,
    &sync::Sync,
    &vault::Vault,
];

/// Names a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaneId {
    /// 1
    Overview,
    /// 2
    Accounts,
    /// 3
    Costs,
    /// 4
    Access,
    /// 5
    Findings,
    /// 7
    Sync,
    /// 8
    Vault,
}

/// What a level draws from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The level's question.
    pub query: Option<&'a Query>,
    /// Its newest answer.
    pub answer: Option<&'a Answer>,
    /// The sync run.
    pub sync: &'a SyncBoard,
}

impl<'a> Source<'a> {
    /// Of a level.
    pub fn of(level: &'a Level, sync: &'a SyncBoard) -> Self {
        Self { query: level.query.as_ref(), answer: level.answer.as_ref(), sync }
    }
}

/// Where `Enter` and its like lead: a pane and what is drilled into there, one question a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The pane.
    pub pane: PaneId,
    /// The levels to open, in order.
    pub queries: Vec<Query>,
}

impl Step {
    /// One level in a pane.
    pub fn into(pane: PaneId, query: Query) -> Self {
        Self { pane, queries: vec![query] }
    }
}

/// One thing the copy menu offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copyable {
    /// Its key in the menu.
    pub key: char,
    /// What it is.
    pub label: &'static str,
    /// The text, safe for a clipboard.
    pub text: String,
}

/// A pane: what it asks, what its rows are, where Enter leads, what it draws around its table.
pub trait Pane: std::fmt::Debug + std::marker::Sync {
    /// Which.
    fn id(&self) -> PaneId;

    /// Its name.
    fn title(&self) -> &'static str;

    /// What its first level asks.
    fn root(&self) -> Option<Query>;

    /// The breadcrumb of one level after the first.
    fn crumb(&self, query: &Query) -> String;

    /// How the level's rows are listed.
    fn listing(&self, source: &Source) -> &'static dyn Listing;

    /// The line under the breadcrumbs.
    fn headline(&self, model: &Model) -> Vec<Piece>;

    /// Where Enter leads from the selected row, or why nowhere.
    fn enter(&self, model: &Model) -> Result<Step, String>;

    /// The client the selected row belongs to, for `f` and `a`.
    fn client(&self, model: &Model) -> Option<ClientId>;

    /// What can be copied of the selected row: its ids.
    fn copies(&self, model: &Model) -> Vec<Copyable>;

    /// The command that prints this view outside the console.
    fn command(&self, query: Option<&Query>) -> String;

    /// Whether a level has something to show while its question is not answered yet.
    fn shows_without_answer(&self, _model: &Model) -> bool {
        false
    }

    /// The title of the part below or beside the table; `None` leaves it out.
    fn detail_title(&self, model: &Model) -> Option<String>;

    /// Draws that part; at least one row high.
    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect);

    /// How many rows of detail this level wants on a screen with room.
    fn detail_rows(&self, _model: &Model) -> u16 {
        5
    }

    /// Whether the detail is the point of this level and stands above its table.
    fn detail_first(&self, _model: &Model) -> bool {
        false
    }

    /// What the table is then, for the rule between the two.
    fn table_title(&self, _model: &Model) -> &'static str {
        "evidence"
    }
}

/// A word for a POSIX shell: bare where that is safe, otherwise in single quotes.
pub fn shell_quoted(text: &str) -> String {
    let bare = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:@=,+".contains(&b));
    if bare { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_command_cannot_break_out_of_its_quotes() {
        assert_eq!(shell_quoted("arn:aws:iam::1:role/a-b"), "arn:aws:iam::1:role/a-b");
        assert_eq!(shell_quoted("x'; rm -rf ~ #"), r"'x'\''; rm -rf ~ #'");
        assert_eq!(shell_quoted(""), "''");
    }

    #[test]
    fn every_pane_has_its_own_id_and_they_stand_in_order() {
        let ids: Vec<PaneId> = PANES.iter().map(|p| p.id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    }
}
