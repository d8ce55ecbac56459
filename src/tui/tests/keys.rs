//! Every key of the table does something, or says why not.

use crate::tui::{
    actions::{ACTIONS, keys::Key},
    driver::Driver,
};

#[test]
fn every_key_does_something_or_says_why() {
    for start in [
        "1",
        "2",
        "2 <enter>",
        "2 j j j <enter>",
        "2 j j",
        "3",
        "4",
        "5",
        "5 <enter>",
        "7",
        "3 <enter> <enter> <enter>",
        "4 <enter>",
        "8",
        "8 B",
        "8 <enter>",
        "8 B <enter>",
    ] {
        for key in ACTIONS.iter().flat_map(|a| a.keys) {
            let mut driver = Driver::new(120, 40);
            driver.press(start);
            let (screen, effects) = (driver.screen(), driver.effects.len());
            match *key {
                "gg" => drop(driver.press("j").press("g g")),
                key => drop(driver.key(Key::parse(key).unwrap())),
            }
            let moved = driver.screen() != screen || driver.effects.len() != effects;
            let told = driver.model.toast.is_some();
            // Moving up from the first row, or to the pane one is in, leaves all as it was: that is what was asked for.
            let still = ["k", "Up", "gg", "Home", "Ctrl-u", "PgUp"].contains(key) || start.starts_with(key);
            let short = driver.model.level().list.order().len() <= 1;
            assert!(moved || told || still || short, "{key} after {start} does nothing and says nothing:\n{screen}");
        }
    }
}

#[test]
fn a_key_of_another_pane_says_where_it_works() {
    let mut driver = Driver::new(120, 40);
    driver.press("m").expect_toast("m: works in Costs").press("[").expect_toast("works in Costs");
    driver.press("x").expect_toast("x does nothing here").press("g x").expect_toast("gx does nothing here");
}
