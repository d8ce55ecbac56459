//! One client of a small world, the server that stands for AWS, and what the binary says of a connection.

use crate::program::{Program, Ran};
use bailiwick::{
    app::fleet::role_of,
    domain::{FixedClock, Timestamp},
    sim::{
        server::{ServeOptions, SimKey, SimKeyKind, SimServer, TroubleAt},
        world::{SimAccount, SimClient, World, WorldConfig},
    },
};
use serde_json::Value;
use std::sync::Arc;

pub const NOW: &str = "2026-11-22T02:14:55Z";
/// A payer and one member.
pub const CLIENT: &str = "kestrel-freight";

pub struct Scene {
    pub world: Arc<World>,
    pub server: SimServer,
    pub program: Program,
}

impl Scene {
    pub fn new() -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let world = Arc::new(World::generate(WorldConfig { seed: 1, now, accounts: 24, events: 1_000 }));
        let keys = keys(&world);
        let options = ServeOptions { keys, ..ServeOptions::default() };
        let server = SimServer::start(world.clone(), Arc::new(FixedClock(now)), options).unwrap();
        let program = Program::with_vault().calling(&server.url(), &world.agency.access_key, "any");
        program.ok(&["client", "add", CLIENT]);
        let scene = Self { world, server, program };
        scene.config("");
        scene
    }

    pub fn client(&self) -> &SimClient {
        self.world.clients.iter().find(|c| c.id == CLIENT).unwrap()
    }

    pub fn account(&self, place: usize) -> &SimAccount {
        let id = self.client().accounts[place];
        self.world.accounts.iter().find(|a| a.id == id).unwrap()
    }

    pub fn arn(&self, place: usize) -> String {
        let account = self.account(place);
        format!("arn:aws:iam::{}:role/{}", account.id, role_of(account).unwrap())
    }

    /// `connect` of the payer (0) or the member (1), by the ExternalId its role was made with.
    pub fn connect(&self, place: usize, more: &[&str]) -> (i32, Value) {
        let (arn, id) = (self.arn(place), self.client().external_id.clone());
        let arguments = ["--now", NOW, "connect", CLIENT, "--role-arn", &arn, "--external-id", &id, "--json"];
        told(&self.program.run(&[&arguments[..], more].concat()))
    }

    pub fn troubles(&self, troubles: impl IntoIterator<Item = TroubleAt>) {
        self.server.set_troubles(troubles.into_iter().collect());
    }

    pub fn config(&self, text: &str) {
        std::fs::create_dir_all(self.program.path("bailiwick/config")).unwrap();
        // As fast as AWS itself allows, for these tests wait for little else.
        let text = format!("lookups_per_second = 2.0\n{text}");
        std::fs::write(self.program.path("bailiwick/config/config.toml"), text).unwrap();
    }
}

/// Keys beside the agency's: an IAM user of the payer, its root, and a session of IAM Identity Center.
pub fn keys(world: &World) -> Vec<SimKey> {
    let client = world.clients.iter().find(|c| c.id == CLIENT).unwrap();
    let key = |access_key: &str, token: Option<&str>, kind, allowed: &[&str]| SimKey {
        access_key: access_key.into(),
        token: token.map(Into::into),
        account: client.accounts[0],
        kind,
        allowed: allowed.iter().map(|a| (*a).to_owned()).collect(),
    };
    let three = ["ce:GetCostAndUsage", "cloudtrail:LookupEvents", "organizations:ListAccounts"];
    vec![
        key("AKIAUSERUSERUSERUSER", None, SimKeyKind::User { name: "auditor".into() }, &three),
        key("AKIAROOTROOTROOTROOT", None, SimKeyKind::Root, &["*"]),
        key(
            "ASIAPROFILEPROFILEPR",
            Some("token-of-the-profile"),
            SimKeyKind::Session { role: "AWSReservedSSO_Audit_0123456789abcdef".into(), name: "ines".into() },
            &three,
        ),
    ]
}

pub fn told(ran: &Ran) -> (i32, Value) {
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}")))
}

pub fn probe<'a>(report: &'a Value, name: &str) -> &'a Value {
    let found = report["results"].as_array().unwrap().iter().find(|result| result["probe"] == name);
    found.unwrap_or_else(|| panic!("{name}: {report}"))
}

/// The code and both sentences of a failed gate.
pub fn fails(report: &(i32, Value), code: &str, what: &str, next: &str) {
    let (exit, report) = report;
    assert_eq!((*exit, &report["gate"], &report["code"]), (1, &"failed".into(), &code.into()), "{report}");
    let text = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
    assert!(text("what").contains(what), "{report}");
    assert!(text("next_step").contains(next), "{report}");
}

/// A state of one service, in a connection that may be used.
pub fn state(report: &(i32, Value), name: &str, outcome: &str, code: &str, what: &str, next: &str) {
    let (exit, report) = report;
    assert_eq!((*exit, &report["gate"]), (0, &"passed".into()), "{report}");
    let found = probe(report, name);
    assert_eq!((&found["outcome"], &found["code"]), (&outcome.into(), &code.into()), "{report}");
    assert!(found["what"].as_str().unwrap().contains(what), "{found}");
    assert!(found["next_step"].as_str().unwrap().contains(next), "{found}");
}
