//! From the terminal's events to messages.

use crate::tui::Msg;
use crossterm::event::Event;

/// What an event means to the console; mouse and focus mean nothing to it.
pub fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(columns, rows) => Some(Msg::Resize(columns, rows)),
        Event::Mouse(_) | Event::FocusGained | Event::FocusLost => None,
    }
}
