//! The loop: waits, reduces, draws. The only part of the console that knows tokio and a clock.

use super::{
    Capabilities, Door, Effect, Model, Msg, Theme,
    model::Deadline,
    terminal::{
        clipboard,
        guard::{Line, TerminalGuard},
        input,
        output::{self, Screen},
        panics::PanicCatch,
        reader::Reader,
    },
    update::update,
    view::view,
};
use crate::domain::Clock;
use crossterm::event::Event;
use futures::{FutureExt, Stream, StreamExt};
use ratatui::Terminal;
use std::{
    collections::HashMap,
    io::{self, Write},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

/// How many messages are taken in before a frame is drawn, so that a flood cannot hold the screen still.
const DRAIN: usize = 256;
/// Progress of a sync alone repaints at most this often.
const PROGRESS: Duration = Duration::from_millis(200);
/// How long a stop signal to ourselves may take to stop us.
const STOP: Duration = Duration::from_millis(200);

/// How the loop talks to the world.
pub struct Ports {
    /// Takes what the runtime does not do itself; must return at once.
    pub effects: Box<dyn FnMut(Effect)>,
    /// Answers, sync events, notices.
    pub incoming: UnboundedReceiver<Msg>,
}

/// One person at one terminal. stdin and stdout are one instance; a server of several would make others.
pub struct Session<I, O> {
    /// Who it is, for the log.
    pub identity: String,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Keys and resizes.
    pub input: I,
    /// Frames.
    pub output: O,
    /// Who sets raw mode, and whether signals are ours.
    pub line: Line,
}

impl Session<Reader, io::Stdout> {
    /// The terminal this process was started in.
    ///
    /// # Errors
    /// If there is none, or its size is not told.
    pub fn stdio() -> Result<Self, TuiError> {
        let input = Reader::new().map_err(TuiError::NoTerminal)?;
        let size = crossterm::terminal::size().map_err(TuiError::NoTerminal)?;
        let identity = "local".to_owned();
        Ok(Self { identity, size, input, output: io::stdout(), line: Line::Own })
    }
}

/// What the application decides about the console.
#[derive(Debug, Clone)]
pub struct Options {
    /// The first breadcrumb, e.g. `bailiwick` or `bailiwick demo`.
    pub title: String,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// What the terminal can do; `--ascii` and `NO_COLOR` are already in it.
    pub capabilities: Capabilities,
    /// How it comes to its data.
    pub door: Door,
    /// After how long without a key it locks; `None` for never.
    pub idle_lock: Option<Duration>,
}

/// Why the console ended other than by `q`.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is no terminal.
    #[error(
        "there is no terminal to draw on ({0}): run bailiwick in one, or use a subcommand such as `bailiwick overview`"
    )]
    NoTerminal(#[source] io::Error),
    /// The terminal cannot be read or written any more.
    #[error("the terminal stopped working ({0}): nothing is lost, start bailiwick again")]
    Terminal(#[from] io::Error),
    /// The terminal was closed.
    #[error("the terminal was closed")]
    Closed,
    /// A signal asked it to end.
    #[error("ended by {0}")]
    Signal(&'static str),
    /// A fault of ours.
    #[error("the console failed and was closed; the vault is not affected. Please report this: {0}")]
    Panicked(String),
}

/// Output shared by the frame writer and the guard, which both write whole sequences only.
struct Shared<O>(Arc<Mutex<O>>);

impl<O> Clone for Shared<O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<O: Write> Write for Shared<O> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

/// Runs the console until the operator quits. The first frame is written before anything is waited for or asked.
///
/// # Errors
/// See [`TuiError`]; whatever happens, the terminal has been given back when this returns.
pub async fn run<I, O>(session: Session<I, O>, ports: Ports, options: Options) -> Result<(), TuiError>
where
    I: Stream<Item = io::Result<Event>> + Unpin,
    O: Write,
{
    let (own, notices) = unbounded_channel();
    let catch = (session.line == Line::Own).then(|| PanicCatch::install(own.clone()));
    let result = AssertUnwindSafe(drive(session, ports, options, notices, own)).catch_unwind().await;
    result.unwrap_or_else(|_| {
        Err(TuiError::Panicked(catch.as_ref().map_or_else(|| "a panic".into(), PanicCatch::message)))
    })
}

async fn drive<I, O>(
    session: Session<I, O>,
    ports: Ports,
    options: Options,
    mut notices: UnboundedReceiver<Msg>,
    _keep_open: UnboundedSender<Msg>,
) -> Result<(), TuiError>
where
    I: Stream<Item = io::Result<Event>> + Unpin,
    O: Write,
{
    let Session { identity, size, mut input, output, line } = session;
    let Ports { effects, mut incoming } = ports;
    tracing::info!(%identity, columns = size.0, rows = size.1, "console begins");
    let output = Shared(Arc::new(Mutex::new(output)));
    let guard = TerminalGuard::enter(output.clone(), line)?;
    let mut screen = Loop::new(output, guard, size, effects, &options)?;
    screen.draw()?;
    let mut signals = Signals::new(line)?;
    let first = screen.model.start();
    screen.perform(first, &mut signals).await?;
    let mut incoming_open = true;
    while !screen.quit {
        let wake = screen.wake();
        tokio::select! {
            biased;
            name = ended(&mut signals.ends) => return Err(TuiError::Signal(name)),
            () = continued(&mut signals.cont) => screen.resume()?,
            event = input.next() => match event {
                None => return Err(TuiError::Closed),
                Some(event) => if let Some(msg) = input::message(event?) {
                    screen.take(msg, &mut signals).await?;
                },
            },
            Some(msg) = notices.recv() => screen.take(msg, &mut signals).await?,
            msg = incoming.recv(), if incoming_open => match msg {
                Some(msg) => screen.take(msg, &mut signals).await?,
                None => incoming_open = false,
            },
            () = sleep_until(wake) => {}
        }
        // Whatever else is ready is taken in before a frame is drawn.
        for _ in 0..DRAIN {
            if screen.quit {
                return Ok(());
            }
            let msg = match ready(&mut input).await {
                Some(None) => return Err(TuiError::Closed),
                Some(Some(event)) => input::message(event?),
                None => match incoming.try_recv() {
                    Ok(msg) => Some(msg),
                    Err(_) => break,
                },
            };
            if let Some(msg) = msg {
                screen.take(msg, &mut signals).await?;
            }
        }
        screen.deadlines(&mut signals).await?;
        screen.draw_if_due()?;
    }
    Ok(())
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Loop<O: Write> {
    model: Model,
    terminal: Terminal<Screen<Shared<O>>>,
    guard: TerminalGuard<Shared<O>>,
    effects: Box<dyn FnMut(Effect)>,
    theme: Theme,
    capabilities: Capabilities,
    clock: Arc<dyn Clock>,
    drawn_at: Option<Instant>,
    /// The last of them that a key asked for: no key waits for a frame of something else.
    key_drawn_at: Option<Instant>,
    key_waits: bool,
    draw_at: Option<Instant>,
    running: HashMap<Deadline, Instant>,
    quit: bool,
}

impl<O: Write> Loop<O> {
    fn new(
        output: Shared<O>,
        guard: TerminalGuard<Shared<O>>,
        size: (u16, u16),
        effects: Box<dyn FnMut(Effect)>,
        options: &Options,
    ) -> Result<Self, TuiError> {
        let capabilities = options.capabilities;
        let model = Model::new(options.title.clone(), (0, 0), options.clock.now());
        let mut model = model.behind(options.door, options.idle_lock);
        update(&mut model, Msg::Resize(size.0, size.1));
        Ok(Self {
            terminal: Terminal::new(Screen::new(output, model.size))?,
            model,
            guard,
            effects,
            theme: Theme { colours: capabilities.colours, ascii: capabilities.ascii },
            capabilities,
            clock: Arc::clone(&options.clock),
            drawn_at: None,
            key_drawn_at: None,
            key_waits: false,
            draw_at: None,
            running: HashMap::new(),
            quit: false,
        })
    }

    /// Takes one message in and does what comes of it.
    async fn take(&mut self, msg: Msg, signals: &mut Signals) -> Result<(), TuiError> {
        let delay = match &msg {
            Msg::Sync(crate::domain::SyncEvent::Job { .. }) | Msg::Progress(_) => PROGRESS,
            _ => Duration::ZERO,
        };
        self.key_waits |= matches!(msg, Msg::Key(_) | Msg::Paste(_));
        if let Msg::Resize(..) = msg {
            update(&mut self.model, msg);
            self.terminal.backend_mut().resize(self.model.size);
            // Also when the size is the old one again: what the terminal did in between is not known.
            self.terminal.clear()?;
            self.want_frame(Duration::ZERO);
            return Ok(());
        }
        update(&mut self.model, Msg::Now(self.clock.now()));
        let effects = update(&mut self.model, msg);
        self.want_frame(delay);
        self.perform(effects, signals).await
    }

    fn want_frame(&mut self, delay: Duration) {
        let last = if self.key_waits { self.key_drawn_at } else { self.drawn_at };
        let earliest = last.map_or_else(Instant::now, |at| at + self.capabilities.frame_interval());
        let at = earliest.max(Instant::now() + delay);
        self.draw_at = Some(self.draw_at.map_or(at, |planned| planned.min(at)));
    }

    async fn perform(&mut self, effects: Vec<Effect>, signals: &mut Signals) -> Result<(), TuiError> {
        for effect in effects {
            if let Effect::Suspend = effect {
                self.guard.leave()?;
                signals.stop().await?;
                self.resume()?;
            } else {
                self.apply(effect)?;
            }
        }
        Ok(())
    }

    /// Does an effect that nothing has to be waited for.
    fn apply(&mut self, effect: Effect) -> Result<(), TuiError> {
        match effect {
            Effect::Copy(text) => {
                if let Some(sequence) = clipboard::osc52(&text, self.capabilities.wrap) {
                    self.terminal.backend_mut().control(&sequence)?;
                }
            }
            Effect::Repaint => self.repaint()?,
            Effect::Lock { .. } => {
                // The screen first: to let go of the vault may take a moment.
                self.forget()?;
                (self.effects)(effect);
            }
            Effect::Quit => self.quit = true,
            Effect::Suspend => {}
            Effect::Ask { .. }
            | Effect::SyncNow
            | Effect::Sync(_)
            | Effect::Unlock(_)
            | Effect::BackupNow
            | Effect::VerifyVault
            | Effect::Errand { .. }
            | Effect::StopErrand
            | Effect::NoteCopy { .. } => (self.effects)(effect),
        }
        Ok(())
    }

    /// Draws the model anew, and keeps nothing of what was drawn before.
    fn forget(&mut self) -> Result<(), TuiError> {
        output::forget(&mut self.terminal)?;
        self.draw()
    }

    /// After a stop: the shell has had the terminal, so nothing of it is as it was.
    fn resume(&mut self) -> Result<(), TuiError> {
        self.guard.again()?;
        // It may have been stopped for so long that nothing may be shown any more.
        update(&mut self.model, Msg::Now(self.clock.now()));
        for effect in update(&mut self.model, Msg::Resumed) {
            self.apply(effect)?;
        }
        if let Ok((columns, rows)) = crossterm::terminal::size() {
            update(&mut self.model, Msg::Resize(columns, rows));
            self.terminal.backend_mut().resize(self.model.size);
        }
        self.repaint()
    }

    fn repaint(&mut self) -> Result<(), TuiError> {
        self.terminal.backend_mut().control("")?;
        self.terminal.clear()?;
        self.draw()
    }

    fn draw(&mut self) -> Result<(), TuiError> {
        let (model, theme) = (&self.model, &self.theme);
        let mut hit = None;
        self.terminal.draw(|frame| hit = Some(view(model, frame, theme)))?;
        if let Some(hit) = hit {
            update(&mut self.model, Msg::Drawn(hit));
        }
        self.drawn_at = Some(Instant::now());
        if std::mem::take(&mut self.key_waits) {
            self.key_drawn_at = self.drawn_at;
        }
        self.draw_at = None;
        Ok(())
    }

    fn draw_if_due(&mut self) -> Result<(), TuiError> {
        match self.draw_at {
            Some(at) if at <= Instant::now() && !self.quit => self.draw(),
            _ => Ok(()),
        }
    }

    /// When the loop has to wake by itself; `None` at rest.
    fn wake(&mut self) -> Option<Instant> {
        let wanted = self.model.deadlines();
        self.running.retain(|deadline, _| wanted.iter().any(|(w, _)| w == deadline));
        for (deadline, after) in wanted {
            self.running.entry(deadline).or_insert_with(|| Instant::now() + after);
        }
        self.running.values().copied().chain(self.draw_at).min()
    }

    async fn deadlines(&mut self, signals: &mut Signals) -> Result<(), TuiError> {
        let now = Instant::now();
        let due: Vec<Deadline> = self.running.iter().filter(|(_, at)| **at <= now).map(|(d, _)| *d).collect();
        for deadline in due {
            self.running.remove(&deadline);
            self.take(Msg::Due(deadline), signals).await?;
        }
        Ok(())
    }
}

/// The signals that matter, on a terminal of our own; none otherwise.
struct Signals {
    ends: Vec<(&'static str, Signal)>,
    cont: Option<Signal>,
}

impl Signals {
    fn new(line: Line) -> Result<Self, TuiError> {
        if line == Line::Served {
            return Ok(Self { ends: Vec::new(), cont: None });
        }
        let ends =
            [("SIGTERM", SignalKind::terminate()), ("SIGHUP", SignalKind::hangup()), ("SIGQUIT", SignalKind::quit())];
        let ends = ends.into_iter().map(|(name, kind)| Ok((name, signal(kind)?))).collect::<io::Result<_>>()?;
        let cont = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
        Ok(Self { ends, cont: Some(cont) })
    }

    /// Stops this process until it is continued. Where nobody can stop it (no job control) it goes on after a moment.
    async fn stop(&mut self) -> Result<(), TuiError> {
        if self.cont.is_none() {
            return Ok(());
        }
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)
            .map_err(io::Error::from)?;
        // Either may be seen first; both mean that we run again.
        let _ = tokio::time::timeout(STOP, continued(&mut self.cont)).await;
        Ok(())
    }
}

/// What the stream has at once. It is polled with the loop's own waker: a stream wakes the last waker that it was given, or
/// the first, so that a poll with another one would let the loop sleep through a key.
async fn ready<S: Stream + Unpin>(stream: &mut S) -> Option<Option<S::Item>> {
    std::future::poll_fn(|context| match stream.poll_next_unpin(context) {
        Poll::Ready(item) => Poll::Ready(Some(item)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Waits for a signal that ends us and gives its name.
async fn ended(ends: &mut [(&'static str, Signal)]) -> &'static str {
    if ends.is_empty() {
        return std::future::pending().await;
    }
    let waits = ends.iter_mut().map(|(name, signal)| {
        Box::pin(async move {
            signal.recv().await;
            *name
        })
    });
    futures::future::select_all(waits).await.0
}

/// Waits until we have been stopped and continued.
async fn continued(cont: &mut Option<Signal>) {
    match cont {
        Some(cont) => {
            cont.recv().await;
        }
        None => std::future::pending().await,
    }
}
