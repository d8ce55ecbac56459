//! Failures in words: what failed, why, and what to do next. For people who are not IAM experts, at night.

use super::{Api, AwsError};
use crate::domain::{Access, Failure, FailureKind, Untrusted};

/// The words for an error. Safe to print.
pub(super) fn failure(error: &AwsError) -> Failure {
    let action = error.api.action();
    let said = error.message.for_log();
    let code = Untrusted::from(error.code.as_str()).for_log();
    let (whose, login) = match &error.access {
        None => ("our own AWS credentials".to_owned(), "aws sso login".to_owned()),
        Some(Access::Profile { name, .. }) => {
            (format!("the credentials of profile {name}"), format!("aws sso login --profile {name}"))
        }
        Some(access) => (format!("the credentials of {access}"), "aws sso login".to_owned()),
    };
    let (what, next_step): (String, String) = match error.kind {
        FailureKind::TrustRefused | FailureKind::RoleMissing | FailureKind::ExternalIdWrong => (
            format!("AWS refused to let us assume the role ({code}): {said}"),
            "check that the role exists, that its trust policy names our principal, and that the ExternalId is this client's"
                .into(),
        ),
        FailureKind::OwnPermissionMissing => (
            format!("our own identity may not assume roles ({code}): {said}"),
            "allow sts:AssumeRole on arn:*:iam::*:role/bailiwick/* in the policy of the identity you work with".into(),
        ),
        FailureKind::DeniedByOrganization => (
            format!("{action} is denied by a service control policy of the client's organization"),
            "if this region should be read, ask the client to exempt the role from that policy; otherwise nothing is lost"
                .into(),
        ),
        FailureKind::ActionMissing => (
            format!("{action} is refused ({code}): {said}"),
            format!("add {action} to the role's policy, or update its stack from the current template"),
        ),
        FailureKind::NotManagementAccount => (
            format!("this is not the management account of its organization: {action} is refused ({code}): {said}"),
            "connect the management account, or a delegated administrator, with the payer role".into(),
        ),
        FailureKind::NotInOrganization => (
            "the account is not in an organization".into(),
            "nothing to do: it is read as a standalone account".into(),
        ),
        FailureKind::CostExplorerNoData => (
            format!("Cost Explorer is enabled but has no data yet ({code})"),
            "wait: the first month takes up to 24 hours, older months some days".into(),
        ),
        FailureKind::CostExplorerNeverEnabled => (
            "Cost Explorer was never enabled in this account".into(),
            "ask the client to open Cost Explorer once in the billing console; data follows within 24 hours".into(),
        ),
        FailureKind::CostExplorerBlocked => (
            format!("the payer of this account keeps Cost Explorer from its members ({code}): {said}"),
            "read costs through the payer's connection, or ask the payer to allow linked accounts in its Cost Management \
             preferences"
                .into(),
        ),
        FailureKind::RegionDisabled if error.api == Api::LookupEvents => (
            format!("{action} is not available in this region ({code})"),
            "nothing to do unless the client enables the region".into(),
        ),
        FailureKind::RegionDisabled => (
            format!("STS is switched off in this region for the account ({code}): {said}"),
            "ask the client to activate STS for the region in IAM, account settings".into(),
        ),
        FailureKind::WrongPartition => (
            format!("the role and our credentials are in different partitions of AWS ({code}): {said}"),
            "use credentials of the role's partition: no role reaches from one partition into another".into(),
        ),
        FailureKind::CredentialsMissing => (
            format!("{whose} are missing or have expired: {said}"),
            format!("run `{login}`, or use a profile that works (AWS_PROFILE)"),
        ),
        FailureKind::CredentialsExpired => (
            format!("{whose} have expired ({code}): {said}"),
            format!("renew them: `{login}`, or whatever gives you credentials, and try again"),
        ),
        FailureKind::CredentialsRefused => (
            format!("AWS does not accept {whose} ({code}): {said}"),
            "check the profile and the keys behind it: they may be deleted, mistyped or of another partition".into(),
        ),
        FailureKind::SsoLoginExpired => (
            format!("the login of IAM Identity Center (SSO) behind {whose} is over: {said}"),
            format!("run `{login}` and try again"),
        ),
        FailureKind::ClockSkew => (
            format!("this machine's clock is wrong, so AWS refuses its signatures ({code}): {said}"),
            "set the clock (`timedatectl set-ntp true`) and try again".into(),
        ),
        FailureKind::Denied => (
            format!("{action} is refused ({code}): {said}"),
            format!("add {action} to the role's policy, or update its stack from the current template"),
        ),
        FailureKind::NotEnabled => (
            format!("{action} is not available in this region ({code})"),
            "nothing to do unless the client enables the region".into(),
        ),
        FailureKind::Throttled => (
            format!("AWS asked us to slow down on {action} ({code}) and repeated attempts did not help"),
            "try again later; the client's own tools share this limit".into(),
        ),
        FailureKind::Expired => (
            format!("the credentials expired during {action} ({code})"),
            "sync again; if it repeats, check this machine's clock".into(),
        ),
        FailureKind::Offline => (
            format!("no answer from AWS for {action}: {said}"),
            "check the network, proxy and AWS_ENDPOINT_URL; what is stored stays readable offline".into(),
        ),
        FailureKind::Cancelled => (
            format!("cancelled before {action}"),
            "what was read before is kept; the next sync reads the rest, or try the job again in the Sync pane".into(),
        ),
        FailureKind::Invalid if error.code.is_empty() => (
            match error.status {
                Some(status) => format!("{action} was answered with HTTP {status}: {said}"),
                None => format!("{action} was answered with something unusable: {said}"),
            },
            "sync again later; if it repeats, a proxy or emulator may be answering instead of AWS".into(),
        ),
        FailureKind::Invalid => (
            format!("AWS did not accept {action} ({code}): {said}"),
            "please report this with the code; other data is not affected".into(),
        ),
        _ => (
            format!("{action} failed inside bailiwick: {said}"),
            "please report this; other data is not affected".into(),
        ),
    };
    Failure { kind: error.kind, what, next_step }
}
