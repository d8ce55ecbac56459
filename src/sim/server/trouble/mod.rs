//! Troubles: what can be wrong with a connection, as switches that may be turned while the server runs.
//!
//! A trouble changes what the world answers, never the world. It changes it on the wire exactly as AWS would: trust that
//! fails for four different reasons fails with one and the same `AccessDenied`.
//!
//! | name | what is wrong | the account it may name | what AWS says |
//! |---|---|---|---|
//! | `role-missing` | the role does not exist | the role's | `AccessDenied` |
//! | `principal-not-trusted` | the trust policy names somebody else | the role's | `AccessDenied` |
//! | `external-id-wrong` | the trust policy demands [`OTHER_EXTERNAL_ID`] | the role's | `AccessDenied` |
//! | `external-id-ignored` | the trust policy demands no ExternalId | the role's | lets anything in |
//! | `external-id-loose` | it demands `StringLike` `bw-*` beside the right one | the role's | lets a decoy in |
//! | `any-account-admin` | the role's policy allows `*` | the role's | allows what the session policy allows |
//! | `own-permission-missing` | our identity may not assume roles | the role's | `AccessDenied` "… because no identity-based policy allows the sts:AssumeRole action" |
//! | `action-missing:ACTION` | the role's or user's policy lacks an action | the caller's | `AccessDeniedException` "… because no identity-based policy allows …" |
//! | `denied-by-organization:ACTION` | a service control policy denies it | the caller's | `AccessDeniedException` "… with an explicit deny in a service control policy" |
//! | `cost-explorer-never-enabled` | nobody ever opened Cost Explorer | the caller's | `AccessDeniedException` "User not enabled for cost explorer access" |
//! | `cost-explorer-no-data` | it was opened a moment ago | the caller's | `DataUnavailableException` |
//! | `cost-explorer-blocked-by-payer` | the payer keeps its members out | the caller's | `AccessDeniedException` "Linked account doesn't have access to cost explorer." |
//! | `not-management-account` | a member, and no delegated administrator | the caller's | `AccessDeniedException` "You don't have permissions to access this resource." |
//! | `not-in-organization` | the account stands alone | the caller's | `AWSOrganizationsNotInUseException` |
//! | `left-organization` | the account is listed no longer | the one that left | a shorter list |
//! | `account-suspended` | suspended; nobody gets in | the suspended one | `SUSPENDED` in the list, `AccessDenied` for its roles |
//! | `region-disabled:REGION` | the account has not enabled it | the role's; the caller's | STS `RegionDisabledException`, CloudTrail `UnrecognizedClientException` |
//! | `credentials-expired` | base credentials are over | the key's | `ExpiredToken`, `ExpiredTokenException` |
//! | `credentials-refused` | base credentials are deactivated | the key's | `InvalidClientTokenId`, `UnrecognizedClientException` |
//! | `clock-skew` | the caller's clock is an hour behind | the caller's | `SignatureDoesNotMatch`, `InvalidSignatureException` |
//! | `wrong-partition` | the base credentials are of `aws-cn` | the key's | an `arn:aws-cn:` identity that opens nothing here |
//! | `wrong-account` | the session turns out to be of another account | the caller's | another account in `GetCallerIdentity` |
//! | `offline` | connections end without an answer | the role's, or the caller's | nothing |
//! | `throttled[:SERVICE]` | every request is one too many | the role's, or the caller's | `Throttling`, `ThrottlingException`, `LimitExceededException`, `TooManyRequestsException` |
//!
//! A trouble that names no account is everywhere it can be: service control policies and the payer's lock on Cost
//! Explorer bind members of an organization only, and a management account cannot leave its organization.

mod switches;
mod text;

pub(super) use switches::{Reach, Switches};
pub use text::TroubleError;

use crate::domain::{AccountId, Region};

/// The ExternalId that a role demands under [`Trouble::ExternalIdWrong`].
pub const OTHER_EXTERNAL_ID: &str = "bw-0000000000000000000000000000000another";

/// What every ExternalId begins with that a role's trust lets in under [`Trouble::ExternalIdLoose`], beside the right one:
/// `StringLike` `bw-*`.
pub(super) const LOOSE_EXTERNAL_ID: &str = "bw-";

/// Something that is wrong with a connection. The table above says what each does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The role does not exist.
    RoleMissing,
    /// The role's trust policy names somebody else.
    PrincipalNotTrusted,
    /// The role's trust policy demands another ExternalId, [`OTHER_EXTERNAL_ID`].
    ExternalIdWrong,
    /// The role's trust policy demands no ExternalId.
    ExternalIdIgnored,
    /// The role's trust policy lets in every ExternalId that begins with `bw-`.
    ExternalIdLoose,
    /// The role's policy allows everything.
    AnyAccountAdmin,
    /// Our own identity has no policy that allows `sts:AssumeRole`.
    OwnPermissionMissing,
    /// The policy of the role or user lacks an action.
    ActionMissing(Action),
    /// A service control policy of the organization denies an action.
    DeniedByOrganization(Action),
    /// Cost Explorer was never enabled.
    CostExplorerNeverEnabled,
    /// Cost Explorer is enabled and has no data yet.
    CostExplorerNoData,
    /// The payer does not let its members use Cost Explorer.
    CostExplorerBlockedByPayer,
    /// The account neither manages its organization nor is a delegated administrator.
    NotManagementAccount,
    /// The account is in no organization.
    NotInOrganization,
    /// The account has left its organization.
    LeftOrganization,
    /// The account is suspended.
    AccountSuspended,
    /// The account has not enabled a region.
    RegionDisabled(Region),
    /// The base credentials have expired.
    CredentialsExpired,
    /// The base credentials are deactivated or deleted.
    CredentialsRefused,
    /// The caller's clock is an hour behind.
    ClockSkew,
    /// The base credentials belong to the partition `aws-cn`.
    WrongPartition,
    /// The credentials turn out to be of another account.
    WrongAccount,
    /// Connections are closed without an answer.
    Offline,
    /// Every request of a service, or of all, is refused as one too many.
    Throttled(Option<Service>),
}

/// The actions that a policy can lack or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// `sts:AssumeRole`.
    AssumeRole,
    /// `organizations:ListAccounts`.
    ListAccounts,
    /// `cloudtrail:LookupEvents`.
    LookupEvents,
    /// `ce:GetCostAndUsage`.
    GetCostAndUsage,
}

impl Action {
    pub(super) const ALL: [Self; 4] = [Self::AssumeRole, Self::ListAccounts, Self::LookupEvents, Self::GetCostAndUsage];

    /// As IAM writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AssumeRole => "sts:AssumeRole",
            Self::ListAccounts => "organizations:ListAccounts",
            Self::LookupEvents => "cloudtrail:LookupEvents",
            Self::GetCostAndUsage => "ce:GetCostAndUsage",
        }
    }
}

/// A simulated service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// STS.
    Sts,
    /// Organizations.
    Organizations,
    /// CloudTrail.
    CloudTrail,
    /// Cost Explorer.
    CostExplorer,
}

impl Service {
    pub(super) const ALL: [Self; 4] = [Self::Sts, Self::Organizations, Self::CloudTrail, Self::CostExplorer];

    /// As signatures and IAM name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Organizations => "organizations",
            Self::CloudTrail => "cloudtrail",
            Self::CostExplorer => "ce",
        }
    }
}

/// One trouble, everywhere it can be or in one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TroubleAt {
    /// What is wrong.
    pub trouble: Trouble,
    /// Where; `None` is everywhere.
    pub account: Option<AccountId>,
}

impl Trouble {
    /// Everywhere it can be.
    pub fn everywhere(self) -> TroubleAt {
        TroubleAt { trouble: self, account: None }
    }

    /// In one account.
    pub fn at(self, account: AccountId) -> TroubleAt {
        TroubleAt { trouble: self, account: Some(account) }
    }
}
