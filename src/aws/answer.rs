//! Reading large answers straight into our own shapes.
//!
//! Pages of events and of costs are most of what a sync receives, and the SDK makes many small values of each, of which
//! few are wanted. Where the answer is a success, what it says is read here instead, and the SDK is given an empty output
//! in its place. What is no success stays with the SDK: its errors are told apart by what it makes of them.

use super::{Api, AwsError};
use crate::domain::FailureKind;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeDeserializationInterceptorContextMut, Error, Output},
        },
        orchestrator::{HttpResponse, OrchestratorError},
        runtime_components::RuntimeComponents,
        ser_de::{DeserializeResponse, SharedResponseDeserializer},
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// The reader of one answer, as an interceptor of its request; a clone of it has what was read.
pub(super) struct Answer<T> {
    read: fn(&str) -> serde_json::Result<T>,
    /// What the SDK takes for its own output.
    empty: fn() -> Output,
    found: Arc<Mutex<Option<T>>>,
}

/// A string of an answer, copied only where it has escapes.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<T> Answer<T> {
    /// Reads a body by `read`, which fails on what is not the service's protocol.
    pub fn new(read: fn(&str) -> serde_json::Result<T>, empty: fn() -> Output) -> Self {
        Self { read, empty, found: Arc::default() }
    }

    /// What was read, once the SDK has said that the request succeeded.
    pub fn take(&self, api: Api) -> Result<T, AwsError> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).take();
        found.ok_or_else(|| AwsError::ours(api, FailureKind::Bug, "the answer was not read"))
    }
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self { found: self.found.clone(), ..*self }
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

impl<T: Send + 'static> Intercept for Answer<T> {
    fn name(&self) -> &'static str {
        "Answer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().status().is_success() {
            config.interceptor_state().store_put(SharedResponseDeserializer::new(self.clone()));
        }
        Ok(())
    }
}

impl<T: Send + 'static> DeserializeResponse for Answer<T> {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        // To the SDK, too, a body without anything is an object without anything.
        let body = response.body().bytes().filter(|body| !body.is_empty()).unwrap_or(b"{}");
        let text = std::str::from_utf8(body).map_err(OrchestratorError::other)?;
        let found = (self.read)(text).map_err(OrchestratorError::other)?;
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        Ok((self.empty)())
    }
}
