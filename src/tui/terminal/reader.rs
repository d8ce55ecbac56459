//! The terminal's events, read on a thread of their own.
//!
//! [`EventStream`] is not asked for them: while it waits it holds a lock, and each look at it from the loop then yields the
//! processor seven times before it finds nothing. The loop looks after every message of a sync, and Linux makes a thread that
//! yields wait behind all others. A channel is looked at without either.

use crossterm::event::{self, Event, EventStream};
use futures::Stream;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    thread,
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long one wait is: crossterm takes no "for ever", and waking once a day is as good as never.
const LONG: Duration = Duration::from_secs(24 * 3_600);

/// Keys, pastes and sizes of the terminal that this process was started in. Dropping it leaves what is typed from then on to
/// whoever has the terminal next.
pub struct Reader {
    events: UnboundedReceiver<io::Result<Event>>,
    stop: Arc<AtomicBool>,
    /// Where the thread puts what it finds, until it begins: the first frame does not wait for it.
    found: Option<UnboundedSender<io::Result<Event>>>,
    /// Never polled: dropping it is how crossterm wakes whoever waits for an event.
    _wakes: EventStream,
}

impl Reader {
    /// Opens the terminal and listens to changes of its size; it is read from the first time that an event is asked for.
    ///
    /// # Errors
    /// If there is no terminal.
    pub fn new() -> io::Result<Self> {
        event::poll(Duration::ZERO)?;
        let (found, events) = unbounded_channel();
        Ok(Self { events, stop: Arc::default(), found: Some(found), _wakes: EventStream::new() })
    }
}

fn read(found: &UnboundedSender<io::Result<Event>>, stopped: &AtomicBool) {
    while !stopped.load(Ordering::SeqCst) {
        let event = match event::poll(LONG) {
            Ok(true) => event::read(),
            Ok(false) => continue,
            Err(error) => Err(error),
        };
        let over = event.is_err();
        if found.send(event).is_err() || over {
            return;
        }
    }
}

impl Stream for Reader {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(found) = self.found.take() {
            let stopped = Arc::clone(&self.stop);
            let begun = thread::Builder::new().name("keys".to_owned()).spawn(move || read(&found, &stopped));
            if let Err(error) = begun {
                return Poll::Ready(Some(Err(error)));
            }
        }
        self.events.poll_recv(context)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}
