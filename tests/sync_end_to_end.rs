//! The main job over real HTTP with the real SDK: what is shown equals the simulator's truth.

mod canary;
mod support;

use bailiwick::{
    app::fleet::stories_found,
    desk::{
        AccessScope, CostScope, Desk, FindingScope,
        view::{AccountRow, CostKey},
    },
    domain::{Cell, FailureKind, GateState, JobState, Month, Source, SyncEvent, SyncSummary},
    vault::{Name, Scope},
};
use canary::Canaries;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use support::{Rig, is_footprint};

/// One synced fleet for all questions: 24 accounts keep it short in an unoptimised build.
#[test]
fn a_first_sync_shows_the_truth_and_a_second_reads_only_what_is_new() {
    let rig = Rig::new(24, 6_000);
    let (first, events) = rig.sync();
    tells_the_plan_and_every_end(&events, &first);
    every_story_is_found(&rig);
    costs_equal_the_truth(&rig);
    counts_agree_with_the_server(&rig, &first);
    every_event_is_stored_once(&rig, &first);
    nothing_readable_is_on_disk(&rig);
    the_first_screen_is_kept_and_is_the_one_that_would_be_built(&rig);
    a_second_sync_asks_nothing_and_a_later_one_little(&rig, &first);
    an_unreachable_aws_loses_nothing(&rig);
}

fn tells_the_plan_and_every_end(events: &[SyncEvent], summary: &SyncSummary) {
    let Some(SyncEvent::Planned { jobs, .. }) = events.first() else { panic!("the plan comes first") };
    assert!(jobs.iter().all(|j| j.state == JobState::Waiting));
    assert!(matches!(events.last(), Some(SyncEvent::Finished { .. })));
    let ended = summary.jobs_done + summary.jobs_partial + summary.jobs_failed;
    assert_eq!(ended as usize, jobs.len(), "every job has an end");
    // What fails is what was planted: no Cost Explorer, a region denied, a role that opens without its ExternalId
    // (its gate, its events and our own footprint).
    let failed: Vec<(Source, FailureKind)> = summary
        .failures
        .iter()
        .map(|job| match &job.state {
            JobState::Failed { failure } => (job.source, failure.kind),
            JobState::Partial { failures } => (job.source, failures[0].kind),
            other => panic!("{other:?}"),
        })
        .collect();
    let mut expected = vec![
        (Source::Gate, FailureKind::Quarantined),
        (Source::Events, FailureKind::Quarantined),
        (Source::Footprint, FailureKind::Quarantined),
        (Source::Costs, FailureKind::CostExplorerNeverEnabled),
        (Source::Events, FailureKind::DeniedByOrganization),
    ];
    let mut failed = failed;
    expected.sort();
    failed.sort();
    assert_eq!(failed, expected);
}

fn every_story_is_found(rig: &Rig) {
    let findings = rig.desk.findings(&FindingScope::default()).unwrap();
    let ids: Vec<_> = findings.rows.iter().map(|r| r.id).collect();
    let planted: Vec<&str> = rig.world.truth.iter().map(|s| s.story).collect();
    assert_eq!(stories_found(&rig.world.truth, &ids), planted);
    assert_eq!(planted.len(), 8);
}

/// To the last decimal, residual included, for every client and month.
fn costs_equal_the_truth(rig: &Rig) {
    let mut compared = 0;
    let truth = rig.world.cost_truth();
    for client in &rig.world.clients {
        let scope = CostScope { client: Some(client.id.parse().unwrap()), ..CostScope::default() };
        let view = rig.desk.costs(&scope).unwrap();
        let shown = |cells: &[Cell<bailiwick::domain::Money>]| -> BTreeMap<Month, Decimal> {
            let pairs = view.months.iter().zip(cells);
            pairs.filter_map(|(month, cell)| Some((*month, cell.value()?.amount))).collect()
        };
        if view.months.is_empty() {
            assert!(view.notes.iter().any(|n| n.contains("never enabled")), "{:?}", view.notes);
            continue;
        }
        let totals = shown(&view.totals[0].months);
        let residual = shown(&view.residual.as_ref().unwrap().months);
        let mut grouped: BTreeMap<Month, Decimal> = BTreeMap::new();
        for row in &view.rows {
            assert!(matches!(row.key, CostKey::Account(_)));
            shown(&row.months).into_iter().for_each(|(m, a)| *grouped.entry(m).or_default() += a);
        }
        for month in truth.iter().filter(|t| t.client == client.id) {
            let key = month.month.month();
            assert_eq!(totals.get(&key), Some(&month.total), "{} {key} total", client.id);
            assert_eq!(grouped.get(&key), Some(&month.grouped), "{} {key} groups", client.id);
            assert_eq!(residual.get(&key), Some(&(month.total - month.grouped)), "{} {key} residual", client.id);
            compared += 1;
        }
    }
    assert!(compared >= 11 * 14, "{compared}");
    assert!(truth.iter().any(|t| t.total != t.grouped), "some organization has a residual");
}

fn counts_agree_with_the_server(rig: &Rig, summary: &SyncSummary) {
    let served = rig.server.counts();
    let sent = summary.requests;
    assert_eq!((sent.organizations, sent.cloudtrail, sent.ce), (served.organizations, served.cloudtrail, served.ce));
    // One more: the engine asks once who it is itself.
    assert_eq!(sent.sts + 1, served.sts);
    // A client pays only for pages that succeeded: all but the one that was refused.
    assert_eq!(summary.ce_spend_usd, Decimal::new(i64::try_from(served.ce - 1).unwrap(), 2));
}

fn every_event_is_stored_once(rig: &Rig, summary: &SyncSummary) {
    let quarantined: Vec<_> =
        rig.world.truth.iter().filter(|s| s.story == "no-external-id").map(|s| s.account).collect();
    let essential: usize = rig
        .world
        .accounts
        .iter()
        .filter(|a| !quarantined.contains(&a.id))
        .flat_map(|a| a.events.iter().filter(|e| !a.denied_regions.contains(&e.region)))
        .filter(|e| e.essential() || is_footprint(e))
        .count();
    let view = rig.desk.access(&AccessScope::default()).unwrap();
    let stored: u64 = view.principals.iter().map(|p| p.actions).sum();
    assert_eq!(stored as usize, essential);
    assert_eq!(stored, summary.events);
}

/// The overview from kept glances equals the one built from everything, until the present or the data move on.
fn the_first_screen_is_kept_and_is_the_one_that_would_be_built(rig: &Rig) {
    let again = || Desk::new(rig.vault.clone(), rig.checks.clone(), rig.clock.clone());
    let shown = |desk: &Desk| serde_json::to_value(desk.overview().unwrap()).unwrap();
    let built = shown(&again());
    again().keep_glances().unwrap();
    let revision = rig.vault.revision();
    assert_eq!(shown(&again()), built);
    again().keep_glances().unwrap();
    assert_eq!(rig.vault.revision(), revision, "a glance that counts is not made again");
    let name = Name::new("glance").unwrap();
    for client in rig.vault.clients() {
        let kept = rig.vault.record_revision(&Scope::Client(client.clone()), &name).unwrap();
        assert_eq!(kept, rig.vault.client_revision(&client).map(|(newest, _)| newest), "{client}");
    }
    // A day later everything is stale: a glance that said otherwise would be a lie.
    rig.clock.advance(25 * 3_600);
    assert_ne!(shown(&again())["accounts_stale"], built["accounts_stale"]);
    rig.clock.advance(-25 * 3_600);
}

/// Neither what was read nor a credential, in no disguise.
fn nothing_readable_is_on_disk(rig: &Rig) {
    let mut secrets: Vec<String> = rig.server.secrets();
    assert!(secrets.len() > 20, "{} session secrets", secrets.len());
    for client in &rig.world.clients {
        secrets.extend([client.id.clone(), client.name.clone(), client.external_id.clone()]);
    }
    for account in &rig.world.accounts {
        secrets.push(account.id.to_string());
        secrets.push(account.name.clone());
        secrets.extend(account.roles.iter().map(|r| r.resource.clone()));
        for event in account.events.iter().step_by(97) {
            secrets.extend(event.username.iter().map(|u| u.to_string()));
        }
    }
    secrets.extend(rig.world.truth.iter().map(|s| s.subject.clone()));
    secrets.push("arn:aws:".into());
    let canaries = Canaries::new(secrets);
    let files = canaries.assert_absent(&rig.vault_dir());
    assert!(files >= 4 && canaries.len() > 100, "{files} files, {} secrets", canaries.len());
}

fn a_second_sync_asks_nothing_and_a_later_one_little(rig: &Rig, first: &SyncSummary) {
    let before = rig.server.counts();
    let (idle, _) = rig.sync();
    // Only the connection that cannot be used and the region that is denied are tried again.
    assert_eq!((idle.requests.ce, idle.events, idle.cost_cells), (0, 0, 0));
    let findings = rig.desk.findings(&FindingScope::default()).unwrap().rows.len();
    rig.clock.advance(3_600);
    let (hour, _) = rig.sync();
    assert_eq!(hour.requests.ce, 0, "costs are asked again after eight hours at the earliest");
    assert_eq!(hour.events, 0, "nothing happened since, and the overlap is not stored twice");
    // Five lookups of one page in each region in use, none in the quiet ones; and the denied region's two tries.
    let regions: usize =
        rig.desk.accounts(None).unwrap().rows.iter().filter(|r| r.connection.is_some()).map(in_use).sum();
    assert_eq!(hour.requests.cloudtrail as usize, 5 * regions + 2);
    assert!(hour.requests.cloudtrail < first.requests.cloudtrail);
    rig.clock.advance(23 * 3_600);
    let (day, _) = rig.sync();
    let payers = rig.world.clients.iter().flat_map(|c| &c.accounts).filter(|id| {
        let account = rig.world.accounts.iter().find(|a| a.id == **id).unwrap();
        let organization = rig.world.clients[account.client].organization.is_some();
        account.cost_explorer && (account.is_management || !organization)
    });
    let payers = payers.count() as u64;
    assert!(day.requests.ce >= 2 * payers && day.requests.ce < first.requests.ce / 3, "{:?} {payers}", day.requests);
    assert_eq!(day.events, 0);
    assert_eq!(rig.desk.findings(&FindingScope::default()).unwrap().rows.len(), findings, "no finding twice");
    assert!(rig.server.counts().ce > before.ce);
    costs_equal_the_truth(rig);
}

/// Regions that are read at every sync; none for the role that is quarantined.
fn in_use(row: &AccountRow) -> usize {
    let quarantined = matches!(row.gate, Some(GateState::Quarantined { .. }));
    let global = ["us-east-1", "us-east-2", "us-west-2"];
    let more = row.regions.iter().filter(|r| !global.contains(&r.as_str())).count();
    if quarantined { 0 } else { global.len() + more }
}

fn an_unreachable_aws_loses_nothing(rig: &Rig) {
    let before = rig.desk.overview().unwrap();
    rig.clock.advance(86_400);
    let (offline, _) = rig.sync_at("http://127.0.0.1:9".into());
    assert_eq!((offline.jobs_done, offline.jobs_partial), (0, 0));
    let failure = offline.failures.iter().find_map(|job| match &job.state {
        JobState::Failed { failure } if failure.kind == FailureKind::Offline => Some(failure.clone()),
        _ => None,
    });
    let failure = failure.expect("offline is told apart");
    assert!(failure.next_step.contains("stays readable offline"), "{failure:?}");
    let after = rig.desk.overview().unwrap();
    assert_eq!(before.clients.len(), after.clients.len());
    for row in &after.clients {
        let was = before.clients.iter().find(|c| c.client == row.client).unwrap();
        assert_eq!(row.month.value().is_some(), was.month.value().is_some(), "{}", row.client);
        assert!(
            matches!(row.month, Cell::Stale { .. } | Cell::Unavailable { .. }),
            "{} must not look fresh",
            row.client
        );
        assert!(!row.freshness.problems.is_empty());
    }
}
