//! Laying a value out, from its text or from a tree.

use super::{Field, Json, Node};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;
use std::{collections::HashSet, fmt, ops::Range, str::FromStr};

impl FromStr for Json {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        let mut builder = Builder::default();
        builder.json.text.reserve(text.len());
        builder.json.nodes.reserve(text.len() / 24);
        builder.json.fields.reserve(text.len() / 32);
        builder.open.reserve(64);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Next(&mut builder).deserialize(&mut deserializer)?;
        deserializer.end()?;
        // AWS writes no name twice, so the tree, which keeps one of each, may take its time.
        if builder.twice {
            return Ok(Self::from(&serde_json::from_str::<serde_json::Value>(text)?));
        }
        Ok(builder.json)
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        let mut builder = Builder::default();
        // A tree is no text that could be wrong.
        let _ = Next(&mut builder).deserialize(value);
        builder.json
    }
}

/// What a name is first looked for by.
pub(super) fn mark(name: &str) -> u64 {
    let end = match name.as_bytes().last_chunk() {
        Some(last) => u64::from_ne_bytes(*last),
        None => name.bytes().fold(0, |bytes, byte| bytes << 8 | u64::from(byte)),
    };
    end ^ (name.len() as u64).rotate_right(8)
}

/// A value that is being laid out.
#[derive(Default)]
struct Builder {
    json: Json,
    /// The fields so far of the objects that are not at their end, the outermost first.
    open: Vec<Field>,
    /// Whether some object has two fields of one name.
    twice: bool,
}

impl Builder {
    fn add<E: Error>(&mut self, text: &str) -> Result<Range<u32>, E> {
        let start = place::<E>(self.json.text.len())?;
        self.json.text.push_str(text);
        Ok(start..place::<E>(self.json.text.len())?)
    }

    /// Where the next node will be.
    fn place<E: Error>(&self) -> Result<u32, E> {
        place(self.json.nodes.len())
    }

    /// Puts a list or an object, once its end is known, where its place was kept.
    fn close(&mut self, at: u32, node: Node) {
        if let Some(place) = self.json.nodes.get_mut(at as usize) {
            *place = node;
        }
    }

    /// Whether some name of an object's fields repeats. A closer look than at the marks is rarely needed.
    fn repeats(&self, fields: &[Field]) -> bool {
        let mut rest = fields;
        let few = fields.len() <= 32;
        let alike = few && {
            std::iter::from_fn(|| rest.split_first().inspect(|(_, after)| rest = after))
                .any(|(field, after)| after.iter().any(|other| other.mark == field.mark))
        };
        let mut names = HashSet::new();
        (alike || !few) && !fields.iter().all(|field| names.insert(self.json.text(&field.name)))
    }
}

fn place<E: Error>(length: usize) -> Result<u32, E> {
    u32::try_from(length).map_err(|_| E::custom("a record of more than 4 GiB"))
}

/// Takes the next value in at the end.
struct Next<'b>(&'b mut Builder);

impl Next<'_> {
    fn put<E>(self, node: Node) -> Result<(), E> {
        self.0.json.nodes.push(node);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Next<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Next<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(Node::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.put(Node::Bool(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.put(Node::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.put(Node::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.put(Number::from_f64(number).map_or(Node::Null, Node::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let range = self.0.add(text)?;
        self.put(Node::Text(range))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let builder = self.0;
        let at = builder.place()?;
        builder.json.nodes.push(Node::Null);
        while members.next_element_seed(Next(&mut *builder))?.is_some() {}
        let end = builder.place()?;
        builder.close(at, Node::List(end));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let builder = self.0;
        let (at, below) = (builder.place()?, builder.open.len());
        builder.json.nodes.push(Node::Null);
        while fields.next_key_seed(NextName(&mut *builder))?.is_some() {
            fields.next_value_seed(Next(&mut *builder))?;
        }
        let own = builder.open.get(below..).unwrap_or_default();
        builder.twice |= builder.repeats(own);
        let start = place(builder.json.fields.len())?;
        builder.json.fields.extend(builder.open.drain(below..));
        let range = start..place(builder.json.fields.len())?;
        let end = builder.place()?;
        builder.close(at, Node::Object(end, range));
        Ok(())
    }
}

/// Takes the name of the next field in.
struct NextName<'b>(&'b mut Builder);

impl<'de> DeserializeSeed<'de> for NextName<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NextName<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        let field = Field { mark: mark(name), name: self.0.add(name)?, place: self.0.place()? };
        self.0.open.push(field);
        Ok(())
    }
}
