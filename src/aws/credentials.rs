//! Session credentials: in memory only, for as long as one job runs.

use crate::domain::Timestamp;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use secrecy::{ExposeSecret, SecretString};
use std::time::{Duration, UNIX_EPOCH};

/// What `AssumeRole` returned. There is no `Debug`, `Clone` or `Serialize`: it cannot be logged, kept or stored, and the
/// parts held here are wiped when it is dropped. (The SDK keeps its own copy while a client made from it lives.)
pub struct SessionCredentials {
    access_key: String,
    secret: SecretString,
    token: SecretString,
    expires: Timestamp,
}

impl SessionCredentials {
    /// From the parts of an STS answer.
    pub fn new(access_key: String, secret: SecretString, token: SecretString, expires: Timestamp) -> Self {
        Self { access_key, secret, token, expires }
    }

    /// When they stop working.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Hands them to the SDK.
    pub(super) fn provider(&self) -> SharedCredentialsProvider {
        let expiry = UNIX_EPOCH + Duration::from_secs(u64::try_from(self.expires.second()).unwrap_or(0));
        SharedCredentialsProvider::new(Credentials::new(
            self.access_key.clone(),
            self.secret.expose_secret(),
            Some(self.token.expose_secret().to_owned()),
            Some(expiry),
            "bailiwick-session",
        ))
    }
}
