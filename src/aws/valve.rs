//! What stands between a request and its sending: a valve that lets it through, holds it, or stops it for good.

use futures::future::select_all;
use tokio::sync::watch;

/// How a valve stands; the later of two is the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Flow {
    /// Requests go through.
    #[default]
    Open,
    /// They wait.
    Held,
    /// None goes through any more.
    Stopped,
}

/// The valve was stopped: the request was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// A valve of several parts in a row, such as that of a run and that of a job: the strictest decides. Without parts it is
/// always open. The other ends may be in other threads; waiting takes no timer.
#[derive(Debug, Clone, Default)]
pub struct Valve(Vec<watch::Receiver<Flow>>);

impl Valve {
    /// A valve of these parts.
    pub fn of(parts: impl IntoIterator<Item = watch::Receiver<Flow>>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// How it stands now.
    pub fn flow(&self) -> Flow {
        self.0.iter().map(|part| *part.borrow()).max().unwrap_or_default()
    }

    /// Waits until a request may go.
    ///
    /// # Errors
    /// When none may go any more.
    pub async fn pass(&self) -> Result<(), Stopped> {
        match self.until(|flow| flow != Flow::Held).await {
            Flow::Stopped => Err(Stopped),
            _ => Ok(()),
        }
    }

    /// Waits until the valve is stopped.
    pub async fn stopped(&self) {
        self.until(|flow| flow == Flow::Stopped).await;
    }

    async fn until(&self, wanted: impl Fn(Flow) -> bool) -> Flow {
        if wanted(self.flow()) {
            return self.flow();
        }
        let mut parts = self.0.clone();
        loop {
            let flow = parts.iter_mut().map(|part| *part.borrow_and_update()).max().unwrap_or_default();
            if wanted(flow) {
                return flow;
            }
            if parts.is_empty() {
                return std::future::pending().await;
            }
            let (changed, part, _) = select_all(parts.iter_mut().map(|part| Box::pin(part.changed()))).await;
            // Nobody can turn a part any more whose other end is gone: it stays as it stands.
            if changed.is_err() {
                let gone = parts.swap_remove(part);
                if *gone.borrow() > Flow::Open {
                    return std::future::pending().await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, poll};

    #[tokio::test]
    async fn the_strictest_part_decides_and_a_held_request_goes_on_when_all_are_open() {
        let (run, job) = (watch::Sender::new(Flow::Open), watch::Sender::new(Flow::Open));
        let valve = Valve::of([run.subscribe(), job.subscribe()]);
        assert_eq!(valve.pass().now_or_never(), Some(Ok(())));
        run.send_replace(Flow::Held);
        let mut waiting = Box::pin(valve.pass());
        assert!(poll!(&mut waiting).is_pending());
        job.send_replace(Flow::Held);
        run.send_replace(Flow::Open);
        assert!(poll!(&mut waiting).is_pending());
        job.send_replace(Flow::Open);
        assert_eq!(waiting.await, Ok(()));
        run.send_replace(Flow::Held);
        let mut waiting = Box::pin(valve.pass());
        assert!(poll!(&mut waiting).is_pending());
        job.send_replace(Flow::Stopped);
        assert_eq!(waiting.await, Err(Stopped));
    }

    #[tokio::test]
    async fn without_parts_or_with_their_other_ends_gone_it_is_open_and_never_stops() {
        for valve in [Valve::default(), Valve::of([watch::channel(Flow::Open).1])] {
            assert_eq!(valve.pass().now_or_never(), Some(Ok(())));
            assert!(valve.stopped().now_or_never().is_none());
        }
    }
}
