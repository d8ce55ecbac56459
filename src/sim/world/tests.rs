//! The world as a whole: what every config must give.

use super::*;
use crate::domain::ClientId;
use std::collections::BTreeSet;

#[test]
fn the_default_world_has_what_was_asked_for() {
    let config = WorldConfig { seed: 1, now: "2026-11-22T02:14:55Z".parse().unwrap(), accounts: 64, events: 40_000 };
    let world = World::generate(config);
    assert_eq!((world.clients.len(), world.accounts.len()), (12, 64));
}
