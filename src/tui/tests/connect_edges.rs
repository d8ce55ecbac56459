//! Connecting a client where there is little room, and where one thing gets into the way of another.

use super::connect::{at_gate, ended, report};
use crate::tui::{
    driver::Driver,
    fixtures::{self, connections},
};

#[test]
fn keys_pressed_during_a_test_do_not_hide_what_it_came_to() {
    let mut driver = at_gate(80, 24);
    for probe in connections::probes("quarantined", fixtures::now()) {
        driver.probe(probe);
    }
    driver.press("<pgdn> j j <pgdn>").expect("testing");
    driver.end_errand(Ok(report("quarantined", true))).expect("QUARANTINED");
}

#[test]
fn all_of_a_test_can_be_scrolled_to_and_no_key_is_lost_at_its_end() {
    for (columns, rows) in [(60, 16), (80, 24), (100, 20)] {
        let mut driver = ended("quarantined", true, columns, rows);
        let first = driver.screen();
        for _ in 0..20 {
            driver.press("<pgdn> j");
        }
        let last = driver.screen();
        driver.expect("refuses a decoy").press("k");
        assert!(last == first || driver.screen() != last, "{last}");
        for _ in 0..20 {
            driver.press("<pgup> k");
        }
        assert_eq!(driver.screen(), first);
    }
}

#[test]
fn a_test_that_goes_on_is_not_scrolled() {
    let mut driver = Driver::new(60, 16);
    driver.press("2 j j j T");
    for probe in connections::probes("quarantined", fixtures::now()) {
        driver.probe(probe);
    }
    let before = driver.screen();
    driver.press("k <pgup>").expect_not("j k scroll");
    assert_eq!(driver.screen(), before);
}
