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

pub(super) use switches::{Reach, Switches};

use crate::domain::{AccountId, IdError, Region, Untrusted};
use std::{fmt, str::FromStr};

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
    const ALL: [Self; 4] = [Self::AssumeRole, Self::ListAccounts, Self::LookupEvents, Self::GetCostAndUsage];

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
    const ALL: [Self; 4] = [Self::Sts, Self::Organizations, Self::CloudTrail, Self::CostExplorer];

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

/// Why a text is not a trouble.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TroubleError {
    /// No trouble has this name.
    #[error("there is no trouble \"{0}\"; the names are:\n{names}", names = names())]
    Unknown(String),
    /// The name takes an argument that is missing or not one of its own, or takes none.
    #[error("the trouble {name} cannot be used like that: write {usage}")]
    Argument {
        /// The trouble.
        name: String,
        /// How it is written.
        usage: &'static str,
    },
    /// What follows the `@` is not an account id.
    #[error(transparent)]
    Account(#[from] IdError),
}

/// The names of all troubles as they are typed, one a line.
fn names() -> String {
    let lines: Vec<String> = Trouble::USAGES.iter().map(|(_, usage)| format!("  {usage}")).collect();
    lines.join("\n")
}

impl Trouble {
    /// Every name, and how it is written with what follows it.
    pub const USAGES: [(&'static str, &'static str); 24] = [
        ("role-missing", "role-missing"),
        ("principal-not-trusted", "principal-not-trusted"),
        ("external-id-wrong", "external-id-wrong"),
        ("external-id-ignored", "external-id-ignored"),
        ("external-id-loose", "external-id-loose"),
        ("any-account-admin", "any-account-admin"),
        ("own-permission-missing", "own-permission-missing"),
        (
            "action-missing",
            "action-missing:ACTION (ce:GetCostAndUsage, cloudtrail:LookupEvents, organizations:ListAccounts or sts:AssumeRole)",
        ),
        ("denied-by-organization", "denied-by-organization:ACTION (the same)"),
        ("cost-explorer-never-enabled", "cost-explorer-never-enabled"),
        ("cost-explorer-no-data", "cost-explorer-no-data"),
        ("cost-explorer-blocked-by-payer", "cost-explorer-blocked-by-payer"),
        ("not-management-account", "not-management-account"),
        ("not-in-organization", "not-in-organization"),
        ("left-organization", "left-organization"),
        ("account-suspended", "account-suspended"),
        ("region-disabled", "region-disabled:REGION"),
        ("credentials-expired", "credentials-expired"),
        ("credentials-refused", "credentials-refused"),
        ("clock-skew", "clock-skew"),
        ("wrong-partition", "wrong-partition"),
        ("wrong-account", "wrong-account"),
        ("offline", "offline"),
        ("throttled", "throttled or throttled:SERVICE (sts, organizations, cloudtrail or ce)"),
    ];

    /// Everywhere it can be.
    pub fn everywhere(self) -> TroubleAt {
        TroubleAt { trouble: self, account: None }
    }

    /// In one account.
    pub fn at(self, account: AccountId) -> TroubleAt {
        TroubleAt { trouble: self, account: Some(account) }
    }

    /// Its name without an argument.
    fn name(&self) -> &'static str {
        match self {
            Self::RoleMissing => "role-missing",
            Self::PrincipalNotTrusted => "principal-not-trusted",
            Self::ExternalIdWrong => "external-id-wrong",
            Self::ExternalIdIgnored => "external-id-ignored",
            Self::ExternalIdLoose => "external-id-loose",
            Self::AnyAccountAdmin => "any-account-admin",
            Self::OwnPermissionMissing => "own-permission-missing",
            Self::ActionMissing(_) => "action-missing",
            Self::DeniedByOrganization(_) => "denied-by-organization",
            Self::CostExplorerNeverEnabled => "cost-explorer-never-enabled",
            Self::CostExplorerNoData => "cost-explorer-no-data",
            Self::CostExplorerBlockedByPayer => "cost-explorer-blocked-by-payer",
            Self::NotManagementAccount => "not-management-account",
            Self::NotInOrganization => "not-in-organization",
            Self::LeftOrganization => "left-organization",
            Self::AccountSuspended => "account-suspended",
            Self::RegionDisabled(_) => "region-disabled",
            Self::CredentialsExpired => "credentials-expired",
            Self::CredentialsRefused => "credentials-refused",
            Self::ClockSkew => "clock-skew",
            Self::WrongPartition => "wrong-partition",
            Self::WrongAccount => "wrong-account",
            Self::Offline => "offline",
            Self::Throttled(_) => "throttled",
        }
    }

    /// The one with this name and argument, if the argument suits it.
    fn build(name: &str, argument: Option<&str>) -> Option<Self> {
        let action = || argument.and_then(|text| Action::ALL.into_iter().find(|action| action.name() == text));
        let service = |text: &str| Service::ALL.into_iter().find(|service| service.name() == text);
        match name {
            "action-missing" => return action().map(Self::ActionMissing),
            "denied-by-organization" => return action().map(Self::DeniedByOrganization),
            "region-disabled" => return argument.and_then(|text| text.parse().ok()).map(Self::RegionDisabled),
            "throttled" => {
                return match argument {
                    None => Some(Self::Throttled(None)),
                    Some(text) => service(text).map(|service| Self::Throttled(Some(service))),
                };
            }
            _ => (),
        }
        const PLAIN: [Trouble; 20] = [
            Trouble::RoleMissing,
            Trouble::PrincipalNotTrusted,
            Trouble::ExternalIdWrong,
            Trouble::ExternalIdIgnored,
            Trouble::ExternalIdLoose,
            Trouble::AnyAccountAdmin,
            Trouble::OwnPermissionMissing,
            Trouble::CostExplorerNeverEnabled,
            Trouble::CostExplorerNoData,
            Trouble::CostExplorerBlockedByPayer,
            Trouble::NotManagementAccount,
            Trouble::NotInOrganization,
            Trouble::LeftOrganization,
            Trouble::AccountSuspended,
            Trouble::CredentialsExpired,
            Trouble::CredentialsRefused,
            Trouble::ClockSkew,
            Trouble::WrongPartition,
            Trouble::WrongAccount,
            Trouble::Offline,
        ];
        PLAIN.into_iter().find(|trouble| trouble.name() == name).filter(|_| argument.is_none())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::ActionMissing(action) | Self::DeniedByOrganization(action) => write!(f, ":{}", action.name()),
            Self::RegionDisabled(region) => write!(f, ":{region}"),
            Self::Throttled(Some(service)) => write!(f, ":{}", service.name()),
            _ => Ok(()),
        }
    }
}

impl FromStr for Trouble {
    type Err = TroubleError;

    fn from_str(text: &str) -> Result<Self, TroubleError> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
        let usage = Self::USAGES.iter().find(|(known, _)| *known == name).map(|&(_, usage)| usage);
        let usage = usage.ok_or_else(|| TroubleError::Unknown(Untrusted::new(name).for_tui(60)))?;
        Self::build(name, argument).ok_or_else(|| TroubleError::Argument { name: name.to_owned(), usage })
    }
}

impl fmt::Display for TroubleAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account {
            None => self.trouble.fmt(f),
            Some(account) => write!(f, "{}@{account}", self.trouble),
        }
    }
}

impl FromStr for TroubleAt {
    type Err = TroubleError;

    /// `NAME`, `NAME:ARGUMENT`, each with `@ACCOUNT` or without.
    fn from_str(text: &str) -> Result<Self, TroubleError> {
        match text.split_once('@') {
            None => Ok(text.parse::<Trouble>()?.everywhere()),
            Some((trouble, account)) => Ok(trouble.parse::<Trouble>()?.at(account.parse()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn every_name_is_read_back_as_it_is_written_and_stands_in_the_table() {
        for (name, _) in Trouble::USAGES {
            let text = match name {
                "action-missing" | "denied-by-organization" => format!("{name}:ce:GetCostAndUsage"),
                "region-disabled" => format!("{name}:eu-west-1"),
                name => name.to_owned(),
            };
            let trouble: Trouble = text.parse().unwrap();
            assert_eq!((trouble.name(), trouble.to_string()), (name, text.clone()));
            let at: TroubleAt = format!("{text}@000000000012").parse().unwrap();
            assert_eq!((at.to_string(), at.account.unwrap().number()), (format!("{text}@000000000012"), 12));
            assert!(include_str!("mod.rs").contains(&format!("//! | `{name}")), "{name} is not in the table");
        }
    }

    #[rstest]
    #[case("role-mising", "there is no trouble \"role-mising\"; the names are:\n  role-missing\n")]
    #[case("", "there is no trouble \"\"")]
    #[case("action-missing", "write action-missing:ACTION (ce:GetCostAndUsage, ")]
    #[case("action-missing:ce:Typo", "write action-missing:ACTION")]
    #[case("role-missing:x", "the trouble role-missing cannot be used like that")]
    #[case("region-disabled:Europe!", "write region-disabled:REGION")]
    #[case("throttled:s3", "write throttled or throttled:SERVICE")]
    #[case("offline@12", "an AWS account id has exactly 12 digits")]
    fn what_is_not_a_trouble_is_refused_with_what_to_write(#[case] text: &str, #[case] words: &str) {
        let error = text.parse::<TroubleAt>().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }

    proptest! {
        #[test]
        fn any_text_is_refused_quietly(text in any::<String>()) {
            if let Ok(trouble) = text.parse::<TroubleAt>() {
                prop_assert_eq!(trouble.to_string(), text);
            }
        }
    }
}
