//! The real binary goes on by itself, lets others have the vault in between, and stops when it is told; and its exit code
//! follows what is fresh.

mod program;

use bailiwick::{
    app::fleet::role_of,
    domain::{FixedClock, Timestamp},
    sim::{
        server::{ServeOptions, SimServer, Trouble, TroubleAt},
        world::{World, WorldConfig},
    },
};
use program::Program;
use rust_decimal::Decimal;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Stdio},
    sync::Arc,
};

const NOW: &str = "2026-11-22T02:14:55Z";
/// A payer and a member account.
const CLIENT: &str = "kestrel-freight";

/// A program with one client connected, and its AWS.
fn connected() -> (Program, SimServer) {
    let now: Timestamp = NOW.parse().unwrap();
    let world = Arc::new(World::generate(WorldConfig { seed: 1, now, accounts: 24, events: 1_000 }));
    let server = SimServer::start(world.clone(), Arc::new(FixedClock(now)), ServeOptions::default()).unwrap();
    let program = Program::with_vault().calling(&server.url(), &world.agency.access_key, "any");
    std::fs::create_dir_all(program.path("bailiwick/config")).unwrap();
    std::fs::write(program.path("bailiwick/config/config.toml"), "lookups_per_second = 2.0\n").unwrap();
    let client = world.clients.iter().find(|c| c.id == CLIENT).unwrap();
    program.ok(&["client", "add", CLIENT]);
    for id in &client.accounts {
        let account = world.accounts.iter().find(|a| a.id == *id).unwrap();
        let arn = format!("arn:aws:iam::{id}:role/{}", role_of(account).unwrap());
        let connect = ["--now", NOW, "connect", CLIENT, "--role-arn", &arn, "--external-id", &client.external_id];
        program.ok(&[&connect[..], &["--json"]].concat());
    }
    (program, server)
}

/// The program at work, and what it tells.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(program: &Program) -> Self {
        let mut command = program.command(&["--now", NOW, "sync", "--watch", "--every", "1440", "--json"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads until it tells this.
    fn until(&mut self, event: &str) -> Value {
        loop {
            let line = self.lines.next().unwrap_or_else(|| panic!("it ended before {event}")).unwrap();
            let told: Value = serde_json::from_str(&line).unwrap();
            if told["event"] == event {
                return told;
            }
        }
    }

    /// Tells it to stop; its exit code and what it said to people.
    fn stop(mut self) -> (Option<i32>, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.lines.by_ref().for_each(drop);
        let ended = self.child.wait_with_output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    }
}

#[test]
fn it_goes_on_leaves_the_vault_to_others_in_between_and_stops_when_it_is_told() {
    let (program, server) = connected();
    // In the middle of a run: what is stored is whole, and the next run goes on.
    let mut watch = Watch::start(&program);
    watch.until("committed");
    let (code, said) = watch.stop();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(program.json(&["vault", "verify", "--json"])["ok"], true);

    let mut watch = Watch::start(&program);
    let summary = watch.until("finished");
    assert_eq!(summary["summary"]["jobs_failed"], 0);
    let waiting = watch.until("waiting");
    assert_eq!(waiting["until"], "2026-11-23T02:14:55Z");
    let asked = server.counts();
    // Nobody has the vault now.
    assert_eq!(program.json(&["client", "list", "--json"])["clients"][0]["client"], CLIENT);
    assert_eq!(program.run(&["--now", NOW, "sync"]).code, 0);
    let (code, said) = watch.stop();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(server.counts(), asked, "what is fresh is not asked again");

    // Its first run cannot begin: it says so like `sync`.
    let held = program.hold();
    let ran = program.run(&["--now", NOW, "sync", "--watch", "--every", "5"]);
    assert_eq!(ran.code, 75, "{}", ran.error);
    drop(held);
    std::fs::write(
        program.path("bailiwick/config/config.toml"),
        "sync_events_minutes = 0\nsync_costs_hours = 0\nsync_accounts_hours = 0\n",
    )
    .unwrap();
    let by_hand = program.refused(2, &["sync", "--watch"]);
    assert!(by_hand.contains("read by hand only: give --every MINUTES"), "{by_hand}");
}

#[test]
fn the_exit_code_follows_what_is_fresh_also_where_nothing_is_due() {
    let (program, server) = connected();
    server.set_troubles(vec![TroubleAt { trouble: Trouble::CostExplorerNeverEnabled, account: None }]);
    let first = program.run(&["--now", NOW, "sync"]);
    assert_eq!(first.code, 1, "{}", first.out);
    let asked = server.counts();
    let again = program.run(&["--now", NOW, "sync"]);
    assert_eq!((again.code, server.counts()), (1, asked), "{}", again.out);
    assert!(again.out.contains("nothing is due, but 1 of 4 sources are not fresh"), "{}", again.out);
    // Held by somebody else it is another code, and what is not enabled is asked for again in its time.
    let held = program.hold();
    assert_eq!(program.run(&["--now", NOW, "sync"]).code, 75);
    drop(held);
    server.set_troubles(Vec::new());
    let unpaid = server.counts().ce - 1;
    let later = "2026-11-22T12:00:00Z";
    let well = program.run(&["--now", later, "sync"]);
    assert_eq!(well.code, 0, "{}", well.out);
    let spend = program.json(&["--now", later, "sync", "--spend", "--json"]);
    assert_eq!(spend["clients"][0]["client"], CLIENT, "{spend}");
    assert_eq!(spend["months"], serde_json::json!(["2026-11-01"]));
    // The page that the payer's gate was answered, and those of this sync; what was refused before is not paid.
    let paid = server.counts().ce - unpaid;
    assert!(paid > 1, "{spend}");
    assert_eq!(spend["clients"][0]["requests"], paid, "{spend}");
    assert_eq!(spend["clients"][0]["months"], serde_json::json!([paid]));
    assert_eq!(spend["clients"][0]["usd"], Decimal::new(paid.try_into().unwrap(), 2).to_string());
    assert!(program.ok(&["--now", later, "sync", "--spend"]).contains("2026-11"));
}
