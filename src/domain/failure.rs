//! A failure in words, and the stable code of its kind.

use serde::{Deserialize, Serialize};

/// Failures that are treated alike, whatever their code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// Somebody refuses: a missing role, trust or permission.
    Denied,
    /// AWS asked to slow down.
    Throttled,
    /// What is asked for does not exist there, or not yet: an ordinary state of an account.
    NotEnabled,
    /// Credentials are missing, expired or unusable.
    Expired,
    /// No answer.
    Offline,
    /// An answer that is of no use.
    Invalid,
    /// A limit of our own is reached.
    Budget,
    /// The vault could not store what was read.
    Store,
    /// Our fault.
    Bug,
}

impl FailureClass {
    /// In one word, as the checks see it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::NotEnabled => "not_enabled",
            Self::Expired => "expired",
            Self::Offline => "offline",
            Self::Invalid => "invalid",
            Self::Budget => "budget",
            Self::Store => "store",
            Self::Bug => "bug",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $class:ident;)+) => {
        /// What kind of failure it was. New kinds are added at the end: stored records know them by their place.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FailureKind {
            $($(#[$doc])* #[serde(rename = $code)] $name,)+
        }

        impl FailureKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable code, as `--json` gives it.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What it is treated like.
            pub fn class(self) -> FailureClass {
                match self { $(Self::$name => FailureClass::$class),+ }
            }
        }
    };
}

kinds! {
    /// AWS refused, and nothing tells why.
    Denied, "denied", Denied;
    /// AWS asked to slow down, and retries did not help.
    Throttled, "throttled", Throttled;
    /// The service is not available there.
    NotEnabled, "not_enabled", NotEnabled;
    /// A session or a token expired in the middle of the work.
    Expired, "expired", Expired;
    /// No connection to AWS, or an answer that never came.
    Offline, "offline", Offline;
    /// AWS did not accept the request, or answered something that is not its protocol.
    Invalid, "invalid", Invalid;
    /// The role can be assumed without its ExternalId and is not used.
    Quarantined, "quarantined", Denied;
    /// The vault could not store what was read.
    Store, "store", Store;
    /// Our fault.
    Bug, "bug", Bug;
    /// The role is not there.
    RoleMissing, "role_missing", Denied;
    /// The role trusts somebody else than the credentials that are used.
    PrincipalNotTrusted, "principal_not_trusted", Denied;
    /// The role wants another ExternalId.
    ExternalIdWrong, "external_id_wrong", Denied;
    /// The role does not open, and AWS does not say which of the three it is.
    TrustRefused, "trust_refused", Denied;
    /// Our own identity may not assume roles.
    OwnPermissionMissing, "own_permission_missing", Denied;
    /// The role's policy lacks the action.
    ActionMissing, "action_missing", Denied;
    /// A policy of the client's organization forbids it.
    DeniedByOrganization, "denied_by_organization", Denied;
    /// Nobody ever opened Cost Explorer in the account.
    CostExplorerNeverEnabled, "cost_explorer_never_enabled", NotEnabled;
    /// Cost Explorer is enabled and still collects its first data.
    CostExplorerNoData, "cost_explorer_no_data", NotEnabled;
    /// The payer keeps costs from its members.
    CostExplorerBlocked, "cost_explorer_blocked_by_payer", NotEnabled;
    /// Accounts can be listed from the management account only.
    NotManagementAccount, "not_management_account", Denied;
    /// The account stands alone.
    NotInOrganization, "not_in_organization", NotEnabled;
    /// The region is not enabled in the account.
    RegionDisabled, "region_disabled", NotEnabled;
    /// No credentials were found on this machine.
    CredentialsMissing, "credentials_missing", Expired;
    /// The credentials on this machine have expired.
    CredentialsExpired, "credentials_expired", Expired;
    /// AWS does not know the credentials on this machine, or their secret is another.
    CredentialsRefused, "credentials_refused", Expired;
    /// The login of IAM Identity Center has expired.
    SsoLoginExpired, "sso_login_expired", Expired;
    /// This machine's clock is wrong.
    ClockSkew, "clock_skew", Expired;
    /// Credentials of one partition, a role in another.
    WrongPartition, "wrong_partition", Denied;
    /// The credentials lead into another account than the registered one.
    WrongAccount, "wrong_account", Denied;
    /// The account is suspended or closed.
    AccountSuspended, "account_suspended", Denied;
    /// Credentials of the account's root user, which are never used.
    RootCredentials, "root_credentials", Denied;
    /// A cap of our own is reached: of requests that the client pays for.
    BudgetReached, "budget_reached", Budget;
    /// Somebody cancelled the job before it was through; it says nothing of the source.
    Cancelled, "cancelled", Offline;
}

/// A failure in words: what failed, why, and the next step. All text is safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// What failed and why, one sentence.
    pub what: String,
    /// What to do next, one sentence.
    pub next_step: String,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: FailureKind, what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { kind, what: what.into(), next_step: next_step.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_what_json_says_and_stored_records_keep_their_meaning() {
        for kind in FailureKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code(), "{kind:?}");
        }
        // The places of the first version's kinds in stored records.
        let first = [
            FailureKind::Denied,
            FailureKind::Throttled,
            FailureKind::NotEnabled,
            FailureKind::Expired,
            FailureKind::Offline,
            FailureKind::Invalid,
            FailureKind::Quarantined,
            FailureKind::Store,
            FailureKind::Bug,
        ];
        for (place, kind) in first.into_iter().enumerate() {
            assert_eq!(postcard::to_stdvec(&kind).unwrap(), [u8::try_from(place).unwrap()]);
        }
    }
}
