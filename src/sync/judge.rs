//! The connection checks: how the last reading went, and how the gates stand.

use super::{Coverage, Sources, store::ClientStore};
use crate::{
    checks::{Checks, ConnectionFact},
    domain::{Connection, Source, Timestamp},
    vault::VaultError,
};

/// Lets the connection checks judge every connection of a client by its records, and keeps what they find. The number
/// of findings that are new.
///
/// # Errors
/// When the vault cannot be read or written.
pub fn judge_connections(store: &ClientStore, checks: &Checks, now: Timestamp) -> Result<u64, VaultError> {
    let connections = store.connections()?;
    let mut facts = Vec::with_capacity(connections.len());
    for connection in &connections {
        let sources = store.sources(&connection.id)?;
        facts.push(fact(connection, sources, &store.coverage(connection.account())?));
    }
    let hits = checks.evaluate_connections(store.client(), &facts, now);
    let accounts = connections.iter().map(Connection::account).collect();
    let mut draft = store.draft();
    let found = store.replace_connection_hits(&mut draft, checks, accounts, hits)?;
    draft.commit()?;
    Ok(found)
}

fn fact(connection: &Connection, sources: Sources, coverage: &Coverage) -> ConnectionFact {
    let read = coverage.regions().map(|(r, _)| r).filter(|r| !sources.regions_failed.contains_key(*r));
    let read: Vec<_> = read.map(|r| (Source::Events, Some(r.clone()), None)).collect();
    let whole = sources.failures.into_iter().map(|(source, failure)| (source, None, Some(failure)));
    let regions = sources.regions_failed.into_iter().map(|(r, failure)| (Source::Events, Some(r), Some(failure)));
    ConnectionFact {
        account: connection.account(),
        access: connection.access.to_string(),
        gate: connection.gate.clone(),
        sources: whole.chain(regions).chain(read).collect(),
    }
}
