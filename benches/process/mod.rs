//! What the system says this process took.
#![allow(dead_code, reason = "each program measures its own part of this")]

use std::{fs, time::Duration};

/// Processor time of this process, its threads and the kernel's work for it included, from `/proc/self/stat` (fields 14
/// and 15, in hundredths of a second).
pub fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or("");
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory of this process.
pub fn resident_mib() -> u64 {
    status("VmRSS:")
}

/// The most that was resident since the start, or since [`forget_peak`].
pub fn peak_mib() -> u64 {
    status("VmHWM:")
}

/// From now on the peak counts from here.
pub fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
