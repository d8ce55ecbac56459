//! Being told to stop: Ctrl-C and SIGTERM, heard by a thread of its own from the moment it is asked for, so that one that
//! comes between two pieces of work is not lost.

use super::{engine::runtime, report::Report};
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
    sync::{oneshot, watch},
};

/// Whether somebody wants the program to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// From now on the two signals do not end the program any more, but are told here.
    pub fn listen() -> Result<Self, Report> {
        let deaf = |why: String| Report::failed(format!("the program cannot be told to stop: {why}"));
        let (said, stop) = watch::channel(false);
        let (ready, listens) = oneshot::channel();
        let runtime = runtime()?;
        let listen = move || {
            runtime.block_on(async {
                let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
                let (mut terminate, mut interrupt) = match signals {
                    (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
                    (Err(error), _) | (_, Err(error)) => return drop(ready.send(Err(error.to_string()))),
                };
                let _ = ready.send(Ok(()));
                select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    () = said.closed() => {}
                }
                let _ = said.send(true);
            });
        };
        std::thread::Builder::new().name("signals".into()).spawn(listen).map_err(|e| deaf(e.to_string()))?;
        match listens.blocking_recv() {
            Ok(Ok(())) => Ok(Self(stop)),
            Ok(Err(why)) => Err(deaf(why)),
            Err(_) => Err(deaf("its listener ended".into())),
        }
    }

    /// Whether it was told.
    pub fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is told.
    pub async fn told(&self) {
        let mut stop = self.0.clone();
        if stop.wait_for(|told| *told).await.is_err() {
            std::future::pending().await
        }
    }
}
