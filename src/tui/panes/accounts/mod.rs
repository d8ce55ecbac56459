//! 2 Accounts: client, organizational unit, account; state, connection and sources of each.

mod columns;
mod connection;
mod probes;

use super::{Copyable, Listing, Pane, PaneId, Source, Step};
use crate::{
    desk::{
        Answer, CostScope, Query,
        view::{AccountRow, AccountsView, ConnectionView},
    },
    domain::{Access, AccountId, ClientId, ConnectionId, GateState, SourceState, Timestamp},
    tui::{
        model::Model,
        theme::Tone,
        view::WIDE,
        widgets::{
            canvas::{Canvas, Fact, Piece, dim, plain},
            gate, words,
        },
    },
};
use ratatui::layout::Rect;

/// The pane.
#[derive(Debug)]
pub struct Accounts;

fn data(model: &Model) -> Option<&AccountsView> {
    match &model.stack(PaneId::Accounts).top().answer {
        Some(Answer::Accounts(view)) => Some(view),
        _ => None,
    }
}

/// The connection shown in full.
fn full(model: &Model) -> Option<&ConnectionView> {
    match &model.stack(PaneId::Accounts).top().answer {
        Some(Answer::Connection(view)) => Some(view),
        _ => None,
    }
}

/// The row of an account in the lists below the level shown.
fn row_of<'a>(model: &'a Model, client: &ClientId, account: Option<AccountId>) -> Option<&'a AccountRow> {
    let lists = model.stack(PaneId::Accounts).levels().filter_map(|level| match &level.answer {
        Some(Answer::Accounts(view)) => Some(view),
        _ => None,
    });
    lists.flat_map(|view| &view.rows).find(|row| row.client == *client && Some(row.account) == account)
}

fn selected(model: &Model) -> Option<&AccountRow> {
    let row = model.stack(PaneId::Accounts).top().list.selected_row()?;
    data(model)?.rows.get(row)
}

/// The connection a key means: the one shown in full, or the selected account's, with the word of its gate.
pub fn connection(model: &Model) -> Option<(ClientId, ConnectionId, &'static str)> {
    if let Some(view) = full(model) {
        return Some((view.client.clone(), view.connection.clone()?, view.gate));
    }
    let row = selected(model)?;
    row.connection?;
    let gate = row.gate.as_ref().map_or("untested", GateState::word);
    Some((row.client.clone(), row.account.to_string().parse().ok()?, gate))
}

/// One connection in full.
pub fn connection_of(client: ClientId, id: ConnectionId) -> Step {
    Step::into(PaneId::Accounts, Query::Connection { client, id })
}

fn costs_of(client: &ClientId, account: AccountId) -> Step {
    let client = CostScope { client: Some(client.clone()), ..CostScope::default() };
    let account = CostScope { account: Some(account), ..client.clone() };
    Step { pane: PaneId::Costs, queries: vec![Query::Costs(client), Query::Costs(account)] }
}

impl Pane for Accounts {
    fn id(&self) -> PaneId {
        PaneId::Accounts
    }

    fn title(&self) -> &'static str {
        "Accounts"
    }

    fn root(&self) -> Option<Query> {
        Some(Query::Accounts(None))
    }

    fn crumb(&self, query: &Query) -> String {
        match query {
            Query::Accounts(Some(client)) => client.to_string(),
            Query::Connection { id, .. } => id.to_string(),
            _ => String::new(),
        }
    }

    fn listing(&self, source: &Source) -> &'static dyn Listing {
        if matches!(source.query, Some(Query::Connection { .. })) { &probes::Probes } else { &columns::AccountRows }
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        if let Some(view) = full(model) {
            return connection::headline(model.now, view);
        }
        let Some(view) = data(model) else { return Vec::new() };
        let connected = view.rows.iter().filter(|r| r.connection.is_some()).count();
        let troubled = view.rows.iter().filter(|r| trouble(r)).count();
        let mut out = vec![
            (words::plural(view.rows.len() as u64, "account", "accounts").into(), Tone::Strong),
            dim(format!(" · {connected} connected")),
        ];
        for word in ["quarantined", "failed", "overridden"] {
            let n = view.rows.iter().filter(|r| r.gate.as_ref().is_some_and(|gate| gate.word() == word)).count();
            if n > 0 {
                out.extend([dim(format!(" · {n} ")), gate::badge(word)]);
            }
        }
        let keys = view.rows.iter().filter(|r| matches!(r.access, Some(Access::AccessKey { .. }))).count();
        if keys > 0 {
            out.push((format!(" · {}", words::plural(keys as u64, "access key", "access keys")).into(), Tone::Warn));
        }
        if troubled > 0 {
            out.push((format!(" · {troubled} with a source in trouble").into(), Tone::Warn));
        }
        out
    }

    fn enter(&self, model: &Model) -> Result<Step, String> {
        if let Some(view) = full(model) {
            let account = view.account.ok_or("the account of this connection is not known")?;
            return Ok(costs_of(&view.client, account));
        }
        let row = selected(model).ok_or("no account is selected")?;
        Ok(match connection(model) {
            Some((client, id, _)) => connection_of(client, id),
            None => costs_of(&row.client, row.account),
        })
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        match full(model) {
            Some(view) => Some(view.client.clone()),
            None => selected(model).map(|row| row.client.clone()),
        }
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        let (account, role) = match (full(model), selected(model)) {
            (Some(view), _) => (view.account, view.role.as_ref()),
            (None, Some(row)) => (Some(row.account), row.access.as_ref().and_then(|access| access.role())),
            (None, None) => return Vec::new(),
        };
        let mut out = Vec::new();
        if let Some(account) = account {
            out.push(Copyable { key: 'i', label: "account id", text: account.to_string() });
            out.push(Copyable { key: 'a', label: "root ARN", text: format!("arn:aws:iam::{account}:root") });
        }
        out.extend(role.map(|role| Copyable { key: 'o', label: "role ARN", text: role.to_string() }));
        out
    }

    fn command(&self, query: Option<&Query>) -> String {
        match query {
            Some(Query::Accounts(Some(client))) => format!("bailiwick accounts --client {client}"),
            Some(Query::Connection { client, id }) => format!("bailiwick connection show {client} {id}"),
            _ => "bailiwick accounts".into(),
        }
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        if let Some(view) = full(model) {
            return Some(format!(
                "connection {}",
                view.account.map_or_else(String::new, |account| account.to_string())
            ));
        }
        selected(model).map(|row| match &row.label {
            Some(label) => format!("{} {}", row.account, label.for_tui(40)),
            None => row.account.to_string(),
        })
    }

    fn detail_rows(&self, model: &Model) -> u16 {
        full(model).map_or(7, |view| connection::rows(&facts(model, view), model.size.0))
    }

    fn detail_first(&self, model: &Model) -> bool {
        matches!(model.stack(PaneId::Accounts).top().query, Some(Query::Connection { .. }))
    }

    fn table_title(&self, _model: &Model) -> &'static str {
        "what its gate tried"
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        match (full(model), selected(model)) {
            (Some(view), _) => drop(canvas.facts(area, connection::LABEL, &facts(model, view))),
            (None, Some(row)) => drop(canvas.facts(area, connection::LABEL, &lines(model.now, row))),
            (None, None) => {}
        }
    }
}

fn facts(model: &Model, view: &ConnectionView) -> Vec<Fact> {
    let mut facts = connection::facts(model.now, view, row_of(model, &view.client, view.account));
    // Beside the table there is room for the selected probe in full; below it the table would jump.
    let selected = model.stack(PaneId::Accounts).top().list.selected_row().and_then(|row| view.results.get(row));
    if let Some(probe) = selected.filter(|_| model.size.0 >= WIDE) {
        facts.push(("", Vec::new()));
        facts.push(("selected", vec![dim(format!("{}: ", probe.title)), gate::seen(probe)]));
        facts.extend(probe.next_step.iter().map(|next| ("", vec![plain(format!("→ {next}"))])));
    }
    facts
}

/// Whether any source of an account failed or is older than it should be.
fn trouble(row: &AccountRow) -> bool {
    let bad = |s: &SourceState| matches!(s, SourceState::Stale { .. } | SourceState::Unavailable { .. });
    bad(&row.costs) || bad(&row.events) || !row.regions_failed.is_empty()
}

fn lines(now: Timestamp, row: &AccountRow) -> Vec<Fact> {
    let mut out = vec![("connection", connected(now, row))];
    if let Some(GateState::Failed { failure, .. }) = &row.gate {
        out.push(("do", vec![plain(failure.next_step.clone())]));
    }
    for (label, state) in [("costs", &row.costs), ("events", &row.events)] {
        out.push((label, source(now, state)));
    }
    for (region, reason) in &row.regions_failed {
        out.push(("not read", vec![(format!("{region}: {reason}").into(), Tone::Warn)]));
    }
    if let Some(why) = words::reason(now, &row.month) {
        out.push(("spend", vec![(why.into(), Tone::Warn)]));
    }
    let regions: Vec<&str> = row.regions.iter().map(|r| r.as_str()).collect();
    out.push(("regions", vec![if regions.is_empty() { dim("no events yet") } else { plain(regions.join(" ")) }]));
    let linked = row.linked_at.map_or_else(|| "not known".to_owned(), |at| at.day().to_string());
    let ou = row.ou_path.as_ref().map_or_else(|| "no organizational unit known".to_owned(), |p| p.for_tui(120));
    let standing = gate::standing(now, row.state, row.left_at, 40);
    out.push(("linked", vec![plain(linked), dim(" · "), standing, dim(format!(" · {ou}"))]));
    out
}

/// How an account is reached and whether that may be used.
fn connected(now: Timestamp, row: &AccountRow) -> Vec<Piece> {
    let Some(kind) = row.connection else {
        return vec![
            dim("not connected itself; its costs come from the payer. "),
            ("C".into(), Tone::Accent),
            dim(" connects it and adds its events"),
        ];
    };
    let (word, at) = row.gate.as_ref().map_or(("untested", None), |gate| (gate.word(), gate.at()));
    let mut out = vec![gate::badge(word)];
    let why = match &row.gate {
        None | Some(GateState::Untested) => "its trust was not tested yet".to_owned(),
        Some(GateState::Passed { .. }) => String::new(),
        Some(GateState::Quarantined { .. }) => {
            "the role can be assumed without its ExternalId, so it is not used".to_owned()
        }
        Some(GateState::Overridden { reason, .. }) => {
            format!("opens without its ExternalId, used because: {}", reason.for_tui(60))
        }
        Some(GateState::Failed { failure, .. }) => failure.what.clone(),
    };
    if let Some(at) = at {
        out.push(dim(format!(" {}", words::since(now, at))));
    }
    if !why.is_empty() {
        out.push(plain(format!(": {why}")));
    }
    out.extend([dim(" · "), plain(kind.word())]);
    if let Some(access) = &row.access {
        out.extend([dim(" through "), gate::access(access)]);
    }
    out
}

fn source(now: Timestamp, state: &SourceState) -> Vec<Piece> {
    match state {
        SourceState::Never => vec![dim("never read: R syncs now")],
        SourceState::Fresh { at } => {
            vec![plain(format!("read {}", words::since(now, *at)))]
        }
        SourceState::Stale { at, reason } => {
            vec![(format!("stale, read {}: {reason}", words::since(now, *at)).into(), Tone::Warn)]
        }
        SourceState::Unavailable { reason } => vec![(reason.clone().into(), Tone::Bad)],
        SourceState::NotApplicable => vec![dim("this connection has none; they come through the payer")],
    }
}
