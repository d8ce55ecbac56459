//! Session credentials: in memory only, for as long as one job runs.

use crate::domain::{AccessKeyId, Timestamp};
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

/// A long-lived access key on its way from the vault to the SDK. Like a session's credentials it has no `Debug`, `Clone`
/// or `Serialize`.
pub struct KeyPair {
    id: AccessKeyId,
    secret: SecretString,
}

impl KeyPair {
    /// From its two halves.
    pub fn new(id: AccessKeyId, secret: SecretString) -> Self {
        Self { id, secret }
    }

    /// Its id.
    pub fn id(&self) -> &AccessKeyId {
        &self.id
    }

    /// Its secret half, to be sealed.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Hands it to the SDK.
    pub(super) fn provider(&self) -> SharedCredentialsProvider {
        let secret = self.secret.expose_secret();
        SharedCredentialsProvider::new(Credentials::new(self.id.reveal(), secret, None, None, "bailiwick-access-key"))
    }
}
