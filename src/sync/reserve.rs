//! Entering pages of Cost Explorer in the ledgers before they are asked for: those that wait together, in one commit.

use super::{Caps, LedgerTurn, costs::store_failure, store::ClientStore};
use crate::{
    domain::{ClientId, Failure, FailureKind, Timestamp},
    vault::{Batch, VaultError},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// The pages that wait to be entered.
#[derive(Clone, Default)]
pub(super) struct Reservations(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether somebody is about to write for all of them.
    called: bool,
}

struct Waiting {
    store: ClientStore,
    at: Timestamp,
    told: oneshot::Sender<Result<(), Failure>>,
}

impl Reservations {
    /// Enters one page of a client that is about to be asked for, durably.
    ///
    /// # Errors
    /// The cap that is reached, or why the ledger could not be written.
    pub(super) async fn enter(&self, store: ClientStore, caps: Caps, at: Timestamp) -> Result<(), Failure> {
        let (told, answer) = oneshot::channel();
        let first = {
            let mut queue = self.queue();
            queue.waiting.push(Waiting { store, at, told });
            !std::mem::replace(&mut queue.called, true)
        };
        // Whoever comes first has it written for all that wait by then.
        if first {
            let all = self.clone();
            tokio::task::spawn_blocking(move || all.write(caps));
        }
        answer.await.unwrap_or_else(|_| {
            let what = "a worker stopped unexpectedly before it had entered a page in the ledger";
            Err(Failure::new(FailureKind::Bug, what, "please report this; nothing that was stored is lost"))
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, caps: Caps) {
        // More of them come while others change ledgers.
        let _turn = LedgerTurn::wait();
        let mut by_client: BTreeMap<ClientId, Vec<Waiting>> = BTreeMap::new();
        for waiting in std::mem::take(&mut *self.queue()).waiting {
            // A page that nobody waits for any more will not be asked for.
            if !waiting.told.is_closed() {
                by_client.entry(waiting.store.client().clone()).or_default().push(waiting);
            }
        }
        keep(by_client.into_values().filter_map(|waiting| enter(waiting, caps)).collect());
    }
}

/// Makes what was entered durable, and tells it.
fn keep(entered: Vec<Entered>) {
    let together = commit(&entered);
    for one in entered {
        // One client's trouble, as that it was removed meanwhile, is not another's.
        let kept = if together.is_ok() { Ok(()) } else { commit([&one]) };
        let kept = kept.map_err(store_failure);
        one.waiting.into_iter().for_each(|waiting| tell(waiting, kept.clone()));
    }
}

/// The pages of one client that were entered in its ledger, and who waits for that to be durable.
struct Entered {
    store: ClientStore,
    ledger: super::SpendLedger,
    waiting: Vec<Waiting>,
}

/// Enters what the caps leave room for, and tells the others.
fn enter(waiting: Vec<Waiting>, caps: Caps) -> Option<Entered> {
    let store = waiting.first()?.store.clone();
    let mut ledger = match store.spend() {
        Ok(ledger) => ledger,
        Err(error) => {
            let failure = store_failure(error);
            waiting.into_iter().for_each(|one| tell(one, Err(failure.clone())));
            return None;
        }
    };
    let mut entered = Vec::new();
    for one in waiting {
        match ledger.check(store.client(), caps, one.at) {
            Ok(()) => {
                ledger.enter(1, one.at);
                entered.push(one);
            }
            Err(reached) => tell(one, Err(reached)),
        }
    }
    (!entered.is_empty()).then_some(Entered { store, ledger, waiting: entered })
}

fn commit<'e>(entered: impl IntoIterator<Item = &'e Entered>) -> Result<(), VaultError> {
    let (mut batch, mut vault) = (Batch::new(), None);
    for Entered { store, ledger, .. } in entered {
        let mut draft = store.draft();
        draft.spend(ledger)?;
        batch.append(draft.into_batch());
        vault = Some(store.vault());
    }
    vault.map_or(Ok(()), |vault| vault.commit(batch))
}

fn tell(waiting: Waiting, answer: Result<(), Failure>) {
    // Whoever does not listen any more has gone.
    let _ = waiting.told.send(answer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::fixtures;
    use futures::future::join_all;

    #[test]
    fn pages_that_wait_together_are_entered_in_one_commit_and_the_caps_hold() {
        let dir = tempfile::tempdir().unwrap();
        let (store, now) = (fixtures::store(dir.path()), fixtures::now());
        let vault = store.vault().clone();
        let other: ClientId = "globex".parse().unwrap();
        vault.add_client(&other).unwrap();
        let other = ClientStore::new(vault.clone(), other);
        let gone = ClientStore::new(vault.clone(), "gone".parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let enter = |stores: Vec<&ClientStore>| {
            let reservations = Reservations::default();
            let caps = Caps { day: 3, month: 0 };
            let all: Vec<_> = stores.into_iter().map(|store| reservations.enter(store.clone(), caps, now)).collect();
            runtime.block_on(join_all(all))
        };
        let before = vault.revision();
        let answers = enter(vec![&store, &other, &store, &store, &store]);
        let refused: Vec<bool> = answers.iter().map(Result::is_err).collect();
        assert_eq!(refused, [false, false, false, false, true], "{answers:?}");
        assert_eq!(answers[4].as_ref().unwrap_err().kind, FailureKind::BudgetReached);
        let pages = |store: &ClientStore| store.spend().unwrap().on(now.day());
        assert_eq!((pages(&store), pages(&other), vault.revision() - before), (3, 1, 1));
        // A client that is not there any more keeps nobody from being entered, also where it goes meanwhile.
        let answers = enter(vec![&gone, &other]);
        assert_eq!((answers[0].is_err(), answers[1].is_ok(), pages(&other)), (true, true, 2), "{answers:?}");
        let (mut entered, answers): (Vec<Entered>, Vec<_>) =
            [&gone, &other].map(|store| entered(store, now)).into_iter().unzip();
        entered[1].ledger.enter(2, now);
        keep(entered);
        let told = answers.into_iter().map(|mut answer| answer.try_recv().unwrap().is_ok());
        assert_eq!((told.collect::<Vec<_>>(), pages(&other)), (vec![false, true], 2));
    }

    fn entered(store: &ClientStore, at: Timestamp) -> (Entered, oneshot::Receiver<Result<(), Failure>>) {
        let (told, answer) = oneshot::channel();
        let waiting = vec![Waiting { store: store.clone(), at, told }];
        (Entered { store: store.clone(), ledger: Default::default(), waiting }, answer)
    }

    #[test]
    fn a_page_that_nobody_waits_for_any_more_is_not_entered() {
        let dir = tempfile::tempdir().unwrap();
        let (store, now) = (fixtures::store(dir.path()), fixtures::now());
        let reservations = Reservations::default();
        let (told, answer) = oneshot::channel();
        reservations.queue().waiting.push(Waiting { store: store.clone(), at: now, told });
        drop(answer);
        reservations.write(Caps::default());
        assert_eq!(store.spend().unwrap().on(now.day()), 0);
    }
}
