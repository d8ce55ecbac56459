//! Troubles as text: how they are typed, shown and listed.

use super::{Action, Service, Trouble, TroubleAt};
use crate::domain::{IdError, Untrusted};
use std::{fmt, str::FromStr};

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
