//! What the roles are: one description, from which every format is made or against which it is tested.

use super::document::Node;
use crate::domain::{ExternalId, TrustedPrincipal};

/// The path of every role, so that a client finds them together.
pub const ROLE_PATH: &str = "/bailiwick/";
/// The name of the one policy of a role.
pub const POLICY_NAME: &str = "bailiwick-read";
/// The longest session in seconds; through another role AWS allows no more either.
pub const SESSION_SECONDS: u32 = 3_600;
/// What the names of our sessions are like, so that a client can tell them in its CloudTrail.
pub const SESSION_NAMES: &str = "bailiwick-*";
/// The shortest ExternalId that the templates take; those made here have 35 characters.
pub const SHORTEST_EXTERNAL_ID: usize = 32;
/// The StackSet of the member role.
pub const STACK_SET: &str = "bailiwick-member";
/// What of a StackSet's accounts may fail or be under way at once, in percent: all.
pub const STACK_SET_PERCENT: u32 = 100;

/// A role in an account of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// Its name, below [`ROLE_PATH`].
    pub name: &'static str,
    /// All that it allows.
    pub actions: &'static [&'static str],
}

/// In the management account, or in an account of its own.
pub const PAYER: Role = Role {
    name: "bailiwick-payer",
    actions: &["ce:GetCostAndUsage", "cloudtrail:LookupEvents", "organizations:ListAccounts"],
};
/// In a member account.
pub const MEMBER: Role = Role { name: "bailiwick-member", actions: &["cloudtrail:LookupEvents"] };

/// Which roles are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// The role of the management account, or of an account outside any organization.
    Payer,
    /// The role of a member account.
    Member,
    /// Both: the first in the management account, the second in every member through a StackSet.
    Organization,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 3] = [Self::Payer, Self::Member, Self::Organization];

    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Member => "member",
            Self::Organization => "organization",
        }
    }

    /// The roles that come of it.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Payer => &[PAYER],
            Self::Member => &[MEMBER],
            Self::Organization => &[PAYER, MEMBER],
        }
    }

    /// The name of its stack.
    pub fn stack(self) -> &'static str {
        match self {
            Self::Payer => "bailiwick-payer",
            Self::Member => "bailiwick-member",
            Self::Organization => "bailiwick-organization",
        }
    }

    /// The account in which it is installed.
    pub fn place(self) -> &'static str {
        match self {
            Self::Payer => "the management account, or the account itself where there is no organization",
            Self::Member => "the member account",
            Self::Organization => "the management account of the organization",
        }
    }
}

impl Role {
    /// Its policy. None of the three actions can be narrowed to resources in a way that matters here.
    pub fn permissions(&self) -> Node {
        document(vec![
            ("Effect", Node::text("Allow")),
            ("Action", Node::List(self.actions.iter().map(|action| Node::text(*action)).collect())),
            ("Resource", Node::text("*")),
        ])
    }
}

/// Who may assume a role, and how: the same for every role of a client.
pub fn trust(external_id: &ExternalId, principal: &TrustedPrincipal) -> Node {
    let one = |key: &'static str, value: String| Node::Map(vec![(key, Node::Text(value))]);
    document(vec![
        ("Effect", Node::text("Allow")),
        ("Principal", one("AWS", principal.root_arn())),
        ("Action", Node::text("sts:AssumeRole")),
        (
            "Condition",
            Node::Map(vec![
                ("StringEquals", one("sts:ExternalId", external_id.reveal().to_owned())),
                ("StringLike", one("sts:RoleSessionName", SESSION_NAMES.to_owned())),
                ("ArnLike", one("aws:PrincipalArn", principal.pattern())),
            ]),
        ),
    ])
}

fn document(statement: Vec<(&'static str, Node)>) -> Node {
    Node::Map(vec![("Version", Node::text("2012-10-17")), ("Statement", Node::List(vec![Node::Map(statement)]))])
}
