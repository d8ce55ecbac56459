//! What a sync would do, and what was paid for, for people.

use super::{Output, table::Table};
use crate::{
    desk::view::SpendView,
    domain::{PlannedSpend, RequestCounts, SyncPlan},
};

/// The plan: a row for each job, then what it takes and what it costs.
pub fn plan(out: &mut Output, plan: &SyncPlan) {
    if plan.jobs.is_empty() {
        return out.line("nothing is due");
    }
    let mut table = Table::new(&["CLIENT", "ACCOUNT", "SOURCE", "WHAT", "REQUESTS"]);
    for job in &plan.jobs {
        table.row(vec![
            job.client.to_string(),
            job.account.to_string(),
            job.source.word().into(),
            job.what.clone(),
            requests(job.requests),
        ]);
    }
    table.lines().iter().for_each(|line| out.line(line));
    out.line(&format!(
        "{} requests at least ({}), about {}",
        plan.requests.total(),
        requests(plan.requests),
        duration(plan.seconds)
    ));
    out.line(&format!("Cost Explorer costs the clients ${} if each answer takes one page", plan.ce_price_usd));
    plan.spend.iter().for_each(|spend| out.line(&money(spend)));
}

/// The ledger: a row for each client, a column for each of the newest months.
pub fn spend(out: &mut Output, view: &SpendView) {
    if view.clients.is_empty() {
        return out.line("no client has paid for a Cost Explorer request yet");
    }
    let shown = view.months.len().min(6);
    let mut heads = vec!["CLIENT".to_owned(), ">TODAY".to_owned()];
    heads.extend(view.months.iter().take(shown).map(|month| format!(">{}", month.month())));
    heads.extend([">ALL".to_owned(), ">US$".to_owned()]);
    let mut table = Table::new(&heads);
    for row in &view.clients {
        let requests = row.months.iter().take(shown).map(u64::to_string);
        let mut cells = vec![row.client.to_string(), row.today.to_string()];
        cells.extend(requests);
        cells.extend([row.requests.to_string(), row.usd.to_string()]);
        table.row(cells);
    }
    table.lines().iter().for_each(|line| out.line(line));
}

fn money(spend: &PlannedSpend) -> String {
    let cap = |cap: u64| if cap == 0 { "no cap".to_owned() } else { format!("cap {cap}") };
    let held = match spend.held_back {
        0 => String::new(),
        held => format!("; {held} held back by the cap"),
    };
    format!(
        "  {}: {} due{held}; paid {} today ({}), {} this month ({})",
        spend.client,
        spend.due,
        spend.today,
        cap(spend.day_cap),
        spend.month,
        cap(spend.month_cap)
    )
}

fn requests(counts: RequestCounts) -> String {
    let named = [
        (counts.sts, "STS"),
        (counts.organizations, "Organizations"),
        (counts.ce, "Cost Explorer"),
        (counts.cloudtrail, "CloudTrail"),
    ];
    let parts: Vec<String> = named.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    parts.join(", ")
}

/// Some seconds in words.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}
