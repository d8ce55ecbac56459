//! Clients of the agency.

use super::{ClientId, Currency, ExternalId, Timestamp, Untrusted};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What the numbers in a client's Cost Explorer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostBasis {
    /// What AWS bills.
    Billable,
    /// A reseller's pro forma numbers (Billing Conductor, Billing Transfer), not the invoice.
    ProForma,
    /// Not told yet.
    #[default]
    Unknown,
}

impl CostBasis {
    /// From a word as it is typed.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().replace(['-', '_'], " ").as_str() {
            "billable" => Some(Self::Billable),
            "pro forma" => Some(Self::ProForma),
            "unknown" => Some(Self::Unknown),
            _ => None,
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Billable => "billable",
            Self::ProForma => "pro forma",
            Self::Unknown => "unknown",
        }
    }
}

/// A monthly budget as it is typed: an amount in plain digits, with at most two decimals.
pub fn parse_budget(text: &str) -> Option<Decimal> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse::<Decimal>().ok().filter(|amount| plain && amount.scale() <= 2)
}

/// One client of the agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The operator's short name.
    pub id: ClientId,
    /// The full name for screens and statements.
    pub name: Untrusted,
    /// What its costs mean.
    pub cost_basis: CostBasis,
    /// The currency its budget is in, and its costs are expected in.
    pub currency: Option<Currency>,
    /// What the operators want to remember.
    pub notes: Option<Untrusted>,
    /// What it wants to spend in a month, in its currency.
    pub budget: Option<Decimal>,
    /// When it was added.
    pub added_at: Timestamp,
    /// The ExternalId of all its connections; never shared with another client.
    pub external_id: ExternalId,
}

/// What an operator tells of a client; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientFacts {
    /// The full name.
    pub name: Option<Untrusted>,
    /// What its costs mean.
    pub cost_basis: Option<CostBasis>,
    /// Its currency.
    pub currency: Option<Currency>,
    /// Notes; an empty text removes them.
    pub notes: Option<Untrusted>,
    /// Its monthly budget; zero removes it.
    pub budget: Option<Decimal>,
}

impl ClientFacts {
    /// Whether nothing is told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is told, in words.
    pub fn told(&self) -> Vec<&'static str> {
        let told = [
            ("name", self.name.is_some()),
            ("cost basis", self.cost_basis.is_some()),
            ("currency", self.currency.is_some()),
            ("notes", self.notes.is_some()),
            ("budget", self.budget.is_some()),
        ];
        told.into_iter().filter(|(_, told)| *told).map(|(what, _)| what).collect()
    }

    /// Works them into a client.
    pub fn apply(&self, client: &mut Client) {
        if let Some(name) = &self.name {
            client.name = name.clone();
        }
        if let Some(basis) = self.cost_basis {
            client.cost_basis = basis;
        }
        if let Some(currency) = self.currency {
            client.currency = Some(currency);
        }
        if let Some(notes) = &self.notes {
            client.notes = Some(notes.clone()).filter(|notes| !notes.is_empty());
        }
        if let Some(budget) = self.budget {
            client.budget = Some(budget).filter(|budget| !budget.is_zero());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_plain_digits_wherever_it_is_typed() {
        assert_eq!(parse_budget("950.50"), Some(Decimal::new(95_050, 2)));
        assert_eq!(parse_budget("0"), Some(Decimal::ZERO));
        for text in ["", ".", "-1", "+5", "1_000", "12,000", "1e9", "9.999", "1.2.3"] {
            assert_eq!(parse_budget(text), None, "{text}");
        }
    }
}
