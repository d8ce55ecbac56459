//! What a key costs on the wire, in bytes; times are printed by the ignored test only.

use crate::tui::{
    Effect, Model, Msg, Theme,
    actions::keys::Key,
    fixtures::{self, FakeDesk},
    terminal::output::Screen,
    update::update,
    view::view,
};
use crossterm::event::{KeyEvent, KeyModifiers};
use ratatui::Terminal;
use std::io;

struct Wire {
    model: Model,
    desk: FakeDesk,
    terminal: Terminal<Screen<io::Sink>>,
}

impl Wire {
    fn new(rows: usize) -> Self {
        let size = (200, 50);
        let model = Model::new("bailiwick", size, fixtures::now());
        let terminal = Terminal::new(Screen::new(io::sink(), size)).unwrap();
        let mut wire = Self { model, desk: FakeDesk { clients: rows, ..FakeDesk::default() }, terminal };
        let effects = wire.model.start();
        wire.perform(effects);
        wire.draw();
        wire
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Ask { request, query } = effect {
                let result = self.desk.answer(&query);
                let more = update(&mut self.model, Msg::Answer { request, result });
                self.perform(more);
            }
        }
    }

    /// Draws and tells the bytes it took.
    fn draw(&mut self) -> u64 {
        let before = self.terminal.backend().written();
        let model = &self.model;
        let mut hit = None;
        self.terminal.draw(|frame| hit = Some(view(model, frame, &Theme::DARK))).unwrap();
        update(&mut self.model, Msg::Drawn(hit.unwrap()));
        self.terminal.backend().written() - before
    }

    fn key(&mut self, key: &str) -> u64 {
        let key = Key::parse(key).unwrap();
        let modifiers = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        let effects = update(&mut self.model, Msg::Key(KeyEvent::new(key.code, modifiers)));
        self.perform(effects);
        self.draw()
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[test]
fn a_key_costs_few_bytes_and_an_unchanged_frame_none() {
    let mut wire = Wire::new(1_000);
    assert_eq!(wire.draw(), 0);
    let steps: Vec<u64> = (0..30).map(|_| wire.key("j")).collect();
    println!("j without scrolling: {steps:?}");
    let (different, alike) = steps.split_at(6);
    assert!(median(different.to_vec()) <= 450, "{different:?}");
    assert!(different.iter().all(|b| *b <= 700), "{different:?}");
    assert!(alike.iter().all(|b| *b <= 130), "{alike:?}");
}

#[test]
fn a_scrolling_list_and_a_full_redraw_stay_within_their_goals() {
    let mut wire = Wire::new(1_000);
    wire.key("G");
    wire.key("k");
    let full = {
        wire.terminal.clear().unwrap();
        wire.draw()
    };
    let mut wire = Wire::new(1_000);
    for _ in 0..60 {
        wire.key("j");
    }
    let scrolls: Vec<u64> = (0..30).map(|_| wire.key("j")).collect();
    println!("full redraw {full}, j with scrolling {scrolls:?}");
    assert!(full <= 14_000, "{full}");
    assert!(median(scrolls.clone()) <= 4_000, "{scrolls:?}");
}

/// `cargo test --lib tui::tests::bytes -- --ignored --nocapture`
#[test]
#[ignore = "prints times; they are measured, not asserted"]
fn time_of_a_frame_of_a_thousand_rows() {
    let mut wire = Wire::new(1_000);
    let begin = std::time::Instant::now();
    let frames = 500;
    for i in 0..frames {
        wire.key(if i % 2 == 0 { "j" } else { "k" });
    }
    println!("{:?} a key with its frame", begin.elapsed() / frames);
}
