//! The event history of every account, by region and time, so that a page touches only what it returns.

use crate::{
    domain::{Region, Timestamp},
    sim::{events::SimEvent, world::World},
};
use std::{collections::HashMap, ops::Range};

/// Per account (by its index in the world): per region, the indices of its events, oldest first.
#[derive(Debug)]
pub(super) struct History(Vec<HashMap<Region, Vec<u32>>>);

impl History {
    /// Indexes a world.
    pub fn new(world: &World) -> Self {
        let accounts = world.accounts.iter().map(|account| {
            let mut regions: HashMap<Region, Vec<u32>> = HashMap::new();
            for (index, event) in (0u32..).zip(&account.events) {
                match regions.get_mut(&event.region) {
                    Some(indices) => indices.push(index),
                    None => {
                        regions.insert(event.region.clone(), vec![index]);
                    }
                }
            }
            for indices in regions.values_mut() {
                indices.sort_by_key(|&index| account.events.get(index as usize).map(|event| event.time));
            }
            regions
        });
        Self(accounts.collect())
    }

    /// The events of one account in one region.
    pub fn of<'a>(&'a self, account: Option<usize>, events: &'a [SimEvent], region: &Region) -> Shelf<'a> {
        let indices = account.and_then(|account| self.0.get(account)).and_then(|regions| regions.get(region));
        Shelf { indices: indices.map_or(&[], Vec::as_slice), events }
    }
}

/// The events of one account in one region, oldest first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shelf<'a> {
    indices: &'a [u32],
    events: &'a [SimEvent],
}

impl<'a> Shelf<'a> {
    /// The event at a position.
    pub fn get(self, position: usize) -> Option<&'a SimEvent> {
        self.indices.get(position).and_then(|&index| self.events.get(index as usize))
    }

    /// Positions of the events from `start` to `end`, both inclusive.
    pub fn span(self, start: Timestamp, end: Timestamp) -> Range<usize> {
        let before = |limit: &dyn Fn(Timestamp) -> bool| {
            self.indices
                .partition_point(|&index| self.events.get(index as usize).is_some_and(|event| limit(event.time)))
        };
        before(&|time| time < start)..before(&|time| time <= end)
    }
}
