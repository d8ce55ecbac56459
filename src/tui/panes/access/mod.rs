//! 4 Access: who acted, then what one of them did.

mod columns;
mod detail;

use super::{Copyable, Listing, Pane, PaneId, Source, Step};
use crate::{
    desk::{
        AccessScope, Answer, Query,
        view::{AccessView, EventRow, PrincipalRow},
    },
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
pub struct Access;

/// The view shown.
pub(super) fn data(model: &Model) -> Option<&AccessView> {
    match &model.stack(PaneId::Access).top().answer {
        Some(Answer::Access(view)) => Some(view),
        _ => None,
    }
}

/// What the level shown asks for.
fn scope(query: Option<&Query>) -> AccessScope {
    match query {
        Some(Query::Access(scope)) => scope.clone(),
        _ => AccessScope::default(),
    }
}

fn place(model: &Model) -> Option<usize> {
    model.stack(PaneId::Access).top().list.selected_row()
}

/// The selected principal, where principals are listed.
pub(super) fn principal(model: &Model) -> Option<&PrincipalRow> {
    data(model)?.principals.get(place(model)?)
}

/// The selected event, where events are listed.
pub(super) fn event(model: &Model) -> Option<&EventRow> {
    data(model)?.events.get(place(model)?)
}

/// Whether one principal's events are shown.
pub(super) fn shows_events(query: Option<&Query>) -> bool {
    scope(query).actor.is_some()
}

impl Pane for Access {
    fn id(&self) -> PaneId {
        PaneId::Access
    }

    fn title(&self) -> &'static str {
        "Access"
    }

    fn root(&self) -> Option<Query> {
        Some(Query::Access(AccessScope::default()))
    }

    fn crumb(&self, query: &Query) -> String {
        let scope = scope(Some(query));
        match (&scope.actor, &scope.account, &scope.client) {
            (Some(actor), _, _) => short_actor(&actor.for_tui(80)),
            (None, Some(account), _) => account.to_string(),
            (None, None, Some(client)) => client.to_string(),
            (None, None, None) => String::new(),
        }
    }

    fn listing(&self, source: &Source) -> &'static dyn Listing {
        if shows_events(source.query) { &columns::EventRows } else { &columns::PrincipalRows }
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        let Some(view) = data(model) else { return Vec::new() };
        let mut out = vec![plain(words::plural(view.days.into(), "day", "days")), dim(" of events · ")];
        if shows_events(model.stack(PaneId::Access).top().query.as_ref()) {
            let shown = view.events.len() as u64;
            out.push((words::plural(view.events_total, "event", "events").into(), Tone::Strong));
            if shown < view.events_total {
                out.push((format!(", the newest {} shown", words::count(shown)).into(), Tone::Warn));
            }
        } else {
            let count = words::plural(view.principals.len() as u64, "principal", "principals");
            out.push((count.into(), Tone::Strong));
        }
        match view.not_evaluated.len() {
            0 => out.push(dim(" · all regions read")),
            n => out.push((
                format!(" · {} (e: why)", words::plural(n as u64, "part not read", "parts not read")).into(),
                Tone::Warn,
            )),
        }
        out
    }

    fn enter(&self, model: &Model) -> Result<Step, String> {
        if shows_events(model.stack(PaneId::Access).top().query.as_ref()) {
            return Err("an event is the last level, in full beside the list: y copies it, Esc goes back".into());
        }
        let row = principal(model).ok_or("no principal is selected")?;
        Ok(events_of(row))
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        let here = scope(model.stack(PaneId::Access).top().query.as_ref()).client;
        here.or_else(|| principal(model).map(|row| row.client.clone()))
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        if let Some(row) = event(model) {
            return vec![
                Copyable { key: 'i', label: "event id", text: row.id.to_string() },
                Copyable { key: 's', label: "source address", text: row.source.for_log() },
            ];
        }
        let Some(row) = principal(model) else { return Vec::new() };
        vec![
            Copyable { key: 'a', label: "actor (ARN)", text: row.actor.for_log() },
            Copyable { key: 'i', label: "account id", text: row.account.to_string() },
        ]
    }

    fn command(&self, query: Option<&Query>) -> String {
        let scope = scope(query);
        let mut out = "bailiwick access".to_owned();
        if let Some(client) = &scope.client {
            out += &format!(" --client {client}");
        }
        if let Some(account) = &scope.account {
            out += &format!(" --account {account}");
        }
        if let Some(actor) = &scope.actor {
            out += &format!(" --actor {}", super::shell_quoted(&actor.for_log()));
        }
        out
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        match (principal(model), event(model)) {
            (Some(row), _) => Some(row.name.for_tui(60)),
            (None, Some(row)) => Some(format!("{} {}", row.service.for_tui(30), row.name.for_tui(50))),
            (None, None) => None,
        }
    }

    fn detail_rows(&self, _model: &Model) -> u16 {
        6
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        detail::draw(model, canvas, area);
    }
}

/// The events of one principal.
fn events_of(row: &PrincipalRow) -> Step {
    let scope =
        AccessScope { client: Some(row.client.clone()), account: Some(row.account), actor: Some(row.actor.clone()) };
    Step::into(PaneId::Access, Query::Access(scope))
}

/// The end of an ARN, which is what people call it.
pub(super) fn short_actor(actor: &str) -> String {
    actor.rsplit_once(":user/").or_else(|| actor.rsplit_once(":role/")).map_or(actor, |(_, name)| name).to_owned()
}

/// The view a level draws from.
fn data_of<'a>(source: &Source<'a>) -> Option<&'a AccessView> {
    match source.answer {
        Some(Answer::Access(view)) => Some(view),
        _ => None,
    }
}
