//! AWS emulators that others wrote, as child processes, and the unmodified AWS CLI to set them up.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use serde_json::Value;
use std::{
    fs::File,
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// How often a starting emulator is tried, and how long after the last try: half a minute in all.
const TRIES: u32 = 600;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
/// A port that was free can be taken before the emulator binds it, so a start is tried on this many.
const PORTS: u32 = 3;

/// A running emulator; it ends with this value.
pub struct Emulator {
    child: Child,
    home: TempDir,
    port: u16,
}

/// Access key and its secret.
#[derive(Debug, Clone)]
pub struct Keys {
    pub id: String,
    pub secret: String,
}

impl Keys {
    pub fn new(id: &str, secret: &str) -> Self {
        Self { id: id.to_owned(), secret: secret.to_owned() }
    }
}

impl Emulator {
    /// Starts the program that `variable` names, or `fallback` from the path; `configure` tells it its port.
    pub fn start(variable: &str, fallback: &str, configure: impl Fn(&mut Command, u16)) -> Self {
        let program = std::env::var(variable).unwrap_or_else(|_| fallback.to_owned());
        let mut told = String::new();
        for _ in 0..PORTS {
            let home = tempfile::tempdir().unwrap();
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let log = home.path().join("log");
            let mut command = isolated(&program, &home);
            let told_to = File::options().create(true).append(true).open(&log).unwrap();
            command.stdin(Stdio::null()).stdout(told_to.try_clone().unwrap()).stderr(told_to);
            configure(&mut command, port);
            let child = command.spawn().unwrap_or_else(|error| {
                panic!(
                    "the emulator \"{program}\" cannot be started ({error}): install it or set {variable} to its path"
                )
            });
            let mut emulator = Self { child, home, port };
            if emulator.answers() {
                return emulator;
            }
            told = std::fs::read_to_string(&log).unwrap_or_default();
        }
        panic!("the emulator \"{program}\" does not listen; it says: {told}");
    }

    /// Whether it listens before the tries run out; not if it has ended.
    fn answers(&mut self) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        for _ in 0..TRIES {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(address).is_ok() {
                return true;
            }
            thread::sleep(BETWEEN_TRIES);
        }
        false
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the AWS CLI answers; it must succeed.
    pub fn aws(&self, keys: &Keys, arguments: &[&str]) -> Value {
        let (ok, out, error) = self.run(keys, arguments);
        assert!(ok, "aws {arguments:?} failed: {error}");
        if out.trim().is_empty() { Value::Null } else { serde_json::from_str(&out).unwrap() }
    }

    /// What the AWS CLI complains about; it must fail.
    pub fn aws_refused(&self, keys: &Keys, arguments: &[&str]) -> String {
        let (ok, out, error) = self.run(keys, arguments);
        assert!(!ok, "aws {arguments:?} succeeded: {out}");
        error
    }

    /// Runs a script of a POSIX shell in which `aws` is the AWS CLI; every command must succeed. What it prints.
    pub fn script(&self, keys: &Keys, script: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let program = std::env::var("BAILIWICK_AWSCLI").unwrap_or_else(|_| "aws".to_owned());
        let aws = self.home.path().join("bin/aws");
        std::fs::create_dir_all(aws.parent().unwrap()).unwrap();
        // Not a file of this process that is open for writing when it is run.
        let made = Command::new("sh")
            .args(["-c", "printf '%s\\n' '#!/bin/sh' \"exec '$2' --endpoint-url '$3' \\\"\\$@\\\"\" > \"$1\"", "sh"])
            .args([aws.to_str().unwrap(), &program, &self.url()])
            .status();
        assert!(made.unwrap().success());
        std::fs::set_permissions(&aws, std::fs::Permissions::from_mode(0o700)).unwrap();
        let path = format!("{}:{}", aws.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let output =
            signed(&mut isolated("sh", &self.home), keys).env("PATH", path).args(["-euc", script]).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the script failed: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn run(&self, keys: &Keys, arguments: &[&str]) -> (bool, String, String) {
        let program = std::env::var("BAILIWICK_AWSCLI").unwrap_or_else(|_| "aws".to_owned());
        let output = signed(&mut isolated(&program, &self.home), keys)
            .args(["--endpoint-url", &self.url(), "--output", "json"])
            .args(arguments)
            .output()
            .unwrap_or_else(|error| {
                panic!("the AWS CLI \"{program}\" cannot be started ({error}): install it or set BAILIWICK_AWSCLI to its path")
            });
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same with what the AWS CLI needs.
fn signed<'a>(command: &'a mut Command, keys: &Keys) -> &'a mut Command {
    command
        .env("AWS_ACCESS_KEY_ID", &keys.id)
        .env("AWS_SECRET_ACCESS_KEY", &keys.secret)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_PAGER", "")
}

/// A program that sees neither our environment nor our home.
fn isolated(program: &str, home: &TempDir) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(["PATH", "LANG"].into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?))))
        .env("HOME", home.path())
        .current_dir(home.path());
    command
}
