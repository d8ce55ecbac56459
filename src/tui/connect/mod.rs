//! Connecting a client: its form, the role it has to make, the account that role is in, and the gate. One step after the
//! other; `Esc` goes one back, and nothing that was typed is lost.

mod client;
mod draw;
mod errand;
mod flow;
mod form;
mod gate;
mod keys;
mod lines;
mod way;

pub use draw::{draw_flow, draw_override, draw_test};
pub use errand::{Done, Errand, Revealed, RoleText, WayIn};
pub use flow::{Flow, Step};
pub use form::Form;
pub use gate::{GateRun, Verdict};
pub(super) use keys::{flow_key, override_key, test_key};

use super::{
    Effect, Model, NoticeLevel, RequestId,
    overlays::Overlay,
    panes::{PaneId, accounts},
};
use crate::{
    desk::view::ProbeView,
    domain::{ClientId, ConnectionId, Note},
};
use form::Field;

/// A kept connection that is tested now.
#[derive(Debug, Clone)]
pub struct Test {
    /// Whose.
    pub client: ClientId,
    /// Which.
    pub connection: ConnectionId,
    /// The try.
    pub run: GateRun,
}

/// What must be typed before a quarantined role is used.
#[derive(Debug, Clone)]
pub struct Override {
    /// Whose.
    pub client: ClientId,
    /// Which.
    pub connection: ConnectionId,
    form: Form,
    /// Why it did not happen.
    failed: Option<String>,
    request: Option<RequestId>,
}

impl Override {
    /// Nothing typed yet.
    pub fn new(client: ClientId, connection: ConnectionId) -> Self {
        let form = Form::new(vec![
            Field::text("to confirm", format!("type {client}/{connection}"), 90),
            Field::text("reason", "for the audit log, and for whoever sees it next", 2_100),
        ]);
        Self { client, connection, form, failed: None, request: None }
    }

    /// The form that is typed into.
    pub(super) fn typed_into(&mut self) -> &mut Form {
        &mut self.form
    }

    fn name(&self) -> String {
        format!("{}/{}", self.client, self.connection)
    }
}

/// What is wrong with a value of an override.
fn check_override(name: &str, at: usize, value: &str) -> Result<(), String> {
    match at {
        0 if value != name => Err(format!("type {name}, so that it is this connection and no other")),
        1 if value.is_empty() => Err("an override needs a reason, which is noted in the audit log".into()),
        1 => value.parse::<Note>().map(drop).map_err(|e| e.to_string()),
        _ => Ok(()),
    }
}

/// Opens the form of a new client.
pub fn add_client(model: &mut Model) -> Vec<Effect> {
    model.overlays.push(Overlay::Flow(Box::new(Flow::new_client())));
    Vec::new()
}

/// Goes on with a client that is there: its role is rendered next.
pub fn connect_client(model: &mut Model) -> Vec<Effect> {
    let Some(client) = model.current().client(model) else { return Vec::new() };
    let mut flow = Flow::continued(client);
    let effects = flow.render(model.number());
    model.overlays.push(Overlay::Flow(Box::new(flow)));
    effects
}

/// Whether a kept connection is selected.
pub fn can_test(model: &Model) -> Result<(), String> {
    accounts::connection(model).map(drop).ok_or_else(|| "no connected account is selected: C connects one".into())
}

/// Tests the selected connection.
pub fn test(model: &mut Model) -> Vec<Effect> {
    let Some((client, connection, _)) = accounts::connection(model) else { return Vec::new() };
    let (run, effects) = begin_test(model, &client, &connection);
    model.overlays.push(Overlay::Test(Box::new(Test { client, connection, run })));
    effects
}

fn begin_test(model: &mut Model, client: &ClientId, connection: &ConnectionId) -> (GateRun, Vec<Effect>) {
    let request = RequestId(model.number());
    let errand = Errand::Test { client: client.clone(), connection: connection.clone() };
    (GateRun::begun(request), vec![Effect::Errand { request, errand }])
}

/// Whether the selected connection is in quarantine.
pub fn can_override(model: &Model) -> Result<(), String> {
    match accounts::connection(model) {
        Some((_, _, "quarantined")) => Ok(()),
        Some((_, _, gate)) => Err(format!("only a quarantined connection can be overridden, and this one is {gate}")),
        None => Err("no connected account is selected".into()),
    }
}

/// Asks what is needed to use a quarantined connection.
pub fn override_gate(model: &mut Model) -> Vec<Effect> {
    if let Some((client, connection, _)) = accounts::connection(model) {
        model.overlays.push(Overlay::Override(Box::new(Override::new(client, connection))));
    }
    Vec::new()
}

/// Shows a connection in its pane.
fn show(model: &mut Model, client: ClientId, connection: ConnectionId) -> Vec<Effect> {
    let mut effects = model.to_root(PaneId::Accounts);
    let step = accounts::connection_of(client, connection);
    effects.extend(model.open(step.pane, step.queries));
    effects
}

/// One probe of an errand came.
pub fn probed(model: &mut Model, request: RequestId, probe: &ProbeView) {
    for overlay in &mut model.overlays {
        let run = match overlay {
            Overlay::Flow(flow) => &mut flow.gate,
            Overlay::Test(test) => &mut test.run,
            _ => continue,
        };
        if run.request == Some(request) {
            run.probe(probe.clone());
        }
    }
}

/// An errand ended. What was changed shows everywhere, also where nobody waits for it any more.
pub fn ended(model: &mut Model, request: RequestId, result: Result<Done, String>) -> Vec<Effect> {
    let changed = matches!(result, Ok(Done::Saved(_) | Done::Tested(_) | Done::Overridden(_)));
    let mut effects = Vec::new();
    let mut overlays = std::mem::take(&mut model.overlays);
    overlays.retain_mut(|overlay| match overlay {
        Overlay::Flow(flow) => {
            effects.extend(flow.ended(model, request, &result));
            true
        }
        Overlay::Test(test) if test.run.request == Some(request) => {
            test.run.ended(tested(&result));
            true
        }
        Overlay::Override(form) if form.request == Some(request) => {
            form.request = None;
            form.failed = result.as_ref().err().cloned();
            if form.failed.is_none() {
                let text = format!("{} is used in spite of its gate; the finding stays open", form.name());
                model.notify(NoticeLevel::Info, text);
            }
            form.failed.is_some()
        }
        _ => true,
    });
    // Nothing above opens another overlay.
    model.overlays = overlays;
    if changed {
        effects.extend(model.changed_by_hand());
    }
    effects
}

fn tested(result: &Result<Done, String>) -> Result<std::sync::Arc<crate::desk::view::ConnectReport>, String> {
    match result {
        Ok(Done::Tested(report)) => Ok(report.clone()),
        Ok(_) => Err("the answer is not one to this question; please report this".into()),
        Err(why) => Err(why.clone()),
    }
}
