//! Following pages: where the next one begins, and when they lead nowhere.

use crate::domain::{Failure, FailureKind};
use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

/// Why there is no use in asking for the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Astray {
    /// The next page was asked for before.
    Circle,
    /// Too many pages in a row brought nothing new.
    Empty,
}

/// Pages of costs in a row that may hold no period. Each is paid for.
const COSTS_PATIENCE: u32 = 5;

impl Astray {
    /// Of an answer of Cost Explorer, in words.
    pub fn in_costs(self) -> Failure {
        let what = match self {
            Self::Circle => "Cost Explorer keeps giving the same pages",
            Self::Empty => "Cost Explorer sends page after page without costs",
        };
        Failure::new(FailureKind::Invalid, what, "sync again later; what was complete before is kept")
    }
}

/// The pages of one answer. AWS may send empty pages that are not the last, so only a token that comes again or a long
/// run of pages without anything new ends it early.
#[derive(Debug)]
pub struct Pages {
    next: Option<String>,
    /// The tokens that were followed, as hashes: some are 8 KB long.
    followed: HashSet<u64>,
    hasher: RandomState,
    idle: u32,
    patience: u32,
}

impl Pages {
    /// Before the first page. `patience` is the number of pages in a row that may bring nothing new.
    pub fn new(patience: u32) -> Self {
        Self { next: None, followed: HashSet::new(), hasher: RandomState::new(), idle: 0, patience }
    }

    /// Before the first page of costs.
    pub fn of_costs() -> Self {
        Self::new(COSTS_PATIENCE)
    }

    /// The token to ask with.
    pub fn token(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Turns to the page that the last one named; says whether there is one. `new` is whether the last one brought
    /// anything that was not there yet.
    ///
    /// # Errors
    /// When there is no use in asking for the next page.
    pub fn turn(&mut self, next: Option<String>, new: bool) -> Result<bool, Astray> {
        self.idle = if new { 0 } else { self.idle + 1 };
        if let Some(token) = &next {
            if !self.followed.insert(self.hasher.hash_one(token)) {
                return Err(Astray::Circle);
            }
            if self.idle > self.patience {
                return Err(Astray::Empty);
            }
        }
        self.next = next;
        Ok(self.next.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(n: u32) -> Option<String> {
        Some(format!("token-{n}"))
    }

    #[test]
    fn pages_are_followed_to_the_end_and_a_circle_of_any_length_is_left() {
        let mut pages = Pages::new(3);
        assert_eq!(pages.token(), None);
        assert_eq!((pages.turn(token(1), true), pages.token()), (Ok(true), Some("token-1")));
        assert_eq!(pages.turn(None, true), Ok(false));
        for length in 1..5 {
            let mut pages = Pages::new(3);
            for n in 0..length {
                assert_eq!(pages.turn(token(n), true), Ok(true));
            }
            assert_eq!(pages.turn(token(0), true), Err(Astray::Circle));
        }
    }

    #[test]
    fn some_empty_pages_are_borne_and_no_more() {
        let mut pages = Pages::new(3);
        for n in 0..3 {
            assert_eq!(pages.turn(token(n), false), Ok(true));
        }
        assert_eq!(pages.turn(token(3), true), Ok(true));
        for n in 4..7 {
            assert_eq!(pages.turn(token(n), false), Ok(true));
        }
        assert_eq!(pages.turn(token(7), false), Err(Astray::Empty));
        // The last page may be as empty as it likes.
        let mut pages = Pages::new(0);
        assert_eq!(pages.turn(None, false), Ok(false));
    }
}
