//! IAM role ARNs, the only ARNs an operator types.

use super::{AccountId, IdError, Untrusted};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An AWS partition. Credentials of one never work in another, so a cross-partition role is refused early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Partition {
    /// `aws`, the commercial partition.
    Aws,
    /// `aws-cn`, China.
    AwsCn,
    /// `aws-us-gov`, GovCloud.
    AwsUsGov,
    /// `aws-eusc`, the European Sovereign Cloud.
    AwsEusc,
}

impl Partition {
    /// The name as it stands in an ARN.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsEusc => "aws-eusc",
        }
    }

    /// From its name.
    pub fn parse(s: &str) -> Option<Self> {
        [Self::Aws, Self::AwsCn, Self::AwsUsGov, Self::AwsEusc].into_iter().find(|p| p.as_str() == s)
    }
}

/// Why a text is not a role ARN; each variant says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// Not six colon-separated parts starting with `arn`.
    #[error("\"{0}\" is not a role ARN: write arn:aws:iam::<12-digit account>:role/<role name>")]
    Shape(String),
    /// The partition is unknown to this program.
    #[error("partition \"{0}\" is not known: expected aws, aws-cn, aws-us-gov or aws-eusc")]
    Partition(String),
    /// The ARN is of another service or carries a region.
    #[error("\"{0}\" is not an IAM ARN: a role ARN starts with arn:aws:iam::")]
    Service(String),
    /// The account part is not 12 digits.
    #[error(transparent)]
    Account(#[from] IdError),
    /// An IAM ARN, but of a user, group, policy or session.
    #[error(
        "\"{0}\" does not name a role: the last part must be role/<role name>; for an assumed-role session use the ARN of the role itself"
    )]
    NotARole(String),
    /// The role's name or path breaks IAM's rules.
    #[error("\"{0}\" is not a valid role name: IAM allows up to 64 letters, digits and +=,.@_- after the path")]
    Name(String),
}

/// `arn:<partition>:iam::<account>:role/<path/><name>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn {
    partition: Partition,
    account: AccountId,
    /// Path and name without the leading `role/`.
    resource: String,
}

impl RoleArn {
    /// Builds one from parts; `resource` is `name` or `path/name`.
    pub fn new(partition: Partition, account: AccountId, resource: &str) -> Result<Self, ArnError> {
        let name = resource.rsplit('/').next().unwrap_or("");
        let name_ok = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b));
        let path_ok =
            resource.len() <= 576 && !resource.starts_with('/') && resource.bytes().all(|b| b.is_ascii_graphic());
        if name_ok && path_ok {
            Ok(Self { partition, account, resource: resource.to_owned() })
        } else {
            Err(ArnError::Name(Untrusted::new(resource).for_tui(80)))
        }
    }

    /// The partition.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The account the role lives in.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The role's name, without its path.
    pub fn name(&self) -> &str {
        self.resource.rsplit('/').next().unwrap_or(&self.resource)
    }
}

impl FromStr for RoleArn {
    type Err = ArnError;
    fn from_str(s: &str) -> Result<Self, ArnError> {
        let shown = || Untrusted::new(s).for_tui(120);
        let parts: Vec<&str> = s.splitn(6, ':').collect();
        let &[arn, partition, service, region, account, resource] = parts.as_slice() else {
            return Err(ArnError::Shape(shown()));
        };
        if arn != "arn" {
            return Err(ArnError::Shape(shown()));
        }
        let partition =
            Partition::parse(partition).ok_or_else(|| ArnError::Partition(Untrusted::new(partition).for_tui(40)))?;
        if service != "iam" || !region.is_empty() {
            return Err(ArnError::Service(shown()));
        }
        let account = account.parse()?;
        let name = resource.strip_prefix("role/").ok_or_else(|| ArnError::NotARole(shown()))?;
        Self::new(partition, account, name)
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:iam::{}:role/{}", self.partition.as_str(), self.account, self.resource)
    }
}

impl Serialize for RoleArn {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleArn {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_role_with_a_path_round_trips() {
        let text = "arn:aws-us-gov:iam::000000000042:role/bailiwick/bailiwick-payer";
        let arn: RoleArn = text.parse().unwrap();
        assert_eq!((arn.to_string().as_str(), arn.name(), arn.account().number()), (text, "bailiwick-payer", 42));
    }

    #[rstest]
    #[case("", "is not a role ARN")]
    #[case("arn:aws:iam::123:role/x", "exactly 12 digits")]
    #[case("arn:aws:s3:::bucket", "is not an IAM ARN")]
    #[case("arn:aws:iam::123456789012:user/x", "does not name a role")]
    #[case("arn:aws:sts::123456789012:assumed-role/x/y", "is not an IAM ARN")]
    #[case("arn:azure:iam::123456789012:role/x", "partition")]
    #[case("arn:aws:iam::123456789012:role/", "is not a valid role name")]
    #[case("arn:aws:iam::123456789012:role/a b", "is not a valid role name")]
    #[case("arn:aws:iam::123456789012:role/x\u{202e}y", "is not a valid role name")]
    fn a_malformed_arn_says_what_is_wrong(#[case] text: &str, #[case] words: &str) {
        let message = text.parse::<RoleArn>().unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
        assert!(!message.contains('\u{202e}'));
    }
}
