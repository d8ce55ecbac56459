//! Fault plans as text: how they are typed, shown and listed.

use super::{FaultKind, FaultPlan, FaultRule, Place, Service, When};
use crate::domain::Untrusted;
use std::{fmt, str::FromStr};

/// Why a text is not a fault plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No fault has this name.
    #[error("there is no fault \"{0}\"; the names are:\n{names}", names = names())]
    Unknown(String),
    /// The argument is missing, not one of this fault, or there should be none.
    #[error("the fault {name} cannot be used like that: write {usage}")]
    Argument {
        /// The fault.
        name: &'static str,
        /// How it is written.
        usage: &'static str,
    },
    /// What follows the `=`.
    #[error("\"{0}\" does not say when: write a share such as 0.2, first3 or #2")]
    When(String),
    /// What follows the `@`.
    #[error(
        "\"{0}\" is not a place: write a service (sts, organizations, cloudtrail or ce), an account id or a region"
    )]
    Place(String),
    /// The seed.
    #[error("\"{0}\" is not a seed: write seed=7")]
    Seed(String),
}

/// Every name, and how it is written with its argument.
const USAGES: [(&str, &str); 19] = [
    ("throttle", "throttle"),
    ("unavailable", "unavailable"),
    ("html", "html"),
    ("slow", "slow or slow:SECONDS"),
    ("half", "half"),
    ("reset", "reset"),
    ("expired", "expired"),
    ("skew", "skew"),
    ("denied", "denied"),
    ("region-disabled", "region-disabled"),
    ("token-refused", "token-refused"),
    ("token-loop", "token-loop"),
    ("token-cycle", "token-cycle"),
    ("empty-page", "empty-page"),
    ("duplicates", "duplicates"),
    ("huge-page", "huge-page or huge-page:MEGABYTES (at most 64)"),
    ("small-pages", "small-pages or small-pages:ROWS"),
    ("late", "late or late:MINUTES"),
    ("restated", "restated:YYYY-MM:AMOUNT"),
];

/// The names of all faults as they are typed, one a line.
fn names() -> String {
    USAGES.iter().map(|(_, usage)| format!("  {usage}")).collect::<Vec<_>>().join("\n")
}

fn quoted(text: &str) -> String {
    Untrusted::new(text).for_tui(60)
}

impl FaultKind {
    /// The one with this name and argument, if the argument suits it.
    fn build(name: &str, argument: Option<&str>) -> Option<Self> {
        let number = |preset: u32, most: u32| match argument {
            None => Some(preset),
            Some(text) => text.parse().ok().filter(|n| (1..=most).contains(n)),
        };
        let plain = match name {
            "slow" => return number(60, 86_400).map(Self::Slow),
            "huge-page" => return number(4, 64).map(Self::HugePage),
            "small-pages" => return number(5, 1_000_000).map(Self::SmallPages),
            "late" => return number(45, 90 * 1_440).map(Self::Late),
            "restated" => {
                let (month, amount) = argument?.split_once(':')?;
                let first: crate::domain::Day = format!("{month}-01").parse().ok()?;
                return Some(Self::Restated(first.month(), amount.parse().ok()?));
            }
            "throttle" => Self::Throttle,
            "unavailable" => Self::Unavailable,
            "html" => Self::Html,
            "half" => Self::Half,
            "reset" => Self::Reset,
            "expired" => Self::Expired,
            "skew" => Self::Skew,
            "denied" => Self::Denied,
            "region-disabled" => Self::RegionDisabled,
            "token-refused" => Self::TokenRefused,
            "token-loop" => Self::TokenLoop,
            "token-cycle" => Self::TokenCycle,
            "empty-page" => Self::EmptyPage,
            "duplicates" => Self::Duplicates,
            _ => return None,
        };
        Some(plain).filter(|_| argument.is_none())
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Slow(seconds) => return write!(f, "slow:{seconds}"),
            Self::HugePage(megabytes) => return write!(f, "huge-page:{megabytes}"),
            Self::SmallPages(rows) => return write!(f, "small-pages:{rows}"),
            Self::Late(minutes) => return write!(f, "late:{minutes}"),
            Self::Restated(month, amount) => return write!(f, "restated:{month}:{amount}"),
            Self::Throttle => "throttle",
            Self::Unavailable => "unavailable",
            Self::Html => "html",
            Self::Half => "half",
            Self::Reset => "reset",
            Self::Expired => "expired",
            Self::Skew => "skew",
            Self::Denied => "denied",
            Self::RegionDisabled => "region-disabled",
            Self::TokenRefused => "token-refused",
            Self::TokenLoop => "token-loop",
            Self::TokenCycle => "token-cycle",
            Self::EmptyPage => "empty-page",
            Self::Duplicates => "duplicates",
        };
        f.write_str(name)
    }
}

impl FromStr for FaultKind {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
        let known = USAGES.iter().find(|(known, _)| *known == name);
        let &(name, usage) = known.ok_or_else(|| FaultError::Unknown(quoted(name)))?;
        Self::build(name, argument).ok_or(FaultError::Argument { name, usage })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => write!(f, "{share}"),
            Self::First(count) => write!(f, "first{count}"),
            Self::Nth(number) => write!(f, "#{number}"),
        }
    }
}

impl FromStr for When {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let when = if let Some(count) = text.strip_prefix("first") {
            count.parse().ok().map(Self::First)
        } else if let Some(number) = text.strip_prefix('#') {
            number.parse().ok().filter(|n| *n > 0).map(Self::Nth)
        } else {
            text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).map(Self::Share)
        };
        when.ok_or_else(|| FaultError::When(quoted(text)))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.service.map(|service| service.name().to_owned()),
            self.account.map(|account| account.to_string()),
            self.region.as_ref().map(|region| region.to_string()),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("/"))
    }
}

impl FromStr for Place {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut place = Self::default();
        for part in text.split('/') {
            if let Some(service) = Service::ALL.into_iter().find(|service| service.name() == part) {
                place.service = Some(service);
            } else if let Ok(account) = part.parse() {
                place.account = Some(account);
            } else {
                // Every region has a dash, and most misspelt names of services have none.
                let region = part.parse().ok().filter(|_| part.contains('-'));
                place.region = Some(region.ok_or_else(|| FaultError::Place(quoted(part)))?);
            }
        }
        Ok(place)
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)?;
        if self.when != When::Share(1.0) {
            write!(f, "={}", self.when)?;
        }
        if self.place != Place::default() {
            write!(f, "@{}", self.place)?;
        }
        Ok(())
    }
}

impl FromStr for FaultRule {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (text, place) = match text.split_once('@') {
            Some((text, place)) => (text, place.parse()?),
            None => (text, Place::default()),
        };
        let (fault, when) = match text.split_once('=') {
            Some((fault, when)) => (fault, when.parse()?),
            None => (text, When::Share(1.0)),
        };
        Ok(Self { fault: fault.parse()?, when, place })
    }
}

impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={}", self.seed)?;
        self.rules.iter().try_for_each(|rule| write!(f, ",{rule}"))
    }
}

impl FromStr for FaultPlan {
    type Err = FaultError;

    /// `seed=7,RULE,RULE…`; the seed is 0 if it is not given.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut plan = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.strip_prefix("seed=") {
                Some(seed) => plan.seed = seed.parse().map_err(|_| FaultError::Seed(quoted(seed)))?,
                None => plan.rules.push(part.parse()?),
            }
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn every_name_is_read_back_as_it_is_written_and_stands_in_the_table() {
        for (name, _) in USAGES {
            let text = match name {
                "slow" | "huge-page" | "small-pages" | "late" => format!("{name}:7"),
                "restated" => format!("{name}:2026-08:-41.20"),
                name => name.to_owned(),
            };
            let plan =
                format!("seed=9,{text},{text}=0.25@cloudtrail/000000000012/eu-west-1,{text}=#2@ce,{text}=first3");
            assert_eq!(plan.parse::<FaultPlan>().unwrap().to_string(), plan);
            assert!(include_str!("mod.rs").contains(&format!("//! | `{name}")), "{name} is not in the table");
        }
    }

    #[rstest]
    #[case("throtle=0.2", "there is no fault \"throtle\"; the names are:\n  throttle\n")]
    #[case("throttle:2", "write throttle")]
    #[case("slow:soon", "write slow or slow:SECONDS")]
    #[case("restated:2026-13:1", "write restated:YYYY-MM:AMOUNT")]
    #[case("half=1.5", "does not say when")]
    #[case("half=#0", "does not say when")]
    #[case("half@s3", "\"s3\" is not a place")]
    #[case("seed=x", "is not a seed")]
    fn what_is_not_a_plan_is_refused_with_what_to_write(#[case] text: &str, #[case] words: &str) {
        let error = text.parse::<FaultPlan>().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }

    proptest! {
        #[test]
        fn any_text_is_refused_quietly(text in any::<String>()) {
            if let Ok(plan) = text.parse::<FaultPlan>() {
                let again = plan.to_string();
                prop_assert_eq!(again.parse::<FaultPlan>().unwrap().to_string(), again);
            }
        }
    }
}
