//! One thread beside the console's, which is asked to stop and waited for.

use std::{io, thread::JoinHandle};
use tokio::sync::oneshot;

/// A thread that may be under way. Dropping it asks it to stop and waits until nothing of it holds the vault.
#[derive(Default)]
pub struct Background {
    thread: Option<JoinHandle<()>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Background {
    /// Lets work begin, in the place of what was under way; what it is given resolves when it has to stop.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn begin(&mut self, name: &str, work: impl FnOnce(oneshot::Receiver<()>) + Send + 'static) -> io::Result<()> {
        self.end();
        let (stop, stopped) = oneshot::channel::<()>();
        self.thread = Some(std::thread::Builder::new().name(name.to_owned()).spawn(move || work(stopped))?);
        self.stop = Some(stop);
        Ok(())
    }

    /// Whether it has not come to its end.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Asks it to stop and waits for that; whether there was anything to stop.
    pub fn end(&mut self) -> bool {
        drop(self.stop.take());
        let Some(thread) = self.thread.take() else { return false };
        let running = !thread.is_finished();
        let _ = thread.join();
        running
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
    }
}
