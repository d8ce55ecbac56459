//! The unlock screen, the lock, and that nothing is left after it.

use crate::{
    domain::{Source, SyncEvent},
    tui::{
        Door, Effect, Msg, NoticeLevel, RequestId, Secret,
        driver::Driver,
        fixtures::{self, FakeDesk},
        model::Deadline,
    },
};
use rstest::rstest;
use secrecy::ExposeSecret;
use std::time::Duration;

const SECRET: &str = "correct horse Zx9";
const TEN_MINUTES: Option<Duration> = Some(Duration::from_secs(600));

fn asking(columns: u16, rows: u16) -> Driver {
    let mut driver = Driver::behind(Door::Asks, TEN_MINUTES, columns, rows);
    driver.holding = false;
    driver
}

/// A console that a passphrase opened.
fn opened(columns: u16, rows: u16) -> Driver {
    let mut driver = asking(columns, rows);
    driver.typing(SECRET).press("<enter>");
    driver.send(Msg::Unlocked);
    driver
}

fn refused(text: &str, wait_seconds: Option<u64>) -> Msg {
    Msg::UnlockRefused { text: text.into(), wait_seconds }
}

const WRONG: &str = "wrong passphrase: the vault stays locked; try again (capitals, keyboard layout)";

fn unlocks(driver: &Driver) -> Vec<&Secret> {
    driver.effects.iter().filter_map(|e| if let Effect::Unlock(secret) = e { Some(secret) } else { None }).collect()
}

fn locks(driver: &Driver) -> usize {
    driver.effects.iter().filter(|e| matches!(e, Effect::Lock { .. })).count()
}

#[test]
fn the_passphrase_is_asked_for_before_anything_else() {
    let mut driver = asking(80, 24);
    assert!(driver.effects.is_empty() && driver.model.deadlines().is_empty(), "nothing is asked and nothing waits");
    driver.press("<enter>").expect("type the passphrase first");
    driver.typing(SECRET).expect("Passphrase  •••••••••••••••••").expect_not(SECRET).expect_not("type the");
    driver.press("<enter>").expect("opening the vault …").expect_not("•");
    let [Secret::Passphrase(given)] = unlocks(&driver)[..] else { panic!("{:?}", driver.effects) };
    assert_eq!(given.expose_secret(), SECRET);
    // It stays responsive, and a second Enter is not a second try.
    driver.typing("more").press("<enter> <tab>").resize(100, 30).expect("opening the vault …");
    assert_eq!(unlocks(&driver).len(), 1);
    driver.send(Msg::Unlocked).expect("▸ Overview").expect_row("northwind");
}

#[test]
fn a_refusal_is_told_in_words_and_the_next_try_begins_empty() {
    let mut driver = asking(80, 24);
    driver.typing("wrong").press("<enter>");
    driver.send(refused(WRONG, None)).expect("wrong passphrase: the vault stays locked").expect_not("•");
    driver.typing(SECRET).press("<enter>").expect_not("wrong passphrase");
    let [_, Secret::Passphrase(given)] = unlocks(&driver)[..] else { panic!("{:?}", driver.effects) };
    assert_eq!(given.expose_secret(), SECRET);
}

#[test]
fn while_a_wait_is_in_force_no_try_is_made_and_the_screen_says_how_long() {
    let mut driver = asking(80, 24);
    driver.typing("wrong").press("<enter>");
    driver.send(refused(WRONG, Some(30))).expect("for 30 seconds, until 02:31:37 UTC");
    driver.send(Msg::Now(fixtures::now().plus(18)));
    driver.typing(SECRET).press("<enter>").expect("not yet: the next try is taken in 12 s");
    assert_eq!(unlocks(&driver).len(), 1);
    let wait = driver.model.deadlines().into_iter().find(|(d, _)| matches!(d, Deadline::Wait(_))).unwrap();
    assert_eq!(wait.1, Duration::from_secs(30));
    driver.send(Msg::Due(wait.0)).expect("the wait is over");
    driver.press("<enter>");
    assert_eq!(unlocks(&driver).len(), 2);
    // By the clock as well: the deadline's timer may have slept.
    driver.send(refused(WRONG, Some(60))).send(Msg::Now(fixtures::now().plus(120)));
    driver.typing(SECRET).press("<enter>");
    assert_eq!(unlocks(&driver).len(), 3);
}

#[test]
fn keys_edit_what_is_typed_and_paste_goes_in_without_its_line_end() {
    let mut driver = asking(80, 24);
    driver
        .typing("abc")
        .press("<ctrl-u>")
        .expect_not("•")
        .typing("xyz")
        .press("<backspace>")
        .expect("••")
        .expect_not("•••");
    driver.press("<ctrl-u>").send(Msg::Paste(format!("{SECRET}\r\n")));
    driver.press("<enter>");
    let [Secret::Passphrase(given)] = unlocks(&driver)[..] else { panic!("{:?}", driver.effects) };
    assert_eq!(given.expose_secret(), SECRET);
}

#[test]
fn tab_asks_for_the_recovery_code_and_forgets_what_was_typed() {
    let mut driver = asking(80, 24);
    driver.typing("abc").press("<tab>").expect("Recovery code").expect_not("•").typing("r1").press("<enter>");
    let [Secret::RecoveryCode(given)] = unlocks(&driver)[..] else { panic!("{:?}", driver.effects) };
    assert_eq!(given.expose_secret(), "r1");
    driver.send(refused("recovery codes are not taken yet: use the passphrase", None)).expect("are not taken yet");
    driver.press("<tab>").expect("Passphrase");
}

#[test]
fn a_file_opens_it_without_a_question_and_enter_opens_it_again() {
    let mut driver = Driver::behind(Door::File("credential file"), TEN_MINUTES, 80, 24);
    driver.holding = false;
    driver.expect("opening the vault with the credential file …");
    assert!(matches!(unlocks(&driver)[..], [Secret::Configured]));
    driver.send(Msg::Unlocked).expect_row("northwind").press("L").send(Msg::Locked { note: None });
    driver.expect("locked by hand").typing("a").expect("Enter opens it with the credential file").press("<enter>");
    assert!(matches!(unlocks(&driver)[..], [Secret::Configured, Secret::Configured]));
    // A file that does not open it leaves the other ways.
    driver.send(refused("the credential file key cannot be read: no such file", None)).expect("cannot be read");
    driver
        .press("<tab>")
        .expect("Passphrase")
        .press("<tab>")
        .expect("Recovery code")
        .press("<tab>")
        .expect("Enter open with");
}

#[rstest]
#[case("<esc>")]
#[case("<ctrl-c>")]
fn it_can_be_left(#[case] key: &str) {
    let mut driver = asking(80, 24);
    driver.typing(SECRET).press(key);
    assert!(driver.quits());
    let mut driver = asking(80, 24);
    driver.typing(SECRET).press("<enter>").press(key);
    assert!(driver.quits(), "also while a secret is tried");
}

#[test]
fn a_key_or_a_command_locks_and_the_screen_says_why() {
    for keys in ["L", ": l o c k <enter>", "5 <enter> ? L", "y L"] {
        let mut driver = opened(100, 30);
        driver.press(keys);
        if keys.contains('?') {
            // In help it is a letter to search for.
            assert_eq!(locks(&driver), 0);
            driver.press("<esc> L");
        }
        if keys.starts_with('y') {
            driver.press("<esc> L");
        }
        assert_eq!(locks(&driver), 1, "{keys}");
        driver
            .expect("locked by hand")
            .expect("closing the vault")
            .send(Msg::Locked { note: Some("the sync that ran was stopped".into()) });
        driver.expect("locked by hand").expect("the sync that ran was stopped").expect_not("closing");
        driver.typing(SECRET).press("<enter>").send(Msg::Unlocked).expect_row("northwind");
    }
}

#[test]
fn what_nobody_could_open_again_is_not_locked() {
    let mut driver = Driver::new(100, 30);
    driver.press("L").expect_toast("nothing could open this vault again").expect_row("northwind");
    driver.send(Msg::Locked { note: None }).expect_row("northwind");
    assert_eq!(locks(&driver), 0);
}

#[test]
fn without_a_key_it_locks_by_one_deadline_that_every_key_puts_off() {
    let mut driver = opened(100, 30);
    let idle = |driver: &Driver| driver.model.deadlines().into_iter().find(|(d, _)| matches!(d, Deadline::Idle(_)));
    let (first, after) = idle(&driver).unwrap();
    assert_eq!((after, driver.model.deadlines().len()), (Duration::from_secs(600), 1));
    driver.press("j");
    driver.send(Msg::Due(first)).expect_row("halden-energy");
    let (second, _) = idle(&driver).unwrap();
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }));
    assert_eq!(idle(&driver).unwrap().0, second, "what a sync tells is no key");
    driver.send(Msg::Due(second)).expect("locked after 10 minutes without a key");
    assert_eq!((locks(&driver), idle(&driver)), (1, None));
}

#[test]
fn a_machine_that_slept_locks_at_the_first_thing_that_comes() {
    for msg in [Msg::Resumed, Msg::Notice { level: NoticeLevel::Info, text: "x".into() }] {
        let mut driver = opened(100, 30);
        driver.send(Msg::Now(fixtures::now().plus(599))).send(msg.clone()).expect_row("northwind");
        driver.send(Msg::Now(fixtures::now().plus(600))).send(msg).expect("locked after 10 minutes");
    }
    let mut driver = opened(100, 30);
    driver.send(Msg::Now(fixtures::now().plus(9_000))).press("5").expect("locked after 10 minutes").expect_not("•");
    assert_eq!(locks(&driver), 1);
}

#[test]
fn what_stands_half_typed_is_wiped_when_nobody_comes_back() {
    let mut driver = asking(80, 24);
    driver.typing("half").expect("••••");
    let (idle, _) = driver.model.deadlines().pop().unwrap();
    driver.send(Msg::Due(idle)).expect_not("•");
    assert!(driver.model.deadlines().is_empty());
}

/// Names of the made-up fleet that no word of ours contains.
const NAMES: [&str; 9] =
    ["northwind", "halden", "kestrel", "orrery", "tidewater", "zephyr", "447120069921", "ci-deploy", "GmbH"];

fn named(text: &str) -> Vec<&'static str> {
    NAMES.into_iter().filter(|name| text.contains(name)).collect()
}

/// Everything that can hold a name: every pane and level, overlays, filters, a run, notices, the clipboard.
fn fill(driver: &mut Driver) {
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }));
    driver.send(Msg::Notice { level: NoticeLevel::Error, text: "northwind could not be read".into() });
    for keys in
        ["2 <enter> <enter>", "3 <enter>", "4 <enter>", "5 <enter>", "7", "8 B <enter>", "1 / n o r t h <enter>"]
    {
        driver.press(keys);
    }
    driver.press("y t <esc> ? n o r t h w i n d <esc> y");
    let refresh = driver.model.deadlines().into_iter().find(|(d, _)| matches!(d, Deadline::Refresh(_)));
    driver.send(Msg::Due(refresh.unwrap().0));
    driver.holding = true;
    driver.send(Msg::Sync(SyncEvent::Committed { client: "northwind".parse().unwrap(), source: Source::Costs }));
}

#[test]
fn after_a_lock_nothing_of_the_data_is_left() {
    let mut driver = opened(200, 60);
    fill(&mut driver);
    assert_eq!(named(&format!("{:?}", driver.model)).len(), NAMES.len(), "the fixtures have changed");
    assert!(!named(&driver.screen()).is_empty());
    driver.press("<esc> L");
    assert_eq!(named(&format!("{:?}", driver.model)), [""; 0]);
    assert_eq!(named(&driver.screen()), [""; 0]);
    assert!(driver.model.messages.is_empty() && driver.model.overlays.is_empty());
    // What was under way when it locked comes too late.
    let mut late = vec![
        Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }),
        Msg::Notice { level: NoticeLevel::Error, text: "northwind could not be read".into() },
        Msg::Status("northwind".into()),
        Msg::VaultChanged,
    ];
    let held = std::mem::take(&mut driver.held);
    assert!(!held.is_empty());
    late.extend(
        held.into_iter().map(|(request, query)| Msg::Answer { request, result: FakeDesk::default().answer(&query) }),
    );
    late.extend((0..400).map(|n| Msg::Answer {
        request: RequestId(n),
        result: FakeDesk::default().answer(&crate::desk::Query::Overview),
    }));
    for msg in late {
        driver.send(msg);
        assert_eq!(named(&format!("{:?}", driver.model)), [""; 0]);
    }
    driver.send(Msg::Locked { note: None }).typing(SECRET).press("<enter>");
    assert_eq!(named(&driver.screen()), [""; 0]);
    driver.release();
    driver.send(Msg::Unlocked).expect("▸ Overview").expect_row("northwind").expect_not("/north");
}

#[test]
fn a_secret_is_never_in_what_the_model_shows_or_tells() {
    let mut driver = asking(200, 60);
    for step in ["type", "paste", "enter", "refused", "again"] {
        match step {
            "type" => drop(driver.typing(SECRET)),
            "paste" => drop(driver.press("<ctrl-u>").send(Msg::Paste(SECRET.into()))),
            "enter" => drop(driver.press("<enter>")),
            "refused" => drop(driver.send(refused(WRONG, Some(0)))),
            _ => drop(driver.typing(SECRET).press("<enter>").send(Msg::Unlocked)),
        }
        for text in [format!("{:?}", driver.model), format!("{:?}", driver.effects), driver.screen()] {
            assert!(!text.contains("horse") && !text.contains("Zx9"), "{step}: {text}");
        }
    }
}

#[rstest]
#[case("asks", "")]
#[case("typed", "c o r r e c t")]
#[case("missing", "<enter>")]
#[case("trying", "c <enter>")]
#[case("recovery", "<tab>")]
fn the_unlock_screen(#[case] name: &str, #[case] keys: &str) {
    let sizes: &[(u16, u16)] =
        if name == "typed" { &[(40, 12), (80, 24), (120, 40), (200, 60), (1, 1), (24, 5)] } else { &[(80, 24)] };
    for (columns, rows) in sizes {
        let mut driver = asking(*columns, *rows);
        driver.press(keys);
        insta::assert_snapshot!(format!("unlock_{name}_{columns}x{rows}"), driver.screen());
    }
}

#[test]
fn the_unlock_screen_after_a_refusal_a_wait_and_a_lock() {
    let mut driver = asking(80, 24);
    driver.press("x <enter>").send(refused(WRONG, None));
    insta::assert_snapshot!("unlock_refused_80x24", driver.screen());
    driver.press("x <enter>").send(refused(WRONG, Some(30)));
    insta::assert_snapshot!("unlock_wait_80x24", driver.screen());
    let mut driver = opened(80, 24);
    driver.send(Msg::Now(fixtures::now().plus(600))).send(Msg::Resumed);
    insta::assert_snapshot!("locked_closing_80x24", driver.screen());
    driver.send(Msg::Locked { note: Some("the sync that ran was stopped; what it had stored is kept".into()) });
    insta::assert_snapshot!("locked_80x24", driver.screen());
    let mut driver = Driver::behind(Door::File("credential file"), TEN_MINUTES, 80, 24);
    driver.send(Msg::Unlocked).press("L").send(Msg::Locked { note: None });
    insta::assert_snapshot!("locked_file_80x24", driver.screen());
}
