//! 5 Findings: the triage list, then one finding with its evidence.

mod columns;
mod detail;

use super::{Copyable, Listing, Pane, PaneId, Source, Step};
use crate::{
    desk::{
        AccessScope, Answer, FindingScope, Query,
        view::{FindingDetail, FindingRow, FindingsView},
    },
    domain::{ClientId, Evidence, FindingState},
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
pub struct Findings;

fn list(model: &Model) -> Option<&FindingsView> {
    match &model.stack(PaneId::Findings).top().answer {
        Some(Answer::Findings(view)) => Some(view),
        _ => None,
    }
}

/// The finding shown in full.
pub(super) fn full(model: &Model) -> Option<&FindingDetail> {
    match &model.stack(PaneId::Findings).top().answer {
        Some(Answer::Finding(view)) => Some(view),
        _ => None,
    }
}

fn place(model: &Model) -> Option<usize> {
    model.stack(PaneId::Findings).top().list.selected_row()
}

/// The selected finding of the list, or the one shown in full.
pub(super) fn selected(model: &Model) -> Option<&FindingRow> {
    match full(model) {
        Some(detail) => Some(&detail.row),
        None => list(model)?.rows.get(place(model)?),
    }
}

fn evidence(model: &Model) -> Option<&Evidence> {
    full(model)?.evidence.get(place(model)?)
}

impl Pane for Findings {
    fn id(&self) -> PaneId {
        PaneId::Findings
    }

    fn title(&self) -> &'static str {
        "Findings"
    }

    fn root(&self) -> Option<Query> {
        Some(Query::Findings(FindingScope::default()))
    }

    fn crumb(&self, query: &Query) -> String {
        match query {
            Query::Finding(id) => id.to_string(),
            Query::Findings(FindingScope { account: Some(account), .. }) => account.to_string(),
            Query::Findings(FindingScope { client: Some(client), .. }) => client.to_string(),
            _ => String::new(),
        }
    }

    fn listing(&self, source: &Source) -> &'static dyn Listing {
        if matches!(source.query, Some(Query::Finding(_))) { &columns::EvidenceRows } else { &columns::FindingRows }
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        if let Some(detail) = full(model) {
            return detail::headline(&detail.row);
        }
        let Some(view) = list(model) else { return Vec::new() };
        let held = |state| view.rows.iter().filter(|r| r.state == state).count();
        let mut out = vec![dim("open "), (view.open.total().to_string().into(), Tone::Strong), dim(": ")];
        out.extend(words::findings_sentence(&view.open));
        out.push(dim(format!(
            " · acknowledged {} · resolved {}",
            held(FindingState::Acknowledged),
            held(FindingState::Resolved)
        )));
        out
    }

    fn enter(&self, model: &Model) -> Result<Step, String> {
        if let Some(detail) = full(model) {
            let piece = evidence(model).ok_or("no evidence is selected")?;
            let actor = piece.actor.clone().ok_or("this piece of evidence names nobody whose events could be shown")?;
            let scope = AccessScope {
                client: Some(detail.row.client.clone()),
                account: Some(detail.row.account),
                actor: Some(actor),
            };
            return Ok(Step::into(PaneId::Access, Query::Access(scope)));
        }
        let row = selected(model).ok_or("no finding is selected")?;
        Ok(Step::into(PaneId::Findings, Query::Finding(row.id)))
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        selected(model).map(|row| row.client.clone())
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        let Some(row) = selected(model) else { return Vec::new() };
        let mut out = vec![
            Copyable { key: 'i', label: "finding id", text: row.id.to_string() },
            Copyable { key: 'a', label: "subject", text: row.subject.for_log() },
        ];
        if let Some(actor) = evidence(model).and_then(|e| e.actor.as_ref()) {
            out.push(Copyable { key: 'p', label: "actor of this evidence (ARN)", text: actor.for_log() });
        }
        out
    }

    fn command(&self, query: Option<&Query>) -> String {
        match query {
            Some(Query::Finding(id)) => format!("bailiwick finding {id}"),
            Some(Query::Findings(scope)) => {
                let client = scope.client.as_ref().map(|c| format!(" --client {c}")).unwrap_or_default();
                let account = scope.account.map(|a| format!(" --account {a}")).unwrap_or_default();
                format!("bailiwick findings{client}{account}")
            }
            _ => "bailiwick findings".into(),
        }
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        match full(model) {
            Some(detail) => Some(detail.row.title.for_tui(100)),
            None => selected(model).map(|row| row.check.clone()),
        }
    }

    fn detail_rows(&self, model: &Model) -> u16 {
        if full(model).is_some() { model.size.1 / 2 } else { 4 }
    }

    fn detail_first(&self, model: &Model) -> bool {
        matches!(model.stack(PaneId::Findings).top().query, Some(Query::Finding(_)))
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        match (full(model), selected(model)) {
            (Some(finding), _) => detail::full(model.now, finding, canvas, area),
            (None, Some(row)) => detail::brief(model.now, row, canvas, area),
            (None, None) => {}
        }
    }
}

/// A finding's state in a word.
pub(super) fn state(row: &FindingRow) -> Piece {
    match row.state {
        FindingState::Open => plain("open"),
        FindingState::Acknowledged => dim("acknowledged"),
        FindingState::Resolved => dim("resolved"),
    }
}
