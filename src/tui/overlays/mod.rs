//! What lies over a pane: one enum on a stack. The topmost gets the keys.

pub mod copy;
mod command;
mod draw;
mod picker;
mod report;

pub(super) use copy::copy_text;
pub use draw::draw;
pub(super) use draw::{boxed, inside, typed};
pub use picker::Picker;

use super::{
    Effect, Model,
    actions::{self, keys::Key},
    connect::{self, Flow, Override, Test},
    panes::Copyable,
};
use crate::{desk::UsageScope, domain::SyncOrder};
use crossterm::event::KeyCode;
use tui_input::{Input, InputRequest};

/// Something over a pane.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// `?`
    Help(Picker),
    /// `Ctrl-p`
    Palette(Picker),
    /// `:`
    Command(Picker),
    /// `/`
    Filter {
        /// What is typed.
        input: Input,
        /// The filter to go back to on `Esc`.
        before: String,
        /// The row selected when typing began; it stays so wherever the filter lets it pass.
        anchor: Option<String>,
    },
    /// `y`
    Copy {
        /// What can be copied.
        items: Vec<Copyable>,
        /// Which is selected.
        cursor: usize,
    },
    /// `e`
    Errors {
        /// The first line shown.
        top: usize,
    },
    /// `M`
    Messages {
        /// The first line shown.
        top: usize,
    },
    /// `A` and `C`
    Flow(Box<Flow>),
    /// `T`
    Test(Box<Test>),
    /// `O`
    Override(Box<Override>),
    /// Something that loses work or costs money: `y` does it.
    Confirm {
        /// What would be lost or paid.
        question: String,
        /// What it does.
        then: Sure,
    },
}

/// What is done once it is sure.
#[derive(Debug, Clone)]
pub enum Sure {
    /// Something with a sync or its jobs.
    Sync(SyncOrder),
    /// A question to Cost Explorer.
    Drill(UsageScope),
}

impl Overlay {
    /// Whether a lock takes away something that was typed for a client.
    pub(super) fn holds_typed(&self) -> bool {
        matches!(self, Self::Flow(_) | Self::Override(_))
    }

    /// Whether it asks about a job by its number in the run.
    pub(super) fn asks_about_job(&self) -> bool {
        let Self::Confirm { then: Sure::Sync(order), .. } = self else { return false };
        matches!(order, SyncOrder::PauseJob(_) | SyncOrder::ResumeJob(_) | SyncOrder::CancelJob(_))
    }

    /// The form that is typed into, if it is one.
    fn form(&mut self) -> Option<&mut connect::Form> {
        match self {
            Self::Flow(flow) => flow.typed_into(),
            Self::Override(over) => Some(over.typed_into()),
            _ => None,
        }
    }
}

/// What a key makes of the topmost overlay.
pub(crate) enum After {
    Stay,
    Do(Vec<Effect>),
    Close(Vec<Effect>),
    Run(&'static actions::Action),
}

/// Hands a key to the topmost overlay.
pub fn on_key(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(mut overlay) = model.overlays.pop() else { return Vec::new() };
    let after = match &mut overlay {
        Overlay::Help(picker) => picker.on_key(key, |query| picker::here(model, query)),
        Overlay::Palette(picker) => picker.on_key(key, picker::ranked),
        Overlay::Command(line) => command::on_key(model, line, key),
        Overlay::Filter { input, before, anchor } => on_filter_key(model, input, before, anchor.as_deref(), key),
        Overlay::Copy { items, cursor } => copy::on_key(model, items, cursor, key),
        Overlay::Errors { top } => scrolled(top, report::errors(model).len(), key),
        Overlay::Messages { top } => scrolled(top, report::messages(model).len(), key),
        Overlay::Flow(flow) => connect::flow_key(model, flow, key),
        Overlay::Test(test) => connect::test_key(model, test, key),
        Overlay::Override(over) => connect::override_key(model, over, key),
        Overlay::Confirm { then, .. } => match (key.code, key.ctrl) {
            (KeyCode::Char('y'), false) => After::Close(match then {
                Sure::Sync(order) => vec![Effect::Sync(order.clone())],
                Sure::Drill(scope) => actions::costs::ask(model, scope.clone()),
            }),
            (KeyCode::Esc, _) | (KeyCode::Char('n' | 'q'), false) => After::Close(Vec::new()),
            _ => After::Stay,
        },
    };
    match after {
        After::Stay => {
            model.overlays.push(overlay);
            Vec::new()
        }
        After::Do(effects) => {
            model.overlays.push(overlay);
            effects
        }
        After::Close(effects) => effects,
        After::Run(action) => actions::perform(model, action),
    }
}

/// Pasted text goes where typed text goes, without its line ends.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(form) = model.overlays.last_mut().and_then(Overlay::form) {
        form.paste(text);
        return Vec::new();
    }
    if !matches!(
        model.overlays.last(),
        Some(Overlay::Help(_) | Overlay::Palette(_) | Overlay::Command(_) | Overlay::Filter { .. })
    ) {
        return Vec::new();
    }
    let typed = text.chars().filter(|c| !c.is_control()).take(1_000);
    typed.flat_map(|c| on_key(model, Key::plain(KeyCode::Char(c)))).collect()
}

/// Edits a line; `false` for a key that does not edit.
pub(super) fn edit(input: &mut Input, key: Key) -> bool {
    let request = match (key.code, key.ctrl) {
        (KeyCode::Char('w'), true) => InputRequest::DeletePrevWord,
        (KeyCode::Char('u'), true) => InputRequest::DeleteFromStart,
        (KeyCode::Char('k'), true) => InputRequest::DeleteTillEnd,
        (KeyCode::Char('e'), true) | (KeyCode::End, _) => InputRequest::GoToEnd,
        (KeyCode::Home, _) => InputRequest::GoToStart,
        (KeyCode::Left, _) => InputRequest::GoToPrevChar,
        (KeyCode::Right, _) => InputRequest::GoToNextChar,
        (KeyCode::Backspace, _) => InputRequest::DeletePrevChar,
        (KeyCode::Delete, _) => InputRequest::DeleteNextChar,
        (KeyCode::Char(c), false) => InputRequest::InsertChar(c),
        _ => return false,
    };
    input.handle(request);
    true
}

fn on_filter_key(model: &mut Model, input: &mut Input, before: &str, anchor: Option<&str>, key: Key) -> After {
    let list = &mut model.level_mut().list;
    match key.code {
        KeyCode::Enter => return After::Close(Vec::new()),
        KeyCode::Esc => {
            list.set_filter(before);
            list.prefer(anchor);
            model.reorder();
            return After::Close(Vec::new());
        }
        _ => edit(input, key),
    };
    list.set_filter(input.value());
    list.prefer(anchor);
    model.reorder();
    After::Stay
}

fn scrolled(top: &mut usize, lines: usize, key: Key) -> After {
    let last = lines.saturating_sub(1);
    *top = match (key.code, key.ctrl) {
        (KeyCode::Esc | KeyCode::Enter, _) | (KeyCode::Char('q' | 'e' | 'M'), false) => return After::Close(Vec::new()),
        (KeyCode::Char('j'), false) | (KeyCode::Down, _) => *top + 1,
        (KeyCode::Char('k'), false) | (KeyCode::Up, _) => top.saturating_sub(1),
        (KeyCode::Char('d'), true) | (KeyCode::PageDown, _) => *top + 10,
        (KeyCode::Char('u'), true) | (KeyCode::PageUp, _) => top.saturating_sub(10),
        (KeyCode::Char('g'), false) | (KeyCode::Home, _) => 0,
        (KeyCode::Char('G'), false) | (KeyCode::End, _) => last,
        _ => *top,
    }
    .min(last);
    After::Stay
}
