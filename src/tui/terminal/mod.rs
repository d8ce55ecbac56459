//! The terminal: the only place that knows escape codes.

pub mod capabilities;
pub mod clipboard;
pub mod guard;
pub mod input;
pub mod output;
pub mod panics;
pub mod reader;
pub mod scroll;
