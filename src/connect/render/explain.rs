//! `--format explain`: a page for the people at the client's who must agree to the role.

use super::{
    RoleRequest, Template,
    model::{self, ROLE_PATH, Role},
};
use crate::aws::home_region;
use std::fmt::Write;

/// What one action shows and does not show.
pub struct Sight {
    /// The action.
    pub action: &'static str,
    shows: &'static str,
    hides: &'static str,
    price: &'static str,
}

/// Every action that a role may have.
pub const SIGHTS: [Sight; 3] = [
    Sight {
        action: "ce:GetCostAndUsage",
        shows: "What AWS charges: amounts by day or month, by account and by service.\n\
                In the management account of an organization, for all its accounts.",
        hides: "Invoices, payment methods, tax data, and what runs inside a service.",
        price: "AWS charges you US$0.01 for each request. The first reading takes about\n\
                15, each later one two, and there are at most three a day unless the\n\
                operator set it otherwise: about US$0.15 once, then US$0.02 to US$0.06 a\n\
                day. An organization with very many accounts takes more.",
    },
    Sight {
        action: "cloudtrail:LookupEvents",
        shows: "The event history that AWS keeps of the account for 90 days: who called\n\
                which management API when, from which address, with which request, and\n\
                whether it was refused.",
        hides: "Data events (reading or writing an object in S3, an item in a database,\n\
                running a function), log files in S3, and what any resource contains.\n\
                Secrets that AWS itself masks in the history stay masked.",
        price: "Free. AWS allows two requests a second in an account and region;\n\
                bailiwick asks for one, so that your own tools are not slowed down.",
    },
    Sight {
        action: "organizations:ListAccounts",
        shows: "The list of your accounts: id, name, e-mail address of the root user,\n\
                state, the unit it is in, and when and how it joined.",
        hides: "Policies of the organization, and anything in the accounts.",
        price: "Free.",
    },
];

/// The page.
pub fn text(request: &RoleRequest) -> String {
    let RoleRequest { name, template, .. } = request;
    let roles = template.roles();
    let mut page = String::new();
    let mut part = |text: &str| {
        page.push_str(text);
        page.push_str("\n\n");
    };
    part(&format!("# What bailiwick may do in the AWS accounts of {}", name.for_tui(60)));
    part(&opening(request));
    part("## What the role can see, and what it cannot");
    let mut known: Vec<&str> = Vec::new();
    for role in roles {
        part(&format!("The role {}\nin {} allows:", arn(role, request), place(*template, role)));
        for sight in sights(role) {
            if known.contains(&sight.action) {
                part(&format!("  {}\n    as above, of its own account", sight.action));
                continue;
            }
            known.push(sight.action);
            part(&format!(
                "  {}\n{}\n{}",
                sight.action,
                indented("    can see:    ", sight.shows),
                indented("    cannot see: ", sight.hides)
            ));
        }
    }
    part(
        "Nothing else. The role cannot change, start, stop or delete anything, cannot\n\
         read your data, secrets or configuration, and cannot give permissions to\n\
         anybody.",
    );
    part("## Who may use it, and how");
    part(&users(request));
    part(&format!("The trust policy in full:\n\n{}", indented("  ", &document(request))));
    part("## What is kept, and where");
    part(&kept(roles));
    part("## How you see every visit");
    part(&visits(request, roles));
    part("## What it costs you");
    part(&prices(roles));
    part("## How to end it");
    part(&ending(request));
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn opening(request: &RoleRequest) -> String {
    let way = match request.template {
        Template::Payer => "one IAM role in one account. It allows three actions, which only read.",
        Template::Member => "one IAM role in a member account. It allows one action, which only reads.",
        Template::Organization => {
            "IAM roles: one in the management account with three actions, one in\n\
             every member account with a single action. All of them only read."
        }
    };
    format!(
        "bailiwick is a program that your service provider runs to watch costs and access.\n\
         The way in is {way}\n\
         There is no user, no password, no access key and no agent in your accounts.\n\
         The provider knows you as {}.",
        request.client
    )
}

fn place(template: Template, role: &Role) -> &'static str {
    match (template, *role == model::MEMBER) {
        (Template::Organization, true) => "every member account",
        (_, true) => "the member account",
        (Template::Organization, false) => "the management account",
        (_, false) => "the management account, or in an account without an organization,",
    }
}

/// The roles as their ARNs read, with the account left open.
fn arn(role: &Role, request: &RoleRequest) -> String {
    format!("arn:{}:iam::<account>:role{ROLE_PATH}{}", request.principal.partition().as_str(), role.name)
}

fn sights(role: &Role) -> impl Iterator<Item = &'static Sight> {
    role.actions.iter().filter_map(|action| SIGHTS.iter().find(|s| s.action == *action))
}

fn users(request: &RoleRequest) -> String {
    let principal = &request.principal;
    let who = match principal.to_string() {
        root if root == principal.root_arn() => {
            format!("Only whom our AWS account {} itself allows to assume roles,", principal.account())
        }
        other => format!("Only {other},"),
    };
    format!(
        "{who}\n\
         and only under all of these conditions, which AWS checks each time:\n\
         \n\
         - They name the ExternalId {id},\n  \
           which is yours alone among the provider's customers.\n  \
           It protects against being mistaken for somebody else; it is not a password.\n\
         - Their session is called bailiwick-<installation>-<run>-<operator>, so you can\n  \
           tell who came.\n\
         - A session ends after one hour at most; most are asked for 15 minutes.\n\
         - bailiwick adds a session policy to each, which cuts it down to one of the\n  \
           actions, and for the event history to the regions being read. This is done by\n  \
           the program; even if the role allowed more, its sessions would not.\n\
         \n\
         Before it uses a role, and once a month, bailiwick tries to get in without the\n\
         ExternalId and with a wrong one. Where that works, the role is set aside, and\n\
         the operator is told that the trust policy is too wide.",
        id = request.external_id.reveal(),
    )
}

fn document(request: &RoleRequest) -> String {
    model::trust(&request.external_id, &request.principal).json()
}

fn kept(roles: &[Role]) -> String {
    let costs = roles.iter().any(|r| r.actions.contains(&"ce:GetCostAndUsage"));
    let mut text = String::from(
        "On the operator's own machine, in an encrypted file (AES-256-GCM, with keys of\n\
         your own that nobody else's data shares). Nothing is sent anywhere else: there\n\
         is no cloud service and no telemetry behind bailiwick. Session credentials are\n\
         never written down.\n\n",
    );
    if costs {
        text.push_str(
            "- Costs: amounts by account, service, day and month.\n\
             - Accounts: id, name, state, unit and when they joined; not the e-mail addresses.\n",
        );
    }
    text.push_str(
        "- Events: time, region, service and name of the call, who made it and under\n  \
           which session name, whether it was refused, source address, user agent, whether\n  \
           a second factor was used, and the first and last four characters of the access\n  \
           key's id. Of the request only facts from a fixed list, at most 200 characters, such\n  \
           as the name of a user or bucket or the type of an instance. The rest of the\n  \
           record is dropped before anything is stored. Kept are changes, sign-ins and\n  \
           the use of roles; ordinary reads are not asked for. They go after 400 days\n  \
           unless the operator set another time.\n\
         - Findings: what checks made of these, and when.",
    );
    text
}

fn visits(request: &RoleRequest, roles: &[Role]) -> String {
    let home = home_region(request.principal.partition());
    let mut reads = Vec::new();
    for action in roles.iter().flat_map(|role| role.actions) {
        let name = action.split_once(':').map_or(*action, |(_, name)| name);
        if !reads.contains(&name) {
            reads.push(name);
        }
    }
    format!(
        "Your CloudTrail has an AssumeRole event for each session, and each of its reads\n\
         ({}).\n\
         The sessions are in region {home}; their names begin with bailiwick-:\n\
         \n  \
         aws cloudtrail lookup-events --region {home} \\\n    \
         --lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRole \\\n    \
         --query \"Events[?contains(CloudTrailEvent, ':role{ROLE_PATH}')].CloudTrailEvent\"",
        reads.join(", "),
    )
}

fn prices(roles: &[Role]) -> String {
    let mut text = String::from("  the role\n      Free.");
    for sight in SIGHTS.iter().filter(|s| roles.iter().any(|r| r.actions.contains(&s.action))) {
        let _ = write!(text, "\n  {}\n{}", sight.action, indented("      ", sight.price));
    }
    text
}

fn ending(request: &RoleRequest) -> String {
    let stack = request.template.stack();
    let members = match request.template {
        Template::Organization => "\nThe StackSet and the roles of the members go with it.",
        _ => "",
    };
    format!(
        "At any time, without asking anybody: delete the stack {stack}\n\
         in CloudFormation (or run terraform destroy, or delete the role in IAM).\n\
         From then on nobody gets in, and a session that is still open can do nothing.{members}\n\
         \n\
         For what is kept, ask the operator to run `bailiwick client remove {}`: the\n\
         keys to your data are destroyed, on the machine and in the backups made there.",
        request.client,
    )
}

/// The first line behind `head`, the others below it.
fn indented(head: &str, text: &str) -> String {
    format!("{head}{}", text.replace('\n', &format!("\n{}", " ".repeat(head.len()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_a_role_is_explained() {
        for role in Template::ALL.iter().flat_map(|t| t.roles()) {
            assert_eq!(sights(role).count(), role.actions.len(), "{}", role.name);
        }
    }
}
