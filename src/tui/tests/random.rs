//! Any keys at any size: no panic, and the selection is a row of the list.

use crate::{
    domain::SyncEvent,
    tui::{Door, Msg, actions::keys::Key, driver::Driver, fixtures, view::SMALLEST},
};
use crossterm::event::KeyCode;
use proptest::prelude::*;

#[derive(Debug, Clone)]
pub enum Step {
    Key(Key),
    Size(u16, u16),
    Sync,
    Paste(String),
    Unlocked,
}

pub fn step() -> impl Strategy<Value = Step> {
    let letters = "1234578jkhlgGsSmfayReMbBvLACTO?:/-[]q!'x ";
    let codes = [
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::Backspace,
        KeyCode::PageDown,
        KeyCode::Down,
        KeyCode::End,
        KeyCode::Left,
        KeyCode::F(5),
    ];
    prop_oneof![
        8 => proptest::sample::select(letters.chars().collect::<Vec<_>>()).prop_map(|c| Step::Key(Key::plain(KeyCode::Char(c)))),
        4 => proptest::sample::select(codes.to_vec()).prop_map(|c| Step::Key(Key::plain(c))),
        1 => proptest::sample::select("dupnlwk".chars().collect::<Vec<_>>())
            .prop_map(|c| Step::Key(Key { code: KeyCode::Char(c), ctrl: true })),
        1 => (0u16..220, 0u16..70).prop_map(|(w, h)| Step::Size(w, h)),
        1 => Just(Step::Sync),
        1 => Just(Step::Unlocked),
        1 => any::<String>().prop_map(Step::Paste),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_the_console(lockable in any::<bool>(), steps in proptest::collection::vec(step(), 1..40)) {
        let mut driver = if lockable { Driver::behind(Door::Asks, None, 100, 30) } else { Driver::new(100, 30) };
        driver.release();
        for step in steps {
            match step {
                Step::Key(key) => drop(driver.key(key)),
                Step::Size(columns, rows) => drop(driver.resize(columns, rows)),
                Step::Sync => drop(driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }))),
                Step::Paste(text) => drop(driver.send(Msg::Paste(text))),
                Step::Unlocked => drop(driver.send(Msg::Unlocked)),
            }
            let list = &driver.model.level().list;
            prop_assert!(list.order().is_empty() || list.cursor() < list.order().len());
            prop_assert_eq!(list.selected_id().is_some(), !list.order().is_empty());
            let hit = driver.model.hit.table;
            let size = driver.model.size;
            let drawn = size.0 >= SMALLEST.0 && size.1 >= SMALLEST.1 && driver.model.locked.is_none();
            if drawn && hit.visible > 0 && !list.order().is_empty() {
                prop_assert!(list.cursor() >= hit.top && list.cursor() < hit.top + hit.visible, "{:?} {:?}", list.cursor(), hit);
            }
        }
    }
}
