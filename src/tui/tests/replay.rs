//! What is written, replayed by a terminal, is what was drawn.

use super::random::{Step, step};
use crate::{
    domain::SyncEvent,
    tui::{
        Msg,
        actions::keys::Key,
        driver::Driver,
        fixtures::{self, FakeDesk},
        terminal::output::Screen,
        view::view,
    },
};
use proptest::prelude::*;
use ratatui::{Terminal, style::Modifier};
use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

/// What was written since it was last read.
#[derive(Clone, Default)]
struct Tape(Rc<RefCell<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Replay {
    driver: Driver,
    writer: Terminal<Screen<Tape>>,
    tape: Tape,
    shown: vt100::Parser,
    scrolled: usize,
}

impl Replay {
    fn new(columns: u16, rows: u16) -> Self {
        let tape = Tape::default();
        Self {
            driver: Driver::with_desk(columns, rows, FakeDesk { clients: 90, ..FakeDesk::default() }),
            writer: Terminal::new(Screen::new(tape.clone(), (columns, rows))).unwrap(),
            tape,
            shown: vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0),
            scrolled: 0,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Key(key) => drop(self.driver.key(key)),
            Step::Size(columns, rows) => {
                let (columns, rows) = (columns.max(2), rows.max(2));
                self.driver.resize(columns, rows);
                self.writer.backend_mut().resize((columns, rows));
                self.shown.screen_mut().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
            }
            Step::Unlocked => drop(self.driver.send(Msg::Unlocked)),
            Step::Sync => {
                let planned = SyncEvent::Planned { jobs: fixtures::jobs(), again: false };
                self.driver.send(Msg::Sync(planned));
            }
            // Terminals do not agree on the width of every script; of these they do.
            Step::Paste(text) => {
                let agreed = |c: &char| c.is_ascii() || ('\u{4e00}'..'\u{9fff}').contains(c);
                self.driver.send(Msg::Paste(text.chars().filter(agreed).chain("漢字".chars()).collect()));
            }
        }
        self.compare();
    }

    /// Draws the model for the terminal and looks at what it shows, cell by cell.
    fn compare(&mut self) {
        self.driver.draw();
        let (model, theme) = (&self.driver.model, &self.driver.theme);
        let draw = |frame: &mut ratatui::Frame| {
            view(model, frame, theme);
        };
        let buffer = self.writer.draw(draw).unwrap().buffer.clone();
        let bytes = std::mem::take(&mut *self.tape.0.borrow_mut());
        self.scrolled += usize::from(bytes.windows(2).any(|pair| pair == b"M\x1b"));
        self.shown.process(&bytes);
        let screen = self.shown.screen();
        let width = usize::from(buffer.area.width);
        for (y, row) in (0..).zip(buffer.content.chunks(width)) {
            let mut covered = 0;
            for (x, cell) in (0..).zip(row) {
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                covered = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
                let there = screen.cell(y, x).unwrap();
                let text = if there.contents().is_empty() { " " } else { there.contents() };
                assert_eq!(text, cell.symbol(), "at {x},{y} of {}×{}:\n{}", width, y, screen.contents());
                let style = (there.inverse(), there.bold() && text != " ");
                let meant =
                    (cell.modifier.contains(Modifier::REVERSED), cell.modifier.contains(Modifier::BOLD) && text != " ");
                assert_eq!(style, meant, "the style at {x},{y}");
            }
        }
    }
}

fn moves() -> impl Strategy<Value = Step> {
    let keys = ["j", "j", "j", "k", "k", "Ctrl-d", "Ctrl-u", "PgDn", "G", "s", "S"];
    proptest::sample::select(keys.to_vec()).prop_map(|key| Step::Key(Key::parse(key).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_keys_at_any_size(
        size in proptest::sample::select(vec![(80u16, 24u16), (120, 40), (200, 50), (61, 17), (160, 30)]),
        steps in proptest::collection::vec(prop_oneof![3 => moves(), 2 => step()], 1..40),
    ) {
        let mut replay = Replay::new(size.0, size.1);
        for step in steps {
            replay.take(step);
        }
    }
}

#[test]
fn a_list_that_scrolls_is_scrolled_by_the_terminal() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 50)] {
        let mut replay = Replay::new(columns, rows);
        for key in ["j"; 60].into_iter().chain(["k"; 50]) {
            replay.take(Step::Key(Key::parse(key).unwrap()));
        }
        assert!(replay.scrolled > 20, "scrolled only {} times at {columns}×{rows}", replay.scrolled);
    }
}
