//! A few fields, typed one after the other. Each is checked as it is left, and what is wrong with it stands below it.

use crate::tui::{actions::keys::Key, overlays::edit};
use crossterm::event::KeyCode;
use tui_input::Input;

/// What a field holds.
#[derive(Debug, Clone)]
enum Kind {
    /// A text of at most so many characters.
    Text(Input, usize),
    /// One of a few words.
    Choice(usize, &'static [&'static str]),
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub label: &'static str,
    /// What to type, shown while nothing is typed.
    pub hint: String,
    kind: Kind,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Whether it stays as it is.
    pub fixed: bool,
}

impl Field {
    /// A text of at most `limit` characters.
    pub fn text(label: &'static str, hint: impl Into<String>, limit: usize) -> Self {
        Self { label, hint: hint.into(), kind: Kind::Text(Input::default(), limit), error: None, fixed: false }
    }

    /// One of a few words, the first to begin with.
    pub fn choice(label: &'static str, words: &'static [&'static str]) -> Self {
        Self { label, hint: String::new(), kind: Kind::Choice(0, words), error: None, fixed: false }
    }

    /// What is typed or chosen, without blanks around it.
    pub fn value(&self) -> &str {
        match &self.kind {
            Kind::Text(input, _) => input.value().trim(),
            Kind::Choice(at, words) => words.get(*at).copied().unwrap_or_default(),
        }
    }

    /// The line that is typed into, if it is one.
    pub fn input(&self) -> Option<&Input> {
        match &self.kind {
            Kind::Text(input, _) => Some(input),
            Kind::Choice(..) => None,
        }
    }

    /// Fills it.
    pub fn set(&mut self, value: &str) {
        match &mut self.kind {
            Kind::Text(input, _) => *input = value.into(),
            Kind::Choice(at, words) => *at = words.iter().position(|word| *word == value).unwrap_or(*at),
        }
    }

    fn on_key(&mut self, key: Key) {
        match &mut self.kind {
            Kind::Text(input, limit) => {
                let adds = key.char().is_some();
                if adds && input.value().chars().count() >= *limit {
                    self.error = Some(format!("no {} has more than {limit} characters", self.label));
                } else if edit(input, key) {
                    self.error = None;
                }
            }
            Kind::Choice(at, words) => {
                let step = match key.code {
                    KeyCode::Right | KeyCode::Char(' ') => 1,
                    KeyCode::Left => words.len().saturating_sub(1),
                    _ => return,
                };
                *at = (*at + step) % words.len().max(1);
            }
        }
    }

    /// Puts a text in at the cursor; one that is too long is refused as a whole, so that none is cut unseen.
    fn paste(&mut self, text: &str) {
        let Kind::Text(input, limit) = &mut self.kind else { return };
        let room = limit.saturating_sub(input.value().chars().count());
        if text.chars().take(room + 1).count() > room {
            let length = text.chars().count();
            self.error = Some(format!("{length} characters were pasted: no {} has more than {limit}", self.label));
            return;
        }
        let cursor = input.cursor();
        let mut typed: String = input.value().chars().take(cursor).collect();
        typed.push_str(text);
        typed.extend(input.value().chars().skip(cursor));
        *input = Input::new(typed).with_cursor(cursor + text.chars().count());
        self.error = None;
    }
}

/// Fields and which of them is typed into.
#[derive(Debug, Clone)]
pub struct Form {
    /// The fields.
    pub fields: Vec<Field>,
    /// The place of the field typed into.
    pub at: usize,
}

/// What a key made of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// Something was typed, or the place changed.
    Stay,
    /// `Enter` on the last field, and all are right.
    Submit,
    /// `Esc`.
    Leave,
}

/// Says what is wrong with the value of the field at a place.
pub type Check<'a> = &'a dyn Fn(usize, &str) -> Result<(), String>;

impl Form {
    /// From its fields; the first that can be changed is typed into.
    pub fn new(fields: Vec<Field>) -> Self {
        let at = fields.iter().position(|field| !field.fixed).unwrap_or(0);
        Self { fields, at }
    }

    /// What stands in a field.
    pub fn value(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", Field::value)
    }

    /// Types, moves between fields, or ends.
    pub fn on_key(&mut self, key: Key, check: Check) -> Typed {
        let last = self.at + 1 >= self.fields.len();
        match key.code {
            KeyCode::Esc => return Typed::Leave,
            KeyCode::Enter if last => {
                if self.is_right(check) {
                    return Typed::Submit;
                }
            }
            KeyCode::Enter | KeyCode::Tab | KeyCode::Down => self.step(1, check),
            KeyCode::BackTab | KeyCode::Up => self.step(self.fields.len().saturating_sub(1), check),
            _ => {
                if let Some(field) = self.fields.get_mut(self.at).filter(|field| !field.fixed) {
                    field.on_key(key);
                }
            }
        }
        Typed::Stay
    }

    /// Pasted text goes where typed text goes. Its line ends become blanks; whatever else is not to be seen stays, so
    /// that the check can name it.
    pub fn paste(&mut self, text: &str) {
        let line: String =
            text.trim_end_matches(['\r', '\n']).chars().map(|c| if "\r\n\t".contains(c) { ' ' } else { c }).collect();
        if let Some(field) = self.fields.get_mut(self.at).filter(|field| !field.fixed) {
            field.paste(&line);
        }
    }

    fn step(&mut self, by: usize, check: Check) {
        self.judge(self.at, check);
        let count = self.fields.len().max(1);
        // At most once round: a field that stays as it is is passed over.
        for _ in 0..count {
            self.at = (self.at + by) % count;
            if self.fields.get(self.at).is_some_and(|field| !field.fixed) {
                break;
            }
        }
    }

    fn judge(&mut self, at: usize, check: Check) -> bool {
        let Some(field) = self.fields.get_mut(at) else { return true };
        field.error = if field.fixed { None } else { check(at, field.value()).err() };
        field.error.is_none()
    }

    /// Checks all of it and goes to the first field that is wrong.
    pub fn is_right(&mut self, check: Check) -> bool {
        let wrong: Vec<usize> = (0..self.fields.len()).filter(|at| !self.judge(*at, check)).collect();
        if let Some(first) = wrong.first() {
            self.at = *first;
        }
        wrong.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new(vec![
            Field::text("name", "what it is called", 8),
            Field::choice("colour", &["red", "green"]),
            Field::text("note", "", 8),
        ])
    }

    fn check(at: usize, value: &str) -> Result<(), String> {
        if at == 0 && value.is_empty() { Err("a name is needed".into()) } else { Ok(()) }
    }

    fn press(form: &mut Form, keys: &str) -> Typed {
        keys.split(' ').map(|key| form.on_key(Key::parse(key).unwrap(), &check)).last().unwrap()
    }

    #[test]
    fn a_field_is_checked_as_it_is_left_and_nothing_typed_is_lost() {
        let mut form = form();
        press(&mut form, "Tab");
        assert_eq!((form.at, form.fields[0].error.as_deref()), (1, Some("a name is needed")));
        press(&mut form, "Shift-Tab a b");
        assert_eq!((form.value(0), form.fields[0].error.as_deref()), ("ab", None));
        press(&mut form, "Enter Right Enter x");
        assert_eq!((form.value(0), form.value(1), form.value(2)), ("ab", "green", "x"));
        assert_eq!(press(&mut form, "Enter"), Typed::Submit);
    }

    #[test]
    fn the_end_is_not_reached_past_a_wrong_field() {
        let mut form = form();
        assert_eq!(press(&mut form, "Down Down Enter"), Typed::Stay);
        assert_eq!((form.at, form.fields[0].error.is_some()), (0, true));
        assert_eq!(press(&mut form, "Esc"), Typed::Leave);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_not_cut() {
        let mut form = form();
        form.paste(&"x".repeat(10_240));
        assert_eq!(form.value(0), "");
        assert!(form.fields[0].error.as_deref().unwrap().contains("10240 characters were pasted"));
        form.paste("one\r\n");
        form.paste("two\tx");
        assert_eq!(form.value(0), "onetwo x");
        press(&mut form, "y");
        assert_eq!(form.value(0), "onetwo x");
        assert!(form.fields[0].error.as_deref().unwrap().contains("more than 8"));
        // What cannot be seen is kept for the check to name.
        press(&mut form, "Tab Tab");
        form.paste("a\u{1b}\u{202e}");
        assert_eq!(form.value(2), "a\u{1b}\u{202e}");
    }
}
