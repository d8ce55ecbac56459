//! The console: keys in, frames out, everything else asked of the desk.
//!
//! Elm shape: [`Msg`] goes through [`update()`] into the [`Model`] and gives [`Effect`]s; [`view()`] draws the model. Both are
//! pure: no terminal, clock or disk. [`runtime`] is the only loop, [`terminal`] the only place that knows escape codes.

pub mod actions;
pub mod connect;
pub mod effect;
pub mod model;
pub mod msg;
pub mod overlays;
pub mod panes;
pub mod runtime;
pub mod sync_board;
pub mod terminal;
pub mod theme;
pub mod unlock;
pub mod update;
pub mod view;
pub mod widgets;

#[cfg(test)]
mod driver;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use effect::Effect;
pub use model::Model;
pub use msg::{Level as NoticeLevel, Msg, RequestId};
pub use runtime::{Options, Ports, Session, TuiError, run};
pub use terminal::capabilities::Capabilities;
pub use theme::Theme;
pub use unlock::{Door, Secret};
pub use update::update;
pub use view::{HitMap, view};
