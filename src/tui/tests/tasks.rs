//! What people come for, in key presses from the first screen.

use crate::tui::driver::Driver;

fn within(limit: usize, driver: &Driver) {
    assert!(driver.presses <= limit, "{} presses, the goal is {limit}", driver.presses);
}

#[test]
fn which_client_moved_most_and_which_service_did_it() {
    let mut driver = Driver::new(120, 40);
    driver.expect_row("northwind").expect("moved     NAT gateway");
    within(0, &driver);
}

#[test]
fn one_clients_one_service_by_day() {
    let mut driver = Driver::new(120, 40);
    driver.press("<enter> <enter> <enter>").expect("EC2 - Other").expect("2026-11-21");
    within(5, &driver);
}

#[test]
fn newest_critical_finding_with_its_evidence() {
    let mut driver = Driver::new(80, 24);
    driver.press("5 <enter>").expect("GPU fleet started").expect("ec2 RunInstances ok · 8 × g5.48xlarge");
    within(2, &driver);
}

#[test]
fn everything_one_principal_did() {
    let mut driver = Driver::new(120, 40);
    driver.press("4 <enter>").expect("Access ▸ ci-deploy").expect("iam AttachUserPolicy");
    within(5, &driver);
}

#[test]
fn is_every_source_fresh_and_if_not_why() {
    let mut driver = Driver::new(80, 24);
    driver.press("e").expect("could not be renewed: AccessDenied").expect("were never read: Cost Explorer");
    within(1, &driver);
}

#[test]
fn copy_the_command_that_shows_this_view() {
    let mut driver = Driver::new(80, 24);
    driver.press("y c");
    assert_eq!(driver.copied(), Some("bailiwick overview"));
    within(2, &driver);
}
