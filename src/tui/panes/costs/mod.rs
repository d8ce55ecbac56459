//! 3 Costs: client, account, service, day; months side by side.

mod columns;
mod detail;
pub mod usage;

use super::{Copyable, Listing, Pane, PaneId, Source, Step};
use crate::{
    desk::{
        Answer, CostScope, Query, UsageScope,
        view::{CostKey, CostLevel, CostRow, CostsView},
    },
    domain::{ClientId, CostBasis, Metric, Month},
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
pub struct Costs;

/// The view shown.
pub(super) fn data(model: &Model) -> Option<&CostsView> {
    match &model.stack(PaneId::Costs).top().answer {
        Some(Answer::Costs(view)) => Some(view),
        _ => None,
    }
}

/// What the level shown asks for.
pub fn scope(model: &Model) -> CostScope {
    match &model.stack(PaneId::Costs).top().query {
        Some(Query::Costs(scope)) => scope.clone(),
        _ => CostScope::default(),
    }
}

/// The month the daily chart shows.
pub fn month(model: &Model) -> Option<Month> {
    let back = model.stack(PaneId::Costs).top().months_back;
    data(model)?.months.iter().rev().nth(back).copied()
}

/// How many months there are to step through.
pub fn month_count(model: &Model) -> usize {
    data(model).map_or(0, |view| view.months.len())
}

/// The metric after this one.
pub fn next_metric(metric: Metric) -> Metric {
    let mut after = Metric::ALL.into_iter().cycle().skip_while(|m| *m != metric).skip(1);
    after.next().unwrap_or_default()
}

fn selected(model: &Model) -> Option<&CostRow> {
    let row = model.stack(PaneId::Costs).top().list.selected_row()?;
    data(model)?.rows.get(row)
}

/// The service that is selected, or whose days are shown.
pub fn service(model: &Model) -> Option<CostScope> {
    let mut scope = scope(model);
    if let (None, Some(CostKey::Service(service))) = (&scope.service, selected(model).map(|row| &row.key)) {
        scope.service = Some(service.clone());
    }
    scope.service.is_some().then_some(scope)
}

/// Seconds for which a restatement is news.
const RESTATED_NEWS: i64 = 30 * 86_400;

impl Pane for Costs {
    fn id(&self) -> PaneId {
        PaneId::Costs
    }

    fn title(&self) -> &'static str {
        "Costs"
    }

    fn root(&self) -> Option<Query> {
        Some(Query::Costs(CostScope::default()))
    }

    fn crumb(&self, query: &Query) -> String {
        let scope = match query {
            Query::Costs(scope) => scope,
            Query::Usage(..) => return "usage types".into(),
            _ => return String::new(),
        };
        match (&scope.service, &scope.account, &scope.client) {
            (Some(service), _, _) => service.for_tui(40),
            (None, Some(account), _) => account.to_string(),
            (None, None, Some(client)) => client.to_string(),
            (None, None, None) => String::new(),
        }
    }

    fn listing(&self, source: &Source) -> &'static dyn Listing {
        match source.answer {
            Some(Answer::Costs(view)) if view.level == CostLevel::Day => &columns::DayRows,
            Some(Answer::Usage(_)) => &usage::UsageRows,
            _ => &columns::CostRows,
        }
    }

    fn headline(&self, model: &Model) -> Vec<Piece> {
        if usage::shown_scope(model).is_some() {
            return usage::headline(model);
        }
        let Some(view) = data(model) else { return vec![dim(scope(model).metric.word())] };
        let basis = match view.cost_basis {
            CostBasis::Billable => dim(" · as billed"),
            CostBasis::ProForma => (" · pro forma, not the invoice".into(), Tone::Warn),
            // Clients of several kinds, or one that has not said.
            CostBasis::Unknown => dim(""),
        };
        let mut out = vec![(view.metric.into(), Tone::Strong), basis];
        if let Some(month) = month(model) {
            let open = model.stack(PaneId::Costs).top().months_back == 0;
            out.push(dim(" · "));
            out.push(plain(month.long_name()));
            out.push(dim(if open { " so far, estimated" } else { "" }));
        }
        let read = view.read_at.map(|at| words::ago(model.now, at));
        out.push(dim(match read.as_deref() {
            Some("now") => " · read just now".to_owned(),
            Some(age) => format!(" · {age} old"),
            None => " · never read".to_owned(),
        }));
        if let Some(newest) = view.restatements.first().filter(|r| model.now.since(r.seen_at) < RESTATED_NEWS) {
            let (month, change) = (newest.month, newest.change.display_signed());
            out.push((format!(" · AWS restated {} by {change}", month.long_name()).into(), Tone::Warn));
        }
        if !view.notes.is_empty() {
            let notes = words::plural(view.notes.len() as u64, "gap", "gaps");
            out.push((format!(" · {notes} (e: why)").into(), Tone::Warn));
        }
        out
    }

    fn enter(&self, model: &Model) -> Result<Step, String> {
        if usage::shown_scope(model).is_some() {
            return Err("a usage type is the last level: Esc goes back".into());
        }
        let view = data(model).ok_or("there is nothing to open yet")?;
        if view.level == CostLevel::Day {
            return Err("a day is the last level: u shows the service by usage type, Esc goes back".into());
        }
        let row = selected(model).ok_or("no row is selected")?;
        let mut next = scope(model);
        match &row.key {
            CostKey::Client(client) => next.client = Some(client.clone()),
            CostKey::Account(account) => next.account = Some(*account),
            CostKey::Service(service) => next.service = Some(service.clone()),
            CostKey::Residual | CostKey::Total(_) => return Err("a sum has nothing below it".into()),
        }
        Ok(Step::into(PaneId::Costs, Query::Costs(next)))
    }

    fn client(&self, model: &Model) -> Option<ClientId> {
        if let Some((scope, _)) = usage::shown_scope(model) {
            return Some(scope.client.clone());
        }
        scope(model).client.or_else(|| match &selected(model)?.key {
            CostKey::Client(client) => Some(client.clone()),
            _ => None,
        })
    }

    fn copies(&self, model: &Model) -> Vec<Copyable> {
        if let Some(row) = usage::selected(model) {
            return vec![Copyable { key: 'i', label: "id", text: row.usage_type.for_log() }];
        }
        let Some(row) = selected(model) else { return Vec::new() };
        let id = match &row.key {
            CostKey::Client(client) => client.to_string(),
            CostKey::Account(account) => account.to_string(),
            CostKey::Service(service) => service.for_log(),
            CostKey::Residual | CostKey::Total(_) => return Vec::new(),
        };
        vec![Copyable { key: 'i', label: "id", text: id }]
    }

    fn command(&self, query: Option<&Query>) -> String {
        let (scope, month) = match query {
            Some(Query::Costs(scope)) => (scope.clone(), None),
            Some(Query::Usage(scope, metric)) => {
                let UsageScope { client, account, service, month } = scope.clone();
                let above =
                    CostScope { client: Some(client), account: Some(account), service: Some(service), metric: *metric };
                (above, Some(month))
            }
            _ => return "bailiwick costs".into(),
        };
        let mut out = "bailiwick costs".to_owned();
        if let Some(client) = &scope.client {
            out += &format!(" --client {client}");
        }
        if let Some(account) = &scope.account {
            out += &format!(" --account {account}");
        }
        if let Some(service) = &scope.service {
            out += &format!(" --service {}", super::shell_quoted(&service.for_log()));
        }
        if let Some(month) = month {
            out += &format!(" --usage-types {month}");
        }
        if scope.metric != Metric::default() {
            out += &format!(" --metric {}", scope.metric.word().replace(' ', "-"));
        }
        out
    }

    fn detail_title(&self, model: &Model) -> Option<String> {
        if usage::shown_scope(model).is_some() {
            return usage::detail_title(model);
        }
        data(model).filter(|view| !view.daily.is_empty())?;
        Some(format!("daily, {}", month(model)?.long_name()))
    }

    fn detail_rows(&self, model: &Model) -> u16 {
        (model.size.1 / 3).clamp(6, 14)
    }

    fn detail(&self, model: &Model, canvas: &mut Canvas, area: Rect) {
        match usage::shown_scope(model) {
            Some(_) => usage::detail(model, canvas, area),
            None => detail::draw(model, canvas, area),
        }
    }
}
