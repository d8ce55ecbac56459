//! Drives the console in tests: keys in, screen out, a desk that answers from fixtures.

use super::{
    Door, Effect, HitMap, Model, Msg, RequestId, Theme,
    actions::keys::Key,
    connect::{Done, Errand},
    fixtures::{self, FakeDesk},
    update::update,
    view::view,
};
use crate::desk::{Answer, Query, view::ProbeView};
use crossterm::event::{KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use std::time::Duration;

pub struct Driver {
    pub model: Model,
    pub theme: Theme,
    pub desk: FakeDesk,
    /// Questions not answered yet; filled only while `holding`.
    pub held: Vec<(RequestId, Query)>,
    pub holding: bool,
    pub effects: Vec<Effect>,
    pub presses: usize,
    terminal: Terminal<TestBackend>,
    /// The last frame: what the test terminal holds beside a wide character is older.
    frame: Buffer,
}

impl Driver {
    /// A console that has asked and been answered.
    pub fn new(columns: u16, rows: u16) -> Self {
        Self::with_desk(columns, rows, FakeDesk::default())
    }

    pub fn with_desk(columns: u16, rows: u16, desk: FakeDesk) -> Self {
        let mut driver = Self::waiting(columns, rows);
        driver.desk = desk;
        driver.release();
        driver
    }

    /// A console whose first question is not answered yet.
    pub fn waiting(columns: u16, rows: u16) -> Self {
        Self::behind(Door::Open, None, columns, rows)
    }

    /// A console behind a door, whose first wish is not fulfilled yet.
    pub fn behind(door: Door, idle_lock: Option<Duration>, columns: u16, rows: u16) -> Self {
        let mut model = Model::new("bailiwick", (columns, rows), fixtures::now()).behind(door, idle_lock);
        let effects = model.start();
        let mut driver = Self {
            model,
            theme: Theme::DARK,
            desk: FakeDesk::default(),
            held: Vec::new(),
            holding: true,
            effects: Vec::new(),
            presses: 0,
            terminal: Terminal::new(TestBackend::new(columns.max(1), rows.max(1))).unwrap(),
            frame: Buffer::default(),
        };
        driver.perform(effects);
        driver.draw();
        driver
    }

    /// Answers everything held, and from now on at once.
    pub fn release(&mut self) -> &mut Self {
        self.holding = false;
        for (request, query) in std::mem::take(&mut self.held) {
            self.answer(request, &query);
        }
        self.draw();
        self
    }

    pub fn answer(&mut self, request: RequestId, query: &Query) {
        let result = self.desk.answer(query);
        self.send(Msg::Answer { request, result });
    }

    pub fn answer_with(&mut self, request: RequestId, answer: Answer) {
        self.send(Msg::Answer { request, result: Ok(answer) });
    }

    pub fn send(&mut self, msg: Msg) -> &mut Self {
        let effects = update(&mut self.model, msg);
        self.perform(effects);
        self.draw();
        self
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let noted = match &effect {
                Effect::NoteCopy { told, text, .. } => Some(Msg::Copy { told: told.clone(), text: text.clone() }),
                _ => None,
            };
            let asked = match &effect {
                Effect::Ask { request, query } => Some((*request, query.clone())),
                _ => None,
            };
            self.effects.push(effect);
            if let Some(noted) = noted {
                self.send(noted);
            }
            if let Some((request, query)) = asked {
                if self.holding {
                    self.held.push((request, query));
                } else {
                    self.answer(request, &query);
                }
            }
        }
    }

    /// Presses keys, written as `j j <enter> <ctrl-p> G`.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for word in keys.split_whitespace() {
            let named = word.strip_prefix('<').and_then(|w| w.strip_suffix('>'));
            let key = match named {
                Some(name) => Self::named(name),
                None => Key::parse(word).unwrap_or_else(|| panic!("no key {word}")),
            };
            self.key(key);
        }
        self
    }

    fn named(name: &str) -> Key {
        let lower = name.to_ascii_lowercase();
        let written = match lower.as_str() {
            "enter" => "Enter".to_owned(),
            "esc" => "Esc".into(),
            "tab" => "Tab".into(),
            "s-tab" => "Shift-Tab".into(),
            "space" => "Space".into(),
            "backspace" => "Backspace".into(),
            "pgdn" => "PgDn".into(),
            "pgup" => "PgUp".into(),
            "up" => "Up".into(),
            "down" => "Down".into(),
            "left" => "Left".into(),
            "right" => "Right".into(),
            "home" => "Home".into(),
            "end" => "End".into(),
            other => other.replace("ctrl-", "Ctrl-"),
        };
        Key::parse(&written).unwrap_or_else(|| panic!("no key <{name}>"))
    }

    pub fn key(&mut self, key: Key) -> &mut Self {
        self.presses += 1;
        let modifiers = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        self.send(Msg::Key(KeyEvent::new(key.code, modifiers)))
    }

    /// Types a text, letter by letter.
    pub fn typing(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.key(Key::plain(crossterm::event::KeyCode::Char(c)));
        }
        self
    }

    pub fn draw(&mut self) -> HitMap {
        let mut hit = HitMap::default();
        let (model, theme) = (&self.model, &self.theme);
        self.frame = self.terminal.draw(|frame| hit = view(model, frame, theme)).unwrap().buffer.clone();
        update(&mut self.model, Msg::Drawn(hit));
        hit
    }

    pub fn buffer(&self) -> &Buffer {
        &self.frame
    }

    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.terminal.backend_mut().resize(columns.max(1), rows.max(1));
        self.send(Msg::Resize(columns, rows))
    }

    /// The screen as text, trailing blanks cut.
    pub fn screen(&self) -> String {
        let buffer = self.buffer();
        let width = usize::from(buffer.area.width);
        let mut out = String::new();
        for line in buffer.content.chunks(width) {
            let mut text = String::new();
            let mut skip = 0;
            for cell in line {
                if skip == 0 {
                    text.push_str(cell.symbol());
                    skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1);
                }
                skip -= 1;
            }
            out.push_str(text.trim_end());
            out.push('\n');
        }
        out
    }

    pub fn expect(&mut self, text: &str) -> &mut Self {
        assert!(self.screen().contains(text), "\"{text}\" is not on the screen:\n{}", self.screen());
        self
    }

    pub fn expect_not(&mut self, text: &str) -> &mut Self {
        assert!(!self.screen().contains(text), "\"{text}\" is on the screen:\n{}", self.screen());
        self
    }

    /// The selected row contains the text.
    pub fn expect_row(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        let row =
            screen.lines().find(|l| l.starts_with('▌')).unwrap_or_else(|| panic!("no row is selected:\n{screen}"));
        assert!(row.contains(text), "the selected row has no \"{text}\": {row}");
        self
    }

    pub fn expect_toast(&mut self, text: &str) -> &mut Self {
        let toast = self.model.toast.as_ref().map(|(_, m)| m.text.clone()).unwrap_or_default();
        assert!(toast.contains(text), "the notice is \"{toast}\", not \"{text}\"");
        self
    }

    /// The newest errand with its number.
    pub fn errand(&self) -> (RequestId, &Errand) {
        let newest = self.effects.iter().rev().find_map(|e| match e {
            Effect::Errand { request, errand } => Some((*request, errand)),
            _ => None,
        });
        newest.unwrap_or_else(|| panic!("there is no errand: {:?}", self.effects))
    }

    /// Ends the newest errand.
    pub fn end_errand(&mut self, result: Result<Done, String>) -> &mut Self {
        let (request, _) = self.errand();
        self.send(Msg::ErrandEnded { request, result })
    }

    /// The newest errand tells a probe.
    pub fn probe(&mut self, probe: ProbeView) -> &mut Self {
        let (request, _) = self.errand();
        self.send(Msg::Probe { request, probe })
    }

    /// Whether it wished to leave.
    pub fn quits(&self) -> bool {
        self.effects.iter().any(|e| matches!(e, Effect::Quit))
    }

    pub fn copied(&self) -> Option<&str> {
        self.effects.iter().rev().find_map(|e| match e {
            Effect::Copy(text) => Some(text.as_str()),
            _ => None,
        })
    }
}
