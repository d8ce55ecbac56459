//! The two C libraries that the program is started with: one fails its file operations, one hurries its clock.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// How an operation fails; `shim.c` says what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Eio,
    Enospc,
    Short,
    Kill,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eio => "eio",
            Self::Enospc => "enospc",
            Self::Short => "short",
            Self::Kill => "kill",
        })
    }
}

/// An operation that fails: the `at`th of those that its kind applies to, counted from 1; 0 only counts them.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub kind: Kind,
    pub at: u64,
}

/// Lets time pass so much faster for the program.
const HURRY: &str = "20";

/// Puts a program in a hurry, and lets one of its operations below a directory fail.
pub fn preload(command: &mut Command, fault: Option<Fault>, directory: &Path, log: &Path) {
    static LIBRARIES: OnceLock<[PathBuf; 2]> = OnceLock::new();
    let [shim, hurry] = LIBRARIES.get_or_init(|| [built("shim"), built("hurry")]);
    command.env("LD_PRELOAD", format!("{}:{}", shim.display(), hurry.display())).env("HURRY", HURRY);
    if let Some(Fault { kind, at }) = fault {
        command.env("FAULT_KIND", kind.to_string()).env("FAULT_AT", at.to_string());
        command.env("FAULT_DIR", directory).env("FAULT_LOG", log);
    }
}

/// The library made from `NAME.c`. It appears under its name at once, for the sake of another run of these tests.
fn built(name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/faults/{name}.c"));
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.so"));
    let fresh = library.with_extension(format!("so.{}", std::process::id()));
    let gcc = Command::new("gcc")
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([&fresh, &source])
        .output()
        .expect("the fault tests need gcc");
    assert!(gcc.status.success(), "{}", String::from_utf8_lossy(&gcc.stderr));
    std::fs::rename(&fresh, &library).unwrap();
    library
}
