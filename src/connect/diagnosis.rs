//! Why a role does not open. AWS answers a missing role, a principal that is not trusted and a wrong ExternalId with the
//! same words, on purpose; what else is known of the client tells them apart.

use crate::{
    aws::{AwsError, Identity},
    domain::{AccountId, AccountState, Failure, FailureKind, RoleArn, Timestamp, TrustedPrincipal},
};

/// What is known besides AWS's answer.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Whom our templates let in.
    pub trusted: Option<TrustedPrincipal>,
    /// An account of the same client whose role, with the same ExternalId, passed the gate.
    pub sibling: Option<AccountId>,
    /// When this very role last opened.
    pub opened: Option<Timestamp>,
    /// What its organization says of the account.
    pub state: Option<AccountState>,
}

/// The failure that AWS's refusal most likely is, by the evidence; its own words where there is none.
pub(super) fn explain(refusal: &AwsError, role: &RoleArn, caller: Option<&Identity>, evidence: &Evidence) -> Failure {
    if refusal.kind != FailureKind::TrustRefused {
        return refusal.failure();
    }
    let account = role.account();
    if let Some(state @ (AccountState::Suspended | AccountState::PendingClosure | AccountState::Closed)) =
        evidence.state
    {
        return Failure::new(
            FailureKind::AccountSuspended,
            format!("account {account} is {} in its organization, and AWS lets nobody in", state.word()),
            "nothing to do here: what was read before stays; remove the connection when it is not needed any more",
        );
    }
    if let (Some(caller), Some(trusted)) = (caller, &evidence.trusted)
        && !trusted.covers(caller.arn.raw_for_matching())
    {
        return Failure::new(
            FailureKind::PrincipalNotTrusted,
            format!(
                "the role does not open for us: we act as {}, and the roles we render trust {trusted}",
                caller.arn.for_log()
            ),
            format!(
                "use credentials of {trusted} (AWS_PROFILE), or set trusted_principal in config.toml and have the client \
                 update the role from a new template"
            ),
        );
    }
    if let Some(sibling) = evidence.sibling {
        let since = evidence.opened.map_or_else(String::new, |at| format!("; it opened until {at}"));
        return Failure::new(
            FailureKind::RoleMissing,
            format!(
                "{role} does not open, while the role in {sibling} opens for the same identity with the same ExternalId: \
                 most likely it does not exist{since}"
            ),
            "check its name, and in the client's CloudFormation that the stack or stack set has reached this account"
                .to_owned(),
        );
    }
    let opened = evidence.opened.map_or_else(String::new, |at| {
        format!("; it opened until {at}, so it was deleted or its trust policy was changed since")
    });
    Failure::new(
        FailureKind::TrustRefused,
        format!(
            "{role} does not open for us{opened}. AWS does not say whether it does not exist, does not trust us, or wants \
             another ExternalId"
        ),
        format!(
            "ask the client for `aws iam get-role --role-name {}` and let `bailiwick connection diagnose CLIENT --role-arn {role} \
             --document FILE` tell which it is",
            role.name()
        ),
    )
}

/// An imported ExternalId that is refused where the client's own is let in.
pub(super) fn external_id_wrong(role: &RoleArn) -> Failure {
    Failure::new(
        FailureKind::ExternalIdWrong,
        format!(
            "{role} does not open with the ExternalId that was given, but with the one bailiwick made for this client"
        ),
        "connect it without --external-id",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Api;

    fn refusal() -> AwsError {
        AwsError::ours(
            Api::AssumeRole,
            FailureKind::TrustRefused,
            "User: x is not authorized to perform: sts:AssumeRole",
        )
    }

    fn explained(caller: Option<&str>, evidence: &Evidence) -> Failure {
        let role = "arn:aws:iam::111122223333:role/bailiwick/bailiwick-member".parse().unwrap();
        let identity = |arn: &str| Identity { account: "999900001111".parse().unwrap(), arn: arn.into() };
        explain(&refusal(), &role, caller.map(identity).as_ref(), evidence)
    }

    #[test]
    fn one_refusal_is_told_apart_by_what_else_is_known() {
        let trusted: TrustedPrincipal = "arn:aws:iam::999900001111:role/ops".parse().unwrap();
        let sibling = Some("444455556666".parse().unwrap());
        let (us, other) =
            (Some("arn:aws:sts::999900001111:assumed-role/ops/ana"), Some("arn:aws:iam::999900001111:user/ana"));
        let known = Evidence { trusted: Some(trusted), sibling, ..Evidence::default() };

        let failure = explained(other, &known);
        assert_eq!(failure.kind, FailureKind::PrincipalNotTrusted);
        assert!(failure.what.contains("user/ana") && failure.what.contains("role/ops"), "{failure:?}");

        let failure = explained(us, &known);
        assert_eq!(failure.kind, FailureKind::RoleMissing);
        assert!(failure.what.contains("the role in 444455556666 opens"), "{failure:?}");

        let failure = explained(us, &Evidence { sibling: None, ..known.clone() });
        assert_eq!(failure.kind, FailureKind::TrustRefused);
        assert!(failure.next_step.contains("connection diagnose"), "{failure:?}");

        let opened = Some("2026-10-01T00:00:00Z".parse().unwrap());
        let failure = explained(us, &Evidence { sibling: None, opened, ..known.clone() });
        assert!(failure.what.contains("it opened until 2026-10-01"), "{failure:?}");

        let failure = explained(us, &Evidence { state: Some(AccountState::Suspended), ..known });
        assert_eq!(failure.kind, FailureKind::AccountSuspended);
    }

    #[test]
    fn what_aws_says_clearly_is_left_as_it_is() {
        let error = AwsError { kind: FailureKind::OwnPermissionMissing, ..refusal() };
        let role = "arn:aws:iam::111122223333:role/x".parse().unwrap();
        let told = explain(&error, &role, None, &Evidence { sibling: Some(role.account()), ..Evidence::default() });
        assert_eq!(told.kind, FailureKind::OwnPermissionMissing);
    }
}
