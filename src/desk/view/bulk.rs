//! What a run over many accounts shows: the accounts of an organization, and how far it is. Flat and stable, for `--json`.

use super::{ConnectReport, ConnectionView};
use crate::domain::{AccountId, AccountState, ClientId, ConnectionKind, RoleArn, Timestamp, Untrusted};
use serde::Serialize;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BulkProgress {
    /// Accounts to be tried.
    pub total: usize,
    /// Of these, over.
    pub done: usize,
    /// Of those, ready for use.
    pub usable: usize,
}

/// What a run does with an account, or why it leaves it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// Its role goes through the gate and is kept if it passes.
    Connect,
    /// It is connected and its gate did not pass: it is tried again.
    Test,
    /// It is connected and may be used.
    AlreadyConnected,
    /// It has a role of its own, which is connected by itself.
    ManagementAccount,
    /// Suspended, closing, closed, not yet there, or gone: nothing is tried, what was read before stays.
    NotTried,
}

impl BulkAction {
    /// Whether AWS is asked.
    pub fn is_tried(self) -> bool {
        matches!(self, Self::Connect | Self::Test)
    }
}

/// All accounts of a client's organizations, and what became of each.
#[derive(Debug, Clone, Serialize)]
pub struct MembersReport {
    /// The client.
    pub client: ClientId,
    /// Whether this tells only what would be done.
    pub preview: bool,
    /// Why the run ended before its end, if so.
    pub stopped: Option<String>,
    /// Organizations that could not be listed, and why.
    pub problems: Vec<String>,
    /// The accounts, by OU path, then label.
    pub accounts: Vec<MemberView>,
    /// How many there are of each sort.
    pub counts: MemberCounts,
}

/// One account of an organization.
#[derive(Debug, Clone, Serialize)]
pub struct MemberView {
    /// Its id.
    pub account: AccountId,
    /// The operator's alias or AWS's name.
    pub label: Option<Untrusted>,
    /// Its state; `LEFT` once its organization does not list it any more.
    pub state: AccountState,
    /// The OU path, where AWS tells it.
    pub ou_path: Option<Untrusted>,
    /// When it joined its organization.
    pub joined: Option<Timestamp>,
    /// When it was first seen to have left it.
    pub left_at: Option<Timestamp>,
    /// What is done with it.
    pub action: BulkAction,
    /// The role that is tried, if one is.
    pub role: Option<RoleArn>,
    /// What it is connected as.
    pub kind: Option<ConnectionKind>,
    /// How its gate stands: `null` as long as nothing was tried.
    pub gate: Option<&'static str>,
    /// The code of what is wrong.
    pub code: Option<&'static str>,
    /// What is wrong, or why nothing is tried, in words.
    pub what: Option<String>,
    /// What to do.
    pub next_step: Option<String>,
}

/// Accounts that are tried, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TriedCounts {
    /// To be connected or tested again.
    pub to_try: usize,
    /// Of these, ready for use now.
    pub usable: usize,
    /// Of these, in quarantine.
    pub quarantined: usize,
    /// Of these, not to be used for another reason.
    pub failed: usize,
    /// Of these, not tried yet: it is a preview, or the run was cut off.
    pub waiting: usize,
}

impl TriedCounts {
    /// Counts one, by how its gate stands now; `None` if it was not tried yet.
    pub fn count(&mut self, gate: Option<&str>) {
        self.to_try += 1;
        let sort = match gate {
            None => &mut self.waiting,
            Some("quarantined") => &mut self.quarantined,
            gate if usable(gate) => &mut self.usable,
            Some(_) => &mut self.failed,
        };
        *sort += 1;
    }
}

/// Accounts, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MemberCounts {
    /// All that are shown.
    pub accounts: usize,
    /// Those that are tried.
    #[serde(flatten)]
    pub tried: TriedCounts,
    /// Connected before and ready for use.
    pub already_connected: usize,
    /// Management accounts, which have a role of their own.
    pub management: usize,
    /// Suspended, closing, closed, not yet there, or gone.
    pub not_tried: usize,
}

impl MemberView {
    /// Takes in how the gate of an account stands.
    pub fn stands(&mut self, connection: &ConnectionView) {
        self.kind = connection.kind;
        self.gate = Some(connection.gate);
        self.code = connection.code;
        self.what = connection.what.clone();
        self.next_step = connection.next_step.clone();
    }

    /// Takes in what became of an account.
    pub fn ended(&mut self, ending: Result<ConnectReport, String>) {
        match ending {
            Ok(report) => self.stands(&report.connection),
            Err(refused) => {
                self.gate = Some("failed");
                self.what = Some(refused);
            }
        }
    }

    /// Whether it is ready for use.
    pub fn is_usable(&self) -> bool {
        usable(self.gate)
    }
}

/// Whether a gate that stands like this lets a connection be used.
pub fn usable(gate: Option<&str>) -> bool {
    matches!(gate, Some("passed" | "overridden"))
}

impl MembersReport {
    /// Whether every account that can be read can be read now.
    pub fn all_usable(&self) -> bool {
        let counted = |account: &&MemberView| account.action != BulkAction::NotTried;
        self.stopped.is_none()
            && self.problems.is_empty()
            && self.accounts.iter().filter(counted).all(MemberView::is_usable)
    }

    /// Counts anew.
    pub fn counted(mut self) -> Self {
        let mut counts = MemberCounts { accounts: self.accounts.len(), ..MemberCounts::default() };
        for account in &self.accounts {
            match account.action {
                BulkAction::AlreadyConnected => counts.already_connected += 1,
                BulkAction::ManagementAccount => counts.management += 1,
                BulkAction::NotTried => counts.not_tried += 1,
                BulkAction::Connect | BulkAction::Test => {
                    counts.tried.count(account.gate.filter(|_| !self.preview));
                }
            }
        }
        self.counts = counts;
        self
    }
}
