//! The name that a role has in every account of an organization.

use super::{AccountId, ArnError, Partition, RoleArn, Untrusted};
use std::{fmt, str::FromStr};

/// What stands for the account's id.
const PLACEHOLDER: &str = "{account}";

/// A role's name with its path, the same in every account; `{account}` in it stands for the account's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePattern(String);

impl RolePattern {
    /// The role in an account.
    ///
    /// # Errors
    /// None in practice: the pattern was tried with an account id when it was read.
    pub fn role(&self, partition: Partition, account: AccountId) -> Result<RoleArn, ArnError> {
        RoleArn::new(partition, account, &self.0.replace(PLACEHOLDER, &account.to_string()))
    }
}

impl Default for RolePattern {
    /// The role that our stack set puts into member accounts.
    fn default() -> Self {
        Self("bailiwick/bailiwick-member".to_owned())
    }
}

impl FromStr for RolePattern {
    type Err = ArnError;
    fn from_str(text: &str) -> Result<Self, ArnError> {
        // IAM writes a path with a slash before it, an ARN without.
        let pattern = Self(text.strip_prefix('/').unwrap_or(text).to_owned());
        // A whole ARN names one account's role, and would pass for a path.
        if pattern.0.contains(':') {
            return Err(ArnError::Name(Untrusted::new(text).for_tui(80)));
        }
        pattern.role(Partition::Aws, AccountId::ZERO).map(|_| pattern)
    }
}

impl fmt::Display for RolePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("bailiwick/bailiwick-member", "arn:aws-cn:iam::000000000042:role/bailiwick/bailiwick-member")]
    #[case("/audit/reader", "arn:aws-cn:iam::000000000042:role/audit/reader")]
    #[case("reader-{account}", "arn:aws-cn:iam::000000000042:role/reader-000000000042")]
    fn a_name_makes_the_role_of_each_account(#[case] text: &str, #[case] arn: &str) {
        let pattern: RolePattern = text.parse().unwrap();
        let account = AccountId::from_number(42).unwrap();
        assert_eq!(pattern.role(Partition::AwsCn, account).unwrap().to_string(), arn);
    }

    #[rstest]
    #[case("")]
    #[case("//x")]
    #[case("a b")]
    #[case("x\u{202e}y")]
    #[case("{accounts}")]
    #[case("arn:aws:iam::123456789012:role/x")]
    #[case(&"x".repeat(10_240))]
    fn what_is_no_name_is_refused_in_words(#[case] text: &str) {
        let error = text.parse::<RolePattern>().unwrap_err().to_string();
        assert!(error.contains("role name") && error.len() < 400 && !error.contains('\u{202e}'), "{error}");
    }
}
