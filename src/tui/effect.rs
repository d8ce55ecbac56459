//! What the console wants done by others.

use super::RequestId;
use crate::desk::Query;

/// One wish, as data. The runtime does `Copy`, `Suspend`, `Repaint` and `Quit` itself and hands the others to the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Answer a question with `Msg::Answer` and the same number.
    Ask {
        /// The question's number.
        request: RequestId,
        /// The question.
        query: Query,
    },
    /// Begin a sync of everything; ignored by the application if one runs.
    SyncNow,
    /// Put a text into the clipboard of the operator's terminal.
    Copy(String),
    /// Give the terminal back and stop, until continued.
    Suspend,
    /// Draw everything anew.
    Repaint,
    /// Leave.
    Quit,
}
