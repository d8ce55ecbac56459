//! The real binary in a pseudo-terminal.
#![allow(dead_code, reason = "each test uses its part")]

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::{
    io::{Read, Write},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

/// Nothing here takes as long; only a failure waits it out.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program in a terminal.
pub struct Console {
    pub child: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    pub bytes: Receiver<Vec<u8>>,
    pub screen: vt100::Parser,
    pub raw: Vec<u8>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Console {
    pub fn demo(rows: u16, cols: u16) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_bailiwick"));
        command.args(["demo", "--accounts", "24", "--events", "1000", "--now", "2026-11-22T02:14:55Z"]);
        Self::start(command, rows, cols)
    }

    pub fn start(mut command: CommandBuilder, rows: u16, cols: u16) -> Self {
        let pty = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0u8; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = |n| std::num::NonZero::new(n).unwrap();
        let screen = vt100::Parser::new(size(rows), size(cols), 0);
        Self { child, keys, bytes, screen, raw: Vec::new(), _master: pty.master }
    }

    /// Reads until the screen shows what is wanted.
    pub fn wait_for(&mut self, what: &str, shows: impl Fn(&str) -> bool) {
        while !shows(&self.screen.screen().contents()) {
            match self.bytes.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!("{what} never came; the screen is\n{}", self.screen.screen().contents()),
            }
        }
    }

    pub fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Everything until the program is gone, and its exit code.
    pub fn end(mut self) -> (u32, Vec<u8>) {
        let code = self.child.wait().unwrap().exit_code();
        while let Ok(bytes) = self.bytes.recv_timeout(PATIENCE) {
            self.raw.extend_from_slice(&bytes);
        }
        (code, self.raw)
    }
}
