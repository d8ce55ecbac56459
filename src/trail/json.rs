//! A record's JSON, laid out flat.
//!
//! A sync reads millions of records, looks into each a few dozen times and drops it. As a tree, a record is some hundred
//! small pieces of memory; here it is one text and two lists, filled from front to back.

mod build;

use build::mark;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::Number;
use std::{ops::Range, slice};

/// One JSON value with all that is in it.
#[derive(Debug, Clone, Default)]
pub struct Json {
    /// All strings and names, one after another.
    text: String,
    /// The value, and behind each list and object its members.
    nodes: Vec<Node>,
    /// The fields of each object together.
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Range<u32>),
    /// With the place behind its last member.
    List(u32),
    /// The same, and its fields.
    Object(u32, Range<u32>),
}

#[derive(Debug, Clone)]
struct Field {
    /// Of its name, the end and the length: they tell most names apart without a look into the text.
    mark: u64,
    name: Range<u32>,
    /// Where its value is.
    place: u32,
}

/// A value within a [`Json`].
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    json: &'a Json,
    place: u32,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Kind<'a> {
    /// `null`.
    Null,
    /// A truth.
    Bool(bool),
    /// A number.
    Number(&'a Number),
    /// A string.
    Text(&'a str),
    /// A list.
    List(Members<'a>),
    /// An object.
    Object(Fields<'a>),
}

/// The members of a list.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    json: &'a Json,
    places: Range<u32>,
}

/// The fields of an object, each name once. Of a name that is there twice the last one counts, as in a tree.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    json: &'a Json,
    fields: slice::Iter<'a, Field>,
}

impl Json {
    /// The whole value.
    pub fn root(&self) -> Part<'_> {
        Part { json: self, place: 0 }
    }

    /// As a tree.
    pub fn to_value(&self) -> serde_json::Value {
        self.root().to_value()
    }

    fn text(&self, range: &Range<u32>) -> &str {
        self.text.get(range.start as usize..range.end as usize).unwrap_or("")
    }
}

impl<'a> Part<'a> {
    /// What it is.
    pub fn kind(self) -> Kind<'a> {
        let json = self.json;
        match json.nodes.get(self.place as usize) {
            None | Some(Node::Null) => Kind::Null,
            Some(Node::Bool(truth)) => Kind::Bool(*truth),
            Some(Node::Number(number)) => Kind::Number(number),
            Some(Node::Text(range)) => Kind::Text(json.text(range)),
            Some(Node::List(end)) => Kind::List(Members { json, places: self.place + 1..*end }),
            Some(Node::Object(_, range)) => {
                let fields = json.fields.get(range.start as usize..range.end as usize).unwrap_or_default();
                Kind::Object(Fields { json, fields: fields.iter() })
            }
        }
    }

    /// A field of an object.
    pub fn get(self, name: &str) -> Option<Self> {
        self.fields()?.get(name)
    }

    /// What is at a path, `/userIdentity/arn`, or `/items/0` in a list. As a JSON pointer for names without `/` and `~`.
    pub fn at(self, path: &str) -> Option<Self> {
        let (mut part, mut rest) = (self, path);
        while let Some(path) = rest.strip_prefix('/') {
            let (name, after) = path.split_at(path.bytes().position(|byte| byte == b'/').unwrap_or(path.len()));
            part = match part.kind() {
                Kind::Object(fields) => fields.get(name)?,
                Kind::List(mut members) => members.nth(name.parse().ok()?)?,
                _ => return None,
            };
            rest = after;
        }
        Some(part)
    }

    /// A string.
    pub fn as_str(self) -> Option<&'a str> {
        match self.kind() {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number.
    pub fn as_number(self) -> Option<&'a Number> {
        match self.kind() {
            Kind::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The members of a list.
    pub fn members(self) -> Option<Members<'a>> {
        match self.kind() {
            Kind::List(members) => Some(members),
            _ => None,
        }
    }

    /// The fields of an object.
    pub fn fields(self) -> Option<Fields<'a>> {
        match self.kind() {
            Kind::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// As a tree.
    pub fn to_value(self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The place behind it.
    fn end(self) -> u32 {
        match self.json.nodes.get(self.place as usize) {
            Some(Node::List(end) | Node::Object(end, _)) => *end,
            _ => self.place + 1,
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let part = (!self.places.is_empty()).then_some(Part { json: self.json, place: self.places.start })?;
        self.places.start = part.end();
        Some(part)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Part<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let json = self.json;
        self.fields.next().map(|field| (json.text(&field.name), Part { json, place: field.place }))
    }
}

impl<'a> Fields<'a> {
    /// The field of that name.
    pub fn get(&self, name: &str) -> Option<Part<'a>> {
        let (json, wanted) = (self.json, mark(name));
        let mut fields = self.fields.as_slice().iter();
        let field = fields.find(|field| field.mark == wanted && json.text(&field.name) == name)?;
        Some(Part { json, place: field.place })
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.kind() {
            Kind::Null => serializer.serialize_unit(),
            Kind::Bool(truth) => serializer.serialize_bool(truth),
            Kind::Number(number) => number.serialize(serializer),
            Kind::Text(text) => serializer.serialize_str(text),
            Kind::List(members) => {
                let mut list = serializer.serialize_seq(None)?;
                for member in members {
                    list.serialize_element(&member)?;
                }
                list.end()
            }
            Kind::Object(fields) => {
                let mut object = serializer.serialize_map(None)?;
                for (name, field) in fields {
                    object.serialize_entry(name, &field)?;
                }
                object.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-c/]{0,2}", inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_tree_and_its_text_are_laid_out_alike_and_come_back_whole(value in any_value()) {
            let text = value.to_string();
            prop_assert_eq!(text.parse::<Json>().unwrap().to_value(), serde_json::from_str::<Value>(&text).unwrap());
            prop_assert_eq!(Json::from(&value).to_value(), value);
        }

        #[test]
        fn a_path_leads_where_a_json_pointer_leads(value in any_value(), path in "(/([a-c]{0,2}|[0-2])){0,3}") {
            let json = Json::from(&value);
            prop_assert_eq!(json.root().at(&path).map(Part::to_value), value.pointer(&path).cloned());
        }
    }

    #[test]
    fn a_value_is_what_it_was() {
        let json = Json::from(&json!({"a": ["x", 1, {"b": null}], "c": true, "d": {}}));
        let root = json.root();
        assert_eq!(root.at("/a/0").unwrap().as_str(), Some("x"));
        assert_eq!(root.at("/a/1").unwrap().as_number().unwrap().as_u64(), Some(1));
        assert!(matches!(root.at("/a/2/b").unwrap().kind(), Kind::Null));
        assert!(matches!(root.get("c").unwrap().kind(), Kind::Bool(true)));
        assert_eq!(root.get("a").unwrap().members().unwrap().count(), 3);
        assert_eq!(root.get("d").unwrap().fields().unwrap().count(), 0);
        assert!(root.get("e").is_none() && root.get("c").unwrap().get("a").is_none());
        assert!(matches!(Json::default().root().kind(), Kind::Null));
    }

    /// Field by field, for a tree made of it would hide what is there twice.
    fn names(part: Part<'_>) -> Vec<&str> {
        part.fields().unwrap().map(|(name, _)| name).collect()
    }

    #[test]
    fn of_a_name_that_is_there_twice_the_last_one_counts_and_the_first_is_gone() {
        let json: Json = r#"{"z": [{"a": 1, "b": 2, "a": {"c": 3}}]}"#.parse().unwrap();
        let inner = json.root().at("/z/0").unwrap();
        assert_eq!(inner.at("/a/c").unwrap().as_number().unwrap().as_u64(), Some(3));
        assert_eq!(names(inner), ["a", "b"]);
        let fields: String = (0..40).map(|n| format!(r#""name-{n}": {n}, "#)).collect();
        let json: Json = format!(r#"{{{fields}"name-7": "last"}}"#).parse().unwrap();
        assert_eq!((names(json.root()).len(), json.root().get("name-7").unwrap().as_str()), (40, Some("last")));
    }

    #[test]
    fn names_that_end_alike_are_told_apart() {
        let json: Json = r#"{"xxaccountId": "x", "yyaccountId": "y"}"#.parse().unwrap();
        assert_eq!(json.root().get("yyaccountId").and_then(Part::as_str), Some("y"));
        assert!(json.root().get("zzaccountId").is_none());
        assert_eq!(names(json.root()), ["xxaccountId", "yyaccountId"], "in the order in which they stand");
    }

    #[test]
    fn every_field_of_a_large_object_is_found() {
        let names = |length: usize| (0..40).map(move |n| format!("{n:0length$}"));
        for length in [1, 8, 20] {
            let value: Value = names(length).map(|name| (name.clone(), Value::from(name))).collect();
            let json = Json::from(&value);
            names(length).for_each(|n| assert_eq!(json.root().get(&n).and_then(Part::as_str), Some(n.as_str())));
        }
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        let deep = "[".repeat(200);
        for text in ["", "{", "{\"a\"}", "[1,]", "{} x", "\"\\ud800\"", &deep] {
            assert!(text.parse::<Json>().is_err(), "{text}");
        }
    }
}
