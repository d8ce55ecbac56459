//! A panic must not write over the screen: its message is kept until the terminal is given back.

use crate::{
    domain::Untrusted,
    tui::{Msg, NoticeLevel},
};
use std::{
    panic::{self, PanicHookInfo},
    sync::{Arc, Mutex, PoisonError},
    thread,
};
use tokio::sync::mpsc::UnboundedSender;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send>;

/// While it lives, a panic of this thread is kept as text and one of another thread becomes a notice.
pub struct PanicCatch {
    caught: Arc<Mutex<Option<String>>>,
    before: Arc<Hook>,
}

impl PanicCatch {
    /// Takes the process's panic hook.
    pub fn install(notices: UnboundedSender<Msg>) -> Self {
        let before: Arc<Hook> = Arc::new(panic::take_hook());
        let caught = Arc::new(Mutex::new(None));
        let (here, kept) = (thread::current().id(), Arc::clone(&caught));
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
            let what = info.payload_as_str().unwrap_or("no message");
            let text = Untrusted::from(format!("{what}{place}")).for_log();
            tracing::error!(panic = %text, "a thread panicked");
            if thread::current().id() == here {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
            } else {
                let text = format!("a worker failed and its work is lost; the log has the details: {text}");
                // Nobody listens any more only when the console has ended.
                let _ = notices.send(Msg::Notice { level: NoticeLevel::Error, text });
            }
        }));
        Self { caught, before }
    }

    /// What this thread's panic said.
    pub fn message(&self) -> String {
        let kept = self.caught.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.unwrap_or_else(|| "no message".into())
    }
}

impl Drop for PanicCatch {
    fn drop(&mut self) {
        if !thread::panicking() {
            let before = Arc::clone(&self.before);
            panic::set_hook(Box::new(move |info| before(info)));
        }
    }
}
