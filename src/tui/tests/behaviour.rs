//! Selection, filters, levels and answers.

use crate::{
    desk::{Answer, Query},
    domain::{Source, SyncEvent},
    tui::{Effect, Msg, driver::Driver, fixtures, model::Deadline},
};
use std::sync::Arc;

fn committed() -> Msg {
    Msg::Sync(SyncEvent::Committed { client: "northwind".parse().unwrap(), source: Source::Costs })
}

fn asks(driver: &Driver) -> usize {
    driver.effects.iter().filter(|e| matches!(e, Effect::Ask { .. })).count()
}

#[test]
fn selection_stays_on_the_row_when_new_data_comes() {
    let mut driver = Driver::new(120, 40);
    driver.press("j j").expect_row("kestrel-retail");
    let mut view = fixtures::overview(6);
    view.clients.rotate_left(2);
    driver.holding = true;
    driver.send(committed());
    let (request, _) = driver.held.pop().unwrap();
    driver.answer_with(request, Answer::Overview(Arc::new(view)));
    driver.expect_row("kestrel-retail");
    assert_eq!(driver.model.level().list.cursor(), 0);
}

#[test]
fn an_answer_to_an_older_question_is_dropped() {
    let mut driver = Driver::new(120, 40);
    driver.press("3");
    driver.holding = true;
    driver.press("m").expect("reading the vault");
    driver.press("m");
    let old = driver.held.remove(0);
    driver.answer(old.0, &old.1);
    driver.expect("reading the vault").expect("amortized");
    let new = driver.held.remove(0);
    driver.answer(new.0, &new.1);
    driver.expect_row("northwind").expect("amortized · as billed");
}

#[test]
fn a_flood_of_commits_asks_once_at_a_time_and_not_more_often_than_the_deadline() {
    let mut driver = Driver::new(120, 40);
    driver.holding = true;
    let before = asks(&driver);
    for _ in 0..50 {
        driver.send(committed());
    }
    assert_eq!((asks(&driver) - before, driver.held.len()), (1, 1));
    let (request, query) = driver.held.pop().unwrap();
    driver.answer(request, &query);
    assert_eq!(asks(&driver) - before, 1, "the next question waits for its deadline");
    for _ in 0..50 {
        driver.send(committed());
    }
    let (deadline, _) = driver.model.deadlines().into_iter().find(|(d, _)| matches!(d, Deadline::Refresh(_))).unwrap();
    driver.send(Msg::Due(deadline));
    assert_eq!(asks(&driver) - before, 2);
    let (request, query) = driver.held.pop().unwrap();
    driver.answer(request, &query);
    assert!(driver.model.deadlines().is_empty(), "nothing new came: the console is at rest");
}

#[test]
fn a_filter_survives_drilling_coming_back_and_new_data() {
    let mut driver = Driver::new(120, 40);
    driver.press("/").typing("!north").press("<enter>").expect("/!north 5/6").expect_row("halden-energy");
    driver.press("<enter>").expect("Costs ▸ halden-energy").press("<esc>").expect("/!north 5/6");
    driver.send(committed()).expect("/!north 5/6").expect_row("halden-energy");
    driver.press("/ <esc>").expect("/!north 5/6");
    driver.press("<esc>").expect_not("/!north").expect_toast("filter taken away");
    driver
        .press("/")
        .typing("zzzz")
        .expect("None of 6 rows matches \"zzzz\"")
        .press("<enter> j")
        .expect_toast("no row matches");
}

#[test]
fn a_filter_can_name_a_column() {
    let mut driver = Driver::new(120, 40);
    driver.press("5 /").typing("severity:critical client:tide").press("<enter>");
    driver.expect("1/6").expect_row("Role can be assumed without");
}

#[test]
fn esc_goes_exactly_one_level_back_and_never_quits() {
    let mut driver = Driver::new(120, 40);
    driver.press("<enter> <enter> <enter>").expect("447120069921 ▸ EC2 - Other");
    driver.press("<esc>").expect("northwind ▸ 447120069921").expect_not("▸ EC2 - Other");
    driver.press("<esc>").expect("Costs ▸ northwind").expect_not("▸ 447120069921");
    driver.press("<esc>").expect("▸ Overview").expect_row("northwind");
    driver.press("<esc>").expect("▸ Overview").expect_toast("first level");
    assert!(!driver.quits());
    driver.press("q");
    assert!(driver.quits());
}

#[test]
fn q_quits_only_from_a_first_level_and_says_so_elsewhere() {
    let mut driver = Driver::new(120, 40);
    driver.press("5 <enter> q").expect_toast("first level only");
    assert!(!driver.quits());
    driver.press("<ctrl-c>");
    assert!(driver.quits());
}

#[test]
fn the_last_view_comes_back_with_its_level() {
    let mut driver = Driver::new(120, 40);
    driver.press("<enter> <enter> 5 -").expect("northwind ▸ 447120069921").press("-").expect("▸ Findings");
}

#[test]
fn related_panes_are_about_the_selected_client() {
    let mut driver = Driver::new(120, 40);
    driver.press("f").expect("Findings ▸ northwind").expect_not("tidewater");
    driver.press("<esc>").expect("▸ Overview").press("a").expect("Access ▸ northwind");
}

#[test]
fn a_metric_never_stands_over_the_numbers_of_another() {
    let mut driver = Driver::new(120, 40);
    driver.press("3");
    driver.holding = true;
    driver.press("m").expect("net unblended").expect_not("41,870.22");
    driver.release().expect("net unblended · as billed").expect("41,870.22");
}

#[test]
fn sorting_goes_round_the_columns_and_back() {
    let mut driver = Driver::new(120, 40);
    driver
        .press("s")
        .expect("CLIENT▲")
        .expect("sorted by client, smallest first")
        .press("s")
        .expect("MONTH▼")
        .expect_row("northwind");
    driver.press("S").expect("MONTH▲").press("g g").expect_row("zephyr-new");
    driver.press("G").expect_row("orrery-labs").expect_row("unavailable: Cost Explorer");
}

#[test]
fn a_stale_row_says_so_and_nothing_unknown_is_zero() {
    let mut driver = Driver::new(120, 40);
    driver.press("G").expect_row("*9,118.35").expect_row("stale 26 h").expect("could not be renewed");
    driver.press("k").expect_row("n/a").expect("there is no October to compare with");
    driver.press("k").expect_row("unavailable: Cost Explorer was never enabled");
    driver.expect_not(" 0.00 ");
}

#[test]
fn a_notice_takes_no_key_and_stays_in_the_log() {
    let mut driver = Driver::new(120, 40);
    driver.send(Msg::Notice { level: crate::tui::NoticeLevel::Error, text: "a worker failed".into() });
    driver.expect("a worker failed").press("j").expect_row("halden-energy").expect_not("a worker failed");
    driver.press("M").expect("a worker failed");
}

#[test]
fn a_notice_goes_by_its_own_deadline_only() {
    let mut driver = Driver::new(120, 40);
    driver.press("x").expect_toast("does nothing here");
    driver.send(Msg::Due(Deadline::Toast(0))).expect_toast("does nothing here");
    let (deadline, _) = driver.model.deadlines().pop().unwrap();
    driver.send(Msg::Due(deadline));
    assert!(driver.model.toast.is_none() && driver.model.deadlines().is_empty());
}

#[test]
fn a_running_sync_shows_progress_and_price_in_every_pane() {
    let mut driver = Driver::new(120, 40);
    driver.send(Msg::Sync(SyncEvent::Planned { jobs: fixtures::jobs(), again: false }));
    for pane in ["1", "2", "3", "4", "5", "7"] {
        driver.press(pane).expect("⟳ 3/5  $0.04");
    }
    driver.press("R").expect_toast("a sync is running");
    driver.press("e").expect("Cost Explorer was never enabled").expect("Open Cost Explorer once");
}

#[test]
fn the_copy_menu_gives_the_command_the_row_and_the_table() {
    let mut driver = Driver::new(120, 40);
    driver.press("<enter> <enter> <enter> y c").expect_toast("sent to terminal");
    assert_eq!(
        driver.copied(),
        Some("bailiwick costs --client northwind --account 447120069921 --service 'EC2 - Other'")
    );
    driver.press("1 y i");
    assert_eq!(driver.copied(), Some("northwind"));
    driver.press("y t");
    assert!(driver.copied().unwrap().starts_with("CLIENT,MONTH,SAME DAYS,"));
    driver.press("y m");
    assert!(driver.copied().unwrap().starts_with("| CLIENT | MONTH |"));
}

#[test]
fn a_table_too_large_for_the_clipboard_is_not_cut_but_refused() {
    let mut driver = Driver::with_desk(120, 40, fixtures::FakeDesk { clients: 2_000, ..Default::default() });
    driver.press("y t").expect_toast("too large for a terminal's clipboard");
    assert_eq!(driver.copied(), None);
    driver.press("/").typing("'north").press("<enter> y t").expect_toast("sent to terminal");
}

#[test]
fn the_command_line_completes_and_says_what_it_does_not_know() {
    let mut driver = Driver::new(120, 40);
    driver
        .press(":")
        .typing("fin")
        .press("<tab>")
        .typing(" tide")
        .press("<tab> <enter>")
        .expect("Findings ▸ tidewater");
    driver.press(":").typing("costs nobody").press("<enter>").expect_toast("no client \"nobody\"").press("<esc>");
    driver.press(":").typing("frobnicate").press("<enter>").expect_toast("no command").press("<esc>");
    driver.press(":").typing("metr").press("<enter>").expect_toast("works in Costs");
}

#[test]
fn help_is_searchable_and_runs_what_is_chosen() {
    let mut driver = Driver::new(120, 40);
    driver.press("?").typing("last row").press("<enter>").expect_row("tidewater");
    driver
        .press("<ctrl-p>")
        .typing("metric")
        .expect("(works in Costs)")
        .press("<enter>")
        .expect_toast("works in Costs");
}

#[test]
fn months_step_within_what_is_held() {
    let mut driver = Driver::new(120, 40);
    driver.press("3 [").expect("daily, October 2026").press("] ]").expect_toast("newest month");
    driver.press("[ [ [ [ [ [").expect_toast("earliest month held");
    assert_eq!(driver.model.level().months_back, 5);
}

#[test]
fn a_drill_forgets_what_the_level_below_waited_for() {
    let mut driver = Driver::new(120, 40);
    driver.press("3");
    driver.holding = true;
    driver.send(committed());
    driver.press("<enter>");
    let costs: Vec<_> = driver.held.iter().filter(|(_, q)| matches!(q, Query::Costs(_))).cloned().collect();
    assert_eq!(costs.len(), 2);
    driver.answer(costs[0].0, &costs[0].1);
    driver.expect("reading the vault");
    driver.answer(costs[1].0, &costs[1].1);
    driver.expect_row("447120069921 prod");
}
