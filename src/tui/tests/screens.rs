//! Every pane at every size, as text. The snapshots are the product: read them.

use crate::{
    desk::Answer,
    domain::SyncEvent,
    tui::{Msg, Theme, driver::Driver, fixtures},
};
use rstest::rstest;
use std::sync::Arc;

const SIZES: [(u16, u16); 5] = [(40, 12), (80, 24), (120, 40), (200, 60), (1, 1)];

fn shot(name: &str, keys: &str) {
    for (columns, rows) in SIZES {
        let mut driver = Driver::new(columns, rows);
        if name.starts_with("sync") {
            driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }));
        }
        driver.press(keys);
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), driver.screen());
    }
}

#[rstest]
#[case("overview", "")]
#[case("accounts", "2")]
#[case("connection_passed", "2 j <enter>")]
#[case("connection_quarantined", "2 j j j <enter>")]
#[case("connection_failed", "2 j j j j <enter>")]
#[case("connection_overridden", "2 j j j j j <enter>")]
#[case("connection_key", "2 G <enter>")]
#[case("costs_clients", "3")]
#[case("costs_accounts", "<enter>")]
#[case("costs_services", "<enter> <enter>")]
#[case("costs_days", "<enter> <enter> <enter>")]
#[case("costs_usage", "<enter> <enter> u [")]
#[case("costs_usage_unread", "<enter> <enter> u")]
#[case("costs_usage_asked", "<enter> <enter> u u")]
#[case("access_principals", "4")]
#[case("access_events", "4 <enter>")]
#[case("findings_list", "5")]
#[case("findings_detail", "5 <enter>")]
#[case("sync_running", "7 j j")]
#[case("sync_partial", "7 j")]
#[case("due", "7")]
#[case("spend", "7 $")]
#[case("vault", "8")]
#[case("vault_backups", "8 B j j j")]
#[case("vault_backup", "8 B j j j <enter>")]
#[case("vault_entry", "8 j <enter>")]
fn every_pane(#[case] name: &str, #[case] keys: &str) {
    shot(name, keys);
}

#[rstest]
#[case("help", "?")]
#[case("palette", "<ctrl-p>")]
#[case("command", ": c")]
#[case("copy", "y")]
#[case("errors", "e")]
#[case("filter", "/ n o r")]
fn every_overlay_at_80x24_and_120x40(#[case] name: &str, #[case] keys: &str) {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut driver = Driver::new(columns, rows);
        driver.press(keys);
        insta::assert_snapshot!(format!("overlay_{name}_{columns}x{rows}"), driver.screen());
    }
}

#[rstest]
#[case("overview", "")]
#[case("accounts", "2")]
#[case("costs", "3")]
#[case("access", "4")]
#[case("findings", "5")]
#[case("sync", "7")]
#[case("vault", "8")]
fn an_empty_pane_says_what_to_do_next(#[case] name: &str, #[case] keys: &str) {
    let mut driver = Driver::with_desk(100, 24, fixtures::FakeDesk { clients: 0, ..Default::default() });
    driver.press(keys);
    insta::assert_snapshot!(format!("empty_{name}"), driver.screen());
}

#[test]
fn a_vault_in_trouble_says_so_first() {
    for (columns, rows) in [(80, 24), (200, 60)] {
        let mut driver = Driver::new(columns, rows);
        driver.holding = true;
        driver.press("8");
        let (request, _) = driver.held.pop().unwrap();
        driver.answer_with(request, Answer::Vault(Arc::new(fixtures::troubled())));
        driver.expect("read-only").expect("the disk is full").expect("/mnt/backup is not mounted");
        insta::assert_snapshot!(format!("vault_troubled_{columns}x{rows}"), driver.screen());
        driver.press("e").expect("the disk is full").expect("Input/output error");
    }
}

#[test]
fn before_the_first_answer_the_screen_says_what_is_being_done() {
    let mut driver = Driver::waiting(80, 24);
    driver.expect("reading the vault …");
    driver.send(Msg::Status("building the demo world".into())).expect("building the demo world …");
}

#[test]
fn a_desk_that_cannot_answer_is_an_error_not_an_empty_list() {
    let mut driver = Driver::with_desk(100, 24, fixtures::FakeDesk { broken: true, ..Default::default() });
    driver.expect("the vault is locked by another bailiwick").expect_not("No clients yet");
}

#[test]
fn ascii_draws_nothing_but_ascii() {
    let mut driver = Driver::new(120, 40);
    driver.theme = Theme { ascii: true, ..Theme::MONO };
    for keys in ["1", "2", "3", "<enter>", "<enter>", "4", "5", "<enter>", "7", "8", "B", "<enter>", "?"] {
        driver.press(keys);
        let screen = driver.screen();
        assert!(screen.is_ascii(), "{keys}: {:?}", screen.chars().find(|c| !c.is_ascii()));
    }
    let mut driver = Driver::new(120, 40);
    driver.theme = Theme { ascii: true, ..Theme::MONO };
    driver.draw();
    insta::assert_snapshot!("ascii_overview", driver.screen());
}

#[test]
fn hostile_names_are_shown_as_what_they_are() {
    for keys in ["2", "4", "5", "5 <enter>", "<enter>", "4 <enter>", "8", "8 j j j <enter>"] {
        let mut driver = Driver::new(200, 60);
        let screen = driver.press(keys).screen();
        assert!(!screen.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{keys}");
        assert!(screen.contains("⟨U+202E⟩") || screen.contains("ci␛[2J"), "{keys}:\n{screen}");
    }
}
