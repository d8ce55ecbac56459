//! Whether an answer changes a month that was final: AWS applies credits and refunds weeks after a month is closed.

use crate::domain::{AccountId, Amounts, CostCell, CostMonth, RestatedCell, Restatement, Timestamp, Untrusted};
use std::collections::BTreeMap;

/// The restatement between two readings of a month, if the former was of a closed month and no estimate.
pub(super) fn restated(before: &CostMonth, after: &CostMonth, now: Timestamp) -> Option<Restatement> {
    let final_before = !before.estimated && before.read_at >= before.month.end().start() && !before.monthly.is_empty();
    if !final_before || before.currency != after.currency {
        return None;
    }
    let mut changes: BTreeMap<(AccountId, &Untrusted), (Amounts, Amounts)> = BTreeMap::new();
    let sum = |cells: &[CostCell]| cells.iter().map(|cell| cell.amounts).fold(Amounts::default(), |a, b| a + b);
    for cell in &before.monthly {
        changes.entry((cell.account, &cell.service)).or_default().0 += cell.amounts;
    }
    for cell in &after.monthly {
        changes.entry((cell.account, &cell.service)).or_default().1 += cell.amounts;
    }
    let mut cells: Vec<RestatedCell> = changes
        .into_iter()
        .filter(|(_, (before, after))| before != after)
        .map(|((account, service), (before, after))| RestatedCell { account, service: service.clone(), before, after })
        .collect();
    if cells.is_empty() {
        return None;
    }
    cells.sort_by_key(|cell| std::cmp::Reverse((cell.after - cell.before).unblended.abs()));
    cells.truncate(Restatement::CELLS);
    Some(Restatement {
        month: before.month,
        seen_at: now,
        before_at: before.read_at,
        currency: before.currency,
        before: sum(&before.monthly),
        after: sum(&after.monthly),
        cells,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Currency;
    use rust_decimal::Decimal;

    fn month(estimated: bool, read_at: &str, amounts: &[(&str, i64)]) -> CostMonth {
        let cell = |(service, cents): &(&str, i64)| CostCell {
            account: "111122223333".parse().unwrap(),
            service: (*service).into(),
            amounts: Amounts { unblended: Decimal::new(*cents, 2), ..Amounts::default() },
        };
        CostMonth {
            month: "2026-08-01".parse::<crate::domain::Day>().unwrap().month(),
            currency: Currency::USD,
            estimated,
            monthly: amounts.iter().map(cell).collect(),
            total: None,
            daily: Vec::new(),
            read_at: read_at.parse().unwrap(),
        }
    }

    #[test]
    fn a_final_month_that_changes_is_restated_and_an_estimate_only_settles() {
        let now: Timestamp = "2026-09-07T02:00:00Z".parse().unwrap();
        let after = month(false, "2026-09-07T02:00:00Z", &[("EC2", 10_000), ("Refund", -4_120)]);
        let before = month(false, "2026-09-06T02:00:00Z", &[("EC2", 10_000)]);
        let restated_now = restated(&before, &after, now).unwrap();
        let change = restated_now.after - restated_now.before;
        assert_eq!((change.unblended.to_string().as_str(), restated_now.cells.len()), ("-41.20", 1));
        assert_eq!(restated_now.cells[0].service, "Refund");
        assert_eq!(restated(&before, &before, now), None);
        assert_eq!(restated(&month(true, "2026-09-02T02:00:00Z", &[("EC2", 9_000)]), &after, now), None);
        // Read while the month was open: not final, whatever AWS called it.
        assert_eq!(restated(&month(false, "2026-08-31T23:59:59Z", &[("EC2", 9_000)]), &after, now), None);
        // Read without its groups: nothing is known to have changed.
        assert_eq!(restated(&month(false, "2026-09-06T02:00:00Z", &[]), &after, now), None);
    }
}
