//! 2 Accounts: client, organizational unit, account; state, connection and sources of each.

mod columns;

use super::{Copyable, Listing, Pane, PaneId, Source, Step};
use crate::{
    desk::{
        Answer, CostScope, Query,
        view::{AccountRow, AccountsView},
    },
    domain::{ClientId, GateState, SourceState, Timestamp},
    tui::{
        model::Model,
        theme::Tone,
        widgets::{
            canvas::{Canvas, Fact, Piece, dim, plain},
            words,
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

fn selected(model: &Model) -> Option<&AccountRow> {
    let row = model.stack(PaneId::Accounts).top().list.selected_row()?;
    data(model)?.rows.get(row)
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
            _ => String::new(),
        }
    }

    fn listing(&self, _source: &Source) -> &'static dyn Listing {
        &columns::AccountRows
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        let Some(view) = data(model) else { return Vec::new() };
        let connected = view.rows.iter().filter(|r| r.connection.is_some()).count();
        let troubled = view.rows.iter().filter(|r| trouble(r)).count();
        let mut out = vec![
            (words::plural(view.rows.len() as u64, "account", "accounts").into(), Tone::Strong),
            dim(format!(" · {connected} connected")),
        ];
        if troubled > 0 {
            out.push((format!(" · {troubled} with a source in trouble").into(), Tone::Warn));
        }
        out
    }

    fn enter(&self, model: &Model) -> Result<Step, String> {
        let row = selected(model).ok_or("no account is selected")?;
        let client = CostScope { client: Some(row.client.clone()), ..CostScope::default() };
        let account = CostScope { account: Some(row.account), ..client.clone() };
        Ok(Step { pane: PaneId::Costs, queries: vec![Query::Costs(client), Query::Costs(account)] })
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        selected(model).map(|row| row.client.clone())
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        let Some(row) = selected(model) else { return Vec::new() };
        vec![
            Copyable { key: 'i', label: "account id", text: row.account.to_string() },
            Copyable { key: 'a', label: "root ARN", text: format!("arn:aws:iam::{}:root", row.account) },
        ]
    }

    fn command(&self, query: Option<&Query>) -> String {
        match query {
            Some(Query::Accounts(Some(client))) => format!("bailiwick accounts --client {client}"),
            _ => "bailiwick accounts".into(),
        }
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        selected(model).map(|row| match &row.label {
            Some(label) => format!("{} {}", row.account, label.for_tui(40)),
            None => row.account.to_string(),
        })
    }

    fn detail_rows(&self, _model: &Model) -> u16 {
        6
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        let Some(row) = selected(model) else { return };
        canvas.facts(area, 11, &lines(model.now, row));
    }
}

/// Whether any source of an account failed or is older than it should be.
fn trouble(row: &AccountRow) -> bool {
    let bad = |s: &SourceState| matches!(s, SourceState::Stale { .. } | SourceState::Unavailable { .. });
    bad(&row.costs) || bad(&row.events) || !row.regions_failed.is_empty()
}

fn lines(now: Timestamp, row: &AccountRow) -> Vec<Fact> {
    let mut out = vec![("connection", connection(now, row))];
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
    out.push(("linked", vec![plain(linked), dim(format!(" · {} · {ou}", row.state.word()))]));
    out
}

fn connection(now: Timestamp, row: &AccountRow) -> Vec<Piece> {
    let Some(kind) = row.connection else {
        return vec![dim("not connected itself; its costs come from the payer. `bailiwick connect` adds its events")];
    };
    let gate = match &row.gate {
        None | Some(GateState::Untested) => ("trust not tested yet".to_owned(), Tone::Warn),
        Some(GateState::Passed { at }) => (format!("trust tested {} ago", words::ago(now, *at)), Tone::Good),
        Some(GateState::Quarantined { .. }) => {
            ("quarantined: the role can be assumed without its ExternalId, so it is not used".to_owned(), Tone::Bad)
        }
        Some(GateState::Overridden { reason, .. }) => {
            (format!("opens without its ExternalId, used because of an override: {}", reason.for_tui(60)), Tone::Bad)
        }
        Some(GateState::Failed { failure, .. }) => (format!("trust test failed: {}", failure.what), Tone::Bad),
    };
    vec![plain(kind.word()), dim(" · "), (gate.0.into(), gate.1)]
}

fn source(now: Timestamp, state: &SourceState) -> Vec<Piece> {
    match state {
        SourceState::Never => vec![dim("never read: R syncs now")],
        SourceState::Fresh { at } => {
            vec![plain(format!("read {} ago", words::ago(now, *at)).replace("now ago", "just now"))]
        }
        SourceState::Stale { at, reason } => {
            vec![(format!("stale, read {} ago: {reason}", words::ago(now, *at)).into(), Tone::Warn)]
        }
        SourceState::Unavailable { reason } => vec![(reason.clone().into(), Tone::Bad)],
        SourceState::NotApplicable => vec![dim("this connection has none; they come through the payer")],
    }
}
