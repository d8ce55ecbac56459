//! Organizations `ListAccounts`, one page at a time.

use super::{AccountsPage, Api, AwsError, Organization, SdkSession, home_region};
use crate::domain::{Account, AccountId, AccountState, JoinedMethod, Timestamp};
use aws_sdk_organizations::types::AccountJoinedMethod;

/// The most that one page holds (API reference, `MaxResults`).
const PAGE: i32 = 20;

impl Organization for SdkSession {
    async fn accounts_page(&self, next: Option<&str>) -> Result<AccountsPage, AwsError> {
        let api = Api::ListAccounts;
        let answer = aws_sdk_organizations::Client::new(&self.in_region(&home_region(self.partition)))
            .list_accounts()
            .max_results(PAGE)
            .set_next_token(next.map(str::to_owned))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk(api, e))?;
        let accounts = answer.accounts.unwrap_or_default().into_iter().map(account).collect::<Result<_, _>>()?;
        Ok(AccountsPage { accounts, next: answer.next_token.filter(|t| !t.is_empty()) })
    }
}

fn account(from: aws_sdk_organizations::types::Account) -> Result<Account, AwsError> {
    let id: AccountId = from
        .id()
        .unwrap_or_default()
        .parse()
        .map_err(|e| AwsError::unusable(Api::ListAccounts, format!("an account in the list is unreadable: {e}")))?;
    // `Status` is the fallback for endpoints that do not send `State` yet.
    let state = from.state().map(|s| s.as_str()).or_else(|| from.status().map(|s| s.as_str()));
    Ok(Account {
        id,
        name: from.name().map(Into::into),
        alias: None,
        state: state.map_or(AccountState::Unknown, AccountState::parse),
        joined_method: match from.joined_method() {
            Some(AccountJoinedMethod::Invited) => Some(JoinedMethod::Invited),
            Some(AccountJoinedMethod::Created) => Some(JoinedMethod::Created),
            _ => None,
        },
        linked_at: from.joined_timestamp().map(|t| Timestamp::from_second(t.secs())),
        ou_path: from.paths().first().map(|p| p.as_str().into()),
        management: from.arn().and_then(management_of),
        left_at: None,
    })
}

/// The fifth part of `arn:aws:organizations::<management account>:account/o-…/<id>`.
fn management_of(arn: &str) -> Option<AccountId> {
    arn.split(':').nth(4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_organizations::types::{Account as Wire, AccountState as WireState, AccountStatus};

    #[test]
    fn state_is_read_and_the_old_status_is_the_fallback() {
        let base =
            || Wire::builder().id("000123456789").arn("arn:aws:organizations::111122223333:account/o-abc/000123456789");
        let both = account(base().state(WireState::from("PENDING_ACTIVATION")).status(AccountStatus::Active).build());
        assert_eq!(both.unwrap().state, AccountState::PendingActivation);
        let old = account(base().status(AccountStatus::Suspended).build()).unwrap();
        assert_eq!((old.state, old.management.unwrap().number()), (AccountState::Suspended, 111_122_223_333));
        assert_eq!(account(base().build()).unwrap().state, AccountState::Unknown);
        assert!(account(Wire::builder().id("12").build()).is_err());
    }
}
