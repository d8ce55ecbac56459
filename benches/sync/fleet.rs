//! The fleet that is read: the simulated one, with so many full pages of events in every account.

use bailiwick::{
    domain::{AccountState, Region, Timestamp},
    sim::{
        events::SimEvent,
        world::{World, WorldConfig},
    },
};

/// Events on a page.
const PAGE: usize = 50;
/// Days of events that a first sync reads, in seconds.
pub const WINDOW: i64 = 14 * 86_400;

/// The regions that every account has, the home region first.
pub const REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "us-west-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-north-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

/// The present of the simulator and of the sync.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000)
}

/// What a fleet is made from.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Accounts; the simulated world has 24 at least.
    pub accounts: usize,
    /// Full pages of events in each.
    pub pages: usize,
    /// Over how many regions the pages are spread.
    pub regions: usize,
    /// Whether essential depth reads them all.
    pub essential: bool,
}

impl Shape {
    /// Pages of one region.
    pub fn pages_of(&self, region: usize) -> usize {
        (region..self.pages).step_by(self.regions).count()
    }

    /// Nothing is wrong in this fleet: every role opens for us, no region is denied, every payer has Cost Explorer. Who
    /// there is does not depend on whether its events are asked for.
    pub fn world(&self, events: bool) -> World {
        let filled = events;
        let events = if filled { self.accounts * self.pages * PAGE } else { 0 };
        let config = WorldConfig { seed: 1, now: now(), accounts: self.accounts, events };
        let mut world = World::generate(config);
        let spare: Vec<SimEvent> = world.accounts.iter().flat_map(|a| a.events.iter().take(PAGE)).cloned().collect();
        for account in &mut world.accounts {
            account.state = AccountState::Active;
            account.denied_regions.clear();
            let client = &world.clients[account.client];
            account.cost_explorer = client.organization.is_none() || account.is_management;
            account.roles.iter_mut().for_each(|role| role.external_id = Some(client.external_id.clone()));
            account.events =
                if filled { self.events(account.id.number(), &account.events, &spare) } else { Vec::new() };
        }
        world
    }

    /// The account's own events again and again until all pages are full, each with an id, a time and a place of its own.
    fn events(&self, account: u64, own: &[SimEvent], spare: &[SimEvent]) -> Vec<SimEvent> {
        let fits = |event: &&SimEvent| !self.essential || !event.read_only;
        let mut own: Vec<&SimEvent> = own.iter().filter(fits).collect();
        if own.is_empty() {
            own = spare.iter().filter(fits).collect();
        }
        let mut all = Vec::with_capacity(self.pages * PAGE);
        for (place, region) in REGIONS.into_iter().take(self.regions).enumerate() {
            let region: Region = region.parse().expect("a region");
            let count = self.pages_of(place) * PAGE;
            for n in 0..count {
                let mut event = own[(place + n * self.regions) % own.len()].clone();
                event.id = id(account, (place * 1_000_000 + n) as u64);
                event.region = region.clone();
                // Evenly over the two weeks, and within them.
                event.time = now().plus(60 - WINDOW + (WINDOW - 120) * n as i64 / count as i64);
                all.push(event);
            }
        }
        all.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        all
    }
}

/// A UUID. Ids do not compress, so these must not either.
fn id(account: u64, number: u64) -> String {
    let mix = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let (high, low) = (mix(account ^ number << 40), mix(account.rotate_left(20) ^ number));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
