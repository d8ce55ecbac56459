//! Who calls: the SigV4 `Authorization` header and the session token.
//!
//! The form of the header and its credential scope are checked; the signature itself is not (any secret goes with the
//! known access key), and neither is the skew of `x-amz-date`: the simulated present may be pinned. The troubles of
//! credentials and clocks are applied here, in `Cloud::troubled`.

use super::{answer::Format, caller::Caller, cloud::Cloud, fault::Fault, trouble::Trouble};
use crate::domain::Timestamp;
use hyper::HeaderMap;
use std::sync::Arc;

/// Seconds by which a caller's clock is behind under [`Trouble::ClockSkew`].
pub(super) const BEHIND: i64 = 3_600;
/// Seconds by which AWS allows it to be.
const ALLOWED: i64 = 900;

/// An authenticated request.
#[derive(Debug)]
pub(super) struct Signed {
    /// Who signed it.
    pub caller: Caller,
    /// The region of the credential scope.
    pub region: String,
}

/// Why a request is not authenticated; the JSON services and STS name each differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthError {
    /// No `Authorization` header.
    Missing,
    /// Not a SigV4 header with credential, signed headers and signature; what is missing.
    Incomplete(&'static str),
    /// An access key, or a session token, that is not known.
    UnknownKey,
    /// The session is over.
    Expired,
    /// Signed too long ago.
    Skewed {
        /// When the caller thinks it signed.
        signed: Timestamp,
        /// When it is.
        now: Timestamp,
    },
    /// Signed for another service; the right one.
    Service(&'static str),
    /// Signed for a region in which the service has no endpoint; the right one.
    Region(&'static str),
}

impl AuthError {
    /// As the protocol writes it.
    pub fn fault(self, format: Format) -> Fault {
        let (json, xml, status, message) = match self {
            Self::Missing => (
                "MissingAuthenticationTokenException",
                "MissingAuthenticationToken",
                403,
                "Request is missing Authentication Token".to_owned(),
            ),
            Self::Incomplete(part) => (
                "IncompleteSignatureException",
                "IncompleteSignature",
                400,
                format!("Authorization header requires '{part}' parameter."),
            ),
            Self::UnknownKey => (
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                403,
                "The security token included in the request is invalid.".to_owned(),
            ),
            Self::Expired => (
                "ExpiredTokenException",
                "ExpiredToken",
                403,
                "The security token included in the request is expired".to_owned(),
            ),
            Self::Skewed { signed, now } => (
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                403,
                format!(
                    "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                    compact(signed),
                    compact(now.plus(-ALLOWED)),
                    compact(now)
                ),
            ),
            Self::Service(service) => (
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                403,
                format!("Credential should be scoped to correct service: '{service}'. "),
            ),
            Self::Region(region) => (
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                403,
                format!("Credential should be scoped to a valid region, not another than '{region}'. "),
            ),
        };
        match format {
            Format::Json => Fault::json(json, message),
            Format::Xml | Format::Html => Fault::new(status, xml, message),
        }
    }
}

/// `20261122T021455Z`, as signatures write a time.
fn compact(time: Timestamp) -> String {
    time.to_string().replace(['-', ':'], "")
}

/// The parts of a credential scope that matter.
#[derive(Debug, PartialEq, Eq)]
struct Scope<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
}

/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…`
fn scope(authorization: &str) -> Result<Scope<'_>, AuthError> {
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256").ok_or(AuthError::Incomplete("Credential"))?;
    let field = |name: &'static str| {
        let values = fields.split(',').filter_map(|field| field.trim().split_once('='));
        let value = values.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        value.filter(|value| !value.is_empty()).ok_or(AuthError::Incomplete(name))
    };
    let credential = field("Credential")?;
    field("SignedHeaders")?;
    let signature = field("Signature")?;
    if signature.len() != 64 || !signature.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(AuthError::Incomplete("Signature"));
    }
    let parts: Vec<&str> = credential.split('/').collect();
    match parts.as_slice() {
        &[access_key, date, region, service, "aws4_request"]
            if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Ok(Scope { access_key, region, service })
        }
        _ => Err(AuthError::Incomplete("Credential")),
    }
}

impl Cloud {
    /// Identifies the caller of a request that must be signed for `service`.
    pub fn authenticate(&self, headers: &HeaderMap, service: &'static str) -> Result<Signed, AuthError> {
        let header = headers.get("authorization").ok_or(AuthError::Missing)?;
        let scope = scope(header.to_str().map_err(|_| AuthError::Incomplete("Credential"))?)?;
        if scope.service != service {
            return Err(AuthError::Service(service));
        }
        let caller = self.holder(scope.access_key).ok_or(AuthError::UnknownKey)?;
        if !caller.accepts(headers.get("x-amz-security-token").map(|token| token.as_bytes())) {
            return Err(AuthError::UnknownKey);
        }
        if let Caller::Session(session) = &caller
            && (session.expires <= self.clock.now() || self.faults.has_ended(scope.access_key))
        {
            return Err(AuthError::Expired);
        }
        self.troubled(&caller, headers)?;
        Ok(Signed { caller, region: scope.region.to_owned() })
    }

    /// Whose an access key is.
    fn holder(&self, access_key: &str) -> Option<Caller> {
        if let Some(key) = self.keys.get(access_key) {
            Some(Caller::Key(Arc::clone(key)))
        } else if access_key == self.world.agency.access_key {
            Some(Caller::User)
        } else {
            self.sessions.find(access_key).map(Caller::Session)
        }
    }

    /// The holder of the key that a request names, without a look at anything else; for the network, which knows no better.
    pub fn sender(&self, headers: &HeaderMap) -> Option<Caller> {
        let header = headers.get("authorization")?.to_str().ok()?;
        self.holder(scope(header).ok()?.access_key)
    }

    /// The region that a request is signed for, whoever signed it.
    pub fn signed_region(&self, headers: &HeaderMap) -> Option<String> {
        let header = headers.get("authorization")?.to_str().ok()?;
        Some(scope(header).ok()?.region.to_owned())
    }

    /// When a request says that it was signed.
    pub fn signed_at(&self, headers: &HeaderMap) -> Timestamp {
        let date = headers.get("x-amz-date").and_then(|date| date.to_str().ok()?.parse().ok());
        date.unwrap_or_else(|| self.clock.now())
    }

    /// The troubles of credentials and clocks.
    fn troubled(&self, caller: &Caller, headers: &HeaderMap) -> Result<(), AuthError> {
        let account = self.account_of(caller);
        let on = |trouble| self.troubles.on(&trouble, account);
        if !matches!(caller, Caller::Session(_)) {
            if on(Trouble::CredentialsRefused) {
                return Err(AuthError::UnknownKey);
            }
            if on(Trouble::CredentialsExpired) {
                return Err(AuthError::Expired);
            }
        }
        if on(Trouble::ClockSkew) {
            let signed = self.signed_at(headers);
            return Err(AuthError::Skewed { signed, now: signed.plus(BEHIND) });
        }
        Ok(())
    }

    /// Identifies the caller of a JSON service, and refuses any region but `only` where the service has one endpoint.
    pub fn authenticate_json(
        &self,
        headers: &HeaderMap,
        service: &'static str,
        only: Option<&'static str>,
    ) -> Result<Signed, Fault> {
        let signed = self.authenticate(headers, service).map_err(|error| error.fault(Format::Json))?;
        if self.is_foreign(&signed.caller) {
            return Err(AuthError::UnknownKey.fault(Format::Json));
        }
        match only {
            Some(region) if signed.region != region => Err(AuthError::Region(region).fault(Format::Json)),
            _ => Ok(signed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const SIGNATURE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_header_gives_key_region_and_service() {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential=AKIA1/20261122/eu-west-1/ce/aws4_request,SignedHeaders=host, Signature={SIGNATURE}"
        );
        assert_eq!(scope(&header), Ok(Scope { access_key: "AKIA1", region: "eu-west-1", service: "ce" }));
    }

    #[rstest]
    #[case("Basic dXNlcjpwdw==", "Credential")]
    #[case("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00", "Credential")]
    #[case("AWS4-HMAC-SHA256 Credential=a/20261122/r/s/aws4_request, Signature=00", "SignedHeaders")]
    #[case("AWS4-HMAC-SHA256 Credential=a/20261122/r/s/aws4_request, SignedHeaders=host", "Signature")]
    #[case("AWS4-HMAC-SHA256 Credential=a/20261122/r/s/aws4_request, SignedHeaders=host, Signature=xyz", "Signature")]
    fn an_incomplete_header_says_what_is_missing(#[case] header: &str, #[case] part: &'static str) {
        assert_eq!(scope(header), Err(AuthError::Incomplete(part)));
    }

    #[rstest]
    #[case("a/2026/r/s/aws4_request")]
    #[case("a/20261122/r/s/aws4")]
    #[case("a/20261122/r/s/x/aws4_request")]
    #[case("a")]
    fn a_malformed_credential_is_incomplete(#[case] credential: &str) {
        let header = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={SIGNATURE}");
        assert_eq!(scope(&header), Err(AuthError::Incomplete("Credential")));
    }

    proptest! {
        #[test]
        fn no_header_is_a_panic(text in any::<String>()) {
            let _ = scope(&text);
            let _ = scope(&format!("AWS4-HMAC-SHA256 {text}"));
        }
    }
}
