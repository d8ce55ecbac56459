//! What the console wants done by others.

use super::{RequestId, connect::Errand, unlock::Secret};
use crate::{desk::Query, domain::SyncOrder};

/// One wish, as data. The runtime does `Copy`, `Suspend`, `Repaint` and `Quit` itself and hands the others to the application.
/// It cannot be copied, because it may carry a secret.
#[derive(Debug)]
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
    /// Hold, cancel or repeat what a sync does; answered by what the sync tells, or with a notice.
    Sync(SyncOrder),
    /// Open the vault; answered with `Msg::Unlocked` or `Msg::UnlockRefused`.
    Unlock(Secret),
    /// Let go of the vault and of everything read from it; answered with `Msg::Locked`. The runtime clears the screen first.
    Lock {
        /// Why, for the audit log.
        why: String,
    },
    /// Make a backup; answered with notices, and with `Msg::VaultChanged` when it is there.
    BackupNow,
    /// Read the whole vault and check it; answered with notices.
    VerifyVault,
    /// Do something with clients or connections; answered with `Msg::Probe`s and one `Msg::ErrandEnded` of the same
    /// number. One that talks to AWS takes the place of the one before.
    Errand {
        /// The errand's number.
        request: RequestId,
        /// What.
        errand: Errand,
    },
    /// Stop the errand that talks to AWS, if one does.
    StopErrand,
    /// Note that a text is about to leave by the clipboard; answered with `Msg::Copy`, or with a notice if it may not.
    NoteCopy {
        /// What it is, e.g. `row`; names no client.
        what: String,
        /// What to tell when it was copied.
        told: String,
        /// The text.
        text: String,
    },
    /// Put a text into the clipboard of the operator's terminal.
    Copy(String),
    /// Give the terminal back and stop, until continued.
    Suspend,
    /// Draw everything anew.
    Repaint,
    /// Leave.
    Quit,
}
