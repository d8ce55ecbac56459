//! What the console wants done with clients and connections, and what comes of it.

use crate::{
    desk::{
        Format, ROLE_PATH, Template, UsageScope,
        view::{ConnectReport, ConnectionView},
    },
    domain::{ClientFacts, ClientId, ConnectionId, Label, Note, ProfileName, RoleArn},
    tui::theme::Tone,
};
use rust_decimal::Decimal;
use std::{borrow::Cow, fmt, sync::Arc};
use zeroize::Zeroizing;

/// A text with an ExternalId in it: wiped when dropped, and not told by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Revealed(Zeroizing<String>);

impl Revealed {
    /// Takes a text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revealed(…)")
    }
}

/// How an account is to be reached. An access key is asked for outside the console only: it would pass its memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayIn {
    /// A role.
    Role(RoleArn),
    /// A profile of this machine.
    Profile(ProfileName),
}

/// Something to be done, one at a time.
#[derive(Debug)]
pub enum Errand {
    /// Add a client, or change what is known of one.
    SaveClient {
        /// Which.
        client: ClientId,
        /// What is known of it.
        facts: ClientFacts,
        /// Whether it is there already.
        known: bool,
    },
    /// Render its roles.
    Render {
        /// Whose.
        client: ClientId,
        /// Which.
        template: Template,
        /// As what.
        format: Format,
    },
    /// Write a text to a new file that only the operator can read.
    Write {
        /// Where.
        path: String,
        /// What.
        text: Revealed,
    },
    /// Test a way in, and keep it if it may be used.
    Connect {
        /// Whose account.
        client: ClientId,
        /// How.
        way: WayIn,
        /// What the operator calls the account.
        alias: Option<Label>,
    },
    /// Test a connection that is kept.
    Test {
        /// Whose.
        client: ClientId,
        /// Which.
        connection: ConnectionId,
    },
    /// Ask Cost Explorer for one service by usage type, which the client pays for.
    Drill(UsageScope),
    /// Use a quarantined role all the same.
    Override {
        /// Whose.
        client: ClientId,
        /// Which.
        connection: ConnectionId,
        /// Why.
        reason: Note,
    },
}

/// What came of an errand.
#[derive(Debug, Clone)]
pub enum Done {
    /// The client is in the vault.
    Saved(ClientId),
    /// The roles as text.
    Rendered(Box<RoleText>),
    /// The text is in this file.
    Written(String),
    /// How the test ended.
    Tested(Arc<ConnectReport>),
    /// The drill is kept; so many requests it took, at this price in US dollars.
    Drilled {
        /// Requests.
        requests: u64,
        /// Their price.
        ce_spend_usd: Decimal,
    },
    /// The connection is used in spite of its gate.
    Overridden(Arc<ConnectionView>),
}

/// Rendered roles.
#[derive(Debug, Clone)]
pub struct RoleText {
    /// Whom they trust.
    pub principal: String,
    /// The text.
    pub text: Revealed,
    /// A link that opens the AWS console with it.
    pub quick_create_url: Option<String>,
    /// What is to be known about it.
    pub notes: Vec<String>,
    /// In the demo: what the simulated client made of it.
    pub hint: Option<String>,
}

impl RoleText {
    /// What is to be known about the text, a blank line, and the text itself.
    pub fn lines(&self) -> impl Iterator<Item = (Cow<'_, str>, Tone)> {
        let trusts = format!("trusts {} and holds the client's ExternalId", self.principal);
        let link = self
            .quick_create_url
            .iter()
            .map(|url| (format!("quick-create link, u copies it: {url}").into(), Tone::Plain));
        let about = self.hint.iter().map(|hint| (hint.as_str().into(), Tone::Accent));
        about
            .chain(std::iter::once((trusts.into(), Tone::Dim)))
            .chain(self.notes.iter().map(|note| (note.as_str().into(), Tone::Warn)))
            .chain(link)
            .chain(std::iter::once(("".into(), Tone::Plain)))
            .chain(self.text.text().lines().map(|line| (line.into(), Tone::Plain)))
    }
}

/// Path and name of the role that is connected first, of those a template makes.
pub fn first_role(template: Template) -> String {
    let name = template.roles().first().map_or("", |role| role.name);
    format!("{}{name}", ROLE_PATH.trim_start_matches('/'))
}

/// How a file of a format ends.
pub fn extension(format: Format) -> &'static str {
    match format {
        Format::Cloudformation => "yaml",
        Format::Stackset | Format::Cli => "sh",
        Format::Terraform => "tf",
        Format::Explain => "md",
    }
}
