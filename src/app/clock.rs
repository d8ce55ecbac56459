//! The system's clock: the only place that asks what time it is.

use crate::domain::{Clock, Timestamp};

/// Tells the present.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    fn now(&self) -> Timestamp {
        Timestamp::from_second(jiff::Timestamp::now().as_second())
    }
}
