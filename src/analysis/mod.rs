//! Pure functions over domain data: roll-ups, comparisons, the forecast. No state, no I/O.

mod forecast;
mod ledger;

pub use forecast::forecast;
pub use ledger::{Ledger, Slot};
