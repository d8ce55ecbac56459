//! One connection in full: how it is reached, what the gate found and how old that is. Flat and stable, for `--json`.

use crate::{
    connect::RETEST_AFTER_SECONDS,
    desk::Way,
    domain::{
        AccountId, ClientId, Connection, ConnectionId, ConnectionKind, Depth, Failure, GateResult, GateState, Probe,
        ProbeOutcome, RequestCounts, RoleArn, SourceState, Timestamp, Untrusted,
    },
    sync::Sources,
};
use serde::Serialize;

/// What became of a test.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectReport {
    /// Whether the connection is in the vault now.
    pub kept: bool,
    /// Requests it took.
    pub requests: RequestCounts,
    /// The connection as it was tested.
    #[serde(flatten)]
    pub connection: ConnectionView,
}

/// One connection.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionView {
    /// Whose.
    pub client: ClientId,
    /// Its id; `None` where the account is not known, because the credentials do not work.
    pub connection: Option<ConnectionId>,
    /// The account it leads into.
    pub account: Option<AccountId>,
    /// What it can read.
    pub kind: Option<ConnectionKind>,
    /// `role`, `stack set role`, `profile`, `access key`.
    pub access: &'static str,
    /// The role's ARN, the profile's name, the key's ends.
    pub through: String,
    /// The role, if it is one.
    pub role: Option<RoleArn>,
    /// The operator's name for the account.
    pub alias: Option<Untrusted>,
    /// Which of its events are read.
    pub depth: Option<Depth>,
    /// When it was connected.
    pub linked_at: Option<Timestamp>,
    /// `untested`, `passed`, `quarantined`, `failed`, `overridden`.
    pub gate: &'static str,
    /// When that came about.
    pub gate_at: Option<Timestamp>,
    /// When a sync tries the gate by itself again.
    pub next_test: Option<Timestamp>,
    /// The code of the failure, if the gate failed or the role is in quarantine.
    pub code: Option<&'static str>,
    /// What is wrong, in words.
    pub what: Option<String>,
    /// What to do.
    pub next_step: Option<String>,
    /// Why it is used in spite of the gate.
    pub override_reason: Option<Untrusted>,
    /// Each thing the gate tried, in its order.
    pub results: Vec<ProbeView>,
    /// What should be said at each use.
    pub warning: Option<String>,
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeView {
    /// Which.
    pub probe: Probe,
    /// What it tries, in words.
    pub title: &'static str,
    /// When it was tried.
    pub at: Timestamp,
    /// `passed`, `failed`, `state` (a known state that is nobody's fault), `skipped`.
    pub outcome: &'static str,
    /// What was seen, or why it was skipped.
    pub note: Option<String>,
    /// The code of the failure or the state.
    pub code: Option<&'static str>,
    /// What is wrong, in words.
    pub what: Option<String>,
    /// What to do.
    pub next_step: Option<String>,
}

impl ProbeView {
    /// A result, as it is shown.
    pub fn new(result: &GateResult) -> Self {
        let (outcome, note, failure): (_, _, Option<&Failure>) = match &result.outcome {
            ProbeOutcome::Passed { note } => ("passed", Some(note.clone()), None),
            ProbeOutcome::Failed { failure } => ("failed", None, Some(failure)),
            ProbeOutcome::State { failure } => ("state", None, Some(failure)),
            ProbeOutcome::Skipped { why } => ("skipped", Some(why.clone()), None),
        };
        Self {
            probe: result.probe,
            title: result.probe.title(),
            at: result.at,
            outcome,
            note,
            code: failure.map(|f| f.kind.code()),
            what: failure.map(|f| f.what.clone()),
            next_step: failure.map(|f| f.next_step.clone()),
        }
    }
}

impl ConnectionView {
    /// A connection; what a sync read since the last test is newer news of the three services.
    pub fn new(connection: &Connection, sources: Option<&Sources>, now: Timestamp) -> Self {
        let failure = match &connection.gate {
            GateState::Failed { failure, .. } => Some(failure.clone()),
            _ => crate::sync::gate_failure(connection),
        };
        let mut results: Vec<ProbeView> = connection.results.iter().map(ProbeView::new).collect();
        if let Some(sources) = sources {
            let read = [
                (Probe::Accounts, &sources.accounts),
                (Probe::Costs, &sources.costs),
                (Probe::Events, &sources.events),
            ];
            for (probe, state) in read {
                if let SourceState::Fresh { at } = state {
                    renew(&mut results, probe, *at);
                }
            }
        }
        let tested = connection.gate.at();
        Self {
            client: connection.client.clone(),
            connection: Some(connection.id.clone()),
            account: Some(connection.account()),
            kind: Some(connection.kind),
            access: connection.access.word(),
            through: connection.access.to_string(),
            role: connection.access.role().cloned(),
            alias: connection.alias.clone(),
            depth: Some(connection.depth),
            linked_at: Some(connection.linked_at),
            gate: connection.gate.word(),
            gate_at: tested,
            next_test: tested.map(|at| match connection.gate {
                GateState::Passed { .. } | GateState::Overridden { .. } => at.plus(RETEST_AFTER_SECONDS),
                GateState::Quarantined { .. } => at.plus(crate::connect::QUARANTINE_RETEST_SECONDS),
                GateState::Untested | GateState::Failed { .. } => now,
            }),
            code: failure.as_ref().map(|f| f.kind.code()),
            what: failure.as_ref().map(|f| f.what.clone()),
            next_step: failure.map(|f| f.next_step),
            override_reason: match &connection.gate {
                GateState::Overridden { reason, .. } => Some(reason.clone()),
                _ => None,
            },
            results,
            warning: connection.access.warning(now),
        }
    }
}

/// A service that was read after it was probed answers.
fn renew(results: &mut Vec<ProbeView>, probe: Probe, at: Timestamp) {
    let note = Some("read by a sync".to_owned());
    let read = ProbeView {
        note,
        ..ProbeView::new(&GateResult { probe, at, outcome: ProbeOutcome::Passed { note: String::new() } })
    };
    match results.iter_mut().find(|known| known.probe == probe) {
        Some(known) if known.at < at => *known = read,
        Some(_) => {}
        None => {
            results.push(read);
            results.sort_by_key(|result| result.probe);
        }
    }
}

impl ConnectReport {
    /// A profile or key that does not even tell where it leads.
    pub(in crate::desk) fn unreachable(client: &ClientId, way: &Way, now: Timestamp, failure: Failure) -> Self {
        let (access, through) = match way {
            Way::Role(role) => ("role", role.to_string()),
            Way::StackSetRole(role) => ("stack set role", role.to_string()),
            Way::Profile(name) => ("profile", format!("profile {name}")),
            Way::AccessKey(key) => ("access key", format!("access key {}", key.id().short())),
        };
        let opens =
            GateResult { probe: Probe::Opens, at: now, outcome: ProbeOutcome::Failed { failure: failure.clone() } };
        Self {
            kept: false,
            requests: RequestCounts { sts: 1, ..RequestCounts::default() },
            connection: ConnectionView {
                client: client.clone(),
                connection: None,
                account: None,
                kind: None,
                access,
                through,
                role: None,
                alias: None,
                depth: None,
                linked_at: None,
                gate: "failed",
                gate_at: Some(now),
                next_test: None,
                code: Some(failure.kind.code()),
                what: Some(failure.what),
                next_step: Some(failure.next_step),
                override_reason: None,
                results: vec![ProbeView::new(&opens)],
                warning: None,
            },
        }
    }
}
