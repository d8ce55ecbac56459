//! The simulated fleet as an operator would have connected it.

use super::report::Report;
use crate::{
    desk::Desk,
    domain::{
        Access, AccountId, Client, ClientFacts, Connection, ConnectionKind, CostBasis, Depth, FindingId, GateState,
        Partition, RoleArn, Timestamp,
    },
    sim::world::{SimAccount, SimClient, Story, World},
};

/// Adds every client of the world with all its roles; the first sync's gate tests them.
pub fn onboard(desk: &Desk, world: &World, now: Timestamp) -> Result<(), Report> {
    for (index, client) in world.clients.iter().enumerate() {
        let (profile, connections) = connected(desk, world, index, client, now)?;
        desk.add_connections(&profile, &connections)?;
    }
    Ok(())
}

fn connected(
    desk: &Desk,
    world: &World,
    index: usize,
    client: &SimClient,
    now: Timestamp,
) -> Result<(Client, Vec<Connection>), Report> {
    let bad = |e: &dyn std::fmt::Display| Report::failed(format!("the simulated world is inconsistent: {e}"));
    let id = client.id.parse().map_err(|e| bad(&e))?;
    let basis = if client.pro_forma { CostBasis::ProForma } else { CostBasis::Billable };
    let facts =
        ClientFacts { name: Some(client.name.as_str().into()), cost_basis: Some(basis), ..ClientFacts::default() };
    let mut profile = desk.add_client(&id, &facts)?;
    profile.external_id = client.external_id.parse().map_err(|e| bad(&e))?;
    let mut connections = Vec::new();
    for account in world.accounts.iter().filter(|a| a.client == index) {
        if let Some(role) = role_of(account) {
            connections.push(Connection {
                id: account.id.to_string().parse().map_err(|e| bad(&e))?,
                client: id.clone(),
                kind: kind_of(client, account),
                access: Access::Role { role: RoleArn::new(Partition::Aws, account.id, role).map_err(|e| bad(&e))? },
                linked_at: now,
                alias: None,
                depth: Depth::Essential,
                gate: GateState::Untested,
                results: Vec::new(),
            });
        }
    }
    Ok((profile, connections))
}

/// Our own role in an account.
pub fn role_of(account: &SimAccount) -> Option<&str> {
    account.roles.iter().map(|r| r.resource.as_str()).find(|r| r.starts_with("bailiwick/"))
}

/// What our role in an account can read.
pub fn kind_of(client: &SimClient, account: &SimAccount) -> ConnectionKind {
    match &client.organization {
        None => ConnectionKind::Standalone,
        Some(_) if account.is_management => ConnectionKind::Payer,
        Some(_) => ConnectionKind::Member,
    }
}

/// Which planted stories have a finding of their own: the same client, account, check and subject.
pub fn stories_found(stories: &[Story], findings: &[FindingId]) -> Vec<&'static str> {
    let id = |story: &Story| -> Option<FindingId> {
        let account: AccountId = story.account;
        let key = crate::domain::FindingKey {
            check: story.check.to_owned(),
            client: story.client.parse().ok()?,
            account,
            subject: story.subject.as_str().into(),
        };
        Some(key.id())
    };
    stories.iter().filter(|s| id(s).is_some_and(|id| findings.contains(&id))).map(|s| s.story).collect()
}
