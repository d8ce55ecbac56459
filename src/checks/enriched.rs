//! A record together with its derived fields, as rules see it.

use super::derive::{Fields, Value as Derived};
use crate::trail::{Json, Kind, Part};
use rsigma_eval::{Event, EventValue, JsonEvent};
use serde_json::Value;
use std::{borrow::Cow, cell::OnceCell};

/// A record and its derived fields.
pub(super) struct Enriched<'a> {
    record: Part<'a>,
    fields: &'a Fields<'a>,
    /// The record as the engine has it, for the rarer ways to ask: keywords, and paths with a place in a list.
    whole: OnceCell<JsonEvent<'static>>,
}

impl<'a> Enriched<'a> {
    pub fn new(record: &'a Json, fields: &'a Fields<'a>) -> Self {
        Self { record: record.root(), fields, whole: OnceCell::new() }
    }

    /// A field as text, for subjects, titles and groups. Lists give their first member.
    pub fn text(&self, path: &str) -> Option<String> {
        let value = self.get_field(path)?;
        match &value {
            EventValue::Array(members) => members.first()?.as_str().map(Cow::into_owned),
            other => other.as_str().map(Cow::into_owned),
        }
        .filter(|text| !text.is_empty())
    }

    fn whole(&self) -> &JsonEvent<'static> {
        self.whole.get_or_init(|| JsonEvent::owned(self.record.to_value()))
    }
}

impl Event for Enriched<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        if path.starts_with("bw.") {
            return self.fields.get(path).map(derived);
        }
        if path.contains(['[', '\\']) {
            return self.whole().get_field(path);
        }
        let fields = self.record.fields()?;
        // A name may itself have dots.
        if let Some(part) = fields.get(path) {
            return Some(value(part));
        }
        let mut found = Vec::new();
        if path.contains('.') {
            follow(self.record, path, &mut found);
        }
        if found.len() > 1 { Some(EventValue::Array(found)) } else { found.pop() }
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.whole().any_string_value(pred)
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        self.whole().all_string_values()
    }

    fn to_json(&self) -> Value {
        self.record.to_value()
    }
}

/// All that a dotted path leads to: what it says of a list it says of each member.
fn follow<'a>(part: Part<'a>, path: &str, found: &mut Vec<EventValue<'a>>) {
    match part.kind() {
        Kind::Object(fields) => {
            let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
            match (fields.get(name), rest) {
                (Some(next), Some(rest)) => follow(next, rest, found),
                (Some(last), None) => found.push(value(last)),
                (None, _) => {}
            }
        }
        Kind::List(members) => members.for_each(|member| follow(member, path, found)),
        _ => {}
    }
}

fn derived<'f>(value: &'f Derived<'_>) -> EventValue<'f> {
    match value {
        Derived::Text(text) => EventValue::Str(Cow::Borrowed(text)),
        Derived::Truth(truth) => EventValue::Bool(*truth),
        Derived::Whole(whole) => EventValue::Int(*whole),
        Derived::Number(number) => EventValue::Float(*number),
        Derived::Texts(texts) => EventValue::Array(texts.iter().map(|text| EventValue::Str(text.into())).collect()),
    }
}

fn value(part: Part<'_>) -> EventValue<'_> {
    match part.kind() {
        Kind::Null => EventValue::Null,
        Kind::Bool(truth) => EventValue::Bool(truth),
        Kind::Number(number) => match number.as_i64() {
            Some(whole) => EventValue::Int(whole),
            None => EventValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Kind::Text(text) => EventValue::Str(text.into()),
        Kind::List(members) => EventValue::Array(members.map(value).collect()),
        Kind::Object(fields) => EventValue::Map(fields.map(|(name, part)| (name.into(), value(part))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("a")]
    #[case("a.b")]
    #[case("a.b.c")]
    #[case("a.b.d")]
    #[case("a.b[0].c")]
    #[case("a.b[-1].c")]
    #[case("l")]
    #[case("l.l")]
    #[case("dotted.name")]
    #[case("dotted.other")]
    #[case("n")]
    #[case("n.n")]
    #[case("f")]
    #[case("t.")]
    #[case(".t")]
    #[case("a..b")]
    #[case("none")]
    #[case("none.at.all")]
    #[case("br\\[0\\]")]
    #[case("")]
    fn a_field_is_found_where_the_engine_finds_it(#[case] path: &str) {
        let tree = json!({"a": {"b": [{"c": 1}, {"c": "two"}, {"d": true}, 7]}, "l": [["x"], {"l": null}], "n": -3,
            "f": 1.5, "t": {"": "x"}, "dotted.name": "flat", "dotted": {"name": "deep", "other": [1]}, "br[0]": "y"});
        for tree in [tree, json!([{"a": 1}]), json!("a")] {
            let (record, fields) = (Json::from(&tree), Fields::default());
            let (ours, theirs) = (Enriched::new(&record, &fields), JsonEvent::borrow(&tree));
            assert_eq!(ours.get_field(path), theirs.get_field(path), "{tree}");
            assert_eq!(ours.to_json(), theirs.to_json());
            assert_eq!(ours.all_string_values(), theirs.all_string_values());
        }
    }
}
