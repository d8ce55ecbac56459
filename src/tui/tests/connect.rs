//! Connecting a client step by step, testing a connection, and overriding a quarantine.

use crate::{
    desk::{
        Format, Query, Template,
        view::{ConnectReport, ConnectionView},
    },
    domain::{ConnectionId, RequestCounts},
    tui::{
        Door, Effect, Msg, Theme,
        connect::{Done, Errand, Revealed, RoleText, WayIn},
        driver::Driver,
        fixtures::{self, HOSTILE, connections},
        overlays::Overlay,
    },
};
use rstest::rstest;
use std::{sync::Arc, time::Duration};

pub(super) const ACCOUNT: &str = "883010471177";
pub(super) const ID: &str = "bw-correcthorsebatterystaple7f3a9";

pub(super) fn rendered() -> Done {
    let mut text = String::from("# bailiwick: the payer role for acme\nAWSTemplateFormatVersion: \"2010-09-09\"\n");
    text += &format!("      sts:ExternalId: {ID}\n");
    (0..60).for_each(|n| text += &format!("  # line {n} {}\n", "of the template ".repeat(n % 13)));
    Done::Rendered(Box::new(RoleText {
        principal: "arn:aws:iam::999988887777:role/ops".into(),
        text: Revealed::new(text),
        quick_create_url: Some("https://console.aws.amazon.com/cloudformation/home#/stacks/quickcreate".into()),
        notes: vec!["to keep it so, put trusted_principal into config.toml".into()],
        hint: None,
    }))
}

fn view(gate: &'static str) -> ConnectionView {
    let id: ConnectionId = ACCOUNT.parse().unwrap();
    connections::view(&"acme".parse().unwrap(), &id, gate)
}

pub(super) fn report(gate: &'static str, kept: bool) -> Done {
    let requests = RequestCounts { sts: 5, ..RequestCounts::default() };
    Done::Tested(Arc::new(ConnectReport { kept, requests, connection: view(gate) }))
}

/// In the form of a new client.
pub(super) fn form(columns: u16, rows: u16) -> Driver {
    let mut driver = Driver::new(columns, rows);
    driver.press("A");
    driver
}

/// With the client saved and its role asked for.
pub(super) fn at_role(columns: u16, rows: u16) -> Driver {
    let mut driver = form(columns, rows);
    driver.typing("acme").press("<enter>").typing("Acme Retail").press("<enter> <right> <enter>");
    driver.typing("EUR").press("<enter>").typing("12000").press("<enter>").typing("knows us").press("<enter>");
    driver.end_errand(Ok(Done::Saved("acme".parse().unwrap())));
    driver
}

pub(super) fn at_account(columns: u16, rows: u16) -> Driver {
    let mut driver = at_role(columns, rows);
    driver.end_errand(Ok(rendered())).press("<enter>");
    driver
}

pub(super) fn at_gate(columns: u16, rows: u16) -> Driver {
    let mut driver = at_account(columns, rows);
    driver.typing(ACCOUNT).press("<enter> <enter> <enter>");
    driver
}

/// With every probe told and the end.
pub(super) fn ended(gate: &'static str, kept: bool, columns: u16, rows: u16) -> Driver {
    let mut driver = at_gate(columns, rows);
    for probe in connections::probes(gate, fixtures::now()) {
        driver.probe(probe);
    }
    driver.end_errand(Ok(report(gate, kept)));
    driver
}

#[test]
fn a_client_is_added_with_all_that_was_typed() {
    let mut driver = form(100, 30);
    driver.expect("[1 client]").expect("Only the id is needed").typing("acme").press("<enter>").typing("Acme Retail");
    driver.press("<tab> <space> <space> <down>").typing("EUR").press("<enter>").typing("12000").press("<enter>");
    driver.typing("knows us").press("<enter>").expect("writing it to the vault");
    let (_, Errand::SaveClient { client, facts, known: false }) = driver.errand() else { panic!() };
    assert_eq!((client.as_str(), facts.name.clone()), ("acme", Some("Acme Retail".into())));
    assert_eq!(facts.cost_basis.unwrap().word(), "pro forma");
    assert_eq!((facts.currency.unwrap().to_string(), facts.budget), ("EUR".into(), Some(12_000.into())));
    assert_eq!(facts.notes, Some("knows us".into()));
    // A second Enter is not a second client.
    driver.press("<enter>");
    let saves = |d: &Driver| d.effects.iter().filter(|e| matches!(e, Effect::Errand { .. })).count();
    assert_eq!(saves(&driver), 1);
    driver.end_errand(Ok(Done::Saved("acme".parse().unwrap()))).expect("connect acme").expect("[2 role]");
    let (_, Errand::Render { client, template: Template::Payer, format: Format::Cloudformation }) = driver.errand()
    else {
        panic!("{:?}", driver.errand())
    };
    assert_eq!(client.as_str(), "acme");
}

#[test]
fn what_is_wrong_stands_below_its_field_and_nothing_goes_on_past_it() {
    let mut driver = form(100, 30);
    driver.typing("Acme Retail").press("<enter>").expect("lower-case letters").expect("Acme Retail");
    driver.press("<up>").press("<ctrl-u>").expect_not("lower-case letters");
    driver.typing("northwind").press("<tab>").expect("northwind is there already");
    driver.press("<s-tab> <ctrl-u>").typing("acme").press("<tab> <tab> <tab>").typing("euro").press("<tab>");
    driver.expect("three capital letters").typing("12,000").press("<enter> <enter>").expect("without separators");
    assert!(!driver.effects.iter().any(|e| matches!(e, Effect::Errand { .. })));
    driver.press("<ctrl-u>").typing("EUR").press("<enter> <ctrl-u>").typing("12000").press("<enter> <enter>");
    assert!(matches!(driver.errand(), (_, Errand::SaveClient { .. })));
}

#[test]
fn a_client_that_could_not_be_saved_is_told_and_its_form_stays() {
    let mut driver = form(100, 30);
    driver.typing("acme").press("<tab> <tab> <tab> <tab> <tab> <enter>");
    driver.end_errand(Err("the disk is full: free some space, then try again".into()));
    driver.expect("the disk is full").expect("[1 client]").expect("acme").press("<enter>");
    driver.end_errand(Ok(Done::Saved("acme".parse().unwrap()))).expect("[2 role]").expect_not("the disk is full");
}

#[test]
fn esc_goes_one_step_back_and_loses_nothing() {
    let mut driver = ended("failed", false, 100, 30);
    driver.expect("[4 gate]").press("<esc>").expect("[3 account]").expect(ACCOUNT);
    driver.press("<esc>").expect("[2 role]").expect("AWSTemplateFormatVersion");
    driver.press("<esc>").expect("[1 client]").expect("Acme Retail").expect("knows us");
    // The id is that of a client now; the rest may be changed, and is.
    driver.press("<esc>").expect("▸ Overview").expect_toast("C on its row goes on");
    assert!(!driver.quits());
}

#[test]
fn a_form_that_was_not_changed_is_not_saved_again() {
    let mut driver = at_role(100, 30);
    driver.end_errand(Ok(rendered()));
    let before = driver.effects.len();
    // It stands where it was left, in the last field.
    driver.press("<esc>").expect("[1 client]").press("<enter>").expect("[2 role]").expect(ID);
    assert_eq!(driver.effects.len(), before);
    driver.press("<esc>").typing("!").press("<enter>");
    assert!(matches!(driver.errand(), (_, Errand::SaveClient { known: true, .. })));
}

#[test]
fn the_role_is_shown_chosen_scrolled_copied_and_written() {
    let mut driver = at_role(100, 30);
    driver.expect("asking who the role is to trust").end_errand(Ok(rendered()));
    driver.expect("trusts arn:aws:iam::999988887777:role/ops").expect(ID).expect("quick-create link");
    driver.press("j j j j j j j").expect_not(ID).expect("line 8 of 67").press("G").expect("line 67 of 67").press("g");
    driver.expect(ID).press("u");
    let Some(Effect::NoteCopy { text, .. }) =
        driver.effects.iter().rev().find(|e| matches!(e, Effect::NoteCopy { .. }))
    else {
        panic!()
    };
    assert!(text.starts_with("https://"));
    driver.press("y");
    let Some(Effect::NoteCopy { what, told, text }) =
        driver.effects.iter().rev().find(|e| matches!(e, Effect::NoteCopy { .. }))
    else {
        panic!()
    };
    assert_eq!(what, "role template", "the log's entry names no client");
    assert!(text.contains(ID) && told.contains("role of acme") && !told.contains(ID));
    driver.press("w").expect("bailiwick-payer-acme.yaml").press("<enter>");
    let (_, Errand::Write { path, text }) = driver.errand() else { panic!() };
    assert_eq!((path.as_str(), text.text().contains(ID)), ("bailiwick-payer-acme.yaml", true));
    assert!(!format!("{:?}", driver.errand()).contains(ID), "{:?}", driver.errand());
    driver.end_errand(Err("it exists already: name a new file".into())).expect("it exists already");
    driver.press("<backspace> <enter>");
    driver.end_errand(Ok(Done::Written("/home/ines/x.yam".into()))).expect_toast("only you can read it");
    driver.press("w <esc>").expect("[2 role]");
    driver.press("f").expect_not(ID).expect("terraform");
    driver.end_errand(Err("AWS did not tell who you are".into())).expect("did not tell who you are").expect_not(ID);
    driver.press("r t f f f").expect("member").expect("cloudformation");
    assert!(matches!(driver.errand(), (_, Errand::Render { template: Template::Member, .. })));
}

#[test]
fn an_answer_to_an_older_choice_is_not_shown_under_the_newer() {
    let mut driver = at_role(100, 30);
    let (old, _) = driver.errand();
    driver.press("t").send(Msg::ErrandEnded { request: old, result: Ok(rendered()) });
    driver.expect("asking who").expect_not(ID);
}

#[test]
fn no_stack_set_is_asked_for_the_payer_alone() {
    let mut driver = at_role(100, 30);
    for _ in 0..20 {
        driver.press("f t f");
        let (_, Errand::Render { template, format, .. }) = driver.errand() else { panic!() };
        assert!(format.takes(*template).is_ok(), "{template:?} {format:?}");
    }
}

#[test]
fn only_the_account_is_typed_and_the_arn_is_shown() {
    let mut driver = at_account(100, 30);
    driver.expect("arn:aws:iam::············:role/bailiwick/bailiwick-payer").expect("US$0.01");
    driver.typing("8830").expect("arn:aws:iam::8830········:role").press("<enter>").expect("exactly 12 digits");
    driver.press("<s-tab> <ctrl-u> <tab> <tab> <enter>").expect("type the account in which the role is");
    driver.typing(ACCOUNT).press("<enter> <enter> <enter>").expect("[4 gate]").expect("testing");
    let (_, Errand::Connect { client, way: WayIn::Role(role), alias: None }) = driver.errand() else { panic!() };
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/bailiwick/bailiwick-payer");
    assert_eq!((client.as_str(), role.to_string()), ("acme", arn));
}

#[test]
fn a_profile_goes_instead() {
    let mut driver = at_account(100, 30);
    driver.press("<tab>").typing("acme-admin").press("<enter>").typing("main").expect("profile acme-admin");
    driver.press("<enter>");
    let (_, Errand::Connect { way: WayIn::Profile(name), alias: Some(_), .. }) = driver.errand() else { panic!() };
    assert_eq!(name.as_str(), "acme-admin");
}

#[test]
fn probes_appear_as_they_come_and_a_passed_gate_leads_to_its_connection() {
    let mut driver = at_gate(100, 30);
    let probes = connections::probes("passed", fixtures::now());
    driver.expect("testing").expect_not("our own credentials");
    driver.probe(probes[0].clone()).expect("ok       our own credentials").expect_not("opens with").expect("testing");
    driver.press("<enter>").expect_toast("the test still goes on");
    for probe in &probes[1..] {
        driver.probe(probe.clone());
    }
    driver.expect("state    Cost Explorer answers").expect("→ open Cost Explorer once").expect("skipped  Organ");
    let asked = driver.desk.asked.len();
    driver
        .end_errand(Ok(report("passed", true)))
        .expect("PASSED")
        .expect("is connected as member")
        .expect_not("testing");
    assert!(driver.desk.asked.len() > asked, "what is shown is asked again");
    driver.press("<enter>").expect("Accounts ▸ 883010471177").expect("what its gate tried");
    assert!(driver.model.overlays.is_empty());
    driver.press("<esc>").expect("▸ Accounts").press("-").expect("▸ Overview");
}

#[test]
fn a_failed_gate_says_what_to_do_and_is_tried_again() {
    let mut driver = ended("failed", false, 100, 30);
    driver
        .expect("FAILED   opens with")
        .expect("nothing was changed")
        .expect("AWS refuses to open")
        .expect("→ compare");
    driver.press("<enter>").expect_toast("nothing was kept").press("r").expect("testing").expect_not("AWS refuses");
    assert!(matches!(driver.errand(), (_, Errand::Connect { .. })));
    driver.end_errand(Err("client acme is gone".into())).expect("client acme is gone");
}

#[test]
fn a_stop_goes_back_and_what_comes_after_it_is_not_heard() {
    let mut driver = at_gate(100, 30);
    let (request, _) = driver.errand();
    driver.press("<esc>").expect("[3 account]").expect_toast("stopped");
    assert!(matches!(driver.effects.last(), Some(Effect::StopErrand)));
    let probe = connections::probes("passed", fixtures::now()).remove(0);
    driver.send(Msg::Probe { request, probe: probe.clone() });
    driver.send(Msg::ErrandEnded { request, result: Ok(report("passed", true)) }).expect("[3 account]");
    driver.press("<enter>").expect("testing").expect_not("our own credentials").expect_not("PASSED");
    // Nor is it taken for news of the next test.
    driver.send(Msg::Probe { request, probe }).expect_not("our own credentials");
    driver.send(Msg::ErrandEnded { request, result: Ok(report("passed", true)) }).expect("testing");
}

#[test]
fn a_quarantine_is_overridden_with_its_name_and_a_reason() {
    let mut driver = ended("quarantined", true, 100, 30);
    driver.expect("QUARANTINED").expect("nothing will be read through it").expect("O use it all the same").press("O");
    driver.expect("Accounts ▸ 883010471177").expect("use acme/883010471177 in spite of its gate");
    driver.typing("acme").press("<enter>").expect("so that it is this connection and no other").press("<enter>");
    // At the first that is wrong.
    driver
        .expect("needs a reason")
        .press("<ctrl-u>")
        .typing("acme/883010471177")
        .press("<enter>")
        .expect_not("no other");
    driver.typing("mended on Monday").expect_not("needs a reason").press("<enter>").expect("noting it");
    let (_, Errand::Override { client, connection, reason }) = driver.errand() else { panic!("{:?}", driver.errand()) };
    assert_eq!((client.as_str(), connection.as_str()), ("acme", ACCOUNT));
    assert_eq!(crate::domain::Untrusted::from(reason.clone()), "mended on Monday");
    driver.end_errand(Err("it is not in quarantine any more".into())).expect("not in quarantine any more");
    driver.press("<enter>").end_errand(Ok(Done::Overridden(Arc::new(view("overridden")))));
    driver.expect_toast("in spite of its gate; the finding stays open");
    assert!(driver.model.overlays.is_empty());
}

#[test]
fn a_kept_connection_is_tested_from_its_row_and_from_its_page() {
    for keys in ["2 j j j T", "2 j j j <enter> T"] {
        let mut driver = Driver::new(100, 30);
        driver.press(keys).expect("test tidewater/883010471177").expect("testing");
        let (_, Errand::Test { client, connection }) = driver.errand() else { panic!() };
        assert_eq!((client.as_str(), connection.as_str()), ("tidewater", ACCOUNT));
        for probe in connections::probes("quarantined", fixtures::now()) {
            driver.probe(probe);
        }
        driver.end_errand(Ok(report("quarantined", true))).expect("QUARANTINED").press("r").expect("testing");
        driver.press("<esc>").expect_toast("stays as it was");
        assert!(driver.model.overlays.is_empty() && matches!(driver.effects.last(), Some(Effect::StopErrand)));
    }
}

#[test]
fn keys_say_why_they_do_nothing_here() {
    let mut driver = Driver::new(100, 30);
    driver.press("T").expect_toast("works in Accounts").press("2 O").expect_toast("this one is passed");
    driver.press("j j T").expect_toast("C connects one").press("j O").expect("in spite of its gate").press("<esc>");
    driver.expect("▸ Accounts");
    let mut driver = Driver::with_desk(100, 30, fixtures::FakeDesk { clients: 0, ..Default::default() });
    driver.press("C").expect_toast("no client is selected").press("A").expect("add a client");
}

#[test]
fn a_half_finished_client_goes_on_from_its_row_and_from_the_command_line() {
    let mut driver = Driver::new(100, 30);
    driver.press("C").expect("connect northwind").expect("[2 role]");
    let (_, Errand::Render { client, .. }) = driver.errand() else { panic!() };
    assert_eq!(client.as_str(), "northwind");
    driver.press("<esc>").expect("▸ Overview").expect_row("northwind");
    driver.press(":").typing("add-client").press("<enter>").expect("add a client").press("<esc>");
    driver.press("<ctrl-p>").typing("connect-account").press("<enter>").expect("connect northwind");
}

#[rstest]
#[case("A", 6)]
#[case("C <enter>", 3)]
#[case("2 j j j O", 2)]
fn hostile_text_stays_in_its_field_and_is_named(#[case] keys: &str, #[case] fields: usize) {
    for text in ["x".repeat(10_240), HOSTILE.to_owned(), "a\u{202e}b\u{200b}".repeat(30), "漢字🧪e\u{301}".repeat(20)]
    {
        for (columns, rows) in [(100, 30), (60, 16), (40, 12)] {
            let mut driver = Driver::new(columns, rows);
            driver.press(keys);
            for _ in 0..fields {
                driver.send(Msg::Paste(text.clone())).press("<left> <home> <end> <backspace> <tab>");
                let screen = driver.screen();
                assert!(!screen.chars().any(|c| (c.is_control() && c != '\n') || "\u{202e}\u{200b}".contains(c)));
            }
            driver.press("<enter>");
            assert!(!driver.effects.iter().any(|e| matches!(
                e,
                Effect::Errand {
                    errand: Errand::SaveClient { .. } | Errand::Connect { .. } | Errand::Override { .. },
                    ..
                }
            )));
        }
    }
}

#[test]
fn a_lock_takes_the_flow_away_and_says_so() {
    let lock = |driver: &mut Driver| {
        driver.send(Msg::Now(fixtures::now().plus(700)));
        driver.press("j");
    };
    let mut driver = Driver::behind(Door::Asks, Some(Duration::from_secs(600)), 100, 30);
    driver.release().send(Msg::Unlocked);
    driver.press("A").typing("acme").press("<tab> <tab> <tab> <tab> <tab> <enter>");
    driver.end_errand(Ok(Done::Saved("acme".parse().unwrap()))).end_errand(Ok(rendered())).expect(ID);
    driver.press("<enter>").typing(ACCOUNT).press("<enter> <enter> <enter>").expect("testing");
    let (request, _) = driver.errand();
    lock(&mut driver);
    driver.expect("locked after 10 minutes").expect("what was typed into the form is forgotten").expect_not("acme");
    assert!(matches!(driver.effects.last(), Some(Effect::Lock { why }) if !why.contains("form")));
    assert!(!format!("{:?}", driver.model).contains(ACCOUNT));
    // What comes late is not heard, not even after the vault is open again.
    driver.send(Msg::ErrandEnded { request, result: Ok(report("passed", true)) });
    driver.send(Msg::Locked { note: None }).send(Msg::Unlocked).expect("▸ Overview").expect_not("PASSED");
    driver.send(Msg::ErrandEnded { request, result: Ok(report("passed", true)) }).expect_not("PASSED");
    assert!(driver.model.overlays.is_empty());
}

#[test]
fn every_step_looks_as_it_should() {
    type Make = fn(u16, u16) -> Driver;
    let wrong: Make = |c, r| {
        let mut driver = form(c, r);
        driver.typing("Acme Retail").press("<enter>").typing("Acme").press("<tab> <tab>").typing("euro").press("<tab>");
        driver
    };
    let role: Make = |c, r| {
        let mut driver = at_role(c, r);
        driver.end_errand(Ok(rendered()));
        driver
    };
    let file: Make = |c, r| {
        let mut driver = at_role(c, r);
        driver.end_errand(Ok(rendered())).press("w");
        driver
    };
    let running: Make = |c, r| {
        let mut driver = at_gate(c, r);
        for probe in connections::probes("passed", fixtures::now()).into_iter().take(5) {
            driver.probe(probe);
        }
        driver
    };
    let over: Make = |c, r| {
        let mut driver = Driver::new(c, r);
        driver.press("2 j j j O").typing("tidewater/883010471177").press("<enter> <enter>");
        driver
    };
    let steps: [(&str, Make); 11] = [
        ("form", form),
        ("form_wrong", wrong),
        ("role_asked", at_role),
        ("role", role),
        ("file", file),
        ("account", at_account),
        ("gate_running", running),
        ("gate_passed", |c, r| ended("passed", true, c, r)),
        ("gate_quarantined", |c, r| ended("quarantined", true, c, r)),
        ("gate_failed", |c, r| ended("failed", false, c, r)),
        ("override", over),
    ];
    for (name, make) in steps {
        for (columns, rows) in [(80, 24), (120, 40)] {
            insta::assert_snapshot!(format!("connect_{name}_{columns}x{rows}"), make(columns, rows).screen());
        }
        for (columns, rows) in [(1, 1), (40, 12), (60, 16), (200, 60)] {
            make(columns, rows);
        }
        let mut driver = make(100, 30);
        driver.theme = Theme { ascii: true, ..Theme::MONO };
        driver.draw();
        assert!(driver.screen().is_ascii(), "{name}:\n{}", driver.screen());
        assert!(matches!(driver.model.overlays.last(), Some(Overlay::Flow(_) | Overlay::Override(_))), "{name}");
    }
}

#[test]
fn a_client_without_an_account_says_how_to_go_on() {
    let mut driver = Driver::new(120, 40);
    let mut view = fixtures::overview(1);
    view.clients[0].accounts = 0;
    view.clients[0].month = crate::domain::Cell::Unavailable { reason: "costs were never read".into() };
    driver.holding = true;
    driver.send(Msg::VaultChanged);
    let (request, _) = driver.held.pop().unwrap();
    driver.answer_with(request, crate::desk::Answer::Overview(Arc::new(view)));
    driver.expect_row("not connected yet: C goes on").expect("renders its role and connects its first account");
}

#[test]
fn what_several_probes_say_alike_is_said_once() {
    let mut driver = at_gate(120, 60);
    let open = connections::probes("quarantined", fixtures::now());
    let failed = open.iter().find(|p| p.outcome == "failed").unwrap().clone();
    for probe in open {
        let title = probe.title;
        driver.probe(crate::desk::view::ProbeView { title, probe: probe.probe, ..failed.clone() });
    }
    let screen = driver.screen();
    assert_eq!(screen.matches("→ ").count(), 1, "{screen}");
}

#[test]
fn the_connection_shown_is_asked_for_by_its_name() {
    let mut driver = Driver::new(100, 30);
    driver.press("2 <enter>");
    let last = driver.desk.asked.iter().rev().find(|q| matches!(q, Query::Connection { .. }));
    let Some(Query::Connection { client, id }) = last else { panic!() };
    assert_eq!((client.as_str(), id.as_str()), ("northwind", "310044558812"));
    driver
        .press("<enter>")
        .expect("Costs ▸ northwind ▸ 310044558812")
        .press("<esc> <esc>")
        .expect("what its gate tried");
}
