//! The one table of settings: from it come the fields of [`Settings`](super::Settings) with their documentation and
//! defaults, the bounds that are checked, and what `bailiwick config` prints.

use crate::domain::{Region, TemplateUrl, TrustedPrincipal};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One setting as it is documented and checked.
#[derive(Debug, Clone, Copy)]
pub struct SettingInfo {
    /// Its key in `config.toml`.
    pub name: &'static str,
    /// What may be given.
    pub limits: Limits,
    /// What it does, in plain words.
    pub meaning: &'static str,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limits {
    /// A whole number within these, both included.
    Whole(i64, i64),
    /// A number above 0 and at most this, with the reason for the limit.
    AboveZeroTo(f64, &'static str),
    /// `true` or `false`.
    Switch,
    /// Region codes.
    Regions,
    /// An absolute path, or nothing.
    Directory,
    /// The ARN of a principal of the operator's own, or nothing.
    Principal,
    /// The https URL of a place in S3, or nothing.
    TemplateUrl,
}

impl Limits {
    /// In words that follow "must be".
    pub fn words(&self) -> String {
        match self {
            Self::Whole(least, most) => format!("from {least} to {most}"),
            Self::AboveZeroTo(most, why) => format!("above 0 and at most {most}, {why}"),
            Self::Switch => "true or false".into(),
            Self::Regions => "a list of region codes, such as [\"eu-south-1\"]".into(),
            Self::Directory => "empty, or a path that begins with /".into(),
            Self::Principal => {
                "empty, or an ARN such as arn:aws:iam::111122223333:role/<name> (also user/<name>, or root)".into()
            }
            Self::TemplateUrl => {
                "empty, or an https URL such as https://<bucket>.s3.<region>.amazonaws.com/<folder>".into()
            }
        }
    }

    /// Whether a value keeps to them.
    pub fn allow(&self, value: &toml::Value) -> bool {
        match self {
            Self::Whole(least, most) => value.as_integer().is_some_and(|n| (*least..=*most).contains(&n)),
            Self::AboveZeroTo(most, _) => value.as_float().is_some_and(|n| n > 0.0 && n <= *most),
            Self::Switch => value.is_bool(),
            // Each of them was checked when it was read.
            Self::Regions => value.is_array(),
            Self::Directory => value.as_str().is_some_and(|path| path.is_empty() || path.starts_with('/')),
            Self::Principal => value.as_str().is_some_and(|t| t.is_empty() || t.parse::<TrustedPrincipal>().is_ok()),
            Self::TemplateUrl => value.as_str().is_some_and(|t| t.is_empty() || t.parse::<TemplateUrl>().is_ok()),
        }
    }
}

macro_rules! settings {
    ($($(#[$attribute:meta])* $name:ident: $kind:ty = $default:expr, $limits:expr, $meaning:literal;)+) => {
        /// What can be set. Every field has a default, so an absent file is a valid one.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Settings {
            $(#[doc = $meaning] $(#[$attribute])* pub $name: $kind,)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// Every setting, in the order in which they are printed.
        pub const TABLE: &[SettingInfo] =
            &[$(SettingInfo { name: stringify!($name), limits: $limits, meaning: $meaning },)+];
    };
}

settings! {
    event_days: u32 = 14, Limits::Whole(1, 90),
        "Days of events that a first sync reads; later ones go on from there. CloudTrail itself keeps 90.";
    lookups_per_second: f64 = 1.0, Limits::AboveZeroTo(2.0, "which is AWS's own limit"),
        "`LookupEvents` a second for one account and region; the client's own tools share AWS's limit of two.";
    concurrency: usize = 32, Limits::Whole(1, 256),
        "Requests under way at once, over all accounts.";
    cost_hours: u32 = 8, Limits::Whole(1, 168),
        "Hours for which costs that were read are not asked again; Cost Explorer itself renews them about three times a day.";
    ce_requests_per_day: u32 = 60, Limits::Whole(0, 100_000),
        "Cost Explorer requests that one client pays for in a day at most, US$0.01 each; 0 is no limit.";
    ce_requests_per_month: u32 = 300, Limits::Whole(0, 1_000_000),
        "The same in a month; what is left undone then is shown as such and read when there is room again.";
    sync_events_minutes: u32 = 15, Limits::Whole(0, 1_440),
        "Minutes after which the console and `sync --watch` read events again by themselves; 0 is only by hand.";
    sync_costs_hours: u32 = 24, Limits::Whole(0, 168),
        "Hours after which they read costs again, two requests of US$0.01 for each payer; 0 is only by hand.";
    sync_accounts_hours: u32 = 24, Limits::Whole(0, 168),
        "Hours after which they read the list of accounts again; 0 is only by hand.";
    event_minutes: u32 = 5, Limits::Whole(1, 1_440),
        "Minutes for which events that were read are not asked again.";
    always_regions: Vec<Region> = Vec::new(), Limits::Regions,
        "Regions that are always read, besides those in which something happens.";
    event_retention_days: u32 = 400, Limits::Whole(30, 3_650),
        "Days for which access events, and the evidence that findings take from them, are kept; each sync removes what is older.";
    idle_lock_minutes: u32 = 10, Limits::Whole(0, 1_440),
        "Minutes without a key after which the console locks itself; 0 is never.";
    backup_directory: PathBuf = PathBuf::new(), Limits::Directory,
        "Where backups are put; empty is the directory `backups` beside the vault.";
    backup_daily: u32 = 7, Limits::Whole(1, 366),
        "Daily backups that are kept.";
    backup_weekly: u32 = 4, Limits::Whole(1, 366),
        "Weekly backups that are kept.";
    backup_monthly: u32 = 12, Limits::Whole(1, 366),
        "Monthly backups that are kept.";
    backup_automatic: bool = true, Limits::Switch,
        "Whether a backup is made once a day while the program runs; `bailiwick backup create` makes one at any time.";
    trusted_principal: String = String::new(), Limits::Principal,
        "Whom the roles of `bailiwick role render` trust; empty is whoever the AWS credentials of the moment belong to.";
    template_url: String = String::new(), Limits::TemplateUrl,
        "The place in S3 to which you put the files of `cloudformation/`, for quick-create links; empty is none.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn the_table_speaks_of_every_field_and_each_default_is_allowed() {
        let fields = toml::Table::try_from(Settings::default()).unwrap();
        assert_eq!(fields.len(), TABLE.len());
        for info in TABLE {
            assert!(info.limits.allow(&fields[info.name]), "{}", info.name);
            assert!(info.meaning.ends_with('.') && info.meaning.len() <= 125, "{}: {}", info.name, info.meaning);
        }
    }

    #[rstest]
    #[case(Limits::Whole(0, 3), "0", "4")]
    #[case(Limits::Whole(1, 3), "3", "0")]
    #[case(Limits::Whole(1, 3), "3", "2.0")]
    #[case(Limits::AboveZeroTo(2.0, ""), "2.0", "0.0")]
    #[case(Limits::AboveZeroTo(2.0, ""), "0.1", "nan")]
    #[case(Limits::Switch, "false", "0")]
    #[case(Limits::Directory, "'/srv/backups'", "'backups'")]
    #[case(Limits::Directory, "''", "'~/backups'")]
    #[case(Limits::Principal, "''", "'*'")]
    #[case(Limits::Principal, "'arn:aws:iam::111122223333:role/ops/*'", "'arn:aws:iam::111122223333:group/x'")]
    #[case(Limits::TemplateUrl, "''", "'https://example.com/x'")]
    #[case(Limits::TemplateUrl, "'https://a.s3.eu-west-1.amazonaws.com'", "'http://a.s3.eu-west-1.amazonaws.com'")]
    fn limits_hold_at_their_ends(#[case] limits: Limits, #[case] good: &str, #[case] bad: &str) {
        let value = |text: &str| toml::from_str::<toml::Table>(&format!("v = {text}")).unwrap()["v"].clone();
        assert!(limits.allow(&value(good)), "{good}");
        assert!(!limits.allow(&value(bad)), "{bad}");
    }
}
