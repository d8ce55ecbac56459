//! What went wrong with a request: the errors of the SDK sorted into kinds that decide what to do.

use super::classify::{classify, credentials_kind};
use crate::domain::{Access, Failure, FailureKind, Untrusted};
use aws_smithy_runtime_api::client::{
    orchestrator::HttpResponse,
    result::{ConnectorError, SdkError},
};
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
    /// Whether it may have reached AWS although no answer came.
    pub in_doubt: bool,
    /// The profile or access key that was used, if it is not the operator's usual identity.
    pub access: Option<Access>,
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
                Self { api, kind, code, message: message.into(), status, retryable, in_doubt: false, access: None }
            }
            // Whatever its status said: the answer itself did not come.
            SdkError::ResponseError(_) if broke_off(&error) => {
                Self { status, ..Self::transport(api, FailureKind::Offline, "the answer broke off".into(), true) }
            }
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => Self {
                api,
                kind: FailureKind::Invalid,
                code: String::new(),
                message: Untrusted::from("the answer is not the protocol of this service"),
                status,
                retryable: status.is_none_or(|s| s >= 500 || s == 429),
                in_doubt: false,
                access: None,
            },
            SdkError::TimeoutError(_) => Self::timed_out(api),
            SdkError::DispatchFailure(failure) => {
                let text = failure.as_connector_error().and_then(Error::source).map_or_else(String::new, chain);
                let waits = failure.is_io() || failure.is_timeout();
                match credentials_kind(&text).filter(|_| !waits) {
                    Some(kind) => {
                        // What follows on further lines is every provider of the chain that was tried.
                        let first = text.lines().next().unwrap_or_default().trim_end_matches(" Attempted:");
                        Self::transport(api, kind, first.to_owned(), false)
                    }
                    None => Self {
                        in_doubt: !failure.is_user() && failure.as_connector_error().is_some_and(was_connected),
                        ..Self::transport(api, FailureKind::Offline, text, waits || failure.as_other().is_some())
                    },
                }
            }
            _ => Self::transport(api, FailureKind::Bug, chain(&error), false),
        }
    }

    /// A failure that we find ourselves, without an answer of AWS.
    pub fn ours(api: Api, kind: FailureKind, message: &str) -> Self {
        Self::transport(api, kind, message.to_owned(), false)
    }

    /// An attempt that took too long.
    pub fn timed_out(api: Api) -> Self {
        let error = Self::transport(api, FailureKind::Offline, "no answer in time".into(), true);
        Self { in_doubt: true, ..error }
    }

    /// A request that was not sent, because its job was cancelled.
    pub fn stopped(api: Api) -> Self {
        Self::transport(api, FailureKind::Cancelled, "the job was cancelled".into(), false)
    }

    /// A failure of our own making or of the transport.
    pub(super) fn transport(api: Api, kind: FailureKind, message: String, retryable: bool) -> Self {
        let (code, message) = (String::new(), message.into());
        Self { api, kind, code, message, status: None, retryable, in_doubt: false, access: None }
    }

    /// An answer that the protocol allows and this program cannot use.
    pub(super) fn unusable(api: Api, message: String) -> Self {
        Self::transport(api, FailureKind::Invalid, message, false)
    }

    /// Whether AWS charges for the request though nothing could be made of it: Cost Explorer does if its answer began with
    /// success. Where nobody can know, for no answer came, it is taken for paid: a cap holds in any case.
    pub fn is_paid(&self) -> bool {
        let answered = || self.status.map_or(self.kind == FailureKind::Invalid, |status| status < 400);
        self.api == Api::GetCostAndUsage && self.code.is_empty() && (self.in_doubt || answered())
    }

    /// Whether AWS charges for the request that had this answer of Cost Explorer, as [`is_paid`](Self::is_paid) has it.
    pub fn was_paid<T>(answer: &Result<T, Self>) -> bool {
        answer.as_ref().map_or_else(Self::is_paid, |_| true)
    }

    /// The failure in words: what, why, and what to do next. Safe to print.
    pub fn failure(&self) -> Failure {
        super::words::failure(self)
    }
}

/// Whether there was a connection to send it over; whoever looks for credentials first has none yet.
fn was_connected(error: &ConnectorError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(client) = cause.downcast_ref::<hyper_util::client::legacy::Error>() {
            return !client.is_connect();
        }
        next = cause.source();
    }
    false
}

/// Whether it was the connection that failed, and not what came through it.
fn broke_off(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.is::<std::io::Error>() {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The messages of an error and of everything beneath it, without repeats, and without those that quote a request: the
/// SDK does so if the endpoint's URL is unusable, and the request holds the ExternalId.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(e) = next {
        let text = e.to_string();
        if !text.contains("Request {") && !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
        next = e.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error as the SDK nests them: its own words, and a cause.
    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Nested {
        words: &'static str,
        source: Option<Box<Nested>>,
    }

    fn undelivered(outer: &'static str, inner: &'static str, io: bool) -> AwsError {
        use aws_sdk_sts::operation::assume_role::AssumeRoleError;
        let source = Some(Box::new(Nested { words: inner, source: None }));
        let error = Box::new(Nested { words: outer, source });
        let error = if io { ConnectorError::io(error) } else { ConnectorError::other(error, None) };
        AwsError::from_sdk(Api::AssumeRole, SdkError::<AssumeRoleError, HttpResponse>::dispatch_failure(error))
    }

    #[test]
    fn what_was_not_delivered_is_told_by_its_cause_and_never_quotes_the_request() {
        let quoting = "failed to apply endpoint `x` to request `Request { body: \"ExternalId=bw-secret\" }`";
        let error = undelivered(quoting, "endpoint must contain scheme", false);
        assert_eq!((error.kind, error.retryable), (FailureKind::Offline, false));
        assert_eq!(error.message.for_log(), "endpoint must contain scheme");

        let error = undelivered("client error (Connect)", "Connection refused", true);
        assert_eq!((error.kind, error.retryable), (FailureKind::Offline, true));
        assert_eq!(error.message.for_log(), "client error (Connect): Connection refused");

        let tried = "no credentials found in chain. Attempted:\n  Environment: not set\n  Profile: not enabled";
        let error = undelivered("the credential provider was not enabled", tried, false);
        assert_eq!((error.kind, error.retryable), (FailureKind::CredentialsMissing, false));
        let told = "the credential provider was not enabled: no credentials found in chain.";
        assert_eq!(error.message.for_log(), told);
    }

    #[test]
    fn every_failure_says_what_and_what_next_and_is_safe_to_print() {
        for &kind in FailureKind::ALL {
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
                    in_doubt: false,
                    access: None,
                };
                let failure = error.failure();
                assert!(failure.what.len() > 20 && failure.next_step.len() > 20, "{failure:?}");
                assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']), "{error}");
            }
        }
    }

    /// What becomes of a question to Cost Explorer at a URL.
    async fn asked(url: String) -> AwsError {
        use crate::{
            aws::{BaseCredentials, CostQuery, Costs, Granularity, Grouping, SdkCloud},
            domain::{FixedClock, Partition, Timestamp},
        };
        use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
        let clock = std::sync::Arc::new(FixedClock(Timestamp::from_second(1_795_000_000)));
        let cloud = SdkCloud::connect(BaseCredentials::Simulator { url }, clock).await;
        let provider =
            SharedCredentialsProvider::new(Credentials::new("AKIAIOSFODNN7EXAMPLE", "any", None, None, "test"));
        let (granularity, grouping) = (Granularity::Monthly, Grouping::None);
        let (start, end) = ("2026-11-01".parse().unwrap(), "2026-11-02".parse().unwrap());
        let query = CostQuery { start, end, granularity, grouping };
        cloud.standing(provider, Partition::Aws).cost_page(&query, None).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_never_left_is_not_paid_and_what_got_no_answer_may_have_been() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let hang_up = async { drop(listener.accept().await.unwrap()) };
        let (error, ()) = tokio::join!(asked(url.clone()), hang_up);
        assert_eq!((error.kind, error.in_doubt, error.is_paid()), (FailureKind::Offline, true, true), "{error:?}");
        drop(listener);
        let error = asked(url).await;
        assert_eq!((error.kind, error.in_doubt, error.is_paid()), (FailureKind::Offline, false, false));
        let late = AwsError::timed_out(Api::GetCostAndUsage);
        assert!(late.is_paid() && !AwsError::timed_out(Api::LookupEvents).is_paid());
        assert!(!AwsError::stopped(Api::GetCostAndUsage).is_paid());
    }
}
