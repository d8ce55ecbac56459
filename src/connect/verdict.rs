//! What the gate found.

use crate::domain::{Connection, ConnectionKind, GateResult, GateState, RequestCounts};

/// What the gate found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the connection may be used.
    pub state: GateState,
    /// What it can read: as given, or as found out.
    pub kind: ConnectionKind,
    /// Each probe.
    pub results: Vec<GateResult>,
    /// Requests it took.
    pub requests: RequestCounts,
    /// Whether the client pays for a page of Cost Explorer.
    pub paid: bool,
}

impl Verdict {
    /// Works it into the connection.
    pub fn apply(self, connection: &mut Connection) {
        // One that was not asked tells nothing of its kind.
        if matches!(self.state, GateState::Passed { .. }) {
            connection.kind = self.kind;
        }
        connection.take(self.state, self.results);
    }
}
