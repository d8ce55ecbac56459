//! What others may do to a run that goes on: hold it or one of its jobs, cancel a job, try one again.

use crate::{
    aws::{Flow, Valve},
    domain::{JobId, JobKey, SyncOrder},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

/// A handle on one run, for any thread; its copies are handles on the same run. Every request of the run passes a
/// [`Valve`] that is turned here.
#[derive(Debug, Clone, Default)]
pub struct Control(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    run: watch::Sender<Flow>,
    orders: Mutex<Orders>,
    /// Wakes the run up when there is something to be told or done.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Orders {
    jobs: HashMap<JobId, watch::Sender<Flow>>,
    /// Jobs whose valve was turned since the run last looked.
    turned: HashSet<JobId>,
    retries: Vec<JobKey>,
    ended: bool,
}

impl Control {
    /// Does what is wanted; whether the run can still do it.
    pub fn obey(&self, order: SyncOrder) -> bool {
        let mut orders = self.orders();
        if orders.ended {
            return false;
        }
        match order {
            SyncOrder::Pause => drop(self.0.run.send_replace(Flow::Held)),
            SyncOrder::Resume => drop(self.0.run.send_replace(Flow::Open)),
            SyncOrder::PauseJob(job) => orders.turn(job, Flow::Held),
            SyncOrder::ResumeJob(job) => orders.turn(job, Flow::Open),
            SyncOrder::CancelJob(job) => orders.turn(job, Flow::Stopped),
            SyncOrder::Retry(key) => orders.retries.push(key),
        }
        self.0.changed.notify_one();
        true
    }

    /// Whether the whole run is held.
    pub fn is_paused(&self) -> bool {
        *self.0.run.borrow() == Flow::Held
    }

    /// Whether nothing can be wanted of the run any more.
    pub fn is_over(&self) -> bool {
        self.orders().ended
    }

    /// What requests of no job pass.
    pub(super) fn run_valve(&self) -> Valve {
        Valve::of([self.0.run.subscribe()])
    }

    /// What the requests of a job pass.
    pub(super) fn valve(&self, job: JobId) -> Valve {
        Valve::of([self.0.run.subscribe(), self.orders().of(job).subscribe()])
    }

    /// How a job's own valve stands.
    pub(super) fn flow(&self, job: JobId) -> Flow {
        *self.orders().of(job).borrow()
    }

    /// Whether somebody cancelled a job.
    pub(super) fn is_cancelled(&self, job: JobId) -> bool {
        self.flow(job) == Flow::Stopped
    }

    /// Opens the valve of a job that is tried again.
    pub(super) fn reopen(&self, job: JobId) {
        self.orders().of(job).send_replace(Flow::Open);
    }

    /// Waits until something was wanted.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// The jobs whose valves were turned, and those to be tried again.
    pub(super) fn take(&self) -> (HashSet<JobId>, Vec<JobKey>) {
        let mut orders = self.orders();
        (std::mem::take(&mut orders.turned), std::mem::take(&mut orders.retries))
    }

    /// Ends it, unless something is still to be done.
    pub(super) fn end(&self) -> bool {
        let mut orders = self.orders();
        orders.ended = orders.retries.is_empty();
        orders.ended
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Orders {
    fn of(&mut self, job: JobId) -> &watch::Sender<Flow> {
        self.jobs.entry(job).or_default()
    }

    /// Turns a job's valve. One that is stopped stays so: the job is ending.
    fn turn(&mut self, job: JobId, to: Flow) {
        let turned = self.of(job).send_if_modified(|flow| {
            let turns = *flow != to && *flow != Flow::Stopped;
            if turns {
                *flow = to;
            }
            turns
        });
        if turned {
            self.turned.insert(job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::Stopped, domain::Source};
    use futures::FutureExt;

    const JOB: JobId = JobId(3);

    #[tokio::test]
    async fn a_job_passes_its_own_valve_and_that_of_the_run() {
        let control = Control::default();
        let (valve, other) = (control.valve(JOB), control.valve(JobId(4)));
        let ask = |order| assert!(control.clone().obey(order));
        ask(SyncOrder::PauseJob(JOB));
        assert!(valve.pass().now_or_never().is_none());
        assert_eq!(other.pass().now_or_never(), Some(Ok(())));
        ask(SyncOrder::Pause);
        ask(SyncOrder::ResumeJob(JOB));
        assert!(valve.pass().now_or_never().is_none() && other.pass().now_or_never().is_none());
        assert!(control.is_paused());
        ask(SyncOrder::Resume);
        assert_eq!(valve.pass().now_or_never(), Some(Ok(())));
        ask(SyncOrder::CancelJob(JOB));
        ask(SyncOrder::ResumeJob(JOB));
        assert_eq!(valve.pass().now_or_never(), Some(Err(Stopped)), "a cancelled job is not resumed");
        assert!(control.changed().now_or_never().is_some());
        assert_eq!(control.take().0, [JOB].into());
        control.reopen(JOB);
        assert_eq!(valve.pass().now_or_never(), Some(Ok(())));
    }

    #[test]
    fn a_run_does_not_end_before_what_is_to_be_tried_again_was_and_then_takes_no_more() {
        let key =
            JobKey { client: "acme".parse().unwrap(), account: "123456789012".parse().unwrap(), source: Source::Costs };
        let control = Control::default();
        assert!(control.obey(SyncOrder::Retry(key.clone())));
        assert!(!control.end());
        assert_eq!(control.take().1, std::slice::from_ref(&key));
        assert!(control.end());
        assert!(!control.obey(SyncOrder::Retry(key)) && !control.obey(SyncOrder::Pause));
    }
}
