//! What is to be done with the rows of a file, by what is there already.

use super::{Entry, ImportRow, ImportWay};
use crate::domain::{
    Access, AccountId, Client, ClientFacts, ClientId, Connection, ConnectionKind, Depth, ExternalId, Untrusted,
};
use std::collections::{BTreeMap, BTreeSet};

/// A client that is there.
#[derive(Debug, Clone, Copy)]
pub struct KnownClient<'a> {
    /// Itself.
    pub profile: &'a Client,
    /// Its connections.
    pub connections: &'a [Connection],
}

/// A client that is there and of which some records cannot be read.
#[derive(Debug, Clone)]
pub struct DamagedClient {
    /// Which.
    pub id: ClientId,
    /// Its ExternalId, unless that is among what cannot be read.
    pub external_id: Option<ExternalId>,
    /// The accounts it is connected to.
    pub accounts: Vec<AccountId>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPlan {
    /// The clients of which at least one row is good, by id.
    pub clients: BTreeMap<ClientId, PlannedClient>,
    /// The rows as they stand in the file.
    pub rows: Vec<PlannedRow>,
}

/// A client of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedClient {
    /// What is to be done with it.
    pub step: ClientStep,
    /// What its rows tell of it and is not so already.
    pub facts: ClientFacts,
    /// The ExternalId that its roles ask for, if the file tells one.
    pub external_id: Option<ExternalId>,
}

/// What is to be done with a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStep {
    /// It is new.
    Add,
    /// The file tells something else of it than what is known.
    Change,
    /// It is there as the file tells.
    Keep,
}

/// A row and what is to be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRow {
    /// The line it begins on.
    pub line: usize,
    /// Whose, where that can be read.
    pub client: Option<ClientId>,
    /// How the account is reached, if the row tells of one.
    pub way: Option<ImportWay>,
    /// The account, where it is known.
    pub account: Option<AccountId>,
    /// The operator's name for the account.
    pub alias: Option<Untrusted>,
    /// Its kind; `None` to find out.
    pub kind: Option<ConnectionKind>,
    /// Which of its events are read.
    pub depth: Option<Depth>,
    /// How the gate of its connection stands, if it is connected like this.
    pub gate: Option<&'static str>,
    /// What is to be done.
    pub step: RowStep,
}

/// What is to be done with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowStep {
    /// Nothing: something is wrong with it, in words that are safe to print.
    Refused(String),
    /// It tells of a client only.
    ClientOnly,
    /// The account goes through the gate and is kept if it passes.
    Connect,
    /// The account is connected and its gate did not pass: it is tried again.
    Test,
    /// The account is connected like this and may be used.
    AlreadyConnected,
}

/// Who has what, in the vault and in the lines above.
#[derive(Default)]
struct Taken<'a> {
    clients: BTreeMap<&'a ClientId, KnownClient<'a>>,
    accounts: BTreeMap<AccountId, &'a ClientId>,
    external_ids: BTreeMap<&'a str, &'a ClientId>,
    /// Clients whose ExternalId cannot be read.
    untold: Vec<&'a ClientId>,
    /// Where a line above has it.
    lines: BTreeMap<String, usize>,
}

/// What is to be done with the rows of a file.
pub fn plan(rows: &[ImportRow], known: &[KnownClient<'_>], damaged: &[DamagedClient]) -> ImportPlan {
    let mut taken = Taken::default();
    for client in known {
        let id = &client.profile.id;
        taken.clients.insert(id, *client);
        taken.external_ids.insert(client.profile.external_id.reveal(), id);
        taken.accounts.extend(client.connections.iter().map(|c| (c.account(), id)));
    }
    for DamagedClient { id, external_id, accounts } in damaged {
        taken.accounts.extend(accounts.iter().map(|account| (*account, id)));
        match external_id {
            Some(external_id) => drop(taken.external_ids.insert(external_id.reveal(), id)),
            None => taken.untold.push(id),
        }
    }
    let mut plan = ImportPlan { clients: BTreeMap::new(), rows: Vec::new() };
    for row in rows {
        let refused = |why: String| PlannedRow {
            line: row.line,
            client: row.client.clone(),
            way: None,
            account: None,
            alias: None,
            kind: None,
            depth: None,
            gate: None,
            step: RowStep::Refused(why),
        };
        let planned = match &row.entry {
            Err(why) => refused(why.clone()),
            Ok(entry) => match taken.problem(entry, &plan) {
                Some(why) => PlannedRow { account: entry.way.as_ref().and_then(ImportWay::account), ..refused(why) },
                None => taken.accept(row.line, entry, &mut plan),
            },
        };
        plan.rows.push(planned);
    }
    for (id, client) in &mut plan.clients {
        let Some(known) = taken.clients.get(id) else { continue };
        client.facts = news(&client.facts, known.profile);
        client.step = if client.facts.is_empty() { ClientStep::Keep } else { ClientStep::Change };
    }
    plan
}

impl<'a> Taken<'a> {
    /// Why a row cannot be taken, by what is there and by the lines above.
    fn problem(&self, entry: &'a Entry, plan: &ImportPlan) -> Option<String> {
        let client = &entry.client;
        let line = |what: &str| self.lines.get(what).copied().unwrap_or_default();
        if let Some(told) = plan.clients.get(client)
            && let Some(fact) = contradiction(&told.facts, &entry.facts)
        {
            return Some(format!("its {fact} is not that of line {}", line(&key("client", client))));
        }
        if let Some(account) = entry.way.as_ref().and_then(ImportWay::account)
            && let Some(owner) = self.accounts.get(&account).filter(|owner| **owner != client)
        {
            let where_ = match line(&key("account", &account)) {
                0 => format!("is already connected for client {owner}"),
                line => format!("is {owner}'s on line {line}"),
            };
            return Some(format!("account {account} {where_}: an account belongs to one client"));
        }
        if let Some(way) = &entry.way {
            let what = way.account().map_or_else(|| key("profile", way), |account| key("account", &account));
            if let Some(line) = self.lines.get(&what) {
                return Some(format!("{} is on line {line} already", what.replace(':', " ")));
            }
        }
        self.external_id_problem(entry, plan)
    }

    fn external_id_problem(&self, entry: &Entry, plan: &ImportPlan) -> Option<String> {
        let (client, given) = (&entry.client, entry.external_id.as_ref()?);
        if let Some(owner) = self.external_ids.get(given.reveal()).filter(|owner| **owner != client) {
            return Some(format!(
                "client {owner} uses this ExternalId, and two clients must never share one: give the role the ExternalId \
                 that bailiwick made for {client}"
            ));
        }
        let known = self.clients.get(client);
        if let Some(untold) = self.untold.iter().find(|untold| **untold != client)
            && known.is_none_or(|known| known.profile.external_id != *given)
        {
            return Some(cannot_be_told(untold));
        }
        if plan.clients.get(client).and_then(|told| told.external_id.as_ref()).is_some_and(|told| told != given) {
            return Some(format!("{client} has another ExternalId in a line above: all roles of a client share one"));
        }
        let known = known?;
        let roles = known.connections.iter().any(|c| c.access.role().is_some());
        (known.profile.external_id != *given && roles).then(|| {
            format!(
                "client {client} already has connections with another ExternalId, and all roles of a client share one: \
                 add the role's account as a client of its own, or change its trust policy"
            )
        })
    }

    /// Takes a row in, for those below it.
    fn accept(&mut self, line: usize, entry: &'a Entry, plan: &mut ImportPlan) -> PlannedRow {
        let client = &entry.client;
        self.lines.entry(key("client", client)).or_insert(line);
        let planned = plan.clients.entry(client.clone()).or_insert_with(|| PlannedClient {
            step: ClientStep::Add,
            facts: ClientFacts::default(),
            external_id: None,
        });
        planned.facts = and(&planned.facts, &entry.facts);
        if let Some(given) = &entry.external_id {
            planned.external_id = Some(given.clone());
            self.external_ids.insert(given.reveal(), client);
        }
        let connections = self.clients.get(client).map_or(&[][..], |known| known.connections);
        let (mut account, mut gate, mut step) = (None, None, RowStep::ClientOnly);
        if let Some(way) = &entry.way {
            let connection = connections.iter().find(|c| is_like(&c.access, way));
            account = way.account().or_else(|| connection.map(Connection::account));
            gate = connection.map(|c| c.gate.word());
            step = match connection.map(|c| &c.gate) {
                Some(gate) if gate.may_be_used() => RowStep::AlreadyConnected,
                Some(_) => RowStep::Test,
                None => RowStep::Connect,
            };
            let what = way.account().map_or_else(|| key("profile", way), |account| key("account", &account));
            self.lines.insert(what, line);
            if let Some(account) = account {
                self.accounts.insert(account, client);
            }
        }
        let (alias, kind, depth) = (entry.alias.clone(), entry.kind, entry.depth);
        PlannedRow {
            line,
            client: Some(client.clone()),
            way: entry.way.clone(),
            account,
            alias,
            kind,
            depth,
            gate,
            step,
        }
    }
}

/// Why no ExternalId is imported as long as that of a client cannot be read.
pub fn cannot_be_told(client: &ClientId) -> String {
    format!(
        "client {client} cannot be read, so it cannot be told whether it uses this ExternalId, and two clients must never \
         share one: restore a backup, or give the role the ExternalId that bailiwick made"
    )
}

fn key(what: &str, which: &impl ToString) -> String {
    format!("{what}:{}", which.to_string().trim_start_matches("profile "))
}

/// Whether a connection is reached as a row says.
fn is_like(access: &Access, way: &ImportWay) -> bool {
    match (access, way) {
        (Access::Role { role } | Access::StackSetRole { role }, ImportWay::Role(wanted)) => role == wanted,
        (Access::Profile { name, .. }, ImportWay::Profile(wanted)) => name == wanted,
        _ => false,
    }
}

/// The first fact of which two rows tell different things.
fn contradiction(above: &ClientFacts, below: &ClientFacts) -> Option<&'static str> {
    fn differ<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
        matches!((a, b), (Some(a), Some(b)) if a != b)
    }
    let told = [
        ("name", differ(&above.name, &below.name)),
        ("cost_basis", differ(&above.cost_basis, &below.cost_basis)),
        ("currency", differ(&above.currency, &below.currency)),
        ("notes", differ(&above.notes, &below.notes)),
        ("budget", differ(&above.budget, &below.budget)),
    ];
    told.into_iter().find(|(_, differ)| *differ).map(|(fact, _)| fact)
}

/// What two rows tell together.
fn and(above: &ClientFacts, below: &ClientFacts) -> ClientFacts {
    ClientFacts {
        name: above.name.clone().or_else(|| below.name.clone()),
        cost_basis: above.cost_basis.or(below.cost_basis),
        currency: above.currency.or(below.currency),
        notes: above.notes.clone().or_else(|| below.notes.clone()),
        budget: above.budget.or(below.budget),
    }
}

/// What is told of a client and is not so already.
fn news(told: &ClientFacts, known: &Client) -> ClientFacts {
    ClientFacts {
        name: told.name.clone().filter(|name| *name != known.name),
        cost_basis: told.cost_basis.filter(|basis| *basis != known.cost_basis),
        currency: told.currency.filter(|currency| Some(*currency) != known.currency),
        notes: told.notes.clone().filter(|notes| Some(notes) != known.notes.as_ref() && !notes.is_empty()),
        // Zero removes it.
        budget: told.budget.filter(|budget| Some(*budget).filter(|b| !b.is_zero()) != known.budget),
    }
}

impl ImportPlan {
    /// The clients to which something is done.
    pub fn touched(&self) -> BTreeSet<&ClientId> {
        let tried = self.rows.iter().filter(|row| row.step.is_tried()).filter_map(|row| row.client.as_ref());
        let changed = self.clients.iter().filter(|(_, client)| client.step != ClientStep::Keep).map(|(id, _)| id);
        tried.chain(changed).collect()
    }
}

impl RowStep {
    /// Whether AWS is asked.
    pub fn is_tried(&self) -> bool {
        matches!(self, Self::Connect | Self::Test)
    }
}

impl ClientStep {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Keep => "keep",
        }
    }
}
