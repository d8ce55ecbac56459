//! What went wrong with a request, in kinds that decide what to do and words that say it.

use crate::domain::{Failure, FailureKind, Untrusted};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::{error::Error, fmt};

/// The API action that was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// `sts:AssumeRole`.
    AssumeRole,
    /// `sts:GetCallerIdentity`.
    GetCallerIdentity,
    /// `organizations:ListAccounts`.
    ListAccounts,
    /// `cloudtrail:LookupEvents`.
    LookupEvents,
    /// `ce:GetCostAndUsage`.
    GetCostAndUsage,
}

impl Api {
    /// As IAM writes it.
    pub fn action(self) -> &'static str {
        match self {
            Self::AssumeRole => "sts:AssumeRole",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::ListAccounts => "organizations:ListAccounts",
            Self::LookupEvents => "cloudtrail:LookupEvents",
            Self::GetCostAndUsage => "ce:GetCostAndUsage",
        }
    }
}

/// A failed request. Most of AWS's codes have no type in the SDK, so they are told apart by their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// What was called.
    pub api: Api,
    /// The kind of failure.
    pub kind: FailureKind,
    /// AWS's code, e.g. `AccessDeniedException`; empty if the answer had none.
    pub code: String,
    /// AWS's message, or the transport's.
    pub message: Untrusted,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = self.failure();
        write!(f, "{}; {}", failure.what, failure.next_step)
    }
}

impl Error for AwsError {}

impl AwsError {
    /// Sorts an SDK error into its kind.
    pub(super) fn from_sdk<E>(api: Api, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|r| r.status().as_u16());
        match &error {
            SdkError::ServiceError(service) if service.err().code().is_some_and(|c| !c.is_empty()) => {
                let code = service.err().code().unwrap_or_default().to_owned();
                let message = service.err().message().unwrap_or_default().to_owned();
                let (kind, retryable) = classify(api, &code, &message, status);
                Self { api, kind, code, message: message.into(), status, retryable }
            }
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => Self {
                api,
                kind: FailureKind::Invalid,
                code: String::new(),
                message: Untrusted::from("the answer is not the protocol of this service"),
                status,
                retryable: status.is_none_or(|s| s >= 500 || s == 429),
            },
            SdkError::TimeoutError(_) => Self::timed_out(api),
            SdkError::DispatchFailure(failure) => {
                let text = chain(&error);
                let no_credentials = text.contains("credential") || text.contains("SSO") || text.contains("identity");
                if no_credentials && !failure.is_io() && !failure.is_timeout() {
                    Self::transport(api, FailureKind::Expired, text, false)
                } else {
                    Self::transport(api, FailureKind::Offline, text, true)
                }
            }
            _ => Self::transport(api, FailureKind::Bug, chain(&error), false),
        }
    }

    /// An attempt that took too long.
    pub(super) fn timed_out(api: Api) -> Self {
        Self::transport(api, FailureKind::Offline, "no answer in time".into(), true)
    }

    /// A failure of our own making or of the transport.
    pub(super) fn transport(api: Api, kind: FailureKind, message: String, retryable: bool) -> Self {
        Self { api, kind, code: String::new(), message: message.into(), status: None, retryable }
    }

    /// An answer that the protocol allows and this program cannot use.
    pub(super) fn unusable(api: Api, message: String) -> Self {
        Self::transport(api, FailureKind::Invalid, message, false)
    }

    /// The failure in words: what, why, and what to do next. Safe to print.
    pub fn failure(&self) -> Failure {
        let action = self.api.action();
        let said = self.message.for_log();
        let code = Untrusted::from(self.code.as_str()).for_log();
        let (what, next_step) = match (self.kind, self.api) {
            (FailureKind::Denied, Api::AssumeRole) => (
                format!("AWS refused to let us assume the role ({code}): {said}"),
                "check that the role exists, that its trust policy names our principal, and that the ExternalId is this client's".to_owned(),
            ),
            (FailureKind::Denied, _) if said.contains("explicit deny in a service control policy") => (
                format!("{action} is denied by a service control policy of the client's organization"),
                "if this region should be read, ask the client to exempt the role from that policy; otherwise nothing is lost".to_owned(),
            ),
            (FailureKind::Denied, Api::ListAccounts) => (
                format!("{action} is refused ({code}): {said}"),
                "connect the management account, or a delegated administrator, with the payer role".to_owned(),
            ),
            (FailureKind::Denied, _) => (
                format!("{action} is refused ({code}): {said}"),
                format!("add {action} to the role's policy, or update its stack from the current template"),
            ),
            (FailureKind::NotEnabled, Api::GetCostAndUsage) if code.starts_with("DataUnavailable") => (
                format!("Cost Explorer is enabled but has no data yet ({code})"),
                "wait: the first month takes up to 24 hours, older months some days".to_owned(),
            ),
            (FailureKind::NotEnabled, Api::GetCostAndUsage) => (
                "Cost Explorer was never enabled in this account".to_owned(),
                "ask the client to open Cost Explorer once in the billing console; data follows within 24 hours".to_owned(),
            ),
            (FailureKind::NotEnabled, Api::ListAccounts) => (
                "the account is not in an organization".to_owned(),
                "nothing to do: it is read as a standalone account".to_owned(),
            ),
            (FailureKind::NotEnabled, _) => (
                format!("{action} is not available in this region ({code})"),
                "nothing to do unless the client enables the region".to_owned(),
            ),
            (FailureKind::Throttled, _) => (
                format!("AWS asked us to slow down on {action} ({code}) and repeated attempts did not help"),
                "sync again later; the client's own tools share this limit".to_owned(),
            ),
            (FailureKind::Expired, Api::AssumeRole) => (
                format!("our own AWS credentials are missing or have expired: {said}"),
                "run `aws sso login`, or set AWS_PROFILE to a profile that works".to_owned(),
            ),
            (FailureKind::Expired, _) => (
                format!("the credentials expired during {action} ({code})"),
                "sync again; if it repeats, check this machine's clock".to_owned(),
            ),
            (FailureKind::Offline, _) => (
                format!("no answer from AWS for {action}: {said}"),
                "check the network, proxy and AWS_ENDPOINT_URL; what is stored stays readable offline".to_owned(),
            ),
            (FailureKind::Invalid, _) if self.code.is_empty() => (
                match self.status {
                    Some(status) => format!("{action} was answered with HTTP {status}: {said}"),
                    None => format!("{action} was answered with something unusable: {said}"),
                },
                "sync again later; if it repeats, a proxy or emulator may be answering instead of AWS".to_owned(),
            ),
            (FailureKind::Invalid, _) => (
                format!("AWS did not accept {action} ({code}): {said}"),
                "please report this with the code; other data is not affected".to_owned(),
            ),
            _ => (
                format!("{action} failed inside bailiwick: {said}"),
                "please report this; other data is not affected".to_owned(),
            ),
        };
        Failure { kind: self.kind, what, next_step }
    }
}

/// Kind and retryability by AWS's code. Codes come with and without `Exception`, and some services prefix them.
fn classify(api: Api, code: &str, message: &str, status: Option<u16>) -> (FailureKind, bool) {
    let bare = code.rsplit(['#', '.']).next().unwrap_or(code);
    let bare = bare.strip_suffix("Exception").unwrap_or(bare);
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
        "AccessDenied" if message.contains("not enabled for cost explorer") => (FailureKind::NotEnabled, false),
        "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" | "OptInRequired" | "OperationNotPermitted" => {
            (FailureKind::Denied, false)
        }
        "DataUnavailable" | "AWSOrganizationsNotInUse" | "RegionDisabled" => (FailureKind::NotEnabled, false),
        // What a session gets in an opt-in region that the account has not enabled; elsewhere it is a dead key.
        "UnrecognizedClient" | "InvalidClientTokenId" if api == Api::LookupEvents => (FailureKind::NotEnabled, false),
        "UnrecognizedClient" | "InvalidClientTokenId" => (FailureKind::Expired, false),
        "ExpiredToken"
        | "RequestExpired"
        | "ExpiredTokenId"
        | "MissingAuthenticationToken"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "InvalidSignature"
        | "RequestTimeTooSkewed" => (FailureKind::Expired, false),
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

/// The messages of an error and of everything beneath it, without repeats.
fn chain(error: &dyn Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(e) = next {
        let text = e.to_string();
        if !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
        next = e.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("ThrottlingException", "", FailureKind::Throttled, true)]
    #[case("LimitExceededException", "Rate limit exceeded", FailureKind::Throttled, true)]
    #[case("AccessDenied", "User is not authorized", FailureKind::Denied, false)]
    #[case("AccessDeniedException", "User not enabled for cost explorer access", FailureKind::NotEnabled, false)]
    #[case("Client.UnauthorizedOperation", "", FailureKind::Denied, false)]
    #[case("com.amazonaws.ce#DataUnavailableException", "", FailureKind::NotEnabled, false)]
    #[case("AWSOrganizationsNotInUseException", "", FailureKind::NotEnabled, false)]
    #[case("ExpiredTokenException", "", FailureKind::Expired, false)]
    #[case("ExpiredToken", "", FailureKind::Expired, false)]
    #[case("UnrecognizedClientException", "", FailureKind::NotEnabled, false)]
    #[case("ValidationException", "", FailureKind::Invalid, false)]
    fn codes_are_sorted_with_and_without_their_suffix(
        #[case] code: &str,
        #[case] message: &str,
        #[case] kind: FailureKind,
        #[case] retryable: bool,
    ) {
        assert_eq!(classify(Api::LookupEvents, code, message, Some(400)), (kind, retryable));
    }

    #[test]
    fn a_server_error_with_an_unknown_code_is_worth_another_try() {
        assert_eq!(classify(Api::ListAccounts, "Whatever", "", Some(503)), (FailureKind::Invalid, true));
    }

    #[test]
    fn a_key_that_aws_does_not_know_is_ours_and_not_a_region_that_is_off() {
        let dead = classify(Api::AssumeRole, "InvalidClientTokenId", "The security token is invalid.", Some(403));
        assert_eq!(dead, (FailureKind::Expired, false));
    }

    #[test]
    fn every_failure_says_what_and_what_next_and_is_safe_to_print() {
        for kind in [
            FailureKind::Denied,
            FailureKind::Throttled,
            FailureKind::NotEnabled,
            FailureKind::Expired,
            FailureKind::Offline,
            FailureKind::Invalid,
            FailureKind::Bug,
        ] {
            for api in
                [Api::AssumeRole, Api::GetCallerIdentity, Api::ListAccounts, Api::LookupEvents, Api::GetCostAndUsage]
            {
                let error = AwsError {
                    api,
                    kind,
                    code: "X\u{1b}[2J".into(),
                    message: "said\u{202e}".into(),
                    status: Some(400),
                    retryable: false,
                };
                let failure = error.failure();
                assert!(failure.what.len() > 20 && failure.next_step.len() > 20, "{failure:?}");
                assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']), "{error}");
            }
        }
    }
}
