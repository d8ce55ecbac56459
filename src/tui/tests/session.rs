//! The loop over streams of its own: what is written, in which order, and nothing more.

use crate::{
    domain::FixedClock,
    tui::{
        Capabilities, Door, Effect, Msg, NoticeLevel, Options, Ports, Session, TuiError, fixtures,
        runtime::run,
        terminal::{
            clipboard::Wrap,
            guard::{ENTER, LEAVE, Line},
        },
    },
};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures::{Stream, StreamExt, stream};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

type Input = Pin<Box<dyn Stream<Item = io::Result<Event>>>>;

fn keys(text: &str) -> impl Iterator<Item = io::Result<Event>> {
    let key = |c| Ok(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
    text.chars().map(key).collect::<Vec<_>>().into_iter()
}

fn options(wrap: Wrap) -> Options {
    Options {
        title: "bailiwick".into(),
        clock: Arc::new(FixedClock(fixtures::now())),
        capabilities: Capabilities { colours: true, ascii: false, ssh: false, wrap },
        door: Door::Open,
        idle_lock: None,
    }
}

fn session(input: Input, output: Output) -> Session<Input, Output> {
    Session { identity: "test".into(), size: (100, 30), input, output, line: Line::Served }
}

/// A desk on the loop's own thread.
fn ports() -> (Ports, UnboundedSender<Msg>, Arc<Mutex<Vec<Effect>>>) {
    let (sender, incoming) = unbounded_channel();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, answers) = (Arc::clone(&asked), sender.clone());
    let mut desk = fixtures::FakeDesk::default();
    let effects = Box::new(move |effect: Effect| {
        if let Effect::Ask { request, query } = &effect {
            answers.send(Msg::Answer { request: *request, result: desk.answer(query) }).unwrap();
        }
        log.lock().unwrap().push(effect);
    });
    (Ports { effects, incoming }, sender, asked)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn the_first_frame_stands_before_anything_is_asked_and_the_terminal_is_given_back() {
    let output = Output::default();
    let seen = output.clone();
    let (_keep, incoming) = unbounded_channel();
    let first = Arc::new(Mutex::new(String::new()));
    let at_first = Arc::clone(&first);
    let effects = Box::new(move |_: Effect| {
        let mut first = at_first.lock().unwrap();
        if first.is_empty() {
            *first = seen.text();
        }
    });
    let input: Input = Box::pin(stream::iter(keys("q")));
    block_on(run(session(input, output.clone()), Ports { effects, incoming }, options(Wrap::None))).unwrap();
    let first = first.lock().unwrap().clone();
    assert!(first.starts_with(&format!("{ENTER}\x1b[?2026h")) && first.contains("reading the vault"), "{first:?}");
    assert!(first.ends_with("\x1b[?2026l"));
    assert!(output.text().ends_with(LEAVE));
    for query in ["\x1b[6n", "\x1b[c", "\x1b]11;?", "\x1b[?u", "\x1b[18t"] {
        assert!(!output.text().contains(query), "a question to the terminal: {query:?}");
    }
}

/// Nothing at first, and its end when it is asked again: what came in meanwhile is taken in before the next key.
fn pause() -> impl Stream<Item = io::Result<Event>> {
    let mut paused = false;
    stream::poll_fn(move |context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(None);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn a_copy_is_noted_first_then_one_osc_52_and_nothing_else_is_an_osc() {
    for noted in [true, false] {
        let output = Output::default();
        let (sender, incoming) = unbounded_channel();
        let screen = output.clone();
        let effects = Box::new(move |effect| match effect {
            Effect::NoteCopy { what, told, text } => {
                assert!(!screen.text().contains("]52;c;"), "it was copied before it was noted");
                assert_eq!(what, "the command that prints this view");
                if noted {
                    sender.send(Msg::Copy { told, text }).unwrap();
                }
            }
            other => assert!(matches!(other, Effect::Ask { .. })),
        });
        let input: Input = Box::pin(stream::iter(keys("yc")).chain(pause()).chain(stream::iter(keys("q"))));
        block_on(run(session(input, output.clone()), Ports { effects, incoming }, options(Wrap::Tmux))).unwrap();
        let text = output.text();
        assert_eq!(text.matches("]52;c;").count(), usize::from(noted));
        assert_eq!(text.contains("\x1bPtmux;\x1b\x1b]52;c;YmFpbGl3aWNrIG92ZXJ2aWV3\x07\x1b\\"), noted);
        assert_eq!(text.matches("\x1b]").count(), usize::from(noted));
    }
}

#[test]
fn at_rest_nothing_is_written() {
    let output = Output::default();
    let (ports, _sender, _) = ports();
    let quiet: Input = Box::pin(stream::pending());
    let written = block_on(async {
        let console = run(session(quiet, output.clone()), ports, options(Wrap::None));
        tokio::pin!(console);
        // Until the answer is drawn, then on: the console has to be woken by itself to write anything more.
        for _ in 0..10_000_000 {
            tokio::select! {
                biased;
                _ = &mut console => panic!("it ended by itself"),
                () = tokio::task::yield_now() => {}
            }
            if output.text().contains("northwind") {
                break;
            }
        }
        assert!(output.text().contains("northwind"), "the answer was never drawn");
        let before = output.text().len();
        for _ in 0..1_000 {
            tokio::select! {
                biased;
                _ = &mut console => panic!("it ended by itself"),
                () = tokio::task::yield_now() => {}
            }
        }
        output.text().len() - before
    });
    assert_eq!(written, 0);
}

/// What a terminal shows after these bytes.
fn shown(bytes: &str) -> String {
    let mut terminal = vt100::Parser::new(30.try_into().unwrap(), 100.try_into().unwrap(), 0);
    terminal.process(bytes.as_bytes());
    terminal.screen().contents()
}

/// An application whose passphrase is right, with everything it was wished.
fn vault() -> (Ports, UnboundedSender<Msg>, Arc<Mutex<Vec<String>>>) {
    let (sender, incoming) = unbounded_channel();
    let wished = Arc::new(Mutex::new(Vec::new()));
    let (log, answers) = (Arc::clone(&wished), sender.clone());
    let mut desk = fixtures::FakeDesk::default();
    let effects = Box::new(move |effect: Effect| {
        log.lock().unwrap().push(format!("{effect:?}"));
        let msg = match effect {
            Effect::Ask { request, query } => Msg::Answer { request, result: desk.answer(&query) },
            Effect::Unlock(_) => Msg::Unlocked,
            Effect::Lock { .. } => Msg::Locked { note: None },
            _ => return,
        };
        answers.send(msg).unwrap();
    });
    (Ports { effects, incoming }, sender, wished)
}

fn behind_a_door() -> Options {
    let idle_lock = Some(std::time::Duration::from_secs(600));
    Options { door: Door::Asks, idle_lock, ..options(Wrap::None) }
}

#[test]
fn nothing_of_the_data_is_written_before_it_is_open_and_none_is_on_the_screen_after_a_lock() {
    let output = Output::default();
    let (ports, _sender, wished) = vault();
    let enter = Ok(Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let pressed = keys("secret").chain([enter]).chain(keys("jjL")).collect::<Vec<_>>();
    let (mut presses, seen) = (pressed.into_iter(), output.clone());
    let mut before = None;
    // A key comes once the one before has been drawn.
    let input = stream::poll_fn(move |context| {
        let text = seen.text();
        if before.as_ref() == Some(&text) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        before = Some(text);
        presses.next().map_or(Poll::Pending, |key| Poll::Ready(Some(key)))
    });
    let input: Input = Box::pin(input.chain(stream::pending()));
    block_on(async {
        let console = run(session(input, output.clone()), ports, behind_a_door());
        tokio::pin!(console);
        loop {
            tokio::select! {
                biased;
                ended = &mut console => panic!("it ended by itself: {ended:?}"),
                () = tokio::task::yield_now() => {}
            }
            if shown(&output.text()).contains("locked by hand") {
                break;
            }
        }
    });
    let text = output.text();
    let opened = text.find("Overview").expect("it was open in between");
    assert!(text.contains("northwind") && shown(&text[..opened]).contains("Passphrase  ••••"), "{text:?}");
    assert!(!text.contains("secret"), "{text:?}");
    let screen = shown(&text);
    for name in ["northwind", "halden", "tidewater", "Overview"] {
        assert!(!screen.contains(name), "{name} is still there:\n{screen}");
    }
    let wished = wished.lock().unwrap();
    assert!(
        wished.first().unwrap().starts_with("Unlock(Passphrase(") && !wished.concat().contains("secret"),
        "{wished:?}"
    );
    assert_eq!(wished.last().unwrap(), "Lock { why: \"locked by hand\" }");
}

/// Time stands still except where the console itself waits for it.
#[test]
fn without_a_key_nothing_is_written_until_it_locks_after_exactly_its_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let output = Output::default();
    let (ports, sender, _) = vault();
    sender.send(Msg::Unlocked).unwrap();
    let input: Input = Box::pin(stream::pending());
    runtime.block_on(async {
        let begin = tokio::time::Instant::now();
        let console = run(session(input, output.clone()), ports, behind_a_door());
        tokio::pin!(console);
        let mut at_rest = 0;
        for second in [5, 590, 599] {
            let until = tokio::time::sleep_until(begin + std::time::Duration::from_secs(second));
            tokio::select! {
                ended = &mut console => panic!("it ended by itself: {ended:?}"),
                () = until => {}
            }
            assert!(shown(&output.text()).contains("northwind"), "after {second} s");
            assert!(at_rest == 0 || at_rest == output.text().len(), "something was written by {second} s");
            at_rest = output.text().len();
        }
        let until = tokio::time::sleep_until(begin + std::time::Duration::from_secs(601));
        tokio::select! {
            ended = &mut console => panic!("it ended by itself: {ended:?}"),
            () = until => {}
        }
        let screen = shown(&output.text());
        assert!(screen.contains("locked after 10 minutes without a key") && !screen.contains("northwind"), "{screen}");
        // And then it rests for good.
        let locked = output.text().len();
        let until = tokio::time::sleep_until(begin + std::time::Duration::from_secs(100_000));
        tokio::select! {
            ended = &mut console => panic!("it ended by itself: {ended:?}"),
            () = until => {}
        }
        assert_eq!(output.text().len(), locked);
    });
}

#[test]
fn a_terminal_that_goes_away_ends_the_console() {
    let (ports, _sender, _) = ports();
    let input: Input = Box::pin(stream::empty());
    let ended = block_on(run(session(input, Output::default()), ports, options(Wrap::None)));
    assert!(matches!(ended, Err(TuiError::Closed)), "{ended:?}");
}

#[test]
fn a_panic_of_the_console_gives_the_terminal_back_and_is_reported() {
    let output = Output::default();
    let (_keep, incoming) = unbounded_channel();
    let effects = Box::new(|_: Effect| std::panic::resume_unwind(Box::new("a fault")));
    let input: Input = Box::pin(stream::pending());
    let ended = block_on(run(session(input, output.clone()), Ports { effects, incoming }, options(Wrap::None)));
    assert!(matches!(ended, Err(TuiError::Panicked(_))), "{ended:?}");
    assert!(output.text().ends_with(LEAVE));
}

/// Keeps the first waker until the next event, as crossterm's stream does.
#[derive(Clone, Default)]
struct FirstWaker(Arc<Mutex<(Vec<Event>, Option<Waker>)>>);

impl FirstWaker {
    fn press(&self, c: char) {
        let mut state = self.0.lock().unwrap();
        state.0.push(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }
}

impl Stream for FirstWaker {
    type Item = io::Result<Event>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.lock().unwrap();
        match state.0.pop() {
            Some(event) => Poll::Ready(Some(Ok(event))),
            None => {
                state.1.get_or_insert_with(|| context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[test]
fn a_key_that_comes_late_wakes_the_loop() {
    let (ports, _sender, _) = ports();
    let terminal = FirstWaker::default();
    let hands = terminal.clone();
    let ended = block_on(async {
        let console = run(session(Box::pin(terminal), Output::default()), ports, options(Wrap::None));
        let typing = async {
            for c in "jjq".chars() {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                hands.press(c);
            }
        };
        // A limit only for the case that the test fails.
        tokio::time::timeout(std::time::Duration::from_secs(10), async { tokio::join!(console, typing).0 }).await
    });
    assert!(matches!(ended, Ok(Ok(()))), "the loop slept through a key: {ended:?}");
}

#[test]
fn a_key_is_drawn_at_once_whatever_was_drawn_before_it_and_a_flood_of_keys_is_not() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let output = Output::default();
    let (ports, sender, _) = ports();
    let (presses, mut pressed) = unbounded_channel();
    let input: Input = Box::pin(stream::poll_fn(move |context| pressed.poll_recv(context)));
    let press = |text: &str| keys(text).for_each(|key| presses.send(key).unwrap());
    let frames = || output.text().matches("\x1b[?2026h").count();
    let console = run(session(input, output.clone()), ports, options(Wrap::None));
    runtime.block_on(async {
        tokio::pin!(console);
        // The clock stands still while it goes on, and moves only between two steps.
        let mut after = async |milliseconds| {
            tokio::time::advance(std::time::Duration::from_millis(milliseconds)).await;
            for _ in 0..100 {
                tokio::select! {
                    biased;
                    ended = &mut console => panic!("it ended by itself: {ended:?}"),
                    () = tokio::task::yield_now() => {}
                }
            }
            frames()
        };
        after(1).await;
        let shown = after(100).await;
        press("j");
        assert_eq!(after(0).await, shown + 1, "nothing was drawn for long");
        let notice = || Msg::Notice { level: NoticeLevel::Info, text: "something else".into() };
        sender.send(notice()).unwrap();
        assert_eq!(after(0).await, shown + 1, "a frame stands for a while");
        assert_eq!(after(17).await, shown + 2);
        press("k");
        assert_eq!(after(0).await, shown + 3, "the frame before it was not for a key");
        press("jkj");
        assert_eq!(after(1).await, shown + 3, "keys that are held down share frames");
        assert_eq!(after(17).await, shown + 4);
    });
}
