//! The screen before the data: it asks for the secret that opens the vault, and it is what is left after a lock.

mod draw;
mod lock;
mod secret;
mod update;

pub use draw::draw;
pub use secret::{Secret, Typed};
pub(super) use update::update;

use crate::domain::Timestamp;

/// How the console comes to its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Door {
    /// It stands open and cannot be locked: the demo, whose vault nobody could open again.
    #[default]
    Open,
    /// A person is asked for a secret.
    Asks,
    /// A file opens it without a question; named as people call it, `credential file`.
    File(&'static str),
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Nothing but Enter: the configured file does it.
    File(&'static str),
    /// A passphrase.
    Passphrase,
    /// A recovery code.
    RecoveryCode,
}

impl Asked {
    /// What `Tab` asks for next.
    fn next(self, door: Door) -> Self {
        match (self, door) {
            (Self::File(_), _) => Self::Passphrase,
            (Self::Passphrase, _) => Self::RecoveryCode,
            (Self::RecoveryCode, Door::File(name)) => Self::File(name),
            (Self::RecoveryCode, _) => Self::Passphrase,
        }
    }

    /// What people call it.
    fn word(self) -> &'static str {
        match self {
            Self::File(name) => name,
            Self::Passphrase => "passphrase",
            Self::RecoveryCode => "recovery code",
        }
    }
}

/// What is going on behind the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The vault is being closed after a lock; a secret may already be typed.
    Closing,
    /// It waits for a person.
    Asking,
    /// A secret is being tried.
    Trying,
}

/// What a refusal says, and how long no other try is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    text: String,
    wait: Option<Wait>,
}

/// No try is taken before this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    /// Its deadline's number.
    pub(super) number: u64,
    /// Its whole length.
    pub(super) seconds: u64,
    /// When it ends.
    pub(super) until: Timestamp,
}

impl Wait {
    fn left(&self, now: Timestamp) -> u64 {
        u64::try_from(self.until.since(now)).unwrap_or(0)
    }
}

/// The screen's state. Nothing in it comes from the vault.
#[derive(Debug)]
pub struct UnlockScreen {
    door: Door,
    asked: Asked,
    phase: Phase,
    typed: Typed,
    /// Why the console was locked, and what else there is to say of it.
    why: Vec<String>,
    refused: Option<Refusal>,
    /// Something was missing when Enter was pressed.
    hint: Option<String>,
}

impl UnlockScreen {
    /// Before the vault was ever open. `None` where nothing has to be opened.
    pub fn at_start(door: Door) -> Option<Self> {
        let (asked, phase) = match door {
            Door::Open => return None,
            Door::Asks => (Asked::Passphrase, Phase::Asking),
            Door::File(name) => (Asked::File(name), Phase::Trying),
        };
        Some(Self { door, asked, phase, typed: Typed::default(), why: Vec::new(), refused: None, hint: None })
    }

    /// After a lock, with the reason. `None` where nothing could open it again.
    pub fn after_lock(door: Door, why: String) -> Option<Self> {
        let begun = Self::at_start(door)?;
        Some(Self { phase: Phase::Closing, why: vec![why], ..begun })
    }

    /// Says something more of the lock; it must not come from the vault.
    fn also(&mut self, text: &str) {
        self.why.push(text.to_owned());
    }

    /// Whether a secret stands half typed.
    pub fn is_typed(&self) -> bool {
        !self.typed.is_empty()
    }

    /// The wait in force.
    pub(super) fn wait(&self) -> Option<Wait> {
        self.refused.as_ref().and_then(|refusal| refusal.wait)
    }
}
