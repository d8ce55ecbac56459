//! The simulated AWS, and homes whose vaults hold one of its clients.

use crate::{
    program::Program,
    run::{Trouble, run},
};
use bailiwick::{
    app::fleet::role_of,
    domain::{FixedClock, Timestamp},
    sim::{
        server::{ServeOptions, SimServer},
        world::{World, WorldConfig},
    },
};
use std::sync::Arc;

pub const NOW: &str = "2026-11-22T02:14:55Z";
/// The same day, when everything is due again.
pub const LATER: &str = "2026-11-22T12:14:55Z";
/// A payer and a member account, and a key that leaked in one of them.
pub const CLIENT: &str = "kestrel-freight";

/// A home from which cases start, and the AWS that it calls. No case changes it: each works in a copy.
pub struct Fleet {
    template: Program,
    _server: SimServer,
}

impl Fleet {
    /// The client is connected; nothing was read yet. AWS lives at [`LATER`] all the time. Backups are made when they
    /// are asked for.
    pub fn connected() -> Self {
        let now: Timestamp = LATER.parse().unwrap();
        let world = Arc::new(World::generate(WorldConfig { seed: 1, now, accounts: 24, events: 1_000 }));
        let options = ServeOptions::default();
        let server = SimServer::start(world.clone(), Arc::new(FixedClock(now)), options).unwrap();
        let template = Program::with_vault().calling(&server.url(), &world.agency.access_key, "any");
        std::fs::create_dir_all(template.path("bailiwick/config")).unwrap();
        let fleet = Self { template, _server: server };
        fleet.set("backup_automatic = false");
        connect(&fleet.template, &world);
        fleet
    }

    /// The first sync of a day makes a backup, as it does for everybody who does not turn that off.
    pub fn backing_up(self) -> Self {
        self.set("backup_automatic = true");
        self
    }

    fn set(&self, line: &str) {
        let file = self.template.path("bailiwick/config/config.toml");
        std::fs::write(file, format!("lookups_per_second = 2.0\n{line}\n")).unwrap();
    }

    /// Everything was read once, [`NOW`].
    pub fn synced() -> Self {
        let fleet = Self::connected();
        sync(&fleet.template, NOW);
        fleet
    }

    /// The home that all copies are made from, for a scenario that adds to it first.
    pub fn template(&self) -> &Program {
        &self.template
    }

    /// A home of its own for one case.
    pub fn home(&self) -> Program {
        // Made again by whoever opens the copy; copying it would take longest of all.
        let _ = std::fs::remove_file(self.template.vault().join("ballast"));
        self.template.copy()
    }
}

/// Reads everything that is due.
pub fn sync(program: &Program, now: &str) {
    let ended = run(program, &["--now", now, "sync", "--json"], Trouble::default());
    assert_eq!((ended.code, ended.error.as_str()), (Some(0), ""), "{}", ended.out);
}

fn connect(program: &Program, world: &World) {
    let client = world.clients.iter().find(|c| c.id == CLIENT).unwrap();
    program.ok(&["--now", NOW, "client", "add", CLIENT, "--name", &client.name]);
    for id in &client.accounts {
        let account = world.accounts.iter().find(|a| a.id == *id).unwrap();
        let arn = format!("arn:aws:iam::{id}:role/{}", role_of(account).unwrap());
        program.ok(&["--now", NOW, "connect", CLIENT, "--role-arn", &arn, "--external-id", &client.external_id]);
    }
}
