//! How the reading of an account went, as facts.

use super::{super::derive::Fields, Fact};
use crate::domain::{AccountId, Evidence, Failure, GateState, Region, Source, Timestamp};
use serde::{Deserialize, Serialize};

/// The last reading through one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionFact {
    /// The account read.
    pub account: AccountId,
    /// By which role, profile or key.
    pub access: String,
    /// Whether the role can be assumed only with its ExternalId.
    pub gate: GateState,
    /// Each source tried, for events in each region; `None` where it was read.
    pub sources: Vec<(Source, Option<Region>, Option<Failure>)>,
}

/// One fact for the gate and one for each source that failed.
pub(in super::super) fn facts(connections: &[ConnectionFact], now: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    for connection in connections {
        facts.push(gate(connection, now));
        let events = connection.sources.iter().filter(|(source, ..)| *source == Source::Events);
        let everywhere = events.clone().all(|(_, _, failure)| failure.is_some());
        for (source, region, failure) in &connection.sources {
            if let Some(failure) = failure {
                facts.push(refusal(connection, *source, region.as_ref(), failure, everywhere, now));
            }
        }
    }
    facts
}

fn gate(connection: &ConnectionFact, now: Timestamp) -> Fact {
    let mut fields = Fields::default();
    let (state, at) = (connection.gate.word(), connection.gate.at().unwrap_or(now));
    fields.set("bw.fact", "gate");
    fields.set("bw.gate", state);
    fields.set("bw.role", connection.access.clone());
    let summary = format!("trust test of {}: {state}", connection.access);
    Fact { account: connection.account, fields, evidence: vec![piece(at, None, &summary)] }
}

fn refusal(
    connection: &ConnectionFact,
    source: Source,
    region: Option<&Region>,
    failure: &Failure,
    everywhere: bool,
    now: Timestamp,
) -> Fact {
    let mut fields = Fields::default();
    fields.set("bw.fact", "source");
    fields.set("bw.source", source.word());
    fields.set("bw.failure", failure.kind.class().word());
    fields.set("bw.failure.code", failure.kind.code());
    fields.set("bw.failure.what", failure.what.clone());
    fields.set("bw.failure.next_step", failure.next_step.clone());
    fields.set("bw.role", connection.access.clone());
    let service = match source {
        Source::Costs => "Cost Explorer",
        Source::Events => "CloudTrail",
        Source::Accounts => "Organizations",
        Source::Gate => "STS",
        Source::Checks => "checks",
        Source::Footprint => "CloudTrail (our own calls)",
    };
    fields.set("bw.source.name", service);
    if let Some(region) = region {
        fields.set("bw.region", region.as_str().to_owned());
    }
    if source == Source::Events && (everywhere || region.is_none()) {
        fields.set("bw.everywhere", true);
    }
    Fact { account: connection.account, fields, evidence: vec![piece(now, region, &failure.what)] }
}

fn piece(time: Timestamp, region: Option<&Region>, summary: &str) -> Evidence {
    Evidence { event: None, time, region: region.cloned(), actor: None, summary: summary.into(), source: None }
}
