//! The checks' own test events: for each built-in check, cases in which it must speak and near misses in which it must not.

use super::{
    engine::{AccountContext, Checks},
    finding::Hit,
    native::{connection::ConnectionFact, cost::Spending},
    rules::{BUILTIN, CheckError},
    state::CheckState,
};
use crate::{
    domain::{AccountId, Amounts, ClientId, CostCell, CostMonth, Currency, Day, DayCosts, RoleArn, Timestamp},
    trail::{Home, Record, record},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How one case went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseResult {
    /// The check, e.g. `CT-ROOT-004`.
    pub check: String,
    /// What the case shows, in words.
    pub case: String,
    /// Whether the check should speak.
    pub fires: bool,
    /// Whether it did as it should.
    pub passed: bool,
    /// What went otherwise, in words; empty when it passed.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    fires: bool,
    /// What the finding must be about, where it fires.
    subject: Option<String>,
    #[serde(default)]
    records: Vec<Value>,
    #[serde(default)]
    connections: Vec<ConnectionFact>,
    costs: Option<Costs>,
}

/// A daily series of one service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Costs {
    account: AccountId,
    service: String,
    first_day: Day,
    now: Timestamp,
    /// The days of one week, Monday first, repeated from `first_day` to the day before `now`.
    week: [Decimal; 7],
    /// What day 1 of each month has on top.
    #[serde(default)]
    fee: Decimal,
    /// Days that cost something else.
    #[serde(default)]
    except: BTreeMap<Day, Decimal>,
}

/// The client, accounts and role that all cases share.
struct World {
    client: ClientId,
    own_accounts: BTreeSet<AccountId>,
    agency: AccountId,
    roles: Vec<RoleArn>,
}

impl World {
    fn new() -> Option<Self> {
        Some(Self {
            client: "self-test".parse().ok()?,
            own_accounts: ["111122223333", "444455556666"].iter().filter_map(|a| a.parse().ok()).collect(),
            agency: "999988887777".parse().ok()?,
            roles: vec!["arn:aws:iam::111122223333:role/bailiwick/bailiwick-member".parse().ok()?],
        })
    }

    fn context(&self, account: AccountId) -> AccountContext<'_> {
        AccountContext {
            client: &self.client,
            account,
            own_accounts: &self.own_accounts,
            agency_account: Some(self.agency),
            own_roles: &self.roles,
            session_prefix: "bailiwick-",
        }
    }
}

/// Runs the test events of every built-in check. A check without a case that fires and a case that does not is a
/// failure of its own.
pub fn self_test() -> Result<Vec<CaseResult>, CheckError> {
    let checks = Checks::builtin()?;
    let mut results = Vec::new();
    let Some(world) = World::new() else { return Ok(results) };
    for info in checks.infos() {
        let cases = match cases(&info.id) {
            Ok(cases) => cases,
            Err(reason) => {
                results.push(failure(&info.id, "test events", reason));
                continue;
            }
        };
        for fires in [true, false] {
            if !cases.iter().any(|case| case.fires == fires) {
                let what = if fires { "that must fire" } else { "that must not fire" };
                results.push(failure(&info.id, "test events", format!("there is no case {what}")));
            }
        }
        results.extend(cases.into_iter().map(|case| run(&checks, &world, &info.id, case)));
    }
    Ok(results)
}

fn failure(check: &str, case: &str, reason: String) -> CaseResult {
    CaseResult { check: check.to_owned(), case: case.to_owned(), fires: false, passed: false, reason }
}

fn cases(check: &str) -> Result<Vec<Case>, String> {
    let file = format!("{check}.tests.json");
    let found = BUILTIN.dirs().find_map(|family| family.get_file(family.path().join(&file)));
    let text = found.and_then(|f| f.contents_utf8()).ok_or_else(|| format!("{file} is missing"))?;
    serde_json::from_str(text).map_err(|e| format!("{file}: {e}"))
}

fn run(checks: &Checks, world: &World, check: &str, case: Case) -> CaseResult {
    let reason = match hits(checks, world, &case) {
        Err(reason) => reason,
        Ok(hits) => {
            let spoke: Vec<&str> = hits
                .iter()
                .filter(|hit| hit.key.check == check)
                .map(|hit| hit.key.subject.raw_for_matching())
                .collect();
            let right = match (&case.subject, case.fires) {
                (Some(subject), true) => spoke == [subject.as_str()],
                (_, fires) => spoke.is_empty() != fires,
            };
            if right { String::new() } else { format!("it spoke of {spoke:?}") }
        }
    };
    CaseResult { check: check.to_owned(), case: case.name, fires: case.fires, passed: reason.is_empty(), reason }
}

fn hits(checks: &Checks, world: &World, case: &Case) -> Result<Vec<Hit>, String> {
    let mut accounts: BTreeMap<AccountId, Vec<Record>> = BTreeMap::new();
    for json in &case.records {
        let record = record(json, &Home::default()).map_err(|e| e.to_string())?;
        accounts.entry(record.event.account).or_default().push(record);
    }
    let mut hits = Vec::new();
    for (account, records) in accounts {
        hits.extend(checks.evaluate_events(&world.context(account), &mut CheckState::default(), &records));
    }
    if let Some(costs) = &case.costs {
        let mut spending = Spending::default();
        months(costs).iter().for_each(|month| spending.add(&month.into()));
        hits.extend(checks.evaluate_costs(&world.client, &spending, costs.now));
    }
    let now = Timestamp::from_second(1_795_000_000);
    hits.extend(checks.evaluate_connections(&world.client, &case.connections, now));
    Ok(hits)
}

/// The series as Cost Explorer's months.
fn months(costs: &Costs) -> Vec<CostMonth> {
    let mut months: Vec<CostMonth> = Vec::new();
    let mut day = costs.first_day;
    while day < costs.now.day() {
        let usual = costs.week.get(usize::from(day.weekday())).copied().unwrap_or_default();
        let fee = if day.of_month() == 1 { costs.fee } else { Decimal::ZERO };
        let unblended = costs.except.get(&day).copied().unwrap_or(usual) + fee;
        let cell = CostCell {
            account: costs.account,
            service: costs.service.as_str().into(),
            amounts: Amounts { unblended, ..Amounts::default() },
        };
        if months.last().is_none_or(|m| m.month != day.month()) {
            months.push(CostMonth {
                month: day.month(),
                currency: Currency::USD,
                estimated: false,
                monthly: Vec::new(),
                total: None,
                daily: Vec::new(),
                read_at: costs.now,
            });
        }
        if let Some(month) = months.last_mut() {
            month.daily.push(DayCosts { day, estimated: false, cells: vec![cell.clone()] });
            match month.monthly.first_mut() {
                Some(sum) => sum.amounts += cell.amounts,
                None => month.monthly.push(cell),
            }
        }
        day = day.plus(1);
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_speaks_when_it_must_and_only_then() {
        let results = self_test().unwrap();
        let failed: Vec<&CaseResult> = results.iter().filter(|r| !r.passed).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(results.len() >= 600, "{}", results.len());
    }
}
