//! Keys while a sync runs: the demo of 1,000 accounts in a pseudo-terminal of 200×50, from the first frame that shows the
//! sync to the last. Its simulated AWS is in the same process, so the two share the machine with it.
//!
//! `cargo bench --bench keys`, or `cargo bench --bench keys -- 7` for another pane. Each key has something to draw: it moves
//! the selection down to the last row, up to the first, and so on; where there are no two rows, `g` changes the foot of the
//! screen. Beside each, for what the machine itself takes, one goes to `cat` in a pseudo-terminal of its own.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::{
    fs,
    io::{Read, Write},
    num::NonZero,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

const ROWS: u16 = 50;
const COLUMNS: u16 = 200;
/// Between two keys: ten and more a second is what a hand does.
const GAP: Duration = Duration::from_millis(50);
/// The longest wait for a key's first byte.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest wait for the sync to begin.
const START: Duration = Duration::from_secs(120);

/// A program in a terminal. What it writes is stamped as it is read, by a thread of its own.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    fn start(program: &str, args: &[&str]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        let child = pty.slave.spawn_command(command).expect("it starts");
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().expect("a reader");
        let keys = pty.master.take_writer().expect("a writer");
        let (sender, bytes) = channel();
        thread::spawn(move || {
            let mut buffer = [0u8; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                    break;
                }
            }
        });
        let size = |n| NonZero::new(n).expect("not empty");
        Self { child, keys, bytes, screen: vt100::Parser::new(size(ROWS), size(COLUMNS), 0), _master: pty.master }
    }

    fn text(&mut self) -> String {
        while let Ok((_, bytes)) = self.bytes.try_recv() {
            self.screen.process(&bytes);
        }
        self.screen.screen().contents()
    }

    fn wait_for(&mut self, what: &str, shows: impl Fn(&str) -> bool) {
        let end = Instant::now() + START;
        while !shows(&self.text()) {
            assert!(Instant::now() < end, "{what} never came; the screen is\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn press(&mut self, key: &str) {
        self.keys.write_all(key.as_bytes()).expect("it takes a key");
        self.keys.flush().expect("it takes a key");
    }

    /// Presses a key; how long until the first byte that follows it.
    fn time(&mut self, key: &str) -> Duration {
        // What was written before is not the answer to it.
        self.text();
        let pressed = Instant::now();
        self.press(key);
        let Ok((at, bytes)) = self.bytes.recv_timeout(PATIENCE) else { return PATIENCE };
        self.screen.process(&bytes);
        at.duration_since(pressed)
    }
}

fn main() {
    let pane = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut echo = Terminal::start("sh", &["-c", "stty raw -echo; echo ready; exec cat"]);
    echo.wait_for("cat", |screen| screen.contains("ready"));
    let demo = ["demo", "--accounts", "1000", "--events", "40000"];
    let mut console = Terminal::start(env!("CARGO_BIN_EXE_bailiwick"), &demo);
    console.wait_for("the sync", |screen| screen.contains('⟳') && screen.contains("halden"));
    if let Some(pane) = &pane {
        console.press(pane);
        thread::sleep(GAP);
    }
    let load = load();
    let began = Instant::now();
    let (mut keys, mut echoes) = (Vec::new(), Vec::new());
    let mut down = true;
    loop {
        echoes.push(echo.time("x"));
        let screen = console.text();
        if !screen.contains('⟳') {
            break;
        }
        let key = match place(&screen) {
            Some((place, rows)) if rows > 1 => {
                down = place == 1 || (down && place < rows);
                if down { "j" } else { "k" }
            }
            _ => "g",
        };
        keys.push(console.time(key));
        thread::sleep(GAP);
    }
    println!(
        "{} keys in the {:.1} s of a sync, load {load} before and {} after",
        keys.len(),
        began.elapsed().as_secs_f64(),
        self::load()
    );
    println!("key → first byte: {}", Spread(&keys));
    println!("the same of cat:  {}", Spread(&echoes));
    console.press("q");
    for mut terminal in [console, echo] {
        let _ = terminal.child.kill();
        let _ = terminal.child.wait();
    }
}

/// The selected row and how many there are, as the foot of the screen says: `3/12` at its end.
fn place(screen: &str) -> Option<(u64, u64)> {
    let number = |text: &str| text.replace(',', "").parse().ok();
    let (place, rows) = screen.lines().last()?.split_whitespace().next_back()?.split_once('/')?;
    Some((number(place)?, number(rows)?))
}

fn load() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or_default().to_owned()
}

struct Spread<'a>(&'a [Duration]);

impl std::fmt::Display for Spread<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut times = self.0.to_vec();
        times.sort_unstable();
        let at = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        write!(f, "p50 {:.2}, p90 {:.2}, p99 {:.2}, most {:.2} ms", at(50), at(90), at(99), at(100))
    }
}
