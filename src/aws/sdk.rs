//! The SDK behind the traits: one configuration and one HTTP client for all accounts, its own retries off.

use super::{Session, SessionCredentials, home_region};
use crate::domain::{Clock, Partition, ProfileName, Region, Timestamp};
use aws_config::{
    AppName, BehaviorVersion, SdkConfig, identity::IdentityCache, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::TimeSource,
};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where the operator's own credentials come from.
#[derive(Debug, Clone)]
pub enum BaseCredentials {
    /// The standard chain of the AWS tools: environment, profiles, SSO, a credential process. `AWS_ENDPOINT_URL` and
    /// the region of the environment or profile apply.
    Chain,
    /// The simulator's published example key at the given URL; nothing of the environment is read.
    Simulator {
        /// `http://127.0.0.1:<port>`.
        url: String,
    },
}

/// As long as the session of a role may last.
const STANDING_SECONDS: i64 = 3_600;

/// The injected clock, as the SDK wants it: it signs requests with it.
#[derive(Debug)]
struct ClockSource(Arc<dyn Clock>);

impl TimeSource for ClockSource {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(u64::try_from(self.0.now().second()).unwrap_or(0))
    }
}

/// Access to AWS with the operator's credentials. Cheap to share; each session derives from it.
#[derive(Debug, Clone)]
pub struct SdkCloud {
    pub(super) base: SdkConfig,
    clock: Arc<dyn Clock>,
    /// STS with the operator's credentials. To make a client reads all of the system's root certificates again.
    sts: Arc<Mutex<HashMap<Region, aws_sdk_sts::Client>>>,
}

impl SdkCloud {
    /// Reads the configuration; sends nothing but what the credential chain itself needs.
    pub async fn connect(credentials: BaseCredentials, clock: Arc<dyn Clock>) -> Self {
        let base = match credentials {
            BaseCredentials::Chain => {
                aws_config::defaults(BehaviorVersion::latest()).http_client(https_client()).load().await
            }
            BaseCredentials::Simulator { url } => SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                    "AKIAIOSFODNN7EXAMPLE",
                    "simulated",
                    None,
                    None,
                    "bailiwick-simulator",
                )))
                .region(aws_config::Region::from_static("us-east-1"))
                .http_client(Builder::new().build_http())
                .endpoint_url(url)
                .build(),
        };
        let base = base
            .into_builder()
            .time_source(ClockSource(clock.clone()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::disabled())
            // The pacer's own limit per attempt is the outer one; this one only bounds the connect.
            .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(10)).build());
        let base = match AppName::new("bailiwick") {
            Ok(name) => base.app_name(name),
            Err(_) => base,
        };
        Self { base: base.build(), clock, sts: Arc::default() }
    }

    /// STS of a region, with the operator's credentials; made once.
    pub(super) fn sts(&self, region: &Region) -> aws_sdk_sts::Client {
        let mut clients = self.sts.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let region = aws_config::Region::new(region.to_string());
            aws_sdk_sts::Client::new(&self.base.to_builder().region(region).build())
        };
        clients.entry(region.clone()).or_insert_with(make).clone()
    }

    /// A session of an assumed role.
    pub(super) fn session(&self, credentials: &SessionCredentials, partition: Partition) -> SdkSession {
        // Without a cache of its own nothing of the session outlives it.
        let config = self
            .base
            .to_builder()
            .credentials_provider(credentials.provider())
            .identity_cache(IdentityCache::no_cache())
            .build();
        SdkSession {
            config,
            expires: credentials.expires(),
            partition,
            trails: RefCell::default(),
            explorer: OnceCell::new(),
        }
    }

    /// Requests signed with credentials that the SDK renews by itself, or that do not expire. Such a session is kept no
    /// longer than that of a role.
    pub(super) fn standing(&self, provider: SharedCredentialsProvider, partition: Partition) -> SdkSession {
        let config =
            self.base.to_builder().credentials_provider(provider).identity_cache(IdentityCache::lazy().build()).build();
        let expires = self.clock.now().plus(STANDING_SECONDS);
        SdkSession { config, expires, partition, trails: RefCell::default(), explorer: OnceCell::new() }
    }

    /// A profile of this machine's AWS configuration, whatever the environment says.
    pub(super) fn profile_provider(&self, name: &ProfileName) -> SharedCredentialsProvider {
        let provider = ProviderConfig::default()
            .with_time_source(ClockSource(self.clock.clone()))
            .with_http_client(self.base.http_client().unwrap_or_else(https_client))
            .with_region(Some(aws_config::Region::from_static("us-east-1")));
        SharedCredentialsProvider::new(
            ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(name.as_str()).build(),
        )
    }
}

fn https_client() -> SharedHttpClient {
    Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https()
}

/// One assumed role, for one job. Dropped with it.
pub struct SdkSession {
    pub(super) config: SdkConfig,
    expires: Timestamp,
    pub(super) partition: Partition,
    trails: RefCell<HashMap<Region, aws_sdk_cloudtrail::Client>>,
    explorer: OnceCell<aws_sdk_costexplorer::Client>,
}

impl Session for SdkSession {
    fn expires(&self) -> Timestamp {
        self.expires
    }
}

impl SdkSession {
    /// The configuration for another region.
    pub(super) fn in_region(&self, region: &Region) -> SdkConfig {
        self.config.to_builder().region(aws_config::Region::new(region.to_string())).build()
    }

    /// CloudTrail's client of a region, made once.
    pub(super) fn trail(&self, region: &Region) -> aws_sdk_cloudtrail::Client {
        self.trails
            .borrow_mut()
            .entry(region.clone())
            .or_insert_with(|| aws_sdk_cloudtrail::Client::new(&self.in_region(region)))
            .clone()
    }

    /// Cost Explorer's client, made once: it has one region in each partition.
    pub(super) fn explorer(&self) -> &aws_sdk_costexplorer::Client {
        self.explorer.get_or_init(|| aws_sdk_costexplorer::Client::new(&self.in_region(&home_region(self.partition))))
    }
}
