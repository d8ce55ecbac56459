//! A session for one job: opened late, checked, renewed before it expires, dropped with the job.

use super::engine::Context;
use crate::{
    aws::{Api, Assume, AssumeRequest, Job, Session, home_region, session_policy},
    domain::{Connection, ExternalId, Failure, Region, RequestCounts},
};
use std::{cell::RefCell, rc::Rc};

/// A session is renewed when it has less than this left, in seconds.
const MARGIN: i64 = 120;

/// Opens and renews the session of one job.
pub(super) struct Lease<'a, C: Assume> {
    context: &'a Context<C>,
    connection: &'a Connection,
    external_id: &'a ExternalId,
    job: Job,
    policy: String,
    current: RefCell<Option<Rc<C::Session>>>,
    renewing: tokio::sync::Mutex<()>,
    spent: RefCell<RequestCounts>,
}

impl<'a, C: Assume> Lease<'a, C> {
    pub(super) fn new(
        context: &'a Context<C>,
        connection: &'a Connection,
        external_id: &'a ExternalId,
        job: Job,
        regions: &[Region],
    ) -> Self {
        Self {
            context,
            connection,
            external_id,
            job,
            policy: session_policy(job, regions),
            current: RefCell::default(),
            renewing: tokio::sync::Mutex::new(()),
            spent: RefCell::default(),
        }
    }

    /// STS requests spent so far; taken, so that they are counted once.
    pub(super) fn take_spent(&self) -> RequestCounts {
        self.spent.take()
    }

    /// A session that lives long enough for one more request.
    pub(super) async fn session(&self) -> Result<Rc<C::Session>, Failure> {
        if let Some(session) = self.live() {
            return Ok(session);
        }
        let _one_at_a_time = self.renewing.lock().await;
        if let Some(session) = self.live() {
            return Ok(session);
        }
        let session = Rc::new(self.open().await?);
        *self.current.borrow_mut() = Some(session.clone());
        Ok(session)
    }

    fn live(&self) -> Option<Rc<C::Session>> {
        let current = self.current.borrow();
        current.as_ref().filter(|s| s.expires().since(self.context.now()) > MARGIN).cloned()
    }

    async fn open(&self) -> Result<C::Session, Failure> {
        let (cloud, pacer) = (&self.context.cloud, &self.context.pacer);
        let account = self.connection.account();
        let region = home_region(self.connection.role.partition());
        let request = AssumeRequest {
            role: &self.connection.role,
            external_id: Some(self.external_id),
            session_name: &self.context.session_name,
            policy: &self.policy,
            // A backfill may take its hour; everything else is over in minutes.
            duration: if self.job == Job::Events { 3_600 } else { 900 },
            region: &region,
        };
        let (session, attempts) = pacer.call(Api::AssumeRole, account, None, || cloud.assume(&request)).await;
        *self.spent.borrow_mut() += attempts.counts(Api::AssumeRole);
        let session = session.map_err(|e| e.failure())?;
        let (identity, attempts) =
            pacer.call(Api::GetCallerIdentity, account, None, || cloud.identity(&session, &region)).await;
        *self.spent.borrow_mut() += attempts.counts(Api::GetCallerIdentity);
        identity.map_err(|e| e.failure())?.must_be(account)?;
        Ok(session)
    }
}
