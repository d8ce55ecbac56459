//! Importing many clients: the plan against what is there, and doing it.

use super::{
    DeskError, Line, Way,
    bulk::{Case, Cases, Errand, until},
    data::{ClientData, Desk},
    view::{BulkProgress, ConnectReport, ImportAction, ImportReport},
};
use crate::{
    aws::Assume,
    connect::import::{self, ClientStep, ImportPlan, ImportRow, ImportWay, KnownClient, PlannedClient, RowStep},
    domain::ClientId,
};
use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
};

/// What is told of a run while it goes on.
struct Board<'a> {
    report: RefCell<ImportReport>,
    progress: Cell<BulkProgress>,
    tell: &'a dyn Fn(BulkProgress),
}

impl Desk {
    /// What is to be done with the rows of a file. Asks nobody and changes nothing.
    pub fn plan_import(&self, rows: &[ImportRow]) -> ImportPlan {
        let (clients, _) = self.all_clients();
        let known: Vec<KnownClient<'_>> = clients.iter().map(|data| data.for_import()).collect();
        import::plan(rows, &known, &self.damaged_clients())
    }

    /// Does what a plan says, until it is done or `stop` comes: clients are added and changed, then their accounts are put
    /// to the gate, as many at once as requests may be under way. What is done is kept at once. `tell` hears how far it is.
    pub async fn import<C: Assume>(
        &self,
        line: Option<&Line<'_, C>>,
        plan: &ImportPlan,
        stop: impl Future<Output = ()>,
        tell: &dyn Fn(BulkProgress),
    ) -> ImportReport {
        let report = ImportReport { preview: false, ..ImportReport::preview(plan) };
        let progress = BulkProgress { total: report.counts.tried.to_try, ..BulkProgress::default() };
        let board = Board { report: RefCell::new(report), progress: Cell::new(progress), tell };
        let cases = OnceCell::new();
        let stopped = until(self.do_import(line, plan, &cases, &board), stop).await;
        let judged = cases.get().map_or(Ok(()), |cases| self.judge_cases(cases));
        let stopped = stopped.or(judged.err().map(|error| error.to_string()));
        ImportReport { stopped, ..board.report.into_inner() }.counted()
    }

    async fn do_import<C: Assume>(
        &self,
        line: Option<&Line<'_, C>>,
        plan: &ImportPlan,
        cases: &OnceCell<Cases>,
        board: &Board<'_>,
    ) -> Result<(), DeskError> {
        let (mut errands, mut places): (Vec<Errand>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut begun = Cases::new();
        let mut of_client: BTreeMap<&ClientId, Vec<usize>> = BTreeMap::new();
        for (place, row) in plan.rows.iter().enumerate() {
            if let (Some(client), false) = (&row.client, matches!(row.step, RowStep::Refused(_))) {
                of_client.entry(client).or_default().push(place);
            }
        }
        for (client, rows) in of_client {
            // So that an interruption is heard.
            tokio::task::yield_now().await;
            let Some(planned) = plan.clients.get(client) else { continue };
            let case = match self.client_of_import(client, planned) {
                Ok(case) => case,
                // Where nothing can be written any more, the others would fail as well.
                Err(error) if self.vault.read_only().is_some() => return Err(error),
                Err(error) => {
                    board.refused(&rows, &error);
                    continue;
                }
            };
            board.client_is_there(&rows, planned.step);
            begun.insert(client.clone(), RefCell::new(case));
            for (place, errand) in errands_of(plan, client, &rows) {
                places.push(place);
                errands.push(errand);
            }
        }
        let Some(line) = line.filter(|_| !errands.is_empty()) else { return Ok(()) };
        let refused = self.permit_errands(&errands)?;
        let (mut permitted, mut at) = (Vec::new(), Vec::new());
        for (errand, place) in errands.into_iter().zip(places) {
            match refused.get(&errand.client) {
                Some(error) => board.ended(place, Err(error.to_string())),
                None => {
                    permitted.push(errand);
                    at.push(place);
                }
            }
        }
        (board.tell)(board.progress.get());
        let done = |n: usize, ending| {
            if let Some(place) = at.get(n) {
                board.ended(*place, ending);
            }
        };
        self.run_errands(line, cases.get_or_init(|| begun), &permitted, &done).await
    }

    /// The client as the file tells of it, added or changed if it has to be.
    fn client_of_import(&self, id: &ClientId, planned: &PlannedClient) -> Result<Case, DeskError> {
        match planned.step {
            ClientStep::Add => {
                drop(self.may_add_client(id, &planned.facts, "by an import, with an ExternalId of its own")?);
            }
            ClientStep::Change => drop(self.edit_client(id, &planned.facts)?),
            ClientStep::Keep => {}
        }
        let data = self.client_data(id)?;
        Ok(Case::new(&data, planned.external_id.as_ref()))
    }
}

impl ClientData {
    fn for_import(&self) -> KnownClient<'_> {
        KnownClient { profile: &self.profile, connections: &self.connections }
    }
}

fn errands_of(plan: &ImportPlan, client: &ClientId, rows: &[usize]) -> Vec<(usize, Errand)> {
    let errand = |place: &usize| {
        let row = plan.rows.get(*place).filter(|row| row.step.is_tried())?;
        let way = match row.way.as_ref()? {
            ImportWay::Role(role) => Way::Role(role.clone()),
            ImportWay::Profile(name) => Way::Profile(name.clone()),
        };
        let retest = row.step == RowStep::Test;
        Some((
            *place,
            Errand { client: client.clone(), way, alias: row.alias.clone(), kind: row.kind, depth: row.depth, retest },
        ))
    };
    rows.iter().filter_map(errand).collect()
}

impl Board<'_> {
    /// The client of these rows could not be added or changed.
    fn refused(&self, rows: &[usize], error: &DeskError) {
        for place in rows {
            let tried = self.report.borrow().rows.get(*place).is_some_and(|row| row.is_tried());
            match tried {
                true => self.ended(*place, Err(error.to_string())),
                false => {
                    if let Some(row) = self.report.borrow_mut().rows.get_mut(*place) {
                        row.what = Some(error.to_string());
                    }
                }
            }
        }
    }

    fn client_is_there(&self, rows: &[usize], step: ClientStep) {
        let mut report = self.report.borrow_mut();
        report.counts.clients_done += usize::from(step != ClientStep::Keep);
        for place in rows {
            if let Some(row) = report.rows.get_mut(*place) {
                row.done = matches!(row.action, ImportAction::ClientOnly | ImportAction::AlreadyConnected);
            }
        }
    }

    fn ended(&self, place: usize, ending: Result<ConnectReport, String>) {
        let usable = match self.report.borrow_mut().rows.get_mut(place) {
            Some(row) => {
                row.ended(ending);
                row.done
            }
            None => return,
        };
        let BulkProgress { total, done, usable: before } = self.progress.get();
        self.progress.set(BulkProgress { total, done: done + 1, usable: before + usize::from(usable) });
        (self.tell)(self.progress.get());
    }
}
