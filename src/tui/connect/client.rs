//! The form of a client: what an agency wants to know of it. Only the id is needed.

use super::form::{Field, Form};
use crate::domain::{ClientFacts, ClientId, CostBasis, Currency, Label, Note, parse_budget};
use rust_decimal::Decimal;

const ID: usize = 0;
const NAME: usize = 1;
const BASIS: usize = 2;
const CURRENCY: usize = 3;
const BUDGET: usize = 4;
const NOTES: usize = 5;

const BASES: [CostBasis; 3] = [CostBasis::Unknown, CostBasis::Billable, CostBasis::ProForma];
const BASIS_WORDS: &[&str] = &["unknown", "billable", "pro forma"];

/// An empty form.
pub fn form() -> Form {
    Form::new(vec![
        Field::text("client id", "short, for lists and commands: acme-retail", 60),
        Field::text("full name", "for statements; the id if left empty", 160),
        Field::choice("cost basis", BASIS_WORDS),
        Field::text("currency", "of its costs and budget, such as USD; may stay empty", 8),
        Field::text("budget", "for a month, such as 12000; may stay empty", 30),
        Field::text("notes", "one line; may stay empty", 2_100),
    ])
}

/// What is wrong with a value; `taken` are the clients there are, `saved` is what was told of this one before.
pub fn check(taken: &[ClientId], saved: Option<&ClientFacts>, at: usize, value: &str) -> Result<(), String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    match at {
        ID => {
            let id: ClientId = value.parse().map_err(|e| said(&e))?;
            match taken.contains(&id) {
                true => Err(format!("client {id} is there already: Esc, then C on its row connects it")),
                false => Ok(()),
            }
        }
        NAME if !value.is_empty() => value.parse::<Label>().map(drop).map_err(|e| said(&e)),
        CURRENCY if value.is_empty() && saved.is_some_and(|facts| facts.currency.is_some()) => {
            Err("a currency can be changed and not taken away: type another".into())
        }
        CURRENCY => currency(value).map(drop),
        BUDGET => budget(value).map(drop),
        NOTES => value.parse::<Note>().map(drop).map_err(|e| said(&e)),
        _ => Ok(()),
    }
}

fn currency(value: &str) -> Result<Option<Currency>, String> {
    match value {
        "" => Ok(None),
        text => Currency::parse(text)
            .map(Some)
            .ok_or_else(|| "a currency is three capital letters, such as USD or EUR".to_owned()),
    }
}

fn budget(value: &str) -> Result<Option<Decimal>, String> {
    match value {
        "" => Ok(None),
        text => parse_budget(text)
            .map(Some)
            .ok_or_else(|| "a budget is an amount without separators, such as 12000 or 950.50".to_owned()),
    }
}

/// The client of a form that is right. `known`: what is left empty of a client that is there already is taken away;
/// its currency is not, and [`check`] says so.
pub fn filled(form: &Form, known: bool) -> Option<(ClientId, ClientFacts)> {
    let id: ClientId = form.value(ID).parse().ok()?;
    let name = match form.value(NAME) {
        "" => id.as_str(),
        name => name,
    };
    let basis = BASIS_WORDS.iter().position(|word| *word == form.value(BASIS)).and_then(|at| BASES.get(at).copied());
    let budget = budget(form.value(BUDGET)).ok()?;
    let notes = form.value(NOTES).parse::<Note>().ok().map(Into::into);
    let facts = ClientFacts {
        name: name.parse::<Label>().ok().map(Into::into),
        cost_basis: basis,
        currency: currency(form.value(CURRENCY)).ok()?,
        notes,
        budget: budget.or_else(|| known.then_some(Decimal::ZERO)),
    };
    Some((id, facts))
}

/// The id cannot be changed any more once the client is there.
pub fn saved(form: &mut Form) {
    if let Some(id) = form.fields.get_mut(ID) {
        id.fixed = true;
        id.error = None;
    }
    if form.at == ID {
        form.at = NAME;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixtures::HOSTILE;
    use rstest::rstest;

    #[test]
    fn the_id_alone_is_enough_and_becomes_the_name() {
        let mut form = form();
        form.paste("acme");
        let (id, facts) = filled(&form, false).unwrap();
        assert_eq!((id.as_str(), facts.name), ("acme", Some("acme".into())));
        assert_eq!((facts.cost_basis, facts.currency, facts.budget), (Some(CostBasis::Unknown), None, None));
    }

    #[test]
    fn everything_typed_is_taken_over() {
        let mut form = form();
        for (at, text) in [(ID, "acme"), (NAME, "Acme & Söhne"), (CURRENCY, "EUR"), (BUDGET, "950.50"), (NOTES, "x")] {
            form.at = at;
            form.paste(text);
        }
        form.fields[BASIS].set("pro forma");
        let (_, facts) = filled(&form, false).unwrap();
        assert_eq!(facts.name, Some("Acme & Söhne".into()));
        assert_eq!((facts.cost_basis, facts.currency.unwrap().to_string()), (Some(CostBasis::ProForma), "EUR".into()));
        assert_eq!((facts.budget, facts.notes), (Some("950.50".parse().unwrap()), Some("x".into())));
    }

    #[rstest]
    #[case(ID, "", "client id")]
    #[case(ID, "Acme Retail", "lower-case letters")]
    #[case(ID, "northwind", "is there already")]
    #[case(NAME, HOSTILE, "visible characters")]
    #[case(CURRENCY, "euro", "three capital letters")]
    #[case(CURRENCY, "\u{202e}", "three capital letters")]
    #[case(BUDGET, "12,000", "without separators")]
    #[case(BUDGET, "-1", "without separators")]
    #[case(BUDGET, "1e9", "without separators")]
    #[case(NOTES, "a\u{202e}b", "visible characters")]
    fn what_is_wrong_is_said_in_words(#[case] at: usize, #[case] value: &str, #[case] words: &str) {
        let error = check(&["northwind".parse().unwrap()], None, at, value).unwrap_err();
        assert!(error.contains(words) && !error.contains(['\u{1b}', '\u{202e}']), "{error}");
    }
}
