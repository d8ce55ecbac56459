//! What the console does with clients and connections: what talks to AWS on a thread of its own, the rest at once.

use super::{
    background::Background,
    engine::{self, Engine},
    newcomers::Newcomers,
    report::Report,
    role,
};
use crate::{
    aws::{BaseCredentials, Pacer, SdkCloud},
    desk::{
        ConnectRequest, Desk, DeskError, Format, Line, RenderRequest, Template, Way,
        view::{ConnectReport, ProbeView},
    },
    domain::{ClientId, GateResult, TemplateUrl},
    tui::{
        Msg, RequestId,
        connect::{Done, Errand, Revealed, RoleText, WayIn},
    },
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

/// What an errand needs.
#[derive(Clone)]
pub struct Means {
    /// Does it, and notes it.
    pub desk: Arc<Desk>,
    /// Credentials, pace and whom our roles trust.
    pub engine: Engine,
    /// Where templates lie for links that open the console.
    pub template_url: Option<TemplateUrl>,
    /// In the demo: who makes the roles.
    pub newcomers: Option<Arc<Newcomers>>,
}

/// The errands that may talk to AWS: one with connections, and one drill into costs. Dropping them stops both and waits
/// until nothing of them holds the vault.
#[derive(Default)]
pub struct Errands {
    thread: Background,
    drill: Background,
}

impl Errands {
    /// Does an errand; one that talks to AWS takes the place of the one of its kind before.
    pub fn begin(&mut self, request: RequestId, errand: Errand, means: Means, to_screen: &UnboundedSender<Msg>) {
        let ended = |result| drop(to_screen.send(Msg::ErrandEnded { request, result }));
        let errand = match at_once(&means.desk, errand) {
            Ok(result) => return ended(result),
            Err(errand) => errand,
        };
        let thread = if matches!(errand, Errand::Drill(_)) { &mut self.drill } else { &mut self.thread };
        let screen = to_screen.clone();
        let work = move |stopped: oneshot::Receiver<()>| {
            let tell = |result: &GateResult| {
                let _ = screen.send(Msg::Probe { request, probe: ProbeView::new(result) });
            };
            let run = || -> Result<Option<Done>, Report> {
                engine::runtime()?.block_on(async {
                    tokio::select! {
                        // What is done is told, also when the stop comes in the same moment.
                        biased;
                        done = means.carry_out(errand, &tell) => done.map(Some),
                        _ = stopped => Ok(None),
                    }
                })
            };
            let result = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(None)) => return,
                Ok(Ok(Some(done))) => Ok(done),
                Ok(Err(report)) => Err(report.to_string()),
                Err(_) => Err("this failed inside bailiwick; please report this".to_owned()),
            };
            let _ = screen.send(Msg::ErrandEnded { request, result });
        };
        if thread.begin("errand", work).is_err() {
            ended(Err("that could not start: the system gives no more threads".into()));
        }
    }

    /// Stops what is done with connections, between two requests; whether there was anything to stop.
    pub fn end(&mut self) -> bool {
        self.thread.end()
    }

    /// Stops a drill; whether there was one. A question that was on its way stays in the ledger.
    pub fn end_drill(&mut self) -> bool {
        self.drill.end()
    }
}

/// Does what asks nothing of AWS; gives the others back.
fn at_once(desk: &Desk, errand: Errand) -> Result<Result<Done, String>, Errand> {
    let done = match errand {
        Errand::SaveClient { client, facts, known: false } => {
            desk.add_client(&client, &facts).map(|c| Done::Saved(c.id))
        }
        Errand::SaveClient { client, facts, known: true } => {
            desk.edit_client(&client, &facts).map(|c| Done::Saved(c.id))
        }
        Errand::Override { client, connection, reason } => {
            desk.override_gate(&client, &connection, &reason).map(|view| Done::Overridden(Arc::new(view)))
        }
        Errand::Write { path, text } => return Ok(write(&path, &text)),
        other @ (Errand::Render { .. } | Errand::Connect { .. } | Errand::Test { .. } | Errand::Drill(_)) => {
            return Err(other);
        }
    };
    Ok(done.map_err(|e| e.to_string()))
}

fn write(path: &str, text: &Revealed) -> Result<Done, String> {
    let file = match (path.strip_prefix("~/"), directories::BaseDirs::new()) {
        (Some(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => PathBuf::from(path),
    };
    let shown = std::path::absolute(&file).unwrap_or_else(|_| file.clone()).display().to_string();
    match role::write_new(&file, text.text()) {
        Ok(()) => Ok(Done::Written(shown)),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(format!("{shown} exists already: name a new file"))
        }
        Err(e) => Err(format!("{shown} could not be written: {e}; try another place")),
    }
}

impl Means {
    async fn carry_out(&self, errand: Errand, tell: &dyn Fn(&GateResult)) -> Result<Done, Report> {
        let options = &self.engine.options;
        let cloud = SdkCloud::connect(self.engine.credentials.clone(), self.engine.clock.clone()).await;
        if let Errand::Render { client, template, format } = errand {
            return self.render(&cloud, client, template, format).await;
        }
        let seed = self.engine.clock.now().second().unsigned_abs();
        let pacer = Pacer::new(options.pace, options.retry, seed);
        let line = Line::open(&cloud, &pacer, options).await;
        let tested = |report: ConnectReport| Done::Tested(Arc::new(report));
        Ok(match errand {
            Errand::Connect { client, way, alias } => {
                let way = self.way(way)?;
                let request = ConnectRequest { client, way, external_id: None, alias, kind: None, depth: None };
                tested(self.desk.connect(&line, &request, tell).await?)
            }
            Errand::Test { client, connection } => {
                tested(self.desk.test_connection(&line, &client, &connection, tell).await?)
            }
            Errand::Drill(scope) => {
                let view = self.desk.drill_usage(&line, &scope).await?;
                Done::Drilled { requests: view.requests, ce_spend_usd: view.ce_spend_usd }
            }
            // Done at once, before.
            _ => return Err(Report::failed("this errand needs no AWS; please report this")),
        })
    }

    fn way(&self, way: WayIn) -> Result<Way, DeskError> {
        match (way, &self.engine.credentials) {
            (WayIn::Role(role), _) => Ok(Way::Role(role)),
            (WayIn::Profile(name), BaseCredentials::Chain) => Ok(Way::Profile(name)),
            (WayIn::Profile(_), BaseCredentials::Simulator { .. }) => Err(DeskError::Refused(
                "the demo reads no profiles of this machine: type an account of the simulated AWS instead".into(),
            )),
        }
    }

    async fn render(
        &self,
        cloud: &SdkCloud,
        client: ClientId,
        template: Template,
        format: Format,
    ) -> Result<Done, Report> {
        // A client that is not there is told without asking anybody.
        self.desk.client(&client)?;
        let mut notes = Vec::new();
        let principal = match &self.engine.options.trusted {
            Some(trusted) => trusted.clone(),
            None => {
                let name_one = "name whom the roles trust as trusted_principal in config.toml";
                let (principal, _) = role::proposed(cloud, name_one).await?;
                // The demo has no settings.
                if self.newcomers.is_none() {
                    notes.push(format!(
                        "that is whoever your AWS credentials belong to now; to keep it so, put trusted_principal = \"{principal}\" into config.toml"
                    ));
                }
                principal
            }
        };
        let rendered = self.desk.render_role(RenderRequest {
            client: client.clone(),
            template: Some(template),
            format,
            principal,
            region: None,
            template_url: self.template_url.clone(),
        })?;
        notes.extend(rendered.notes);
        let hint = self.newcomers.as_ref().and_then(|newcomers| newcomers.make_role(&self.desk, &client));
        Ok(Done::Rendered(Box::new(RoleText {
            principal: rendered.principal.to_string(),
            text: Revealed::new(rendered.text),
            quick_create_url: rendered.quick_create_url,
            notes,
            hint,
        })))
    }
}
