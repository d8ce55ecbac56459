//! Connecting a client where there is little room, and where one thing gets into the way of another.

use super::connect::{ACCOUNT, ID, at_account, at_gate, at_role, ended, form, rendered, report};
use crate::tui::{
    Effect,
    connect::Errand,
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

#[test]
fn a_role_that_was_still_being_rendered_says_that_the_test_stopped_it() {
    let mut driver = at_role(100, 30);
    driver.expect("asking who the role is to trust").press("<enter>").typing(ACCOUNT).press("<enter> <enter> <enter>");
    driver.expect("testing").press("<esc> <esc>").expect("[2 role]");
    driver.expect_not("asking who the role is to trust").expect("stopped by the test: r renders it again");
    driver.press("r").expect("asking who").end_errand(Ok(rendered())).expect(ID);
}

#[test]
fn the_field_that_is_typed_into_is_on_the_smallest_screen_too() {
    let mut driver = at_account(60, 16);
    driver.expect("▌ account").press("<tab>").expect("▌ or profile").press("<tab>").expect("▌ alias");
    driver.press("<enter>").expect("▌ account").expect("type the account in which the role is");
    driver.typing(ACCOUNT).expect(ACCOUNT);
    let mut driver = form(60, 16);
    for label in ["client id", "full name", "cost basis", "currency", "budget", "notes"] {
        driver.expect(&format!("▌ {label}")).press("<tab>");
    }
    driver.expect("▌ client id").typing("acme").press("<tab> <tab> <tab> <tab> <tab> <enter>").expect("writing it");
    driver.end_errand(Err("the disk is full".into())).expect("▌ notes").expect("the disk is full");
}

#[test]
fn a_currency_that_was_saved_is_not_said_to_be_taken_away() {
    let mut driver = at_role(100, 30);
    let saves = |driver: &Driver| {
        let save = |e: &&Effect| matches!(e, Effect::Errand { errand: Errand::SaveClient { .. }, .. });
        driver.effects.iter().filter(save).count()
    };
    driver.press("<esc> <up> <up> <ctrl-u> <down> <down> <enter>").expect("changed and not taken away: type another");
    assert_eq!(saves(&driver), 1);
    driver.typing("CHF").expect_not("not taken away").press("<down> <down> <enter>");
    let (_, Errand::SaveClient { facts, known: true, .. }) = driver.errand() else { panic!("{:?}", driver.errand()) };
    assert_eq!(facts.currency.unwrap().to_string(), "CHF");
}
