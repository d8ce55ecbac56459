//! AWS's codes and messages, sorted into the kinds of failure. Most codes have no type in the SDK, and several states
//! share one code, so the message decides where it has to.

use super::Api;
use crate::domain::FailureKind;

/// Kind and retryability by AWS's code. Codes come with and without `Exception`, and some services prefix them.
pub(super) fn classify(api: Api, code: &str, message: &str, status: Option<u16>) -> (FailureKind, bool) {
    let bare = code.rsplit(['#', '.']).next().unwrap_or(code);
    let bare = bare.strip_suffix("Exception").unwrap_or(bare);
    let sts = matches!(api, Api::AssumeRole | Api::GetCallerIdentity);
    match bare {
        "Throttling"
        | "ThrottledException"
        | "Throttled"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "LimitExceeded"
        | "RequestThrottled"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete" => (FailureKind::Throttled, true),
        "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" | "OperationNotPermitted" => {
            (denied(api, message), false)
        }
        "DataUnavailable" => (FailureKind::CostExplorerNoData, false),
        "AWSOrganizationsNotInUse" => (FailureKind::NotInOrganization, false),
        "RegionDisabled" | "OptInRequired" => (FailureKind::RegionDisabled, false),
        "ValidationError" if api == Api::AssumeRole && message.contains("ARN is invalid") => {
            (FailureKind::WrongPartition, false)
        }
        // What a session gets in an opt-in region that the account has not enabled; elsewhere it is a dead key.
        "UnrecognizedClient" | "InvalidClientTokenId" if api == Api::LookupEvents => {
            (FailureKind::RegionDisabled, false)
        }
        "UnrecognizedClient" | "InvalidClientTokenId" | "MissingAuthenticationToken" | "IncompleteSignature" => {
            (FailureKind::CredentialsRefused, false)
        }
        "SignatureDoesNotMatch" | "InvalidSignature" if is_about_time(message) => (FailureKind::ClockSkew, false),
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => (FailureKind::ClockSkew, false),
        "SignatureDoesNotMatch" | "InvalidSignature" => (FailureKind::CredentialsRefused, false),
        "ExpiredToken" | "ExpiredTokenId" if sts => (FailureKind::CredentialsExpired, false),
        "ExpiredToken" | "ExpiredTokenId" => (FailureKind::Expired, false),
        "ServiceUnavailable"
        | "InternalFailure"
        | "InternalError"
        | "Service"
        | "InternalServerError"
        | "InternalServer" => (FailureKind::Invalid, true),
        "RequestTimeout" | "RequestTimeoutException" => (FailureKind::Offline, true),
        _ if status.is_some_and(|s| s >= 500) => (FailureKind::Invalid, true),
        _ => (FailureKind::Invalid, false),
    }
}

/// The states behind one `AccessDenied`.
fn denied(api: Api, message: &str) -> FailureKind {
    // IAM user guide, "Troubleshoot access denied error messages": the message ends with the kind of policy.
    let says = |text: &str| message.contains(text);
    if says("service control policy") || says("resource control policy") {
        return FailureKind::DeniedByOrganization;
    }
    let not_authorized = says("not authorized to perform");
    match api {
        Api::AssumeRole if says("identity-based policy") || says("permissions boundary") || says("session policy") => {
            FailureKind::OwnPermissionMissing
        }
        Api::AssumeRole => FailureKind::TrustRefused,
        Api::GetCostAndUsage if says("not enabled for cost explorer") => FailureKind::CostExplorerNeverEnabled,
        Api::GetCostAndUsage if says("inked account") => FailureKind::CostExplorerBlocked,
        // Organizations refuses a member by itself, whatever the member's own policies allow.
        Api::ListAccounts if !not_authorized => FailureKind::NotManagementAccount,
        Api::GetCallerIdentity => FailureKind::Denied,
        _ if not_authorized => FailureKind::ActionMissing,
        _ => FailureKind::Denied,
    }
}

/// `Signature expired: … is now earlier than …` and `Signature not yet current: …`.
fn is_about_time(message: &str) -> bool {
    message.contains("Signature expired") || message.contains("Signature not yet current")
}

/// What the credential chain of the SDK says when it finds nothing, by its words; `None` for anything else.
pub(super) fn credentials_kind(text: &str) -> Option<FailureKind> {
    let lower = text.to_ascii_lowercase();
    let sso =
        lower.contains("sso") && (lower.contains("token") || lower.contains("session") || lower.contains("expired"));
    if sso && !lower.contains("no credentials found in chain") {
        return Some(FailureKind::SsoLoginExpired);
    }
    ["credential", "identity", "profile"]
        .iter()
        .any(|word| lower.contains(word))
        .then_some(FailureKind::CredentialsMissing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("ThrottlingException", "", FailureKind::Throttled, true)]
    #[case("LimitExceededException", "Rate limit exceeded", FailureKind::Throttled, true)]
    #[case("AccessDenied", "User: x is not authorized to perform: y", FailureKind::ActionMissing, false)]
    #[case(
        "AccessDenied",
        "with an explicit deny in a service control policy",
        FailureKind::DeniedByOrganization,
        false
    )]
    #[case("Client.UnauthorizedOperation", "", FailureKind::Denied, false)]
    #[case("com.amazonaws.ce#DataUnavailableException", "", FailureKind::CostExplorerNoData, false)]
    #[case("AWSOrganizationsNotInUseException", "", FailureKind::NotInOrganization, false)]
    #[case("ExpiredTokenException", "", FailureKind::Expired, false)]
    #[case("ExpiredToken", "", FailureKind::Expired, false)]
    #[case("UnrecognizedClientException", "", FailureKind::RegionDisabled, false)]
    #[case("ValidationException", "", FailureKind::Invalid, false)]
    fn codes_are_sorted_with_and_without_their_suffix(
        #[case] code: &str,
        #[case] message: &str,
        #[case] kind: FailureKind,
        #[case] retryable: bool,
    ) {
        assert_eq!(classify(Api::LookupEvents, code, message, Some(400)), (kind, retryable));
    }

    #[rstest]
    #[case(
        Api::AssumeRole,
        "AccessDenied",
        "User: u is not authorized to perform: sts:AssumeRole on resource: r",
        FailureKind::TrustRefused
    )]
    #[case(
        Api::AssumeRole,
        "AccessDenied",
        "… because no identity-based policy allows the sts:AssumeRole action",
        FailureKind::OwnPermissionMissing
    )]
    #[case(Api::AssumeRole, "ExpiredToken", "", FailureKind::CredentialsExpired)]
    #[case(Api::AssumeRole, "InvalidClientTokenId", "The security token is invalid.", FailureKind::CredentialsRefused)]
    #[case(
        Api::AssumeRole,
        "SignatureDoesNotMatch",
        "Signature expired: 20261126T010000Z is now earlier than …",
        FailureKind::ClockSkew
    )]
    #[case(
        Api::AssumeRole,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match",
        FailureKind::CredentialsRefused
    )]
    #[case(Api::AssumeRole, "RegionDisabledException", "", FailureKind::RegionDisabled)]
    #[case(Api::AssumeRole, "ValidationError", "Request ARN is invalid", FailureKind::WrongPartition)]
    #[case(
        Api::GetCostAndUsage,
        "AccessDeniedException",
        "User not enabled for cost explorer access",
        FailureKind::CostExplorerNeverEnabled
    )]
    #[case(
        Api::GetCostAndUsage,
        "AccessDeniedException",
        "Linked account doesn't have access to cost explorer.",
        FailureKind::CostExplorerBlocked
    )]
    #[case(
        Api::GetCostAndUsage,
        "AccessDeniedException",
        "User: u is not authorized to perform: ce:GetCostAndUsage",
        FailureKind::ActionMissing
    )]
    #[case(
        Api::ListAccounts,
        "AccessDeniedException",
        "You don't have permissions to access this resource.",
        FailureKind::NotManagementAccount
    )]
    #[case(
        Api::ListAccounts,
        "AccessDeniedException",
        "User: u is not authorized to perform: organizations:ListAccounts",
        FailureKind::ActionMissing
    )]
    #[case(Api::LookupEvents, "InvalidSignatureException", "Signature not yet current: …", FailureKind::ClockSkew)]
    fn states_that_share_a_code_are_told_apart_by_the_message(
        #[case] api: Api,
        #[case] code: &str,
        #[case] message: &str,
        #[case] kind: FailureKind,
    ) {
        assert_eq!(classify(api, code, message, Some(400)), (kind, false));
    }

    #[test]
    fn a_server_error_with_an_unknown_code_is_worth_another_try() {
        assert_eq!(classify(Api::ListAccounts, "Whatever", "", Some(503)), (FailureKind::Invalid, true));
    }
}
