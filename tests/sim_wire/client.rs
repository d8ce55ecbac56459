//! SDK clients for the simulator: explicit configuration only, never the environment.

use crate::world::{self, EXTERNAL_ID, KEY, role_arn};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig};
use aws_types::{SdkConfig, region::Region, request_id::RequestId};
use bailiwick::{
    domain::{Clock, Timestamp},
    sim::server::{ServeOptions, SimServer},
};
use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// A clock that a test can move.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst))
    }
}

/// A server over the test world, and its clock.
pub struct Sim {
    pub server: SimServer,
    pub clock: Arc<HandClock>,
}

impl Sim {
    pub fn start() -> Self {
        Self::with_throttle(false)
    }

    pub fn with_throttle(throttle: bool) -> Self {
        Self::with(ServeOptions { throttle, ..ServeOptions::default() })
    }

    pub fn with(options: ServeOptions) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(world::now().second())));
        let server = SimServer::start(Arc::new(world::world()), clock.clone(), options).unwrap();
        Self { server, clock }
    }

    /// From now on these troubles, as they are typed.
    pub fn troubles(&self, troubles: &[&str]) {
        self.server.set_troubles(troubles.iter().map(|text| text.parse().unwrap()).collect());
    }

    pub fn config(&self, credentials: Credentials, region: &str) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(self.server.url())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    /// STS as the agency's user.
    pub fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.config(agency(), "us-east-1"))
    }

    /// A session of a role that asks for the usual ExternalId.
    pub async fn session(&self, account: u64, role: &str, policy: Option<&str>) -> Credentials {
        let request = self.sts().assume_role().role_arn(role_arn(account, role)).role_session_name("bailiwick-test");
        let answer = request.external_id(EXTERNAL_ID).set_policy(policy.map(str::to_owned)).send().await.unwrap();
        let given = answer.credentials.unwrap();
        credentials(&given)
    }

    pub async fn organizations(&self, account: u64, role: &str) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::new(&self.config(self.session(account, role, None).await, "us-east-1"))
    }

    pub async fn cloudtrail(&self, account: u64, role: &str, region: &str) -> aws_sdk_cloudtrail::Client {
        aws_sdk_cloudtrail::Client::new(&self.config(self.session(account, role, None).await, region))
    }

    pub async fn costs(&self, account: u64, role: &str) -> aws_sdk_costexplorer::Client {
        aws_sdk_costexplorer::Client::new(&self.config(self.session(account, role, None).await, "us-east-1"))
    }
}

pub fn agency() -> Credentials {
    Credentials::new(KEY, "any secret goes", None, None, "test")
}

pub fn credentials(given: &aws_sdk_sts::types::Credentials) -> Credentials {
    Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        None,
        "test",
    )
}

/// The HTTP status, code and message of a refusal; every refusal carries a request id.
pub fn refusal<T, E>(result: Result<T, SdkError<E, HttpResponse>>) -> (u16, String, String)
where
    T: Debug,
    E: ProvideErrorMetadata + RequestId + std::error::Error + 'static,
{
    let error = result.expect_err("the request should have been refused");
    let id = error.request_id().expect("a refusal carries a request id");
    assert_eq!(id.len(), 36, "{id}");
    let status = error.raw_response().expect("a refusal is an answer").status().as_u16();
    (status, error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
}
