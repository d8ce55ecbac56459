//! How a model is locked and opened again.

use super::{Door, UnlockScreen};
use crate::tui::{Effect, Model, overlays::Overlay, widgets::words};
use std::time::Duration;

impl Model {
    /// The same behind a door, locked if it does not stand open. It locks itself after `idle_lock` without a key.
    pub fn behind(mut self, door: Door, idle_lock: Option<Duration>) -> Self {
        (self.locked, self.door, self.idle_lock) = (UnlockScreen::at_start(door), door, idle_lock);
        self
    }

    /// The vault is open: what was locked goes on from its first screen.
    pub fn unlocked(&mut self) -> Vec<Effect> {
        self.locked = None;
        self.key_came();
        self.ask_visible()
    }

    /// Whether it can be locked, and if not, why not.
    pub fn can_lock(&self) -> Result<(), String> {
        match self.door {
            Door::Open => Err("nothing could open this vault again: q leaves, and the vault is gone".into()),
            _ => Ok(()),
        }
    }

    /// Locks: of what was known nothing is kept, and the application is to let go of the vault.
    pub fn lock(&mut self, why: impl Into<String>) -> Vec<Effect> {
        let why = why.into();
        let Some(mut screen) = UnlockScreen::after_lock(self.door, why.clone()) else { return Vec::new() };
        if self.overlays.iter().any(Overlay::holds_typed) {
            screen.also(
                "what was typed into the form is forgotten; a client that was added stays, and C on its row goes on",
            );
        }
        let mut anew =
            Self::new(std::mem::take(&mut self.title), self.size, self.now).behind(self.door, self.idle_lock);
        // Numbers go on, so that an answer to the console of before is never taken for one to this.
        (anew.locked, anew.counter) = (Some(screen), self.counter);
        *self = anew;
        self.key_came();
        vec![Effect::Lock { why }]
    }

    /// A key came: the time without one begins anew.
    pub(in crate::tui) fn key_came(&mut self) {
        self.last_key = (self.number(), self.now);
    }

    /// Locks if no key came for too long, by the clock: a machine that slept counts no time for its timers.
    pub(in crate::tui) fn lock_if_idle(&mut self) -> Option<Vec<Effect>> {
        let after = i64::try_from(self.idle_lock?.as_secs()).ok()?;
        (self.now.since(self.last_key.1) >= after).then(|| self.lock_idle())
    }

    fn lock_idle(&mut self) -> Vec<Effect> {
        let minutes = self.idle_lock.map_or(0, |after| after.as_secs() / 60);
        self.lock(format!("locked after {} without a key", words::plural(minutes, "minute", "minutes")))
    }

    /// The idle deadline has passed.
    pub fn idle_due(&mut self, number: u64) -> Vec<Effect> {
        if self.last_key.0 == number { self.lock_idle() } else { Vec::new() }
    }
}
