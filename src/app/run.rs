//! The sync that the console has under way, on a thread of its own.

use super::{background::Background, engine::Engine, relay::Relay};
use crate::{
    domain::{Failure, FailureKind, SyncEvent, SyncOrder},
    sync::{Control, Wanted},
    tui::{Msg, NoticeLevel},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

/// The one sync that may be under way. Dropping it stops the sync and waits until nothing of it writes any more.
#[derive(Default)]
pub struct Run {
    thread: Background,
    control: Control,
}

impl Run {
    /// Begins a sync of what is wanted, unless one is under way.
    pub fn begin(&mut self, engine: &Engine, wanted: Wanted, to_screen: &UnboundedSender<Msg>) {
        let notice = |level, text: &str| {
            let _ = to_screen.send(Msg::Notice { level, text: text.to_owned() });
        };
        if self.is_running() {
            return notice(NoticeLevel::Hint, "a sync is running: pane 7 shows how far it is");
        }
        let control = Control::default();
        self.control = control.clone();
        let (mut engine, screen) = (engine.clone(), to_screen.clone());
        engine.options.wanted = wanted;
        let work = move |stopped: oneshot::Receiver<()>| {
            let relay = Rc::new(Relay::new(screen));
            let tell = {
                let relay = relay.clone();
                move |event: SyncEvent| relay.hear(event)
            };
            let handing = relay.clone();
            let stopped = async move {
                tokio::select! {
                    _ = stopped => {}
                    () = handing.keep_handing_on() => {}
                }
            };
            let what = match catch_unwind(AssertUnwindSafe(|| engine.run(control, tell, stopped))) {
                Ok(Ok(_)) => return,
                Ok(Err(report)) => report.to_string(),
                Err(_) => "the sync failed inside bailiwick; please report this".to_owned(),
            };
            let next_step = "what was stored is kept; try again with R".into();
            let failure = Failure { kind: FailureKind::Bug, what, next_step };
            relay.hear(SyncEvent::Aborted { failure });
        };
        // One that has told its end is at the end of its thread too, and is waited for here.
        if self.thread.begin("sync", work).is_err() {
            notice(NoticeLevel::Error, "the sync could not start: the system gives no more threads");
        }
    }
}

impl Run {
    /// Whether a sync is under way.
    pub fn is_running(&self) -> bool {
        self.thread.is_running() && !self.control.is_over()
    }

    /// Does what is wanted of the sync that is under way; whether there is one that can still do it.
    pub fn obey(&self, order: SyncOrder) -> bool {
        self.is_running() && self.control.obey(order)
    }

    /// Stops between two commits; whether there was anything to stop.
    pub fn end(&mut self) -> bool {
        self.thread.end()
    }
}
