//! Money is a decimal with its currency; amounts of two currencies are never added.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An ISO 4217 code as Cost Explorer's `Unit` gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollars, what AWS bills in unless told otherwise.
    pub const USD: Self = Self(*b"USD");

    /// Three upper-case ASCII letters, or nothing.
    pub fn parse(s: &str) -> Option<Self> {
        let bytes: [u8; 3] = s.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An exact amount in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The amount; Cost Explorer gives ten decimal places and they are kept.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in a currency.
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Two decimals with thousands separators, `41,870.22`; negative amounts with `−` (U+2212).
    pub fn display(&self) -> String {
        grouped(self.amount, 2, false)
    }

    /// As [`Money::display`] but always with a sign unless zero, for differences: `+8,765.32`.
    pub fn display_signed(&self) -> String {
        grouped(self.amount, 2, true)
    }

    /// No decimals, for headlines: `184,220`.
    pub fn display_whole(&self) -> String {
        grouped(self.amount, 0, false)
    }
}

fn grouped(amount: Decimal, places: u32, signed: bool) -> String {
    let rounded = amount.round_dp(places);
    let text = format!("{:.*}", places as usize, rounded.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len() + 8);
    if !rounded.is_zero() {
        if rounded.is_sign_negative() {
            out.push('−');
        } else if signed {
            out.push('+');
        }
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("0", "0.00", "0.00")]
    #[case("-0.001", "0.00", "0.00")]
    #[case("8765.325", "8,765.32", "+8,765.32")]
    #[case("-1086.42", "−1,086.42", "−1,086.42")]
    #[case("1234567.8", "1,234,567.80", "+1,234,567.80")]
    #[case("999.999", "1,000.00", "+1,000.00")]
    fn money_is_grouped_and_signed(#[case] amount: &str, #[case] plain: &str, #[case] signed: &str) {
        let money = Money::new(amount.parse().unwrap(), Currency::USD);
        assert_eq!((money.display().as_str(), money.display_signed().as_str()), (plain, signed));
    }

    #[test]
    fn a_currency_is_three_capitals() {
        assert_eq!(Currency::parse("CNY").unwrap().as_str(), "CNY");
        assert!(Currency::parse("usd").is_none() && Currency::parse("USDX").is_none() && Currency::parse("").is_none());
    }
}
