//! The real binary in a real pseudo-terminal: it paints, answers keys while a sync runs, is silent at rest, asks for the
//! vault's passphrase, locks, and gives the terminal back.

mod program;
mod terminal;

use portable_pty::CommandBuilder;
use program::{Program, private_file};
use std::{sync::mpsc::RecvTimeoutError, time::Duration};
use terminal::Console;

/// On the stored data, with nothing that would open it without a question.
fn stored(program: &Program, rows: u16, cols: u16) -> Console {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.env_clear();
    command.env("HOME", program.path(""));
    command.env("BAILIWICK_HOME", program.path("bailiwick"));
    command.env("USER", "ines");
    Console::start(command, rows, cols)
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle)
}

#[test]
fn it_paints_answers_during_a_sync_rests_in_silence_and_gives_the_terminal_back() {
    let mut console = Console::demo(40, 120);
    console.wait_for("the first frame", |s| s.contains("Overview"));
    console.press("7");
    console.wait_for("the sync pane while the sync runs", |s| s.contains("▸ Sync"));
    console.press("5");
    console.wait_for("findings", |s| s.contains("▸ Findings"));
    console.press("1");
    // The whole fleet is there and no job is left running.
    console.wait_for("the finished overview", |s| s.contains("halden") && s.contains("forecast") && !s.contains('⟳'));
    console.press("5");
    console.wait_for("the worst finding first", |s| s.contains("▸ Findings") && s.contains("CRITICAL"));
    console.press("\r");
    console.wait_for("its evidence", |s| s.contains("evidence"));
    console.press("\u{1b}");
    console.wait_for("the list again", |s| s.contains("SEVERITY"));
    // Once a whole second brought nothing, the next two must not either: at rest not one byte is written.
    while console.bytes.recv_timeout(Duration::from_secs(1)).map(|b| console.take(&b)).is_ok() {}
    assert_eq!(console.bytes.recv_timeout(Duration::from_secs(2)), Err(RecvTimeoutError::Timeout));
    console.press("1");
    console.wait_for("the overview", |s| s.contains("▸ Overview"));
    console.press("q");
    let (code, raw) = console.end();
    assert_eq!(code, 0);
    let last = raw.len() - 400.min(raw.len());
    assert!(contains(&raw[last..], b"\x1b[?1049l"), "the alternate screen is left");
    assert!(contains(&raw[last..], b"\x1b[?25h"), "the cursor is shown again");
}

#[test]
fn a_tiny_terminal_says_so_and_does_not_fail() {
    let mut console = Console::demo(5, 30);
    console.wait_for("a sentence about the size", |s| s.contains("60") && s.contains("16"));
    console.press("q");
    assert_eq!(console.end().0, 0);
}

#[test]
fn it_asks_for_the_passphrase_on_its_own_screen_and_locks_without_a_trace() {
    let program = Program::new();
    let file = program.path("passphrase");
    private_file(&file, "correct horse battery\n");
    let opened_by = ["--passphrase-file", file.to_str().unwrap()];
    program.ok(&[&opened_by[..], &["init"]].concat());
    program.ok(&[&opened_by[..], &["client", "add", "kestrel", "--name", "Kestrel Freight"]].concat());

    let mut console = stored(&program, 30, 100);
    console.wait_for("the unlock screen", |s| s.contains("Passphrase") && s.contains("Enter open"));
    console.press("wrong\r");
    console.wait_for("the refusal", |s| s.contains("wrong passphrase: the vault stays locked"));
    assert!(!contains(&console.raw, b"kestrel") && !contains(&console.raw, b"Overview"));
    // As a terminal pastes it.
    console.press("\u{1b}[200~correct horse battery\u{1b}[201~\r");
    console.wait_for("the overview", |s| s.contains("▸ Overview") && s.contains("kestrel"));
    console.press("8");
    console.wait_for("the vault", |s| s.contains("▸ Vault") && s.contains("1 client "));
    console.press("1L");
    console.wait_for("the lock", |s| s.contains("locked by hand") && !s.contains("closing the vault"));
    let screen = console.screen.screen().contents();
    assert!(!screen.contains("kestrel") && !screen.contains("Kestrel"), "{screen}");
    // It has let go of the vault: another process may use it, and change it.
    program.ok(&[&opened_by[..], &["client", "add", "halden"]].concat());
    let before = console.raw.len();
    while console.bytes.recv_timeout(Duration::from_secs(1)).map(|b| console.take(&b)).is_ok() {}
    assert_eq!(console.raw.len(), before, "a locked console is silent");
    console.press("correct horse battery\r");
    console.wait_for("the overview again", |s| s.contains("kestrel") && s.contains("halden"));
    console.press("\u{3}");
    let (code, raw) = console.end();
    assert_eq!(code, 0);
    for secret in ["correct", "horse", "battery"] {
        assert!(!contains(&raw, secret.as_bytes()), "{secret} was written");
    }
}

#[test]
fn a_credential_file_opens_it_without_a_question_and_enter_opens_it_again() {
    let program = Program::with_vault();
    program.ok(&["client", "add", "kestrel"]);
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.env_clear();
    command.env("HOME", program.path(""));
    command.env("BAILIWICK_HOME", program.path("bailiwick"));
    command.env("BAILIWICK_CREDENTIAL_FILE", program.credential_file());
    let mut console = Console::start(command, 24, 80);
    console.wait_for("the overview", |s| s.contains("▸ Overview") && s.contains("kestrel"));
    console.press("L");
    console.wait_for("the lock", |s| s.contains("locked by hand") && s.contains("open with the credential file"));
    console.press("\r");
    console.wait_for("the overview again", |s| s.contains("▸ Overview") && s.contains("kestrel"));
    console.press("q");
    assert_eq!(console.end().0, 0);
}
