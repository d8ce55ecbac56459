//! `/`: words that all must match. `word` is fuzzy, `'word` exact, `!word` inverse (exact), `field:word` one column.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{Atom, AtomKind, CaseMatching, Normalization},
};

/// Separates the columns of a row's haystack; it cannot occur in text that was made safe.
pub const SEPARATOR: char = '\u{1f}';

/// One word of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    inverse: bool,
    field: Option<usize>,
    word: Word,
}

/// How a word is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Exact(String),
    Fuzzy(Atom),
}

/// A filter made ready for matching.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

impl Filter {
    /// Reads what was typed. A `name:` that is no field of this table is part of the word.
    pub fn parse(text: &str, fields: &[&str]) -> Self {
        Self { terms: text.split_whitespace().filter_map(|word| term(word, fields)).collect() }
    }

    /// Whether it lets everything pass.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a row passes; its columns come in lower case, joined by [`SEPARATOR`].
    pub fn matches(&self, haystack: &str, matcher: &mut Matcher) -> bool {
        let mut buffer = Vec::new();
        self.terms.iter().all(|term| {
            let text = match term.field {
                Some(field) => haystack.split(SEPARATOR).nth(field).unwrap_or(""),
                None => haystack,
            };
            let found = match &term.word {
                Word::Exact(word) => text.contains(word),
                Word::Fuzzy(atom) => atom.score(Utf32Str::new(text, &mut buffer), matcher).is_some(),
            };
            found != term.inverse
        })
    }
}

fn term(word: &str, fields: &[&str]) -> Option<Term> {
    let (inverse, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
    let named = word.split_once(':').and_then(|(name, rest)| {
        let field = fields.iter().position(|f| f.eq_ignore_ascii_case(name))?;
        Some((field, rest))
    });
    let (field, word) = named.map_or((None, word), |(field, rest)| (Some(field), rest));
    let (exact, word) = word.strip_prefix('\'').map_or((inverse || field.is_some(), word), |rest| (true, rest));
    let lower = word.to_lowercase();
    let word = if exact {
        Word::Exact(lower)
    } else {
        Word::Fuzzy(Atom::new(&lower, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false))
    };
    (word != Word::Exact(String::new())).then_some(Term { inverse, field, word })
}

/// The matcher all filters use.
pub fn matcher() -> Matcher {
    Matcher::new(Config::DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", true)]
    #[case("nthw", true)]
    #[case("'nthw", false)]
    #[case("'NORTH", true)]
    #[case("!north", false)]
    #[case("!kestrel", true)]
    #[case("!nthw", true)]
    #[case("state:active", true)]
    #[case("state:north", false)]
    #[case("!state:active", false)]
    #[case("other:north", false)]
    #[case("north active", true)]
    #[case("north closed", false)]
    #[case("! ' state:", true)]
    fn words_match_as_documented(#[case] filter: &str, #[case] passes: bool) {
        let filter = Filter::parse(filter, &["client", "state"]);
        assert_eq!(filter.matches("northwind\u{1f}active", &mut matcher()), passes);
    }
}
