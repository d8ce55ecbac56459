//! Many accounts in one run: as many gates at once as requests may be under way, and what they prove is kept as it comes,
//! so that a run that is cut off loses nothing but what it was about to learn.

use super::{
    Action, DeskError, Line, Way,
    attempt::{Attempt, Tried, proved},
    connect::{Keeping, named},
    data::{ClientData, Desk},
    view::{ConnectReport, ConnectionView},
};
use crate::{
    aws::Assume,
    connect::Subject,
    domain::{Access, Account, AccountId, Client, ClientId, Connection, ConnectionKind, Depth, ExternalId, Untrusted},
    sync::{ClientStore, judge_connections},
};
use futures::{StreamExt, stream};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    pin::pin,
};

/// Accounts that are kept with one commit at most.
const BATCH: usize = 64;

/// A client in a run. Its records were read once, before: reading them anew for each account would take longer than the
/// gates.
pub(super) struct Case {
    /// With the ExternalId that is to open its roles.
    pub(super) client: Client,
    /// The ExternalId it has.
    pub(super) own: ExternalId,
    pub(super) connections: Vec<Connection>,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) store: ClientStore,
    /// What was kept in this run.
    kept: BTreeSet<AccountId>,
}

impl Case {
    /// A client as it is kept, to be opened with an ExternalId.
    pub(super) fn new(data: &ClientData, external_id: Option<&ExternalId>) -> Self {
        let own = data.profile.external_id.clone();
        let external_id = external_id.cloned().unwrap_or_else(|| own.clone());
        Self {
            client: Client { external_id, ..data.profile.clone() },
            own,
            connections: data.connections.clone(),
            accounts: data.accounts.clone(),
            store: data.store.clone(),
            kept: BTreeSet::new(),
        }
    }

    fn connection(&self, account: AccountId) -> Option<&Connection> {
        self.connections.iter().find(|c| c.account() == account)
    }

    /// Whether another ExternalId than the client's own is tried.
    fn imports(&self) -> bool {
        self.own != self.client.external_id
    }

    /// Takes in what was kept.
    fn take(&mut self, connection: &Connection) {
        self.own = self.client.external_id.clone();
        self.kept.insert(connection.account());
        match self.connections.iter_mut().find(|known| known.id == connection.id) {
            Some(known) => *known = connection.clone(),
            None => self.connections.push(connection.clone()),
        }
    }
}

/// One account of a run.
pub(super) struct Errand {
    /// Which of the clients.
    pub(super) client: ClientId,
    pub(super) way: Way,
    pub(super) alias: Option<Untrusted>,
    pub(super) kind: Option<ConnectionKind>,
    /// Which of its events are read; `None` leaves it as it is.
    pub(super) depth: Option<Depth>,
    /// The connection is there, and its gate is to be tried again.
    pub(super) retest: bool,
}

/// What became of an account; a refusal in words if it was not even tried.
pub(super) type Ending = Result<ConnectReport, String>;

/// The clients of a run.
pub(super) type Cases = BTreeMap<ClientId, RefCell<Case>>;

/// An errand that came back from AWS.
struct Found {
    errand: usize,
    tried: Tried,
}

impl Desk {
    /// Notes what a run is about to try: an entry for each client, or two. The clients of which it could not be noted, and
    /// which must not be tried.
    ///
    /// # Errors
    /// When nothing can be noted.
    pub(super) fn permit_errands(&self, errands: &[Errand]) -> Result<BTreeMap<ClientId, DeskError>, DeskError> {
        let mut of_client: BTreeMap<&ClientId, Vec<&Errand>> = BTreeMap::new();
        errands.iter().for_each(|errand| of_client.entry(&errand.client).or_default().push(errand));
        let (mut added, mut tested) = (Vec::new(), Vec::new());
        for (client, errands) in of_client {
            let (again, new): (Vec<&Errand>, Vec<&Errand>) = errands.into_iter().partition(|errand| errand.retest);
            if !new.is_empty() {
                added.push((client, format!("if they pass the gate: {}", told(&new))));
            }
            if !again.is_empty() {
                tested.push((client, format!("connections {}", told(&again))));
            }
        }
        let mut refused = BTreeMap::new();
        for (action, details) in [(Action::ConnectionAdd, added), (Action::ConnectionTest, tested)] {
            let Err(error) = self.permit_all(action, &details) else { continue };
            // Where one client's records are damaged, that must not keep out the others.
            for alone in details.chunks(1) {
                match (self.permit_all(action, alone), alone) {
                    (Err(_), _) if self.vault.read_only().is_some() => return Err(error),
                    (Err(error), [(client, _), ..]) => drop(refused.insert((*client).clone(), error)),
                    _ => {}
                }
            }
        }
        Ok(refused)
    }

    /// Puts all to the gate and keeps what proves itself. `done` hears each as it is over, and is never called again for
    /// what was durable then. Dropping this keeps what was kept.
    ///
    /// # Errors
    /// When the vault cannot be written any more: nothing that follows could be kept either.
    pub(super) async fn run_errands<C: Assume>(
        &self,
        line: &Line<'_, C>,
        cases: &Cases,
        errands: &[Errand],
        done: &dyn Fn(usize, Ending),
    ) -> Result<(), DeskError> {
        let jobs = errands.iter().enumerate().map(async |(n, errand)| (n, self.errand(line, cases, n, errand).await));
        let jobs = stream::iter(jobs).buffer_unordered(line.pacer.concurrency());
        // What came back while the last of them were kept is kept together.
        let mut ready = pin!(jobs.ready_chunks(BATCH));
        while let Some(batch) = ready.next().await {
            let mut found: BTreeMap<&ClientId, Vec<Found>> = BTreeMap::new();
            for (n, came) in batch {
                match (came, errands.get(n)) {
                    (Ok(back), Some(errand)) => found.entry(&errand.client).or_default().push(back),
                    (Ok(_), None) => {}
                    (Err(ending), _) => done(n, ending),
                }
            }
            self.keep_found(cases, errands, found, done)?;
        }
        Ok(())
    }

    /// Lets the connection checks judge the clients of which something was kept.
    pub(super) fn judge_cases(&self, cases: &Cases) -> Result<(), DeskError> {
        for case in cases.values().map(RefCell::borrow).filter(|case| !case.kept.is_empty()) {
            judge_connections(&case.store, &self.checks, self.now())?;
        }
        Ok(())
    }

    async fn errand<C: Assume>(
        &self,
        line: &Line<'_, C>,
        cases: &Cases,
        n: usize,
        errand: &Errand,
    ) -> Result<Found, Ending> {
        let unreachable = |failure| Ok(ConnectReport::unreachable(&errand.client, &errand.way, self.now(), failure));
        let (access, ours) = self.way(line, &errand.way).await.map_err(unreachable)?;
        let case = cases.get(&errand.client).ok_or_else(|| Err("the client is not there any more".to_owned()))?;
        let account = access.account();
        self.may_have(cases, &errand.client, &access).map_err(Err)?;
        // Nothing of the case is held while AWS is asked: it changes with what is kept meanwhile.
        let (client, own, known) = {
            let case = case.borrow();
            (case.client.clone(), case.own.clone(), case.connection(account).cloned())
        };
        let evident = |connection: &Connection| {
            let case = case.borrow();
            self.evidence(connection, &case.connections, case.accounts.values(), line)
        };
        if let Some(mut connection) = known.clone().filter(|_| errand.retest) {
            let kind = errand.kind.or_else(|| connection.known_kind());
            let evidence = evident(&connection);
            let subject = Subject { kind, ..Subject::of(&connection, &client.external_id, None, evidence) };
            let verdict = self.verdict(line, &client.id, &subject, &|_| {}).await;
            let verdict = verdict.map_err(|error| Err(error.to_string()))?;
            let requests = verdict.requests;
            verdict.apply(&mut connection);
            connection.alias = errand.alias.clone().or(connection.alias);
            connection.depth = errand.depth.unwrap_or(connection.depth);
            return Ok(Found { errand: n, tried: Tried { connection, requests } });
        }
        let attempt = Attempt {
            client: &client,
            own: (own != client.external_id).then_some(&own),
            access,
            kind: errand.kind.or_else(|| ours.then_some(ConnectionKind::Own)),
            alias: errand.alias.clone(),
            depth: errand.depth,
            known: known.as_ref(),
            key: None,
            evidence: evident,
        };
        let tried = self.attempt(line, attempt, &|_| {}).await.map_err(|error| Err(error.to_string()))?;
        Ok(Found { errand: n, tried })
    }

    /// An account is connected once in a run. A profile tells only when it is asked whose account it leads into, so a line
    /// of another client, or of the same with another way in, can be there before.
    fn may_have(&self, cases: &Cases, client: &ClientId, access: &Access) -> Result<(), String> {
        let account = access.account();
        if let Access::Profile { .. } = access {
            self.belongs_to(client, account).map_err(|error| error.to_string())?;
        }
        if cases.values().any(|case| case.borrow().kept.contains(&account)) {
            return Err(format!("{access} leads into {account}, which was connected in this run already"));
        }
        Ok(())
    }

    /// Keeps what proved itself, all of it with one commit.
    fn keep_found(
        &self,
        cases: &Cases,
        errands: &[Errand],
        found: BTreeMap<&ClientId, Vec<Found>>,
        done: &dyn Fn(usize, Ending),
    ) -> Result<(), DeskError> {
        let mut claimed: BTreeSet<AccountId> = BTreeSet::new();
        let mut keeping: Vec<(&RefCell<Case>, Vec<Found>)> = Vec::new();
        for (case, found) in found.into_iter().filter_map(|(client, found)| Some((cases.get(client)?, found))) {
            let mut kept = Vec::new();
            for back in found {
                let account = back.tried.connection.account();
                let retested = errands.get(back.errand).is_some_and(|errand| errand.retest);
                if !retested && !proved(&back.tried.connection) {
                    done(back.errand, self.ending(&back, false));
                } else if let Err(refused) =
                    self.may_have(cases, &case.borrow().client.id, &back.tried.connection.access)
                {
                    done(back.errand, Err(refused));
                } else if !claimed.insert(account) {
                    done(back.errand, Err(format!("{account} was connected in this run already")));
                } else {
                    kept.push(back);
                }
            }
            if !kept.is_empty() {
                keeping.push((case, kept));
            }
        }
        let Err(error) = self.keep_all(&keeping, done) else { return Ok(()) };
        // Where one client's records are damaged, that must not keep out the others.
        for alone in keeping.chunks(1) {
            match self.keep_all(alone, done) {
                Ok(()) => {}
                Err(_) if self.vault.read_only().is_some() => return Err(error),
                Err(error) => {
                    let errands = alone.iter().flat_map(|(_, kept)| kept.iter().map(|back| back.errand));
                    errands.for_each(|n| done(n, Err(error.to_string())));
                }
            }
        }
        Ok(())
    }

    fn keep_all(
        &self,
        keeping: &[(&RefCell<Case>, Vec<Found>)],
        done: &dyn Fn(usize, Ending),
    ) -> Result<(), DeskError> {
        let together = keeping.iter().map(|(case, kept)| Keeping {
            client: case.borrow().client.clone(),
            connections: kept.iter().map(|back| back.tried.connection.clone()).collect(),
        });
        let together: Vec<Keeping> = together.collect();
        let imported = keeping.iter().zip(&together).filter(|((case, _), _)| case.borrow().imports());
        let imported: Vec<(&ClientId, String)> = imported
            .map(|(_, kept)| {
                let accounts: Vec<AccountId> = kept.connections.iter().map(Connection::account).collect();
                (&kept.client.id, format!("that of {} takes the place of the one made here", named(&accounts)))
            })
            .collect();
        self.permit_all(Action::ExternalIdImport, &imported)?;
        self.keep_together(&together)?;
        for (case, kept) in keeping {
            for back in kept {
                case.borrow_mut().take(&back.tried.connection);
                done(back.errand, self.ending(back, true));
            }
        }
        Ok(())
    }

    fn ending(&self, found: &Found, kept: bool) -> Ending {
        let view = ConnectionView::new(&found.tried.connection, None, self.now());
        Ok(ConnectReport { kept, requests: found.tried.requests, connection: view })
    }
}

/// What is tried, as an entry of the audit log names it.
fn told(errands: &[&Errand]) -> String {
    let accounts: Vec<AccountId> = errands.iter().filter_map(|errand| errand.way.account()).collect();
    match errands.len() - accounts.len() {
        0 => named(&accounts),
        profiles => format!("{} and {profiles} by a profile", named(&accounts)),
    }
}

/// Does work until it is done or `stop` comes. Why it ended before its end, if so.
pub(super) async fn until(
    work: impl Future<Output = Result<(), DeskError>>,
    stop: impl Future<Output = ()>,
) -> Option<String> {
    tokio::select! {
        done = work => done.err().map(|error| error.to_string()),
        () = stop => Some("it was interrupted".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::fixtures,
        domain::{ClientFacts, Partition},
    };

    #[test]
    fn an_account_is_connected_once_in_a_run_whatever_the_way_and_the_client() {
        let dir = tempfile::tempdir().unwrap();
        let desk = fixtures::desk(dir.path());
        let (acme, blue): (ClientId, ClientId) = ("acme".parse().unwrap(), "blue".parse().unwrap());
        let mut cases = Cases::new();
        for client in [&acme, &blue] {
            desk.add_client(client, &ClientFacts::default()).unwrap();
            let data = desk.client_data(client).unwrap();
            cases.insert(client.clone(), RefCell::new(Case::new(&data, None)));
        }
        let account: AccountId = "111122223333".parse().unwrap();
        let role = Access::Role { role: format!("arn:aws:iam::{account}:role/x").parse().unwrap() };
        let profile = Access::Profile { name: "blue".parse().unwrap(), account, partition: Partition::Aws };
        for access in [&role, &profile] {
            assert_eq!(desk.may_have(&cases, &acme, access), Ok(()));
        }
        // The profile of another client was kept before, or that of the same.
        for owner in [&blue, &acme] {
            cases[owner].borrow_mut().kept.insert(account);
            for access in [&role, &profile] {
                let refused = desk.may_have(&cases, &acme, access).unwrap_err();
                assert!(refused.contains("which was connected in this run already"), "{refused}");
            }
            cases[owner].borrow_mut().kept.clear();
        }
    }
}
