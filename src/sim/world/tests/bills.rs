//! Bills add up and look like bills.

use super::*;

#[test]
fn bills_are_exact_and_end_today() {
    let world = &*DEFAULT;
    let today = world.config.now.day();
    let mut sums: BTreeMap<(usize, Day), (Decimal, Decimal)> = BTreeMap::new();
    let (mut net, mut amortized) = (false, false);
    for account in &world.accounts {
        let services: BTreeSet<&str> = account.costs.lines.iter().map(|l| l.service).collect();
        assert!((8..=20).contains(&services.len()), "{} {}", account.name, services.len());
        for line in &account.costs.lines {
            assert!(!line.amounts.is_empty() && line.first.plus(line.amounts.len() as i64 - 1) <= today);
            assert!(line.first >= today.month().plus(-13).first());
            for (n, a) in line.amounts.iter().enumerate() {
                let all = [a.unblended, a.net_unblended, a.amortized, a.net_amortized, a.usage];
                assert!(all.iter().all(|d| d.scale() <= 10));
                net |= a.net_unblended != a.unblended;
                amortized |= a.amortized != a.unblended;
                let month = line.first.plus(n as i64).month().first();
                let sum = sums.entry((account.client, month)).or_default();
                sum.1 += a.unblended;
                sum.0 += if line.grouped { a.unblended } else { Decimal::ZERO };
            }
        }
    }
    assert!(net && amortized);
    let truth = world.cost_truth();
    assert_eq!(truth.len(), 12 * 14);
    let mut residual = BTreeSet::new();
    for t in &truth {
        let client = world.clients.iter().position(|c| c.id == t.client).unwrap();
        let sum = sums.get(&(client, t.month)).copied().unwrap_or_default();
        assert_eq!((t.grouped, t.total), sum, "{} {}", t.client, t.month);
        assert!(t.total >= t.grouped);
        if t.total > t.grouped {
            residual.insert(t.client.as_str());
        }
    }
    assert_eq!(residual.into_iter().collect::<Vec<_>>(), ["halden-outfitters", "kestrel-freight", "tessaro-bank"]);
}

#[test]
fn bills_dip_at_weekends_and_fall_short_today() {
    let world = &*DEFAULT;
    let calendar = Calendar::new(&world.config);
    let mut week = [(0.0, 0u32); 2];
    let (mut whole, mut today) = (0.0, 0.0);
    let usage = |l: &&CostLine| l.service == "AWS Lambda" && l.amounts.len() > 300;
    for line in world.accounts.iter().flat_map(|a| &a.costs.lines).filter(usage) {
        for (n, amount) in line.amounts.iter().enumerate().rev().skip(3) {
            let cost: f64 = amount.unblended.to_string().parse().unwrap();
            let slot = &mut week[usize::from(line.first.plus(n as i64).weekday() >= 5)];
            *slot = (slot.0 + cost, slot.1 + 1);
        }
        whole += day_costs(line, 3..4)[0];
        today += day_costs(line, 0..1)[0];
    }
    let [workday, weekend] = week.map(|(sum, days)| sum / f64::from(days));
    assert!((0.55..0.7).contains(&(weekend / workday)), "{}", weekend / workday);
    assert!(today < 0.2 * whole && calendar.days() >= 13 * 28);
}
