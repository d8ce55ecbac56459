//! The table itself.

use super::{
    Action,
    Place::{Everywhere, In, Panes},
    costs, list, run, sync,
};
use crate::tui::{Model, connect, panes::PaneId};

fn always(_: &Model) -> Result<(), String> {
    Ok(())
}

const fn action(
    name: &'static str,
    keys: &'static [&'static str],
    title: &'static str,
    run: fn(&mut Model) -> Vec<crate::tui::Effect>,
) -> Action {
    Action { name, keys, title, hint: None, place: Panes, when: always, run }
}

/// Everything that can be done, in the order help shows it.
pub const ACTIONS: &[Action] = &[
    action("overview", &["1"], "Overview: every client on one row", |m| run::pane(m, PaneId::Overview)),
    action("accounts", &["2"], "Accounts: connection and sources of each", |m| run::pane(m, PaneId::Accounts)),
    action("costs", &["3"], "Costs: client, account, service, day", |m| run::pane(m, PaneId::Costs)),
    action("access", &["4"], "Access: who acted, and what they did", |m| run::pane(m, PaneId::Access)),
    action("findings", &["5"], "Findings: the triage list, with evidence", |m| run::pane(m, PaneId::Findings)),
    action("sync", &["7"], "Sync: jobs, requests, spend, errors", |m| run::pane(m, PaneId::Sync)),
    action("vault", &["8"], "Vault: slots, backups, the audit log", |m| run::pane(m, PaneId::Vault)),
    action("next-pane", &["Tab"], "Next pane", |m| run::neighbour(m, 1)),
    action("previous-pane", &["Shift-Tab"], "Pane before", |m| run::neighbour(m, -1)),
    Action {
        hint: Some("open"),
        when: run::can_open,
        ..action("open", &["Enter", "l", "Right"], "Open what is selected", run::open)
    },
    Action { when: run::can_go_back, ..action("back", &["Esc", "h", "Left"], "One level back", run::back) },
    Action { when: run::has_last, ..action("last-view", &["-"], "The pane shown before", run::last_view) },
    Action { when: list::has_rows, ..action("down", &["j", "Down"], "Down", |m| list::step(m, 1)) },
    Action { when: list::has_rows, ..action("up", &["k", "Up"], "Up", |m| list::step(m, -1)) },
    Action { when: list::has_rows, ..action("top", &["gg", "Home"], "To the first row", list::first) },
    Action { when: list::has_rows, ..action("bottom", &["G", "End"], "To the last row", list::last) },
    Action { when: list::has_rows, ..action("half-down", &["Ctrl-d"], "Half a page down", |m| list::pages(m, 1, 2)) },
    Action { when: list::has_rows, ..action("half-up", &["Ctrl-u"], "Half a page up", |m| list::pages(m, -1, 2)) },
    Action {
        when: list::has_rows,
        ..action("page-down", &["PgDn", "Ctrl-f"], "A page down", |m| list::pages(m, 1, 1))
    },
    Action { when: list::has_rows, ..action("page-up", &["PgUp"], "A page up", |m| list::pages(m, -1, 1)) },
    Action {
        hint: Some("filter"),
        ..action("filter", &["/"], "Filter: word fuzzy, 'word exact, !word without, field:word", run::filter)
    },
    Action {
        hint: Some("sort"),
        when: list::has_columns,
        ..action("sort", &["s"], "Sort by the next column", list::sort_next)
    },
    Action { when: list::is_sorted, ..action("sort-reverse", &["S"], "Reverse the sort order", list::sort_reverse) },
    Action {
        hint: Some("month"),
        place: In(&[PaneId::Costs]),
        when: costs::has_earlier_month,
        ..action("earlier-month", &["["], "A month earlier", |m| costs::step_month(m, 1))
    },
    Action {
        place: In(&[PaneId::Costs]),
        when: costs::has_later_month,
        ..action("later-month", &["]"], "A month later", |m| costs::step_month(m, -1))
    },
    Action {
        hint: Some("metric"),
        place: In(&[PaneId::Costs]),
        ..action("metric", &["m"], "Next metric: unblended, net, amortized, net amortized", costs::next_metric)
    },
    Action {
        hint: Some("usage"),
        place: In(&[PaneId::Costs]),
        when: costs::can_drill,
        ..action("usage", &["u"], "A service by usage type; where not read, asked at US$0.01 a page", costs::drill)
    },
    Action {
        hint: Some("pause"),
        place: In(&[PaneId::Sync]),
        when: sync::goes_on,
        ..action("pause", &["p"], "Pause or resume the whole sync", sync::pause)
    },
    Action {
        hint: Some("hold"),
        place: In(&[PaneId::Sync]),
        when: sync::job_goes_on,
        ..action("pause-job", &["o"], "Pause or resume the selected job", sync::pause_job)
    },
    Action {
        hint: Some("cancel"),
        place: In(&[PaneId::Sync]),
        when: sync::job_goes_on,
        ..action("cancel-job", &["c"], "Cancel the selected job; what it stored stays", sync::cancel_job)
    },
    Action {
        hint: Some("retry"),
        place: In(&[PaneId::Sync]),
        when: sync::can_retry,
        ..action("retry-job", &["r"], "Try the selected job again", sync::retry_job)
    },
    Action {
        hint: Some("spend"),
        place: In(&[PaneId::Sync]),
        when: sync::can_list_spend,
        ..action("spend", &["$"], "What the clients paid for Cost Explorer, by month", sync::spend)
    },
    Action {
        hint: Some("findings"),
        place: In(&[PaneId::Overview, PaneId::Accounts, PaneId::Costs, PaneId::Access, PaneId::Sync]),
        when: run::has_client,
        ..action("client-findings", &["f"], "Findings of the selected client", run::client_findings)
    },
    Action {
        hint: Some("access"),
        place: In(&[PaneId::Overview, PaneId::Accounts, PaneId::Costs, PaneId::Findings, PaneId::Sync]),
        when: run::has_client,
        ..action("client-access", &["a"], "Access to the selected client", run::client_access)
    },
    Action {
        hint: Some("add client"),
        place: In(&[PaneId::Overview, PaneId::Accounts]),
        ..action("add-client", &["A"], "Add a client and connect its first account", connect::add_client)
    },
    Action {
        hint: Some("connect"),
        place: In(&[PaneId::Overview, PaneId::Accounts]),
        when: run::has_client,
        ..action("connect-account", &["C"], "Connect an account of the selected client", connect::connect_client)
    },
    Action {
        hint: Some("test"),
        place: In(&[PaneId::Accounts]),
        when: connect::can_test,
        ..action("test-connection", &["T"], "Test the selected connection now", connect::test)
    },
    Action {
        place: In(&[PaneId::Accounts]),
        when: connect::can_override,
        ..action("override-gate", &["O"], "Use a quarantined connection all the same", connect::override_gate)
    },
    Action {
        hint: Some("backup now"),
        place: In(&[PaneId::Vault]),
        ..action("backup-now", &["b"], "Make a backup now", run::backup_now)
    },
    Action {
        hint: Some("backups"),
        place: In(&[PaneId::Vault]),
        when: run::has_backups,
        ..action("backups", &["B"], "All backups", run::backups)
    },
    Action {
        hint: Some("verify"),
        place: In(&[PaneId::Vault]),
        ..action("verify", &["v"], "Read the whole vault and check it", run::verify)
    },
    Action { hint: Some("copy"), ..action("copy", &["y"], "Copy: id, ARN, row, table, command", run::copy_menu) },
    Action {
        hint: Some("sync"),
        when: run::can_sync,
        ..action("sync-now", &["R"], "Sync every client now", run::sync_now)
    },
    Action { hint: Some("errors"), ..action("errors", &["e"], "What is stale or failed, and why", run::errors) },
    action("messages", &["M"], "All notices of this session", run::messages),
    Action { hint: Some("help"), ..action("help", &["?"], "Help for here; type to search, Enter runs", run::help) },
    Action { hint: Some("command"), ..action("command", &[":"], "Command line, with completion", run::command_line) },
    action("palette", &["Ctrl-p"], "Palette: every action by name", run::palette),
    Action {
        when: Model::can_lock,
        ..action("lock", &["L"], "Lock: forget all that is shown, close the vault", run::lock)
    },
    Action { place: Everywhere, ..action("repaint", &["Ctrl-l"], "Draw everything anew", run::repaint) },
    Action { place: Everywhere, ..action("suspend", &["Ctrl-z"], "Back to the shell; fg returns", run::suspend) },
    Action { when: run::at_root, ..action("quit", &["q"], "Quit, from a pane's first level", run::quit) },
    Action { place: Everywhere, ..action("quit-now", &["Ctrl-c"], "Quit from anywhere", run::quit) },
];
