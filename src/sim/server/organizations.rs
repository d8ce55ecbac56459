//! Organizations `ListAccounts`.

use super::{
    auth::Signed,
    cloud::{Cloud, input},
    fault::Fault,
    trouble::{Action, Service, Trouble},
};
use crate::{
    domain::{AccountId, AccountState, JoinedMethod},
    sim::world::{SimAccount, SimOrganization},
};
use serde::{Deserialize, Serialize};

/// The largest page, and the size of one where `MaxResults` is not given.
const PAGE: i64 = 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    accounts: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    id: AccountId,
    arn: String,
    email: &'a str,
    name: &'a str,
    /// Retired in favour of `State`; the states it never knew leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<AccountState>,
    joined_method: JoinedMethod,
    joined_timestamp: i64,
    paths: Vec<String>,
}

impl<'a> Row<'a> {
    fn new(account: &'a SimAccount, organization: &SimOrganization, state: AccountState) -> Self {
        let path = account.ou_path.trim_end_matches('/');
        Self {
            id: account.id,
            arn: format!(
                "arn:aws:organizations::{}:account/{}/{}",
                organization.management, organization.id, account.id
            ),
            email: &account.email,
            name: &account.name,
            status: match state {
                AccountState::Active => Some("ACTIVE"),
                AccountState::Suspended | AccountState::Closed => Some("SUSPENDED"),
                AccountState::PendingClosure => Some("PENDING_CLOSURE"),
                AccountState::PendingActivation | AccountState::Unknown | AccountState::Left => None,
            },
            state: Some(state).filter(|&state| state != AccountState::Unknown),
            joined_method: account.joined_method,
            joined_timestamp: account.joined_at.second(),
            paths: vec![format!("{path}/{}/", account.id)],
        }
    }
}

/// Answers one page.
pub(super) fn list_accounts(cloud: &Cloud, signed: &Signed, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let request: Request = input(body)?;
    if cloud.is_throttled(Service::Organizations, cloud.account_of(&signed.caller)) {
        let message = "You have sent too many requests in too short a period of time. The quota helps protect against \
                       denial-of-service attacks. Try again later.";
        return Err(Fault::json("TooManyRequestsException", message));
    }
    let caller = cloud.authorize(signed, Action::ListAccounts, " on resource: *")?;
    let client = cloud.world.clients.get(caller.client);
    let joined = client.and_then(|client| Some((client, client.organization.as_ref()?)));
    let Some((client, organization)) = joined.filter(|(_, organization)| cloud.is_in(organization, caller.id)) else {
        let message = "Your account is not a member of an organization.";
        return Err(Fault::json("AWSOrganizationsNotInUseException", message));
    };
    if organization.management != caller.id || cloud.troubles.on(&Trouble::NotManagementAccount, caller.id) {
        return Err(Fault::json("AccessDeniedException", "You don't have permissions to access this resource."));
    }
    let size = page_size(request.max_results)?;
    let size = cloud.faults.page_rows(Service::Organizations, caller.id, &signed.region, size);
    let binding = format!("ListAccounts {}", caller.id);
    let from = match &request.next_token {
        None => 0,
        Some(token) => cloud.tokens.read(token, binding.as_bytes()).map_err(|_| {
            invalid(
                "INVALID_NEXT_TOKEN",
                "Get the value for the NextToken parameter from the response to a previous call of the operation.",
            )
        })?,
    };
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let members: Vec<AccountId> =
        client.accounts.iter().copied().filter(|&id| !cloud.has_left(organization, id)).collect();
    let page: Vec<Row<'_>> = members
        .iter()
        .skip(from)
        .take(size)
        .filter_map(|&id| cloud.account(id))
        .map(|account| Row::new(account, organization, cloud.state_of(account)))
        .collect();
    let next = from.saturating_add(size);
    let next_token = (next < members.len()).then(|| cloud.tokens.issue(next as u64, binding.as_bytes()));
    Ok(serde_json::to_vec(&Answer { accounts: page, next_token }).unwrap_or_default())
}

fn page_size(asked: Option<i64>) -> Result<usize, Fault> {
    match asked.unwrap_or(PAGE) {
        i64::MIN..1 => {
            Err(invalid("MIN_VALUE_EXCEEDED", "You specified a value for MaxResults below its minimum of 1."))
        }
        size @ 1..=PAGE => Ok(usize::try_from(size).unwrap_or(1)),
        _ => Err(invalid("MAX_VALUE_EXCEEDED", "You specified a value for MaxResults above its maximum of 20.")),
    }
}

fn invalid(reason: &'static str, message: &str) -> Fault {
    Fault { reason: Some(reason), ..Fault::json("InvalidInputException", message) }
}

/// The troubles of organizations.
impl Cloud {
    /// Whether an account of a client with this organization is in it.
    fn is_in(&self, organization: &SimOrganization, id: AccountId) -> bool {
        !self.troubles.on(&Trouble::NotInOrganization, id) && !self.has_left(organization, id)
    }

    /// Whether a member has left. The management account cannot.
    fn has_left(&self, organization: &SimOrganization, id: AccountId) -> bool {
        id != organization.management && self.troubles.on(&Trouble::LeftOrganization, id)
    }

    /// The state in which an account is listed.
    fn state_of(&self, account: &SimAccount) -> AccountState {
        if self.troubles.on(&Trouble::AccountSuspended, account.id) { AccountState::Suspended } else { account.state }
    }
}
