//! The gate: a role is used only if it can be assumed with the right ExternalId and not otherwise.
//!
//! AWS tells third parties to test exactly this, and not to keep a role that fails it.

use super::new_external_id;
use crate::{
    aws::{Api, Assume, AssumeRequest, AwsError, Job, Pacer, home_region, session_policy},
    domain::{Connection, ExternalId, Failure, FailureKind, GateState, Region, RequestCounts, Timestamp},
};

/// A passed gate is tried again after 30 days.
pub const RETEST_AFTER_SECONDS: i64 = 30 * 86_400;

/// What the gate needs to ask.
#[derive(Debug)]
pub struct Gate<'a, C> {
    /// STS.
    pub cloud: &'a C,
    /// Counts the requests.
    pub pacer: &'a Pacer,
    /// `RoleSessionName`.
    pub session_name: &'a str,
    /// The present, for the outcome's date.
    pub now: Timestamp,
}

impl<C: Assume> Gate<'_, C> {
    /// Whether a connection's gate has to be tried (again).
    pub fn is_due(state: &GateState, now: Timestamp) -> bool {
        match state {
            GateState::Passed { at } | GateState::Quarantined { at } => now.since(*at) >= RETEST_AFTER_SECONDS,
            GateState::Untested | GateState::Failed { .. } => true,
        }
    }

    /// Tries a connection: the right ExternalId must work and lead into the registered account; none and a random
    /// one must be refused. The sessions it opens may do nothing at all. Says how many requests it took.
    pub async fn test(&self, connection: &Connection, external_id: &ExternalId) -> (GateState, RequestCounts) {
        let mut spent = RequestCounts::default();
        let state = match self.try_all(connection, external_id, &mut spent).await {
            Ok(true) => GateState::Passed { at: self.now },
            Ok(false) => GateState::Quarantined { at: self.now },
            // No answer proves nothing: what was known stays, and the next run tries again.
            Err(failure) if inconclusive(failure.kind) && connection.gate.is_conclusive() => connection.gate.clone(),
            Err(failure) => GateState::Failed { at: self.now, failure },
        };
        (state, spent)
    }

    /// `Ok(false)`: the role opens without the right ExternalId.
    async fn try_all(
        &self,
        connection: &Connection,
        right: &ExternalId,
        spent: &mut RequestCounts,
    ) -> Result<bool, Failure> {
        let region = home_region(connection.role.partition());
        let session = self.assume(connection, Some(right), &region, spent).await.map_err(|e| e.failure())?;
        let (identity, attempts) = self
            .pacer
            .call(Api::GetCallerIdentity, connection.account(), None, || self.cloud.identity(&session, &region))
            .await;
        *spent += attempts.counts(Api::GetCallerIdentity);
        identity.map_err(|e| e.failure())?.must_be(connection.account())?;
        let random = new_external_id().map_err(|e| Failure {
            kind: FailureKind::Bug,
            what: e.to_string(),
            next_step: "try again".into(),
        })?;
        for wrong in [None, Some(&random)] {
            match self.assume(connection, wrong, &region, spent).await {
                Ok(_) => return Ok(false),
                Err(e) if e.kind == FailureKind::Denied => {}
                Err(e) => {
                    let failure = e.failure();
                    let what = format!("the test with a wrong ExternalId could not be finished: {}", failure.what);
                    return Err(Failure { what, ..failure });
                }
            }
        }
        Ok(true)
    }

    async fn assume(
        &self,
        connection: &Connection,
        external_id: Option<&ExternalId>,
        region: &Region,
        spent: &mut RequestCounts,
    ) -> Result<C::Session, AwsError> {
        let policy = session_policy(Job::Gate, &[]);
        let request = AssumeRequest {
            role: &connection.role,
            external_id,
            session_name: self.session_name,
            policy: &policy,
            duration: 900,
            region,
        };
        let (outcome, attempts) =
            self.pacer.call(Api::AssumeRole, connection.account(), None, || self.cloud.assume(&request)).await;
        *spent += attempts.counts(Api::AssumeRole);
        outcome
    }
}

/// Failures that say nothing about the role's trust.
fn inconclusive(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Offline | FailureKind::Throttled | FailureKind::Expired)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::SdkCloud;

    #[test]
    fn a_passed_gate_is_tried_again_after_a_month_and_a_failed_one_at_once() {
        let at = Timestamp::from_second(1_000_000);
        let later = at.plus(RETEST_AFTER_SECONDS);
        let failure = Failure { kind: FailureKind::Denied, what: String::new(), next_step: String::new() };
        let failed = GateState::Failed { at, failure };
        assert!(!Gate::<SdkCloud>::is_due(&GateState::Passed { at }, later.plus(-1)));
        assert!(Gate::<SdkCloud>::is_due(&GateState::Passed { at }, later));
        assert!(Gate::<SdkCloud>::is_due(&GateState::Untested, at));
        assert!(Gate::<SdkCloud>::is_due(&failed, at));
    }
}
