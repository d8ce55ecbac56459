//! 1 Overview: every client on one row, the biggest difference in money first.

mod columns;
mod detail;

use super::{Copyable, Listing, Pane, PaneId, Source, Step};
use crate::{
    desk::{AccessScope, CostScope, FindingScope, Query, view::ClientRow},
    domain::ClientId,
    tui::{
        model::Model,
        theme::Tone,
        widgets::{
            canvas::{Canvas, Piece, dim, plain},
            words,
        },
    },
};
use ratatui::layout::Rect;

/// The pane.
#[derive(Debug)]
pub struct Overview;

/// The selected client's row.
pub(super) fn selected(model: &Model) -> Option<&ClientRow> {
    let row = model.stack(PaneId::Overview).top().list.selected_row()?;
    model.clients().get(row)
}

impl Pane for Overview {
    fn id(&self) -> PaneId {
        PaneId::Overview
    }

    fn title(&self) -> &'static str {
        "Overview"
    }

    fn root(&self) -> Option<Query> {
        Some(Query::Overview)
    }

    fn crumb(&self, _query: &Query) -> String {
        String::new()
    }

    fn listing(&self, _source: &Source) -> &'static dyn Listing {
        &columns::Clients
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        let Some(overview) = model.overview() else { return Vec::new() };
        let mut out: Vec<Piece> = vec![dim("Fleet  ")];
        for total in &overview.fleet {
            let money = |amount| crate::domain::Money::new(amount, total.currency);
            let change = total.delta;
            let (glyph, tone) = if change.is_sign_negative() { ("▼ ", Tone::Fall) } else { ("▲ ", Tone::Rise) };
            out.push((format!("{} {}", total.currency, money(total.month).display_whole()).into(), Tone::Strong));
            out.push(plain(" so far   "));
            out.push((format!("{glyph}{}", money(change.abs()).display_whole()).into(), tone));
            out.push(dim(" vs same days   "));
        }
        out.push(dim("findings "));
        out.extend(words::findings_sentence(&overview.findings));
        for total in &overview.fleet {
            let forecast = total.forecast.map(|f| crate::domain::Money::new(f, total.currency).display_whole());
            out.push(dim(match forecast {
                Some(amount) => format!("   forecast {} {amount}", total.currency),
                None => "   forecast not known for all clients".to_owned(),
            }));
        }
        out
    }

    fn enter(&self, model: &Model) -> Result<Step, String> {
        let row = selected(model).ok_or("no client is selected")?;
        let scope = CostScope { client: Some(row.client.clone()), ..CostScope::default() };
        Ok(Step::into(PaneId::Costs, Query::Costs(scope)))
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        selected(model).map(|row| row.client.clone())
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        let Some(row) = selected(model) else { return Vec::new() };
        vec![
            Copyable { key: 'i', label: "client id", text: row.client.to_string() },
            Copyable { key: 'n', label: "client name", text: row.name.for_log() },
        ]
    }

    fn command(&self, _query: Option<&Query>) -> String {
        "bailiwick overview".into()
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        selected(model).map(|row| row.client.to_string())
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        if let Some(row) = selected(model) {
            detail::draw(model, row, canvas, area);
        }
    }
}

/// The findings of one client.
pub fn findings_of(client: ClientId) -> Step {
    Step::into(PaneId::Findings, Query::Findings(FindingScope { client: Some(client), account: None }))
}

/// The principals of one client.
pub fn access_of(client: ClientId) -> Step {
    Step::into(PaneId::Access, Query::Access(AccessScope { client: Some(client), account: None, actor: None }))
}
