//! Faults: what goes wrong with single requests while the connection itself is in order, by a seeded plan.
//!
//! A trouble (see `trouble`) is a state in which every request fails alike until it is cleared. A fault strikes some
//! requests and lets others through. A plan is written as text, `seed=7,throttle=0.2,half=#2@ce`:
//! `NAME[:ARGUMENT][=WHEN][@PLACE]`, separated by commas. The first rule that strikes a request is the only one.
//!
//! | name | what happens to the request | of which services | as AWS says it |
//! |---|---|---|---|
//! | `throttle` | it is one too many | all | `ThrottlingException`, `LimitExceededException`, `TooManyRequestsException`, `Throttling` |
//! | `unavailable` | an error of the server, with a proper body | all | 500 `InternalFailure` or 503 `ServiceUnavailable` |
//! | `html` | a proxy answers | all | 500 or 502 with an HTML page |
//! | `slow[:SECONDS]` | the answer takes so long (60) | all | |
//! | `half` | the connection ends within the body | all | |
//! | `reset` | the connection ends at any byte, headers included | all | |
//! | `expired` | its session is over from now on, whatever was promised | sessions of roles | `ExpiredTokenException` |
//! | `skew` | it counts as signed an hour ago | all | `InvalidSignatureException`, `SignatureDoesNotMatch` |
//! | `denied` | it is refused | all | `AccessDeniedException`, `AccessDenied` |
//! | `region-disabled` | the account has not enabled the region | CloudTrail | `UnrecognizedClientException` |
//! | `token-refused` | its page token is not taken | with pages | `InvalidNextTokenException`, `InvalidInputException` |
//! | `token-loop` | the answer names the token that was sent as the next | with pages | |
//! | `token-cycle` | the answer names the first token of the question as the next | with pages | |
//! | `empty-page` | a page without rows, and a token for what it should have held | with pages | |
//! | `duplicates` | the page begins with the last rows of the page before | with pages | |
//! | `huge-page[:MEGABYTES]` | the page is so large (4) | with pages | |
//!
//! Three faults are not of a request but of what there is to be seen:
//!
//! | name | what is different | where |
//! |---|---|---|
//! | `small-pages[:ROWS]` | pages hold no more rows (5) | services with pages |
//! | `late[:MINUTES]` | a share of the events, all without `=SHARE`, is seen only so long (45) after its time | CloudTrail |
//! | `restated:YYYY-MM:AMOUNT` | a month costs so much more or less, in the named account or else the caller's | Cost Explorer |
//!
//! `WHEN` is `0.2` (that share of the requests), `first3` (the first three of each question) or `#2` (the second); without
//! it every request is struck. A *question* is what is asked of a service for an account and region, whatever page of it:
//! its requests come one after the other, so what it meets depends on the seed and its own past alone, not on what else
//! is under way. `PLACE` is a service, an account, a region, or several of them with `/` between.

mod deal;
mod pages;
mod request;
mod rules;
mod text;

pub(super) use deal::{Cut, Dealt};
pub(super) use rules::Faults;
pub use text::FaultError;

use super::trouble::Service;
use crate::domain::{AccountId, Month, Region};
use rust_decimal::Decimal;

/// What goes wrong, and the seed that decides with which requests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultPlan {
    /// The same seed and the same requests give the same faults.
    pub seed: u64,
    /// The rules; the first that strikes counts.
    pub rules: Vec<FaultRule>,
}

/// One fault, how often and where.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: FaultKind,
    /// With which requests of a question.
    pub when: When,
    /// Where.
    pub place: Place,
}

/// A kind of fault. The tables above say what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// One request too many.
    Throttle,
    /// A server error with a proper body.
    Unavailable,
    /// A server error with an HTML page.
    Html,
    /// An answer that takes so many seconds.
    Slow(u32),
    /// An answer cut within its body.
    Half,
    /// An answer cut anywhere.
    Reset,
    /// A session that is over before its time.
    Expired,
    /// A signature that counts as too old.
    Skew,
    /// A refusal.
    Denied,
    /// A region that is not enabled.
    RegionDisabled,
    /// A page token that is not taken.
    TokenRefused,
    /// The same token again.
    TokenLoop,
    /// The first token again.
    TokenCycle,
    /// An empty page that is not the last.
    EmptyPage,
    /// Rows that come again on the next page.
    Duplicates,
    /// A page of so many megabytes.
    HugePage(u32),
    /// Pages of at most so many rows.
    SmallPages(u32),
    /// Events that are seen so many minutes after their time.
    Late(u32),
    /// A month that costs so much more.
    Restated(Month, Decimal),
}

/// Which requests of a question are struck.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// So large a share of them, 0 to 1.
    Share(f64),
    /// The first so many.
    First(u32),
    /// This one, counted from 1.
    Nth(u32),
}

/// Where a rule holds; what is not named is everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The service.
    pub service: Option<Service>,
    /// The account the request is about.
    pub account: Option<AccountId>,
    /// The region it is signed for.
    pub region: Option<Region>,
}

impl FaultKind {
    /// With every request, everywhere.
    pub fn always(self) -> FaultRule {
        FaultRule { fault: self, when: When::Share(1.0), place: Place::default() }
    }

    /// With some requests, everywhere.
    pub fn when(self, when: When) -> FaultRule {
        FaultRule { when, ..self.always() }
    }
}
