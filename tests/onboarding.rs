//! Many accounts at once, by the real binary against the simulator: the members of an organization, and an import.

mod program;

#[path = "onboarding/import.rs"]
mod import;
#[path = "onboarding/members.rs"]
mod members;
#[path = "onboarding/quarantine.rs"]
mod quarantine;
#[path = "onboarding/world.rs"]
mod world;
