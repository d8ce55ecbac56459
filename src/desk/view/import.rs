//! What an import does, or did, with each row of its file. Flat and stable, for `--json`.

use super::{ConnectReport, TriedCounts, usable};
use crate::{
    connect::import::{ClientStep, ImportPlan, PlannedRow, RowStep},
    domain::{AccountId, ClientId, ConnectionKind, Untrusted},
};
use serde::Serialize;

/// What is done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportAction {
    /// Nothing: something is wrong with it.
    Refused,
    /// It tells of a client only.
    ClientOnly,
    /// The account goes through the gate and is kept if it passes.
    Connect,
    /// The account is connected and its gate did not pass: it is tried again.
    Test,
    /// The account is connected like this and may be used.
    AlreadyConnected,
}

/// The rows of a file, and what became of each.
#[derive(Debug, Clone, Serialize)]
pub struct ImportReport {
    /// Whether this tells only what would be done.
    pub preview: bool,
    /// Why the run ended before its end, if so.
    pub stopped: Option<String>,
    /// The rows as they stand in the file.
    pub rows: Vec<ImportRowView>,
    /// How many there are of each sort.
    pub counts: ImportCounts,
}

/// One row.
#[derive(Debug, Clone, Serialize)]
pub struct ImportRowView {
    /// The line it begins on.
    pub line: usize,
    /// Whose, where that can be read.
    pub client: Option<ClientId>,
    /// What is done with the client: `add`, `change` or `keep`.
    pub client_action: Option<&'static str>,
    /// What is changed of it.
    pub client_changes: Vec<&'static str>,
    /// The account, where it is known.
    pub account: Option<AccountId>,
    /// The role's ARN, or the profile's name.
    pub through: Option<String>,
    /// The operator's name for the account.
    pub alias: Option<Untrusted>,
    /// What is done with the row.
    pub action: ImportAction,
    /// Whether its account is ready for use now, or its client is there if it tells of no account. What a row tells of an
    /// account that was connected before and is ready for use is not taken over.
    pub done: bool,
    /// What the account turned out to be.
    pub kind: Option<ConnectionKind>,
    /// How its gate stands: `null` as long as nothing was tried.
    pub gate: Option<&'static str>,
    /// The code of what is wrong.
    pub code: Option<&'static str>,
    /// What is wrong, in words.
    pub what: Option<String>,
    /// What to do.
    pub next_step: Option<String>,
}

/// Rows and clients, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ImportCounts {
    /// All rows.
    pub rows: usize,
    /// Rows in which something is wrong.
    pub refused: usize,
    /// Those that are tried.
    #[serde(flatten)]
    pub tried: TriedCounts,
    /// Accounts connected before and ready for use.
    pub already_connected: usize,
    /// Clients that are new.
    pub clients_to_add: usize,
    /// Clients of which the file tells something else.
    pub clients_to_change: usize,
    /// New and changed clients that are there now.
    pub clients_done: usize,
}

impl ImportRowView {
    fn new(row: &PlannedRow, plan: &ImportPlan) -> Self {
        let refused = matches!(row.step, RowStep::Refused(_));
        let client = row.client.as_ref().filter(|_| !refused).and_then(|id| plan.clients.get(id));
        Self {
            line: row.line,
            client: row.client.clone(),
            client_action: client.map(|client| client.step.word()),
            client_changes: match client {
                Some(client) if client.step == ClientStep::Change => client.facts.told(),
                _ => Vec::new(),
            },
            account: row.account,
            through: row.way.as_ref().map(ToString::to_string),
            alias: row.alias.clone(),
            action: match row.step {
                RowStep::Refused(_) => ImportAction::Refused,
                RowStep::ClientOnly => ImportAction::ClientOnly,
                RowStep::Connect => ImportAction::Connect,
                RowStep::Test => ImportAction::Test,
                RowStep::AlreadyConnected => ImportAction::AlreadyConnected,
            },
            done: false,
            kind: None,
            gate: row.gate.filter(|_| row.step == RowStep::AlreadyConnected),
            code: None,
            what: match &row.step {
                RowStep::Refused(why) => Some(why.clone()),
                _ => None,
            },
            next_step: None,
        }
    }

    /// Takes in what became of its account.
    pub fn ended(&mut self, ending: Result<ConnectReport, String>) {
        match ending {
            Ok(ConnectReport { connection, .. }) => {
                self.account = connection.account.or(self.account);
                self.kind = connection.kind;
                self.gate = Some(connection.gate);
                self.code = connection.code;
                self.what = connection.what;
                self.next_step = connection.next_step;
                self.done = usable(self.gate);
            }
            Err(refused) => {
                self.gate = Some("failed");
                self.what = Some(refused);
            }
        }
    }

    /// Whether AWS is asked for it.
    pub fn is_tried(&self) -> bool {
        matches!(self.action, ImportAction::Connect | ImportAction::Test)
    }
}

impl ImportReport {
    /// What a plan would do.
    pub fn preview(plan: &ImportPlan) -> Self {
        let rows = plan.rows.iter().map(|row| ImportRowView::new(row, plan)).collect();
        let of = |step| plan.clients.values().filter(|client| client.step == step).count();
        let counts = ImportCounts {
            clients_to_add: of(ClientStep::Add),
            clients_to_change: of(ClientStep::Change),
            ..ImportCounts::default()
        };
        Self { preview: true, stopped: None, rows, counts }.counted()
    }

    /// Counts its rows anew; what was counted of clients stays.
    pub fn counted(mut self) -> Self {
        let ImportCounts { clients_to_add, clients_to_change, clients_done, .. } = self.counts;
        let mut counts = ImportCounts {
            rows: self.rows.len(),
            clients_to_add,
            clients_to_change,
            clients_done,
            ..ImportCounts::default()
        };
        for row in &self.rows {
            match row.action {
                ImportAction::Refused => counts.refused += 1,
                ImportAction::ClientOnly => {}
                ImportAction::AlreadyConnected => counts.already_connected += 1,
                ImportAction::Connect | ImportAction::Test => counts.tried.count(row.gate),
            }
        }
        self.counts = counts;
        self
    }

    /// Whether there is nothing to be done any more.
    pub fn is_idle(&self) -> bool {
        self.counts.tried.to_try + self.counts.clients_to_add + self.counts.clients_to_change == 0
    }
}
