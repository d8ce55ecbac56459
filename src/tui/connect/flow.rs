//! The steps of connecting a client, and what each of them keeps.

use super::{
    client,
    errand::{Done, Errand, RoleText, extension},
    form::{Field, Form},
    gate::GateRun,
    way,
};
use crate::{
    desk::{Format, Template},
    domain::{ClientFacts, ClientId},
    tui::{Effect, Model, NoticeLevel, RequestId},
};

/// Where one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The client's form.
    Client,
    /// The role as text.
    Role,
    /// The account it is in.
    Account,
    /// The gate.
    Gate,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Client, Self::Role, Self::Account, Self::Gate];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Role => "role",
            Self::Account => "account",
            Self::Gate => "gate",
        }
    }
}

/// The role as text.
#[derive(Debug, Clone)]
pub struct RoleStep {
    /// Which roles.
    pub template: Template,
    /// As what.
    pub format: Format,
    /// The text, for these two.
    pub text: Option<RoleText>,
    /// Why there is none.
    pub failed: Option<String>,
    /// The first line shown.
    pub top: usize,
    /// Where it is to be written, while that is asked.
    pub file: Option<Form>,
    pub(super) request: Option<RequestId>,
    pub(super) writing: Option<RequestId>,
}

/// Connecting one client.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Where one is.
    pub step: Step,
    /// The first step: a client that is there already is not asked for again.
    first: Step,
    /// The client's form.
    pub form: Form,
    /// The client, once it is there.
    pub client: Option<ClientId>,
    pub(super) saved: Option<ClientFacts>,
    /// Why it could not be saved.
    pub failed: Option<String>,
    pub(super) saving: Option<(RequestId, ClientFacts)>,
    /// The role.
    pub role: RoleStep,
    /// The account.
    pub way: Form,
    /// The gate.
    pub gate: GateRun,
}

impl Flow {
    /// From the form of a new client on.
    pub fn new_client() -> Self {
        let role = RoleStep {
            template: Template::Payer,
            format: Format::Cloudformation,
            text: None,
            failed: None,
            top: 0,
            file: None,
            request: None,
            writing: None,
        };
        Self {
            step: Step::Client,
            first: Step::Client,
            form: client::form(),
            client: None,
            saved: None,
            failed: None,
            saving: None,
            role,
            way: way::form(),
            gate: GateRun::default(),
        }
    }

    /// From the role of a client on that is there already.
    pub fn continued(client: ClientId) -> Self {
        Self { step: Step::Role, first: Step::Role, client: Some(client), ..Self::new_client() }
    }

    /// One step back; `false` at the first.
    pub(super) fn back(&mut self) -> bool {
        let before = Step::ALL.iter().rev().copied().find(|step| *step < self.step && *step >= self.first);
        self.step = before.unwrap_or(self.step);
        before.is_some()
    }

    /// Saves what the form says, or goes on where that was saved already.
    pub(super) fn save(&mut self, number: u64) -> Vec<Effect> {
        let known = self.client.is_some();
        let filled = client::filled(&self.form, known).zip(client::filled(&self.form, true));
        let (Some(((id, facts), (_, shown))), None) = (filled, &self.saving) else { return Vec::new() };
        if self.saved.as_ref() == Some(&shown) {
            self.step = Step::Role;
            return if self.role.text.is_none() { self.render(number) } else { Vec::new() };
        }
        let request = RequestId(number);
        self.failed = None;
        self.saving = Some((request, shown));
        vec![Effect::Errand { request, errand: Errand::SaveClient { client: id, facts, known } }]
    }

    /// Renders the role anew; what was shown is forgotten, because it would stand under a wrong title.
    pub fn render(&mut self, number: u64) -> Vec<Effect> {
        let Some(client) = self.client.clone() else { return Vec::new() };
        let request = RequestId(number);
        let role = &mut self.role;
        (role.text, role.failed, role.top, role.request) = (None, None, 0, Some(request));
        let errand = Errand::Render { client, template: role.template, format: role.format };
        vec![Effect::Errand { request, errand }]
    }

    /// Tries the way that is typed.
    pub(super) fn connect(&mut self, number: u64) -> Vec<Effect> {
        let filled = way::filled(&self.way, self.role.template);
        let (Some(client), Some((way, alias))) = (self.client.clone(), filled) else { return Vec::new() };
        let request = RequestId(number);
        // One errand takes the place of the other, and the one before is not heard of again.
        if self.role.request.take().is_some() {
            self.role.failed = Some("rendering was stopped by the test: r renders it again".into());
        }
        self.gate = GateRun::begun(request);
        self.step = Step::Gate;
        vec![Effect::Errand { request, errand: Errand::Connect { client, way, alias } }]
    }

    /// Asks where the text is to be written.
    pub(super) fn ask_file(&mut self) {
        let (Some(client), Some(_)) = (&self.client, &self.role.text) else { return };
        let name = format!("bailiwick-{}-{client}.{}", self.role.template.word(), extension(self.role.format));
        let mut field = Field::text("file", "a new file", 1_000);
        field.set(&name);
        self.role.file = Some(Form::new(vec![field]));
    }

    /// The form that is typed into, if the step has one.
    pub(in crate::tui) fn typed_into(&mut self) -> Option<&mut Form> {
        match self.step {
            Step::Client => Some(&mut self.form),
            Step::Role => self.role.file.as_mut(),
            Step::Account => Some(&mut self.way),
            Step::Gate => None,
        }
    }

    /// Whose it is, in words.
    pub fn client_word(&self) -> String {
        self.client.as_ref().map_or_else(|| "a new client".to_owned(), ToString::to_string)
    }

    /// An errand ended; one that is not waited for is not heard.
    pub(super) fn ended(
        &mut self,
        model: &mut Model,
        request: RequestId,
        result: &Result<Done, String>,
    ) -> Vec<Effect> {
        if let Some((_, facts)) = self.saving.take_if(|(waited, _)| *waited == request) {
            return match result {
                Ok(Done::Saved(client)) => {
                    model.notify(NoticeLevel::Info, format!("client {client} is in the vault"));
                    (self.client, self.saved) = (Some(client.clone()), Some(facts));
                    client::saved(&mut self.form);
                    // Whoever went away meanwhile is not called back.
                    if self.step == Step::Client { self.save(model.number()) } else { Vec::new() }
                }
                Ok(_) => Vec::new(),
                Err(why) => {
                    self.failed = Some(why.clone());
                    Vec::new()
                }
            };
        }
        if self.role.request == Some(request) {
            self.role.request = None;
            match result {
                Ok(Done::Rendered(text)) => self.role.text = Some(text.as_ref().clone()),
                Ok(_) => {}
                Err(why) => self.role.failed = Some(why.clone()),
            }
        } else if self.role.writing == Some(request) {
            self.role.writing = None;
            match (result, &mut self.role.file) {
                (Ok(Done::Written(file)), open) => {
                    *open = None;
                    model.notify(NoticeLevel::Info, format!("written to {file}; only you can read it"));
                }
                (Err(why), Some(open)) => {
                    if let Some(field) = open.fields.first_mut() {
                        field.error = Some(why.clone());
                    }
                }
                (Err(why), None) => model.notify(NoticeLevel::Error, why.clone()),
                (Ok(_), _) => {}
            }
        } else if self.gate.request == Some(request) {
            self.gate.ended(super::tested(result));
        }
        Vec::new()
    }
}
