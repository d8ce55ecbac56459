//! What a process that handles secrets asks of the system before anything else.

use super::{VaultError, store::hush_panics};
use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, setrlimit, umask},
};

/// New files are private (umask 077), no core dumps (limit 0), and on Linux the process is not dumpable, so other
/// processes of the same user cannot read its memory.
/// Panics of the embedded store are not printed: they are caught and told as errors. Call it first thing in `main`.
pub fn harden_process() -> Result<(), VaultError> {
    let refused = |what| move |e: rustix::io::Errno| VaultError::System { what, why: e.to_string() };
    hush_panics();
    umask(Mode::RWXG | Mode::RWXO);
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(refused("a core limit of 0"))?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(refused("not being dumpable"))?;
    Ok(())
}
