//! `audit …`.

use crate::{
    desk::Action,
    domain::{ClientId, Day, Timestamp},
};
use clap::{Args, Subcommand};
use std::{path::PathBuf, str::FromStr};

/// `audit …`.
#[derive(Debug, Subcommand)]
pub enum AuditAction {
    /// Show what was changed or revealed, newest first.
    List(AuditListArgs),
    /// Check that no entry was changed, removed or cut off; exit with 1 if one was.
    Verify {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write every entry into a new file, oldest first, one line of JSON each.
    Export {
        /// The file; it must not exist yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Print the outcome as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `audit list`.
#[derive(Debug, Args)]
pub struct AuditListArgs {
    /// Not before this time (2026-11-22T02:00:00Z) or this day (2026-11-22, UTC).
    #[arg(long, value_name = "TIME")]
    pub since: Option<When>,
    /// Not after this time, or this day.
    #[arg(long, value_name = "TIME")]
    pub until: Option<When>,
    /// By this user.
    #[arg(long, value_name = "USER")]
    pub actor: Option<String>,
    /// About this client.
    #[arg(long)]
    pub client: Option<ClientId>,
    /// Of this action, e.g. client.add.
    #[arg(long, value_name = "ACTION", value_parser = clap::builder::ValueParser::new(action))]
    pub action: Option<Action>,
    /// So many at most.
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

fn action(text: &str) -> Result<Action, String> {
    let ids = || Action::ALL.iter().map(|action| action.id()).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|error| format!("{error}; it is one of {}", ids()))
}

/// A time, or a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// RFC 3339.
    Time(Timestamp),
    /// `YYYY-MM-DD`, UTC.
    Day(Day),
}

impl When {
    /// Its first second.
    pub fn first(self) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Day(day) => day.start(),
        }
    }

    /// Its last second.
    pub fn last(self) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Day(day) => day.plus(1).start().plus(-1),
        }
    }
}

impl FromStr for When {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A day first: the parser of times is content with less than RFC 3339 asks for.
        if text.len() == 10
            && let Ok(day) = text.parse()
        {
            return Ok(Self::Day(day));
        }
        text.parse().map(Self::Time).map_err(|_| "write a time as 2026-11-22T02:00:00Z, or a day as 2026-11-22")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_reaches_from_midnight_to_midnight() {
        let day: When = "2026-11-22".parse().unwrap();
        assert_eq!(day.first().to_string(), "2026-11-22T00:00:00Z");
        assert_eq!(day.last().to_string(), "2026-11-22T23:59:59Z");
        let time: When = "2026-11-22T03:00:00+01:00".parse().unwrap();
        assert_eq!((time.first(), time.last()), (time.first(), time.first()));
        assert_eq!(time.first().to_string(), "2026-11-22T02:00:00Z");
        for text in ["", "yesterday", "2026-13-01", "2026-11-22T02:00:00", "22.11.2026"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
