//! Slots for requests under way, shared fairly: whoever waits is served in turn by party, so that a client with a thousand
//! accounts does not keep one with two waiting.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    rc::Rc,
};
use tokio::sync::oneshot;

/// Whom requests belong to. One per client.
pub(super) type Party = u32;

/// A fixed number of slots.
#[derive(Debug, Clone)]
pub(super) struct FairSlots(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    /// Parties that wait, in the order in which they are served.
    turns: VecDeque<Party>,
    waiting: HashMap<Party, VecDeque<oneshot::Sender<Slot>>>,
}

/// One slot, until it is dropped. `None` is no slot.
#[derive(Debug)]
pub struct Slot(Option<FairSlots>);

impl FairSlots {
    /// So many of them, at least one.
    pub(super) fn new(slots: usize) -> Self {
        Self(Rc::new(RefCell::new(State { free: slots.max(1), turns: VecDeque::new(), waiting: HashMap::new() })))
    }

    /// Waits for a slot. Of a party's own requests the first to come is the first to be served.
    pub(super) async fn take(&self, party: Party) -> Slot {
        let (hand, handed) = oneshot::channel();
        {
            let mut state = self.0.borrow_mut();
            if state.free > 0 {
                state.free -= 1;
                return Slot(Some(self.clone()));
            }
            let queue = state.waiting.entry(party).or_default();
            queue.push_back(hand);
            if queue.len() == 1 {
                state.turns.push_back(party);
            }
        }
        // A sender is dropped only with the slots themselves.
        handed.await.unwrap_or(Slot(None))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(slots) = self.0.take() else { return };
        loop {
            let Some(next) = slots.0.borrow_mut().next() else { break };
            // One that gave up meanwhile is passed over.
            match next.send(Slot(Some(slots.clone()))) {
                Ok(()) => return,
                Err(mut unwanted) => unwanted.0 = None,
            }
        }
        slots.0.borrow_mut().free += 1;
    }
}

impl State {
    /// Who waits longest of the party whose turn it is; that party goes to the end of the line.
    fn next(&mut self) -> Option<oneshot::Sender<Slot>> {
        let party = self.turns.pop_front()?;
        let queue = self.waiting.get_mut(&party)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&party);
        } else {
            self.turns.push_back(party);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;

    #[tokio::test]
    async fn a_small_party_is_served_in_turn_with_a_large_one() {
        let slots = FairSlots::new(1);
        let served = RefCell::new(Vec::new());
        let held = slots.take(9).await;
        let ask = async |party| {
            let _slot = slots.take(party).await;
            served.borrow_mut().push(party);
        };
        let large = (0..6).map(|_| ask(1));
        let small = (0..2).map(|_| ask(2));
        let all = join_all(large.chain(small));
        let release = async {
            tokio::task::yield_now().await;
            drop(held);
        };
        futures::join!(all, release);
        assert_eq!(*served.borrow(), [1, 2, 1, 2, 1, 1, 1, 1]);
        assert_eq!(slots.0.borrow().free, 1);
    }

    #[tokio::test]
    async fn who_gave_up_is_passed_over_and_no_slot_is_lost() {
        let slots = FairSlots::new(2);
        let (one, two) = (slots.take(1).await, slots.take(1).await);
        {
            let mut gone = Box::pin(slots.take(1));
            assert!(futures::poll!(&mut gone).is_pending());
            let mut handed = Box::pin(slots.take(2));
            assert!(futures::poll!(&mut handed).is_pending());
            drop(gone);
            // Handed over and then dropped unread: it must come back.
            drop(one);
        }
        drop(two);
        assert_eq!(slots.0.borrow().free, 2);
        let all = [slots.take(3).await, slots.take(3).await];
        assert_eq!(slots.0.borrow().free, 0);
        drop(all);
    }
}
