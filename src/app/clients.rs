//! `client add`, `edit`, `show` and `list`.

use super::{Setting, desk::open_desk, report::Report};
use crate::{
    cli::{self, FactsArgs, Output},
    domain::{Client, ClientFacts, ClientId, CostBasis, Currency, Money, Timestamp, Untrusted},
};
use rust_decimal::Decimal;
use serde::Serialize;
use std::process::ExitCode;

/// `client add`.
pub fn add(
    setting: &Setting,
    id: &ClientId,
    facts: FactsArgs,
    json: bool,
    out: &mut Output,
) -> Result<ExitCode, Report> {
    let client = open_desk(setting)?.add_client(id, &facts.into())?;
    if json {
        out.json(&Shown { external_id: Some(client.external_id.reveal()), ..Shown::of(&client) });
    } else {
        out.line(&format!("added {}; its ExternalId, for the trust policy of its roles, is", client.id));
        out.line(&format!("  {}", client.external_id.reveal()));
        out.line(&format!(
            "next: `bailiwick role render {0} --format cli` says how its role is made, then `bailiwick connect {0} --role-arn ARN`",
            client.id
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// `client edit`.
pub fn edit(
    setting: &Setting,
    id: &ClientId,
    facts: FactsArgs,
    json: bool,
    out: &mut Output,
) -> Result<ExitCode, Report> {
    let facts: ClientFacts = facts.into();
    if facts.is_empty() {
        return Err(Report::input(
            "nothing to change was given: --name, --cost-basis, --currency, --notes or --budget",
        ));
    }
    let client = open_desk(setting)?.edit_client(id, &facts)?;
    if json {
        out.json(&Shown::of(&client));
    } else {
        describe(out, &client);
    }
    Ok(ExitCode::SUCCESS)
}

/// `client show`.
pub fn show(setting: &Setting, id: &ClientId, reveal: bool, json: bool, out: &mut Output) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    let client = desk.client(id)?;
    let external_id = if reveal { Some(desk.reveal_external_id(id)?) } else { None };
    let revealed = external_id.as_ref().map(|id| id.reveal());
    let connections = desk.connections(Some(id))?.len();
    if json {
        out.json(&Shown { connections: Some(connections), external_id: revealed, ..Shown::of(&client) });
    } else {
        describe(out, &client);
        out.line(&format!("added {}, {}", client.added_at, cli::vault::counted(connections as u64, "connection")));
        out.line(&format!("ExternalId {}", revealed.unwrap_or("hidden: --reveal-external-id shows it")));
    }
    Ok(ExitCode::SUCCESS)
}

/// `client list`.
pub fn list(setting: &Setting, json: bool, out: &mut Output) -> Result<ExitCode, Report> {
    let list = open_desk(setting)?.clients()?;
    if json {
        out.json(&list)
    } else {
        cli::clients(out, &list)
    }
    Ok(ExitCode::SUCCESS)
}

/// A client, as JSON shows it.
#[derive(Serialize)]
struct Shown<'a> {
    client: &'a ClientId,
    name: &'a Untrusted,
    cost_basis: CostBasis,
    currency: Option<String>,
    notes: Option<&'a Untrusted>,
    budget: Option<Decimal>,
    added_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<usize>,
    /// `null` unless it was asked for.
    external_id: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(client: &'a Client) -> Self {
        Self {
            client: &client.id,
            name: &client.name,
            cost_basis: client.cost_basis,
            currency: client.currency.map(|c| c.to_string()),
            notes: client.notes.as_ref(),
            budget: client.budget,
            added_at: client.added_at,
            connections: None,
            external_id: None,
        }
    }
}

fn describe(out: &mut Output, client: &Client) {
    out.line(&format!("{}  {}", client.id, client.name.for_tui(120)));
    let currency = client.currency.map_or("currency not told".to_owned(), |c| c.to_string());
    out.line(&format!("costs: {}, {currency}", client.cost_basis.word()));
    if let Some(budget) = client.budget {
        let money = Money::new(budget, client.currency.unwrap_or(Currency::USD));
        out.line(&format!("budget: {} {} a month", money.display(), money.currency));
    }
    if let Some(notes) = &client.notes {
        out.line(&format!("notes: {}", notes.for_log()));
    }
}
