//! Organizations `ListAccounts`.

use super::{
    auth::{Caller, Signed},
    cloud::{Cloud, input},
    fault::Fault,
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
    fn new(account: &'a SimAccount, organization: &SimOrganization) -> Self {
        let path = account.ou_path.trim_end_matches('/');
        Self {
            id: account.id,
            arn: format!(
                "arn:aws:organizations::{}:account/{}/{}",
                organization.management, organization.id, account.id
            ),
            email: &account.email,
            name: &account.name,
            status: match account.state {
                AccountState::Active => Some("ACTIVE"),
                AccountState::Suspended | AccountState::Closed => Some("SUSPENDED"),
                AccountState::PendingClosure => Some("PENDING_CLOSURE"),
                AccountState::PendingActivation | AccountState::Unknown | AccountState::Left => None,
            },
            state: Some(account.state).filter(|&state| state != AccountState::Unknown),
            joined_method: account.joined_method,
            joined_timestamp: account.joined_at.second(),
            paths: vec![format!("{path}/{}/", account.id)],
        }
    }
}

/// Answers one page.
pub(super) fn list_accounts(cloud: &Cloud, signed: &Signed, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let request: Request = input(body)?;
    let caller = cloud.authorize(signed, "organizations:ListAccounts", " on resource: *")?;
    let client = cloud.world.clients.get(caller.client);
    let Some((client, organization)) = client.and_then(|client| Some((client, client.organization.as_ref()?))) else {
        let message = "Your account is not a member of an organization.";
        return Err(Fault::json("AWSOrganizationsNotInUseException", message));
    };
    if organization.management != caller.id {
        return Err(Fault::json("AccessDeniedException", "You don't have permissions to access this resource."));
    }
    let size = page_size(request.max_results)?;
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
    let page: Vec<Row<'_>> = client
        .accounts
        .iter()
        .skip(from)
        .take(size)
        .filter_map(|&id| cloud.account(id))
        .map(|account| Row::new(account, organization))
        .collect();
    let next = from.saturating_add(size);
    let next_token = (next < client.accounts.len()).then(|| cloud.tokens.issue(next as u64, binding.as_bytes()));
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

impl Cloud {
    /// An account by its id.
    pub fn account(&self, id: AccountId) -> Option<&SimAccount> {
        let at = self.world.accounts.binary_search_by_key(&id, |account| account.id).ok()?;
        self.world.accounts.get(at)
    }

    /// Index of the caller's account in the world; out of range for the agency's user.
    pub fn index_of(&self, signed: &Signed) -> usize {
        match &signed.caller {
            Caller::User => usize::MAX,
            Caller::Session(session) => session.account,
        }
    }
}
