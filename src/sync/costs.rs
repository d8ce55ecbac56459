//! The costs job: the questions that are due, page by page, each answer committed as it is complete.

use super::{
    engine::{ClientRun, Context},
    lease::{CallError, Lease},
    pages::{Astray, Pages},
    plan::{CostState, cost_queries},
    restate::restated,
};
use crate::{
    aws::{Api, Assume, CostPeriod, CostQuery, CostRow, Costs, Granularity, Grouping, Job},
    checks::Spending,
    domain::{
        AccountId, Connection, CostCell, CostMonth, CostSplit, Currency, DayCosts, Failure, FailureClass, FailureKind,
        JobId, Source, SourceState, SplitCell, Timestamp, Untrusted,
    },
    vault::VaultError,
};
use std::collections::{BTreeMap, BTreeSet};

/// The whole answer to one question.
#[derive(Default)]
struct Answer {
    periods: BTreeMap<crate::domain::Day, CostPeriod>,
    names: BTreeMap<AccountId, Untrusted>,
}

impl<C: Assume> Context<C> {
    /// Reads what is due of a connection's costs.
    pub(super) async fn costs(&self, run: &ClientRun, connection: &Connection, job: JobId) {
        let outcome = self.read_costs(run, connection, job).await;
        let store = run.store.clone();
        let (id, now) = (connection.id.clone(), self.now());
        // What was read says so in its own commit; here it is only told why it was not.
        let recorded = match outcome.as_ref().err().cloned() {
            None => Ok(()),
            // That says nothing of the source.
            Some(failure) if failure.kind == FailureKind::Cancelled => Ok(()),
            failure => {
                self.blocking(run, move || {
                    let mut draft = store.draft();
                    // Nobody enables Cost Explorer within the hour: it is asked again when costs would be due.
                    if failure.as_ref().is_some_and(|f| f.kind.class() == FailureClass::NotEnabled) {
                        let mut state = store.cost_state(&id)?;
                        state.complete_at = Some(now);
                        draft.cost_state(&id, &state)?;
                    }
                    let mut sources = store.sources(&id)?;
                    sources.record(Source::Costs, now, failure);
                    draft.sources(&id, &sources)?;
                    draft.commit()
                })
                .await
            }
        };
        let failures: Vec<Failure> = [outcome.as_ref().err().cloned(), recorded.err()].into_iter().flatten().collect();
        let mut read = false;
        self.board.update(job, |j| read = j.done > 0);
        self.board.finish(job, failures, read);
    }

    async fn read_costs(&self, run: &ClientRun, connection: &Connection, job: JobId) -> Result<(), Failure> {
        let state = run.store.cost_state(&connection.id).map_err(store_failure)?;
        let queries = cost_queries(&state, self.now(), self.options.cost_hours);
        self.board.update(job, |j| {
            j.state = crate::domain::JobState::Running;
            j.total = u32::try_from(queries.len()).unwrap_or(u32::MAX);
        });
        let lease = Lease::new(self, run, connection, Job::Costs, &[]);
        for query in &queries {
            let answer = self.ask(run, &lease, query, job).await?;
            let cells: usize = answer.periods.values().map(|p| p.rows.len()).sum();
            self.keep_answer(run, connection, query, answer).await?;
            self.board.update(job, |j| {
                j.done += 1;
                j.rows += cells as u64;
            });
            self.board.committed(run.store.client(), Source::Costs);
        }
        // Where all of it was read by a run that was cut off, it is as old as that.
        let read_at = if queries.is_empty() { state.monthly_at.unwrap_or(self.now()) } else { self.now() };
        self.judge_costs(run, connection, read_at).await?;
        self.board.committed(run.store.client(), Source::Costs);
        Ok(())
    }

    /// All pages of one question. Each is entered in the client's ledger before it is asked for.
    async fn ask(
        &self,
        run: &ClientRun,
        lease: &Lease<'_, C>,
        query: &CostQuery,
        job: JobId,
    ) -> Result<Answer, Failure> {
        let mut answer = Answer::default();
        let mut pages = Pages::of_costs();
        let mut repeats = 0;
        loop {
            let reserved_at = self.reserve(run).await?;
            if repeats > 0 {
                self.board.update(job, |j| j.retries += 1);
            }
            let ask = async |s: &C::Session| s.cost_page(query, pages.token()).await;
            let answered = lease.call(job, Api::GetCostAndUsage, None, ask).await;
            let paid_for_nothing = matches!(&answered, Err(CallError::Request(error)) if error.is_paid());
            self.settle(run, job, answered.is_ok() || paid_for_nothing, reserved_at).await?;
            let page = match answered {
                Ok(page) => page,
                // To ask again is one more page, within the caps.
                Err(CallError::Request(error))
                    if paid_for_nothing && error.retryable && repeats + 1 < self.options.retry.attempts =>
                {
                    repeats += 1;
                    continue;
                }
                Err(error) => {
                    if query.grouping == Grouping::AccountRegion && is_refused(&error) {
                        // Not every account may group by region: that is no failure, and asked again in a week.
                        tracing::info!("costs by region are not offered");
                        return Ok(Answer::default());
                    }
                    return Err(error.into());
                }
            };
            repeats = 0;
            let new = !page.periods.is_empty();
            answer.names.extend(page.names);
            for period in page.periods {
                match answer.periods.entry(period.start) {
                    std::collections::btree_map::Entry::Vacant(slot) => {
                        slot.insert(period);
                    }
                    std::collections::btree_map::Entry::Occupied(mut slot) => {
                        add_rows(&mut slot.get_mut().rows, period.rows);
                    }
                }
            }
            if !pages.turn(page.next, new).map_err(Astray::in_costs)? {
                return Ok(answer);
            }
        }
    }

    /// Enters one page in the ledger, durably, unless a cap is reached; tells when.
    pub(super) async fn reserve(&self, run: &ClientRun) -> Result<Timestamp, Failure> {
        let now = self.now();
        self.reservations.enter(run.store.clone(), self.options.caps, now).await.map(|()| now)
    }

    /// What became of the page that was reserved then.
    pub(super) async fn settle(
        &self,
        run: &ClientRun,
        job: JobId,
        paid: bool,
        reserved_at: Timestamp,
    ) -> Result<(), Failure> {
        if paid {
            self.board.paid(job);
            return Ok(());
        }
        let store = run.store.clone();
        self.blocking(run, move || store.take_back_page(reserved_at)).await
    }

    async fn keep_answer(
        &self,
        run: &ClientRun,
        connection: &Connection,
        query: &CostQuery,
        answer: Answer,
    ) -> Result<(), Failure> {
        let (store, id, query, now) = (run.store.clone(), connection.id.clone(), *query, self.now());
        self.blocking(run, move || {
            let mut draft = store.draft();
            let mut restatements = Vec::new();
            for (first, periods) in by_month(answer.periods) {
                if matches!(query.grouping, Grouping::AccountRecordType | Grouping::AccountRegion) {
                    let split = split(store.cost_split(&id, first)?, first, &query, &periods, now);
                    draft.cost_split(&id, &split)?;
                    continue;
                }
                let stored = store.cost_month(&id, first)?;
                let month = updated(stored.clone(), first, &query, periods, now);
                if (query.granularity, query.grouping) == (Granularity::Monthly, Grouping::AccountService) {
                    restatements.extend(stored.and_then(|before| restated(&before, &month, now)));
                }
                draft.cost_month(&id, &month)?;
            }
            let mut state = store.cost_state(&id)?;
            note(&mut state, &query, now);
            if !restatements.is_empty() {
                // Its days are those of before: they are asked once more.
                state.daily_at.retain(|first, _| restatements.iter().all(|restated| restated.month.first() != *first));
                draft.restated(&id, restatements)?;
            }
            draft.cost_state(&id, &state)?;
            if let Some(accounts) = store.accounts_with_names(&answer.names, now)? {
                draft.accounts(&accounts)?;
            }
            draft.commit()
        })
        .await
    }

    /// Everything due was read: say so, and let the cost checks judge it.
    async fn judge_costs(&self, run: &ClientRun, connection: &Connection, read_at: Timestamp) -> Result<(), Failure> {
        let (store, id, now) = (run.store.clone(), connection.id.clone(), self.now());
        let checks = self.checks.clone();
        let found = self
            .blocking(run, move || {
                let mut spending = Spending::default();
                store.each_spent_month(&id, |month| spending.add(month))?;
                let hits = checks.evaluate_costs(store.client(), &spending, now);
                drop(spending);
                let mut draft = store.draft();
                let found = store.merge_hits(&mut draft, hits)?;
                let mut state = store.cost_state(&id)?;
                state.complete_at = Some(read_at);
                draft.cost_state(&id, &state)?;
                let mut sources = store.sources(&id)?;
                sources.record(Source::Costs, read_at, None);
                draft.sources(&id, &sources)?;
                draft.commit()?;
                Ok(found)
            })
            .await?;
        self.board.found(found);
        Ok(())
    }
}

/// Whether Cost Explorer does not take the question itself: no page of a proxy, nor any answer that went wrong.
fn is_refused(error: &CallError) -> bool {
    matches!(error, CallError::Request(error) if error.code.contains("ValidationException"))
}

/// More rows of a period. Each account and service has one row in it, so one that is there already was only repeated.
fn add_rows(rows: &mut Vec<CostRow>, more: Vec<CostRow>) {
    let known: BTreeSet<_> = rows.iter().map(|row| (row.account, row.key.clone())).collect();
    rows.extend(more.into_iter().filter(|row| !known.contains(&(row.account, row.key.clone()))));
}

fn by_month(periods: BTreeMap<crate::domain::Day, CostPeriod>) -> BTreeMap<crate::domain::Day, Vec<CostPeriod>> {
    let mut months: BTreeMap<_, Vec<CostPeriod>> = BTreeMap::new();
    for (start, period) in periods {
        months.entry(start.month().first()).or_default().push(period);
    }
    months
}

fn note(state: &mut CostState, query: &CostQuery, now: Timestamp) {
    match (query.granularity, query.grouping) {
        (Granularity::Monthly, Grouping::AccountService) => state.monthly_at = Some(now),
        (Granularity::Monthly, Grouping::None) => state.total_at = Some(now),
        (Granularity::Monthly, Grouping::AccountRecordType) => state.record_type_at = Some(now),
        (Granularity::Monthly, Grouping::AccountRegion) => state.region_at = Some(now),
        (Granularity::Daily, _) => {
            state.daily_at.insert(query.start, now);
        }
    }
}

/// A month with one answer worked in; what the answer does not speak of stays.
fn updated(
    stored: Option<CostMonth>,
    first: crate::domain::Day,
    query: &CostQuery,
    periods: Vec<CostPeriod>,
    now: Timestamp,
) -> CostMonth {
    let mut currencies = periods.iter().flat_map(|p| p.rows.iter().map(|r| r.currency));
    let currency = currencies.next();
    let mut month = stored.unwrap_or_else(|| CostMonth {
        month: first.month(),
        currency: currency.unwrap_or(Currency::USD),
        estimated: true,
        monthly: Vec::new(),
        total: None,
        daily: Vec::new(),
        read_at: now,
    });
    month.read_at = now;
    if let Some(currency) = currency {
        month.currency = currency;
    }
    match query.granularity {
        Granularity::Monthly => {
            for period in periods {
                month.estimated = period.estimated;
                match query.grouping {
                    // The total is asked less often than the groups. What lies outside the groups is kept as it was, so
                    // the total moves on with them.
                    Grouping::AccountService => {
                        let residual = month.residual();
                        month.monthly = cells(&period);
                        month.total = residual.map(|r| r + month.grouped());
                    }
                    Grouping::None => month.total = period.rows.first().map(|r| r.amounts),
                    // These are records of their own.
                    Grouping::AccountRecordType | Grouping::AccountRegion => {}
                }
            }
        }
        Granularity::Daily => {
            month.daily =
                periods.iter().map(|p| DayCosts { day: p.start, estimated: p.estimated, cells: cells(p) }).collect();
        }
    }
    month
}

/// The splits of a month with one answer worked in.
fn split(
    stored: Option<CostSplit>,
    first: crate::domain::Day,
    query: &CostQuery,
    periods: &[CostPeriod],
    now: Timestamp,
) -> CostSplit {
    let rows = || periods.iter().flat_map(|period| &period.rows);
    let currency = rows().next().map(|row| row.currency);
    let mut split = stored.unwrap_or_else(|| CostSplit {
        month: first.month(),
        currency: currency.unwrap_or(Currency::USD),
        by_record_type: None,
        by_region: None,
        read_at: now,
    });
    split.read_at = now;
    split.currency = currency.unwrap_or(split.currency);
    let cell = |row: &CostRow| Some(SplitCell { account: row.account?, key: row.key.clone()?, amounts: row.amounts });
    let cells = Some(rows().filter_map(cell).collect());
    match query.grouping {
        Grouping::AccountRegion => split.by_region = cells,
        _ => split.by_record_type = cells,
    }
    split
}

fn cells(period: &CostPeriod) -> Vec<CostCell> {
    period
        .rows
        .iter()
        .filter_map(|row| Some(CostCell { account: row.account?, service: row.key.clone()?, amounts: row.amounts }))
        .collect()
}

/// A vault failure as a job's failure.
pub(super) fn store_failure(error: VaultError) -> Failure {
    Failure {
        kind: FailureKind::Store,
        what: format!("the vault could not be read or written: {error}"),
        next_step: "nothing that was stored is lost; free space or check the vault's directory, then sync again".into(),
    }
}

impl super::store::Sources {
    /// Notes how the last attempt at a source ended.
    pub(super) fn record(&mut self, source: Source, now: Timestamp, failure: Option<Failure>) {
        self.failures.retain(|(s, _)| *s != source);
        let slot = match source {
            Source::Accounts => &mut self.accounts,
            Source::Costs => &mut self.costs,
            _ => &mut self.events,
        };
        let before = match slot {
            SourceState::Fresh { at } | SourceState::Stale { at, .. } => Some(*at),
            _ => None,
        };
        *slot = match (&failure, before) {
            (None, _) => SourceState::Fresh { at: now },
            (Some(f), Some(at)) => SourceState::Stale { at, reason: format!("{}; {}", f.what, f.next_step) },
            (Some(f), None) => SourceState::Unavailable { reason: format!("{}; {}", f.what, f.next_step) },
        };
        self.failures.extend(failure.map(|f| (source, f)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Amounts;
    use rust_decimal::Decimal;

    fn amounts(unblended: i64) -> Amounts {
        Amounts { unblended: Decimal::from(unblended), ..Amounts::default() }
    }

    fn answer(grouping: Grouping, unblended: i64) -> (CostQuery, Vec<CostPeriod>) {
        let start: crate::domain::Day = "2026-11-01".parse().unwrap();
        let grouped = grouping == Grouping::AccountService;
        let row = CostRow {
            account: grouped.then(|| "123456789012".parse().unwrap()),
            key: grouped.then(|| "EC2 - Other".into()),
            amounts: amounts(unblended),
            currency: Currency::USD,
        };
        let query = CostQuery { start, end: start.plus(20), granularity: Granularity::Monthly, grouping };
        (query, vec![CostPeriod { start, estimated: true, rows: vec![row] }])
    }

    #[test]
    fn the_total_moves_with_its_groups_while_the_residual_is_kept() {
        let first = "2026-11-01".parse().unwrap();
        let now = Timestamp::from_second(0);
        let work_in = |stored, (query, periods)| updated(stored, first, &query, periods, now);
        let month = work_in(None, answer(Grouping::AccountService, 100));
        assert_eq!(month.total, None, "not asked yet is not zero");
        let month = work_in(Some(month), answer(Grouping::None, 107));
        assert_eq!(month.residual().unwrap(), amounts(7));
        let month = work_in(Some(month), answer(Grouping::AccountService, 130));
        assert_eq!((month.total.unwrap(), month.residual().unwrap()), (amounts(137), amounts(7)));
    }
}
