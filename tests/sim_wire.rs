//! The simulator's server, driven over real HTTP by the unmodified AWS SDK and by hand-written bytes.

#[path = "sim_wire/world.rs"]
mod world;
#[path = "sim_wire/client.rs"]
mod client;
#[path = "sim_wire/bytes.rs"]
mod bytes;
#[path = "sim_wire/cloudtrail.rs"]
mod cloudtrail;
#[path = "sim_wire/costs.rs"]
mod costs;
#[path = "sim_wire/faults.rs"]
mod faults;
#[path = "sim_wire/keys.rs"]
mod keys;
#[path = "sim_wire/organizations.rs"]
mod organizations;
#[path = "sim_wire/sts.rs"]
mod sts;
#[path = "sim_wire/trust.rs"]
mod trust;
#[path = "sim_wire/troubles.rs"]
mod troubles;
