//! Whom a client's role trusts: one of the operator's own principals.

use super::{AccountId, IdError, Partition, Untrusted, fits};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why a text does not name a principal that a role can trust; each variant says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalError {
    /// Not six colon-separated parts starting with `arn`.
    #[error(
        "\"{0}\" is not the ARN of a principal: write arn:aws:iam::<12-digit account>:role/<name>, :user/<name> or :root"
    )]
    Shape(String),
    /// The partition is unknown to this program.
    #[error("partition \"{0}\" is not known: expected aws, aws-cn, aws-us-gov or aws-eusc")]
    Partition(String),
    /// The ARN is of another service or carries a region.
    #[error("\"{0}\" is not an IAM ARN: the ARN of a principal starts with arn:aws:iam::")]
    Service(String),
    /// The account part is not 12 digits.
    #[error(transparent)]
    Account(#[from] IdError),
    /// A session, which is gone in some hours.
    #[error("\"{0}\" is a session, which no role can trust for long: write the ARN of its role, arn:aws:iam::…:role/…")]
    Session(String),
    /// An IAM ARN, but of a group, a policy or something else that cannot act.
    #[error("\"{0}\" cannot assume a role: the last part must be root, role/<name> or user/<name>")]
    Kind(String),
    /// The name or path breaks the rules.
    #[error(
        "\"{0}\" is not a name that a role can trust: up to 64 letters, digits and +=,.@_- after a path of the same \
         and /; the name of a role may also hold *"
    )]
    Name(String),
}

/// Who may assume a client's role, as a trust policy tells it: `arn:<partition>:iam::<account>:` and `root` (everybody
/// whom the account itself allows), `user/<path/><name>`, or `role/<path/><name>` with `*` allowed in the name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustedPrincipal {
    partition: Partition,
    account: AccountId,
    /// `root`, `user/…` or `role/…`.
    resource: String,
}

impl TrustedPrincipal {
    /// The one to trust for a caller, from the ARN that `GetCallerIdentity` gives.
    ///
    /// That ARN names a role without its path, so the path is left open. A role of IAM Identity Center is
    /// `AWSReservedSSO_<permission set>_<16 hexadecimal digits>`, with other digits each time it is made again, and with
    /// the home region in its path or not (IAM Identity Center user guide, "Referencing permission sets in resource
    /// policies").
    ///
    /// # Errors
    /// When the caller is nobody who can assume a role.
    pub fn proposed(caller_arn: &str) -> Result<Self, PrincipalError> {
        match split(caller_arn)? {
            Arn { partition, service: "sts", account, resource } => {
                let shown = || Untrusted::new(caller_arn).for_tui(120);
                let name = role_of(resource).ok_or_else(|| PrincipalError::Kind(shown()))?;
                let pattern = match permission_set(name) {
                    Some(set) => format!("role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{set}_*"),
                    None => format!("role/*{name}"),
                };
                Self::new(partition, account, &pattern)
            }
            arn => Self::new(arn.partition, arn.account, arn.resource),
        }
    }

    fn new(partition: Partition, account: AccountId, resource: &str) -> Result<Self, PrincipalError> {
        let shown = || Untrusted::new(resource).for_tui(120);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
        let good = match resource.split_once('/') {
            None if resource == "root" => true,
            Some((kind @ ("role" | "user"), path_and_name)) => {
                let (path, name) = path_and_name.rsplit_once('/').unwrap_or(("", path_and_name));
                let path_ok = path.is_empty() && !path_and_name.starts_with('/')
                    || path.len() <= 510 && path.split('/').all(|part| !part.is_empty() && part.bytes().all(plain));
                let stars = name.bytes().filter(|b| *b == b'*').count();
                let name_ok = name.bytes().all(|b| plain(b) || b == b'*' && kind == "role");
                path_ok && name_ok && !name.is_empty() && name.len() <= 64 + stars && stars <= 4
            }
            _ => return Err(PrincipalError::Kind(shown())),
        };
        if good {
            Ok(Self { partition, account, resource: resource.into() })
        } else {
            Err(PrincipalError::Name(shown()))
        }
    }

    /// The partition.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The operator's account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// What the trust policy's `Principal` names. Not the role itself: AWS keeps a role named there by its unique id, and
    /// would refuse the same role once it was made again. [`pattern`](Self::pattern) narrows it down again.
    pub fn root_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition.as_str(), self.account)
    }

    /// What the trust policy compares `aws:PrincipalArn` with, by `ArnLike`.
    pub fn pattern(&self) -> String {
        match self.resource.as_str() {
            "root" => format!("arn:{}:iam::{}:*", self.partition.as_str(), self.account),
            _ => self.to_string(),
        }
    }

    /// Whether the caller with this `GetCallerIdentity` ARN is among them. A role is compared by its name, for that ARN
    /// leaves out the path.
    pub fn covers(&self, caller_arn: &str) -> bool {
        let Ok(caller) = split(caller_arn) else { return false };
        if (caller.partition, caller.account) != (self.partition, self.account) {
            return false;
        }
        match (self.resource.as_str(), caller.service) {
            ("root", "iam") => true,
            ("root", _) => role_of(caller.resource).is_some(),
            (own, "iam") => own == caller.resource,
            (own, _) => match (own.strip_prefix("role/"), role_of(caller.resource)) {
                (Some(own), Some(name)) => fits(own.rsplit('/').next().unwrap_or(own), name),
                _ => false,
            },
        }
    }
}

struct Arn<'a> {
    partition: Partition,
    service: &'a str,
    account: AccountId,
    resource: &'a str,
}

/// An ARN of IAM or STS, taken apart.
fn split(text: &str) -> Result<Arn<'_>, PrincipalError> {
    let shown = || Untrusted::new(text).for_tui(120);
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let &["arn", partition, service, region, account, resource] = parts.as_slice() else {
        return Err(PrincipalError::Shape(shown()));
    };
    let partition =
        Partition::parse(partition).ok_or_else(|| PrincipalError::Partition(Untrusted::new(partition).for_tui(40)))?;
    if !matches!(service, "iam" | "sts") || !region.is_empty() {
        return Err(PrincipalError::Service(shown()));
    }
    Ok(Arn { partition, service, account: account.parse()?, resource })
}

/// The role of `assumed-role/<name>/<session>`.
fn role_of(resource: &str) -> Option<&str> {
    resource.strip_prefix("assumed-role/")?.split_once('/').map(|(name, _)| name)
}

/// The permission set of `AWSReservedSSO_<permission set>_<16 hexadecimal digits>`.
fn permission_set(role: &str) -> Option<&str> {
    let (set, digits) = role.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    (digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some(set)
}

impl FromStr for TrustedPrincipal {
    type Err = PrincipalError;
    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        let arn = split(text)?;
        if arn.service == "sts" {
            return Err(PrincipalError::Session(Untrusted::new(text).for_tui(120)));
        }
        Self::new(arn.partition, arn.account, arn.resource)
    }
}

impl fmt::Display for TrustedPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:iam::{}:{}", self.partition.as_str(), self.account, self.resource)
    }
}

impl Serialize for TrustedPrincipal {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TrustedPrincipal {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const SSO: &str = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Read_Only_0123456789abcdef/ana";

    #[rstest]
    #[case("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:*")]
    #[case(
        "arn:aws-cn:iam::111122223333:user/ops/ana@example.com",
        "arn:aws-cn:iam::111122223333:user/ops/ana@example.com"
    )]
    #[case("arn:aws:iam::111122223333:role/Deploy", "arn:aws:iam::111122223333:role/Deploy")]
    #[case("arn:aws:iam::111122223333:role/a/b/*Ops_*", "arn:aws:iam::111122223333:role/a/b/*Ops_*")]
    fn a_principal_round_trips_and_its_account_stands_for_it(#[case] text: &str, #[case] pattern: &str) {
        let principal: TrustedPrincipal = text.parse().unwrap();
        assert_eq!((principal.to_string().as_str(), principal.pattern().as_str()), (text, pattern));
        assert_eq!(principal.root_arn(), format!("arn:{}:iam::111122223333:root", principal.partition().as_str()));
        let json = serde_json::to_string(&principal).unwrap();
        assert_eq!(serde_json::from_str::<TrustedPrincipal>(&json).unwrap(), principal);
    }

    #[rstest]
    #[case("", "is not the ARN of a principal")]
    #[case("*", "is not the ARN of a principal")]
    #[case("arn:aws:iam::*:root", "exactly 12 digits")]
    #[case("arn:aws:iam::11112222333:role/x", "exactly 12 digits")]
    #[case("arn:azure:iam::111122223333:root", "partition \"azure\" is not known")]
    #[case("arn:aws:s3:::bucket", "is not an IAM ARN")]
    #[case("arn:aws:iam:eu-west-1:111122223333:root", "is not an IAM ARN")]
    #[case(SSO, "write the ARN of its role")]
    #[case("arn:aws:iam::111122223333:group/x", "cannot assume a role")]
    #[case("arn:aws:iam::111122223333:*", "cannot assume a role")]
    #[case("arn:aws:iam::111122223333:role/", "is not a name")]
    #[case("arn:aws:iam::111122223333:role//x", "is not a name")]
    #[case("arn:aws:iam::111122223333:role/a//x", "is not a name")]
    #[case("arn:aws:iam::111122223333:role/*/x", "is not a name")]
    #[case("arn:aws:iam::111122223333:role/*****x", "is not a name")]
    #[case("arn:aws:iam::111122223333:user/x*", "is not a name")]
    #[case("arn:aws:iam::111122223333:role/a\"b", "is not a name")]
    #[case("arn:aws:iam::111122223333:role/a\nb", "is not a name")]
    #[case("arn:aws:iam::111122223333:role/x\u{202e}y", "is not a name")]
    fn anything_else_says_what_is_wrong(#[case] text: &str, #[case] words: &str) {
        for text in [text.to_owned(), format!("{text}\u{1b}[2J")] {
            let message = text.parse::<TrustedPrincipal>().unwrap_err().to_string();
            assert!(!message.contains(['\u{202e}', '\u{1b}', '\n']), "{message:?}");
        }
        let message = text.parse::<TrustedPrincipal>().unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }

    #[test]
    fn a_text_of_any_length_makes_a_short_error() {
        let long = "x".repeat(10_240);
        for text in [long.clone(), format!("arn:aws:iam::111122223333:role/{long}"), format!("arn:{long}:iam::1:root")]
        {
            assert!(text.parse::<TrustedPrincipal>().unwrap_err().to_string().len() < 400);
            assert!(TrustedPrincipal::proposed(&text).unwrap_err().to_string().len() < 400);
        }
    }

    #[rstest]
    #[case("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root")]
    #[case("arn:aws:iam::111122223333:user/ops/ana", "arn:aws:iam::111122223333:user/ops/ana")]
    #[case("arn:aws:sts::111122223333:assumed-role/Deploy/run-7", "arn:aws:iam::111122223333:role/*Deploy")]
    #[case(SSO, "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Read_Only_*")]
    fn a_caller_is_covered_by_what_is_proposed_for_it(#[case] caller: &str, #[case] proposed: &str) {
        let principal = TrustedPrincipal::proposed(caller).unwrap();
        assert_eq!(principal.to_string(), proposed);
        assert_eq!(proposed.parse::<TrustedPrincipal>().unwrap(), principal);
        assert!(principal.covers(caller));
        assert!(!principal.covers(&caller.replace("111122223333", "111122223334")));
        assert!(!principal.covers(&caller.replace("arn:aws:", "arn:aws-cn:")));
    }

    #[test]
    fn who_cannot_assume_a_role_is_not_proposed() {
        let error = TrustedPrincipal::proposed("arn:aws:sts::111122223333:federated-user/bob").unwrap_err();
        assert!(error.to_string().contains("cannot assume a role"), "{error}");
    }

    #[rstest]
    #[case("root", "sts", "assumed-role/Any/s", true)]
    #[case("root", "iam", "user/any", true)]
    #[case("root", "sts", "federated-user/any", false)]
    #[case("role/ops/Deploy", "sts", "assumed-role/Deploy/s", true)]
    #[case("role/ops/Deploy", "sts", "assumed-role/Deployer/s", false)]
    #[case("role/Dep*y*", "sts", "assumed-role/Deployer/s", true)]
    #[case("role/Dep*y*", "sts", "assumed-role/Depot/s", false)]
    #[case("role/Deploy", "iam", "user/Deploy", false)]
    #[case("user/ops/ana", "iam", "user/ana", false)]
    #[case("user/ana", "sts", "assumed-role/ana/s", false)]
    fn a_role_is_compared_by_name_and_a_user_by_all_of_it(
        #[case] trusted: &str,
        #[case] service: &str,
        #[case] caller: &str,
        #[case] covered: bool,
    ) {
        let principal: TrustedPrincipal = format!("arn:aws:iam::111122223333:{trusted}").parse().unwrap();
        assert_eq!(principal.covers(&format!("arn:aws:{service}::111122223333:{caller}")), covered);
    }
}
