//! A session for one job: opened late, checked, renewed before it expires, dropped with the job.

use super::{
    costs::store_failure,
    engine::{ClientRun, Context},
};
use crate::{
    aws::{Api, Assume, AwsError, Job, Pacer, Session, session_policy},
    connect::{Opener, Secrets},
    domain::{Connection, Failure, FailureKind, JobId, Region, RequestCounts},
};
use std::{cell::RefCell, rc::Rc};

/// Why a request was not answered.
pub(super) enum CallError {
    /// There is no session to ask with.
    Session(Failure),
    /// The request itself failed.
    Request(AwsError),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Session(failure) => failure,
            CallError::Request(error) => error.failure(),
        }
    }
}

/// A session is renewed when it has less than this left, in seconds: longer than all attempts of one request take.
const MARGIN: i64 = 400;

/// How often one request may be tried again in a new session because its own is over.
const RENEWALS: u32 = 3;

/// Opens and renews the session of one job.
pub(super) struct Lease<'a, C: Assume> {
    context: &'a Context<C>,
    connection: &'a Connection,
    run: &'a ClientRun,
    job: Job,
    policy: String,
    current: RefCell<Option<Rc<C::Session>>>,
    renewing: tokio::sync::Mutex<()>,
    spent: RefCell<RequestCounts>,
}

impl<'a, C: Assume> Lease<'a, C> {
    pub(super) fn new(
        context: &'a Context<C>,
        run: &'a ClientRun,
        connection: &'a Connection,
        job: Job,
        regions: &[Region],
    ) -> Self {
        Self {
            context,
            connection,
            run,
            job,
            policy: session_policy(job, regions),
            current: RefCell::default(),
            renewing: tokio::sync::Mutex::new(()),
            spent: RefCell::default(),
        }
    }

    /// One request in this job's session: paced, repeated where that helps, and counted on the board.
    pub(super) async fn call<T>(
        &self,
        job: JobId,
        api: Api,
        region: Option<&Region>,
        request: impl AsyncFn(&C::Session) -> Result<T, AwsError>,
    ) -> Result<T, CallError> {
        let pacer = self.context.pacer_of(job);
        let mut renewals = 0;
        loop {
            let session = self.session(&pacer).await;
            let sts = self.spent.take();
            self.context.board.update(job, |j| j.requests += sts);
            let session = session.map_err(CallError::Session)?;
            let account = self.connection.account();
            let (answer, attempts) = pacer.call(api, account, region, || request(&session)).await;
            self.run.ledger.borrow_mut().note(account, api, region, attempts.sent.into(), self.context.now());
            self.context.board.update(job, |j| {
                j.requests += attempts.counts(api);
                j.retries += attempts.retries;
                let error =
                    answer.as_ref().err().filter(|e| e.kind != FailureKind::Cancelled).or(attempts.repeated.as_ref());
                j.last_error = error.map(|e| e.failure().what).or(j.last_error.take());
            });
            match answer {
                // Over before its time: revoked, or the clocks differ. A new one goes on where this one stopped. Only
                // those count that this request was the first to find over.
                Err(error) if error.kind == FailureKind::Expired && renewals < RENEWALS => {
                    renewals += u32::from(self.drop_session(&session));
                }
                answer => return answer.map_err(CallError::Request),
            }
        }
    }

    /// Lets go of a session that no longer works; says whether it was the first to do so.
    fn drop_session(&self, over: &Rc<C::Session>) -> bool {
        let found = self.current.borrow_mut().take_if(|session| Rc::ptr_eq(session, over));
        found.is_some()
    }

    /// Opens the session now, so that a role that cannot be assumed fails once and not at every request.
    pub(super) async fn open_now(&self, job: JobId) -> Result<(), Failure> {
        let session = self.session(&self.context.pacer_of(job)).await;
        let sts = self.spent.take();
        self.context.board.update(job, |j| j.requests += sts);
        session.map(|_| ())
    }

    /// A session that lives long enough for one more request.
    async fn session(&self, pacer: &Pacer) -> Result<Rc<C::Session>, Failure> {
        if let Some(session) = self.live() {
            return Ok(session);
        }
        let _one_at_a_time = self.renewing.lock().await;
        if let Some(session) = self.live() {
            return Ok(session);
        }
        let session = Rc::new(self.open(pacer).await?);
        *self.current.borrow_mut() = Some(session.clone());
        Ok(session)
    }

    fn live(&self) -> Option<Rc<C::Session>> {
        let current = self.current.borrow();
        current.as_ref().filter(|s| s.expires().since(self.context.now()) > MARGIN).cloned()
    }

    async fn open(&self, pacer: &Pacer) -> Result<C::Session, Failure> {
        let (context, connection) = (self.context, self.connection);
        let opener = Opener::new(&context.cloud, pacer, &context.session_name);
        let key = self.run.store.key_pair(connection).map_err(store_failure)?;
        let secrets = Secrets { external_id: Some(&self.run.profile.external_id), key: key.as_ref() };
        // A backfill may take its hour; everything else is over in minutes.
        let duration = if self.job == Job::Events { 3_600 } else { 900 };
        let once = async || {
            let session = opener.open(&connection.access, secrets, &self.policy, duration).await?;
            let identity = opener.identity(&connection.access, &session).await?;
            Ok::<_, AwsError>((session, identity))
        };
        let opened = match once().await {
            Err(error) if error.kind == FailureKind::Expired => once().await,
            opened => opened,
        };
        let sts = opener.spent.get();
        self.run.ledger.borrow_mut().note(connection.account(), Api::AssumeRole, None, sts.sts, context.now());
        *self.spent.borrow_mut() += sts;
        let (session, identity) = opened.map_err(|e| e.failure())?;
        identity.must_be(connection.account())?;
        Ok(session)
    }
}
