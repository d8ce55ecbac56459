//! What panes are drawn with. Nothing here knows a pane.

pub mod canvas;
pub mod chart;
pub mod filter;
pub mod gate;
pub mod heat;
pub mod list;
pub mod sparkline;
pub mod table;
pub mod words;
