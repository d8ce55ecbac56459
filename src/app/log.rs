//! Logs go to a file of the user's own, never to the terminal.

use std::{fs, os::unix::fs::OpenOptionsExt, path::Path};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// Begins to log into `bailiwick.log` in a directory; logs are lost, not the work, if that cannot be done.
pub fn start(directory: &Path) -> Option<WorkerGuard> {
    fs::create_dir_all(directory).ok()?;
    let file =
        fs::OpenOptions::new().create(true).append(true).mode(0o600).open(directory.join("bailiwick.log")).ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_env_filter(EnvFilter::new("warn,bailiwick=info"))
        .try_init()
        .ok()?;
    Some(guard)
}
