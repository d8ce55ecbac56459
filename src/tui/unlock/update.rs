//! What a locked console makes of a message.

use super::{Asked, Phase, Refusal, Secret, UnlockScreen, Wait};
use crate::{
    domain::Timestamp,
    tui::{
        Effect, Model, Msg,
        actions::{keymap, keys::Key},
        model::Deadline,
    },
};
use crossterm::event::KeyCode;
use zeroize::Zeroizing;

/// Takes one message in. What the desk and the engine told before the vault was closed is not heard: it names clients.
pub(in crate::tui) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(event) => Key::of(event).map_or_else(Vec::new, |key| on_key(model, key)),
        Msg::Paste(text) => {
            let text = Zeroizing::new(text);
            with(model, |screen, _| screen.paste(&text))
        }
        Msg::Unlocked => model.unlocked(),
        Msg::UnlockRefused { text, wait_seconds } => {
            let number = model.number();
            with(model, |screen, now| screen.refused(text, wait_seconds, number, now))
        }
        Msg::Locked { note } => with(model, |screen, _| screen.closed(note)),
        Msg::Due(Deadline::Wait(number)) => with(model, |screen, _| screen.waited(number)),
        // Nobody has come back to what stands half typed.
        Msg::Due(Deadline::Idle(_)) => with(model, |screen, _| screen.typed.wipe()),
        _ => Vec::new(),
    }
}

fn with(model: &mut Model, change: impl FnOnce(&mut UnlockScreen, Timestamp)) -> Vec<Effect> {
    let now = model.now;
    if let Some(screen) = &mut model.locked {
        change(screen, now);
    }
    Vec::new()
}

fn on_key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.key_came();
    if let Some(effects) = keymap::anywhere(model, key) {
        return effects;
    }
    let now = model.now;
    model.locked.as_mut().map_or_else(Vec::new, |screen| screen.on_key(key, now))
}

impl UnlockScreen {
    fn on_key(&mut self, key: Key, now: Timestamp) -> Vec<Effect> {
        self.hint = None;
        match (key.code, key.ctrl) {
            (KeyCode::Esc, _) => {
                self.typed.wipe();
                return vec![Effect::Quit];
            }
            _ if self.phase == Phase::Trying => {}
            (KeyCode::Enter, _) => return self.enter(now),
            (KeyCode::Tab, _) => {
                self.typed.wipe();
                self.asked = self.asked.next(self.door);
            }
            (KeyCode::Char('u'), true) => self.typed.wipe(),
            (KeyCode::Backspace, _) => self.typed.pop(),
            (KeyCode::Char(c), false) => self.push(c),
            _ => {}
        }
        Vec::new()
    }

    fn push(&mut self, c: char) {
        if let Asked::File(name) = self.asked {
            self.hint = Some(format!("Enter opens it with the {name}; Tab asks for a passphrase instead"));
        } else if !self.typed.push(c) {
            self.hint = Some(format!("no {} is that long: Ctrl-u clears it", self.asked.word()));
        }
    }

    /// Pasted text goes where typed text goes, without its line ends.
    fn paste(&mut self, text: &str) {
        if self.phase != Phase::Trying {
            text.chars().filter(|c| !c.is_control() || *c == '\t').for_each(|c| self.push(c));
        }
    }

    fn enter(&mut self, now: Timestamp) -> Vec<Effect> {
        if let Some(wait) = self.wait().filter(|wait| wait.left(now) > 0) {
            self.hint = Some(format!("not yet: the next try is taken in {} s", wait.left(now)));
            return Vec::new();
        }
        let secret = match self.asked {
            Asked::File(_) => Secret::Configured,
            Asked::Passphrase | Asked::RecoveryCode if self.typed.is_empty() => {
                self.hint = Some(format!("type the {} first", self.asked.word()));
                return Vec::new();
            }
            Asked::Passphrase => Secret::Passphrase(self.typed.take()),
            Asked::RecoveryCode => Secret::RecoveryCode(self.typed.take()),
        };
        self.phase = Phase::Trying;
        self.refused = None;
        vec![Effect::Unlock(secret)]
    }

    fn refused(&mut self, text: String, wait_seconds: Option<u64>, number: u64, now: Timestamp) {
        let wait = wait_seconds.filter(|seconds| *seconds > 0).map(|seconds| Wait {
            number,
            seconds,
            until: now.plus(i64::try_from(seconds).unwrap_or(i64::MAX)),
        });
        self.phase = Phase::Asking;
        self.refused = Some(Refusal { text, wait });
    }

    /// The application has let go of the vault.
    fn closed(&mut self, note: Option<String>) {
        // A secret that was typed meanwhile is being tried by now.
        if self.phase == Phase::Closing {
            self.phase = Phase::Asking;
        }
        self.why.extend(note);
    }

    fn waited(&mut self, number: u64) {
        if self.wait().is_some_and(|wait| wait.number == number) {
            self.refused = None;
            self.hint = Some("the wait is over: another try is taken now".into());
        }
    }
}
