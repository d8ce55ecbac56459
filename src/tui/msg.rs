//! What can happen to the console.

use super::{connect::Done, model::Deadline, view::HitMap};
use crate::{
    desk::{Answer, view::ProbeView},
    domain::{SyncEvent, Timestamp},
};
use crossterm::event::KeyEvent;

/// Number of a question to the desk; a newer one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RequestId(pub u64);

/// How loud a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something was done.
    Info,
    /// Something cannot be done now; says why.
    Hint,
    /// Something failed.
    Error,
}

/// One message to [`update`](super::update()).
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has a new size, columns and rows.
    Resize(u16, u16),
    /// The desk answered, or says in words why it cannot.
    Answer {
        /// To which question.
        request: RequestId,
        /// The answer.
        result: Result<Answer, String>,
    },
    /// The sync engine tells something.
    Sync(SyncEvent),
    /// Several things that it told, the oldest first: jobs that moved on and what became durable.
    Progress(Vec<SyncEvent>),
    /// Something to tell the operator.
    Notice {
        /// How loud.
        level: Level,
        /// One sentence, safe to print.
        text: String,
    },
    /// What is being prepared while there is no data yet, e.g. `building the demo world`.
    Status(String),
    /// A gate that is tried tells one probe.
    Probe {
        /// Of which errand.
        request: RequestId,
        /// The probe.
        probe: ProbeView,
    },
    /// An errand is done, or says in words why not.
    ErrandEnded {
        /// Which.
        request: RequestId,
        /// What came of it.
        result: Result<Done, String>,
    },
    /// A copy that was noted.
    Copy {
        /// What to tell.
        told: String,
        /// The text.
        text: String,
    },
    /// The vault is open.
    Unlocked,
    /// The vault stays locked.
    UnlockRefused {
        /// Why and what to do, safe to print.
        text: String,
        /// How long no other try is taken.
        wait_seconds: Option<u64>,
    },
    /// The application has let go of the vault; a console that is still open locks itself.
    Locked {
        /// What there is to say besides that, safe to print; nothing of it may come from the vault.
        note: Option<String>,
    },
    /// Something about the vault itself is not what it was: a backup, a slot, the audit log.
    VaultChanged,
    /// The process ran again after it was stopped.
    Resumed,
    /// A deadline of [`Model::deadlines`](super::Model::deadlines) has passed.
    Due(Deadline),
    /// The present, told before every other message by the loop.
    Now(Timestamp),
    /// Where things came to stand in the last frame.
    Drawn(HitMap),
}
