//! Who calls: `userIdentity` in each of the shapes CloudTrail knows, with the address and the agent that go with it.

use crate::domain::{AccountId, Timestamp};
use crate::sim::world::rng::{Rng, fnv};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What kind of identity acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The account's root user, signed in or signing in.
    Root {
        /// Whether a second factor opened its session.
        mfa: bool,
    },
    /// An IAM user, with the path that stands before its name in the ARN (`""` or `vendor/`).
    User {
        /// Its name.
        name: String,
        /// Whether a second factor opened its session; `None` for an access key.
        mfa: Option<bool>,
    },
    /// A session of a role.
    Role {
        /// Path and name, `aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef`.
        role: String,
        /// The session's name.
        session: String,
        /// The AWS service that calls on the role's behalf, e.g. `autoscaling.amazonaws.com`.
        invoked_by: Option<&'static str>,
    },
    /// An AWS service acting for itself, `ec2.amazonaws.com`.
    Service(&'static str),
    /// A principal of another account, of which CloudTrail tells the account and the unique id only.
    Account {
        /// The other account.
        account: AccountId,
        /// The unique id of the principal there, `AROA…:session`.
        principal: String,
    },
    /// A SAML user opening a session: provider and name.
    Saml {
        /// The provider's name, `AWSSSO_0123456789abcdef_DO_NOT_DELETE`.
        provider: String,
        /// The user.
        user: String,
    },
    /// A web identity opening a session: a pipeline's OIDC token.
    Web {
        /// The provider's host, `token.actions.githubusercontent.com`.
        provider: String,
        /// The subject, `repo:halden/web:ref:refs/heads/main`.
        subject: String,
    },
    /// Nobody: an event that AWS records by itself carries no `type`, only who caused it.
    Nobody(&'static str),
}

/// An identity with where it calls from and with what.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The identity.
    pub identity: Identity,
    /// `sourceIPAddress`: an address, or the host of a service.
    pub ip: Arc<str>,
    /// `userAgent`.
    pub agent: Arc<str>,
    /// `Username` of the lookup answer.
    pub username: Option<Arc<str>>,
    /// Whether the calls come from a console session (`sessionCredentialFromConsole`).
    pub console: bool,
    /// The network endpoint inside a VPC it goes through, if any.
    pub vpc_endpoint: Option<String>,
    /// The account the identity lives in.
    pub home: AccountId,
    /// When its session was opened, where that is told; otherwise sessions follow each other.
    pub opened: Option<Timestamp>,
}

impl Caller {
    /// An identity of `home`, calling from an address with an agent.
    pub fn new(identity: Identity, home: AccountId, ip: &str, agent: &str) -> Self {
        let username: Option<Arc<str>> = match &identity {
            Identity::Root { .. } => Some("root".into()),
            Identity::User { name, .. } => Some(name.as_str().into()),
            Identity::Role { session, .. } => Some(session.as_str().into()),
            Identity::Saml { user, .. } => Some(user.as_str().into()),
            Identity::Web { subject, .. } => Some(subject.as_str().into()),
            Identity::Service(_) | Identity::Account { .. } | Identity::Nobody(_) => None,
        };
        Self {
            identity,
            ip: ip.into(),
            agent: agent.into(),
            username,
            console: false,
            vpc_endpoint: None,
            home,
            opened: None,
        }
    }

    /// An AWS service calling for itself.
    pub fn service(host: &'static str, home: AccountId) -> Self {
        Self::new(Identity::Service(host), home, host, host)
    }

    /// The same caller in a console session.
    pub fn in_console(mut self) -> Self {
        self.console = true;
        self
    }

    /// The same caller in a session opened at `time`.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.opened = Some(time);
        self
    }

    /// The same caller through a VPC endpoint.
    pub fn through(mut self, endpoint: String) -> Self {
        self.vpc_endpoint = Some(endpoint);
        self
    }

    /// The stable name of the actor: the ARN of the user or role, never of a session; `None` outside the account.
    pub fn actor(&self) -> Option<String> {
        let home = self.home;
        match &self.identity {
            Identity::Root { .. } => Some(format!("arn:aws:iam::{home}:root")),
            Identity::User { name, .. } => Some(format!("arn:aws:iam::{home}:user/{name}")),
            Identity::Role { role, .. } => Some(format!("arn:aws:iam::{home}:role/{role}")),
            _ => None,
        }
    }

    /// The access key an event at `time` is signed with: the user's own long-lived key, or the session's.
    pub fn access_key(&self, time: Timestamp) -> Option<Arc<str>> {
        let key = |prefix: &str, name: &str| Some(unique(prefix, self.home, name).into());
        match &self.identity {
            Identity::User { name, mfa: None } => key("AKIA", name),
            Identity::User { name, .. } => key("ASIA", &format!("{name}{}", self.session_start(time))),
            Identity::Root { .. } => key("ASIA", &format!("root{}", self.session_start(time))),
            Identity::Role { role, session, .. } => {
                key("ASIA", &format!("{role}{session}{}", self.session_start(time)))
            }
            _ => None,
        }
    }

    /// When the session of an event at `time` was opened: people's sessions last eight hours, machines' twelve at most.
    pub fn session_start(&self, time: Timestamp) -> Timestamp {
        if let Some(opened) = self.opened {
            return opened.min(time);
        }
        let length = if self.console { 8 * 3_600 } else { 12 * 3_600 };
        let offset = (fnv(self.ip.as_bytes()) % 3_000) as i64;
        time.plus(-(time.second() - offset).rem_euclid(length))
    }

    /// `userIdentity` of an event at `time`. A sign-in is recorded before there is a session key.
    pub(super) fn user_identity(&self, time: Timestamp, access_key: Option<&str>, sign_in: bool) -> Value {
        let home = self.home.to_string();
        let mut who = match &self.identity {
            Identity::Root { .. } => {
                json!({"type": "Root", "principalId": home, "arn": format!("arn:aws:iam::{home}:root"), "accountId": home})
            }
            Identity::User { name, .. } => json!({
                "type": "IAMUser",
                "principalId": unique("AIDA", self.home, name),
                "arn": format!("arn:aws:iam::{home}:user/{name}"),
                "accountId": home,
                "userName": short(name),
            }),
            Identity::Role { role, session, .. } => json!({
                "type": "AssumedRole",
                "principalId": format!("{}:{session}", unique("AROA", self.home, role)),
                "arn": format!("arn:aws:sts::{home}:assumed-role/{}/{session}", short(role)),
                "accountId": home,
            }),
            Identity::Service(host) => json!({"type": "AWSService", "invokedBy": host}),
            Identity::Account { account, principal } => {
                json!({"type": "AWSAccount", "principalId": principal, "accountId": account.to_string()})
            }
            Identity::Saml { provider, user } => json!({
                "type": "SAMLUser",
                "principalId": format!("{}:{user}", unique("", self.home, provider)),
                "userName": user,
                "identityProvider": format!("arn:aws:iam::{home}:saml-provider/{provider}"),
            }),
            Identity::Web { provider, subject } => json!({
                "type": "WebIdentityUser",
                "principalId": format!("arn:aws:iam::{home}:oidc-provider/{provider}:sts.amazonaws.com:{subject}"),
                "userName": subject,
                "identityProvider": format!("arn:aws:iam::{home}:oidc-provider/{provider}"),
            }),
            Identity::Nobody(host) => json!({"accountId": home, "invokedBy": host}),
        };
        if let Value::Object(fields) = &mut who {
            if let Some(key) = access_key.filter(|_| !sign_in || matches!(self.identity, Identity::Role { .. })) {
                fields.insert("accessKeyId".to_owned(), key.into());
            }
            if let Some(context) = self.session_context(time, sign_in) {
                fields.insert("sessionContext".to_owned(), context);
            }
            if let Identity::Role { invoked_by: Some(host), .. } = &self.identity {
                fields.insert("invokedBy".to_owned(), (*host).into());
            }
        }
        who
    }

    fn session_context(&self, time: Timestamp, sign_in: bool) -> Option<Value> {
        let mfa = match &self.identity {
            Identity::Role { .. } => false,
            Identity::User { mfa: Some(mfa), .. } if !sign_in => *mfa,
            Identity::Root { mfa } if !sign_in => *mfa,
            _ => return None,
        };
        let mut context = Map::new();
        if let Identity::Role { role, .. } = &self.identity {
            context.insert(
                "sessionIssuer".to_owned(),
                json!({
                    "type": "Role",
                    "principalId": unique("AROA", self.home, role),
                    "arn": format!("arn:aws:iam::{}:role/{role}", self.home),
                    "accountId": self.home.to_string(),
                    "userName": short(role),
                }),
            );
            context.insert("webIdFederationData".to_owned(), json!({}));
        }
        let attributes =
            json!({"creationDate": self.session_start(time).to_string(), "mfaAuthenticated": mfa.to_string()});
        context.insert("attributes".to_owned(), attributes);
        Some(Value::Object(context))
    }
}

/// IAM's unique id of a named thing: the prefix and 17 characters, always the same for the same name.
pub(crate) fn unique(prefix: &str, account: AccountId, name: &str) -> String {
    let mut rng = Rng::stream(fnv(prefix.as_bytes()), account.number(), name);
    format!("{prefix}{}", rng.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", if prefix.len() == 4 { 16 } else { 27 }))
}

/// The name without its path.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
