//! The gate: a connection is used only if it proves what it claims. A role opens with the client's ExternalId and with no
//! other, and leads into the registered account. AWS tells third parties to test exactly this, and not to use a role that
//! fails it.

use super::{
    Evidence, Opener, Secrets, Verdict,
    diagnosis::{explain, external_id_wrong},
    new_external_id, random_external_id,
    services::Services,
};
use crate::{
    aws::{Assume, AwsError, Identity, Job, KeyPair, POLICY_LIMIT, Pacer, longest_session_policy, session_policy},
    domain::{
        Access, Connection, ConnectionKind, ExternalId, Failure, FailureClass, FailureKind, GateResult, GateState,
        Probe, ProbeOutcome, RoleArn, Timestamp,
    },
};
use std::cell::{Cell, RefCell};

/// A passed gate is tried again after 30 days.
pub const RETEST_AFTER_SECONDS: i64 = 30 * 86_400;

/// A quarantined role is tried again every day: the client may have repaired its trust policy.
pub const QUARANTINE_RETEST_SECONDS: i64 = 86_400;

/// Seconds of a session that only proves something.
const SHORT: i32 = 900;

/// What the gate needs to ask.
pub struct Gate<'a, C> {
    /// STS.
    pub cloud: &'a C,
    /// Gives each request its turn.
    pub pacer: &'a Pacer,
    /// `RoleSessionName`.
    pub session_name: &'a str,
    /// The present, for the outcome's date.
    pub now: Timestamp,
    /// Who we are ourselves, asked once for all gates of a run; see [`caller`](super::caller).
    pub caller: &'a Result<Identity, AwsError>,
}

/// What is tried.
pub struct Subject<'a> {
    /// The way in.
    pub access: &'a Access,
    /// What it can read; `None` to find out.
    pub kind: Option<ConnectionKind>,
    /// The ExternalId that must open it.
    pub external_id: &'a ExternalId,
    /// The client's own ExternalId, where an imported one is tried.
    pub own_external_id: Option<&'a ExternalId>,
    /// The access key, if it is one.
    pub key: Option<&'a KeyPair>,
    /// What else is known.
    pub evidence: Evidence,
    /// How the gate stood before.
    pub before: GateState,
}

impl<'a> Subject<'a> {
    /// A connection that is already kept.
    pub fn of(
        connection: &'a Connection,
        external_id: &'a ExternalId,
        key: Option<&'a KeyPair>,
        evidence: Evidence,
    ) -> Self {
        Self {
            access: &connection.access,
            kind: connection.known_kind(),
            external_id,
            own_external_id: None,
            key,
            evidence,
            before: connection.gate.clone(),
        }
    }
}

/// How the trust came out.
enum Trust {
    /// Tight, or not a role.
    Tight,
    /// The role opens without the right ExternalId.
    Open,
}

/// Collects results and tells them as they come.
pub(super) struct Log<'a> {
    now: Timestamp,
    results: RefCell<Vec<GateResult>>,
    tell: &'a dyn Fn(&GateResult),
}

impl Log<'_> {
    fn add(&self, probe: Probe, outcome: ProbeOutcome) {
        let result = GateResult { probe, at: self.now, outcome };
        (self.tell)(&result);
        self.results.borrow_mut().push(result);
    }

    pub(super) fn passed(&self, probe: Probe, note: impl Into<String>) {
        self.add(probe, ProbeOutcome::Passed { note: note.into() });
    }

    pub(super) fn failed(&self, probe: Probe, failure: &Failure) {
        self.add(probe, ProbeOutcome::Failed { failure: failure.clone() });
    }

    pub(super) fn state(&self, probe: Probe, failure: Failure) {
        self.add(probe, ProbeOutcome::State { failure });
    }

    pub(super) fn skipped(&self, probe: Probe, why: &str) {
        self.add(probe, ProbeOutcome::Skipped { why: why.to_owned() });
    }
}

impl<C: Assume> Gate<'_, C> {
    /// Whether a connection's gate has to be tried (again).
    pub fn is_due(state: &GateState, now: Timestamp) -> bool {
        match state {
            GateState::Passed { at } => now.since(*at) >= RETEST_AFTER_SECONDS,
            GateState::Quarantined { at } => now.since(*at) >= QUARANTINE_RETEST_SECONDS,
            // An override holds until the role passes; whether it does is asked as often as of any other.
            GateState::Overridden { at, .. } => now.since(*at) >= RETEST_AFTER_SECONDS,
            GateState::Untested | GateState::Failed { .. } => true,
        }
    }

    /// Tries a connection and tells each result as it comes.
    ///
    /// The sessions of the trust probes may do nothing at all; each service is asked in a session that may do that one
    /// job. One Cost Explorer request is among them, which costs the client US$0.01.
    pub async fn test(&self, subject: &Subject<'_>, tell: &dyn Fn(&GateResult)) -> Verdict {
        self.run(subject, true, tell).await
    }

    /// Tries the trust alone: what a sync does, which asks the services anyway.
    pub async fn test_trust(&self, subject: &Subject<'_>) -> Verdict {
        self.run(subject, false, &|_| {}).await
    }

    async fn run(&self, subject: &Subject<'_>, services: bool, tell: &dyn Fn(&GateResult)) -> Verdict {
        let log = Log { now: self.now, results: RefCell::default(), tell };
        let opener = Opener::new(self.cloud, self.pacer, self.session_name);
        let (mut kind, mut paid) = (subject.kind, false);
        let state = match self.trust(subject, &opener, &log).await {
            Ok(Trust::Tight) if !services => GateState::Passed { at: self.now },
            Ok(Trust::Tight) => {
                let services = Services { opener: &opener, subject, log: &log, now: self.now, paid: Cell::new(false) };
                let (found, unusable) = services.ask().await;
                paid = services.paid.get();
                kind = Some(found);
                match unusable {
                    Some(failure) => GateState::Failed { at: self.now, failure },
                    None => GateState::Passed { at: self.now },
                }
            }
            Ok(Trust::Open) => match &subject.before {
                GateState::Overridden { reason, .. } => GateState::Overridden { at: self.now, reason: reason.clone() },
                _ => GateState::Quarantined { at: self.now },
            },
            // No answer proves nothing: what was known stays, and the next run tries again.
            Err(failure) if inconclusive(failure.kind) && subject.before.is_conclusive() => subject.before.clone(),
            Err(failure) => GateState::Failed { at: self.now, failure },
        };
        Verdict {
            state,
            kind: kind.unwrap_or(ConnectionKind::Member),
            results: log.results.into_inner(),
            requests: opener.spent.get(),
            paid,
        }
    }

    async fn trust(&self, subject: &Subject<'_>, opener: &Opener<'_, C>, log: &Log<'_>) -> Result<Trust, Failure> {
        let access = subject.access;
        let role = access.role();
        self.caller(access, log)?;
        match role {
            Some(role) => policies_fit(role, log)?,
            None => log.skipped(Probe::SessionPolicy, "only a role's session can be limited by one"),
        }
        let secrets = Secrets { external_id: Some(subject.external_id), key: subject.key };
        let nothing = session_policy(Job::Gate, &[]);
        let opened = match opener.open(access, secrets, &nothing, SHORT).await {
            Ok(session) => opener.identity(access, &session).await,
            Err(error) => Err(error),
        };
        let identity = match opened {
            Ok(identity) => identity,
            Err(error) => {
                let failure = self.why_shut(subject, opener, &error).await;
                log.failed(Probe::Opens, &failure);
                return Err(failure);
            }
        };
        if role.is_none() && identity.is_root() {
            let failure = Failure::new(
                FailureKind::RootCredentials,
                format!(
                    "{access} is the root user of account {}: it can do everything, and nothing can limit it",
                    identity.account
                ),
                "delete that key in the account's security credentials, and connect a role with an ExternalId instead",
            );
            log.failed(Probe::Opens, &failure);
            return Err(failure);
        }
        log.passed(Probe::Opens, format!("as {}", identity.arn.for_log()));
        if let Err(failure) = identity.must_be(access.account()) {
            log.failed(Probe::Account, &failure);
            return Err(failure);
        }
        log.passed(Probe::Account, access.account().to_string());
        match role {
            Some(role) => self.wrong_ids(role, subject, opener, log, &nothing).await,
            None => {
                for probe in [Probe::NoExternalId, Probe::RandomExternalId, Probe::DecoyExternalId] {
                    log.skipped(probe, "only a role can ask for one");
                }
                Ok(Trust::Tight)
            }
        }
    }

    /// Whether our own identity is there and in the role's partition.
    fn caller(&self, access: &Access, log: &Log<'_>) -> Result<(), Failure> {
        if access.role().is_none() {
            log.skipped(Probe::Caller, "the connection has credentials of its own");
            return Ok(());
        }
        let failure = match self.caller {
            Ok(identity) if identity.partition() == access.partition() => {
                log.passed(Probe::Caller, identity.arn.for_log());
                return Ok(());
            }
            Ok(identity) => Failure::new(
                FailureKind::WrongPartition,
                format!(
                    "{access} is in the partition {}, and our own credentials are of {} ({})",
                    access.partition().as_str(),
                    identity.partition().as_str(),
                    identity.arn.for_log()
                ),
                "use credentials of the role's partition: no role reaches from one partition into another",
            ),
            // An answer that did not come says nothing of the credentials: the role itself is asked.
            Err(error)
                if matches!(
                    error.kind.class(),
                    FailureClass::Offline | FailureClass::Throttled | FailureClass::Invalid
                ) =>
            {
                log.skipped(Probe::Caller, "AWS gave no answer");
                return Ok(());
            }
            Err(error) => error.failure(),
        };
        log.failed(Probe::Caller, &failure);
        Err(failure)
    }

    /// Why the right ExternalId does not open the role.
    async fn why_shut(&self, subject: &Subject<'_>, opener: &Opener<'_, C>, error: &AwsError) -> Failure {
        let Some(role) = subject.access.role() else { return error.failure() };
        if let (FailureKind::TrustRefused, Some(own)) = (error.kind, subject.own_external_id) {
            let secrets = Secrets { external_id: Some(own), key: None };
            if opener.open(subject.access, secrets, &session_policy(Job::Gate, &[]), SHORT).await.is_ok() {
                return external_id_wrong(role);
            }
        }
        explain(error, role, self.caller.as_ref().ok(), &subject.evidence)
    }

    /// The role must stay shut without an ExternalId and for wrong ones; all three are tried, to tell how open it is.
    async fn wrong_ids(
        &self,
        role: &RoleArn,
        subject: &Subject<'_>,
        opener: &Opener<'_, C>,
        log: &Log<'_>,
        policy: &str,
    ) -> Result<Trust, Failure> {
        let made = |id: Result<ExternalId, _>| {
            id.map_err(|e: crate::domain::IdError| Failure::new(FailureKind::Bug, e.to_string(), "try again"))
        };
        let (random, decoy) = (made(random_external_id())?, made(new_external_id())?);
        let mut open = false;
        for (probe, wrong) in [
            (Probe::NoExternalId, None),
            (Probe::RandomExternalId, Some(&random)),
            (Probe::DecoyExternalId, Some(&decoy)),
        ] {
            let secrets = Secrets { external_id: wrong, key: None };
            match opener.open(subject.access, secrets, policy, SHORT).await {
                Ok(_) => {
                    open = true;
                    log.failed(probe, &let_in(role, probe));
                }
                Err(error) if error.kind.class() == FailureClass::Denied => log.passed(probe, "AWS refuses it"),
                Err(error) => {
                    let failure = error.failure();
                    let what = format!("the test with a wrong ExternalId could not be finished: {}", failure.what);
                    let failure = Failure { what, ..failure };
                    log.failed(probe, &failure);
                    // One that let us in is proof enough.
                    return if open { Ok(Trust::Open) } else { Err(failure) };
                }
            }
        }
        Ok(if open { Trust::Open } else { Trust::Tight })
    }
}

/// That a role opens with a wrong ExternalId.
fn let_in(role: &RoleArn, probe: Probe) -> Failure {
    let with = match probe {
        Probe::NoExternalId => "without an ExternalId",
        Probe::RandomExternalId => "with a random ExternalId",
        _ => "with a made-up ExternalId of the same form",
    };
    Failure::new(
        FailureKind::Quarantined,
        format!("{role} opens {with}"),
        "have the client put the condition StringEquals sts:ExternalId into the role's trust policy, as the template has it",
    )
}

/// Every job's policy must be one that STS takes.
fn policies_fit(role: &RoleArn, log: &Log<'_>) -> Result<(), Failure> {
    let longest = longest_session_policy(role.partition());
    if longest < POLICY_LIMIT {
        log.passed(Probe::SessionPolicy, format!("{longest} of at most {POLICY_LIMIT} characters"));
        return Ok(());
    }
    let what = format!("a session policy takes {longest} characters, and STS allows {POLICY_LIMIT}");
    let failure = Failure::new(FailureKind::Bug, what, "please report this");
    log.failed(Probe::SessionPolicy, &failure);
    Err(failure)
}

/// Failures that say nothing about the role's trust.
fn inconclusive(kind: FailureKind) -> bool {
    matches!(kind.class(), FailureClass::Offline | FailureClass::Throttled | FailureClass::Expired)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::SdkCloud;

    #[test]
    fn a_passed_gate_is_tried_again_after_a_month_and_a_failed_one_at_once() {
        let at = Timestamp::from_second(1_000_000);
        let later = at.plus(RETEST_AFTER_SECONDS);
        let failed = GateState::Failed { at, failure: Failure::new(FailureKind::Denied, "", "") };
        assert!(!Gate::<SdkCloud>::is_due(&GateState::Passed { at }, later.plus(-1)));
        assert!(Gate::<SdkCloud>::is_due(&GateState::Passed { at }, later));
        let overridden = GateState::Overridden { at, reason: "known".into() };
        assert!(!Gate::<SdkCloud>::is_due(&overridden, later.plus(-1)));
        assert!(Gate::<SdkCloud>::is_due(&overridden, later));
        let day = at.plus(QUARANTINE_RETEST_SECONDS);
        assert!(!Gate::<SdkCloud>::is_due(&GateState::Quarantined { at }, day.plus(-1)));
        assert!(Gate::<SdkCloud>::is_due(&GateState::Quarantined { at }, day));
        assert!(Gate::<SdkCloud>::is_due(&GateState::Untested, at));
        assert!(Gate::<SdkCloud>::is_due(&failed, at));
    }
}
